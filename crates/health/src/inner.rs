//! The shared state behind a health value: runs are recorded, snapshots published and read.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::WeakShared;
use jiff::Timestamp;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use crate::assemble::{self, BeatRecord, CheckRecord, State, View};
use crate::builder::HealthCheckBuilder;
use crate::check::Check;
use crate::error::{HealthError, Problem, Problems};
use crate::heartbeat::{Beat, HeartbeatBuilder, Pulse, Session};
use crate::published::Published;
use crate::runner::{self, Ended, Flight};
use crate::snapshot::{SystemResources, Transition};
use crate::status::HealthStatus;

/// The most checks, heartbeats or gates that one health value holds, each.
pub(crate) const MOST: usize = 1_024;
/// Transitions that a slow subscriber may lag behind before it loses the oldest.
const TRANSITIONS: usize = 256;

/// A check and what belongs to running it.
pub(crate) struct Entry {
    check: Arc<Check>,
    /// Held by the one loop that drives it.
    pub(crate) driver: tokio::sync::Mutex<()>,
    /// The run in progress, if any.
    flight: Mutex<Option<WeakShared<futures_util::future::BoxFuture<'static, ()>>>>,
    /// The check was taken out.
    retired: watch::Sender<bool>,
}

impl Entry {
    fn new(check: Check) -> Arc<Self> {
        Arc::new(Self {
            check: Arc::new(check),
            driver: tokio::sync::Mutex::new(()),
            flight: Mutex::new(None),
            retired: watch::Sender::new(false),
        })
    }

    /// Until the check is taken out.
    pub(crate) fn gone(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut retired = self.retired.subscribe();
        async move {
            // The sender lives as long as the check is driven.
            let _ = retired.wait_for(|retired| *retired).await;
        }
    }
}

pub(crate) struct Inner {
    service_name: String,
    version: String,
    resources_max_age: Duration,
    base: Instant,
    entries: RwLock<Vec<Arc<Entry>>>,
    pulses: Mutex<Vec<Arc<Pulse>>>,
    state: Mutex<State>,
    published: RwLock<Arc<Published>>,
    transitions: broadcast::Sender<Transition>,
    /// The changes still to be logged; held by the one task that watches the clock.
    watcher: tokio::sync::Mutex<broadcast::Receiver<Transition>>,
    draining: AtomicBool,
    /// Schedules are being asked.
    asking: AtomicBool,
    resources: Mutex<Option<(SystemResources, Duration)>>,
    errors: AtomicU64,
    warnings: AtomicU64,
}

impl Inner {
    pub(crate) fn new(builder: HealthCheckBuilder) -> Self {
        let entries: Vec<Arc<Entry>> = builder.checks.into_iter().map(Entry::new).collect();
        let mut state = State {
            checks: entries
                .iter()
                .map(|entry| CheckRecord::new(Arc::clone(&entry.check)))
                .collect(),
            beats: Vec::new(),
            gates: Vec::new(),
            maintenance: None,
            shown: HealthStatus::Unknown,
        };
        let view = View {
            service_name: &builder.service_name,
            version: &builder.version,
            now: Duration::ZERO,
            wall: wall(),
            draining: false,
            resources: None,
            counts: (0, 0),
        };
        let (transitions, changes) = broadcast::channel(TRANSITIONS);
        // Nobody can have subscribed yet, so these changes have no listener.
        let first = Published::new(assemble::compose(&view, &mut state), Duration::ZERO).0;
        Self {
            service_name: builder.service_name,
            version: builder.version,
            resources_max_age: builder.resources_max_age,
            base: Instant::now(),
            entries: RwLock::new(entries),
            pulses: Mutex::new(Vec::new()),
            state: Mutex::new(state),
            published: RwLock::new(Arc::new(first)),
            transitions,
            watcher: tokio::sync::Mutex::new(changes),
            draining: AtomicBool::new(false),
            asking: AtomicBool::new(false),
            resources: Mutex::new(None),
            errors: AtomicU64::new(0),
            warnings: AtomicU64::new(0),
        }
    }

    pub(crate) fn base(&self) -> Instant {
        self.base
    }

    /// Time since this was built.
    pub(crate) fn now(&self) -> Duration {
        self.base.elapsed()
    }

