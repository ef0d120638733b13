//! What was told of each key, on each channel. Bounded; the longest untouched key goes first.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::flap::{Flap, FlapConfig};
use super::routes::Held;
use super::{Ask, Pass, PastMark, Suppressed, Verdict};
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
    /// When the last of them arrived, if one did.
    at: Tick,
    /// It went, or goes, out in a digest.
    gathered: bool,
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
    rare: Option<Box<Rare>>,
}

/// What a mark hardly ever has; there are many marks.
#[derive(Debug, Clone, Default)]
struct Rare {
    /// Tellings before the last, while that may still die.
    earlier: Vec<Telling>,
    /// The last telling never arrived: what level it had, and when that was known.
    refused: Option<(AlertLevel, Tick)>,
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
            rare: None,
        }
    }

    pub(super) fn delivered(&mut self, tick: Tick, ticket: u32) {
        if let Some(last) = &mut self.last
            && last.ticket == ticket
        {
            last.arrive(tick);
            self.rare = None;
        } else if let Some(earlier) = self.find_earlier(ticket) {
            earlier.arrive(tick);
        }
    }

    fn find_earlier(&mut self, ticket: u32) -> Option<&mut Telling> {
        let earlier = &mut self.rare.as_mut()?.earlier;
        earlier.iter_mut().find(|it| it.ticket == ticket)
    }

    pub(super) fn dead(&mut self, tick: Tick, ticket: u32) {
        if let Some(last) = &mut self.last
            && last.ticket == ticket
        {
            if last.die() {
                let refused = last.firing.then_some((last.level, tick));
                self.suppressed = self.suppressed.saturating_add(last.carried);
                let rare = self.rare.get_or_insert_default();
                rare.refused = refused;
                self.last = rare.earlier.pop();
            }
        } else if self.find_earlier(ticket).is_some_and(Telling::die)
            && let Some(rare) = &mut self.rare
        {
            rare.earlier.retain(|it| it.ticket != ticket);
        }
    }

    /// Told by way of a digest, for the cooldown's purposes.
    pub(super) fn digested(&mut self, tick: Tick, ticket: u32) {
        self.delivered(tick, ticket);
        if let Some(last) = &mut self.last
            && last.ticket == ticket
        {
            last.outstanding = 0;
            last.gathered = true;
        }
    }

    /// The level that its readers believe to fire, if any.
    pub(super) fn told(&self) -> Option<AlertLevel> {
        self.firing().map(|last| last.level)
    }

    /// The level that they believed before the last telling.
    pub(super) fn before(&self) -> Option<AlertLevel> {
        let before = self.rare.as_ref()?.earlier.last()?;
        before.firing.then_some(before.level)
    }

    /// Whether what its readers believe came to them in a digest.
    pub(super) fn gathered(&self) -> bool {
        self.firing().is_some_and(|last| last.gathered)
    }

    fn firing(&self) -> Option<&Telling> {
        self.last.as_ref().filter(|last| last.firing)
    }

    pub(super) fn tell(
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
            at: Tick(i64::MIN),
            gathered: false,
            cooldown: millis(cooldown),
            carried,
        };
        if let Some(rare) = &mut self.rare {
            rare.refused = None;
        }
        if let Some(before) = self.last.replace(telling) {
            let earlier = &mut self.rare.get_or_insert_default().earlier;
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
            tick.0 < self.at.0.saturating_add(self.cooldown)
        } else {
            self.outstanding > 0
        }
    }

    fn arrive(&mut self, tick: Tick) {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.arrived = true;
        self.at = tick;
    }

    /// Why it is told again although nothing changed, if it is.
    fn overdue(&self, question: &Question) -> Option<Pass> {
        let (after, why) = if question.ask.acknowledged {
            (question.remind?, Pass::Reminder)
        } else {
            (question.repeat?, Pass::Repeat)
        };
        let told = self.arrived && self.outstanding == 0;
        (told && question.tick.since(self.at) >= after).then_some(why)
    }

    /// True: it will never arrive anywhere.
    fn die(&mut self) -> bool {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.outstanding == 0 && !self.arrived
    }
}

/// All that is known of one key.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyState {
    marks: Vec<Mark>,
    flap: Option<Box<Flap>>,
    touched: Tick,
}

