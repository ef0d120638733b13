use std::{cell::RefCell, net::IpAddr, sync::Arc, time::Duration};

use axum::extract::MatchedPath;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header, uri::PathAndQuery};
use tokio::time::Instant;

use super::{
    access_log,
    endpoint::{Endpoint, Kind},
    layer::{Failure, PanicEvent, RequestEnd, Shared},
    scope,
};
use crate::{
    Peer, RequestId, TraceContext, TrustedProxies,
    serve::{Encrypted, Handover},
};

/// Status recorded when the client left before there was a response (nginx's convention).
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Exchanges whose memory a thread keeps for the next.
const SPARES: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<Vec<Exchange>>> = const { RefCell::new(Vec::new()) };
}

/// One exchange, or none once it was taken. In a vector and not in a box, whose memory could not be
/// used again; on the heap, for a future is moved a few times before it has its place.
#[derive(Debug, Default)]
pub(super) struct Held(Vec<Exchange>);

impl Held {
    fn new(exchange: Exchange) -> Self {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop());
        let mut memory = spare
            .ok()
            .flatten()
            .unwrap_or_else(|| Vec::with_capacity(1));
        memory.push(exchange);
        Self(memory)
    }

    pub(super) fn get_mut(&mut self) -> Option<&mut Exchange> {
        self.0.first_mut()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Ends it: an access line may be written here.
        self.0.clear();
        if self.0.capacity() == 0 {
            return;
        }
        let memory = std::mem::take(&mut self.0);
        let _thread_is_ending = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < SPARES {
                spare.push(memory);
            }
        });
    }
}

/// One request from its arrival to the last byte of its response.
///
/// Ends exactly once: when the body is done, or on drop, which means that the client left.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) endpoint: Arc<Endpoint>,
    path: Option<PathAndQuery>,
    pub(super) id: RequestId,
    /// Named in lines and exemplars.
    pub(super) trace: TraceContext,
    pub(super) status: Option<StatusCode>,
    pub(super) request_bytes: u64,
    pub(super) response_bytes: u64,
    /// What gRPC's trailers said.
    pub(super) grpc_status: Option<u16>,
    start: Instant,
    ended: bool,
    operations: bool,
    /// Who asks, where somebody wants to hear of it.
    asker: Option<Asker>,
    counted: Counted,
    /// Told of a panic of whatever takes the connection over.
    handover: Option<Handover>,
    /// The log context as the handler left it: the access line names the user it found.
    pub(super) context: scope::Left,
}

/// Whoever sent the request.
#[derive(Debug)]
struct Asker {
    peer: Option<Peer>,
    client: Option<IpAddr>,
    encrypted: bool,
    agent: Option<HeaderValue>,
}

impl Asker {
    fn of<B>(request: &Request<B>, proxies: &TrustedProxies) -> Self {
        let extensions = request.extensions();
        Self {
            peer: Peer::of(extensions),
            client: proxies.client(extensions, request.headers()),
            encrypted: extensions.get::<Encrypted>().is_some(),
            agent: request.headers().get(header::USER_AGENT).cloned(),
        }
    }

    /// As far as it is text.
    fn agent(&self) -> Option<&str> {
        self.agent.as_ref().and_then(|agent| agent.to_str().ok())
    }
}

/// Whether the request is among those in flight.
#[derive(Debug)]
enum Counted {
    No,
    #[cfg(feature = "metrics")]
    ByRoute,
    /// Whose it is has yet to be found out.
    #[cfg(feature = "metrics")]
    Alone(#[expect(dead_code, reason = "counts while it is there")] bongsu_metrics::InFlight),
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) status: u16,
    pub(super) elapsed: Duration,
    /// The client left.
    pub(super) aborted: bool,
    /// The service had no more to give.
    pub(super) failed: bool,
}

impl Exchange {
    pub(super) fn begin<B: http_body::Body>(
        request: &Request<B>,
        start: Instant,
        id: RequestId,
        trace: TraceContext,
        shared: &Shared,
    ) -> Held {
        let route = request.extensions().get::<MatchedPath>();
        let endpoints = &shared.endpoints;
        let settings = &shared.settings;
        let endpoint = endpoints.of(request.method(), route, settings);
        let upgrades = request.headers().contains_key(header::UPGRADE);
        let handover = || request.extensions().get::<Handover>().cloned();
        Held::new(Self {
            counted: Counted::begin(&endpoint),
            operations: endpoint.kind() == Kind::Operations,
            handover: upgrades.then(handover).flatten(),
            asker: (settings.on_end.is_some() || settings.name_clients)
                .then(|| Asker::of(request, &settings.proxies)),
            endpoint,
            path: request.uri().path_and_query().cloned(),
            id,
            trace,
            status: None,
            request_bytes: request_size(request),
            response_bytes: 0,
            grpc_status: None,
            start,
            ended: false,
            context: Default::default(),
        })
    }

