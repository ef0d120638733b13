use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bongsu_axum_glue::{ServeOptions, serve, serve_until};
use futures_util::stream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::support::{PATIENCE, Server, ask, exchange, read_until, sample};

async fn start(options: ServeOptions) -> Server {
    Server::start(app(Gate::default()), options).await
}

/// Handlers that say when they have begun, and wait until they are let go.
#[derive(Clone, Default)]
struct Gate(Arc<(Notify, Notify)>);

impl Gate {
    async fn begun(&self) {
        timeout(PATIENCE, self.0.0.notified()).await.unwrap();
    }

    fn open(&self) {
        self.0.1.notify_one();
    }

    async fn pass(self) -> &'static str {
        self.0.0.notify_one();
        self.0.1.notified().await;
        "done"
    }
}

fn app(gate: Gate) -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route(
            "/peer",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
        )
        .route(
            "/slow",
            get(|| async {
                sleep(Duration::from_millis(300)).await;
                "done"
            }),
        )
        .route("/gate", get(|| gate.pass()))
        .route(
            "/length",
            post(|body: axum::body::Bytes| async move { body.len().to_string() }),
        )
        .route(
            "/endless",
            get(|| async {
                let piece = axum::body::Bytes::from(vec![0; 1 << 20]);
                Body::from_stream(stream::repeat(Ok::<_, std::convert::Infallible>(piece)))
            }),
        )
        .route("/echo", get(echo))
}

/// Takes the connection over and sends back whatever comes, until the client goes.
async fn echo(mut request: Request) -> Response {
    let upgrade = request.headers()["upgrade"].clone();
    let handed_over = hyper::upgrade::on(&mut request);
    tokio::task::spawn(async move {
        let io = hyper_util::rt::TokioIo::new(handed_over.await.unwrap());
        let (mut from, mut to) = tokio::io::split(io);
        let _gone = tokio::io::copy(&mut from, &mut to).await;
    });
    (
        StatusCode::SWITCHING_PROTOCOLS,
        [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, upgrade),
        ],
    )
        .into_response()
}

fn options() -> ServeOptions {
    let mut options = ServeOptions::default();
    options.drain = Duration::ZERO;
    options.grace = PATIENCE;
    options.header_timeout = PATIENCE;
    options
}

/// With so little time for a head that, on a busy machine, a request may be given up which is not slow.
fn hasty() -> ServeOptions {
    let mut options = options();
    options.header_timeout = Duration::from_millis(300);
    options
}

#[tokio::test]
async fn serves_with_the_peers_address() {
    let server = start(options()).await;
    assert!(ask(server.address, "/").await.ends_with("hello"));
    assert!(ask(server.address, "/peer").await.ends_with("127.0.0.1"));
}

#[tokio::test]
async fn a_stop_drains_first() {
    let mut options = options();
    options.drain = Duration::from_secs(3_600);
    let server = start(options).await;
    server.stop.send(()).unwrap();
    let drained = async {
        while !server.drained.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, drained).await.unwrap();
    let answer = ask(server.address, "/").await;
    assert!(answer.ends_with("hello"), "still serving while it drains");
}

#[tokio::test]
async fn requests_under_way_are_finished_and_no_further_ones_begun() {
    let gate = Gate::default();
    let server = Server::start(app(gate.clone()), options()).await;
    let address = server.address;
    let mut idle = Kept::connect(&server).await;
    assert_eq!(idle.ask(HELLO).await.unwrap().0, 200);
    let slow = tokio::task::spawn(ask(address, "/gate"));
    gate.begun().await;
    server.stop.send(()).unwrap();
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(PATIENCE, refused).await.unwrap();
    let closed = timeout(PATIENCE, idle.0.read(&mut [0; 8])).await.unwrap();
    assert_eq!(closed.unwrap_or(0), 0, "an idle connection is not kept");
    gate.open();
    assert!(slow.await.unwrap().ends_with("done"));
    let end = timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    assert_eq!(end.aborted, 0);
}

