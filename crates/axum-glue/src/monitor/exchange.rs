use std::time::Duration;

use axum::extract::MatchedPath;
use http::{Method, Request, StatusCode, header};
use tokio::time::Instant;

use super::{
    access_log,
    layer::{PanicEvent, Settings},
};
use crate::{RequestId, TraceContext};

/// The label of a request that no route matched: raw paths would be unbounded.
const UNMATCHED: &str = "unmatched";

/// Status recorded when the client left before there was a response (nginx's convention).
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// One request from its arrival to the last byte of its response.
///
/// Ends exactly once: when the body is done, or on drop, which means that the client left.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) method: Method,
    pub(super) route: Option<MatchedPath>,
    pub(super) path: String,
    pub(super) id: RequestId,
    pub(super) trace: TraceContext,
    pub(super) status: Option<StatusCode>,
    pub(super) request_bytes: u64,
    pub(super) response_bytes: u64,
    start: Instant,
    settings: Settings,
    ended: bool,
    #[cfg(feature = "metrics")]
    _in_flight: Option<bongsu_metrics::InFlight>,
    #[cfg(feature = "logging")]
    pub(super) context: Option<bongsu_logging::LogContext>,
}

impl Exchange {
    pub(super) fn begin<B: http_body::Body>(
        request: &Request<B>,
        start: Instant,
        id: RequestId,
        trace: TraceContext,
        settings: &Settings,
    ) -> Self {
        Self {
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            path: request.uri().path().to_owned(),
            id,
            trace,
            status: None,
            request_bytes: request_size(request),
            response_bytes: 0,
            start,
            settings: settings.clone(),
            ended: false,
            #[cfg(feature = "metrics")]
            _in_flight: settings.metrics.as_ref().map(|m| m.http_in_flight()),
            #[cfg(feature = "logging")]
            context: None,
        }
    }

    /// The matched route. A nested service that is no router has none that axum would tell.
    pub(super) fn endpoint(&self) -> &str {
        self.route.as_ref().map_or(UNMATCHED, MatchedPath::as_str)
    }

    /// One of the nine standard methods, or `other`: the label must stay bounded.
    pub(super) fn method_label(&self) -> &'static str {
        match self.method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::DELETE => "DELETE",
            Method::HEAD => "HEAD",
            Method::OPTIONS => "OPTIONS",
            Method::PATCH => "PATCH",
            Method::CONNECT => "CONNECT",
            Method::TRACE => "TRACE",
            _ => "other",
        }
    }

    /// Time since the request arrived.
    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// A handler panicked: count it, say it, tell whoever asked.
    pub(super) fn panicked(&self, message: &str) {
        tracing::error!(
            method = self.method_label(),
            endpoint = self.endpoint(),
            request_id = self.id.as_str(),
            trace_id = self.trace.trace_id_hex(),
            panic = message,
            "handler panicked"
        );
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.settings.metrics {
            metrics.record_panic();
        }
        if let Some(on_panic) = &self.settings.on_panic {
            on_panic(&PanicEvent {
                message: message.to_owned(),
                method: self.method_label().to_owned(),
                endpoint: self.endpoint().to_owned(),
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
        let elapsed = self.elapsed();
        let status = self.status.map_or(CLIENT_CLOSED_REQUEST, |s| s.as_u16());
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.settings.metrics {
            metrics.record_request(
                self.method_label(),
                self.endpoint(),
                status,
                elapsed,
                self.request_bytes,
                self.response_bytes,
            );
            if aborted {
                metrics.record_request_aborted();
            }
        }
        access_log::write(self, status, elapsed, aborted);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.end(true);
    }
}

/// Size of the request's body as declared; a chunked one without a length counts as 0.
fn request_size<B: http_body::Body>(request: &Request<B>) -> u64 {
    request.body().size_hint().exact().unwrap_or_else(|| {
        request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .unwrap_or(0)
    })
}
