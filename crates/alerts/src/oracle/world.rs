//! The engine, driven as the dispatcher drives it, and those who hear from it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bongsu_trace::random::SplitMix;
use jiff::Timestamp;
use ulid::Ulid;

use super::plain::{CHANNELS, FALLBACK, KEYS, Plain, WATCHED, alert, minutes, rules};
use super::readers::{Belief, Place, Readers, render};
use super::timeline::{Mood, Step};
use crate::channel::{AlertStatus, Limits, Outcome, Rendered, Target};
use crate::clock::{Now, Tick};
use crate::engine::{ActiveSet, ChannelInfo, Effects, Engine, Job};
use crate::outbox::{BreakerConfig, ChannelQueue, Outbox, OutboxConfig};
use crate::policy::{ChannelSpec, FlapConfig, Policy, PolicyConfig};
use crate::store::{Accepted, AlertStore, Change, Delivery, DeliveryState, SqliteStore};
use crate::{AlertLevel, Matcher, Silence};

/// An attempt under way.
struct Flight {
    ends: Tick,
    id: Ulid,
    place: Place,
    body: Vec<u8>,
    arrives: bool,
    outcome: Outcome,
}

/// Time in which everything that is owed can be told: the longest pauses and quiet times are shorter.
const ENOUGH: u32 = 100 * 60;

