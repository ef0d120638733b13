//! The difference between what is so and what was told, and how it is closed.
//!
//! Whatever could change the answer leads to a look at the alert: that it was sent, rose, fell or
//! ended; that a silence, a quiet time, an inhibition or a flap hold is over, or an acknowledgment
//! taken back; that a channel is on again; the start of the process; and, for everything nobody thought
//! of, a slow sweep. A look asks the policy what is still owed. When nothing is, nothing happens.

use std::sync::Arc;
use std::time::Duration;

use super::firing::Watched;
use super::route::{Facts, Take};
use super::{Effects, Engine};
use crate::channel::AlertStatus;
use crate::clock::{Now, Tick};
use crate::outbox::RowState;
use crate::policy::{Ask, Decision, Suppressed, Verdict};
use crate::store::{Accepted, Change};

/// Every alert that fires is looked at this often, whatever else happens.
pub(super) const SWEEP: Duration = Duration::from_secs(300);
/// An escalation that was handed out is handed out again after this, if nothing came of it.
const ESCALATING: Duration = Duration::from_secs(10);

impl Engine {
    /// Notes what was sent, and what was decided on it.
    pub(super) fn note(
        &mut self,
        now: Now,
        accepted: &Arc<Accepted>,
        decision: &Decision,
        scope: Option<&Arc<str>>,
        effects: &mut Effects,
    ) {
        let key = &accepted.key;
        if accepted.status == AlertStatus::Resolved {
            self.note_end(now, accepted, decision, effects);
            return;
        }
        let known = self.active.get(key).is_some();
        if !known {
            self.active
                .insert(key, Watched::new(accepted, now), effects);
        }
        let again = self.active.begin(key);
        let Some(watched) = self.active.get_mut(key) else {
            return;
        };
        if again {
            watched.since = now.wall;
            watched.acknowledged = None;
        }
        let level = accepted.alert.level;
        let before = watched.accepted.alert.level;
        let (rose, fell) = (level > before, level < before);
        if rose || again {
            // Whoever knew, knew of something milder; and the clock starts anew.
            watched.acknowledged = None;
            watched.escalated = 0;
            watched.told = None;
        }
        watched.accepted = Arc::clone(accepted);
        watched.last = now.wall;
        watched.count = watched.count.saturating_add(1);
        watched.ends = accepted.alert.lasts.map(|lasts| now.tick.after(lasts));
        if let Some(scope) = scope {
            watched.scope = Some(Arc::clone(scope));
            watched.adopted = false;
        }
        let stale = accepted
            .alert
            .lasts
            .is_some_and(|lasts| now.tick.since(watched.saved) > lasts / 4);
        // What it hides has to stay hidden over a restart, as long as it would have.
        let hides = self.policy.may_hide(&accepted.alert);
        let news = self.note_told(now, key, decision);
        if fell {
            self.look_at_hidden(now);
        }
        if news || rose || fell || again || stale || hides || !known {
            self.save(now, key, effects);
        }
        self.plan_look(now, key, decision);
    }

    fn note_end(
        &mut self,
        now: Now,
        accepted: &Arc<Accepted>,
        decision: &Decision,
        effects: &mut Effects,
    ) {
        let key = &accepted.key;
        self.look_at_hidden(now);
        if !self.policy.is_told(key) {
            if self.active.remove(key).is_some() {
                effects.changes.push(Change::Inactive(Arc::clone(key)));
            }
            return;
        }
        if self.active.get(key).is_none() {
            self.active
                .insert(key, Watched::new(accepted, now), effects);
        }
        self.active.end(key, Arc::clone(accepted));
        if let Some(watched) = self.active.get_mut(key) {
            watched.held = held(decision);
            watched.ends = None;
        }
        self.save(now, key, effects);
        self.plan_look(now, key, decision);
    }