/// What is asked about a key on one channel.
pub(super) struct Question {
    pub(super) tick: Tick,
    pub(super) channel: u8,
    pub(super) targets: u16,
    pub(super) level: AlertLevel,
    pub(super) cooldown: Duration,
    /// What holds the channel back, whatever the alert says.
    pub(super) hushed: Option<Suppressed>,
    /// How long what nobody acknowledged stays untold, if it is ever repeated.
    pub(super) repeat: Option<Duration>,
    /// The same for what was acknowledged.
    pub(super) remind: Option<Duration>,
    pub(super) ask: Ask,
}

impl KeyState {
    /// None: nothing is owed (only when nobody sent anything, see [`Ask::again`]).
    pub(super) fn decide(
        &mut self,
        question: &Question,
        held: impl FnOnce() -> Held,
    ) -> Option<Verdict> {
        let Question {
            tick,
            channel,
            targets,
            level,
            cooldown,
            hushed,
            ask,
            ..
        } = *question;
        let place = self.marks.iter().position(|mark| mark.channel == channel);
        let told = place.and_then(|place| self.marks[place].firing());
        if let Some(reason) = hushed {
            if ask.again {
                let owed = told.is_none_or(|last| last.level != level);
                return owed.then_some(Verdict::Suppress(reason));
            }
            return Some(self.suppress(channel, place, reason));
        }
        let why = match told {
            None => Pass::First,
            Some(last) if level > last.level => Pass::LevelRise,
            Some(last) if level < last.level => Pass::LevelFall,
            Some(last) if ask.again => last.overdue(question)?,
            Some(_) if ask.acknowledged => {
                return Some(self.suppress(channel, place, Suppressed::Acknowledged));
            }
            // A cooldown of zero tells every one, even those sent together.
            Some(_) if cooldown.is_zero() => Pass::CooldownOver,
            Some(last) if last.quiet(tick) => {
                return Some(self.suppress(channel, place, Suppressed::Cooldown));
            }
            Some(_) => Pass::CooldownOver,
        };
        if ask.again && self.refused(place, question) {
            return None;
        }
        let held = held();
        if matches!(held, Held::Quiet(_)) {
            if ask.again {
                return Some(Verdict::Suppress(Suppressed::Quiet));
            }
            return Some(self.suppress(channel, place, Suppressed::Quiet));
        }
        let place = place.unwrap_or_else(|| self.add(channel));
        let mark = &mut self.marks[place];
        let (ticket, suppressed) = mark.tell(targets, level, true, cooldown);
        Some(match held {
            Held::Until(until) => {
                mark.digested(tick, ticket);
                Verdict::Digest {
                    until,
                    suppressed,
                    cooldown,
                }
            }
            Held::No | Held::Quiet(_) => Verdict::Deliver {
                why,
                suppressed,
                cooldown,
                ticket,
            },
        })
    }

    /// The far side would not take the same a short while ago: not again until it would be repeated.
    fn refused(&self, place: Option<usize>, question: &Question) -> bool {
        let rare = place.and_then(|place| self.marks[place].rare.as_ref());
        let refused = rare.and_then(|rare| rare.refused);
        refused.is_some_and(|(level, at)| {
            level == question.level
                && question
                    .repeat
                    .is_none_or(|repeat| question.tick.since(at) < repeat)
        })
    }

    /// When what a channel was told is told again although nothing changed.
    pub(super) fn next_telling(&self, question: &Question) -> Option<Tick> {
        let after = if question.ask.acknowledged {
            question.remind?
        } else {
            question.repeat?
        };
        let mark = self
            .marks
            .iter()
            .find(|mark| mark.channel == question.channel)?;
        let last = mark.firing()?;
        let told = last.arrived && last.outstanding == 0;
        Some(if told { last.at } else { question.tick }.after(after))
    }

    /// A bit for each channel whose readers believe something worse than this.
    pub(super) fn told_worse(&self, level: AlertLevel) -> u64 {
        let worse = |mark: &&Mark| mark.told().is_some_and(|told| told > level);
        let marks = self.marks.iter().filter(worse);
        marks.fold(0, |bits, mark| bits | (1 << mark.channel))
    }

