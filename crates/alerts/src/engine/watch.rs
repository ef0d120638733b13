//! What fires, who knows, and when somebody else has to be told.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Effects, Engine};
use crate::channel::AlertStatus;
use crate::clock::{Now, Tick};
use crate::event::AlertEvent;
use crate::policy::{Pass, Route, Verdict};
use crate::store::{Accepted, ActiveAlert, Change};

/// The alerts that fire. Bounded; the one that began first goes first.
#[derive(Debug)]
pub(crate) struct ActiveSet {
    watched: HashMap<Arc<str>, Watched>,
    order: VecDeque<Arc<str>>,
    escalations: BTreeSet<(Tick, Arc<str>)>,
    max: usize,
    pub(crate) evicted: u64,
}

#[derive(Debug)]
struct Watched {
    accepted: Arc<Accepted>,
    since: Timestamp,
    since_tick: Tick,
    last: Timestamp,
    count: u64,
    channels: u64,
    acknowledged: Option<(String, Timestamp)>,
    escalated: u32,
    rule: Option<usize>,
    due: Option<Tick>,
}

impl ActiveSet {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            watched: HashMap::new(),
            order: VecDeque::new(),
            escalations: BTreeSet::new(),
            max: max.max(1),
            evicted: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.watched.len()
    }

    /// The keys whose escalation is due; each is named once.
    pub(crate) fn due(&mut self, tick: Tick) -> Vec<Arc<str>> {
        let mut due = Vec::new();
        while let Some((at, _)) = self.escalations.first()
            && *at <= tick
            && let Some((_, key)) = self.escalations.pop_first()
        {
            if let Some(watched) = self.watched.get_mut(&key) {
                watched.due = None;
                due.push(key);
            }
        }
        due
    }

    pub(crate) fn next_wake(&self) -> Tick {
        self.escalations.first().map_or(Tick::NEVER, |(at, _)| *at)
    }

    fn schedule(&mut self, key: &Arc<str>, at: Option<Tick>) {
        let Some(watched) = self.watched.get_mut(key) else {
            return;
        };
        if let Some(old) = watched.due.take() {
            self.escalations.remove(&(old, Arc::clone(key)));
        }
        if let Some(at) = at {
            watched.due = Some(at);
            self.escalations.insert((at, Arc::clone(key)));
        }
    }

    fn remove(&mut self, key: &str) -> Option<Watched> {
        let (key, watched) = self.watched.remove_entry(key)?;
        if let Some(at) = watched.due {
            self.escalations.remove(&(at, key));
        }
        Some(watched)
    }

    fn make_room(&mut self, effects: &mut Effects) {
        while self.watched.len() >= self.max {
            let Some(key) = self.order.pop_front() else {
                return;
            };
            if self.remove(&key).is_some() {
                self.evicted += 1;
                effects.changes.push(Change::Inactive(key));
            }
        }
        // Keys that ended leave their place in the order; it must not grow for ever.
        if self.order.len() > self.max * 2 {
            let watched = &self.watched;
            self.order.retain(|key| watched.contains_key(key));
        }
    }

    fn export(&self, key: &Arc<str>, engine: &Names<'_>) -> Option<ActiveAlert> {
        let watched = self.watched.get(key)?;
        Some(ActiveAlert {
            key: key.to_string(),
            alert: watched.accepted.alert.clone(),
            since: watched.since,
            last: watched.last,
            count: watched.count,
            channels: engine
                .channels
                .iter()
                .enumerate()
                .filter(|(place, _)| watched.channels & (1 << place) != 0)
                .map(|(_, channel)| channel.id.to_string())
                .collect(),
            acknowledged_by: watched.acknowledged.as_ref().map(|(by, _)| by.clone()),
            acknowledged_at: watched.acknowledged.as_ref().map(|(_, at)| *at),
            escalated: watched.escalated,
            rule: watched
                .rule
                .and_then(|rule| engine.policy.rule_id(rule))
                .map(str::to_owned),
        })
    }
}

