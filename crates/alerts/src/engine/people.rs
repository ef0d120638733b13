//! What people do about an alert, and what happens when nobody does anything.

use std::sync::Arc;
use std::time::Duration;

use ulid::Ulid;

use super::look::in_words;
use super::route::Take;
use super::{Effects, Engine};
use crate::alert::Alert;
use crate::channel::AlertStatus;
use crate::clock::Now;
use crate::event::AlertEvent;
use crate::outbox::{Row, RowState};
use crate::policy::{Ask, Decision, Pass, Silence, Suppressed};
use crate::routing::{Defaults, Routing};
use crate::rule::Matcher;
use crate::store::{Accepted, Change};

/// The fact that says which step of an escalation it is.
pub(crate) const ESCALATION: &str = "escalation";
const UNACKNOWLEDGED: &str = "not acknowledged within";

/// The step of an escalation that an alert is told by, in words.
pub(super) fn escalation(alert: &Alert) -> Option<&str> {
    let said = alert.metadata.get(ESCALATION)?.as_str()?;
    said.starts_with(UNACKNOWLEDGED).then_some(said)
}

/// Whether an alert is told because nobody acknowledged it.
pub(crate) fn escalated(alert: &Alert) -> bool {
    escalation(alert).is_some()
}

fn words(after: Duration) -> String {
    format!("{UNACKNOWLEDGED} {}", in_words(after))
}

impl Engine {
    /// Somebody knows; none: nothing of that key fires.
    pub(crate) fn acknowledge(&mut self, now: Now, key: &str, by: &str) -> Option<Effects> {
        let key = Arc::clone(&self.active.firing(key)?.accepted.key);
        let mut effects = Effects::default();
        let watched = self.active.get_mut(&key)?;
        if watched.acknowledged.is_none() {
            watched.acknowledged = Some((by.to_owned(), now.wall));
            self.save(now, &key, &mut effects);
            self.active.look_at(&key, now.tick);
            effects.events.push(AlertEvent::Acknowledged {
                key,
                by: by.to_owned(),
            });
        }
        Some(effects)
    }

    /// Whether a key fires and nobody said here that he knows.
    pub(super) fn is_unacknowledged(&self, key: &str) -> bool {
        let firing = self.active.firing(key);
        firing.is_some_and(|watched| watched.acknowledged.is_none())
    }

    /// Somebody told another replica that he knows: what was to be told once more is not.
    pub(crate) fn acknowledged_elsewhere(&mut self, now: Now, id: Ulid, by: &str) -> Effects {
        let key = self.outbox.get(id).map(|row| Arc::clone(&row.accepted.key));
        let acknowledged = key.and_then(|key| self.acknowledge(now, &key, by));
        let mut effects = acknowledged.unwrap_or_default();
        self.leave(now, id, Suppressed::Acknowledged, &mut effects);
        effects
    }

    /// Nobody knows after all: the clock of its escalation starts anew. None: nothing of that key fires.
    pub(crate) fn unacknowledge(&mut self, now: Now, key: &str, by: &str) -> Option<Effects> {
        let key = Arc::clone(&self.active.firing(key)?.accepted.key);
        let mut effects = Effects::default();
        let watched = self.active.get_mut(&key)?;
        if watched.acknowledged.take().is_some() {
            watched.escalated = 0;
            watched.told = watched.told.map(|_| now.tick);
            self.save(now, &key, &mut effects);
            self.active.look_at(&key, now.tick);
            effects.events.push(AlertEvent::Unacknowledged {
                key,
                by: by.to_owned(),
            });
        }
        Some(effects)
    }

    /// A silence begins; false when there are too many.
    pub(crate) fn silence(&mut self, now: Now, silence: Silence) -> bool {
        let added = self.policy.silence(now, silence);
        self.active.look_now(now.tick, |_| added);
        added
    }

    /// A silence ends early; false when there is none of that id.
    pub(crate) fn unsilence(&mut self, now: Now, id: &str) -> bool {
        let there = self.policy.unsilence(id);
        self.active.look_now(now.tick, |_| there);
        there
    }

    /// The keys that a silence holds back now.
    pub(crate) fn silenced_by(&self, now: Now, silence: &Silence) -> Vec<String> {
        match self.policy.silence_holds(now, &silence.id) {
            true => self.matching(&silence.matcher),
            false => Vec::new(),
        }
    }

    /// The keys of the firing alerts that match.
    pub(crate) fn matching(&self, matcher: &Matcher) -> Vec<String> {
        let firing = self.active.iter().filter(|(_, it)| it.ended.is_none());
        let mut keys: Vec<String> = firing
            .filter(|(key, it)| matcher.matches(&it.accepted.alert, key))
            .map(|(key, _)| key.to_string())
            .collect();
        keys.sort_unstable();
        keys
    }

    /// A channel is switched off, or on again: what it has missed is told.
    pub(crate) fn set_enabled(&mut self, now: Now, channel: usize, enabled: bool) {
        self.policy.set_enabled(channel, enabled);
        self.active.look_now(now.tick, |_| true);
    }

