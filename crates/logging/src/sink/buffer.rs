//! The byte-bounded front buffer that producers fill and the flusher swaps away.

use super::flusher::Outputs;
use super::sweep::FileFigures;
use super::{Counts, Loss, level_index};
use crate::clock;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tracing_core::Level;

/// What happens to a line that finds the buffer full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// Drop it and count it: the service never waits for its log.
    #[default]
    DropNewest,
    /// Wait for room, however long it takes.
    Block,
    /// Wait for room so long, then drop and count.
    BlockTimeout(Duration),
}

/// The flusher is woken at this many bytes.
const WAKE: usize = 64 * 1024;
/// A buffer that grew past this shrinks once it is idle.
const KEEP: usize = 1024 * 1024;

/// How the flusher waits; producers wake it as seldom as they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// At work, or woken already.
    Busy,
    /// Will look again soon by itself: wake for much or urgent work.
    Linger,
    /// Sleeps until woken.
    Idle,
}

#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) buf: Vec<u8>,
    /// Lines ever taken in, and those the flusher is done with.
    pub(crate) pushed: u64,
    pub(crate) done: u64,
    pub(crate) wait: Wait,
    pub(crate) urgent: bool,
    pub(crate) reopen: bool,
    pub(crate) closing: bool,
    /// Producers waiting for room.
    blocked: u32,
    /// Callers of `flush` waiting.
    flushing: u32,
    pub(crate) counts: Counts,
    /// Lost lines that the log has not been told of: full, timed out.
    pub(crate) unsaid: [u64; 2],
    /// Set when the flusher has ended: lines are written by whoever logs them.
    pub(crate) closed: bool,
    handover: Handover,
}

/// How often whoever logs an ERROR waits until it is written, so that a process that ends at once has
/// said why; and no longer than a healthy output needs. A storm of them is not held up.
#[derive(Debug)]
struct Handover {
    /// Waits that may be had at once.
    left: f64,
    counted: Instant,
    /// The output did not write in time, and has not caught up since.
    slow: bool,
}

/// Waits at once, and a second.
const HANDOVERS: f64 = 200.0;
/// How long such a wait may be.
const HANDED: Duration = Duration::from_millis(50);

impl Handover {
    fn allow(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.counted).as_secs_f64();
        self.left = (self.left + passed * HANDOVERS).min(HANDOVERS);
        self.counted = now;
        if self.slow || self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

/// Shared by producers, flusher and handle.
#[derive(Debug)]
pub(crate) struct Shared {
    front: Mutex<Front>,
    work: Condvar,
    room: Condvar,
    flushed: Condvar,
    capacity: usize,
    overflow: Overflow,
    pub(crate) linger: Duration,
    /// The outputs, once the flusher has left them behind.
    pub(crate) outputs: Mutex<Option<Outputs>>,
    /// Counted by the file, if there is one.
    pub(crate) file: Arc<FileFigures>,
}

/// What the flusher took.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) lines: u64,
    pub(crate) reopen: bool,
    pub(crate) closing: bool,
    pub(crate) unsaid: [u64; 2],
}