    /// The path as the client sent it.
    pub(super) fn path(&self) -> &str {
        self.path.as_ref().map_or("", PathAndQuery::path)
    }

    /// The client's address and user agent, where lines name them.
    pub(super) fn client(&self) -> (Option<IpAddr>, Option<&str>) {
        match &self.asker {
            Some(asker) if self.endpoint.settings.name_clients => (asker.client, asker.agent()),
            _ => (None, None),
        }
    }

    /// Whether it is one of operations.
    pub(super) fn operations(&self) -> bool {
        self.operations
    }

    /// A marked route was reached.
    pub(super) fn reached_operations(&mut self) {
        self.operations = true;
        self.endpoint.is(Kind::Operations);
        self.counted.end(&self.endpoint);
    }

    /// Runs something in the log context as the handler left it.
    pub(super) fn within<R>(&mut self, run: impl FnOnce() -> R) -> R {
        let mut context = std::mem::take(&mut self.context);
        let result = scope::within(&mut context, run);
        self.context = context;
        result
    }

    /// A handler panicked.
    pub(super) fn panicked(&self, message: &str) {
        self.tell(Failure::Handler, message);
    }

    /// The response's body panicked.
    pub(super) fn body_panicked(&mut self, message: &str) {
        self.tell(Failure::Body, message);
        self.end(false, true);
    }

    /// The response's body gave an error.
    pub(super) fn body_failed(&mut self, error: &axum::Error) {
        self.tell(Failure::BodyError, &bongsu_text::chain(error));
        self.end(false, true);
    }

    fn tell(&self, failure: Failure, message: &str) {
        tell(&self.endpoint, &self.id, &self.trace, failure, message);
    }

    /// The connection goes to somebody else, whose panic is one of this request.
    pub(super) fn hand_over(&mut self) {
        let Some(handover) = self.handover.take() else {
            return;
        };
        let (endpoint, id, trace) = (Arc::clone(&self.endpoint), self.id.clone(), self.trace);
        handover.on_panic(move || {
            let said = scope::panic_message();
            let message = said
                .as_deref()
                .unwrap_or("a panic whose words are on standard error");
            tell(&endpoint, &id, &trace, Failure::Upgrade, message);
        });
    }

    /// What gRPC's trailers say.
    pub(super) fn grpc(&mut self, trailers: &HeaderMap) {
        let status = trailers.get("grpc-status");
        if let Some(status) = status.and_then(|status| status.to_str().ok()?.parse().ok()) {
            self.grpc_status = Some(status);
        }
    }

    /// The response went out whole, or is a stream that has begun.
    pub(super) fn complete(&mut self) {
        self.end(false, false);
    }

    fn end(&mut self, aborted: bool, failed: bool) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let now = Instant::now();
        let status = self.status.map_or(CLIENT_CLOSED_REQUEST, |s| s.as_u16());
        let end = End {
            status: self.grpc_status.map_or(status, http_of_grpc),
            elapsed: now.duration_since(self.start),
            aborted,
            failed,
        };
        let kept = self.is_kept(&end);
        #[cfg(feature = "metrics")]
        self.measure(&end, now, kept);
        #[cfg(not(feature = "metrics"))]
        let _ = kept;
        let mut context = std::mem::take(&mut self.context);
        scope::within(&mut context, || access_log::write(self, &end));
        // A stream's body goes on in it.
        self.context = context;
    }

    /// Hands the request on to whoever keeps traces; whether this one is recorded.
    fn is_kept(&self, end: &End) -> bool {
        match &self.endpoint.settings.on_end {
            Some(on_end) => on_end(&RequestEnd {
                trace: self.trace,
                method: self.endpoint.method,
                endpoint: self.endpoint.name(),
                path: self.path(),
                request_id: self.id.as_str(),
                status: end.status,
                elapsed: end.elapsed,
                request_bytes: self.request_bytes,
                response_bytes: self.response_bytes,
                aborted: end.aborted,
                failed: end.failed,
                operations: self.operations,
                peer: self.asker.as_ref().and_then(|asker| asker.peer),
                client: self.asker.as_ref().and_then(|asker| asker.client),
                encrypted: self.asker.as_ref().is_some_and(|asker| asker.encrypted),
                user_agent: self.asker.as_ref().and_then(Asker::agent),
            }),
            // Here nobody does: perhaps the caller.
            None => self.trace.sampled && self.trace.parent_id.is_some(),
        }
    }

    #[cfg(feature = "metrics")]
    fn measure(&self, end: &End, now: Instant, kept: bool) {
        let settings = &self.endpoint.settings;
        if self.operations {
            if let Some(metrics) = &settings.metrics {
                let endpoint = &self.endpoint;
                metrics.record_own_request(endpoint.method, endpoint.name(), end.status);
            }
            return;
        }
        self.endpoint.is(Kind::Users);
        if let Some(route) = self.endpoint.metrics() {
            let (request, response) = (self.request_bytes, self.response_bytes);
            // An exemplar leads to a trace: one that nobody records leads nowhere.
            if kept {
                route.record_with_trace(
                    end.status,
                    end.elapsed,
                    request,
                    response,
                    || self.trace.trace_id_hex(),
                    now.into_std(),
                );
            } else {
                route.record(end.status, end.elapsed, request, response);
            }
        }
        if let Some(metrics) = &settings.metrics
            && end.aborted
        {
            metrics.record_request_aborted();
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.end(true, false);
        self.counted.end(&self.endpoint);
    }
}

