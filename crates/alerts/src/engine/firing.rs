//! What fires: one record a key, bounded, with the moment at which it has to be looked at again.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Effects, Engine};
use crate::AlertLevel;
use crate::channel::AlertStatus;
use crate::clock::{Now, Tick};
use crate::policy::Suppressed;
use crate::store::{Accepted, ActiveAlert, Change};

/// The alerts that fire. Bounded; the one that began first goes first.
#[derive(Debug)]
pub(crate) struct ActiveSet {
    watched: HashMap<Arc<str>, Watched>,
    order: VecDeque<Arc<str>>,
    looks: BTreeSet<(Tick, Arc<str>)>,
    max: usize,
    /// Those of them that are over, and of whose end somebody has still to hear.
    ended: usize,
    pub(crate) evicted: u64,
}

/// An alert that fires, or whose end is held back.
#[derive(Debug)]
pub(super) struct Watched {
    /// The newest of its key, told or not.
    pub(super) accepted: Arc<Accepted>,
    pub(super) since: Timestamp,
    pub(super) last: Timestamp,
    pub(super) count: u64,
    /// A bit for each channel that was told.
    pub(super) channels: u64,
    pub(super) acknowledged: Option<(String, Timestamp)>,
    /// Escalation steps taken at this level.
    pub(super) escalated: u32,
    /// The rule whose escalation applies now.
    pub(super) rule: Option<usize>,
    /// Since when somebody could have acknowledged it at this level.
    pub(super) told: Option<Tick>,
    /// When an event ends.
    pub(super) ends: Option<Tick>,
    /// Why nothing goes out at present, and until when at most.
    pub(super) held: Option<(Suppressed, Option<Tick>)>,
    /// It is over, in these words; somebody who was told has still to hear of it.
    pub(super) ended: Option<Arc<Accepted>>,
    /// Who hands over whether it is so.
    pub(super) scope: Option<Arc<str>>,
    /// From a store that knew no scopes yet.
    pub(super) adopted: bool,
    /// When its record was last written.
    pub(super) saved: Tick,
    due: Tick,
}

/// Alerts looked at in one go; the dispatcher comes back for the rest after everything else.
const AT_ONCE: usize = 64;

