//! The state of a manager: policy, outbox and counts under one lock, without IO. Every step returns
//! what is to be written and told.
//!
//! What fires is one record a key ([`firing`]); what was told is the policy's. Whatever happens, the
//! alerts that it may concern are looked at ([`look`]), and what they are owed is delivered:
//!
//! | what happens | file |
//! | --- | --- |
//! | an alert, or its end, is sent | [`accept`] |
//! | somebody says what is so now | [`conditions`] |
//! | a silence, an acknowledgment, a switch, a step of an escalation | [`people`] |
//! | time passes: an event runs out, something that held back is over, the sweep | [`look`] |
//! | an attempt ends | [`settle`] |
//! | a new run takes up the last | [`recover`] |

mod accept;
mod claims;
mod conditions;
mod detour;
mod digest;
mod effects;
mod firing;
mod incident;
mod look;
mod meta;
mod people;
mod recover;
mod route;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bongsu_trace::random::SplitMix;
use ulid::Ulid;

pub(crate) use accept::Plan;
pub use accept::{ChannelDecision, Receipt, SendError, What};
pub(crate) use conditions::Difference;
pub(crate) use effects::Effects;
pub(crate) use firing::ActiveSet;
pub(crate) use people::{ESCALATION, escalated};

use crate::channel::{AlertStatus, Notification, Rendered, Target};
use crate::clock::{Now, Tick};
use crate::outbox::{Claim, Outbox};
use crate::policy::Policy;
use crate::presentation::Presentation;
use crate::stats::Counters;

/// The fact that says who looks after an alert.
const OWNER: &str = "owner";

/// Everything that a decision needs.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) policy: Policy,
    pub(crate) outbox: Outbox,
    pub(crate) counters: Counters,
    pub(crate) active: ActiveSet,
    pub(crate) channels: Vec<ChannelInfo>,
    fallback: Option<usize>,
    /// The fallback where the routing names none.
    own_fallback: Option<usize>,
    pub(crate) service: String,
    pub(crate) environment: String,
    /// Language, zone and links of what is sent.
    pub(crate) presentation: Arc<Presentation>,
    claims: claims::Claims,
    /// The digest that each target of each channel gathers now.
    open_digests: HashMap<digest::Slot, Ulid>,
    /// Whoever has a digest that is not over, where such a thing ends.
    told_digests: HashSet<(usize, usize)>,
    /// When the dispatcher comes back by itself.
    wake: Tick,
    rng: SplitMix,
    /// The newest identifier given out, by this run or the one before.
    last_id: Ulid,
}

/// The parts of a channel that never change.
#[derive(Debug)]
pub(crate) struct ChannelInfo {
    pub(crate) id: Arc<str>,
    pub(crate) targets: Vec<Target>,
    pub(crate) target_names: Vec<Arc<str>>,
    /// A digest opens something there that stays open until it is told to be over.
    pub(crate) keeps_digests: bool,
}

/// One attempt, with all that it needs.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: Ulid,
    pub(crate) channel: usize,
    pub(crate) target: Target,
    pub(crate) attempt: u32,
    pub(crate) notification: Notification,
    pub(crate) message: Option<Arc<Rendered>>,
    /// What to ask the other replicas; none: nothing.
    pub(crate) shared: Option<SharedAsk>,
    /// The key, where it tells once more of what nobody acknowledged, as far as is known here.
    pub(crate) repeats: Option<Arc<str>>,
    /// What the others have to know once it arrived besides what they were asked: what a digest says of its
    /// keys, and that whoever heard of a step of an escalation knows of the alert.
    pub(crate) gathered: Vec<SharedAsk>,
}

/// What to ask the other replicas before an attempt.
#[derive(Debug, Clone)]
pub(crate) struct SharedAsk {
    pub(crate) key: Arc<str>,
    pub(crate) level: crate::AlertLevel,
    pub(crate) resolved: bool,
    pub(crate) cooldown: Duration,
    pub(crate) falls: bool,
    /// See [`crate::shared::Topic::so`].
    pub(crate) so: Option<crate::AlertLevel>,
    /// How long ago it was accepted, or may have arrived from here.
    pub(crate) age: Duration,
}

/// What the dispatcher does next.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) jobs: Vec<Job>,
    pub(crate) effects: Effects,
    /// Alerts whose escalation is due, if no other replica was told that somebody knows.
    pub(crate) escalations: Vec<Arc<str>>,
    pub(crate) wake: Tick,
}

impl Engine {
    pub(crate) fn new(
        policy: Policy,
        outbox: Outbox,
        channels: Vec<ChannelInfo>,
        fallback: Option<usize>,
        active: ActiveSet,
        (service, environment): (String, String),
        seed: u64,
    ) -> Self {
        let counters = Counters {
            channels: vec![crate::stats::ChannelStatistics::default(); channels.len()],
            ..Counters::default()
        };
        Self {
            policy,
            outbox,
            counters,
            active,
            channels,
            fallback,
            own_fallback: fallback,
            service,
            presentation: Arc::default(),
            environment,
            claims: claims::Claims::default(),
            open_digests: HashMap::new(),
            told_digests: HashSet::new(),
            wake: Tick::NEVER,
            rng: SplitMix::new(seed),
            last_id: Ulid::nil(),
        }
    }