    /// Every check that there is now.
    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.clone()
    }

    pub(crate) fn entry(&self, name: &str) -> Option<Arc<Entry>> {
        let mut entries = self.entries().into_iter();
        entries.find(|entry| entry.check.name() == name)
    }

    /// What beats by that name.
    pub(crate) fn pulse(&self, name: &str) -> Arc<Pulse> {
        let mut pulses = lock(&self.pulses);
        if let Some(known) = pulses.iter().find(|pulse| pulse.name == name) {
            return Arc::clone(known);
        }
        let pulse = Arc::new(Pulse::new(name));
        if pulses.len() < MOST {
            pulses.push(Arc::clone(&pulse));
        }
        pulse
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.publish();
    }

    pub(crate) fn set_maintenance(&self, reason: Option<String>) {
        let mut state = lock(&self.state);
        if state.maintenance != reason {
            state.maintenance = reason;
            drop(state);
            self.publish();
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(crate) fn set_resources(&self, resources: SystemResources) {
        *lock(&self.resources) = Some((resources, self.now()));
    }

    pub(crate) fn set_counts(&self, errors: u64, warnings: u64) {
        self.errors.store(errors, Ordering::Relaxed);
        self.warnings.store(warnings, Ordering::Relaxed);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Transition> {
        self.transitions.subscribe()
    }

    pub(crate) fn open_gate(&self, name: &str) {
        lock(&self.state).gates.retain(|gate| gate != name);
        self.publish();
    }

    pub(crate) async fn claim_watch(
        &self,
    ) -> tokio::sync::MutexGuard<'_, broadcast::Receiver<Transition>> {
        self.watcher.lock().await
    }

    /// The interval until the next run, by how the check does.
    pub(crate) fn next_interval(&self, entry: &Entry) -> Duration {
        let unsettled = lock(&self.state)
            .record(&entry.check)
            .is_some_and(|record| record.tracker.unsettled());
        match entry.check.fast_interval {
            Some(fast) if unsettled => fast,
            _ => entry.check.interval,
        }
    }

    /// The run of this check that is in progress, or a new one.
    pub(crate) fn flight(self: &Arc<Self>, entry: &Arc<Entry>) -> Flight {
        let mut slot = lock(&entry.flight);
        if let Some(flight) = slot.as_ref().and_then(WeakShared::upgrade)
            && flight.peek().is_none()
        {
            return flight;
        }
        let (inner, entry) = (Arc::clone(self), Arc::clone(entry));
        let run = async move { inner.run_once(&entry).await };
        let flight = run.boxed().shared();
        *slot = flight.downgrade();
        flight
    }

    async fn run_once(&self, entry: &Entry) {
        let started = Instant::now();
        let ended = runner::attempt(Arc::clone(&entry.check.probe), entry.check.timeout).await;
        self.record(entry, ended, started.elapsed());
    }

    fn record(&self, entry: &Entry, ended: Ended, took: Duration) {
        let (verdict, last) = assemble::assess(&entry.check, ended, took, wall());
        let sessions = self.sessions();
        let mut state = lock(&self.state);
        let now = self.now();
        if let Some(record) = state.record(&entry.check) {
            record.record(verdict, last, now);
        }
        self.publish_locked(&mut state, &sessions);
    }

    /// Takes out what is named and puts the rest in: all of it, or nothing. Gives the new checks.
    pub(crate) fn exchange(
        &self,
        gone: &[String],
        checks: Vec<Check>,
        heartbeats: Vec<HeartbeatBuilder>,
    ) -> Result<Vec<Arc<Entry>>, HealthError> {
        let mut problems = Problems::default();
        for check in &checks {
            check.validate(&mut problems);
        }
        let beats: Vec<Beat> = heartbeats
            .into_iter()
            .map(|it| it.beat(&mut problems))
            .collect();
        // Schedules are the user's code: they are asked without a lock.
        let beats: Vec<BeatRecord> = beats
            .into_iter()
            .map(|beat| {
                let session = assemble::session_of(&beat, wall());
                BeatRecord::new(Arc::new(beat), session)
            })
            .collect();
        let new: Vec<Arc<Entry>> = checks.into_iter().map(Entry::new).collect();
        let goes = |name: &str| gone.iter().any(|it| it == name);
        let mut state = lock(&self.state);
        let mut names: Vec<&str> = Vec::new();
        let checks = new.iter().map(|it| it.check.name());
        for name in checks.chain(beats.iter().map(|it| it.beat.name())) {
            let known = !goes(name) && self.taken(&state, name);
            if known || names.contains(&name) {
                problems.push(Problem::DuplicateName {
                    name: name.to_owned(),
                });
            }
            names.push(name);
        }
        let stay = state.checks.iter().filter(|it| !goes(it.check.name()));
        let of_checks = stay.count() + new.len();
        let stay = state.beats.iter().filter(|it| !goes(it.beat.name()));
        let of_beats = stay.count() + beats.len();
        for (what, count) in [("checks", of_checks), ("heartbeats", of_beats)] {
            if count > MOST {
                problems.push(Problem::TooMany { what, limit: MOST });
            }
        }
        problems.finish()?;
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        for entry in entries.extract_if(.., |it| goes(it.check.name())) {
            entry.retired.send_replace(true);
        }
        entries.extend(new.iter().cloned());
        drop(entries);
        let now = self.now();
        state.checks.retain(|it| !goes(it.check.name()));
        state.beats.retain(|it| !goes(it.beat.name()));
        let late = |entry: &Arc<Entry>| CheckRecord::late(Arc::clone(&entry.check), now);
        state.checks.extend(new.iter().map(late));
        state.beats.extend(beats);
        drop(state);
        self.publish();
        Ok(new)
    }

    pub(crate) fn remove_beat(&self, pulse: &Arc<Pulse>) {
        lock(&self.state)
            .beats
            .retain(|record| !Arc::ptr_eq(&record.beat.pulse, pulse));
        self.publish();
    }

    pub(crate) fn add_gate(&self, name: &str) -> Result<(), HealthError> {
        let mut state = lock(&self.state);
        let mut problems = Problems::default();
        problems.name(name);
        if self.taken(&state, name) {
            problems.push(Problem::DuplicateName {
                name: name.to_owned(),
            });
        }
        if state.gates.len() >= MOST {
            problems.push(Problem::TooMany {
                what: "startup gates",
                limit: MOST,
            });
        }
        problems.finish()?;
        state.gates.push(name.to_owned());
        drop(state);
        self.publish();
        Ok(())
    }

    fn taken(&self, state: &State, name: &str) -> bool {
        state.checks.iter().any(|it| it.check.name() == name)
            || state.beats.iter().any(|it| it.beat.name() == name)
            || state.gates.iter().any(|gate| gate == name)
    }

    pub(crate) fn published(&self) -> Arc<Published> {
        Arc::clone(
            &self
                .published
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// What readers get: the published snapshot, or a new one when time has overtaken it. A reader
    /// never waits for another that is already at it.
    pub(crate) fn current(&self) -> Arc<Published> {
        let published = self.published();
        if self.now() < published.valid_until {
            return published;
        }
        let sessions = self.sessions();
        match self.state.try_lock() {
            Ok(mut state) => self.publish_locked(&mut state, &sessions),
            Err(TryLockError::Poisoned(poisoned)) => {
                self.publish_locked(&mut poisoned.into_inner(), &sessions)
            }
            Err(TryLockError::WouldBlock) => published,
        }
    }

    /// For the driver: publishes when time alone has changed something; returns when to look next.
    pub(crate) fn evaluate(&self) -> Instant {
        let mut published = self.published();
        if self.now() >= published.next_event {
            published = self.publish();
        }
        // Far enough to be "never", near enough not to overflow the clock.
        self.base
            + published
                .next_event
                .min(self.now() + Duration::from_secs(3_600))
    }

    /// Puts a snapshot together and shows it.
    pub(crate) fn publish(&self) -> Arc<Published> {
        let sessions = self.sessions();
        self.publish_locked(&mut lock(&self.state), &sessions)
    }

    /// Asks each schedule. Done without a lock, since it is the user's code; it may even ask for the
    /// status itself, in which case the sessions that are known serve.
    fn sessions(&self) -> Vec<(Arc<Beat>, Session)> {
        let beats: Vec<Arc<Beat>> = {
            let state = match self.state.try_lock() {
                Ok(state) => state,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                // Somebody is publishing: the sessions that are known serve for this time.
                Err(TryLockError::WouldBlock) => return Vec::new(),
            };
            state
                .beats
                .iter()
                .map(|b| &b.beat)
                .filter(|b| b.schedule.is_some())
                .cloned()
                .collect()
        };
        if beats.is_empty() || self.asking.swap(true, Ordering::Acquire) {
            return Vec::new();
        }
        let at = wall();
        let sessions = beats
            .into_iter()
            .map(|beat| (Arc::clone(&beat), assemble::session_of(&beat, at)))
            .collect();
        self.asking.store(false, Ordering::Release);
        sessions
    }

    fn publish_locked(
        &self,
        state: &mut State,
        sessions: &[(Arc<Beat>, Session)],
    ) -> Arc<Published> {
        let now = self.now();
        assemble::take_sessions(state, sessions, now);
        let resources = *lock(&self.resources);
        let view = View {
            service_name: &self.service_name,
            version: &self.version,
            now,
            wall: wall(),
            draining: self.is_draining(),
            resources: resources
                .filter(|(_, at)| now.saturating_sub(*at) <= self.resources_max_age)
                .map(|(resources, _)| resources),
            counts: (
                self.errors.load(Ordering::Relaxed),
                self.warnings.load(Ordering::Relaxed),
            ),
        };
        let (published, changes) = Published::new(assemble::compose(&view, state), now);
        let published = Arc::new(published);
        *self
            .published
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::clone(&published);
        for change in changes {
            // Nobody listening is fine.
            let _ = self.transitions.send(change);
        }
        published
    }
}

/// A panic while a lock is held leaves plain data behind, which stays usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
fn wall() -> Timestamp {
    assemble::to_millis(Timestamp::now())
}
