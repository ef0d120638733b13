//! The queue of one channel: for each target two lanes behind a gate of its own, and one gate for all.
//!
//! What a target answers counts against that target; what only the connection, the login or the
//! account can cause counts against the channel. Each target may always have one attempt under way
//! in each lane, so that nobody waits for somebody else's far side.

use std::collections::BTreeSet;

use ulid::Ulid;

use super::breaker::{Breaker, BreakerConfig, Gate};
use super::bucket::Bucket;
use crate::channel::Limits;
use crate::clock::Tick;

#[derive(Debug)]
pub(crate) struct ChannelQueue {
    targets: Vec<TargetQueue>,
    running: Lanes<usize>,
    bucket: Bucket,
    /// When the bucket has its next token, if it was found empty.
    empty_until: Tick,
    /// The gate of the whole channel.
    pub(crate) breaker: Breaker,
    /// Whose turn it is to see whether the channel works again.
    turn: usize,
    /// Rows of this channel, in any state.
    pub(crate) pending: usize,
    /// Whether the far side tells repeats by their id: then they do no harm.
    pub(crate) tells_repeats: bool,
}

/// What waits for one target.
#[derive(Debug)]
pub(crate) struct TargetQueue {
    waiting: Lanes<BTreeSet<(Tick, Ulid)>>,
    running: Lanes<usize>,
    pub(crate) breaker: Breaker,
    paused_until: Tick,
    /// Rows below CRITICAL, in any state.
    pub(crate) pending_normal: usize,
}

/// One thing for what is CRITICAL, one for the rest.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lanes<T> {
    pub(crate) normal: T,
    pub(crate) critical: T,
}

impl<T> Lanes<T> {
    const fn of(&mut self, critical: bool) -> &mut T {
        if critical {
            &mut self.critical
        } else {
            &mut self.normal
        }
    }

    const fn get(&self, critical: bool) -> &T {
        if critical {
            &self.critical
        } else {
            &self.normal
        }
    }
}

impl TargetQueue {
    fn new(breaker: BreakerConfig, tick: Tick) -> Self {
        Self {
            waiting: Lanes::default(),
            running: Lanes::default(),
            breaker: Breaker::new(breaker),
            paused_until: tick,
            pending_normal: 0,
        }
    }

    /// The far side asks to be left alone.
    pub(crate) fn pause(&mut self, until: Tick) {
        self.paused_until = self.paused_until.max(until);
    }

    /// Whether one more attempt may be under way: one always, more while the target takes what it gets.
    fn may_run(&self, critical: bool, channel: Lanes<usize>, most: Lanes<usize>) -> bool {
        *self.running.get(critical) == 0
            || (!self.breaker.is_troubled() && channel.get(critical) < most.get(critical))
    }

    /// The row whose turn it is: whether it is CRITICAL, and its place.
    fn ready(
        &self,
        tick: Tick,
        probing: bool,
        channel: Lanes<usize>,
        most: Lanes<usize>,
    ) -> Option<(bool, (Tick, Ulid))> {
        let gate = self.breaker.gate(tick);
        if tick < self.paused_until || matches!(gate, Gate::Shut(_) | Gate::Wait) {
            return None;
        }
        // Behind a breaker whatever comes first will do as the probe.
        let early = probing || gate == Gate::Probe;
        [true, false].into_iter().find_map(|critical| {
            let first = self.waiting.get(critical).first().copied();
            first
                .filter(|(next, _)| early || *next <= tick)
                .filter(|_| self.may_run(critical, channel, most))
                .map(|entry| (critical, entry))
        })
    }

    fn next_wake(
        &self,
        tick: Tick,
        probing: bool,
        channel: Lanes<usize>,
        most: Lanes<usize>,
    ) -> Tick {
        let first = [true, false]
            .into_iter()
            .filter(|critical| self.may_run(*critical, channel, most))
            .filter_map(|critical| self.waiting.get(critical).first())
            .map(|(next, _)| *next)
            .min();
        let Some(first) = first else {
            return Tick::NEVER;
        };
        let gate = match self.breaker.gate(tick) {
            Gate::Open if !probing => first,
            Gate::Open | Gate::Probe => tick,
            Gate::Shut(until) => until,
            Gate::Wait => return Tick::NEVER,
        };
        gate.max(self.paused_until)
    }
}

impl ChannelQueue {
    pub(crate) fn new(limits: Limits, targets: usize, breaker: BreakerConfig, tick: Tick) -> Self {
        Self {
            targets: (0..targets.max(1))
                .map(|_| TargetQueue::new(breaker.clone(), tick))
                .collect(),
            running: Lanes::default(),
            bucket: Bucket::new(limits, tick),
            empty_until: tick,
            breaker: Breaker::new(breaker),
            turn: 0,
            pending: 0,
            tells_repeats: false,
        }
    }