impl Counted {
    #[cfg(feature = "metrics")]
    fn begin(endpoint: &Endpoint) -> Self {
        match endpoint.kind() {
            Kind::Operations => Self::No,
            Kind::Users => match endpoint.metrics() {
                Some(route) => {
                    route.enter();
                    Self::ByRoute
                }
                None => Self::No,
            },
            // A route that turns out to be one of operations must not have a series of the users'.
            Kind::Unknown => match &endpoint.settings.metrics {
                Some(metrics) => Self::Alone(metrics.http_in_flight()),
                None => Self::No,
            },
        }
    }

    #[cfg(not(feature = "metrics"))]
    fn begin(_: &Endpoint) -> Self {
        Self::No
    }

    #[cfg_attr(not(feature = "metrics"), expect(unused_variables))]
    fn end(&mut self, endpoint: &Endpoint) {
        match std::mem::replace(self, Self::No) {
            #[cfg(feature = "metrics")]
            Self::ByRoute => {
                if let Some(route) = endpoint.metrics() {
                    route.leave();
                }
            }
            #[cfg(feature = "metrics")]
            Self::Alone(_) => {}
            Self::No => {}
        }
    }
}

/// A failure of the service's own: count it, say it, tell whoever asked.
fn tell(
    endpoint: &Endpoint,
    id: &RequestId,
    trace: &TraceContext,
    failure: Failure,
    message: &str,
) {
    macro_rules! say {
        ($what:ident) => {
            tracing::error!(
                method = endpoint.method,
                endpoint = endpoint.name(),
                request_id = id.as_str(),
                trace_id = &*trace.trace_id_hex(),
                $what = message,
                "{failure}"
            )
        };
    }
    if failure.is_panic() {
        say!(panic);
    } else {
        say!(error);
    }
    let settings = &endpoint.settings;
    #[cfg(feature = "metrics")]
    if let Some(metrics) = &settings.metrics {
        if failure.is_panic() {
            metrics.record_panic();
        } else {
            metrics.record_error("response_body", "error");
        }
    }
    if let Some(on_panic) = &settings.on_panic {
        on_panic(&PanicEvent {
            failure,
            message: message.to_owned(),
            method: endpoint.method.to_owned(),
            endpoint: endpoint.name().to_owned(),
            request_id: id.as_str().to_owned(),
        });
    }
}

/// The HTTP status that a gRPC status stands for, so that one ratio of failures tells of both
/// (<https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto>).
fn http_of_grpc(status: u16) -> u16 {
    match status {
        0 => 200,
        1 => CLIENT_CLOSED_REQUEST,
        3 | 9 | 11 => 400,
        4 => 504,
        5 => 404,
        6 | 10 => 409,
        7 => 403,
        8 => 429,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    }
}

/// Size of the request's body as declared; a chunked one without a length counts as 0.
fn request_size<B: http_body::Body>(request: &Request<B>) -> u64 {
    let exact = request.body().size_hint().exact();
    exact
        .or_else(|| content_length(request.headers()))
        .unwrap_or(0)
}

/// `Content-Length` where it is a number.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}