impl Shared {
    pub(crate) fn new(capacity: usize, overflow: Overflow, linger: Duration) -> Shared {
        Shared {
            front: Mutex::new(Front {
                buf: Vec::with_capacity(WAKE.min(capacity) + 1024),
                pushed: 0,
                done: 0,
                wait: Wait::Busy,
                urgent: false,
                reopen: false,
                closing: false,
                blocked: 0,
                flushing: 0,
                counts: Counts::default(),
                unsaid: [0; 2],
                closed: false,
                handover: Handover {
                    left: HANDOVERS,
                    counted: clock::instant(),
                    slow: false,
                },
            }),
            work: Condvar::new(),
            room: Condvar::new(),
            flushed: Condvar::new(),
            capacity,
            overflow,
            linger,
            outputs: Mutex::new(None),
            file: Arc::default(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Front> {
        self.front.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(crate) fn push(&self, level: Level, line: &[u8]) {
        let mut front = self.lock();
        front.counts.events[level_index(level)] += 1;
        // A line longer than the whole buffer passes when the buffer is empty.
        if front.buf.len() + line.len() > self.capacity && !front.buf.is_empty() || front.closed {
            return self.push_slow(front, line);
        }
        self.append(front, line, level == Level::ERROR);
    }

    #[inline(always)]
    fn append(&self, mut front: MutexGuard<'_, Front>, line: &[u8], urgent: bool) {
        front.buf.extend_from_slice(line);
        front.pushed += 1;
        front.urgent |= urgent;
        let wake = match front.wait {
            Wait::Busy => false,
            Wait::Linger => urgent || front.buf.len() >= WAKE,
            Wait::Idle => true,
        };
        if wake {
            front.wait = Wait::Busy;
            drop(front);
            self.work.notify_one();
        }
    }

    #[cold]
    fn push_slow(&self, mut front: MutexGuard<'_, Front>, line: &[u8]) {
        let started = clock::instant();
        let full = |front: &Front| {
            !front.closed && front.buf.len() + line.len() > self.capacity && !front.buf.is_empty()
        };
        while full(&front) {
            let patience = match self.overflow {
                Overflow::DropNewest => return lose(front, Loss::QueueFull),
                Overflow::Block => Duration::from_secs(1),
                Overflow::BlockTimeout(limit) => match limit.checked_sub(started.elapsed()) {
                    Some(left) if !left.is_zero() => left,
                    _ => return lose(front, Loss::Timeout),
                },
            };
            // The flusher must know that somebody waits.
            front.urgent = true;
            front.blocked += 1;
            front.wait = Wait::Busy;
            self.work.notify_one();
            front = self
                .room
                .wait_timeout(front, patience)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            front.blocked -= 1;
        }
        if !front.closed {
            return self.append(front, line, true);
        }
        // Late lines, after the guard is gone: written by whoever logs them.
        front.pushed += 1;
        drop(front);
        let mut outputs = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outputs) = outputs.as_mut() {
            let lost = outputs.write(line, 1, clock::instant());
            let mut front = self.lock();
            front.done += 1;
            lost.add_to(&mut front.counts);
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.lock().counts
    }

    pub(crate) fn request_reopen(&self) {
        let mut front = self.lock();
        if front.closed {
            drop(front);
            let mut outputs = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(outputs) = outputs.as_mut() {
                outputs.reopen(clock::instant());
            }
            return;
        }
        front.reopen = true;
        self.wake(front);
    }

    pub(crate) fn request_close(&self) {
        let mut front = self.lock();
        front.closing = true;
        self.wake(front);
    }

    /// Says whether lines are written by whoever logs them; gives whether that is a change.
    pub(crate) fn set_closed(&self, closed: bool) -> bool {
        let mut front = self.lock();
        front.closing = closed;
        std::mem::replace(&mut front.closed, closed) != closed
    }

    /// Leaves the outputs for whoever writes next.
    pub(crate) fn park(&self, outputs: Outputs) {
        *self.parked() = Some(outputs);
    }

    /// Takes them.
    pub(crate) fn unpark(&self) -> Option<Outputs> {
        self.parked().take()
    }

    fn parked(&self) -> MutexGuard<'_, Option<Outputs>> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, mut front: MutexGuard<'_, Front>) {
        front.urgent = true;
        front.wait = Wait::Busy;
        drop(front);
        self.work.notify_one();
    }

    /// Waits until what was pushed before the call is written.
    pub(crate) fn flush(&self, deadline: Instant) -> bool {
        let front = self.lock();
        self.wait_written(front, deadline)
    }

    /// Waits until an ERROR that was just pushed is written, within bounds.
    pub(crate) fn hand_over(&self) {
        let mut front = self.lock();
        let now = clock::instant();
        if front.closed || !front.handover.allow(now) {
            return;
        }
        if !self.wait_written(front, now + HANDED) {
            self.lock().handover.slow = true;
        }
    }

    fn wait_written(&self, mut front: MutexGuard<'_, Front>, deadline: Instant) -> bool {
        let target = front.pushed;
        front.flushing += 1;
        front.urgent = true;
        front.wait = Wait::Busy;
        self.work.notify_one();
        let mut reached = true;
        while front.done < target && !front.closed {
            let left = deadline.saturating_duration_since(clock::instant());
            if left.is_zero() {
                reached = false;
                break;
            }
            front = self
                .flushed
                .wait_timeout(front, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        front.flushing -= 1;
        reached
    }

    /// Waits until the flusher has ended; gives the number of lines still waiting when time ran out.
    pub(crate) fn wait_closed(&self, deadline: Instant) -> u64 {
        let mut front = self.lock();
        while !front.closed {
            let left = deadline.saturating_duration_since(clock::instant());
            if left.is_zero() {
                return front.pushed - front.done;
            }
            front = self
                .flushed
                .wait_timeout(front, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        0
    }

    /// The flusher's side: waits for work, then swaps the full buffer for the empty one.
    pub(crate) fn take(&self, back: &mut Vec<u8>) -> Taken {
        /// Looks at an empty buffer this often before going to sleep.
        const QUIET_LOOKS: u32 = 20;
        let was_idle = back.len() < WAKE;
        back.clear();
        if was_idle && back.capacity() > KEEP {
            // Before the lock is taken: nobody waits for it.
            back.shrink_to(WAKE);
        }
        let mut quiet = 0;
        let mut front = self.lock();
        loop {
            if front.urgent || front.buf.len() >= WAKE {
                break;
            }
            if front.buf.is_empty() && quiet >= QUIET_LOOKS {
                front.wait = Wait::Idle;
                front = self
                    .work
                    .wait(front)
                    .unwrap_or_else(PoisonError::into_inner);
                quiet = 0;
                continue;
            }
            front.wait = Wait::Linger;
            let (woken, timeout) = self
                .work
                .wait_timeout(front, self.linger)
                .unwrap_or_else(PoisonError::into_inner);
            front = woken;
            if timeout.timed_out() {
                if !front.buf.is_empty() {
                    break;
                }
                quiet += 1;
            }
        }
        front.wait = Wait::Busy;
        front.urgent = false;
        std::mem::swap(&mut front.buf, back);
        let taken = Taken {
            lines: front.pushed - front.done,
            reopen: std::mem::take(&mut front.reopen),
            closing: front.closing,
            unsaid: std::mem::take(&mut front.unsaid),
        };
        let blocked = front.blocked > 0;
        drop(front);
        if blocked {
            self.room.notify_all();
        }
        taken
    }

    /// The flusher's side: so many lines are dealt with.
    pub(crate) fn finish(&self, lines: u64, lost: &super::flusher::Lost) {
        let mut front = self.lock();
        front.done += lines;
        front.handover.slow &= front.done < front.pushed;
        lost.add_to(&mut front.counts);
        if front.flushing > 0 {
            drop(front);
            self.flushed.notify_all();
        }
    }

    /// The flusher's last act; gives false when lines came in meanwhile.
    pub(crate) fn close(&self) -> bool {
        let mut front = self.lock();
        if !front.buf.is_empty() {
            return false;
        }
        front.closed = true;
        drop(front);
        self.room.notify_all();
        self.flushed.notify_all();
        true
    }
}

fn lose(mut front: MutexGuard<'_, Front>, loss: Loss) {
    front.counts.lost[loss as usize] += 1;
    let slot = usize::from(loss == Loss::Timeout);
    front.unsaid[slot] += 1;
}

#[cfg(test)]
mod tests {
    use super::super::flusher::Lost;
    use super::*;

    const LINGER: Duration = Duration::from_millis(5);

    fn shared(capacity: usize, overflow: Overflow) -> Shared {
        Shared::new(capacity, overflow, LINGER)
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let shared = shared(10, Overflow::DropNewest);
        for line in ["aaaa\n", "bbbb\n", "cccc\n"] {
            shared.push(Level::INFO, line.as_bytes());
        }
        let mut back = Vec::new();
        let taken = shared.take(&mut back);
        assert_eq!(back, b"aaaa\nbbbb\n");
        assert_eq!((taken.lines, taken.unsaid), (2, [1, 0]));
        let counts = shared.counts();
        assert_eq!(counts.lost[Loss::QueueFull as usize], 1);
        assert_eq!(counts.events[level_index(Level::INFO)], 3);
    }

    #[test]
    fn a_line_longer_than_the_buffer_passes_alone() {
        let shared = shared(4, Overflow::DropNewest);
        shared.push(Level::INFO, b"longer than four\n");
        let mut back = Vec::new();
        assert_eq!(shared.take(&mut back).lines, 1);
    }

    #[test]
    fn a_buffer_that_grew_shrinks_once_it_is_idle() {
        let shared = shared(2 * KEEP, Overflow::DropNewest);
        let line = [b'x'; 1024];
        let mut back = Vec::new();
        for _ in 0..2 {
            for _ in 0..=KEEP / line.len() {
                shared.push(Level::INFO, &line);
            }
            shared.take(&mut back);
        }
        let grown = |back: &Vec<u8>| back.capacity() > KEEP;
        assert!(grown(&back) && grown(&shared.lock().buf));
        for _ in 0..3 {
            shared.push(Level::ERROR, b"quiet\n");
            shared.take(&mut back);
        }
        assert!(!grown(&back) && !grown(&shared.lock().buf));
    }

    #[test]
    fn a_blocked_producer_goes_on_when_there_is_room() {
        let shared = shared(10, Overflow::Block);
        let mut got = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for i in 0..1_000 {
                    shared.push(Level::INFO, format!("{i:04}\n").as_bytes());
                }
            });
            let mut back = Vec::new();
            while got.len() < 5_000 {
                let taken = shared.take(&mut back);
                got.extend_from_slice(&back);
                shared.finish(taken.lines, &Lost::default());
            }
        });
        let want: String = (0..1_000).map(|i| format!("{i:04}\n")).collect();
        assert_eq!(String::from_utf8(got).unwrap(), want);
        assert_eq!(shared.counts().lost, Counts::default().lost);
    }

    #[test]
    fn patience_ends() {
        let shared = shared(5, Overflow::BlockTimeout(Duration::from_millis(20)));
        shared.push(Level::INFO, b"aaaa\n");
        shared.push(Level::INFO, b"bbbb\n");
        assert_eq!(shared.counts().lost[Loss::Timeout as usize], 1);
    }

    #[test]
    fn a_storm_of_errors_and_an_output_that_hangs_hold_nobody_up() {
        let shared = shared(1 << 20, Overflow::DropNewest);
        let started = clock::instant();
        // Nobody writes: the first waits, the others know better.
        for _ in 0..1_000 {
            shared.push(Level::ERROR, b"a\n");
            shared.hand_over();
        }
        assert!(started.elapsed() < HANDED * 10);
        let mut back = Vec::new();
        let taken = shared.take(&mut back);
        shared.finish(taken.lines, &Lost::default());
        assert!(!shared.lock().handover.slow, "it has caught up");
        let mut storm = Handover {
            left: HANDOVERS,
            counted: started,
            slow: false,
        };
        let allowed = (0..10_000).filter(|_| storm.allow(started)).count();
        assert_eq!(allowed, HANDOVERS as usize);
        assert!(storm.allow(started + Duration::from_secs(1)));
    }

    #[test]
    fn flush_waits_for_what_was_pushed_and_no_longer_than_told() {
        let shared = shared(100, Overflow::DropNewest);
        assert!(shared.flush(clock::instant()), "nothing to wait for");
        shared.push(Level::INFO, b"a\n");
        assert!(!shared.flush(clock::instant() + LINGER), "nobody writes");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut back = Vec::new();
                let taken = shared.take(&mut back);
                shared.finish(taken.lines, &Lost::default());
            });
            assert!(shared.flush(clock::instant() + Duration::from_secs(30)));
        });
    }
}
