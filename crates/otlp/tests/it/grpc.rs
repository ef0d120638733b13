//! Over gRPC: what arrives, and what each answer means. The receiver is the HTTP/2 server of the crate `h2`.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bongsu_otlp::{
    Attributes, Counts, LogRecord, MetricKind, Options, Otlp, Protocol, Receiver as To, Snapshot,
    Span, TraceParent,
};
use bongsu_secret::Secret;
use bongsu_testkit::eventually;
use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Response};
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use crate::schema::{self, Around};

const PATIENCE: Duration = Duration::from_secs(30);

/// A call as it came.
#[derive(Clone, Debug)]
struct Called {
    path: String,
    headers: HeaderMap,
    message: Vec<u8>,
}

impl Called {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(HeaderValue::to_str);
        value.unwrap_or(Ok("")).unwrap()
    }

    fn spans(&self) -> Vec<schema::Span> {
        let items = Around::read(&self.message).items.into_iter();
        items.map(schema::Span::of).collect()
    }
}

/// What the receiver says to a call.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// This status in the trailers, with these besides.
    Status(u16, &'static [(&'static str, &'static str)]),
    /// The same in the head, with no message.
    HeadOnly(u16, &'static [(&'static str, &'static str)]),
    /// It has it, with this message.
    Message(&'static [u8]),
    /// It has it, and takes no further calls on this connection.
    GoAway,
    /// Something that does not speak gRPC.
    Http(u16),
    /// Nothing at all.
    Silence,
    /// A head, and then the connection is gone.
    Half,
}

#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    called: Arc<Mutex<Vec<Called>>>,
    says: Arc<Mutex<VecDeque<Says>>>,
    /// Connections that began, and that are over.
    connections: Arc<Mutex<(u32, u32)>>,
}

impl Receiver {
    async fn start(says: impl IntoIterator<Item = Says>) -> Self {
        Self::over(says, |stream| async { Some(stream) }).await
    }

    /// A receiver behind something that each connection passes first.
    pub(crate) async fn over<S, F>(
        says: impl IntoIterator<Item = Says>,
        accept: impl Fn(tokio::net::TcpStream) -> F + Send + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        F: Future<Output = Option<S>> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            called: Arc::default(),
            says: Arc::new(Mutex::new(says.into_iter().collect())),
            connections: Arc::default(),
        };
        let serving = receiver.clone();
        tokio::task::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Some(stream) = accept(stream).await {
                    let serving = serving.clone();
                    tokio::task::spawn(async move { serving.serve(stream).await });
                }
            }
        });
        receiver
    }

    async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin) {
        self.connections.lock().unwrap().0 += 1;
        let mut silent = Vec::new();
        if let Ok(mut connection) = h2::server::handshake(stream).await {
            while let Some(Ok((request, answer))) = connection.accept().await {
                let (head, body) = request.into_parts();
                let message = tokio::select! {
                    message = read(body) => message,
                    // Reads and writes what there is; a further call is none of this receiver's.
                    _ = poll_fn(|cx| connection.poll_closed(cx)) => break,
                };
                self.called.lock().unwrap().push(Called {
                    path: head.uri.path().to_owned(),
                    message: unframed(&message, &head.headers),
                    headers: head.headers,
                });
                let says = self.says.lock().unwrap().pop_front();
                let says = says.unwrap_or(Says::Message(b""));
                match says {
                    Says::Silence => silent.push(answer),
                    Says::Half => {
                        let _head = head_of(answer, &says);
                        poll_fn(|cx| {
                            let _ = connection.poll_closed(cx);
                            Poll::Ready(())
                        })
                        .await;
                        break;
                    }
                    Says::GoAway => {
                        reply(answer, says);
                        connection.graceful_shutdown();
                    }
                    _ => reply(answer, says),
                }
            }
        }
        self.connections.lock().unwrap().1 += 1;
    }

    fn called(&self) -> Vec<Called> {
        self.called.lock().unwrap().clone()
    }

    fn ids(&self) -> Vec<u64> {
        let spans = self.called().into_iter().flat_map(|called| called.spans());
        let ids = spans.map(|span| span.span_id.try_into().unwrap());
        ids.map(u64::from_be_bytes).collect()
    }
}

async fn read(mut body: h2::RecvStream) -> Vec<u8> {
    let mut message = Vec::new();
    while let Some(Ok(chunk)) = body.data().await {
        body.flow_control().release_capacity(chunk.len()).unwrap();
        message.extend_from_slice(&chunk);
    }
    message
}

