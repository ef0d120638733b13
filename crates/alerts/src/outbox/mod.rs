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
mod order;
mod row;
mod settle;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use ulid::Ulid;

pub use backoff::RetryConfig;
pub use breaker::BreakerConfig;
pub(crate) use lane::{ChannelQueue, Lanes};
use line::Lines;
pub(crate) use row::{ChannelNews, Claim, Row, RowState, Settled, Whom};

use crate::AlertLevel;
use crate::clock::Tick;

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
}
