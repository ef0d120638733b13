//! The body of an answer: a call is over with it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::{Call, Status};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

pin_project! {
    /// The body of an answer: read to its end, broken off or dropped, its call is over.
    #[derive(Debug)]
    pub struct OutgoingBody<B> {
        #[pin]
        inner: B,
        call: Option<Call>,
        status: Status,
    }
}

impl<B: Body> OutgoingBody<B> {
    /// The body of an answer with this status. One that is empty is over now.
    pub(crate) fn new(inner: B, mut call: Call, status: u16) -> Self {
        let status = Status::Answered(status);
        call.answered(status);
        let call = match inner.is_end_stream() {
            true => {
                call.end(status);
                None
            }
            false => Some(call),
        };
        Self {
            inner,
            call,
            status,
        }
    }
}

impl<B> Body for OutgoingBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut this = self.project();
        let frame = match ready!(this.inner.as_mut().poll_frame(cx)) {
            Some(Ok(frame)) => Some(Ok(frame)),
            Some(Err(error)) => Some(Err(error.into())),
            None => None,
        };
        let over = match &frame {
            Some(Err(error)) => Some(Status::of_error(&**error)),
            None => Some(*this.status),
            Some(Ok(_)) => this.inner.is_end_stream().then_some(*this.status),
        };
        if let Some(status) = over
            && let Some(call) = this.call.take()
        {
            call.end(status);
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
