use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::{Body, HttpBody};
use http::{HeaderValue, Method, Response, StatusCode, header};
use pin_project_lite::pin_project;

use super::{
    body,
    exchange::{Exchange, Held, content_length},
    scope::{self, Left, Scoped},
};
use crate::{X_REQUEST_ID, operations};

pin_project! {
    /// The response of a [`Monitor`](super::Monitor) around a service with this future.
    #[must_use = "futures do nothing unless polled"]
    pub struct MonitorFuture<F> {
        #[pin]
        future: Scoped<F>,
        // What a panic said before there was a future.
        panicked: Option<String>,
        exchange: Held,
    }

    impl<F> PinnedDrop for MonitorFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            // The client left: the line about it is in the context as the handler had it.
            let this = this.project();
            if let Some(exchange) = this.exchange.get_mut() {
                exchange.context = scope::leave(this.future);
            }
        }
    }
}

impl<F: Future> MonitorFuture<F> {
    /// Calls the handler; a panic inside the call is caught like one inside its future.
    pub(super) fn start(exchange: Held, context: Left, call: impl FnOnce() -> F) -> Self {
        let mut this = Self {
            future: scope::enter(context),
            panicked: None,
            exchange,
        };
        let future = &mut this.future;
        let begin = || catch_unwind(AssertUnwindSafe(|| future.begin(call)));
        let (begun, operations) = operations::watch(begin);
        if let Err(panic) = begun {
            this.panicked = Some(bongsu_catch::message(&*panic).to_owned());
        }
        if operations && let Some(exchange) = this.exchange.get_mut() {
            exchange.reached_operations();
        }
        this
    }
}

impl<F, E> Future for MonitorFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = match this.panicked.take() {
            Some(message) => Err(message),
            None => {
                let poll = || this.future.as_mut().poll(cx);
                let poll = || catch_unwind(AssertUnwindSafe(poll));
                let (polled, operations) = operations::watch(poll);
                if operations && let Some(exchange) = this.exchange.get_mut() {
                    exchange.reached_operations();
                }
                match polled {
                    Ok(polled) => Ok(ready!(polled)),
                    Err(panic) => Err(bongsu_catch::message(&*panic).to_owned()),
                }
            }
        };
        let mut held = std::mem::take(this.exchange);
        let Some(exchange) = held.get_mut() else {
            // Polled again after it was ready, against the contract of `Future`.
            return Poll::Pending;
        };
        exchange.context = scope::leave(this.future);
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
                panic_response(exchange)
            }
        };
        if let Some(whole) = mark(&mut response, exchange) {
            let body = response.body_mut();
            *body = body::watch(std::mem::take(body), whole, held, cx);
        }
        Poll::Ready(Ok(response))
    }
}

/// Puts the id on the response. Ends the exchange, or gives the size of the body, as far as it is
/// known, that is still to be sent.
fn mark(response: &mut Response<Body>, exchange: &mut Exchange) -> Option<Option<u64>> {
    let status = response.status();
    exchange.status = Some(status);
    let id = exchange.id.as_header().clone();
    response.headers_mut().insert(X_REQUEST_ID, id);
    if status == StatusCode::SWITCHING_PROTOCOLS {
        exchange.hand_over();
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is = |name: &[u8]| kind.is_some_and(|kind| kind.as_bytes().starts_with(name));
    if is(b"application/grpc") {
        // An error without a message has its trailers in the head.
        exchange.grpc(response.headers());
    }
    if is(b"text/event-stream") || is(b"multipart/x-mixed-replace") {
        // It lasts as long as somebody looks on, and has no other end than that they leave.
        exchange.complete();
        return Some(None);
    }
    let whole = whole(response);
    if whole == Some(0)
        || response.body().is_end_stream()
        || bodiless(exchange.endpoint.method, status)
    {
        exchange.complete();
        return None;
    }
    Some(whole)
}

/// The body's size where it is known: after so many bytes nobody asks it for more.
fn whole(response: &Response<Body>) -> Option<u64> {
    let exact = HttpBody::size_hint(response.body()).exact();
    exact.or_else(|| content_length(response.headers()))
}

/// Whether a response is sent without its body, so that nobody will ask for it. From 101 on it is
/// another protocol: the request ends with its answer.
fn bodiless(method: &str, status: StatusCode) -> bool {
    method == Method::HEAD.as_str()
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || method == Method::CONNECT.as_str() && status.is_success()
}

impl<F> fmt::Debug for MonitorFuture<F> {
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
