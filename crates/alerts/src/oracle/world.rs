//! The engine, driven as the dispatcher drives it, and those who hear from it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bongsu_trace::random::SplitMix;
use jiff::Timestamp;
use ulid::Ulid;

use super::plain::{CHANNELS, FALLBACK, KEYS, Plain, WATCHED, alert, minutes, rules};
use super::readers::{Belief, Place, Readers, render};
use super::shared::Shared;
use super::timeline::{Mood, Step};
use crate::channel::{AlertStatus, Limits, Outcome, Rendered, Target};
use crate::clock::{Now, Tick};
use crate::engine::{ActiveSet, ChannelInfo, Effects, Engine, Job};
use crate::outbox::{BreakerConfig, ChannelQueue, Outbox, OutboxConfig};
use crate::policy::{ChannelSpec, FlapConfig, Policy, PolicyConfig};
use crate::shared::{Reservation, Topic};
use crate::store::{Accepted, AlertStore, Change, Delivery, DeliveryState, SqliteStore};
use crate::{AlertLevel, Matcher, Silence};

/// An attempt under way.
struct Flight {
    ends: Tick,
    /// What the other replica was asked, and for how long it is quiet once told.
    asked: Option<(Topic, Duration)>,
    id: Ulid,
    place: Place,
    body: Vec<u8>,
    arrives: bool,
    outcome: Outcome,
}

/// Time in which everything that is owed can be told: the longest pauses and quiet times are shorter.
const ENOUGH: u32 = 100 * 60;

/// One process with its disk.
struct Replica {
    engine: Engine,
    folder: tempfile::TempDir,
    store: Option<SqliteStore>,
    /// Not written yet: what nobody waits for.
    unwritten: Vec<Change>,
    flights: Vec<Flight>,
}

impl Replica {
    fn flush(&mut self) {
        let changes = std::mem::take(&mut self.unwritten);
        let store = self.store.as_ref().unwrap();
        store.commit(changes, Box::new(|written| written.unwrap()));
    }
}

pub(super) struct World {
    replicas: Vec<Replica>,
    /// What they know of each other.
    shared: Shared,
    plain: Plain,
    readers: Readers,
    tick: Tick,
    origin: Timestamp,
    random: SplitMix,
    seed: u64,
    moods: [Mood; 4],
    rows: HashMap<Ulid, (Place, Arc<str>)>,
    /// Those of a fallback or an escalation.
    detours: HashSet<Ulid>,
    /// What could not be told, or nobody knows whether it was.
    excused: HashMap<(Place, String), Ulid>,
    pub(super) wrong: Vec<String>,
}

fn places() -> impl Iterator<Item = Place> {
    let targets = |channel: usize| (0..CHANNELS[channel].1.len()).map(move |it| (channel, it));
    (0..CHANNELS.len()).flat_map(targets)
}

/// `random` is its own, the rest follows from the seed.
fn engine(random: u64, seed: u64, rules: &[super::plain::Rule]) -> Engine {
    let infos: Vec<ChannelInfo> = CHANNELS
        .iter()
        .map(|(id, targets)| ChannelInfo {
            id: Arc::from(*id),
            targets: targets.iter().map(|it| Target::new(*it)).collect(),
            target_names: targets.iter().map(|it| Arc::from(*it)).collect(),
            keeps_digests: true,
        })
        .collect();
    let queue = |info: &ChannelInfo| {
        let limits = Limits::new(1_000.0, 1_000);
        ChannelQueue::new(
            limits,
            info.targets.len(),
            BreakerConfig::default(),
            Tick(0),
        )
    };
    let spec =
        |info: &ChannelInfo| ChannelSpec::new(info.id.to_string(), info.targets.len() as u16);
    let policy = PolicyConfig {
        rules: rules
            .iter()
            .enumerate()
            .map(|(place, rule)| rule.build(place))
            .collect(),
        flap: (seed.is_multiple_of(2)).then(FlapConfig::default),
        ..PolicyConfig::default()
    };
    let outbox = OutboxConfig {
        storm: if seed.is_multiple_of(3) { 2 } else { 20 },
        ..OutboxConfig::default()
    };
    let queues = infos.iter().map(queue).collect();
    let specs = infos.iter().map(spec).collect();
    Engine::new(
        Policy::new(policy, specs),
        Outbox::new(outbox, queues),
        infos,
        (seed % 4 < 2).then_some(FALLBACK),
        ActiveSet::new(4_096),
        ("svc".to_owned(), "test".to_owned()),
        random,
    )
}