    pub(crate) fn target(&mut self, target: usize) -> &mut TargetQueue {
        let last = self.targets.len() - 1;
        &mut self.targets[target.min(last)]
    }

    /// Rows below CRITICAL for a target, in any state.
    pub(crate) fn crowd(&self, target: usize) -> usize {
        self.targets
            .get(target)
            .map_or(0, |target| target.pending_normal)
    }

    /// Whether there are several whom it reaches.
    pub(crate) const fn has_several(&self) -> bool {
        self.targets.len() > 1
    }

    /// Whether attempts to this target are held back by a breaker.
    pub(crate) fn is_shut(&self, target: usize) -> bool {
        self.breaker.is_open()
            || self
                .targets
                .get(target)
                .is_some_and(|target| target.breaker.is_open())
    }

    /// Whether attempts to anybody are held back by a breaker.
    pub(crate) fn is_failing(&self) -> bool {
        (0..self.targets.len()).any(|target| self.is_shut(target))
    }

    /// Whether it, or somebody whom it reaches, said that it needs mending.
    pub(crate) fn is_broken(&self) -> bool {
        self.breaker.is_broken() || self.targets.iter().any(|it| it.breaker.is_broken())
    }

    /// The waiting rows below CRITICAL for a target, the next first.
    pub(crate) fn normal_ids(&self, target: usize) -> impl Iterator<Item = Ulid> {
        let waiting = self.targets.get(target).map(|it| &it.waiting.normal);
        waiting.into_iter().flatten().map(|(_, id)| *id)
    }

    pub(crate) fn push(&mut self, target: usize, critical: bool, next: Tick, id: Ulid) {
        let lane = self.target(target).waiting.of(critical);
        lane.insert((next, id));
    }

    pub(crate) fn pull(&mut self, target: usize, critical: bool, next: Tick, id: Ulid) {
        let lane = self.target(target).waiting.of(critical);
        lane.remove(&(next, id));
    }

    /// An attempt is over.
    pub(crate) fn end(&mut self, target: usize, critical: bool) {
        let target = self.target(target).running.of(critical);
        *target = target.saturating_sub(1);
        let running = self.running.of(critical);
        *running = running.saturating_sub(1);
    }

    /// The far side took a message, or refused it for what it is. True: that is news.
    pub(crate) fn works(&mut self, target: usize) -> bool {
        let channel = self.breaker.success();
        self.target(target).breaker.success() || channel
    }

    /// An attempt told nothing of the health of channel or target.
    pub(crate) fn neutral(&mut self, target: usize, tick: Tick) {
        self.breaker.neutral(tick);
        self.target(target).breaker.neutral(tick);
    }

    /// An attempt was not made after all: it told nothing, and the far side was not troubled.
    pub(crate) fn unused(&mut self, target: usize, tick: Tick) {
        self.neutral(target, tick);
        self.bucket.give_back();
        self.empty_until = self.empty_until.min(tick);
    }

    /// The next row whose turn it is; it counts as running from now on.
    pub(crate) fn claim(&mut self, tick: Tick, most: Lanes<usize>) -> Option<Ulid> {
        let gate = self.breaker.gate(tick);
        if matches!(gate, Gate::Shut(_) | Gate::Wait) {
            return None;
        }
        let probing = gate == Gate::Probe;
        let count = self.targets.len();
        let ready = (0..count)
            .map(|step| (self.turn + step) % count)
            .filter_map(|place| {
                let found = self.targets[place].ready(tick, probing, self.running, most);
                found.map(|(critical, entry)| (critical, entry, place))
            });
        let (critical, entry, place) = if probing {
            // One after the other: the same sick target must not answer for all each time.
            let mut ready = ready;
            ready.next()?
        } else {
            ready.min_by_key(|(critical, entry, _)| (!critical, *entry))?
        };
        if let Err(at) = self.bucket.take(tick) {
            self.empty_until = at;
            return None;
        }
        if probing {
            self.turn = (place + 1) % count;
        }
        self.breaker.begin(tick);
        let target = &mut self.targets[place];
        target.breaker.begin(tick);
        target.waiting.of(critical).remove(&entry);
        *target.running.of(critical) += 1;
        *self.running.of(critical) += 1;
        Some(entry.1)
    }

    pub(crate) fn next_wake(&self, tick: Tick, most: Lanes<usize>) -> Tick {
        let gate = self.breaker.gate(tick);
        let first = self
            .targets
            .iter()
            .map(|target| target.next_wake(tick, gate == Gate::Probe, self.running, most))
            .min()
            .unwrap_or(Tick::NEVER);
        match gate {
            _ if first == Tick::NEVER => Tick::NEVER,
            Gate::Open | Gate::Probe => first.max(self.empty_until),
            Gate::Shut(until) => until.max(self.empty_until),
            Gate::Wait => Tick::NEVER,
        }
    }
}
