//! What was told of each key, on each channel. Bounded; the longest untouched key goes first.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::flap::{Flap, FlapConfig};
use super::{Held, Pass, PastMark, Suppressed, Verdict};
use crate::AlertLevel;
use crate::clock::{Tick, millis};

/// One thing told, or about to be, of a key on a channel.
#[derive(Debug, Clone)]
struct Telling {
    ticket: u32,
    level: AlertLevel,
    /// It says that the alert fires, not that it ended.
    firing: bool,
    /// Deliveries on their way: while there are any, the key is quiet without end.
    outstanding: u16,
    /// One of the deliveries arrived.
    arrived: bool,
    /// When the cooldown ends, if one arrived.
    until: Tick,
    /// Milliseconds.
    cooldown: i64,
    /// Alerts held back before it: they count again if it never arrives.
    carried: u32,
}

/// One key on one channel: the last telling counts, and if it dies, the one before it.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    channel: u8,
    tickets: u32,
    suppressed: u32,
    last: Option<Telling>,
    #[expect(
        clippy::box_collection,
        reason = "hardly ever there, and there are many marks"
    )]
    earlier: Option<Box<Vec<Telling>>>,
}

/// Tellings that may have to be gone back to; only those on their way pile up.
const MAX_EARLIER: usize = 8;

impl Mark {
    const fn new(channel: u8) -> Self {
        Self {
            channel,
            tickets: 0,
            suppressed: 0,
            last: None,
            earlier: None,
        }
    }

    pub(super) fn delivered(&mut self, tick: Tick, ticket: u32) {
        if let Some(last) = &mut self.last
            && last.ticket == ticket
        {
            last.arrive(tick);
            self.earlier = None;
        } else if let Some(earlier) = self.find_earlier(ticket) {
            earlier.arrive(tick);
        }
    }

    fn find_earlier(&mut self, ticket: u32) -> Option<&mut Telling> {
        let earlier = self.earlier.as_mut()?;
        earlier.iter_mut().find(|it| it.ticket == ticket)
    }

    pub(super) fn dead(&mut self, ticket: u32) {
        if let Some(last) = &mut self.last
            && last.ticket == ticket
        {
            if last.die() {
                self.suppressed = self.suppressed.saturating_add(last.carried);
                self.last = self.earlier.as_mut().and_then(|earlier| earlier.pop());
            }
        } else if self.find_earlier(ticket).is_some_and(Telling::die)
            && let Some(earlier) = &mut self.earlier
        {
            earlier.retain(|it| it.ticket != ticket);
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
            arrived: false,
            until: Tick(i64::MIN),
            cooldown: millis(cooldown),
            carried,
        };
        if let Some(before) = self.last.replace(telling) {
            let earlier = self.earlier.get_or_insert_default();
            if earlier.len() >= MAX_EARLIER {
                earlier.remove(0);
            }
            earlier.push(before);
        }
        (self.tickets, u64::from(carried))
    }
}

impl Telling {
    fn quiet(&self, tick: Tick) -> bool {
        if self.arrived {
            tick < self.until
        } else {
            self.outstanding > 0
        }
    }

    fn arrive(&mut self, tick: Tick) {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.arrived = true;
        self.until = Tick(tick.0.saturating_add(self.cooldown));
    }

    /// True: it will never arrive anywhere.
    fn die(&mut self) -> bool {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.outstanding == 0 && !self.arrived
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
                self.marks[place].earlier = None;
            }
            return Some(verdict);
        }
        let mark = &mut self.marks[place];
        let last = mark.firing()?;
        let level = last.level;
        let cooldown = Duration::from_millis(last.cooldown.unsigned_abs());
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
        // There are many keys and few channels: no room in advance.
        self.marks.reserve_exact(1);
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
                arrived: true,
                until: Tick(i64::MIN),
                cooldown: 0,
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
        mark.suppressed = u32::try_from(past.suppressed).unwrap_or(u32::MAX);
        mark.last = Some(Telling {
            ticket: 0,
            level: past.level,
            firing: past.firing,
            outstanding: past.outstanding,
            // A clock that was set back must not make a cooldown longer than it is.
            until: past.until.min(tick.after(past.cooldown)),
            arrived: past.outstanding == 0,
            cooldown: millis(past.cooldown),
            carried: 0,
        });
        state.marks.push(mark);
    }
}
