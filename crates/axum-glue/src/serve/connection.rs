//! One connection, from its first byte to its last.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::ConnectInfo,
    response::IntoResponse,
};
use http::{
    HeaderValue, Method, Request, Response, StatusCode, Version, header,
    uri::{Authority, Scheme},
};
use hyper::{
    body::Incoming,
    rt::Executor,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    sync::watch as phases,
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};
use tower_service::Service;

use super::{
    Phase, ServeOptions, Server,
    activity::Activity,
    body::{Answer, InFlight, Timed},
    counts::{Counts, Fault},
    far,
    io::{Handover, Shared, Upgrade, Watched},
    listener::{Accepted, Encrypted, Peer},
    stopping,
};

/// Serves a connection until the client is done, the server stops or the client is too slow.
pub(super) async fn drive(accepted: Accepted, server: Server) {
    let Accepted {
        stream,
        peer,
        permit,
    } = accepted;
    let Server {
        app,
        options,
        phases,
        counts,
    } = server;
    let shared = Arc::new(Shared::new(Activity::new(&options)));
    // Until a request's head begins, all has to happen within the time for one.
    let opened = async {
        let encrypted = stream.is_encrypted();
        let stream = stream.handshake().await.map_err(|_| Fault::Handshake)?;
        let mut stream = Watched::new(stream, Arc::clone(&shared), permit, phases.clone());
        let http_2 = stream.speaks_http_2().await;
        Ok((stream, encrypted, http_2))
    };
    let (stream, encrypted, http_2) = tokio::select! {
        opened = timeout_at(far(Instant::now(), options.header_timeout), opened) => match opened {
            Ok(Ok((stream, encrypted, Ok(Some(http_2))))) => (stream, encrypted, http_2),
            Ok(Ok(_left)) => return,
            Ok(Err(fault)) => return counts.add(fault),
            Err(_) => return counts.add(Fault::SlowHead),
        },
        // It has asked for nothing.
        () = stopping(phases.clone()) => return,
    };
    let service = {
        let exchanges = Exchanges {
            app,
            peer,
            encrypted,
            http_2,
            shared: Arc::clone(&shared),
            options: Arc::clone(&options),
            counts: Arc::clone(&counts),
        };
        service_fn(move |request| exchanges.answer(request))
    };
    let io = TokioIo::new(stream);
    let ended = if http_2 {
        let connection = pin!(http_2_of(&options).serve_connection(io, service));
        watch(connection, |c| c.graceful_shutdown(), &shared, phases).await
    } else {
        let connection = http_1_of(&options).serve_connection(io, service);
        let connection = pin!(connection.with_upgrades());
        watch(connection, |c| c.graceful_shutdown(), &shared, phases).await
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            if let Some(fault) = fault_of(&error) {
                counts.add(fault);
            }
            tracing::debug!(%error, "connection ended early");
        }
        Err(Some(fault)) => counts.add(fault),
        Err(None) => {}
    }
}

/// Drives a connection to its end, which is `Err` where it took too long over something.
async fn watch<C>(
    mut connection: Pin<&mut C>,
    stop: impl Fn(Pin<&mut C>),
    shared: &Shared,
    phases: phases::Receiver<Phase>,
) -> Result<C::Output, Option<Fault>>
where
    C: Future,
{
    let mut stopping = pin!(stopping(phases));
    let mut stopped = false;
    let mut timer = pin!(sleep_until(Instant::now()));
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                return Poll::Ready(Ok(ended));
            }
            if stopped || stopping.as_mut().poll(cx).is_pending() {
                break;
            }
            stopped = true;
            stop(connection.as_mut());
        }
        // The timer is set anew only where it would come too late: it seldom has to be.
        while let Some((at, fault)) = shared.activity.deadline() {
            if at <= Instant::now() {
                return Poll::Ready(Err(fault));
            }
            if timer.is_elapsed() || at < timer.deadline() {
                timer.as_mut().reset(at);
            }
            if timer.as_mut().poll(cx).is_pending() {
                break;
            }
        }
        Poll::Pending
    })
    .await
}

fn http_1_of(options: &ServeOptions) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // Its limit on heads is one on idle connections too; both are kept by `Activity`.
        .header_read_timeout(None)
        .max_header_size(options.max_head);
    builder
}

/// How often a silent HTTP/2 client is asked whether it is still there, and how long it may take to answer.
const PING: Duration = Duration::from_secs(20);

fn http_2_of(options: &ServeOptions) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(Streams::default());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(PING))
        .keep_alive_timeout(PING)
        .max_header_list_size(u32::try_from(options.max_head).unwrap_or(u32::MAX));
    builder
}

/// The streams of an HTTP/2 connection: tasks that end with it.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<JoinSet<()>>>);

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while streams.try_join_next().is_some() {}
        streams.spawn(stream);
    }
}

/// What was the matter with a client that hyper itself sent away.
fn fault_of(error: &hyper::Error) -> Option<Fault> {
    if error.is_parse_too_large() {
        Some(Fault::LongHead)
    } else if error.is_parse() {
        Some(Fault::Malformed)
    } else {
        None
    }
}

/// Answers the requests of one connection.
struct Exchanges {
    app: Router,
    peer: Peer,
    encrypted: bool,
    http_2: bool,
    shared: Arc<Shared>,
    options: Arc<ServeOptions>,
    counts: Arc<Counts>,
}

