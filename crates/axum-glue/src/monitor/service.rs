use std::{
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::Body;
use http::{Request, Response};
use tokio::time::Instant;
use tower_service::Service;

use super::{MonitorFuture, exchange::Exchange, layer::Shared, scope};
use crate::{RequestId, TraceContext, ids::Ids};

/// A service watched by [`MonitorLayer`](super::MonitorLayer).
#[derive(Clone, Debug)]
pub struct Monitor<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Monitor<S> {
    pub(super) fn new(inner: S, shared: Shared) -> Self {
        Self {
            inner,
            shared: Arc::new(shared),
        }
    }
}

impl<S, B> Service<Request<B>> for Monitor<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    B: http_body::Body,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = MonitorFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let start = Instant::now();
        let id = RequestId::from_headers(request.headers());
        let trace = TraceContext::decided_by(request.headers(), &self.shared.settings.sampler);
        let context = scope::begin(&id, || trace.propagation(request.headers()));
        let ids = Ids {
            request: id.clone(),
            trace,
        };
        let exchange = Exchange::begin(&request, start, id, trace, &self.shared);
        request.extensions_mut().insert(ids);
        // Lent to the closures on the way, each of which would move it: it is large.
        let mut request = Some(request);
        MonitorFuture::start(exchange, context, || match request.take() {
            Some(request) => self.inner.call(request),
            None => unreachable!("called once"),
        })
    }
}
