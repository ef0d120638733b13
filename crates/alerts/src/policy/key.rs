//! All that is known of one key: what was told of it on each channel, and whether it flaps.

use std::time::Duration;

use super::flap::{Flap, FlapConfig};
use super::mark::Mark;
use super::routes::Held;
use super::{Ask, Pass, Suppressed, Verdict};
use crate::AlertLevel;
use crate::clock::{Tick, millis};

/// All that is known of one key.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyState {
    /// One a channel: there are many keys and few channels.
    marks: Box<[Mark]>,
    flap: Option<Box<Flap>>,
}

/// What is asked about a key on one channel.
pub(super) struct Question {
    pub(super) tick: Tick,
    /// See [`Verdict::Deliver`].
    pub(super) ticket: u32,
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
            ticket,
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
        if ask.again && place.is_some_and(|place| self.marks[place].refused(question)) {
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
        let suppressed = mark.tell(ticket, targets, (level, true), cooldown);
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
        let told_at = mark.firing()?.told_at();
        Some(told_at.unwrap_or(question.tick).after(after))
    }

    /// A bit for each channel whose readers believe something worse than this.
    pub(super) fn told_worse(&self, level: AlertLevel) -> u64 {
        let worse = |mark: &&Mark| mark.told().is_some_and(|told| told > level);
        let marks = self.marks.iter().filter(worse);
        marks.fold(0, |bits, mark| bits | (1 << mark.channel))
    }

    /// See [`Policy::gathered_on`](super::Policy::gathered_on).
    pub(super) fn gathered(&self) -> (u64, u64) {
        let (mut gathered, mut in_digest) = (0, 0);
        for mark in &self.marks {
            if let Some(last) = mark.firing() {
                gathered |= u64::from(last.gathered) << mark.channel;
                in_digest |= u64::from(last.in_digest) << mark.channel;
            }
        }
        (gathered, in_digest)
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
        ticket: u32,
        (channel, targets): (u8, u16),
        level: AlertLevel,
        cooldown: Duration,
    ) {
        let place = self.marks.iter().position(|mark| mark.channel == channel);
        let place = place.unwrap_or_else(|| self.add(channel));
        self.marks[place].tell(ticket, targets, (level, true), cooldown);
    }

    /// The end of what was told; none when nothing was.
    pub(super) fn resolve(
        &mut self,
        ticket: u32,
        (channel, targets): (u8, u16),
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
        let (level, cooldown) = (last.level, last.cooldown());
        let suppressed = mark.tell(ticket, targets, (level, false), cooldown);
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
        self.put(Mark::new(channel));
        self.marks.len() - 1
    }

    fn put(&mut self, mark: Mark) {
        let mut marks = std::mem::take(&mut self.marks).into_vec();
        // No room in advance.
        marks.reserve_exact(1);
        marks.push(mark);
        self.marks = marks.into_boxed_slice();
    }

    pub(super) fn mark(&self, channel: usize) -> Option<&Mark> {
        let of = |mark: &&Mark| usize::from(mark.channel) == channel;
        self.marks.iter().find(of)
    }

    pub(super) fn mark_mut(&mut self, channel: usize) -> Option<&mut Mark> {
        let of = |mark: &&mut Mark| usize::from(mark.channel) == channel;
        self.marks.iter_mut().find(of)
    }

    /// Whether a digest tells a channel's readers of it, and it fires.
    pub(super) fn is_in_digest(&self, channel: usize) -> bool {
        let last = self.mark(channel).and_then(Mark::firing);
        last.is_some_and(|last| last.in_digest)
    }

    /// It was held down when the last run ended.
    pub(super) fn recover_flap(&mut self, flap: Flap) {
        self.flap = Some(Box::new(flap));
    }

    /// It was told to fire on the channel, a cooldown ago, unless more is known.
    pub(super) fn recover_firing(
        &mut self,
        tick: Tick,
        channel: u8,
        level: AlertLevel,
        cooldown: Duration,
    ) {
        if self.mark(usize::from(channel)).is_none() {
            let mut mark = Mark::new(channel);
            mark.tell(0, 1, (level, true), cooldown);
            mark.delivered(Tick(tick.0.saturating_sub(millis(cooldown))), 0);
            self.put(mark);
        }
    }

    /// It is told on the channel as it was before a restart.
    pub(super) fn recover(&mut self, mark: Mark) {
        match self.mark_mut(usize::from(mark.channel)) {
            Some(known) => *known = mark,
            None => self.put(mark),
        }
    }
}