impl World {
    pub(super) fn new(seed: u64, replicas: u64) -> Self {
        let rules = rules(seed);
        let mut world = Self {
            replicas: Vec::new(),
            shared: Shared::default(),
            plain: Plain::new(rules.clone()),
            readers: Readers::default(),
            tick: Tick(0),
            origin: "2026-03-02T05:00:00Z".parse().unwrap(),
            random: SplitMix::new(seed),
            seed,
            moods: [Mood::Well; 4],
            rows: HashMap::new(),
            detours: HashSet::new(),
            excused: HashMap::new(),
            wrong: Vec::new(),
        };
        for place in 0..replicas {
            // In memory where that is possible: a run is thousands of commits.
            let folder = tempfile::tempdir_in("/dev/shm")
                .or_else(|_| tempfile::tempdir())
                .unwrap();
            let store = SqliteStore::open(folder.path().join("alerts.db")).unwrap();
            let recovered = store.recover().unwrap();
            let mut engine = engine(seed.wrapping_add(place * 7_919), seed, &rules);
            engine.recover(world.now(), recovered);
            world.replicas.push(Replica {
                engine,
                folder,
                store: Some(store),
                unwritten: Vec::new(),
                flights: Vec::new(),
            });
        }
        world
    }

    fn all(&self) -> std::ops::Range<usize> {
        0..self.replicas.len()
    }

    fn now(&self) -> Now {
        let passed = Duration::from_millis(self.tick.0.unsigned_abs());
        Now {
            tick: self.tick,
            wall: self.origin + passed,
        }
    }

    pub(super) fn step(&mut self, step: Step) {
        let now = self.now();
        match step {
            Step::Fire(key, level) => {
                for of in self.all() {
                    self.fire(of, KEYS[key].0, level, None);
                }
            }
            Step::End(key) => {
                for of in self.all() {
                    self.end(of, KEYS[key].0, None);
                }
            }
            Step::Sync(what) => self.sync(what),
            Step::Silence(about, starts, lasts) => {
                let starts = minutes(now.wall, i64::from(starts));
                let until = minutes(starts, i64::from(lasts));
                let matcher = match about {
                    super::timeline::About::Key(key) => Matcher::new().key(KEYS[key].0),
                    super::timeline::About::All => Matcher::new(),
                    super::timeline::About::Mild => Matcher::new().max_level(AlertLevel::Warning),
                };
                let silence = Silence::new(matcher, until, "kim").starting(starts);
                self.plain
                    .silence(now, silence.id.clone(), about, (starts, until));
                for of in self.all() {
                    assert!(self.replicas[of].engine.silence(now, silence.clone()));
                    self.wait_for(of, vec![Change::Silence(silence.clone())]);
                }
            }
            Step::Unsilence(place) => {
                if let Some(id) = self.plain.unsilence(place) {
                    for of in self.all() {
                        self.replicas[of].engine.unsilence(now, &id);
                        self.wait_for(of, vec![Change::Unsilence(id.clone())]);
                    }
                }
            }
            Step::Acknowledge(key) => {
                self.plain.acknowledge(KEYS[key].0, true);
                for of in self.all() {
                    let engine = &mut self.replicas[of].engine;
                    let effects = engine.acknowledge(now, KEYS[key].0, "kim");
                    self.wait_for(of, effects.map(|it| it.changes).unwrap_or_default());
                }
            }
            Step::Unacknowledge(key) => {
                self.plain.acknowledge(KEYS[key].0, false);
                for of in self.all() {
                    let engine = &mut self.replicas[of].engine;
                    let effects = engine.unacknowledge(now, KEYS[key].0, "kim");
                    self.wait_for(of, effects.map(|it| it.changes).unwrap_or_default());
                }
            }
            Step::Switch(channel, on) => {
                self.plain.off[channel] = !on;
                for replica in &mut self.replicas {
                    replica.engine.set_enabled(now, channel, on);
                }
            }
            Step::Mood(target, mood) => self.moods[target] = mood,
            Step::Pass(seconds) => self.pass(seconds),
            // A run goes by the clock of its start: of two runs each has its own.
            Step::Jump(_) if self.replicas.len() > 1 => {}
            Step::Jump(by) => self.origin = minutes(self.origin, i64::from(by)),
            Step::Restart(of, whole) => self.restart(of % self.replicas.len(), whole),
            Step::Check => self.check(),
        }
        self.pass(0);
    }