    /// Something hides less than before, or nothing any more.
    fn look_at_hidden(&mut self, now: Now) {
        self.active.look_now(now.tick, |watched| {
            matches!(watched.held, Some((Suppressed::Inhibited, _)))
        });
    }

    /// Notes who is told, who is not and why; true: that is worth a record.
    fn note_told(&mut self, now: Now, key: &Arc<str>, decision: &Decision) -> bool {
        let Some(watched) = self.active.get_mut(key) else {
            return false;
        };
        let told = decision
            .routes
            .iter()
            .filter(|route| !matches!(route.verdict, Verdict::Suppress(_)))
            .fold(0_u64, |told, route| told | (1 << route.channel));
        let before = (
            watched.channels,
            watched.held,
            watched.rule,
            watched.told.is_some(),
        );
        watched.channels |= told;
        watched.held = held(decision);
        // Somebody who never heard that it was over believes it already.
        let level = watched.accepted.alert.level;
        let believed = self
            .policy
            .worst_told(key)
            .is_some_and(|told| told >= level);
        if (told != 0 || believed) && watched.told.is_none() {
            watched.told = Some(now.tick);
        }
        if watched.rule != decision.escalates {
            watched.rule = decision.escalates;
            watched.escalated = 0;
        }
        before
            != (
                watched.channels,
                watched.held,
                watched.rule,
                watched.told.is_some(),
            )
    }

    /// Says when a key is looked at again.
    fn plan_look(&mut self, now: Now, key: &Arc<str>, decision: &Decision) {
        let Some(watched) = self.active.get(key) else {
            return;
        };
        // All sweeps fall together, so that the dispatcher wakes once for them.
        let sweep = Tick((now.tick.0.div_euclid(SWEEP_MS) + 1).saturating_mul(SWEEP_MS));
        let escalation = self.escalates_at(watched);
        let at = [decision.until, decision.next, escalation, watched.ends]
            .into_iter()
            .flatten()
            // What was due has been seen to; if it is held back, its end is among these.
            .filter(|at| *at > now.tick)
            .fold(sweep, Tick::min);
        self.active.look_at(key, at);
    }

    /// When the next step of its escalation is due.
    pub(super) fn escalates_at(&self, watched: &Watched) -> Option<Tick> {
        let idle = watched.acknowledged.is_some()
            || watched.ended.is_some()
            || matches!(watched.held, Some((reason, _)) if reason != Suppressed::Quiet);
        if idle {
            return None;
        }
        let step = usize::try_from(watched.escalated).unwrap_or(usize::MAX);
        let (after, _) = self.policy.escalations(watched.rule?).get(step)?;
        Some(watched.told?.after(*after))
    }

    /// Looks at a key: ends what has run out, tells what is owed. True: its escalation is due.
    pub(super) fn look(&mut self, now: Now, key: &Arc<str>, effects: &mut Effects) -> bool {
        let Some(watched) = self.active.get(key) else {
            return false;
        };
        if let Some(ended) = watched.ended.clone() {
            self.look_at_end(now, &ended, effects);
            return false;
        }
        if watched.ends.is_some_and(|ends| ends <= now.tick) {
            self.run_out(now, key, effects);
            return false;
        }
        let accepted = Arc::clone(&watched.accepted);
        let acknowledged = watched.acknowledged.is_some();
        let facts = self.facts(&accepted);
        let decision = self.decide_again(now, &accepted, acknowledged);
        self.tell_owed(now, &accepted, &decision, facts, effects);
        if self.note_told(now, key, &decision) {
            self.save(now, key, effects);
        }
        self.plan_look(now, key, &decision);
        let due = |engine: &Self| {
            let watched = engine.active.firing(key)?;
            engine.escalates_at(watched).filter(|at| *at <= now.tick)
        };
        let escalates = due(self).is_some();
        if escalates {
            self.active.look_at(key, now.tick.after(ESCALATING));
        }
        escalates
    }

