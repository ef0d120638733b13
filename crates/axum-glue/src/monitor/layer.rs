use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use bongsu_trace::Sampler;
use tower_layer::Layer;

use super::{AccessLog, Monitor, access_log::InForce, endpoint::Endpoints};
use crate::{Peer, TraceContext, TrustedProxies};

/// Watches every request of the router that it is laid on.
///
/// ```
/// use axum::{Router, routing::get};
/// use bongsu_axum_glue::MonitorLayer;
///
/// let app: Router = Router::new()
///     .route("/orders/{id}", get(|| async { "order" }))
///     .layer(MonitorLayer::new());
/// ```
///
/// For each request it
///
/// - takes the request id from `X-Request-ID` or makes one, and returns it;
/// - continues or starts a W3C trace;
/// - gives [`RequestId`](crate::RequestId) and [`TraceContext`](crate::TraceContext) to handlers that
///   ask for them, and with feature `logging` sets the log context;
/// - records `http_*` metrics under the matched route, or `unmatched`, with a trace that is recorded as an exemplar; a stream
///   of events and a WebSocket take as long as their head, gRPC's status counts as the HTTP status it stands for;
/// - counts [`Operations`](crate::Operations) apart;
/// - writes one access log line, for operations only when they fail ([`AccessLog`]);
/// - turns a panic into a 500, a log line, a count and a call of [`MonitorLayer::on_panic`], in a body too.
///
/// Lay it on the whole router last, so that it also sees what fallbacks answer.
#[derive(Clone, Debug, Default)]
pub struct MonitorLayer(Arc<Settings>);

/// What of a request failed without an answer that says so.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// The handler panicked: the client got a 500.
    Handler,
    /// The response's body panicked: the client got a part of it.
    Body,
    /// The response's body gave an error in place of its rest.
    BodyError,
    /// Whatever the connection was handed over to panicked, such as a WebSocket's handler. Known where the
    /// crate's own [`serve`](crate::serve) serves.
    Upgrade,
}

impl Failure {
    /// What happened, in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Handler => "handler panicked",
            Self::Body => "response body panicked",
            Self::BodyError => "response body failed",
            Self::Upgrade => "upgraded connection panicked",
        }
    }

    /// Whether it was a panic.
    #[must_use]
    pub const fn is_panic(self) -> bool {
        !matches!(self, Self::BodyError)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure of the service's own, as given to [`MonitorLayer::on_panic`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PanicEvent {
    /// What failed.
    pub failure: Failure,
    /// What the panic or the error said.
    pub message: String,
    /// Request method.
    pub method: String,
    /// Matched route, or `unmatched`.
    pub endpoint: String,
    /// Id of the request.
    pub request_id: String,
}

/// A request that is over, as given to [`MonitorLayer::on_end`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestEnd<'a> {
    /// Its trace, with the span that is over.
    pub trace: TraceContext,
    /// Request method.
    pub method: &'a str,
    /// Matched route, or `unmatched`.
    pub endpoint: &'a str,
    /// The path as the client sent it, without the query.
    pub path: &'a str,
    /// Id of the request.
    pub request_id: &'a str,
    /// Status of the answer, as metrics have it: 499 where the client left before it, gRPC's as HTTP's.
    pub status: u16,
    /// From its arrival to the last byte of its answer.
    pub elapsed: Duration,
    /// Bytes of the request's body.
    pub request_bytes: u64,
    /// Bytes of the answer's body.
    pub response_bytes: u64,
    /// The client left before the end.
    pub aborted: bool,
    /// The answer's body panicked or failed.
    pub failed: bool,
    /// It was one of [`Operations`](crate::Operations).
    pub operations: bool,
    /// Whoever the connection is with: the client, or the proxy before it.
    pub peer: Option<Peer>,
    /// Whom the request came from: [`TrustedProxies::client`] of [`MonitorLayer::proxies`].
    pub client: Option<IpAddr>,
    /// It came over TLS of this server's own.
    pub encrypted: bool,
    /// The header `user-agent`, if it is text.
    pub user_agent: Option<&'a str>,
}