    /// Notes what came of the key; some: it flaps and is held until then.
    pub(super) fn flapping(
        &mut self,
        tick: Tick,
        resolved: bool,
        level: AlertLevel,
        config: &FlapConfig,
    ) -> Option<Tick> {
        if self.flap.is_none() {
            // Only what has been told, and ended or changed since, can flap.
            let told = self.worst_told()?;
            if !resolved && told == level {
                return None;
            }
            self.flap = Some(Box::new(Flap::after(Some(told))));
        }
        self.flap.as_mut()?.observe(tick, resolved, level, config)
    }

    /// Until when the key is held down, if it is.
    pub(super) fn flap_holds(&mut self, tick: Tick) -> Option<Tick> {
        self.flap.as_mut()?.holds(tick)
    }

    /// The worst that anybody was told, if anybody believes that it fires.
    pub(super) fn worst_told(&self) -> Option<AlertLevel> {
        self.marks.iter().filter_map(Mark::told).max()
    }

    /// Told on a way of its own, past every cooldown: an escalation, a fallback.
    pub(super) fn tell(
        &mut self,
        channel: u8,
        targets: u16,
        level: AlertLevel,
        cooldown: Duration,
    ) -> u32 {
        let place = self.marks.iter().position(|mark| mark.channel == channel);
        let place = place.unwrap_or_else(|| self.add(channel));
        self.marks[place].tell(targets, level, true, cooldown).0
    }

    /// The end of what was told; none when nothing was.
    pub(super) fn resolve(
        &mut self,
        channel: u8,
        targets: u16,
        hushed: Option<Suppressed>,
        again: bool,
    ) -> Option<Verdict> {
        let place = self
            .marks
            .iter()
            .position(|mark| mark.channel == channel && mark.firing().is_some())?;
        if let Some(reason) = hushed {
            // Its readers still believe that it fires: they are told when what holds it back is over.
            return Some(if again {
                Verdict::Suppress(reason)
            } else {
                self.suppress(channel, Some(place), reason)
            });
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
        if self.keys.len() >= self.max_keys && !self.keys.contains_key(key) {
            self.evict();
        }
        let state = match self.keys.entry(Arc::clone(key)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                self.order.push_back((Arc::clone(key), tick));
                new.insert(KeyState::default())
            }
        };
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

    pub(super) fn peek(&self, key: &str, channel: usize) -> Option<&Mark> {
        self.keys
            .get(key)?
            .marks
            .iter()
            .find(|mark| usize::from(mark.channel) == channel)
    }

    pub(super) fn any_gathered(&self, channel: usize) -> bool {
        let gathered = |mark: &Mark| usize::from(mark.channel) == channel && mark.gathered();
        self.keys
            .values()
            .any(|state| state.marks.iter().any(gathered))
    }

    pub(super) fn mark(&mut self, key: &str, channel: usize) -> Option<&mut Mark> {
        self.keys
            .get_mut(key)?
            .marks
            .iter_mut()
            .find(|mark| usize::from(mark.channel) == channel)
    }

    /// The key was held down when the last run ended.
    pub(super) fn recover_flap(&mut self, tick: Tick, key: &Arc<str>, flap: Flap) {
        self.entry(tick, key).flap = Some(Box::new(flap));
    }

    pub(super) fn get(&self, key: &str) -> Option<&KeyState> {
        self.keys.get(key)
    }

    /// Puts a key back as it was, for questions that must leave nothing behind.
    pub(super) fn put_back(&mut self, key: &str, state: Option<KeyState>) {
        match (self.keys.get_mut(key), state) {
            (Some(now), Some(then)) => *now = then,
            (Some(_), None) => {
                self.keys.remove(key);
                self.order.retain(|(known, _)| &**known != key);
            }
            (None, _) => {}
        }
    }

    /// The key was told to fire on the channel, a cooldown ago.
    pub(super) fn firing(
        &mut self,
        tick: Tick,
        key: &Arc<str>,
        channel: usize,
        level: AlertLevel,
        cooldown: Duration,
    ) {
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
                at: Tick(tick.0.saturating_sub(millis(cooldown))),
                gathered: false,
                cooldown: millis(cooldown),
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
            at: past.at.min(tick),
            gathered: past.gathered,
            arrived: past.outstanding == 0,
            cooldown: millis(past.cooldown),
            carried: 0,
        });
        state.marks.push(mark);
    }
}
