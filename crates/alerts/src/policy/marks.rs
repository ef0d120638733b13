//! What was told of each key, on each channel. Bounded; the longest untouched key goes first.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::flap::{Flap, FlapConfig};
use super::{Held, Pass, PastMark, Suppressed, Verdict};
use crate::clock::Tick;
use crate::level::AlertLevel;

/// One thing told, or about to be, of a key on a channel.
#[derive(Debug, Clone)]
struct Telling {
    ticket: u32,
    level: AlertLevel,
    /// It says that the alert fires, not that it ended.
    firing: bool,
    /// Deliveries on their way: while there are any, the key is quiet without end.
    outstanding: u16,
    /// When the cooldown ends, once one of the deliveries arrived.
    until: Option<Tick>,
    cooldown: Duration,
    /// Alerts held back before it: they count again if it never arrives.
    carried: u64,
}

/// One key on one channel: the last telling counts, and if it dies, the one before it.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    channel: u8,
    tickets: u32,
    last: Option<Telling>,
    earlier: Vec<Telling>,
    suppressed: u64,
}

/// Tellings that may have to be gone back to; only those on their way pile up.
const MAX_EARLIER: usize = 8;

impl Mark {
    const fn new(channel: u8) -> Self {
        Self {
            channel,
            tickets: 0,
            last: None,
            earlier: Vec::new(),
            suppressed: 0,
        }
    }

    pub(super) fn delivered(&mut self, tick: Tick, ticket: u32) {
        if let Some(last) = &mut self.last
            && last.ticket == ticket
        {
            last.outstanding = last.outstanding.saturating_sub(1);
            last.until = Some(tick.after(last.cooldown));
            self.earlier.clear();
        } else if let Some(earlier) = self.earlier.iter_mut().find(|it| it.ticket == ticket) {
            earlier.outstanding = earlier.outstanding.saturating_sub(1);
            earlier.until = Some(tick.after(earlier.cooldown));
        }
    }

    pub(super) fn dead(&mut self, ticket: u32) {
        let buried = |telling: &mut Telling| {
            telling.outstanding = telling.outstanding.saturating_sub(1);
            telling.outstanding == 0 && telling.until.is_none()
        };
        if let Some(last) = &mut self.last
            && last.ticket == ticket
        {
            if buried(last) {
                self.suppressed = self.suppressed.saturating_add(last.carried);
                self.last = self.earlier.pop();
            }
        } else if let Some(place) = self.earlier.iter().position(|it| it.ticket == ticket)
            && buried(&mut self.earlier[place])
        {
            self.earlier.remove(place);
        }
    }

    /// Told by way of a digest, for the cooldown's purposes.
    pub(super) fn digested(&mut self, tick: Tick, ticket: u32) {
        self.delivered(tick, ticket);
        if let Some(last) = &mut self.last
            && last.ticket == ticket
        {
            last.outstanding = 0;
        }
    }

    fn firing(&self) -> Option<&Telling> {
        self.last.as_ref().filter(|last| last.firing)
    }

    fn tell(
        &mut self,
        targets: u16,
        level: AlertLevel,
        firing: bool,
        cooldown: Duration,
    ) -> (u32, u64) {
        self.tickets = self.tickets.wrapping_add(1);
        let carried = std::mem::take(&mut self.suppressed);
        let telling = Telling {
            ticket: self.tickets,
            level,
            firing,
            outstanding: targets,
            until: None,
            cooldown,
            carried,
        };
        if let Some(before) = self.last.replace(telling) {
            if self.earlier.len() >= MAX_EARLIER {
                self.earlier.remove(0);
            }
            self.earlier.push(before);
        }
        (self.tickets, carried)
    }
}

impl Telling {
    fn quiet(&self, tick: Tick) -> bool {
        self.until
            .map_or(self.outstanding > 0, |until| tick < until)
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
            return self.suppress(channel, place, reason);
        }
        let why = match place.and_then(|place| self.marks[place].firing()) {
            None => Pass::First,
            Some(last) if level > last.level => Pass::LevelRise,
            // A cooldown of zero tells every one, even those sent together.
            Some(_) if cooldown.is_zero() => Pass::CooldownOver,
            Some(last) if last.quiet(tick) => {
                return self.suppress(channel, place, Suppressed::Cooldown);
            }
            Some(_) => Pass::CooldownOver,
        };
        let held = held();
        if matches!(held, Held::Quiet) {
            return self.suppress(channel, place, Suppressed::Quiet);
        }
        let place = place.unwrap_or_else(|| self.add(channel));
        let mark = &mut self.marks[place];
        let (ticket, suppressed) = mark.tell(targets, level, true, cooldown);
        match held {
            Held::Until(until) => {
                mark.digested(tick, ticket);
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
                ticket,
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
            .position(|mark| mark.channel == channel && mark.firing().is_some())?;
        if let Some(reason) = hushed {
            let verdict = self.suppress(channel, Some(place), reason);
            // Somebody was told that it fires and is not told that it ended; the next one counts as
            // the first again. What flaps is told in the end.
            if reason != Suppressed::Flapping {
                self.marks[place].last = None;
                self.marks[place].earlier.clear();
            }
            return Some(verdict);
        }
        let mark = &mut self.marks[place];
        let (level, cooldown) = mark.firing().map(|last| (last.level, last.cooldown))?;
        let (ticket, suppressed) = mark.tell(targets, level, false, cooldown);
        Some(Verdict::Deliver {
            why: Pass::Resolved,
            suppressed,
            cooldown,
            ticket,
        })
    }

    fn suppress(&mut self, channel: u8, place: Option<usize>, reason: Suppressed) -> Verdict {
        let place = place.unwrap_or_else(|| self.add(channel));
        let mark = &mut self.marks[place];
        mark.suppressed = mark.suppressed.saturating_add(1);
        Verdict::Suppress(reason)
    }

    fn add(&mut self, channel: u8) -> usize {
        self.marks.push(Mark::new(channel));
        self.marks.len() - 1
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
            let mut mark = Mark::new(channel);
            mark.last = Some(Telling {
                ticket: 0,
                level,
                firing: true,
                outstanding: 0,
                until: Some(Tick(i64::MIN)),
                cooldown: Duration::ZERO,
                carried: 0,
            });
            state.marks.push(mark);
        }
    }

    pub(super) fn recover(&mut self, tick: Tick, past: PastMark) {
        let Ok(channel) = u8::try_from(past.channel) else {
            return;
        };
        let state = self.entry(tick, &past.key);
        state.marks.retain(|mark| mark.channel != channel);
        let mut mark = Mark::new(channel);
        mark.suppressed = past.suppressed;
        mark.last = Some(Telling {
            ticket: 0,
            level: past.level,
            firing: past.firing,
            outstanding: past.outstanding,
            // A clock that was set back must not make a cooldown longer than it is.
            until: (past.outstanding == 0).then(|| past.until.min(tick.after(past.cooldown))),
            cooldown: past.cooldown,
            carried: 0,
        });
        state.marks.push(mark);
    }
}
