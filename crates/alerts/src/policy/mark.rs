//! What was told of one key on one channel: the last telling counts, and if it never arrives, the one
//! before it.

use std::time::Duration;

use super::key::Question;
use super::{Pass, PastMark};
use crate::AlertLevel;
use crate::clock::{Tick, millis};

/// One thing told, or about to be, of a key on a channel.
#[derive(Debug, Clone)]
pub(super) struct Telling {
    ticket: u32,
    pub(super) level: AlertLevel,
    /// It says that the alert fires, not that it ended.
    firing: bool,
    /// Deliveries on their way: while there are any, the key is quiet without end.
    outstanding: u16,
    /// One of the deliveries arrived.
    arrived: bool,
    /// When the last of them arrived, if one did.
    at: Tick,
    /// It went, or goes, out in a digest.
    pub(super) gathered: bool,
    /// A digest tells of the key since it began.
    pub(super) in_digest: bool,
    /// Milliseconds.
    cooldown: i64,
    /// Alerts held back before it: they count again if it never arrives.
    carried: u32,
}

/// One key on one channel: the last telling counts, and if it dies, the one before it.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) channel: u8,
    pub(super) suppressed: u32,
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
    pub(super) const fn new(channel: u8) -> Self {
        Self {
            channel,
            suppressed: 0,
            last: None,
            rare: None,
        }
    }

    /// As it was before a restart.
    pub(super) fn past(channel: u8, tick: Tick, past: &PastMark) -> Self {
        let last = Telling {
            ticket: 0,
            level: past.level,
            firing: past.firing,
            outstanding: past.outstanding,
            // A clock that was set back must not make a cooldown longer than it is.
            at: past.at.min(tick),
            gathered: past.gathered,
            in_digest: past.in_digest,
            arrived: past.outstanding == 0,
            cooldown: millis(past.cooldown),
            carried: 0,
        };
        Self {
            suppressed: u32::try_from(past.suppressed).unwrap_or(u32::MAX),
            last: Some(last),
            ..Self::new(channel)
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

    /// The far side would not take the same a short while ago: not again until it would be repeated.
    pub(super) fn refused(&self, question: &Question) -> bool {
        let refused = self.rare.as_ref().and_then(|rare| rare.refused);
        refused.is_some_and(|(level, at)| {
            level == question.level
                && question
                    .repeat
                    .is_none_or(|repeat| question.tick.since(at) < repeat)
        })
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

    /// A digest tells of what was told last.
    pub(super) const fn in_digest(&mut self) {
        if let Some(last) = &mut self.last {
            last.in_digest = last.firing;
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

    pub(super) fn firing(&self) -> Option<&Telling> {
        self.last.as_ref().filter(|last| last.firing)
    }

    /// Notes what is about to be told; gives how many of the key were held back before it.
    pub(super) fn tell(
        &mut self,
        ticket: u32,
        targets: u16,
        (level, firing): (AlertLevel, bool),
        cooldown: Duration,
    ) -> u64 {
        let carried = std::mem::take(&mut self.suppressed);
        let before = self.firing().filter(|_| firing);
        let telling = Telling {
            in_digest: before.is_some_and(|before| before.in_digest),
            ticket,
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
        u64::from(carried)
    }
}

impl Telling {
    /// Whether nobody is told the same again yet.
    pub(super) fn quiet(&self, tick: Tick) -> bool {
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
    pub(super) fn overdue(&self, question: &Question) -> Option<Pass> {
        let (after, why) = if question.ask.acknowledged {
            (question.remind?, Pass::Reminder)
        } else {
            (question.repeat?, Pass::Repeat)
        };
        let told_at = self.told_at()?;
        (question.tick.since(told_at) >= after).then_some(why)
    }

    /// Since when it has been told to everybody; none: it is on its way still.
    pub(super) fn told_at(&self) -> Option<Tick> {
        (self.arrived && self.outstanding == 0).then_some(self.at)
    }

    /// How long the key is quiet after it.
    pub(super) const fn cooldown(&self) -> Duration {
        Duration::from_millis(self.cooldown.unsigned_abs())
    }

    /// True: it will never arrive anywhere.
    fn die(&mut self) -> bool {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.outstanding == 0 && !self.arrived
    }
}