fn unframed(message: &[u8], headers: &HeaderMap) -> Vec<u8> {
    let (prefix, content) = message.split_at(5);
    let length = u32::from_be_bytes(*prefix[1..].first_chunk().unwrap());
    assert_eq!(length as usize, content.len());
    let packed = headers.get("grpc-encoding").is_some_and(|it| it == "gzip");
    assert_eq!(prefix[0], u8::from(packed));
    if !packed {
        return content.to_vec();
    }
    let mut message = Vec::new();
    flate2::read::GzDecoder::new(content)
        .read_to_end(&mut message)
        .unwrap();
    message
}

fn head_of(mut answer: SendResponse<Bytes>, says: &Says) -> Option<h2::SendStream<Bytes>> {
    let mut head = Response::new(());
    head.headers_mut()
        .insert("content-type", HeaderValue::from_static("application/grpc"));
    let mut end = false;
    match says {
        Says::HeadOnly(code, more) => {
            end = true;
            *head.headers_mut() = status(*code, more);
        }
        Says::Http(status) => {
            end = true;
            *head.status_mut() = (*status).try_into().unwrap();
        }
        _ => {}
    }
    answer.send_response(head, end).ok()
}

fn reply(answer: SendResponse<Bytes>, says: Says) {
    let Some(mut stream) = head_of(answer, &says) else {
        return;
    };
    let (code, more, message): (u16, &[_], &[u8]) = match says {
        Says::Status(code, more) => (code, more, b""),
        Says::Message(message) => (0, &[], message),
        Says::GoAway => (0, &[], b""),
        _ => return,
    };
    if code == 0 {
        let prefix = (message.len() as u32).to_be_bytes();
        let framed = [&[0][..], &prefix, message].concat();
        stream.send_data(framed.into(), false).unwrap();
    }
    stream.send_trailers(status(code, more)).unwrap();
}