impl Exchanges {
    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Answer<Body>>, Infallible>> + use<> {
        let in_flight = InFlight::begin(Arc::clone(&self.shared));
        let (request, slow) = self.prepare(request);
        let refused = host_of(&request).err();
        let mut app = self.app.clone();
        let (shared, counts) = (Arc::clone(&self.shared), Arc::clone(&self.counts));
        async move {
            if let Some(reason) = refused {
                counts.add(Fault::Malformed);
                let response = (StatusCode::BAD_REQUEST, reason).into_response();
                return Ok(response.map(|body| Answer::new(body, in_flight)));
            }
            let upgrade = upgrade_of(&request);
            let response = app.call(request).await;
            let mut response = response.unwrap_or_else(|never| match never {});
            if slow.is_some_and(|slow| slow.load(Relaxed)) {
                counts.add(Fault::SlowBody);
                if response.status().is_client_error() || response.status().is_server_error() {
                    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
                }
            }
            let status = response.status();
            if status == StatusCode::SWITCHING_PROTOCOLS
                || upgrade == Upgrade::Other && status.is_success()
            {
                shared.upgraded(upgrade);
            }
            Ok(response.map(|body| Answer::new(body, in_flight)))
        }
    }

    /// The request as handlers see it, and where it is said that its body did not come in time.
    fn prepare(&self, request: Request<Incoming>) -> (Request<Body>, Option<Arc<AtomicBool>>) {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(self.peer);
        if parts.headers.contains_key(header::UPGRADE) {
            parts.extensions.insert(Handover::of(&self.shared));
        }
        if let Peer::Tcp(address) = self.peer {
            parts.extensions.insert(ConnectInfo(address));
        }
        if self.encrypted {
            parts.extensions.insert(Encrypted);
        }
        if self.http_2 {
            // HTTP/2 has the host in the request's target alone; who asks for the header gets it all the same.
            if let Some(authority) = parts.uri.authority()
                && let Ok(host) = HeaderValue::from_str(authority.as_str())
            {
                parts.headers.entry(header::HOST).or_insert(host);
            }
            if is_conversation(&parts) {
                return (Request::from_parts(parts, Body::new(body)), None);
            }
        }
        if body.is_end_stream() {
            return (Request::from_parts(parts, Body::empty()), None);
        }
        let slow = Arc::new(AtomicBool::new(false));
        let body = Timed::new(body, self.options.body_timeout, Arc::clone(&slow));
        (Request::from_parts(parts, Body::new(body)), Some(slow))
    }
}

/// Whether the two sides of an HTTP/2 stream talk to each other as long as they like: a tunnel, or a call of gRPC,
/// which has deadlines of its own.
fn is_conversation(head: &http::request::Parts) -> bool {
    let kind = head.headers.get(header::CONTENT_TYPE);
    head.method == Method::CONNECT
        || kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// What a request would hand its connection over to.
fn upgrade_of(request: &Request<Body>) -> Upgrade {
    let named = request.headers().get(header::UPGRADE);
    match named {
        Some(name) if name.as_bytes().eq_ignore_ascii_case(b"websocket") => Upgrade::WebSocket,
        Some(_) => Upgrade::Other,
        None if request.method() == Method::CONNECT => Upgrade::Other,
        None => Upgrade::None,
    }
}

/// Looks whether the request says once, and clearly, which host it is for (RFC 9112, 3.2).
fn host_of<B>(request: &Request<B>) -> Result<(), &'static str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => return Err("the request has two Host headers\n"),
        (Some(host), None) => host,
        (None, _) if request.version() == Version::HTTP_11 => {
            return Err("the request has no Host header\n");
        }
        (None, _) => return Ok(()),
    };
    let wrong = "the request's Host header is no host\n";
    // An empty one stands for a target that has no host.
    let named = match host.is_empty() {
        true => None,
        false => Some(Authority::try_from(host.as_bytes()).map_err(|_| wrong)?),
    };
    if named
        .as_ref()
        .is_some_and(|host| host.as_str().contains('@'))
    {
        return Err(wrong);
    }
    let uri = request.uri();
    match (uri.scheme(), uri.authority()) {
        (Some(scheme), Some(target)) => {
            let port = if *scheme == Scheme::HTTPS { 443 } else { 80 };
            let same = named.is_some_and(|host| {
                host.host().eq_ignore_ascii_case(target.host())
                    && host.port_u16().unwrap_or(port) == target.port_u16().unwrap_or(port)
            });
            let other = "the request's target is another host than its Host header\n";
            if same { Ok(()) } else { Err(other) }
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let check = |version, target: &str, hosts: &[&str], right: bool| {
            let mut request = Request::builder().version(version).uri(target);
            for host in hosts {
                request = request.header(header::HOST, *host);
            }
            let got = host_of(&request.body(()).unwrap());
            assert_eq!(got.is_ok(), right, "{target} {hosts:?}: {got:?}");
        };
        let one = |target, host, right| check(Version::HTTP_11, target, &[host], right);
        one("/", "shop.example", true);
        one("/", "shop.example:8000", true);
        one("/", "127.0.0.1", true);
        one("/", "user@shop.example", false);
        one("http://Shop.example:80/", "shop.example", true);
        one("https://shop.example/", "shop.example:443", true);
        one("http://shop.example:81/", "shop.example", false);
        one("/", "[::1]:8000", true);
        one("/", "", true);
        one("/", "a b", false);
        one("/", "a/b", false);
        one("http://shop.example/x", "shop.example", true);
        one("http://shop.example/x", "SHOP.example", true);
        one("http://shop.example/x", "other.example", false);
        one("http://shop.example:81/x", "shop.example", false);
        check(Version::HTTP_11, "/", &[], false);
        check(Version::HTTP_11, "/", &["a", "a"], false);
        check(Version::HTTP_11, "/", &["a", "b"], false);
        check(Version::HTTP_10, "/", &[], true);
        check(Version::HTTP_10, "/", &["a", "b"], false);
        check(Version::HTTP_2, "/", &[], true);
    }
}