    /// Other rules hold: what they owe of what fires is told, and nothing is told twice.
    pub(crate) fn reroute(&mut self, now: Now, routing: Routing) {
        let policy = &self.policy;
        let steps: Vec<(Arc<str>, String)> = self
            .active
            .iter()
            .filter_map(|(key, it)| Some((Arc::clone(key), policy.rule_id(it.rule?)?.to_owned())))
            .collect();
        self.fall_back(routing.defaults.as_ref());
        self.policy.reroute(routing);
        // The steps of an escalation that were taken are taken, wherever its rule stands now.
        for (key, rule) in steps {
            let place = self.policy.rule_index(&rule);
            if let Some(watched) = self.active.get_mut(&key) {
                watched.rule = place;
            }
        }
        self.active.look_now(now.tick, |_| true);
    }

    /// The fallback is as the routing says it, or as the code does.
    pub(crate) fn fall_back(&mut self, said: Option<&Defaults>) {
        self.fallback = match said {
            Some(said) => said.fallback.as_ref().and_then(|id| self.channel_index(id)),
            None => self.own_fallback,
        };
    }

    /// What holds where no rule says otherwise.
    pub(crate) fn defaults(&self) -> Defaults {
        Defaults {
            cooldown: self.policy.cooldown(),
            repeat: self.policy.repeat(),
            fallback: self
                .fallback
                .map(|place| self.channels[place].id.to_string()),
        }
    }

    /// What would become of an alert if it were sent now.
    pub(crate) fn explain(&mut self, now: Now, alert: &Alert) -> Decision {
        let known = self.active.firing(&alert.dedup_key());
        let acknowledged = known.is_some_and(|known| {
            known.acknowledged.is_some() && alert.level <= known.accepted.alert.level
        });
        let ask = Ask {
            again: false,
            acknowledged,
        };
        self.policy.explain(now, alert, ask)
    }

    /// For how long a step of an escalation is told by one replica alone: the others take it too, and the
    /// same step may be taken again.
    pub(super) fn step_taken(&self, key: &str, said: &str) -> Option<Duration> {
        let rule = self.active.get(key)?.rule?;
        let mut steps = self.policy.escalations(rule).iter();
        let (after, _) = steps.find(|(after, _)| words(*after) == said)?;
        Some(*after / 2)
    }

    /// Nobody acknowledged in time: the next step's channels are told.
    pub(crate) fn escalate(&mut self, now: Now, key: &Arc<str>) -> Effects {
        let mut effects = Effects::default();
        let Some(watched) = self.active.firing(key) else {
            return effects;
        };
        let due = self.escalates_at(watched).is_some_and(|at| at <= now.tick);
        let step = watched.escalated;
        let place = usize::try_from(step).unwrap_or(usize::MAX);
        let found = watched
            .rule
            .and_then(|rule| self.policy.escalations(rule).get(place).cloned());
        let (Some((wait, channels)), true) = (found, due) else {
            return effects;
        };
        let alert = watched.accepted.alert.clone();
        let said = words(wait);
        let accepted = Arc::new(Accepted {
            id: self.ulid(now),
            alert: alert.metadata(ESCALATION, said),
            key: Arc::clone(key),
            status: AlertStatus::Firing,
            at: now.wall,
        });
        let level = accepted.alert.level;
        let channels: Vec<usize> = channels
            .into_iter()
            .filter(|channel| self.policy.hears(*channel, level))
            .collect();
        let (mut deliveries, mut names, mut told) = (Vec::new(), Vec::new(), 0_u64);
        let mut after = Effects::default();
        let mut take = Take::new(now, &accepted, self.facts(&accepted), RowState::Waiting);
        for channel in channels {
            told |= 1 << channel;
            names.push(self.channels[channel].id.to_string());
            let cooldown = self.policy.cooldown().max(wait / 2);
            let ticket = self.policy.tell(key, channel, level, cooldown);
            for place in self.places_of(channel) {
                let id = self.ulid(now);
                let mut merged = 0;
                for milder in self.outbox.milder(place, key, level) {
                    merged += self.supersede(now, milder, id, &mut after);
                }
                let row = Row {
                    ticket,
                    detour: true,
                    suppressed: merged,
                    ..self.new_row(now, &accepted, place, cooldown)
                };
                deliveries.push(self.add(now, id, row, Pass::Escalated.as_str()));
                self.gather_news(place, None, &mut take);
            }
        }
        let Take {
            deliveries: gathered,
            before,
            ..
        } = take;
        deliveries.extend(gathered);
        after.changes.extend(before.changes);
        after.events.extend(before.events);
        if let Some(watched) = self.active.get_mut(key) {
            watched.escalated = watched.escalated.saturating_add(1);
            watched.channels |= told;
        }
        self.counters.escalations += 1;
        effects.changes.push(Change::Accept {
            accepted,
            deliveries,
        });
        effects.changes.extend(after.changes);
        effects.events.extend(after.events);
        effects.events.push(AlertEvent::Escalated {
            key: Arc::clone(key),
            channels: names,
        });
        self.save(now, key, &mut effects);
        self.active.look_at(key, now.tick);
        effects
    }
}
