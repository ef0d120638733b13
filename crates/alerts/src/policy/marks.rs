//! What was told of each key, on each channel. Bounded; the longest untouched key goes first.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::flap::{Flap, FlapConfig};
use super::{Held, Pass, PastMark, Suppressed, Verdict};
use crate::clock::Tick;
use crate::level::AlertLevel;

/// One key on one channel.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    channel: u8,
    level: AlertLevel,
    /// Deliveries on their way: while there are any, the key is quiet without end.
    outstanding: u16,
    /// One of the deliveries arrived.
    arrived: bool,
    /// The last message said that it is firing.
    firing: bool,
    until: Tick,
    cooldown: Duration,
    suppressed: u64,
}

impl Mark {
    pub(super) fn delivered(&mut self, tick: Tick) {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.arrived = true;
        self.until = tick.after(self.cooldown);
    }

    pub(super) fn dead(&mut self) {
        self.outstanding = self.outstanding.saturating_sub(1);
        if self.outstanding == 0 && !self.arrived {
            self.until = Tick(i64::MIN);
            self.firing = false;
        }
    }

    pub(super) fn digested(&mut self, tick: Tick) {
        self.outstanding = 0;
        self.arrived = true;
        self.until = tick.after(self.cooldown);
    }

    fn quiet(&self, tick: Tick) -> bool {
        self.outstanding > 0 || tick < self.until
    }

    fn reserve(&mut self, tick: Tick, targets: u16, level: AlertLevel, cooldown: Duration) -> u64 {
        self.level = level;
        self.outstanding = targets;
        self.arrived = false;
        self.firing = true;
        self.cooldown = cooldown;
        self.until = tick.after(cooldown);
        std::mem::take(&mut self.suppressed)
    }
}

/// All that is known of one key.
#[derive(Debug, Default)]
pub(super) struct KeyState {
    marks: Vec<Mark>,
    flap: Option<Box<Flap>>,
    touched: Tick,
}

impl KeyState {
    #[expect(
        clippy::too_many_arguments,
        reason = "one row of facts, used in two places"
    )]
    pub(super) fn decide(
        &mut self,
        tick: Tick,
        channel: u8,
        targets: u16,
        level: AlertLevel,
        cooldown: Duration,
        hushed: Option<Suppressed>,
        held: impl FnOnce() -> Held,
    ) -> Verdict {
        let place = self.marks.iter().position(|mark| mark.channel == channel);
        if let Some(reason) = hushed {
            return self.suppress(place, reason);
        }
        let why = match place.map(|place| &self.marks[place]) {
            None => Pass::First,
            Some(mark) if !mark.firing => Pass::First,
            Some(mark) if level > mark.level => Pass::LevelRise,
            // A cooldown of zero tells every one, even those sent together.
            Some(_) if cooldown.is_zero() => Pass::CooldownOver,
            Some(mark) if mark.quiet(tick) => return self.suppress(place, Suppressed::Cooldown),
            Some(_) => Pass::CooldownOver,
        };
        let held = held();
        if matches!(held, Held::Quiet) {
            return self.suppress(place, Suppressed::Quiet);
        }
        let mark = match place {
            Some(place) => &mut self.marks[place],
            None => {
                self.marks.push(Mark {
                    channel,
                    level,
                    outstanding: 0,
                    arrived: false,
                    firing: false,
                    until: tick,
                    cooldown,
                    suppressed: 0,
                });
                let last = self.marks.len() - 1;
                &mut self.marks[last]
            }
        };
        let suppressed = mark.reserve(tick, targets, level, cooldown);
        match held {
            Held::Until(until) => {
                mark.digested(tick);
                Verdict::Digest {
                    until,
                    suppressed,
                    cooldown,
                }
            }
            Held::No | Held::Quiet => Verdict::Deliver {
                why,
                suppressed,
                cooldown,
            },
        }
    }

    /// The end of what was told; none when nothing was.
    pub(super) fn resolve(
        &mut self,
        channel: u8,
        targets: u16,
        hushed: Option<Suppressed>,
    ) -> Option<Verdict> {
        let place = self
            .marks
            .iter()
            .position(|mark| mark.channel == channel && mark.firing)?;
        if let Some(reason) = hushed {
            // Somebody was told that it fires, and is not told that it ended; the next one counts as
            // the first again.
            let verdict = self.suppress(Some(place), reason);
            if reason != Suppressed::Flapping {
                self.marks[place].firing = false;
            }
            return Some(verdict);
        }
        let mark = &mut self.marks[place];
        mark.firing = false;
        mark.outstanding = targets;
        mark.arrived = false;
        Some(Verdict::Deliver {
            why: Pass::Resolved,
            suppressed: std::mem::take(&mut mark.suppressed),
            cooldown: mark.cooldown,
        })
    }

    fn suppress(&mut self, place: Option<usize>, reason: Suppressed) -> Verdict {
        if let Some(place) = place {
            let mark = &mut self.marks[place];
            mark.suppressed = mark.suppressed.saturating_add(1);
        }
        Verdict::Suppress(reason)
    }
}

