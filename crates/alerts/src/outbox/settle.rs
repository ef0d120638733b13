//! What an attempt brought about, or that none was made.

use std::sync::Arc;

use ulid::Ulid;

use super::{ChannelNews, Outbox, RowState, Settled, Whom};
use crate::channel::Outcome;
use crate::clock::Tick;

impl Outbox {
    /// Applies an outcome. A delivered or dead row is still there: the caller takes what it needs and
    /// removes it. None: the row is gone or not under way.
    pub(crate) fn settle(
        &mut self,
        tick: Tick,
        id: Ulid,
        outcome: Outcome,
        unit: f64,
    ) -> Option<(Settled, ChannelNews)> {
        let row = self.rows.get_mut(&id)?;
        let RowState::InFlight { lease } = row.state else {
            return None;
        };
        let (channel, target) = row.place();
        let critical = row.critical();
        let queue = &mut self.queues[channel];
        let whom = if queue.has_several() {
            Whom::Target(target)
        } else {
            Whom::Channel
        };
        let retry = &self.config.retry;
        let mut news = ChannelNews::Nothing;
        let settled = match outcome {
            Outcome::Delivered { note } => {
                if queue.works(target) {
                    news = ChannelNews::Recovered;
                }
                Settled::Delivered { note }
            }
            Outcome::Transient {
                reason,
                retry_after,
                maybe_delivered,
            } => {
                let mut next = tick.after(retry.wait(row.attempt, unit));
                // Of the channel as a whole it says that it is not mended yet, no more.
                if queue.breaker.is_probing() {
                    queue.breaker.failure(tick);
                }
                let it = queue.target(target);
                if let Some(wait) = retry_after {
                    // The far side is alive and says when to come back.
                    it.breaker.neutral(tick);
                    let until = tick.after(wait.min(retry.longest_pause));
                    it.pause(until);
                    next = next.max(until);
                } else if it.breaker.failure(tick) {
                    news = ChannelNews::Failing(whom);
                }
                if maybe_delivered {
                    row.doubts += 1;
                    row.doubted = Some(tick);
                }
                let reason = if maybe_delivered {
                    format!("{reason} (it may have arrived)")
                } else {
                    reason
                };
                if maybe_delivered && !queue.tells_repeats && row.doubts > retry.doubtful_repeats {
                    // Once more would be once more for people to read, again and again.
                    Settled::Dead {
                        reason: format!("not repeated any more: {reason}"),
                    }
                } else if tick >= row.deadline {
                    Settled::Dead {
                        reason: format!("deadline passed, last failure: {reason}"),
                    }
                } else {
                    // The last attempt is made at the deadline, not skipped because of it.
                    Settled::Retry {
                        next: next.min(row.deadline),
                        reason,
                    }
                }
            }
            Outcome::ChannelBroken { reason } => {
                queue.target(target).breaker.neutral(tick);
                if queue.breaker.broken(tick) {
                    news = ChannelNews::Broken(Whom::Channel);
                }
                broken(tick, row.deadline, reason, "channel")
            }
            Outcome::TargetBroken { reason } => {
                // It answered for itself: the way to the others is open.
                queue.breaker.success();
                if queue.target(target).breaker.broken(tick) {
                    news = ChannelNews::Broken(whom);
                }
                broken(tick, row.deadline, reason, "target")
            }
            Outcome::Permanent { reason } => {
                // The far side answered, so the channel itself works.
                if queue.works(target) {
                    news = ChannelNews::Recovered;
                }
                Settled::Dead { reason }
            }
            Outcome::Degrade { reason, .. } => {
                queue.neutral(target, tick);
                match row.message.as_ref().and_then(|message| message.degraded()) {
                    Some(message) if !row.degraded => {
                        row.degraded = true;
                        row.message = Some(Arc::new(message));
                        Settled::Retry { next: tick, reason }
                    }
                    _ => Settled::Dead { reason },
                }
            }
            Outcome::Unsupported => {
                queue.neutral(target, tick);
                Settled::Dead {
                    reason: "the channel cannot do this".to_owned(),
                }
            }
        };
        if let Settled::Retry { next, .. } = settled {
            queue.end(target, critical);
            self.leases.remove(&(lease, id));
            row.state = RowState::Waiting;
            row.next = next;
            queue.push(target, critical, next, id);
            self.deadlines.insert((row.deadline, id));
        }
        Some((settled, news))
    }

    /// Puts an attempt back that was not made, to be tried at `next`.
    pub(crate) fn put_back(&mut self, id: Ulid, tick: Tick, next: Tick) {
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        let RowState::InFlight { lease } = row.state else {
            return;
        };
        let (channel, target) = row.place();
        let queue = &mut self.queues[channel];
        queue.unused(target, tick);
        if queue.is_shut(target) {
            // Behind a breaker whatever comes first would be tried at once.
            queue.target(target).pause(next);
        }
        queue.end(target, row.critical());
        self.leases.remove(&(lease, id));
        row.state = RowState::Waiting;
        row.next = next;
        queue.push(target, row.critical(), next, id);
        self.deadlines.insert((row.deadline, id));
    }
}

/// Kept until it is mended, or until the deadline.
fn broken(tick: Tick, deadline: Tick, reason: String, what: &str) -> Settled {
    if tick >= deadline {
        Settled::Dead {
            reason: format!("deadline passed, the {what} is broken: {reason}"),
        }
    } else {
        Settled::Retry { next: tick, reason }
    }
}