impl ActiveSet {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            watched: HashMap::new(),
            order: VecDeque::new(),
            looks: BTreeSet::new(),
            max: max.max(1),
            ended: 0,
            evicted: 0,
        }
    }

    /// Alerts that fire.
    pub(crate) fn len(&self) -> usize {
        self.watched.len() - self.ended
    }

    pub(super) fn get(&self, key: &str) -> Option<&Watched> {
        self.watched.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Watched> {
        self.watched.get_mut(key)
    }

    /// The record of a key that fires.
    pub(super) fn firing(&self, key: &str) -> Option<&Watched> {
        self.get(key).filter(|watched| watched.ended.is_none())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Watched)> {
        self.watched.iter()
    }

    /// The keys to look at now; each is named once.
    pub(super) fn due(&mut self, tick: Tick) -> Vec<Arc<str>> {
        let mut due = Vec::new();
        while due.len() < AT_ONCE
            && let Some((at, _)) = self.looks.first()
            && *at <= tick
            && let Some((_, key)) = self.looks.pop_first()
        {
            if let Some(watched) = self.watched.get_mut(&key) {
                watched.due = Tick::NEVER;
            }
            due.push(key);
        }
        due
    }

    pub(super) fn next_wake(&self) -> Tick {
        self.looks.first().map_or(Tick::NEVER, |(at, _)| *at)
    }

    /// The next look at a key is at that moment.
    pub(super) fn look_at(&mut self, key: &Arc<str>, at: Tick) {
        let Some(watched) = self.watched.get_mut(key) else {
            return;
        };
        self.looks.remove(&(watched.due, Arc::clone(key)));
        watched.due = at;
        self.looks.insert((at, Arc::clone(key)));
    }

    /// The next look at every key that meets a condition is now.
    pub(super) fn look_now(&mut self, tick: Tick, which: impl Fn(&Watched) -> bool) {
        let keys: Vec<Arc<str>> = self
            .watched
            .iter()
            .filter(|(_, watched)| which(watched))
            .map(|(key, _)| Arc::clone(key))
            .collect();
        for key in keys {
            self.look_at(&key, tick);
        }
    }

    pub(super) fn insert(&mut self, key: &Arc<str>, watched: Watched, effects: &mut Effects) {
        self.make_room(effects);
        self.order.push_back(Arc::clone(key));
        self.ended += usize::from(watched.ended.is_some());
        self.watched.insert(Arc::clone(key), watched);
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Watched> {
        let (key, watched) = self.watched.remove_entry(key)?;
        self.ended -= usize::from(watched.ended.is_some());
        self.looks.remove(&(watched.due, key));
        Some(watched)
    }

    /// It is over, but not everybody has heard.
    pub(super) fn end(&mut self, key: &str, how: Arc<Accepted>) {
        if let Some(watched) = self.watched.get_mut(key)
            && watched.ended.replace(how).is_none()
        {
            self.ended += 1;
        }
    }

    /// It fires again before everybody heard that it was over.
    pub(super) fn begin(&mut self, key: &str) -> bool {
        let ended = self.watched.get_mut(key);
        let again = ended.is_some_and(|watched| watched.ended.take().is_some());
        self.ended -= usize::from(again);
        again
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
}

impl Watched {
    pub(super) fn new(accepted: &Arc<Accepted>, now: Now) -> Self {
        Self {
            accepted: Arc::clone(accepted),
            since: now.wall,
            last: now.wall,
            count: 0,
            channels: 0,
            acknowledged: None,
            escalated: 0,
            rule: None,
            told: None,
            ends: None,
            held: None,
            ended: None,
            scope: None,
            adopted: false,
            saved: now.tick,
            due: Tick::NEVER,
        }
    }
}

impl Engine {
    pub(super) fn export(&self, now: Now, key: &str, watched: &Watched) -> ActiveAlert {
        let channels = self.channels.iter().enumerate();
        ActiveAlert {
            key: key.to_owned(),
            alert: watched.accepted.alert.clone(),
            since: watched.since,
            last: watched.last,
            count: watched.count,
            channels: channels
                .filter(|(place, _)| watched.channels & (1 << place) != 0)
                .map(|(_, channel)| channel.id.to_string())
                .collect(),
            acknowledged_by: watched.acknowledged.as_ref().map(|(by, _)| by.clone()),
            acknowledged_at: watched.acknowledged.as_ref().map(|(_, at)| *at),
            escalated: watched.escalated,
            rule: watched
                .rule
                .and_then(|rule| self.policy.rule_id(rule))
                .map(str::to_owned),
            held: watched.held.map(|(reason, _)| reason),
            held_until: watched
                .held
                .and_then(|(_, until)| until)
                .map(|until| now.wall_at(until)),
            told_at: watched.told.map(|tick| now.wall_at(tick)),
            ends: watched.ends.map(|tick| now.wall_at(tick)),
            ended: watched.ended.as_ref().map(|ended| ended.alert.clone()),
            scope: watched.scope.as_deref().map(str::to_owned),
            format: ActiveAlert::FORMAT,
        }
    }

    pub(super) fn save(&mut self, now: Now, key: &Arc<str>, effects: &mut Effects) {
        if let Some(watched) = self.active.get(key) {
            let record = self.export(now, key, watched);
            effects.changes.push(Change::Active(record));
        }
        if let Some(watched) = self.active.get_mut(key) {
            watched.saved = now.tick;
        }
    }

    /// The alerts that fire, the oldest first.
    pub(crate) fn active_alerts(&self, now: Now) -> Vec<ActiveAlert> {
        let firing = self.active.iter().filter(|(_, it)| it.ended.is_none());
        let mut all: Vec<ActiveAlert> = firing
            .map(|(key, watched)| self.export(now, key, watched))
            .collect();
        all.sort_by(|a, b| a.since.cmp(&b.since).then_with(|| a.key.cmp(&b.key)));
        all
    }

    /// The newest alert of a key that fires.
    pub(crate) fn firing(&self, key: &str) -> Option<Arc<Accepted>> {
        let watched = self.active.firing(key)?;
        Some(Arc::clone(&watched.accepted))
    }

    /// The level at which a key fires; none: it does not.
    pub(super) fn level_of(&self, key: &str) -> Option<AlertLevel> {
        let watched = self.active.firing(key)?;
        Some(watched.accepted.alert.level)
    }

    /// The level at which a channel's readers are left to believe that a key fires, once all that is on its
    /// way has arrived; none: that it is over. What fires and is held back is not among it.
    pub(super) fn left_believing(&self, key: &str, channel: usize) -> Option<AlertLevel> {
        self.level_of(key)?;
        self.policy.told(key, channel)
    }

    /// What fired when the last run ended.
    pub(super) fn recover_active(&mut self, now: Now, active: ActiveAlert, effects: &mut Effects) {
        let ActiveAlert {
            key, alert, format, ..
        } = active;
        let key: Arc<str> = Arc::from(key);
        let accepted = |engine: &mut Self, alert, status| {
            Arc::new(Accepted {
                id: engine.ulid(now),
                alert,
                key: Arc::clone(&key),
                status,
                at: active.last,
            })
        };
        let mut alert = alert;
        if format == 0 && OLD_EVENTS.contains(&alert.kind.as_str()) {
            alert = alert.event();
        }
        let level = alert.level;
        let lasts = alert.lasts;
        let firing = accepted(self, alert, AlertStatus::Firing);
        let mut watched = Watched::new(&firing, now);
        // A clock that was set back must not put anything off.
        let past = |wall| now.tick_at(wall).min(now.tick);
        watched.since = active.since;
        watched.last = active.last;
        watched.count = active.count;
        watched.acknowledged = active
            .acknowledged_by
            .map(|by| (by, active.acknowledged_at.unwrap_or(now.wall)));
        watched.escalated = active.escalated;
        watched.rule = active
            .rule
            .as_deref()
            .and_then(|id| self.policy.rule_index(id));
        watched.told = match active.told_at {
            None if format == 0 => Some(past(active.since)),
            told => told.map(past),
        };
        watched.ends = lasts.map(|lasts| past(active.last).after(lasts));
        watched.adopted = format == 0;
        watched.scope = active.scope.map(Arc::from);
        if let (Some(scope), None) = (&watched.scope, &active.ended) {
            // Whoever held it goes on holding it until asked.
            self.claims.hold(&key, scope, firing.alert.clone());
        }
        watched.channels = active
            .channels
            .iter()
            .filter_map(|id| self.channel_index(id))
            .fold(0_u64, |told, channel| told | (1 << channel));
        for channel in 0..self.channels.len() {
            if watched.channels & (1 << channel) != 0 {
                self.policy.recover_firing(now.tick, &key, channel, level);
            }
        }
        if active.held == Some(Suppressed::Flapping)
            && let Some(until) = active.held_until
        {
            let resolved = active.ended.is_some();
            let state = (level, resolved);
            self.policy
                .recover_flap(now, &key, now.tick_at(until), state);
        }
        watched.held = active
            .held
            .map(|reason| (reason, active.held_until.map(|at| now.tick_at(at))));
        let ended = active.ended;
        if ended.is_none() {
            self.policy.confirm(past(active.last), &firing.alert, &key);
        }
        // Whoever hands over what is so gets the first word.
        let look = match watched.scope {
            Some(_) => now.tick.after(super::look::SWEEP),
            None => now.tick,
        };
        self.active.insert(&key, watched, effects);
        if let Some(ended) = ended {
            let ended = accepted(self, ended, AlertStatus::Resolved);
            self.active.end(&key, ended);
        }
        self.active.look_at(&key, look);
    }
}

/// Kinds that a store of an earlier version holds without saying that they end by themselves.
const OLD_EVENTS: [&str; 3] = ["error", "panic", "log"];