    fn fire(&mut self, of: usize, key: &'static str, level: AlertLevel, scope: Option<&Arc<str>>) {
        let now = self.now();
        self.plain.fire(now, key, level);
        let alert = alert(key, level).timestamp(now.wall);
        let plan = self.replicas[of]
            .engine
            .accept(now, alert, AlertStatus::Firing, scope)
            .unwrap();
        self.wait_for(of, plan.effects.changes);
        self.replicas[of]
            .engine
            .committed(now, &plan.accepted, &plan.rows, &Ok(()));
    }

    fn end(&mut self, of: usize, key: &'static str, scope: Option<&Arc<str>>) {
        let now = self.now();
        self.plain.end(key);
        let alert = alert(key, AlertLevel::Info).timestamp(now.wall);
        let plan = self.replicas[of]
            .engine
            .accept(now, alert, AlertStatus::Resolved, scope)
            .unwrap();
        self.wait_for(of, plan.effects.changes);
        self.replicas[of]
            .engine
            .committed(now, &plan.accepted, &plan.rows, &Ok(()));
    }

    /// What a watcher says, as [`crate::Conditions::sync`] hands it over.
    fn sync(&mut self, what: u8) {
        let scope: Arc<str> = Arc::from("watcher");
        let mut holding = Vec::new();
        for (place, key) in WATCHED.into_iter().enumerate() {
            let level = usize::from(what >> (4 * place)) % 8;
            if level < 4 {
                holding.push((key, AlertLevel::from_index(level)));
            }
        }
        let now = self.now();
        let named = |key: &str| WATCHED.into_iter().find(|it| *it == key).unwrap();
        for (key, _) in &holding {
            self.plain.confirm(now, key);
        }
        for of in self.all() {
            let alerts: Vec<_> = holding
                .iter()
                .map(|(key, level)| alert(key, *level))
                .collect();
            let engine = &mut self.replicas[of].engine;
            let difference = engine.compare(now, &scope, alerts, &HashSet::new());
            for alert in difference.send {
                self.fire(of, named(&alert.dedup_key()), alert.level, Some(&scope));
            }
            for over in difference.over {
                self.end(of, named(&over.key), Some(&scope));
            }
        }
        for key in WATCHED {
            let so = self.plain.truth(now, key).map(|it| it.level);
            let said = holding
                .iter()
                .find(|(it, _)| *it == key)
                .map(|(_, level)| *level);
            if so != said {
                self.wrong
                    .push(format!("{key} is {so:?} after the watcher said {said:?}"));
            }
        }
    }

    /// What somebody waits for is written, and all before it.
    fn wait_for(&mut self, of: usize, changes: Vec<Change>) {
        self.look_over(of, &changes);
        self.replicas[of].unwritten.extend(changes);
        self.replicas[of].flush();
    }

    fn later(&mut self, of: usize, effects: Effects) {
        self.look_over(of, &effects.changes);
        self.replicas[of].unwritten.extend(effects.changes);
    }

