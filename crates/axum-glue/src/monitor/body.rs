use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::exchange::Held;

type Polled = Result<Frame<Bytes>, axum::Error>;

/// A response body that counts its bytes and ends its request's measurement: at its last
/// frame, or on drop when the client left before.
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
        first = Pin::new(&mut inner).poll_frame(cx);
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

fn data(first: &Poll<Option<Polled>>) -> Option<&Bytes> {
    match first {
        Poll::Ready(Some(Ok(frame))) => frame.data_ref(),
        _ => None,
    }
}

impl MonitorBody {
    fn count(&mut self, frame: Option<&Polled>) {
        let Some(exchange) = self.exchange.get_mut() else {
            return;
        };
        match frame {
            Some(Ok(frame)) => {
                exchange.response_bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                if Some(exchange.response_bytes) == self.whole || self.inner.is_end_stream() {
                    exchange.complete();
                }
            }
            Some(Err(_)) => {}
            None => exchange.complete(),
        }
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
            Poll::Pending => ready!(Pin::new(&mut this.inner).poll_frame(cx)),
        };
        this.count(frame.as_ref());
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
