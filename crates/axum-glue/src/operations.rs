//! What bongsu serves for itself is marked where it is mounted, and nowhere guessed from a path.

use std::{
    cell::Cell,
    task::{Context, Poll},
};

use tower_layer::Layer;
use tower_service::Service;

thread_local! {
    /// Whether a marked route was reached since somebody asked. Routes are called on the thread that polls
    /// the request's future, below the [`Monitor`](crate::monitor::Monitor) that asks.
    static REACHED: Cell<bool> = const { Cell::new(false) };
}

/// Marks routes as operations: probes, scrapes, what an operator looks at and does. They are no traffic of the
/// service's users, so that [`MonitorLayer`](crate::MonitorLayer) counts them apart
/// (`bongsu_http_requests_total`), leaves them out of every `http_*` metric, and writes their access lines
/// under the target `operations`.
///
/// All routers of this crate are marked. Routes of one's own are with
///
/// ```
/// use axum::{Router, routing::get};
/// use bongsu_axum_glue::{MonitorLayer, Operations};
///
/// let app: Router = Router::new()
///     .route("/internal/ping", get(|| async { "pong" }))
///     .route_layer(Operations)
///     .route("/orders", get(|| async { "orders" }))
///     .layer(MonitorLayer::new());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Operations;

impl<S> Layer<S> for Operations {
    type Service = Marked<S>;

    fn layer(&self, inner: S) -> Marked<S> {
        Marked(inner)
    }
}

/// A service marked by [`Operations`].
#[derive(Clone, Debug)]
pub struct Marked<S>(S);

impl<S: Service<R>, R> Service<R> for Marked<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let _thread_is_ending = REACHED.try_with(|reached| reached.set(true));
        self.0.call(request)
    }
}

/// Runs something, and says whether it reached a marked route.
pub(crate) fn watch<R>(run: impl FnOnce() -> R) -> (R, bool) {
    let swap = |to| {
        REACHED
            .try_with(|reached| reached.replace(to))
            .unwrap_or(false)
    };
    let outside = swap(false);
    let result = run();
    (result, swap(outside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_seen_by_whoever_watches_and_by_nobody_later() {
        let mut marked = Operations.layer(tower::service_fn(|()| async { Ok::<_, ()>(()) }));
        let (_, inner) = watch(|| {
            let (future, reached) = watch(|| marked.call(()));
            assert!(reached);
            drop(future);
        });
        assert!(!inner, "it was told already");
        let ((), reached) = watch(|| ());
        assert!(!reached);
    }
}
