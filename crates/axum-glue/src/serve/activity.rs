//! What a connection is doing, and until when it may.

use std::{
    sync::atomic::{
        AtomicBool, AtomicU32, AtomicU64,
        Ordering::{AcqRel, Acquire, Relaxed, Release},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{ServeOptions, counts::Fault, far};

/// No request is being read or answered, since the time beside it.
const IDLE: u64 = 0;
/// A request's head is being read, since then.
const HEAD: u64 = 1;
/// A request is being answered.
const BUSY: u64 = 2;

/// Seen by the socket, the service and the bodies of one connection, none of which waits for another.
#[derive(Debug)]
pub(super) struct Activity {
    start: Instant,
    head: Duration,
    idle: Duration,
    write: Duration,
    /// What is going on, in the two lowest bits, and since how many milliseconds after the start.
    state: AtomicU64,
    requests: AtomicU32,
    /// Since how many milliseconds after the start nothing could be sent, and one; 0 while it can.
    stuck: AtomicU64,
    http_2: AtomicBool,
}

impl Activity {
    pub(super) fn new(options: &ServeOptions) -> Self {
        Self {
            start: Instant::now(),
            head: options.header_timeout,
            idle: options.idle_timeout,
            write: options.write_timeout,
            state: AtomicU64::new(HEAD),
            requests: AtomicU32::new(0),
            stuck: AtomicU64::new(0),
            http_2: AtomicBool::new(false),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX >> 2)
    }

    /// Bytes came in.
    pub(super) fn received(&self) {
        // On HTTP/2 they may be anything; its requests come whole.
        if self.state.load(Acquire) & 3 == IDLE && !self.http_2.load(Relaxed) {
            self.state.store(self.now() << 2 | HEAD, Release);
        }
    }

    /// The client speaks HTTP/2.
    pub(super) fn speaks_http_2(&self) {
        if !self.http_2.swap(true, Relaxed) && self.state.load(Acquire) & 3 == HEAD {
            self.state.store(self.now() << 2 | IDLE, Release);
        }
    }

    /// A request's head is there.
    pub(super) fn begin(&self) {
        self.requests.fetch_add(1, AcqRel);
        self.state.store(BUSY, Release);
    }

    /// A request is answered.
    pub(super) fn end(&self) {
        if self.requests.fetch_sub(1, AcqRel) == 1 {
            self.state.store(self.now() << 2 | IDLE, Release);
        }
    }

    /// Whether something that was to be sent could be.
    pub(super) fn sent(&self, ready: bool) {
        let stuck = self.stuck.load(Relaxed);
        if ready && stuck != 0 {
            self.stuck.store(0, Relaxed);
        } else if !ready && stuck == 0 {
            self.stuck.store(self.now() + 1, Relaxed);
        }
    }

    /// Until when it may go on as it does, and what is the matter then; nothing is if it was only idle.
    pub(super) fn deadline(&self) -> Option<(Instant, Option<Fault>)> {
        let after = |since: u64, wait| far(self.start + Duration::from_millis(since), wait);
        let state = self.state.load(Acquire);
        let doing = match state & 3 {
            IDLE => Some((after(state >> 2, self.idle), None)),
            HEAD => Some((after(state >> 2, self.head), Some(Fault::SlowHead))),
            _ => None,
        };
        let stuck = match self.stuck.load(Relaxed) {
            0 => None,
            since => Some((after(since - 1, self.write), Some(Fault::SlowReader))),
        };
        match (doing, stuck) {
            (Some(doing), Some(stuck)) => Some(if stuck.0 < doing.0 { stuck } else { doing }),
            (one, other) => one.or(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn left(activity: &Activity) -> Option<(Duration, Option<Fault>)> {
        let (at, fault) = activity.deadline()?;
        Some((at.duration_since(Instant::now()), fault))
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_a_request_and_the_time_between_two_have_their_own_limits() {
        let seconds = Duration::from_secs;
        let slow_head = Some(Fault::SlowHead);
        let activity = Activity::new(&ServeOptions::default());
        assert_eq!(
            left(&activity),
            Some((seconds(10), slow_head)),
            "the first head"
        );
        advance(seconds(3)).await;
        activity.received();
        assert_eq!(left(&activity), Some((seconds(7), slow_head)), "is one");
        activity.begin();
        assert_eq!(left(&activity), None, "a handler takes its time");
        activity.received();
        activity.begin();
        activity.end();
        assert_eq!(left(&activity), None, "one is still being answered");
        advance(seconds(100)).await;
        activity.end();
        assert_eq!(left(&activity), Some((seconds(75), None)));
        advance(seconds(70)).await;
        activity.received();
        assert_eq!(
            left(&activity),
            Some((seconds(10), slow_head)),
            "the next head"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_has_a_limit_whatever_is_going_on() {
        let activity = Activity::new(&ServeOptions::default());
        activity.begin();
        activity.sent(false);
        advance(Duration::from_secs(20)).await;
        activity.sent(false);
        let stuck = (Duration::from_secs(40), Some(Fault::SlowReader));
        assert_eq!(left(&activity), Some(stuck));
        activity.sent(true);
        assert_eq!(left(&activity), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_over_http_2_is_no_slow_head() {
        let activity = Activity::new(&ServeOptions::default());
        activity.speaks_http_2();
        advance(Duration::from_secs(5)).await;
        activity.received();
        assert_eq!(left(&activity), Some((Duration::from_secs(70), None)));
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_is_a_limit_far_away() {
        let options = ServeOptions {
            header_timeout: Duration::MAX,
            ..ServeOptions::default()
        };
        let (left, _) = left(&Activity::new(&options)).unwrap();
        assert!(left > Duration::from_secs(1 << 29));
    }
}
