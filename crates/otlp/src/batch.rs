//! What is sent next: a queue that is bounded in bytes, batches by size and time, and what an answer means for
//! them. Pure: it is told the time.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

/// The bounds of one signal's way out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes that may wait, those under way too. The oldest give way. Default 8 MiB.
    pub waiting: usize,
    /// Bytes and items of one request. Default 1 MiB and 512.
    pub batch: (usize, usize),
    /// How long an item waits for others. Default 1 s.
    pub linger: Duration,
    /// How long a batch is tried again before it is given up. Default 5 min.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            waiting: 8 << 20,
            batch: (1 << 20, 512),
            linger: Duration::from_secs(1),
            patience: Duration::from_secs(300),
        }
    }
}

/// The first pause after a failure, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What became of what was handed over, in items: spans, lines, points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// The receiver has them.
    pub sent: u64,
    /// The receiver took the request and not these.
    pub rejected: u64,
    /// The receiver will never take the request.
    pub refused: u64,
    /// There was no room for them.
    pub overflowed: u64,
    /// They were tried again until nobody waited for them any more, or the service ended.
    pub expired: u64,
    /// Requests that were to be repeated.
    pub retries: u64,
}

impl Counts {
    /// All that will never arrive.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.rejected + self.refused + self.overflowed + self.expired
    }
}

/// What a receiver said to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has it, but for so many items.
    Taken { rejected: u64 },
    /// It may take it later, perhaps it said when.
    Later(Option<Duration>),
    /// It will never take it.
    Refused,
}

/// What is to be done now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Send this.
    Send(Bytes),
    /// Nothing before then, unless something comes.
    Wait(Instant),
    /// Nothing at all, unless something comes.
    Idle,
}

/// A batch that was sent and is not done with.
#[derive(Debug)]
struct Flying {
    body: Bytes,
    count: u64,
    since: Instant,
    failures: u32,
    /// When it is sent again; none while an answer is awaited.
    due: Option<Instant>,
}

#[derive(Debug)]
pub(crate) struct Batcher {
    limits: Limits,
    /// What waits, one thing after the other, and of each its bytes and items; what is under way is left out.
    waiting: VecDeque<u8>,
    each: VecDeque<(usize, u32)>,
    /// When the first of them came.
    since: Option<Instant>,
    flying: Option<Flying>,
    /// Nothing waits for others any more.
    ending: bool,
    pub(crate) counts: Counts,
}

impl Batcher {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            each: VecDeque::new(),
            since: None,
            flying: None,
            ending: false,
            counts: Counts::default(),
        }
    }

    /// Bytes that wait or are under way.
    pub(crate) fn bytes(&self) -> usize {
        self.waiting.len() + self.flying.as_ref().map_or(0, |flying| flying.body.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.each.is_empty() && self.flying.is_none()
    }

    /// One more thing to send, which is `count` items; true when a batch is full and somebody should look.
    pub(crate) fn push(&mut self, now: Instant, bytes: &[u8], count: u32) -> bool {
        while self.bytes() + bytes.len() > self.limits.waiting {
            if !self.drop_oldest() {
                self.counts.overflowed += u64::from(count);
                return false;
            }
        }
        let first = self.each.is_empty();
        if first {
            self.since = Some(now);
        }
        let was_full = self.is_full();
        self.waiting.extend(bytes);
        self.each.push_back((bytes.len(), count));
        first || (self.is_full() && !was_full)
    }

    fn is_full(&self) -> bool {
        self.waiting.len() >= self.limits.batch.0 || self.each.len() >= self.limits.batch.1
    }

    /// The oldest is gone: its items.
    fn pop(&mut self) -> Option<u32> {
        let (bytes, count) = self.each.pop_front()?;
        self.waiting.drain(..bytes);
        Some(count)
    }

    fn drop_oldest(&mut self) -> bool {
        let dropped = self.pop();
        if let Some(count) = dropped {
            self.counts.overflowed += u64::from(count);
        }
        dropped.is_some()
    }

    /// Only the newest counts: what waits is superseded, not lost.
    pub(crate) fn supersede(&mut self) {
        while self.pop().is_some() {}
    }

    pub(crate) const fn is_ending(&self) -> bool {
        self.ending
    }

    /// The end is near.
    pub(crate) fn hurry(&mut self) {
        self.ending = true;
    }

    /// The end: what is still here will not arrive.
    pub(crate) fn give_up(&mut self) -> u64 {
        let mut lost = self.flying.take().map_or(0, |flying| flying.count);
        while let Some(count) = self.pop() {
            lost += u64::from(count);
        }
        self.counts.expired += lost;
        lost
    }

    pub(crate) fn next(&mut self, now: Instant) -> Next {
        if let Some(flying) = &mut self.flying {
            return match flying.due {
                Some(due) if due <= now => {
                    flying.due = None;
                    Next::Send(flying.body.clone())
                }
                Some(due) => Next::Wait(due),
                None => Next::Idle,
            };
        }
        let Some(since) = self.since.filter(|_| !self.each.is_empty()) else {
            return Next::Idle;
        };
        let due = since + self.limits.linger;
        if !self.ending && !self.is_full() && now < due {
            return Next::Wait(due);
        }
        let (most_bytes, most_items) = self.limits.batch;
        let (mut bytes, mut items, mut count) = (0, 0, 0);
        while items < most_items
            && let Some((more, of)) = self.each.get(items)
            && (items == 0 || bytes + more <= most_bytes)
        {
            bytes += more;
            items += 1;
            count += u64::from(*of);
        }
        self.each.drain(..items);
        let body: Vec<u8> = self.waiting.drain(..bytes).collect();
        if self.each.is_empty() {
            // What an outage took is given back after it.
            self.waiting.shrink_to(most_bytes);
            self.each.shrink_to(2 * most_items);
        }
        self.since = (!self.each.is_empty()).then_some(now);
        let body = Bytes::from(body);
        self.flying = Some(Flying {
            body: body.clone(),
            count,
            since: now,
            failures: 0,
            due: None,
        });
        Next::Send(body)
    }

    /// The answer to what was sent last. `spread`, 0 to 1, keeps replicas from asking again all at once.
    pub(crate) fn settle(&mut self, now: Instant, answer: &Answer, spread: f64) {
        let Some(mut flying) = self.flying.take() else {
            return;
        };
        match answer {
            Answer::Taken { rejected } => {
                let rejected = (*rejected).min(flying.count);
                self.counts.sent += flying.count - rejected;
                self.counts.rejected += rejected;
            }
            Answer::Refused => self.counts.refused += flying.count,
            Answer::Later(_) if now - flying.since >= self.limits.patience => {
                self.counts.expired += flying.count;
            }
            Answer::Later(said) => {
                let (first, longest) = PAUSE;
                let pause = first
                    .saturating_mul(1 << flying.failures.min(10))
                    .min(longest);
                let pause = pause.mul_f64(0.5 + spread.clamp(0.0, 1.0) / 2.0);
                let pause = said.map_or(pause, |said| said.clamp(pause, self.limits.patience));
                flying.failures += 1;
                flying.due = Some(now + pause);
                self.counts.retries += 1;
                self.flying = Some(flying);
            }
        }
    }
}

#[cfg(test)]
mod tests;