    /// Nobody is told what is not so, or is held back.
    fn look_over(&mut self, of: usize, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Accept {
                    accepted,
                    deliveries,
                } => {
                    for delivery in deliveries {
                        self.note_row(accepted, delivery);
                    }
                }
                Change::Add { delivery, accepted } => {
                    let key = self.unwritten_key(of, *accepted);
                    if let Some(place) = place_of(delivery) {
                        self.detours.insert(delivery.id);
                        self.rows.insert(delivery.id, (place, key));
                    }
                }
                Change::Move {
                    id,
                    state: DeliveryState::Dead,
                    ..
                } => self.excuse(*id),
                // What was said in between was merged into it.
                Change::Move {
                    id,
                    state: DeliveryState::Digested,
                    ..
                } => {
                    if let Some((place, key)) = self.rows.get(id) {
                        self.readers.news(*place, key);
                    }
                }
                _ => {}
            }
        }
    }

    fn unwritten_key(&self, of: usize, accepted: Ulid) -> Arc<str> {
        let row = self.replicas[of]
            .engine
            .outbox
            .rows()
            .find(|(_, row)| row.accepted.id == accepted);
        row.map_or_else(|| Arc::from(""), |(_, row)| Arc::clone(&row.accepted.key))
    }

    fn note_row(&mut self, accepted: &Accepted, delivery: &Delivery) {
        let Some(place) = place_of(delivery) else {
            return;
        };
        self.rows
            .insert(delivery.id, (place, Arc::clone(&accepted.key)));
        if delivery.state == DeliveryState::Digested {
            self.readers.news(place, &accepted.key);
        }
        if accepted.status == AlertStatus::Digest || accepted.alert.kind == "alerting" {
            return;
        }
        let (now, key, level) = (self.now(), &*accepted.key, accepted.alert.level);
        let truth = self.plain.truth(now, key);
        if accepted.status == AlertStatus::Resolved {
            if key != "oops" && truth.is_some() {
                self.wrong
                    .push(format!("{key} is told to be over, and fires"));
            }
            return;
        }
        let event = key == "oops";
        if !event && truth.map(|it| it.level) != Some(level) {
            self.wrong.push(format!(
                "{key} is told to fire at {level}, and is {truth:?}"
            ));
        }
        let detour = matches!(&*delivery.reason, "fallback" | "escalated");
        if detour {
            self.detours.insert(delivery.id);
        }
        let (named, _) = self.plain.named(now, key, level);
        let quiet = named.iter().any(|(it, quiet)| *it == place.0 && *quiet);
        let digest = delivery.state == DeliveryState::Digested;
        if self.plain.hushed(now, key, level) || (quiet && !digest && !detour) {
            self.wrong
                .push(format!("{key} is told {place:?} although it is held back"));
        }
        if self.plain.off[place.0] && !detour {
            self.wrong
                .push(format!("{key} is told {place:?}, which is off"));
        }
    }

    fn excuse(&mut self, id: Ulid) {
        let Some((place, key)) = self.rows.get(&id) else {
            return;
        };
        if &**key == "bongsu|digest" {
            for key in KEYS.iter().map(|it| it.0).chain(WATCHED) {
                self.excused.insert((*place, key.to_owned()), id);
            }
        }
        self.excused.insert((*place, key.to_string()), id);
    }

    /// Lets time pass, as the dispatcher would.
    fn pass(&mut self, seconds: u32) {
        let end = self.tick.after(Duration::from_secs(u64::from(seconds)));
        for _ in 0..200_000 {
            let flights = self.replicas.iter().flat_map(|it| &it.flights);
            let landing = flights.map(|it| it.ends).min().unwrap_or(Tick::NEVER);
            if landing <= self.tick {
                self.land(landing);
                continue;
            }
            let (mut busy, mut wake) = (false, Tick::NEVER);
            for of in self.all() {
                let (did, next) = self.dispatch(of);
                (busy, wake) = (busy || did, wake.min(next));
            }
            if busy || wake <= self.tick {
                if wake <= self.tick && !busy {
                    // As the dispatcher: what is due already comes with the next tick.
                    if self.tick >= end {
                        return;
                    }
                    self.tick = self.tick.after(Duration::from_millis(1));
                }
                continue;
            }
            let next = wake.min(landing);
            if next > end {
                self.tick = end;
                return;
            }
            self.tick = next;
        }
        self.wrong.push("the dispatcher spins".to_owned());
    }

    /// One round of a replica's dispatcher: whether there was anything, and when it comes back.
    fn dispatch(&mut self, of: usize) -> (bool, Tick) {
        let now = self.now();
        let work = self.replicas[of].engine.poll(now);
        self.later(of, work.effects);
        let busy = !work.jobs.is_empty() || !work.escalations.is_empty();
        for job in work.jobs {
            self.begin(of, job);
        }
        for key in work.escalations {
            let effects = self.replicas[of].engine.escalate(now, &key);
            self.later(of, effects);
        }
        (busy, work.wake)
    }

    /// Asks the other replica first, if there is one.
    fn begin(&mut self, of: usize, job: Job) {
        let now = self.now();
        let alone = self.replicas.len() == 1;
        let topic = job.shared.as_ref().filter(|_| !alone).map(|ask| Topic {
            key: ask.key.to_string(),
            channel: CHANNELS[job.channel].0.to_owned(),
            target: job.target.as_str().to_owned(),
            level: ask.level,
            resolved: ask.resolved,
            falls: ask.falls,
        });
        if let (Some(topic), Some(ask)) = (&topic, &job.shared) {
            match self.shared.reserve(now.tick, topic, of) {
                Reservation::Mine => {}
                Reservation::Theirs(wait) => {
                    let engine = &mut self.replicas[of].engine;
                    engine.wait_for_replica(now, job.id, wait);
                    return;
                }
                Reservation::Told => {
                    let effects = self.replicas[of].engine.told_elsewhere(now, job.id);
                    self.later(of, effects);
                    return;
                }
            }
            self.attempt(of, job.id, Some((topic.clone(), ask.cooldown)), &job);
        } else {
            self.attempt(of, job.id, None, &job);
        }
    }

    fn attempt(&mut self, of: usize, id: Ulid, asked: Option<(Topic, Duration)>, job: &Job) {
        let now = self.now();
        let message: Arc<Rendered> = match &job.message {
            Some(message) => Arc::clone(message),
            None => {
                let message = Arc::new(render(&job.notification, &job.target));
                let changes = self.replicas[of].engine.rendered(now, id, &message);
                self.wait_for(of, changes);
                message
            }
        };
        let names = CHANNELS[job.channel].1;
        let target = names
            .iter()
            .position(|it| *it == job.target.as_str())
            .unwrap();
        let place = (job.channel, target);
        let number = places().position(|it| it == place).unwrap();
        let said = "the timeline says so";
        let (arrives, outcome) = match self.moods[number] {
            Mood::Well => (true, Outcome::delivered()),
            Mood::Away => (false, Outcome::transient(said)),
            Mood::Busy => {
                let retry_after = Some(Duration::from_secs(300));
                let reason = said.to_owned();
                (
                    false,
                    Outcome::Transient {
                        reason,
                        retry_after,
                        maybe_delivered: false,
                    },
                )
            }
            Mood::Mute => (true, Outcome::unanswered(said)),
            Mood::Deaf => (false, Outcome::unanswered(said)),
            Mood::TargetBroken => (false, Outcome::target_broken(said)),
            Mood::ChannelBroken => (false, Outcome::broken(said)),
            Mood::Refuses => (false, Outcome::permanent(said)),
        };
        let takes = Duration::from_millis(self.random.word() % 4_000);
        let ends = self.tick.after(takes);
        let body = message.body.clone();
        self.replicas[of].flights.push(Flight {
            ends,
            asked,
            id,
            place,
            body,
            arrives,
            outcome,
        });
    }

    fn land(&mut self, at: Tick) {
        let found = self.all().find_map(|of| {
            let flights = &self.replicas[of].flights;
            let place = flights.iter().position(|it| it.ends == at)?;
            Some((of, place))
        });
        let Some((of, place)) = found else {
            return;
        };
        let flight = self.replicas[of].flights.swap_remove(place);
        self.arrive(of, &flight);
        let now = self.now();
        if let Some((topic, cooldown)) = &flight.asked {
            match flight.outcome {
                Outcome::Delivered { .. } => self.shared.told(now.tick, topic, *cooldown),
                _ => {
                    self.shared.release(topic, of);
                    self.doubt(&flight);
                }
            }
        }
        let engine = &mut self.replicas[of].engine;
        let effects = engine.settle(now, flight.id, flight.outcome);
        self.later(of, effects);
    }

    /// It arrived, and another replica does not know.
    fn doubt(&mut self, flight: &Flight) {
        if flight.arrives
            && self.replicas.len() > 1
            && let Some((place, key)) = self.rows.get(&flight.id)
        {
            self.readers.doubt(*place, key);
        }
    }

    fn arrive(&mut self, of: usize, flight: &Flight) {
        if !flight.arrives {
            return;
        }
        let place = flight.place;
        let excused = |key: &str| self.excused.contains_key(&(place, key.to_owned()));
        let told = (of, flight.id, flight.body.as_slice());
        let when = (self.now(), self.detours.contains(&flight.id));
        match self.readers.read(place, told, when, excused) {
            Ok(keys) => {
                for key in keys {
                    let about = (place, key);
                    if self
                        .excused
                        .get(&about)
                        .is_some_and(|lost| *lost < flight.id)
                    {
                        self.excused.remove(&about);
                    }
                }
            }
            Err(wrong) => self.wrong.push(wrong),
        }
    }

    fn restart(&mut self, of: usize, whole: bool) {
        if whole {
            self.replicas[of].flush();
        } else {
            // Nobody waited for these: the disk may have them or not.
            self.replicas[of].unwritten.clear();
        }
        // What was under way has arrived or has not; nobody hears of it.
        for mut flight in std::mem::take(&mut self.replicas[of].flights) {
            flight.arrives &= self.random.word().is_multiple_of(2);
            self.arrive(of, &flight);
            self.doubt(&flight);
        }
        self.shared.died(self.tick, of);
        let now = self.now();
        self.plain.restart(now);
        let replica = &mut self.replicas[of];
        if let Some(store) = replica.store.take() {
            store.close();
        }
        let store = SqliteStore::open(replica.folder.path().join("alerts.db")).unwrap();
        let recovered = store.recover().unwrap();
        replica.store = Some(store);
        let random = self.random.word();
        replica.engine = engine(random, self.seed, &self.plain.rules);
        let effects = replica.engine.recover(now, recovered);
        // Switches are the process's.
        for channel in 0..CHANNELS.len() {
            for replica in &mut self.replicas {
                replica.engine.set_enabled(now, channel, true);
            }
        }
        self.later(of, effects);
    }

    /// Everybody takes what comes, and nothing happens for a while: now all is known.
    fn check(&mut self) {
        self.moods = [Mood::Well; 4];
        self.pass(ENOUGH);
        // A silence may have ended just now; what is wrong is wrong for longer.
        let mut wrong = self.disagreements();
        for _ in 0..2 {
            if wrong.is_empty() {
                return;
            }
            self.pass(400);
            let still = self.disagreements();
            wrong.retain(|it| still.contains(it));
        }
        self.wrong.extend(wrong);
    }

    fn disagreements(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for key in KEYS.iter().map(|it| it.0).chain(WATCHED) {
            for place in places() {
                let excused = self.excused.contains_key(&(place, key.to_owned()));
                if !excused && let Some(what) = self.disagreement(key, place) {
                    let believes = self.readers.belief(place, key);
                    wrong.push(format!(
                        "{key}: {} {} {what}, and believes {believes:?}",
                        CHANNELS[place.0].0, CHANNELS[place.0].1[place.1]
                    ));
                }
            }
        }
        wrong
    }

    fn disagreement(&self, key: &str, place: Place) -> Option<String> {
        let now = self.now();
        let belief = self.readers.belief(place, key);
        let Some(truth) = self.plain.truth(now, key) else {
            let believes = matches!(belief, Some(Belief::Fires(_)));
            let hears = believes && !self.plain.off[place.0];
            return hears.then(|| "should know that it is over".to_owned());
        };
        if self.plain.hushed(now, key, truth.level) || self.plain.off[place.0] {
            return None;
        }
        let knows = match belief {
            Some(Belief::Fires(level)) => level.is_none_or(|level| level == truth.level),
            _ => false,
        };
        let (named, later) = self.plain.named(now, key, truth.level);
        let asked = named
            .iter()
            .any(|(channel, quiet)| *channel == place.0 && !quiet);
        // Somebody who could acknowledge has to have heard first.
        let escalates =
            later == Some(place.0) && !truth.acknowledged && self.plain.off == [false; 3];
        if (asked || escalates) && !knows {
            return Some(format!("should know that it fires at {}", truth.level));
        }
        let quiet = named
            .iter()
            .any(|(channel, quiet)| *channel == place.0 && *quiet);
        let worse = matches!(belief, Some(Belief::Fires(Some(level))) if level > truth.level);
        (worse && !quiet).then(|| format!("should know that it is {} only", truth.level))
    }
}

fn place_of(delivery: &Delivery) -> Option<Place> {
    let going = matches!(
        delivery.state,
        DeliveryState::Pending | DeliveryState::Digested
    );
    let channel = CHANNELS
        .iter()
        .position(|(id, _)| *id == &*delivery.channel)?;
    let target = CHANNELS[channel]
        .1
        .iter()
        .position(|it| *it == &*delivery.target)?;
    going.then_some((channel, target))
}
