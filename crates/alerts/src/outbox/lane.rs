//! The queue of one channel: two lanes behind one gate.

use std::collections::BTreeSet;

use ulid::Ulid;

use super::breaker::{Breaker, BreakerConfig, Gate};
use super::bucket::Bucket;
use crate::channel::Limits;
use crate::clock::Tick;

#[derive(Debug)]
pub(crate) struct ChannelQueue {
    critical: BTreeSet<(Tick, Ulid)>,
    normal: BTreeSet<(Tick, Ulid)>,
    critical_running: usize,
    normal_running: usize,
    bucket: Bucket,
    /// When the bucket has its next token, if it was found empty.
    empty_until: Tick,
    pub(crate) breaker: Breaker,
    paused_until: Tick,
    /// Rows of this channel, in any state.
    pub(crate) pending: usize,
    /// Those of them below CRITICAL.
    pub(crate) pending_normal: usize,
    targets: usize,
    /// Whether the far side tells repeats by their id: then they do no harm.
    pub(crate) tells_repeats: bool,
}

impl ChannelQueue {
    pub(crate) fn new(limits: Limits, targets: usize, breaker: BreakerConfig, tick: Tick) -> Self {
        Self {
            tells_repeats: false,
            critical: BTreeSet::new(),
            normal: BTreeSet::new(),
            critical_running: 0,
            normal_running: 0,
            bucket: Bucket::new(limits, tick),
            empty_until: tick,
            breaker: Breaker::new(breaker),
            paused_until: tick,
            pending: 0,
            pending_normal: 0,
            targets: targets.max(1),
        }
    }

    /// Rows below CRITICAL for each target, in any state.
    pub(crate) const fn crowd(&self) -> usize {
        self.pending_normal / self.targets
    }

    /// The waiting rows below CRITICAL, the next first.
    pub(crate) fn normal_ids(&self) -> impl Iterator<Item = Ulid> {
        self.normal.iter().map(|(_, id)| *id)
    }

    pub(crate) fn push(&mut self, critical: bool, next: Tick, id: Ulid) {
        self.lane(critical).insert((next, id));
    }

    pub(crate) fn pull(&mut self, critical: bool, next: Tick, id: Ulid) {
        self.lane(critical).remove(&(next, id));
    }

    fn lane(&mut self, critical: bool) -> &mut BTreeSet<(Tick, Ulid)> {
        if critical {
            &mut self.critical
        } else {
            &mut self.normal
        }
    }

    pub(crate) fn pause(&mut self, until: Tick) {
        self.paused_until = self.paused_until.max(until);
    }

    pub(crate) fn end(&mut self, critical: bool) {
        let running = if critical {
            &mut self.critical_running
        } else {
            &mut self.normal_running
        };
        *running = running.saturating_sub(1);
    }

    /// The next row whose turn it is; it counts as running from now on.
    pub(crate) fn claim(&mut self, tick: Tick, normal: usize, critical: usize) -> Option<Ulid> {
        if tick < self.paused_until || matches!(self.breaker.gate(tick), Gate::Shut(_) | Gate::Wait)
        {
            return None;
        }
        let probing = self.breaker.gate(tick) == Gate::Probe;
        let ready = |lane: &BTreeSet<(Tick, Ulid)>| {
            lane.first()
                .copied()
                // Behind a breaker whatever comes first will do as the probe.
                .filter(|(next, _)| *next <= tick || probing)
        };
        let critical_ready = ready(&self.critical).filter(|_| self.critical_running < critical);
        let normal_ready = ready(&self.normal).filter(|_| self.normal_running < normal);
        let (is_critical, entry) = match (critical_ready, normal_ready) {
            (Some(entry), _) => (true, entry),
            (None, Some(entry)) => (false, entry),
            (None, None) => return None,
        };
        if let Err(at) = self.bucket.take(tick) {
            self.empty_until = at;
            return None;
        }
        self.breaker.begin(tick);
        self.lane(is_critical).remove(&entry);
        if is_critical {
            self.critical_running += 1;
        } else {
            self.normal_running += 1;
        }
        Some(entry.1)
    }

    pub(crate) fn next_wake(&self, tick: Tick, normal: usize, critical: usize) -> Tick {
        let lane = |lane: &BTreeSet<(Tick, Ulid)>, free: bool| {
            lane.first()
                .filter(|_| free)
                .map_or(Tick::NEVER, |(next, _)| *next)
        };
        let first = lane(&self.critical, self.critical_running < critical)
            .min(lane(&self.normal, self.normal_running < normal));
        if first == Tick::NEVER {
            return Tick::NEVER;
        }
        let gate = match self.breaker.gate(tick) {
            Gate::Open => first,
            Gate::Probe => tick,
            Gate::Shut(until) => until,
            Gate::Wait => return Tick::NEVER,
        };
        gate.max(self.paused_until).max(self.empty_until)
    }
}