#[tokio::test]
async fn what_does_not_end_is_cut_off_after_the_grace() {
    let mut options = options();
    options.grace = Duration::from_millis(500);
    let gate = Gate::default();
    let server = Server::start(app(gate.clone()), options).await;
    let mut stuck = TcpStream::connect(server.address).await.unwrap();
    stuck
        .write_all(b"GET /gate HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    gate.begun().await;
    let before = Instant::now();
    server.stop.send(()).unwrap();
    let end = timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    assert_eq!(end.aborted, 1);
    assert!(
        before.elapsed() >= Duration::from_millis(500),
        "it had its grace"
    );
}

#[tokio::test]
async fn a_head_that_never_comes_is_given_up() {
    let server = start(hasty()).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost").await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, slow.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("200"));
}

#[tokio::test]
async fn connections_over_the_bound_wait_their_turn() {
    let mut options = options();
    options.max_connections = 1;
    let server = start(options).await;
    let first = TcpStream::connect(server.address).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    let second = tokio::task::spawn(ask(server.address, "/"));
    sleep(Duration::from_millis(100)).await;
    assert!(!second.is_finished());
    drop(first);
    assert!(second.await.unwrap().ends_with("hello"));
}

#[tokio::test]
async fn slow_heads_keep_nobody_else_waiting_and_all_end() {
    const SLOW: usize = 200;
    let server = start(hasty()).await;
    let address = server.address;
    let mut slow = JoinSet::new();
    for i in 0..SLOW {
        slow.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // One says nothing at all, the others a byte now and then, without an end.
            let head = if i == 0 { "" } else { "GET / HTTP/1.1\r\nx: " };
            stream.write_all(head.as_bytes()).await.unwrap();
            let (mut from, mut to) = stream.split();
            let trickle = async {
                while i > 0 && to.write_all(b"y").await.is_ok() {
                    sleep(Duration::from_millis(20)).await;
                }
                std::future::pending::<()>().await;
            };
            let mut answer = Vec::new();
            tokio::select! {
                () = trickle => {}
                _closed = from.read_to_end(&mut answer) => {}
            }
        });
    }
    Kept::answered(&server).await;
    // Some never leave a long time between two bytes: the limit is on the head.
    let ended = async { while slow.join_next().await.is_some() {} };
    timeout(PATIENCE, ended).await.unwrap();
}

/// A client that keeps its connection.
struct Kept(TcpStream);

impl Kept {
    async fn connect(server: &Server) -> Self {
        Self(TcpStream::connect(server.address).await.unwrap())
    }

    /// One that has been answered, in time for a server that is in a hurry.
    async fn answered(server: &Server) -> Self {
        let answered = async {
            loop {
                let mut client = Self::connect(server).await;
                if client.ask(HELLO).await == Some((200, "hello".to_owned())) {
                    return client;
                }
            }
        };
        timeout(PATIENCE, answered).await.unwrap()
    }

    /// The answer's status and body; nothing when the server has closed.
    async fn ask(&mut self, request: &[u8]) -> Option<(u16, String)> {
        self.0.write_all(request).await.ok()?;
        let mut seen = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&seen).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.to_lowercase();
                let length = length.split("content-length: ").nth(1)?;
                let length: usize = length.lines().next()?.parse().ok()?;
                if body.len() >= length {
                    return Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()));
                }
            }
            let mut piece = [0; 1024];
            match timeout(PATIENCE, self.0.read(&mut piece)).await.unwrap() {
                Ok(0) | Err(_) => return None,
                Ok(n) => seen.extend_from_slice(&piece[..n]),
            }
        }
    }
}

const HELLO: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn a_kept_connection_outlives_the_limit_on_heads() {
    let server = start(hasty()).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(Kept::answered(&server).await);
    }
    // Around the moment when the limit on heads is over, and long after it.
    for (i, mut client) in clients.into_iter().enumerate() {
        if i == 0 {
            sleep(Duration::from_millis(290)).await;
        }
        assert_eq!(client.ask(HELLO).await.unwrap().1, "hello", "{i}");
        sleep(Duration::from_millis(10)).await;
        let slow = [HELLO, HELLO].concat();
        assert_eq!(client.ask(&slow).await.unwrap().0, 200, "pipelined, {i}");
    }
}