fn status(code: u16, more: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("grpc-status", code.into());
    for (name, value) in more {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    headers
}

fn options(url: &str) -> Options {
    let mut options = Options::new(Attributes::new().with("service.name", "desk"));
    let mut to = To::new(url);
    to.protocol = Protocol::Grpc;
    options.traces = Some(to);
    options.limits.linger = Duration::ZERO;
    options
}

fn record(otlp: &Otlp, id: u64) {
    let ids = TraceParent::new(id.into(), id, true);
    otlp.record_root(&Span::new(ids, "span", Timestamp::now(), Duration::ZERO));
}

/// Spans 1 and 2, one after the other, where the receiver says this first: which arrived, and the counts.
async fn outcome(says: Says) -> (Vec<u64>, Counts) {
    let receiver = Receiver::start([says]).await;
    let mut options = options(&format!("http://{}/not/looked/at", receiver.address));
    options.traces.as_mut().unwrap().timeout = Duration::from_secs(1);
    let (otlp, driver) = Otlp::new(options).unwrap();
    record(&otlp, 1);
    let stop = async {
        eventually("the first call", async || {
            (!receiver.called().is_empty()).then_some(())
        })
        .await;
        record(&otlp, 2);
    };
    driver.run(stop, PATIENCE).await;
    let counts = otlp.statistics().next().unwrap().counts;
    (receiver.ids(), counts)
}

/// `google.rpc.Status` with a `RetryInfo` of no time, without padding, as gRPC wants it.
const RETRY: (&str, &str) = (
    "grpc-status-details-bin",
    "CAgaLgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxICCgA",
);

#[tokio::test]
async fn what_an_answer_means() {
    tokio::task::LocalSet::new().run_until(answers()).await;
    // partial_success { rejected_spans: 1, error_message: "old" }
    let part = Says::Message(&[0x0a, 0x07, 0x08, 0x01, 0x12, 0x03, b'o', b'l', b'd']);
    let (ids, counts) = outcome(part).await;
    assert_eq!(ids, [1, 2]);
    assert_eq!((counts.sent, counts.rejected), (1, 1));
}

async fn answers() {
    let again = [
        Says::Status(14, &[("grpc-message", "soon")]),
        Says::Status(14, &[RETRY]),
        Says::Status(8, &[RETRY]),
        Says::HeadOnly(1, &[]),
        Says::HeadOnly(8, &[RETRY]),
        Says::Http(503),
        Says::Silence,
        Says::Half,
    ];
    let never = [
        Says::Status(3, &[RETRY]),
        Says::Status(8, &[]),
        Says::HeadOnly(12, &[]),
        Says::HeadOnly(16, &[("grpc-message", "no%20token")]),
        Says::Http(404),
    ];
    // All at once: each waits for a second before it asks again.
    let mut all = tokio::task::JoinSet::new();
    let again = again.map(|says| (says, true));
    for (says, retried) in again.into_iter().chain(never.map(|says| (says, false))) {
        all.spawn_local(async move {
            let (ids, counts) = outcome(says.clone()).await;
            let became = (counts.sent, counts.refused, counts.lost());
            let (wanted, figures): (&[u64], _) = match retried {
                true => (&[1, 1, 2], (2, 0, 0)),
                false => (&[1, 2], (1, 1, 1)),
            };
            assert_eq!((&*ids, became), (wanted, figures), "{says:?}");
            assert_eq!(counts.retries > 0, retried, "{says:?}: {counts:?}");
        });
    }
    all.join_all().await;
}

#[tokio::test]
async fn each_signal_goes_to_its_method() {
    for gzip in [false, true] {
        let receiver = Receiver::start([]).await;
        let to = || {
            let mut to = To::new(format!("http://{}", receiver.address));
            to.protocol = Protocol::Grpc;
            to.gzip = gzip;
            to.timeout = Duration::from_millis(12_345);
            to.headers = vec![("X-Key".to_owned(), Secret::new("opensesame"))];
            Some(to)
        };
        let mut options = options("http://nobody");
        (options.traces, options.metrics, options.logs) = (to(), to(), to());
        let (otlp, driver) = Otlp::new(options).unwrap();
        record(&otlp, 7);
        // More than goes out before the receiver has to take some.
        for _ in 0..300 {
            let text = "a line ".repeat(150);
            otlp.record_log(&LogRecord::new(Timestamp::now(), (9, "INFO"), text));
        }
        let mut snapshot = Snapshot::new(Timestamp::now(), Timestamp::now());
        snapshot.family("orders", "", "", MetricKind::Counter, |points| {
            points.number(&[], 3.0);
        });
        otlp.record_metrics(snapshot);
        driver.run(async {}, PATIENCE).await;
        let mut called = receiver.called();
        called.sort_by(|a, b| a.path.cmp(&b.path));
        let service = "/opentelemetry.proto.collector";
        let paths: Vec<_> = called.iter().map(|it| &*it.path).collect();
        let wanted = [
            "logs.v1.LogsService",
            "metrics.v1.MetricsService",
            "trace.v1.TraceService",
        ];
        assert_eq!(paths, wanted.map(|it| format!("{service}.{it}/Export")));
        for call in &called {
            assert_eq!(call.header("content-type"), "application/grpc");
            assert_eq!(call.header("te"), "trailers");
            assert_eq!(call.header("grpc-timeout"), "12345m");
            assert_eq!(call.header("x-key"), "opensesame");
            assert!(call.header("user-agent").starts_with("bongsu-otlp/"));
            let around = Around::read(&call.message);
            let name = schema::value(&around.resource, "service.name");
            assert_eq!(name.as_deref(), Some("desk"));
        }
        let items = called
            .iter()
            .map(|it| Around::read(&it.message).items.len());
        assert_eq!(items.collect::<Vec<_>>(), [300, 1, 1]);
        assert_eq!(called[2].spans()[0].name, "span");
        let lost: u64 = otlp.statistics().map(|it| it.counts.lost()).sum();
        assert_eq!(lost, 0);
    }
}

/// A receiver that wants no more calls on a connection gets the next on another, and is not asked twice.
#[tokio::test]
async fn a_connection_that_goes_away_is_followed_by_another() {
    let receiver = Receiver::start([Says::GoAway]).await;
    let (otlp, driver) = Otlp::new(options(&format!("http://{}", receiver.address))).unwrap();
    record(&otlp, 1);
    let stop = async {
        // The other end sees to the connection while it sends nothing.
        eventually("the end of the first connection", async || {
            (receiver.connections.lock().unwrap().1 == 1).then_some(())
        })
        .await;
        record(&otlp, 2);
    };
    driver.run(stop, PATIENCE).await;
    let counts = otlp.statistics().next().unwrap().counts;
    assert_eq!((counts.sent, counts.lost()), (2, 0));
    assert_eq!(receiver.connections.lock().unwrap().0, 2);
}

#[tokio::test]
async fn the_end_does_not_wait_for_somebody_who_is_not_there() {
    let address = bongsu_testkit::free_address();
    let (otlp, driver) = Otlp::new(options(&format!("http://{address}"))).unwrap();
    record(&otlp, 1);
    let stop = async {
        let failed = || otlp.statistics().next().unwrap().counts.retries > 0;
        eventually("a failure", async || failed().then_some(())).await;
    };
    driver.run(stop, Duration::from_millis(10)).await;
    let counts = otlp.statistics().next().unwrap().counts;
    assert_eq!((counts.sent, counts.expired), (0, 1));
}
