//! What is on its way, and whose turn it is: pure, with the moment given by the caller.
//!
//! A row is one delivery. It waits, is claimed for one attempt under a lease, and is settled by the
//! outcome. Each channel has its own token bucket, each target its own breaker and pause, and two
//! lanes, so that a CRITICAL alert never queues behind others. What is said of one key to one target
//! goes out in the order in which it was accepted: [`line`].

mod backoff;
mod breaker;
mod bucket;
mod lane;
mod line;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use ulid::Ulid;

pub use backoff::RetryConfig;
pub use breaker::BreakerConfig;
pub(crate) use lane::{ChannelQueue, Lanes};
use line::Lines;

use crate::AlertLevel;
use crate::channel::{AlertStatus, Outcome, Rendered};
use crate::clock::Tick;
use crate::store::{Accepted, Gathered};

/// How much may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutboxConfig {
    /// Deliveries. Default: 100,000.
    pub(crate) max_rows: usize,
    /// Bytes of their alerts, about. Default: 64 MiB.
    pub(crate) max_bytes: usize,
    /// Attempts under way at once on a channel, below CRITICAL. Default: 4.
    pub(crate) concurrency: usize,
    /// CRITICAL attempts under way at once on a channel. Default: 4.
    pub(crate) critical_concurrency: usize,
    /// Waiting deliveries to a target above which those below CRITICAL become one digest.
    /// Default: 20.
    pub(crate) storm: usize,
    /// Timing of attempts.
    pub(crate) retry: RetryConfig,
    /// When a failing channel is left alone.
    pub(crate) breaker: BreakerConfig,
}

impl Default for OutboxConfig {
    fn default() -> Self {
        Self {
            max_rows: 100_000,
            max_bytes: 64 << 20,
            concurrency: 4,
            critical_concurrency: 4,
            storm: 20,
            retry: RetryConfig::default(),
            breaker: BreakerConfig::default(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowState {
    /// Not durable yet; not to be claimed.
    Accepting,
    Waiting,
    /// Something that was accepted before it has to go out first.
    Behind,
    /// Under way; taken back when the lease runs out.
    InFlight {
        lease: Tick,
    },
}

/// One delivery on its way.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) accepted: Arc<Accepted>,
    pub(crate) channel: u8,
    pub(crate) target: u16,
    pub(crate) attempt: u32,
    pub(crate) next: Tick,
    pub(crate) deadline: Tick,
    pub(crate) suppressed: u64,
    pub(crate) cooldown: Duration,
    pub(crate) state: RowState,
    pub(crate) message: Option<Arc<Rendered>>,
    pub(crate) degraded: bool,
    /// Attempts after which it may have arrived all the same.
    pub(crate) doubts: u32,
    /// The last run ended in the middle of an attempt.
    pub(crate) begun: bool,
    /// Being gathered (not rendered yet) or told: a digest.
    pub(crate) digest: Option<Box<Gathered>>,
    /// Sent on the way around a failing channel, or by an escalation: never gathered.
    pub(crate) detour: bool,
    /// How much it matters that it arrives: the alert's level, and for the end of something at least
    /// the level that was told.
    pub(crate) urgency: AlertLevel,
    /// What has to be out of the way first.
    pub(crate) behind: Option<Ulid>,
    /// The level that its readers were told to fire before it, if any.
    pub(crate) told: Option<AlertLevel>,
    /// The policy's name for the decision.
    pub(crate) ticket: u32,
    pub(crate) accepted_tick: Tick,
    pub(crate) bytes: usize,
}

impl Row {
    pub(crate) fn level(&self) -> AlertLevel {
        self.accepted.alert.level
    }

    /// It says that the alert is milder than its readers believe.
    pub(crate) fn falls(&self) -> bool {
        self.accepted.status == AlertStatus::Firing
            && self.told.is_some_and(|told| told > self.level())
    }

    fn critical(&self) -> bool {
        self.urgency == AlertLevel::Critical && self.digest.is_none()
    }

    fn place(&self) -> (usize, usize) {
        (usize::from(self.channel), usize::from(self.target))
    }
}

/// One attempt to make.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) id: Ulid,
    pub(crate) channel: usize,
}

/// What became of a row by an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled {
    Delivered { note: Option<String> },
    Retry { next: Tick, reason: String },
    Dead { reason: String },
}

/// What an outcome told of the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChannelNews {
    Nothing,
    Failing(Whom),
    Broken(Whom),
    Recovered,
}

