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
    /// A frame that was taken from it already.
    first: Option<Polled>,
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
    let mut first = None;
    // A body of unknown size is a stream: its first frame may be long in coming.
    if inner.size_hint().exact().is_some()
        && let Poll::Ready(frame) = Pin::new(&mut inner).poll_frame(cx)
    {
        first = frame;
    }
    if let Some(exchange) = exchange.get_mut()
        && inner.is_end_stream()
        && let Some(data) = first.take_if(|frame| is_data(frame)).and_then(into_data)
    {
        exchange.response_bytes += data.len() as u64;
        exchange.complete();
        return Body::from(data);
    }
    Body::new(MonitorBody {
        inner,
        first,
        whole,
        exchange,
    })
}

fn is_data(frame: &Polled) -> bool {
    frame.as_ref().is_ok_and(Frame::is_data)
}

fn into_data(frame: Polled) -> Option<Bytes> {
    frame.ok()?.into_data().ok()
}

impl MonitorBody {
    fn count(&mut self, frame: Option<&Polled>) {
        let Some(exchange) = self.exchange.get_mut() else {
            return;
        };
        match frame {
            Some(Ok(frame)) => {
                exchange.response_bytes += data_len(frame);
                if Some(exchange.response_bytes) == self.whole || self.inner.is_end_stream() {
                    exchange.complete();
                }
            }
            Some(Err(_)) => {}
            None => exchange.complete(),
        }
    }
}

fn data_len(frame: &Frame<Bytes>) -> u64 {
    frame.data_ref().map_or(0, |data| data.len() as u64)
}

impl HttpBody for MonitorBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let frame = match this.first.take() {
            Some(first) => Some(first),
            None => ready!(Pin::new(&mut this.inner).poll_frame(cx)),
        };
        this.count(frame.as_ref());
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.inner.size_hint();
        if let Some(Ok(first)) = &self.first {
            let first = data_len(first);
            if let Some(upper) = hint.upper() {
                hint.set_upper(upper + first);
            }
            hint.set_lower(hint.lower() + first);
        }
        hint
    }
}
