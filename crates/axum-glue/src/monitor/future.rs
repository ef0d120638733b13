use std::{
    any::Any,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};

use super::{
    MonitorBody,
    exchange::Exchange,
    scope::{Scoped, finish, scoped},
};
use crate::request_id::X_REQUEST_ID;

/// The response of a [`Monitor`](super::Monitor), of a service whose future gives `T`.
pub struct MonitorFuture<T> {
    // The message of a panic when there was one before there was a future.
    inner: Result<Scoped<T>, String>,
    exchange: Option<Exchange>,
}

impl<T> MonitorFuture<T> {
    /// Calls the handler; a panic inside the call is caught like one inside its future.
    pub(super) fn start<F>(exchange: Exchange, call: impl FnOnce() -> F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        let inner = match catch_unwind(AssertUnwindSafe(call)) {
            Ok(future) => Ok(scoped(&exchange, future)),
            Err(panic) => Err(panic_message(&*panic)),
        };
        Self {
            inner,
            exchange: Some(exchange),
        }
    }
}

impl<E> Future for MonitorFuture<Result<Response<Body>, E>> {
    type Output = Result<Response<Body>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let polled = match &mut this.inner {
            Ok(inner) => match catch_unwind(AssertUnwindSafe(|| inner.as_mut().poll(cx))) {
                Ok(polled) => Ok(ready!(polled)),
                Err(panic) => Err(panic_message(&*panic)),
            },
            Err(message) => Err(std::mem::take(message)),
        };
        let Some(mut exchange) = this.exchange.take() else {
            // Polled again after it was ready, against the contract of `Future`.
            return Poll::Pending;
        };
        let mut response = match polled.map(|output| finish(&mut exchange, output)) {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                // The service's own error: the caller decides what the client sees.
                exchange.status = Some(StatusCode::INTERNAL_SERVER_ERROR);
                exchange.complete();
                return Poll::Ready(Err(error));
            }
            Err(message) => {
                exchange.panicked(&message);
                panic_response(&exchange)
            }
        };
        exchange.status = Some(response.status());
        response
            .headers_mut()
            .insert(X_REQUEST_ID, exchange.id.as_header().clone());
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            // From here on it is another protocol: the request ends with its answer.
            exchange.complete();
            return Poll::Ready(Ok(response));
        }
        Poll::Ready(Ok(
            response.map(|body| Body::new(MonitorBody::new(body, exchange)))
        ))
    }
}

impl<T> fmt::Debug for MonitorFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorFuture")
            .field("exchange", &self.exchange)
            .finish_non_exhaustive()
    }
}

/// What a client sees of a panic: that it was one, and the id to ask about. Never the message.
fn panic_response(exchange: &Exchange) -> Response<Body> {
    let body = serde_json::json!({
        "error": "internal server error",
        "request_id": exchange.id.as_str(),
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