/// Whom something is known of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    /// The whole channel.
    Channel,
    /// One of several targets.
    Target(usize),
}

#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) config: OutboxConfig,
    rows: HashMap<Ulid, Row>,
    pub(crate) queues: Vec<ChannelQueue>,
    /// Of the rows that wait: what is under way ends by its outcome or its lease.
    deadlines: BTreeSet<(Tick, Ulid)>,
    leases: BTreeSet<(Tick, Ulid)>,
    /// Rows that may be given up to make room: INFO, WARNING.
    evictable: [BTreeSet<Ulid>; 2],
    /// Acceptance, for the age of the oldest.
    ages: BTreeSet<(Tick, Ulid)>,
    lines: Lines,
    bytes: usize,
}

/// How long after the end of an attempt's time its lease lasts.
const LEASE_GRACE: Duration = Duration::from_secs(30);

/// Rows that are given up at once: whoever sends an alert waits for them.
const OVERDUE: usize = 256;

impl Outbox {
    pub(crate) fn new(config: OutboxConfig, queues: Vec<ChannelQueue>) -> Self {
        Self {
            config,
            rows: HashMap::new(),
            queues,
            deadlines: BTreeSet::new(),
            leases: BTreeSet::new(),
            evictable: [BTreeSet::new(), BTreeSet::new()],
            ages: BTreeSet::new(),
            lines: Lines::default(),
            bytes: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn oldest(&self, tick: Tick) -> Option<Duration> {
        self.ages.first().map(|(at, _)| tick.since(*at))
    }

    pub(crate) fn get(&self, id: Ulid) -> Option<&Row> {
        self.rows.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: Ulid) -> Option<&mut Row> {
        self.rows.get_mut(&id)
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (Ulid, &Row)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    /// The rows to give up so that `rows` more of `bytes` in all find room; none when even that is
    /// not enough.
    pub(crate) fn make_room(
        &self,
        rows: usize,
        bytes: usize,
        level: AlertLevel,
    ) -> Option<Vec<Ulid>> {
        let mut victims = Vec::new();
        let (mut have_rows, mut have_bytes) = (self.rows.len() + rows, self.bytes + bytes);
        let fits = |rows: usize, bytes: usize| {
            rows <= self.config.max_rows && bytes <= self.config.max_bytes
        };
        for (index, set) in self.evictable.iter().enumerate() {
            // Nothing gives way to something milder.
            if AlertLevel::from_index(index) > level {
                break;
            }
            for &id in set {
                if fits(have_rows, have_bytes) {
                    return Some(victims);
                }
                let Some(row) = self.rows.get(&id) else {
                    continue;
                };
                if row.state == RowState::Waiting {
                    have_rows -= 1;
                    have_bytes = have_bytes.saturating_sub(row.bytes);
                    victims.push(id);
                }
            }
        }
        fits(have_rows, have_bytes).then_some(victims)
    }

    pub(crate) fn insert(&mut self, id: Ulid, mut row: Row) {
        let before = self.lines.join(id, &row);
        row.behind = before
            .or(row.behind)
            .filter(|it| self.rows.contains_key(it));
        if let Some(before) = row.behind {
            self.lines.follow(before, id);
            if row.state == RowState::Waiting {
                row.state = RowState::Behind;
            }
        }
        self.bytes += row.bytes;
        self.ages.insert((row.accepted_tick, id));
        if row.digest.is_none()
            && let Some(set) = self.evictable.get_mut(row.urgency.index())
        {
            set.insert(id);
        }
        let (channel, target) = row.place();
        let queue = &mut self.queues[channel];
        queue.pending += 1;
        queue.target(target).pending_normal += usize::from(!row.critical());
        if row.state == RowState::Waiting {
            queue.push(target, row.critical(), row.next, id);
            self.deadlines.insert((row.deadline, id));
        }
        self.rows.insert(id, row);
    }

    /// The row is durable: it may be claimed.
    pub(crate) fn confirm(&mut self, id: Ulid) {
        if let Some(row) = self.rows.get_mut(&id)
            && row.state == RowState::Accepting
        {
            if row.behind.is_some() {
                row.state = RowState::Behind;
            } else {
                self.release(id);
            }
        }
    }

    /// Nothing stands before the row any more.
    fn release(&mut self, id: Ulid) {
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        row.state = RowState::Waiting;
        let (channel, target) = row.place();
        self.queues[channel].push(target, row.critical(), row.next, id);
        self.deadlines.insert((row.deadline, id));
    }

    pub(crate) fn remove(&mut self, id: Ulid) -> Option<Row> {
        self.remove_into(id, None)
    }

    /// Removes a row that another, such as a digest, tells: what waits for the row waits for that.
    pub(crate) fn remove_into(&mut self, id: Ulid, heir: Option<Ulid>) -> Option<Row> {
        let row = self.rows.remove(&id)?;
        self.bytes = self.bytes.saturating_sub(row.bytes);
        self.deadlines.remove(&(row.deadline, id));
        self.ages.remove(&(row.accepted_tick, id));
        if let Some(set) = self.evictable.get_mut(row.urgency.index()) {
            set.remove(&id);
        }
        let (channel, target) = row.place();
        let queue = &mut self.queues[channel];
        queue.pending -= 1;
        let crowd = &mut queue.target(target).pending_normal;
        *crowd -= usize::from(!row.critical());
        match row.state {
            RowState::Accepting | RowState::Behind => {}
            RowState::Waiting => queue.pull(target, row.critical(), row.next, id),
            RowState::InFlight { lease } => {
                queue.end(target, row.critical());
                self.leases.remove(&(lease, id));
            }
        }
        let before = heir.or(row.behind).filter(|it| self.rows.contains_key(it));
        for follower in self.lines.leave(id, &row, before) {
            let Some(next) = self.rows.get_mut(&follower) else {
                continue;
            };
            next.behind = before;
            if before.is_none() && next.state == RowState::Behind {
                self.release(follower);
            }
        }
        Some(row)
    }

    /// The rows that say something milder of the same key to the same target, and have not been begun:
    /// what is worse tells all that matters of them.
    pub(crate) fn milder(
        &self,
        (channel, target): (usize, usize),
        key: &Arc<str>,
        level: AlertLevel,
    ) -> Vec<Ulid> {
        let mut found = Vec::new();
        let mut at = self.lines.tail(channel, target, key);
        while let Some((id, row)) = at.and_then(|id| Some((id, self.rows.get(&id)?))) {
            if matches!(row.state, RowState::Waiting | RowState::Behind)
                && row.urgency < level
                && row.digest.is_none()
            {
                found.push(id);
            }
            at = row.behind;
        }
        found
    }

    /// Whether something worse of the same key waits behind the row.
    pub(crate) fn has_worse_behind(&self, id: Ulid) -> bool {
        let Some(row) = self.rows.get(&id) else {
            return false;
        };
        let (channel, target) = row.place();
        let tail = self.lines.tail(channel, target, &row.accepted.key);
        let tail = tail.filter(|tail| *tail != id).and_then(|id| self.get(id));
        tail.is_some_and(|tail| {
            tail.urgency > row.urgency && tail.accepted.status == AlertStatus::Firing
        })
    }

    /// The last of what is said of a key to a target.
    pub(crate) fn tail(&self, (channel, target): (usize, usize), key: &Arc<str>) -> Option<Ulid> {
        self.lines.tail(channel, target, key)
    }

    /// A digest for the target that gathers no more, has not arrived, and tells, or may tell, of the
    /// key. One that gathers still hears of whatever is said of its keys: nothing waits for it.
    pub(crate) fn digest_with(&self, (channel, target): (usize, usize), key: &str) -> Option<Ulid> {
        let digests = self.lines.digests(channel, target);
        digests.iter().rev().copied().find(|id| {
            self.rows.get(id).is_some_and(|row| {
                let closed =
                    row.message.is_some() || matches!(row.state, RowState::InFlight { .. });
                // One from the last run is bytes already: nobody knows any more what is in it.
                closed && row.digest.as_ref().is_none_or(|told| told.may_tell(key))
            })
        })
    }

    /// What has to be out of the way before a digest that was just claimed for the first time: what
    /// was said before of one of its keys.
    pub(crate) fn before_digest(&self, id: Ulid) -> Option<Ulid> {
        let row = self.rows.get(&id).filter(|row| row.message.is_none())?;
        let (place, digest) = (row.place(), row.digest.as_ref()?);
        let others = self.lines.digests(place.0, place.1);
        digest.keys().find_map(|key| {
            let other = others.iter().copied().find(|other| {
                let closed = self.rows.get(other).filter(|row| row.message.is_some());
                let tells = closed
                    .is_some_and(|row| row.digest.as_ref().is_none_or(|told| told.may_tell(key)));
                *other != id && tells
            });
            other.or_else(|| {
                self.tail(place, key)
                    .filter(|tail| !self.waits_for(*tail, id))
            })
        })
    }

    fn waits_for(&self, id: Ulid, wanted: Ulid) -> bool {
        let behind = |id: &Ulid| self.rows.get(id).and_then(|row| row.behind);
        std::iter::successors(Some(id), behind).any(|id| id == wanted)
    }

    /// The last digest for the target that has not arrived, in any state.
    pub(crate) fn last_digest(&self, (channel, target): (usize, usize)) -> Option<Ulid> {
        self.lines.digests(channel, target).last().copied()
    }

    /// The end of a key that waits for a row.
    pub(crate) fn end_behind(&self, id: Ulid, key: &str) -> Option<Ulid> {
        let followers = self.lines.followers(id).iter().copied();
        followers.into_iter().find(|follower| {
            self.rows.get(follower).is_some_and(|row| {
                *row.accepted.key == *key && row.accepted.status == AlertStatus::Resolved
            })
        })
    }

    /// What is said of the same key and waits for a row, unless it was accepted to be said apart.
    pub(crate) fn same_behind(&self, id: Ulid) -> Option<Ulid> {
        let key = &self.rows.get(&id)?.accepted.key;
        let followers = self.lines.followers(id).iter().copied();
        followers.into_iter().find(|follower| {
            let row = self.rows.get(follower);
            row.is_some_and(|row| row.accepted.key == *key && !row.detour && row.digest.is_none())
        })
    }

    /// Takes a claim back until another row is out of the way.
    pub(crate) fn defer(&mut self, id: Ulid, tick: Tick, before: Ulid) {
        self.put_back(id, tick, tick);
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        row.attempt = row.attempt.saturating_sub(1);
        row.state = RowState::Behind;
        row.behind = Some(before);
        let (channel, target) = row.place();
        self.queues[channel].pull(target, row.critical(), row.next, id);
        self.deadlines.remove(&(row.deadline, id));
        self.lines.follow(before, id);
    }

    /// The attempts that may begin now.
    pub(crate) fn due(&mut self, tick: Tick) -> Vec<Claim> {
        let mut claims = Vec::new();
        let lease = tick.after(self.config.retry.attempt.saturating_add(LEASE_GRACE));
        let most = self.most();
        for channel in 0..self.queues.len() {
            while let Some(id) = self.queues[channel].claim(tick, most) {
                if let Some(row) = self.rows.get_mut(&id) {
                    row.state = RowState::InFlight { lease };
                    row.attempt = row.attempt.saturating_add(1);
                    self.deadlines.remove(&(row.deadline, id));
                    self.leases.insert((lease, id));
                    claims.push(Claim { id, channel });
                }
            }
        }
        claims
    }

    const fn most(&self) -> Lanes<usize> {
        Lanes {
            normal: self.config.concurrency,
            critical: self.config.critical_concurrency,
        }
    }

    /// When something changes by itself next.
    pub(crate) fn next_wake(&self, tick: Tick) -> Tick {
        let queues = self
            .queues
            .iter()
            .map(|queue| queue.next_wake(tick, self.most()))
            .min()
            .unwrap_or(Tick::NEVER);
        let deadline = self.deadlines.first().map_or(Tick::NEVER, |(at, _)| *at);
        let lease = self.leases.first().map_or(Tick::NEVER, |(at, _)| *at);
        queues.min(deadline).min(lease)
    }

    /// Takes back the attempts that nobody will report on.
    pub(crate) fn expired_leases(&mut self, tick: Tick) -> Vec<Ulid> {
        self.leases
            .iter()
            .take_while(|(at, _)| *at <= tick)
            .map(|(_, id)| *id)
            .collect()
    }

    /// Waiting rows past their deadline, some of them: the rest is there at the next wake, at once.
    pub(crate) fn overdue(&self, tick: Tick) -> Vec<Ulid> {
        self.deadlines
            .iter()
            .take_while(|(at, _)| *at <= tick)
            .take(OVERDUE)
            .map(|(_, id)| *id)
            .collect()
    }

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
                row.doubts += u32::from(maybe_delivered);
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