/// The parts of the engine that turn places into names.
struct Names<'a> {
    channels: &'a [super::ChannelInfo],
    policy: &'a crate::policy::Policy,
}

impl Engine {
    pub(super) fn note_active(
        &mut self,
        now: Now,
        accepted: &Arc<Accepted>,
        routes: &[Route],
        effects: &mut Effects,
    ) {
        if accepted.status == AlertStatus::Resolved {
            if self.active.remove(&accepted.key).is_some() {
                effects
                    .changes
                    .push(Change::Inactive(Arc::clone(&accepted.key)));
            }
            return;
        }
        let told: u64 = routes
            .iter()
            .filter(|route| !matches!(route.verdict, Verdict::Suppress(_)))
            .fold(0, |told, route| told | (1 << route.channel));
        let known = self.active.watched.get_mut(&accepted.key);
        if let Some(watched) = known {
            watched.last = now.wall;
            watched.count = watched.count.saturating_add(1);
            let news = watched.channels | told != watched.channels
                || watched.accepted.alert.level != accepted.alert.level;
            watched.channels |= told;
            if told != 0 {
                watched.accepted = Arc::clone(accepted);
            }
            if !news {
                return;
            }
        } else if told == 0 {
            return;
        } else {
            self.active.make_room(effects);
            let rule = routes
                .iter()
                .filter_map(|route| route.rule)
                .find(|rule| !self.policy.escalations(*rule).is_empty());
            self.active.order.push_back(Arc::clone(&accepted.key));
            self.active.watched.insert(
                Arc::clone(&accepted.key),
                Watched {
                    accepted: Arc::clone(accepted),
                    since: now.wall,
                    since_tick: now.tick,
                    last: now.wall,
                    count: 1,
                    channels: told,
                    acknowledged: None,
                    escalated: 0,
                    rule,
                    due: None,
                },
            );
            self.schedule_escalation(now, &accepted.key);
        }
        self.write_active(&accepted.key, effects);
    }

    fn schedule_escalation(&mut self, now: Now, key: &Arc<str>) {
        let Some(watched) = self.active.watched.get(key) else {
            return;
        };
        let at = match (watched.rule, &watched.acknowledged) {
            (Some(rule), None) => {
                let step = usize::try_from(watched.escalated).unwrap_or(usize::MAX);
                self.policy
                    .escalations(rule)
                    .get(step)
                    .map(|(after, _)| watched.since_tick.after(*after).max(now.tick))
            }
            _ => None,
        };
        self.active.schedule(key, at);
    }

    fn write_active(&self, key: &Arc<str>, effects: &mut Effects) {
        let names = Names {
            channels: &self.channels,
            policy: &self.policy,
        };
        if let Some(active) = self.active.export(key, &names) {
            effects.changes.push(Change::Active(active));
        }
    }

    /// The alerts that fire, the oldest first.
    pub(crate) fn active_alerts(&self) -> Vec<ActiveAlert> {
        let names = Names {
            channels: &self.channels,
            policy: &self.policy,
        };
        let mut all: Vec<ActiveAlert> = self
            .active
            .watched
            .keys()
            .filter_map(|key| self.active.export(key, &names))
            .collect();
        all.sort_by(|a, b| a.since.cmp(&b.since).then_with(|| a.key.cmp(&b.key)));
        all
    }

    /// The newest alert of a key that fires.
    pub(crate) fn firing(&self, key: &str) -> Option<Arc<Accepted>> {
        self.active
            .watched
            .get(key)
            .map(|watched| Arc::clone(&watched.accepted))
    }

