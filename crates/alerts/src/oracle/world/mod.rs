//! The engine, driven as the dispatcher drives it, and those who hear from it.

mod dispatch;
mod judge;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bongsu_trace::random::SplitMix;
use jiff::Timestamp;
use ulid::Ulid;

use dispatch::Flight;

use super::plain::{CHANNELS, FALLBACK, KEYS, Plain, WATCHED, alert, minutes, rules};
use super::readers::{Belief, DIGEST, Place, Readers, digest_of, render};
use super::shared::Shared;
use super::timeline::{Mood, Step};
use crate::channel::{AlertStatus, Limits, Outcome, Rendered, Target};
use crate::clock::{Now, Tick};
use crate::engine::{ActiveSet, ChannelInfo, Effects, Engine, Job, SharedAsk};
use crate::outbox::{BreakerConfig, ChannelQueue, Outbox, OutboxConfig};
use crate::policy::{ChannelSpec, FlapConfig, Policy, PolicyConfig};
use crate::shared::{Reservation, Topic};
use crate::store::{Accepted, AlertStore, Change, Delivery, DeliveryState, SqliteStore};
use crate::{AlertLevel, Matcher, Silence};

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
            readers: Readers::of(replicas > 1),
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
        for (key, level) in &holding {
            self.plain.confirm(now, key, *level);
        }
        let (mut send, mut over) = (Vec::new(), Vec::new());
        for of in self.all() {
            let alerts: Vec<_> = holding
                .iter()
                .map(|(key, level)| alert(key, *level))
                .collect();
            let engine = &mut self.replicas[of].engine;
            let difference = engine.compare(now, &scope, alerts, &HashSet::new());
            let keyed = |(_, it): (Arc<str>, crate::Alert)| (named(&it.dedup_key()), it.level);
            send.extend(difference.send.into_iter().map(|it| (keyed(it), of)));
            over.extend(difference.over.into_iter().map(|it| (named(&it.key), of)));
        }
        // Both hear of one before either hears of the next, as of everything.
        send.sort_by_key(|((key, _), of)| (*key, *of));
        over.sort_unstable();
        for ((key, level), of) in send {
            self.fire(of, key, level, Some(&scope));
        }
        for (key, of) in over {
            self.end(of, key, Some(&scope));
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

    fn restart(&mut self, of: usize, whole: bool) {
        if whole {
            self.replicas[of].flush();
        } else {
            // Nobody waited for these: the disk may have them or not. What was left to another replica is
            // told here too, if that was long ago.
            for change in std::mem::take(&mut self.replicas[of].unwritten) {
                if let Change::Move {
                    id,
                    state: DeliveryState::Suppressed,
                    ..
                } = change
                    && let Some((place, key)) = self.rows.get(&id)
                {
                    self.readers.doubt(*place, key);
                }
            }
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
}
