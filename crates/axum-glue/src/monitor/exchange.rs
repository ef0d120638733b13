use std::{cell::RefCell, sync::Arc, time::Duration};

use axum::extract::MatchedPath;
use http::{HeaderMap, Request, StatusCode, header, uri::PathAndQuery};
use tokio::time::Instant;

use super::{
    access_log,
    endpoint::Endpoint,
    layer::{PanicEvent, Shared},
    scope,
};
use crate::{RequestId, TraceContext};

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
    start: Instant,
    ended: bool,
    /// The log context as the handler left it: the access line names the user it found.
    pub(super) context: scope::Left,
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) status: u16,
    pub(super) elapsed: Duration,
    pub(super) aborted: bool,
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
        let endpoint = endpoints.of(request.method(), route, &shared.settings);
        #[cfg(feature = "metrics")]
        if let Some(route) = &endpoint.metrics {
            route.enter();
        }
        Held::new(Self {
            endpoint,
            path: request.uri().path_and_query().cloned(),
            id,
            trace,
            status: None,
            request_bytes: request_size(request),
            response_bytes: 0,
            start,
            ended: false,
            context: Default::default(),
        })
    }

    /// The path as the client sent it.
    pub(super) fn path(&self) -> &str {
        self.path.as_ref().map_or("", PathAndQuery::path)
    }

    /// A handler panicked: count it, say it, tell whoever asked.
    pub(super) fn panicked(&self, message: &str) {
        tracing::error!(
            method = self.endpoint.method,
            endpoint = self.endpoint.name(),
            request_id = self.id.as_str(),
            trace_id = &*self.trace.trace_id_hex(),
            panic = message,
            "handler panicked"
        );
        let settings = &self.endpoint.settings;
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &settings.metrics {
            metrics.record_panic();
        }
        if let Some(on_panic) = &settings.on_panic {
            on_panic(&PanicEvent {
                message: message.to_owned(),
                method: self.endpoint.method.to_owned(),
                endpoint: self.endpoint.name().to_owned(),
                request_id: self.id.as_str().to_owned(),
            });
        }
    }

    /// The response went out whole.
    pub(super) fn complete(&mut self) {
        self.end(false);
    }

    fn end(&mut self, aborted: bool) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let now = Instant::now();
        let end = End {
            status: self.status.map_or(CLIENT_CLOSED_REQUEST, |s| s.as_u16()),
            elapsed: now.duration_since(self.start),
            aborted,
        };
        #[cfg(feature = "metrics")]
        self.measure(&end, now);
        let mut context = std::mem::take(&mut self.context);
        scope::within(&mut context, || access_log::write(self, &end));
    }

    #[cfg(feature = "metrics")]
    fn measure(&self, end: &End, now: Instant) {
        if let Some(route) = &self.endpoint.metrics {
            route.record_with_trace(
                end.status,
                end.elapsed,
                self.request_bytes,
                self.response_bytes,
                || self.trace.trace_id_hex(),
                now.into_std(),
            );
        }
        if let Some(metrics) = &self.endpoint.settings.metrics
            && end.aborted
        {
            metrics.record_request_aborted();
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.end(true);
        #[cfg(feature = "metrics")]
        if let Some(route) = &self.endpoint.metrics {
            route.leave();
        }
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