    /// Somebody knows; none: nothing of that key fires.
    pub(crate) fn acknowledge(&mut self, now: Now, key: &str, by: &str) -> Option<Effects> {
        let watched = self.active.watched.get_mut(key)?;
        let key = Arc::clone(&watched.accepted.key);
        let mut effects = Effects::default();
        if watched.acknowledged.is_none() {
            watched.acknowledged = Some((by.to_owned(), now.wall));
            self.active.schedule(&key, None);
            self.write_active(&key, &mut effects);
            effects.events.push(AlertEvent::Acknowledged {
                key,
                by: by.to_owned(),
            });
        }
        Some(effects)
    }

    /// Nobody acknowledged in time: the next step's channels are told.
    pub(crate) fn escalate(&mut self, now: Now, key: &Arc<str>) -> Effects {
        let mut effects = Effects::default();
        let Some(watched) = self.active.watched.get_mut(key) else {
            return effects;
        };
        let step = usize::try_from(watched.escalated).unwrap_or(usize::MAX);
        let found = watched
            .rule
            .and_then(|rule| self.policy.escalations(rule).get(step).cloned());
        let (Some((after, channels)), None) = (found, &watched.acknowledged) else {
            return effects;
        };
        watched.escalated = watched.escalated.saturating_add(1);
        let mut alert = watched.accepted.alert.clone();
        alert = alert.metadata(
            "escalation",
            format!("not acknowledged within {}", in_words(after)),
        );
        let told = channels
            .iter()
            .fold(0_u64, |told, channel| told | (1 << channel));
        watched.channels |= told;
        let accepted = Arc::new(Accepted {
            id: self.ulid(now),
            alert,
            key: Arc::clone(key),
            status: AlertStatus::Firing,
            at: now.wall,
        });
        let mut deliveries = Vec::new();
        let mut names = Vec::new();
        for channel in channels {
            names.push(self.channels[channel].id.to_string());
            for target in 0..self.channels[channel].targets.len() {
                deliveries.push(self.add_row(
                    now,
                    &accepted,
                    (channel, target),
                    Duration::ZERO,
                    Pass::Escalated.as_str(),
                    true,
                ));
            }
        }
        self.counters.escalations += 1;
        effects.changes.push(Change::Accept {
            accepted,
            deliveries,
        });
        effects.events.push(AlertEvent::Escalated {
            key: Arc::clone(key),
            channels: names,
        });
        self.schedule_escalation(now, key);
        self.write_active(key, &mut effects);
        effects
    }

    pub(super) fn recover_active(&mut self, now: Now, active: ActiveAlert) {
        let rule = active
            .rule
            .as_deref()
            .and_then(|id| self.policy.rule_index(id));
        let channels = active
            .channels
            .iter()
            .filter_map(|id| self.channel_index(id))
            .fold(0_u64, |told, channel| told | (1 << channel));
        let key: Arc<str> = Arc::from(active.key.as_str());
        let id = self.ulid(now);
        for channel in 0..self.channels.len() {
            if channels & (1 << channel) != 0 {
                let level = active.alert.level;
                self.policy.recover_firing(now.tick, &key, channel, level);
            }
        }
        self.active.order.push_back(Arc::clone(&key));
        self.active.watched.insert(
            Arc::clone(&key),
            Watched {
                accepted: Arc::new(Accepted {
                    id,
                    alert: active.alert,
                    key: Arc::clone(&key),
                    status: AlertStatus::Firing,
                    at: active.last,
                }),
                since: active.since,
                // A clock that was set back must not put an escalation off.
                since_tick: now.tick_at(active.since).min(now.tick),
                last: active.last,
                count: active.count,
                channels,
                acknowledged: active
                    .acknowledged_by
                    .map(|by| (by, active.acknowledged_at.unwrap_or(now.wall))),
                escalated: active.escalated,
                rule,
                due: None,
            },
        );
        self.schedule_escalation(now, &key);
    }
}

fn in_words(wait: Duration) -> String {
    let seconds = wait.as_secs();
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        _ => format!("{} hours", seconds / 3_600),
    }
}
