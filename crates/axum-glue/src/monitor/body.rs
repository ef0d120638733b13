use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::exchange::Held;

/// A response body that counts its bytes and ends its request's measurement: at its last
/// frame, or on drop when the client left before.
#[derive(Debug)]
pub struct MonitorBody {
    inner: Body,
    /// After so many bytes nobody asks for more.
    whole: Option<u64>,
    exchange: Held,
}

impl MonitorBody {
    pub(super) fn new(inner: Body, whole: Option<u64>, exchange: Held) -> Self {
        Self {
            inner,
            whole,
            exchange,
        }
    }
}

impl http_body::Body for MonitorBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        if let Some(exchange) = this.exchange.get_mut() {
            match &frame {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        exchange.response_bytes += data.len() as u64;
                    }
                    if Some(exchange.response_bytes) == this.whole || this.inner.is_end_stream() {
                        exchange.complete();
                    }
                }
                Some(Err(_)) => {}
                None => exchange.complete(),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
