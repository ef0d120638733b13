//! The two bodies of an exchange: one that has to come in time, one that says when it is over.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{far, io::Shared};

/// Bytes that give a body another second.
const RATE: u64 = 1_024;

/// Why a body ended early.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum BodyError<E> {
    #[error("the request's body did not come in time")]
    Slow,
    #[error(transparent)]
    Broken(#[from] E),
}

/// A request's body whose client may not take for ever: the time that a handler waits for it counts.
#[derive(Debug)]
pub(super) struct Timed<B = Incoming> {
    body: B,
    left: Duration,
    /// Since when the handler has been waiting, and what ends that.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    slow: Arc<AtomicBool>,
}

impl<B> Timed<B> {
    /// `slow` is set when the time is over.
    pub(super) fn new(body: B, limit: Duration, slow: Arc<AtomicBool>) -> Self {
        Self {
            body,
            left: limit,
            waiting: None,
            slow,
        }
    }
}

impl<B> Body for Timed<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if let Some((since, _)) = this.waiting.take() {
                this.left = this.left.saturating_sub(since.elapsed());
            }
            if let Some(Ok(frame)) = &frame {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                let more = Duration::from_millis(bytes.saturating_mul(1_000) / RATE);
                this.left = this.left.saturating_add(more);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Broken)));
        }
        let left = this.left;
        let (_, end) = this.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(far(now, left))))
        });
        if end.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        this.slow.store(true, Relaxed);
        Poll::Ready(Some(Err(BodyError::Slow)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// One request of a connection, until it is answered.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Shared>);

impl InFlight {
    pub(super) fn begin(shared: Arc<Shared>) -> Self {
        shared.activity.begin();
        Self(shared)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.activity.end();
    }
}

pin_project! {
    /// A response's body, with the request that is answered once it is gone.
    #[derive(Debug)]
    pub(super) struct Answer<B> {
        #[pin]
        body: B,
        request: InFlight,
    }
}

impl<B> Answer<B> {
    pub(super) fn new(body: B, request: InFlight) -> Self {
        Self { body, request }
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use http_body_util::StreamBody;
    use tokio::time::sleep;

    use super::*;

    /// Reads a body of pieces that come so long after each other; the handler rests before each.
    async fn read(pieces: usize, size: usize, every: Duration, rest: Duration) -> (usize, bool) {
        let pieces = futures_util::stream::unfold(pieces, async |left| {
            let left = left.checked_sub(1)?;
            sleep(every).await;
            let piece = Frame::data(Bytes::from(vec![0; size]));
            Some((Ok::<_, std::io::Error>(piece), left))
        });
        let slow = Arc::new(AtomicBool::new(false));
        let limit = Duration::from_secs(30);
        let mut body = Timed::new(StreamBody::new(Box::pin(pieces)), limit, slow.clone());
        let mut read = 0;
        loop {
            sleep(rest).await;
            match poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                Some(Ok(frame)) => read += frame.into_data().unwrap().len(),
                Some(Err(error)) => {
                    assert!(matches!(error, BodyError::Slow), "{error}");
                    return (read, slow.load(Relaxed));
                }
                None => return (read, slow.load(Relaxed)),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_its_time_and_more_where_it_makes_progress() {
        let (seconds, none) = (Duration::from_secs, Duration::ZERO);
        assert_eq!(read(5, 1, seconds(5), none).await, (5, false));
        let (got, slow) = read(1_000, 1, seconds(5), none).await;
        assert!(slow && (5..=6).contains(&got), "a byte now and then: {got}");
        let steady = read(100, 10_240, seconds(5), none).await;
        assert_eq!(steady, (1_024_000, false), "2 KiB a second are enough");
        let busy = read(20, 1, none, seconds(10)).await;
        assert_eq!(busy, (20, false), "the handler's own time does not count");
    }
}