pub(super) struct World {
    engine: Engine,
    plain: Plain,
    readers: Readers,
    folder: tempfile::TempDir,
    store: Option<SqliteStore>,
    /// Not written yet: what nobody waits for.
    unwritten: Vec<Change>,
    tick: Tick,
    origin: Timestamp,
    random: SplitMix,
    seed: u64,
    moods: [Mood; 4],
    flights: Vec<Flight>,
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

fn engine(seed: u64, rules: &[super::plain::Rule]) -> Engine {
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
        seed,
    )
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let rules = rules(seed);
        // In memory where that is possible: a run is thousands of commits.
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        let store = SqliteStore::open(folder.path().join("alerts.db")).unwrap();
        let recovered = store.recover().unwrap();
        let mut world = Self {
            engine: engine(seed, &rules),
            plain: Plain::new(rules),
            readers: Readers::default(),
            folder,
            store: Some(store),
            unwritten: Vec::new(),
            tick: Tick(0),
            origin: "2026-03-02T05:00:00Z".parse().unwrap(),
            random: SplitMix::new(seed),
            seed,
            moods: [Mood::Well; 4],
            flights: Vec::new(),
            rows: HashMap::new(),
            detours: HashSet::new(),
            excused: HashMap::new(),
            wrong: Vec::new(),
        };
        world.engine.recover(world.now(), recovered);
        world
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
            Step::Fire(key, level) => self.fire(KEYS[key].0, level, None),
            Step::End(key) => self.end(KEYS[key].0, None),
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
                assert!(self.engine.silence(now, silence.clone()));
                self.wait_for(vec![Change::Silence(silence)]);
            }
            Step::Unsilence(place) => {
                if let Some(id) = self.plain.unsilence(place) {
                    self.engine.unsilence(now, &id);
                    self.wait_for(vec![Change::Unsilence(id)]);
                }
            }
            Step::Acknowledge(key) => {
                let effects = self.engine.acknowledge(now, KEYS[key].0, "kim");
                self.plain.acknowledge(KEYS[key].0, true);
                self.wait_for(effects.map(|it| it.changes).unwrap_or_default());
            }
            Step::Unacknowledge(key) => {
                let effects = self.engine.unacknowledge(now, KEYS[key].0, "kim");
                self.plain.acknowledge(KEYS[key].0, false);
                self.wait_for(effects.map(|it| it.changes).unwrap_or_default());
            }
            Step::Switch(channel, on) => {
                self.plain.off[channel] = !on;
                self.engine.set_enabled(now, channel, on);
            }
            Step::Mood(target, mood) => self.moods[target] = mood,
            Step::Pass(seconds) => self.pass(seconds),
            Step::Jump(by) => self.origin = minutes(self.origin, i64::from(by)),
            Step::Restart(whole) => self.restart(whole),
            Step::Check => self.check(),
        }
        self.pass(0);
    }

    fn fire(&mut self, key: &'static str, level: AlertLevel, scope: Option<&Arc<str>>) {
        let now = self.now();
        self.plain.fire(now, key, level);
        let alert = alert(key, level).timestamp(now.wall);
        let plan = self
            .engine
            .accept(now, alert, AlertStatus::Firing, scope)
            .unwrap();
        self.wait_for(plan.effects.changes);
        self.engine
            .committed(now, &plan.accepted, &plan.rows, &Ok(()));
    }

    fn end(&mut self, key: &'static str, scope: Option<&Arc<str>>) {
        let now = self.now();
        self.plain.end(key);
        let alert = alert(key, AlertLevel::Info).timestamp(now.wall);
        let plan = self
            .engine
            .accept(now, alert, AlertStatus::Resolved, scope)
            .unwrap();
        self.wait_for(plan.effects.changes);
        self.engine
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
        let alerts = holding
            .iter()
            .map(|(key, level)| alert(key, *level))
            .collect();
        let difference = self.engine.compare(now, &scope, alerts, &HashSet::new());
        let named = |key: &str| WATCHED.into_iter().find(|it| *it == key).unwrap();
        for (key, _) in &holding {
            self.plain.confirm(now, key);
        }
        for alert in difference.send {
            self.fire(named(&alert.dedup_key()), alert.level, Some(&scope));
        }
        for over in difference.over {
            self.end(named(&over.key), Some(&scope));
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
    fn wait_for(&mut self, changes: Vec<Change>) {
        self.look_over(&changes);
        self.unwritten.extend(changes);
        self.flush();
    }

    fn later(&mut self, effects: Effects) {
        self.look_over(&effects.changes);
        self.unwritten.extend(effects.changes);
    }

    fn flush(&mut self) {
        let changes = std::mem::take(&mut self.unwritten);
        let store = self.store.as_ref().unwrap();
        store.commit(changes, Box::new(|written| written.unwrap()));
    }

    /// Nobody is told what is not so, or is held back.
    fn look_over(&mut self, changes: &[Change]) {
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
                    let key = self.unwritten_key(*accepted);
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

    fn unwritten_key(&self, accepted: Ulid) -> Arc<str> {
        let row = self
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
            let landed = self.flights.iter().map(|it| it.ends).min();
            if let Some(at) = landed.filter(|at| *at <= self.tick) {
                self.land(at);
                continue;
            }
            let now = self.now();
            let work = self.engine.poll(now);
            self.later(work.effects);
            let busy = !work.jobs.is_empty() || !work.escalations.is_empty();
            for job in work.jobs {
                self.begin(job);
            }
            for key in work.escalations {
                let effects = self.engine.escalate(now, &key);
                self.later(effects);
            }
            if busy || work.wake <= self.tick {
                if work.wake <= self.tick && !busy {
                    // As the dispatcher: what is due already comes with the next tick.
                    if self.tick >= end {
                        return;
                    }
                    self.tick = self.tick.after(Duration::from_millis(1));
                }
                continue;
            }
            let landing = self
                .flights
                .iter()
                .map(|it| it.ends)
                .min()
                .unwrap_or(Tick::NEVER);
            let next = work.wake.min(landing);
            if next > end {
                self.tick = end;
                return;
            }
            self.tick = next;
        }
        self.wrong.push("the dispatcher spins".to_owned());
    }

    fn begin(&mut self, job: Job) {
        let now = self.now();
        let message: Arc<Rendered> = match job.message {
            Some(message) => message,
            None => {
                let message = Arc::new(render(&job.notification, &job.target));
                let changes = self.engine.rendered(now, job.id, &message);
                self.wait_for(changes);
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
        self.flights.push(Flight {
            ends,
            id: job.id,
            place,
            body,
            arrives,
            outcome,
        });
    }

    fn land(&mut self, at: Tick) {
        let Some(place) = self.flights.iter().position(|it| it.ends == at) else {
            return;
        };
        let flight = self.flights.swap_remove(place);
        self.arrive(&flight);
        let now = self.now();
        let effects = self.engine.settle(now, flight.id, flight.outcome);
        self.later(effects);
    }

    fn arrive(&mut self, flight: &Flight) {
        if !flight.arrives {
            return;
        }
        let place = flight.place;
        let excused = |key: &str| self.excused.contains_key(&(place, key.to_owned()));
        let told = (flight.id, flight.body.as_slice());
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

    fn restart(&mut self, whole: bool) {
        if whole {
            self.flush();
        } else {
            // Nobody waited for these: the disk may have them or not.
            self.unwritten.clear();
        }
        // What was under way has arrived or has not; nobody hears of it.
        for mut flight in std::mem::take(&mut self.flights) {
            flight.arrives &= self.random.word().is_multiple_of(2);
            self.arrive(&flight);
        }
        if let Some(store) = self.store.take() {
            store.close();
        }
        let store = SqliteStore::open(self.folder.path().join("alerts.db")).unwrap();
        let recovered = store.recover().unwrap();
        self.store = Some(store);
        let now = self.now();
        self.engine = engine(self.seed, &self.plain.rules);
        self.plain.restart(now);
        let effects = self.engine.recover(now, recovered);
        self.later(effects);
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