/// The keys.
#[derive(Debug)]
pub(super) struct Marks {
    keys: HashMap<Arc<str>, KeyState>,
    /// Keys in the order they came, for forgetting.
    order: VecDeque<(Arc<str>, Tick)>,
    max_keys: usize,
    evicted: u64,
}

/// Recently touched keys passed over before one is forgotten all the same.
const SECOND_CHANCES: usize = 4;

impl Marks {
    pub(super) fn new(max_keys: usize) -> Self {
        Self {
            keys: HashMap::new(),
            order: VecDeque::new(),
            max_keys: max_keys.max(1),
            evicted: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) const fn evicted(&self) -> u64 {
        self.evicted
    }

    pub(super) fn entry(&mut self, tick: Tick, key: &Arc<str>) -> &mut KeyState {
        if !self.keys.contains_key(key) {
            if self.keys.len() >= self.max_keys {
                self.evict();
            }
            self.order.push_back((Arc::clone(key), tick));
        }
        let state = self.keys.entry(Arc::clone(key)).or_default();
        state.touched = tick;
        state
    }

    fn evict(&mut self) {
        for chance in 0..=SECOND_CHANCES {
            let Some((key, came)) = self.order.pop_front() else {
                return;
            };
            let touched = self.keys.get(&key).map(|state| state.touched);
            match touched {
                Some(touched) if touched > came && chance < SECOND_CHANCES => {
                    self.order.push_back((key, touched));
                }
                _ => {
                    self.keys.remove(&key);
                    self.evicted = self.evicted.saturating_add(1);
                    return;
                }
            }
        }
    }

    pub(super) fn mark(&mut self, key: &str, channel: usize) -> Option<&mut Mark> {
        self.keys
            .get_mut(key)?
            .marks
            .iter_mut()
            .find(|mark| usize::from(mark.channel) == channel)
    }

    pub(super) fn flapping(
        &mut self,
        tick: Tick,
        key: &Arc<str>,
        resolved: bool,
        level: AlertLevel,
        config: &FlapConfig,
    ) -> bool {
        match self.keys.get_mut(key) {
            // Only what has been told and ended once can flap.
            None => false,
            Some(state) if state.flap.is_none() && !resolved => false,
            Some(state) => state
                .flap
                .get_or_insert_default()
                .observe(tick, resolved, level, config),
        }
    }

    /// The key was told to fire on the channel, whatever its cooldown.
    pub(super) fn firing(&mut self, tick: Tick, key: &Arc<str>, channel: usize, level: AlertLevel) {
        let Ok(channel) = u8::try_from(channel) else {
            return;
        };
        let state = self.entry(tick, key);
        if state.marks.iter().all(|mark| mark.channel != channel) {
            state.marks.push(Mark {
                channel,
                level,
                outstanding: 0,
                arrived: true,
                firing: true,
                until: Tick(i64::MIN),
                cooldown: Duration::ZERO,
                suppressed: 0,
            });
        }
    }

    pub(super) fn recover(&mut self, tick: Tick, past: PastMark) {
        let Ok(channel) = u8::try_from(past.channel) else {
            return;
        };
        let state = self.entry(tick, &past.key);
        state.marks.retain(|mark| mark.channel != channel);
        state.marks.push(Mark {
            channel,
            level: past.level,
            outstanding: past.outstanding,
            arrived: past.outstanding == 0,
            firing: past.firing,
            // A clock that was set back must not make a cooldown longer than it is.
            until: past.until.min(tick.after(past.cooldown)),
            cooldown: past.cooldown,
            suppressed: past.suppressed,
        });
    }
}