type OnEnd = Arc<dyn Fn(&RequestEnd<'_>) -> bool + Send + Sync>;
type OnPanic = Arc<dyn Fn(&PanicEvent) + Send + Sync>;

#[derive(Clone, Default)]
pub(super) struct Settings {
    #[cfg(feature = "metrics")]
    pub(super) metrics: Option<bongsu_metrics::ServiceMetrics>,
    pub(super) on_panic: Option<OnPanic>,
    pub(super) on_end: Option<OnEnd>,
    pub(super) sampler: Sampler,
    /// Layers that were made of this one share it.
    pub(super) access_log: Arc<InForce>,
    pub(super) proxies: TrustedProxies,
    pub(super) name_clients: bool,
}

/// What all requests through one [`Monitor`] share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Arc<Settings>,
    pub(super) endpoints: Endpoints,
}

impl MonitorLayer {
    /// A layer that keeps ids, traces, the access log and panics; metrics are added by
    /// [`MonitorLayer::metrics`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Records the `http_*` metrics. Default: none are recorded.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics(mut self, metrics: bongsu_metrics::ServiceMetrics) -> Self {
        Arc::make_mut(&mut self.0).metrics = Some(metrics);
        self
    }

    /// Called after a handler or a body panicked or a body failed, on the request's task; must not block.
    /// Default: nothing.
    #[must_use]
    pub fn on_panic(mut self, call: impl Fn(&PanicEvent) + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).on_panic = Some(Arc::new(call));
        self
    }

    /// Called when a request is over, on its task; must not block. What it answers says whether the trace is
    /// recorded, so that it may be the exemplar of a metric. Default: nothing, and only a trace that the caller
    /// records is one.
    #[must_use]
    pub fn on_end(
        mut self,
        call: impl Fn(&RequestEnd<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.0).on_end = Some(Arc::new(call));
        self
    }

    /// Which traces are recorded, as the services that this one calls are told. Default: as the caller decided;
    /// those that begin here are.
    #[must_use]
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        Arc::make_mut(&mut self.0).sampler = sampler;
        self
    }

    /// Which requests have a line in the access log. Default: all but operations.
    #[must_use]
    pub fn access_log(mut self, policy: AccessLog) -> Self {
        Arc::make_mut(&mut self.0).access_log = Arc::new(InForce::new(policy));
        self
    }

    /// Which requests have a line in the access log from now on: wherever this layer was laid, and those that were
    /// made of it without a policy of their own.
    ///
    /// ```
    /// use bongsu_axum_glue::{AccessLog, MonitorLayer};
    ///
    /// let layer = MonitorLayer::new();
    /// let laid = layer.clone().name_clients(true);
    /// layer.set_access_log(AccessLog::default().quiet("/internal/ping"));
    /// assert_eq!(laid.current_access_log(), layer.current_access_log());
    /// ```
    pub fn set_access_log(&self, policy: AccessLog) {
        self.0.access_log.replace(policy);
    }

    /// The policy of the access log that is in force.
    #[must_use]
    pub fn current_access_log(&self) -> AccessLog {
        self.0.access_log.policy()
    }
}

impl MonitorLayer {
    /// Proxies that are believed when they say whom they ask for. Default: none, so that whoever is connected is
    /// the client.
    #[must_use]
    pub fn proxies(mut self, proxies: TrustedProxies) -> Self {
        Arc::make_mut(&mut self.0).proxies = proxies;
        self
    }

    /// Whether lines of the access log name the client's address and its user agent. Default: they do not, for both
    /// are personal data.
    #[must_use]
    pub fn name_clients(mut self, whether: bool) -> Self {
        Arc::make_mut(&mut self.0).name_clients = whether;
        self
    }
}

impl<S> Layer<S> for MonitorLayer {
    type Service = Monitor<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let shared = Shared {
            settings: Arc::clone(&self.0),
            endpoints: Endpoints::default(),
        };
        Monitor::new(inner, shared)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Settings");
        #[cfg(feature = "metrics")]
        out.field("metrics", &self.metrics.is_some());
        out.field("on_panic", &self.on_panic.is_some())
            .field("on_end", &self.on_end.is_some())
            .field("sampler", &self.sampler)
            .field("access_log", &self.access_log.policy())
            .field("proxies", &self.proxies)
            .field("name_clients", &self.name_clients)
            .finish()
    }
}