    pub(crate) fn channel_index(&self, id: &str) -> Option<usize> {
        self.channels.iter().position(|channel| &*channel.id == id)
    }

    /// Whom a channel reaches.
    fn places_of(&self, channel: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let targets = 0..self.channels[channel].targets.len();
        targets.map(move |target| (channel, target))
    }

    /// Later than every one before it, also within a millisecond and when the wall clock is set
    /// back: the store takes the order of ids for the order of events.
    fn ulid(&mut self, now: Now) -> Ulid {
        let random = (u128::from(self.rng.word()) << 64) | u128::from(self.rng.word());
        let millis = u64::try_from(now.wall.as_millisecond()).unwrap_or(0);
        let fresh = Ulid::from_parts(millis, random);
        if self.last_id < fresh {
            self.last_id = fresh;
        } else {
            self.last_id = Ulid(self.last_id.0.saturating_add(1));
        }
        self.last_id
    }

    /// What is to be done now, and when to come back.
    pub(crate) fn poll(&mut self, now: Now) -> Work {
        let mut effects = Effects::default();
        for id in self.outbox.expired_leases(now.tick) {
            self.outbox.put_back(id, now.tick, now.tick);
        }
        let claims = self.outbox.due(now.tick);
        // After the claims: the last attempt is made at the deadline.
        for id in self.outbox.overdue(now.tick) {
            self.give_up(now, id, "deadline passed".to_owned(), &mut effects);
        }
        let mut escalations = Vec::new();
        for key in self.active.due(now.tick) {
            if self.look(now, &key, &mut effects) {
                escalations.push(key);
            }
        }
        let mut jobs = Vec::new();
        for claim in claims {
            match self.outbox.before_digest(claim.id) {
                Some(before) => self.outbox.defer(claim.id, now.tick, before),
                None => jobs.extend(self.job(now, &claim)),
            }
        }
        let wake = self.outbox.next_wake(now.tick).min(self.active.next_wake());
        self.wake = wake;
        Work {
            jobs,
            effects,
            escalations,
            wake,
        }
    }

    fn job(&mut self, now: Now, claim: &Claim) -> Option<Job> {
        let row = self.outbox.get(claim.id)?;
        let info = &self.channels[claim.channel];
        let target = info.targets.get(usize::from(row.target))?.clone();
        let mut alert = row.accepted.alert.clone();
        let mut digest = Vec::new();
        if let Some(gathered) = &row.digest {
            self.open_digests.retain(|_, open| *open != claim.id);
            (alert, digest) = digest::digest_content(now, &self.service, &row.accepted, gathered);
        }
        if row.digest.is_none()
            && !alert.metadata.contains_key(OWNER)
            && let Some(owner) = self.policy.owner(now, &alert, &row.accepted.key)
        {
            alert = alert.metadata(OWNER, owner);
        }
        let gathered = row.digest.iter().flat_map(|digest| digest.told());
        // Told by a step of an escalation, which is reserved by a name of its own, it is told.
        let step = people::escalation(&alert).map(|_| (&row.accepted.key, alert.level, false));
        let cooldown = self.policy.cooldown();
        let gathered = gathered
            .chain(step)
            .map(|(key, level, resolved)| SharedAsk {
                key: Arc::clone(key),
                level,
                resolved,
                cooldown,
                falls: false,
                so: (!resolved).then_some(level),
                age: Duration::ZERO,
            })
            .collect();
        let age = now.tick.since(row.accepted_tick);
        let shared = (row.digest.is_none() && !row.cooldown.is_zero()).then(|| {
            let own = &row.accepted.key;
            let (key, cooldown) = match people::escalation(&alert) {
                // Past what was told already, once for each step.
                Some(said) => {
                    let key = Arc::from(format!("{own}|{said}"));
                    // From when the step was taken: told late, it must not stand for the same step of later.
                    let taken = self.step_taken(own, said);
                    let left = taken.map(|taken| taken.saturating_sub(age));
                    (key, left.unwrap_or(row.cooldown))
                }
                None => (Arc::clone(own), row.cooldown),
            };
            SharedAsk {
                key,
                level: alert.level,
                resolved: row.accepted.status == AlertStatus::Resolved,
                cooldown,
                falls: row.falls(),
                so: self.left_believing(own, claim.channel),
                // What was told before an attempt from here that may have arrived was not told last.
                age: row.doubted.map_or(age, |at| now.tick.since(at)),
            }
        });
        let known = row.accepted.status == AlertStatus::Firing
            && row.told == Some(alert.level)
            && self.is_unacknowledged(&row.accepted.key);
        let repeats = (known && !row.detour).then(|| Arc::clone(&row.accepted.key));
        Some(Job {
            id: claim.id,
            repeats,
            channel: claim.channel,
            target,
            attempt: row.attempt,
            notification: Notification::new(
                alert,
                row.accepted.status,
                &self.service,
                &self.environment,
            )
            .presentation(Arc::clone(&self.presentation))
            .delivery_id(claim.id.to_string())
            .suppressed(row.suppressed)
            .digest(digest),
            message: row.message.clone(),
            shared,
            gathered,
        })
    }

    /// A number in `0.0..1.0`.
    fn unit(&mut self) -> f64 {
        self.rng.unit()
    }
}
