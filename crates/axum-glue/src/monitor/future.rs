use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use pin_project_lite::pin_project;

use super::{MonitorBody, exchange::Exchange};
use crate::request_id::X_REQUEST_ID;

pin_project! {
    /// The response of a [`Monitor`](super::Monitor).
    #[derive(Debug)]
    pub struct MonitorFuture<F> {
        #[pin]
        inner: Option<Scoped<F>>,
        exchange: Option<Exchange>,
        // A panic before there was a future, answered at the first poll.
        early_panic: Option<String>,
    }
}

/// The handler's future inside the request's log context.
#[cfg(feature = "logging")]
pub(super) type Scoped<F> = bongsu_logging::Scoped<F>;
/// The handler's future; without feature `logging` there is no context to set.
#[cfg(not(feature = "logging"))]
pub(super) type Scoped<F> = F;

impl<F> MonitorFuture<F> {
    /// Calls the handler; a panic inside the call is caught like one inside its future.
    pub(super) fn start(exchange: Exchange, call: impl FnOnce() -> F) -> Self {
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(future) => Self {
                inner: Some(exchange.scope(future)),
                exchange: Some(exchange),
                early_panic: None,
            },
            Err(panic) => Self {
                inner: None,
                exchange: Some(exchange),
                early_panic: Some(panic_message(&*panic)),
            },
        }
    }
}

impl<F, E> Future for MonitorFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = match this.inner.as_pin_mut() {
            Some(inner) => match catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
                Ok(polled) => Ok(ready!(polled)),
                Err(panic) => Err(panic_message(&*panic)),
            },
            None => Err(this.early_panic.take().unwrap_or_default()),
        };
        let Some(mut exchange) = this.exchange.take() else {
            // Polled again after it was ready, against the contract of `Future`.
            return Poll::Pending;
        };
        let mut response = match polled {
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
