use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::exchange::{Exchange, Held};

type Polled = Result<Frame<Bytes>, axum::Error>;

/// A response body that counts its bytes and ends its request's measurement: at its last
/// frame, or on drop when the client left before. It is asked in the request's log context, and a panic in it
/// is one of the service's, not the client's doing.
#[derive(Debug)]
pub struct MonitorBody {
    inner: Body,
    /// What it answered already, its end too: nobody asks again after that.
    first: Poll<Option<Polled>>,
    /// After so many bytes nobody asks for more.
    whole: Option<u64>,
    exchange: Held,
}

/// A body that is in memory whole, as most are, is over once it is handed on, which is now: it needs no
/// watching. Any other is wrapped.
pub(super) fn watch(
    mut inner: Body,
    whole: Option<u64>,
    mut exchange: Held,
    cx: &mut Context<'_>,
) -> Body {
    let mut first = Poll::Pending;
    // A body of unknown size is a stream: its first frame may be long in coming.
    if inner.size_hint().exact().is_some() {
        first = poll(&mut inner, &mut exchange, cx);
    }
    if inner.is_end_stream()
        && let Some(exchange) = exchange.get_mut()
        && let Poll::Ready(Some(Ok(frame))) = first
    {
        match frame.into_data() {
            Ok(data) => {
                exchange.response_bytes += data.len() as u64;
                exchange.complete();
                return Body::from(data);
            }
            Err(trailers) => first = Poll::Ready(Some(Ok(trailers))),
        }
    }
    Body::new(MonitorBody {
        inner,
        first,
        whole,
        exchange,
    })
}

/// The body's next frame. After a panic there is none.
fn poll(inner: &mut Body, exchange: &mut Held, cx: &mut Context<'_>) -> Poll<Option<Polled>> {
    let mut ask = || Pin::new(&mut *inner).poll_frame(cx);
    let Some(exchange) = exchange.get_mut() else {
        return ask();
    };
    let polled = exchange.within(|| catch_unwind(AssertUnwindSafe(ask)));
    match polled {
        Ok(Poll::Ready(Some(Err(error)))) => {
            exchange.body_failed(&error);
            Poll::Ready(Some(Err(error)))
        }
        Ok(polled) => polled,
        Err(panic) => {
            *inner = Body::empty();
            exchange.body_panicked(bongsu_catch::message(&*panic));
            Poll::Ready(Some(Err(axum::Error::new(BodyPanicked))))
        }
    }
}

/// What the server is told, so that the client does not take what it has for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the response's body panicked")]
struct BodyPanicked;

fn data(first: &Poll<Option<Polled>>) -> Option<&Bytes> {
    match first {
        Poll::Ready(Some(Ok(frame))) => frame.data_ref(),
        _ => None,
    }
}

/// What a frame of the response says about how it goes.
fn count(exchange: &mut Exchange, whole: Option<u64>, inner: &Body, frame: Option<&Polled>) {
    match frame {
        Some(Ok(frame)) => {
            exchange.response_bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            if let Some(trailers) = frame.trailers_ref() {
                exchange.grpc(trailers);
            }
            if Some(exchange.response_bytes) == whole || inner.is_end_stream() {
                exchange.complete();
            }
        }
        Some(Err(_)) => {}
        None => exchange.complete(),
    }
}

impl HttpBody for MonitorBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let frame = match std::mem::replace(&mut this.first, Poll::Pending) {
            Poll::Ready(first) => first,
            Poll::Pending => ready!(poll(&mut this.inner, &mut this.exchange, cx)),
        };
        if let Some(exchange) = this.exchange.get_mut() {
            count(exchange, this.whole, &this.inner, frame.as_ref());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_pending() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.inner.size_hint();
        if let Some(first) = data(&self.first) {
            let first = first.len() as u64;
            if let Some(upper) = hint.upper() {
                hint.set_upper(upper + first);
            }
            hint.set_lower(hint.lower() + first);
        }
        hint
    }
}