#[tokio::test]
async fn an_idle_connection_has_its_own_limit() {
    let mut options = options();
    options.idle_timeout = Duration::from_millis(300);
    let server = start(options).await;
    let mut client = Kept::connect(&server).await;
    let idle = Instant::now();
    assert_eq!(client.ask(HELLO).await.unwrap().0, 200);
    let closed = timeout(PATIENCE, client.0.read(&mut [0; 8])).await.unwrap();
    assert_eq!(closed.unwrap_or(0), 0);
    let took = idle.elapsed();
    assert!(took >= Duration::from_millis(300), "{took:?}");
    // A request that takes longer than that is not idle.
    let mut client = Kept::connect(&server).await;
    let slow = b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n";
    assert_eq!(client.ask(slow).await.unwrap().1, "done");
}

#[tokio::test]
async fn the_next_head_has_its_limit_too() {
    let server = start(hasty()).await;
    let mut client = Kept::answered(&server).await;
    assert_eq!(client.ask(b"GET / HTTP/1.1\r\nhost").await, None);
}

#[tokio::test]
async fn slow_bodies_end_with_408_and_steady_ones_do_not() {
    let mut options = options();
    options.body_timeout = Duration::from_secs(1);
    let server = start(options).await;
    let head =
        |length| format!("POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
    let mut client = Kept::connect(&server).await;
    let begun = Instant::now();
    let answer = client.ask(format!("{}x", head(1_000)).as_bytes()).await;
    assert_eq!(answer.unwrap().0, 408);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let closed = timeout(PATIENCE, client.0.read(&mut [0; 8])).await.unwrap();
    assert_eq!(
        closed.unwrap_or(0),
        0,
        "what may still come is not waited for"
    );

    let mut client = Kept::connect(&server).await;
    // As many bytes as give it the time of a very busy machine.
    let request = [head(200_000).into_bytes(), vec![b'y'; 40_000]].concat();
    client.0.write_all(&request).await.unwrap();
    for _ in 0..3 {
        sleep(Duration::from_millis(400)).await;
        client.0.write_all(&[b'y'; 40_000]).await.unwrap();
    }
    let answer = client.ask(&[b'y'; 40_000]).await;
    assert_eq!(answer.unwrap(), (200, "200000".to_owned()));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up() {
    let mut options = options();
    options.write_timeout = Duration::from_millis(300);
    options.max_connections = 1;
    let server = start(options).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    silent
        .write_all(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    // Its place is free again.
    assert!(
        timeout(PATIENCE, ask(server.address, "/"))
            .await
            .unwrap()
            .ends_with("hello")
    );
}

#[tokio::test]
async fn what_the_standard_forbids_is_400() {
    let server = start(options()).await;
    for (request, status) in [
        (
            "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            "200",
        ),
        (
            "GET http://x/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            "200",
        ),
        ("GET / HTTP/1.0\r\n\r\n", "200"),
        ("GET / HTTP/1.1\r\nconnection: close\r\n\r\n", "400"),
        (
            "GET / HTTP/1.1\r\nhost: x\r\nhost: x\r\nconnection: close\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nhost: x y\r\nconnection: close\r\n\r\n",
            "400",
        ),
        (
            "GET http://evil/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            "400",
        ),
        ("garbage\r\n\r\n", "400"),
    ] {
        let answer = exchange(server.address, request.as_bytes()).await;
        assert_eq!(
            answer.split(' ').nth(1),
            Some(status),
            "{request:?}: {answer}"
        );
    }
}

/// Opens something that is no longer HTTP.
async fn upgrade(server: &Server, path: &str, protocol: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    read_until(&mut stream, b"\r\n\r\n").await;
    stream
}

#[tokio::test]
async fn a_websocket_is_told_to_close_and_has_the_grace_for_it() {
    let server = start(options()).await;
    let mut socket = upgrade(&server, "/echo", "websocket").await;
    // A frame that is cut in two: what the server has to say waits for its end.
    let frame = [0x81, 0x85, 0, 0, 0, 0, b'h', b'e', b'l', b'l', b'o'];
    socket.write_all(&frame[..7]).await.unwrap();
    read_until(&mut socket, &frame[..7]).await;
    server.stop.send(()).unwrap();
    sleep(Duration::from_millis(300)).await;
    socket.write_all(&frame[7..]).await.unwrap();
    let rest = read_until(&mut socket, &[0x03, 0xE9]).await;
    assert_eq!(
        rest,
        [&frame[7..], &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE9]].concat()
    );
    drop(socket);
    let end = timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    assert_eq!(end.aborted, 0);
}

#[tokio::test]
async fn what_was_upgraded_is_bounded_and_cut_off_like_the_rest() {
    let mut options = options();
    options.max_connections = 1;
    options.idle_timeout = Duration::from_millis(300);
    options.grace = Duration::from_millis(500);
    let server = start(options).await;
    let mut socket = upgrade(&server, "/echo", "something").await;
    let second = tokio::task::spawn(ask(server.address, "/"));
    sleep(Duration::from_millis(400)).await;
    assert!(
        !second.is_finished(),
        "it has the only place, whatever the limit on idle ones"
    );
    socket.write_all(b"still").await.unwrap();
    read_until(&mut socket, b"still").await;
    server.stop.send(()).unwrap();
    let end = timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    assert_eq!(end.aborted, 1);
    let closed = timeout(PATIENCE, socket.read(&mut [0; 8])).await.unwrap();
    assert_eq!(closed.unwrap_or(0), 0);
    second.abort();
}

#[tokio::test]
async fn who_is_in_a_hurry_waits_for_nothing() {
    for (drain, at) in [
        (Duration::from_secs(3_600), "draining"),
        (Duration::ZERO, "waiting"),
    ] {
        let mut options = options();
        options.drain = drain;
        options.grace = Duration::from_secs(3_600);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let gate = Gate::default();
        let app = app(gate.clone());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (hurry, hurried) = tokio::sync::oneshot::channel::<()>();
        let served = tokio::task::spawn(async move {
            let (stopped, hurried) = (async { stopped.await.unwrap() }, async {
                hurried.await.unwrap()
            });
            serve_until(vec![(listener, app)], options, stopped, hurried, || {}).await
        });
        let mut stuck = TcpStream::connect(address).await.unwrap();
        stuck
            .write_all(b"GET /gate HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        gate.begun().await;
        stop.send(()).unwrap();
        sleep(Duration::from_millis(100)).await;
        assert!(!served.is_finished(), "{at}");
        hurry.send(()).unwrap();
        let end = timeout(PATIENCE, served).await.unwrap().unwrap();
        assert_eq!(end.aborted, 1, "{at}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_served_and_is_the_machine_itself() {
    use bongsu_axum_glue::{Listener, OpsPolicy, Peer};

    let folder = std::env::temp_dir().join(format!("bongsu-serve-{}", std::process::id()));
    let _ = std::fs::remove_file(&folder);
    let listener = tokio::net::UnixListener::bind(&folder).unwrap();
    let app = Router::new().route(
        "/",
        get(
            |headers: axum::http::HeaderMap, extensions: axum::http::Extensions| async move {
                let peer = Peer::of(&extensions).unwrap();
                let local = OpsPolicy::loopback().check(&headers, &extensions).is_ok();
                format!("{peer} {local}")
            },
        ),
    );
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::task::spawn(async move {
        let stopped = async { stopped.await.unwrap() };
        serve(
            vec![(Listener::from(listener), app)],
            options(),
            stopped,
            || {},
        )
        .await
    });
    let mut stream = tokio::net::UnixStream::connect(&folder).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("unix socket true"), "{answer}");
    stop.send(()).unwrap();
    assert_eq!(timeout(PATIENCE, served).await.unwrap().unwrap().aborted, 0);
    std::fs::remove_file(&folder).unwrap();
}

/// The first thing that an HTTP/2 client says: preface and settings.
fn http_2_preface() -> Vec<u8> {
    let mut said = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    said.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    said
}

/// One frame of the first stream.
fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, 1], payload].concat()
}

/// What an HTTP/2 client says that asks for `/`: a head that ends its stream.
fn http_2() -> Vec<u8> {
    // GET, http, /, and an authority of one letter.
    let head = frame(1, 0b101, &[0x82, 0x86, 0x84, 0x41, 1, b'x']);
    [http_2_preface(), head].concat()
}

/// The head that answers it: a frame of headers that begins with the status 200.
fn is_answered(frames: &[u8]) -> bool {
    frames
        .windows(7)
        .any(|w| w[0] == 1 && w[2..6] == [0, 0, 0, 1] && w[6] == 0x88)
}

async fn read_answer(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut seen = Vec::new();
    while !(is_answered(&seen) && seen.windows(5).any(|w| w == b"hello")) {
        let read = timeout(PATIENCE, stream.read_buf(&mut seen)).await.unwrap();
        assert!(read.unwrap() > 0, "ended: {seen:?}");
    }
    seen
}

#[tokio::test]
async fn whoever_begins_with_http_2_is_answered_in_it() {
    let server = start(options()).await;
    // In one piece, and a byte after the other.
    for step in [1_000, 1] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        for piece in http_2().chunks(step) {
            stream.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        read_answer(&mut stream).await;
        let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        stream.write_all(&ping).await.unwrap();
        read_until(&mut stream, &[1, 2, 3, 4, 5, 6, 7, 8]).await;
    }
    // A method that only begins like it is HTTP/1.1 of some kind.
    let answer = exchange(
        server.address,
        b"PRINT / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    server.stop.send(()).unwrap();
    let end = timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    assert_eq!(end.aborted, 0, "idle connections are told to go");
}

/// A head of `POST /length` that does not end its stream, with fields of its own.
fn http_2_post(fields: &[u8]) -> Vec<u8> {
    let known: &[u8] = &[0x83, 0x86, 0x41, 1, b'x', 0x44, 7];
    let head = frame(1, 0b100, &[known, b"/length", fields].concat());
    [http_2_preface(), head].concat()
}

#[tokio::test]
async fn a_slow_body_over_http_2_ends_with_408_and_a_call_of_grpc_does_not() {
    let mut options = options();
    options.body_timeout = Duration::from_millis(300);
    let server = start(options).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&http_2_post(&[])).await.unwrap();
    // The status, by the name's number, with 408 in Huffman's letters.
    read_until(&mut stream, &[0x48, 0x83, 0x68, 0x0f, 0x7f]).await;

    // Two that talk may both be silent for as long as they like.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let grpc = [&[0x5f, 16], &b"application/grpc"[..]].concat();
    stream.write_all(&http_2_post(&grpc)).await.unwrap();
    sleep(Duration::from_millis(600)).await;
    stream.write_all(&frame(0, 1, b"late")).await.unwrap();
    let mut seen = Vec::new();
    while !is_answered(&seen) {
        let read = timeout(PATIENCE, stream.read_buf(&mut seen)).await.unwrap();
        assert!(read.unwrap() > 0, "ended: {seen:?}");
    }
}

#[cfg(feature = "tls")]
mod tls {
    use std::path::PathBuf;

    use bongsu_axum_glue::{Listener, Tls, TlsError};
    use rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    };
    use tokio_rustls::{TlsConnector, client::TlsStream};

    use super::*;

    fn file(name: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/it/tls")
            .join(name)
    }

    /// A folder with the files of one of the certificates in it.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("bongsu-tls-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        put(&folder, "one", "one");
        folder
    }

    fn put(folder: &std::path::Path, certificate: &str, key: &str) {
        std::fs::copy(file(&format!("{certificate}.crt")), folder.join("tls.crt")).unwrap();
        std::fs::copy(file(&format!("{key}.key")), folder.join("tls.key")).unwrap();
    }

    async fn connect(address: SocketAddr, alpn: &[&str]) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(file("ca.crt")).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .unwrap()
    }

    /// The common name in the certificate that the server showed.
    fn shown(stream: &TlsStream<TcpStream>) -> &'static str {
        let certificate = &stream.get_ref().1.peer_certificates().unwrap()[0];
        let has = |name: &[u8]| certificate.windows(name.len()).any(|window| window == name);
        if has(b"\x0c\x03one") {
            "one"
        } else if has(b"\x0c\x03two") {
            "two"
        } else {
            "neither"
        }
    }

    #[tokio::test]
    async fn http_1_and_2_over_tls_with_a_certificate_that_changes() {
        let folder = folder("served");
        let tls = Tls::from_files(folder.join("tls.crt"), folder.join("tls.key")).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/", get(|| async { "hello" }));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let listener = Listener::from(listener).tls(tls.clone());
        let served = tokio::task::spawn(async move {
            let stopped = async { stopped.await.unwrap() };
            serve(vec![(listener, app)], options(), stopped, || {}).await
        });

        let mut stream = connect(address, &["h2", "http/1.1"]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        assert_eq!(shown(&stream), "one");
        stream.write_all(&http_2()).await.unwrap();
        read_answer(&mut stream).await;

        let mut old = connect(address, &["http/1.1"]).await;
        put(&folder, "two", "two");
        tls.reload().unwrap();
        let mut fresh = connect(address, &[]).await;
        assert_eq!((shown(&old), shown(&fresh)), ("one", "two"));
        for stream in [&mut old, &mut fresh] {
            let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(request).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with("hello"), "{answer}");
        }

        // A pair that does not fit together, or is none, leaves the old one in force.
        put(&folder, "one", "two");
        assert!(matches!(tls.reload(), Err(TlsError::Mismatch { .. })));
        std::fs::write(folder.join("tls.crt"), "nonsense").unwrap();
        let error = tls.reload().unwrap_err().to_string();
        assert!(error.contains("tls.crt"), "{error}");
        assert_eq!(shown(&connect(address, &[]).await), "two");

        // It does not acknowledge that it is told to go.
        drop(stream);
        stop.send(()).unwrap();
        timeout(PATIENCE, served).await.unwrap().unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn whoever_speaks_no_tls_or_nothing_is_given_up() {
        let folder = folder("silent");
        let tls = Tls::from_files(folder.join("tls.crt"), folder.join("tls.key")).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = Listener::from(listener).tls(tls);
        let served = tokio::task::spawn(async move {
            let app = Router::new().route("/", get(|| async { "hello" }));
            serve(
                vec![(listener, app)],
                hasty(),
                std::future::pending(),
                || {},
            )
            .await
        });
        let plain = exchange(address, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(!plain.contains("hello"), "{plain}");
        let mut silent = TcpStream::connect(address).await.unwrap();
        let closed = timeout(PATIENCE, silent.read(&mut [0; 8])).await.unwrap();
        assert_eq!(closed.unwrap_or(0), 0);
        served.abort();
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let folder = folder("refused");
        let check = |certificate: &str, key: &str, want: &str| {
            let error = Tls::from_files(folder.join(certificate), folder.join(key)).unwrap_err();
            assert!(error.to_string().contains(want), "{error}");
            assert!(!error.to_string().contains("PRIVATE KEY"), "{error}");
        };
        check("none.crt", "tls.key", "none.crt: No such file");
        check("tls.crt", "none.key", "none.key: No such file");
        check("tls.key", "tls.key", "tls.key: no certificate in it");
        check("tls.crt", "tls.crt", "tls.crt: no private key in PEM in it");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[tokio::test]
async fn a_panic_after_an_upgrade_is_told() {
    use bongsu_axum_glue::{Failure, MonitorLayer};

    async fn take_over(request: Request) -> Response {
        let mut request = request;
        let handed_over = hyper::upgrade::on(&mut request);
        tokio::task::spawn(async move {
            let _socket = handed_over.await.unwrap();
            panic!("a message that was not foreseen");
        });
        let headers = [
            (header::CONNECTION, "upgrade"),
            (header::UPGRADE, "websocket"),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }

    let metrics = bongsu_metrics::ServiceMetrics::new("test").unwrap();
    let (told, mut panics) = tokio::sync::mpsc::unbounded_channel();
    let app = Router::new().route("/socket", get(take_over)).layer(
        MonitorLayer::new()
            .metrics(metrics.clone())
            .on_panic(move |event| told.send(event.clone()).unwrap()),
    );
    let server = Server::start(app, options()).await;
    let _socket = upgrade(&server, "/socket", "websocket").await;
    let event = timeout(PATIENCE, panics.recv()).await.unwrap().unwrap();
    assert_eq!(event.failure, Failure::Upgrade);
    assert_eq!(event.endpoint, "/socket");
    assert_eq!(sample(&metrics, "http_panics_total"), Some(1.0));
    assert_eq!(sample(&metrics, "http_requests_aborted_total"), Some(0.0));
}