    /// What is still owed of what was accepted.
    fn decide_again(&mut self, now: Now, accepted: &Accepted, acknowledged: bool) -> Decision {
        let ask = Ask {
            again: true,
            acknowledged,
        };
        let Accepted {
            key, alert, status, ..
        } = accepted;
        self.policy.decide_by(now, key, alert, *status, ask)
    }

    /// An end that was held back: whoever was told hears of it as soon as nothing holds it any more.
    fn look_at_end(&mut self, now: Now, ended: &Arc<Accepted>, effects: &mut Effects) {
        let facts = self.facts(ended);
        let decision = self.decide_again(now, ended, false);
        self.tell_owed(now, ended, &decision, facts, effects);
        self.note_end(now, ended, &decision, effects);
    }

    /// An event that was not repeated is over.
    fn run_out(&mut self, now: Now, key: &Arc<str>, effects: &mut Effects) {
        let Some(accepted) = self.firing(key) else {
            return;
        };
        let lasted = accepted.alert.lasts.unwrap_or_default();
        let mut alert = accepted.alert.clone();
        alert.key = Some(key.to_string());
        alert.timestamp = now.wall;
        alert.message = format!("It did not happen again within {}.", in_words(lasted));
        let ended = Arc::new(Accepted {
            id: self.ulid(now),
            alert,
            key: Arc::clone(key),
            status: AlertStatus::Resolved,
            at: now.wall,
        });
        let facts = self.facts(&ended);
        // Not "again": that it ended is news, also to the flap detector.
        let decision = self.policy.decide(now, &ended.alert, AlertStatus::Resolved);
        self.tell_owed(now, &ended, &decision, facts, effects);
        self.note_end(now, &ended, &decision, effects);
    }

    /// Makes deliveries of what is owed. Without room for them it stays owed.
    fn tell_owed(
        &mut self,
        now: Now,
        accepted: &Arc<Accepted>,
        decision: &Decision,
        facts: Facts,
        effects: &mut Effects,
    ) {
        let owed = |verdict: &Verdict| !matches!(verdict, Verdict::Suppress(_));
        if !decision.routes.iter().any(|route| owed(&route.verdict)) {
            return;
        }
        let going = self.going(decision);
        if !self.room_for(now, accepted, going, facts.urgency, effects) {
            self.take_back(now, &accepted.key, decision);
            return;
        }
        // A row of its own in the history: the alert itself may have left it long ago.
        let told = Arc::new(Accepted {
            id: self.ulid(now),
            alert: accepted.alert.clone(),
            key: Arc::clone(&accepted.key),
            status: accepted.status,
            at: now.wall,
        });
        let mut take = Take::new(now, &told, facts, RowState::Waiting);
        for route in &decision.routes {
            if owed(&route.verdict) {
                self.take_route(route, &mut take);
            }
        }
        self.detour_if_failing(decision, &mut take);
        self.end_digests(facts, &mut take);
        let Take {
            deliveries, before, ..
        } = take;
        effects.changes.push(Change::Accept {
            accepted: told,
            deliveries,
        });
        effects.changes.extend(before.changes);
        effects.events.extend(before.events);
    }
}

const SWEEP_MS: i64 = 300_000;

/// Why nobody is told at present, and until when at most.
fn held(decision: &Decision) -> Option<(Suppressed, Option<Tick>)> {
    if let Some(reason) = decision.hushed {
        return Some((reason, decision.until));
    }
    let mut reasons = decision.routes.iter().map(|route| match route.verdict {
        Verdict::Suppress(reason @ (Suppressed::Quiet | Suppressed::Disabled)) => Some(reason),
        _ => None,
    });
    let first = reasons.next().flatten()?;
    reasons
        .all(|reason| reason.is_some())
        .then_some((first, decision.until))
}

pub(super) fn in_words(wait: Duration) -> String {
    let seconds = wait.as_secs();
    match seconds {
        1 => "1 second".to_owned(),
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        _ => format!("{} hours", seconds / 3_600),
    }
}
