use std::task::{Context, Poll};

use axum::body::Body;
use http::{Request, Response};
use tokio::time::Instant;
use tower_service::Service;

use super::{MonitorFuture, exchange::Exchange, layer::Settings};
use crate::{RequestId, TraceContext};

/// A service watched by [`MonitorLayer`](super::MonitorLayer).
#[derive(Clone, Debug)]
pub struct Monitor<S> {
    inner: S,
    settings: Settings,
}

impl<S> Monitor<S> {
    pub(super) fn new(inner: S, settings: Settings) -> Self {
        Self { inner, settings }
    }
}

impl<S, B> Service<Request<B>> for Monitor<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send,
    B: http_body::Body,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = MonitorFuture<Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let start = Instant::now();
        let id = RequestId::from_headers(request.headers());
        let trace = TraceContext::from_headers(request.headers());
        let exchange = Exchange::begin(&request, start, id.clone(), trace, &self.settings);
        let extensions = request.extensions_mut();
        extensions.insert(id);
        extensions.insert(trace);
        MonitorFuture::start(exchange, || self.inner.call(request))
    }
}
