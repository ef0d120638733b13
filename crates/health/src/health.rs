//! The health value: owns the state, publishes snapshots, answers readers.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, TryLockError, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::WeakShared;
use jiff::Timestamp;
use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;

use crate::assemble::{self, BeatRecord, CheckRecord, Composed, State, View};
use crate::check::Check;
use crate::error::{HealthError, Problem, Problems};
use crate::heartbeat::{Beat, HeartbeatBuilder, Session};
use crate::response::{self, ProbeResponse};
use crate::runner::{self, Ended, Flight};
use crate::snapshot::{DependencyHealth, Snapshot, SystemResources, Transition};
use crate::status::HealthStatus;

/// The most checks, heartbeats or gates that one health value holds, each.
const MOST: usize = 1_024;
/// Transitions that a slow subscriber may lag behind before it loses the oldest.
const TRANSITIONS: usize = 256;
/// A body is put together anew when it is older than this and somebody asks.
const FRESH: Duration = Duration::from_secs(1);

/// A service's health: its checks, heartbeats and gates, and what they amount to.
///
/// Cheap to clone. Reading never runs a check.
#[derive(Clone)]
pub struct HealthCheck(Arc<Inner>);

impl fmt::Debug for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let published = self.0.published();
        f.debug_struct("HealthCheck")
            .field("service", &self.0.service_name)
            .field("status", &published.snapshot.status)
            .field("checks", &self.0.entries.len())
            .finish_non_exhaustive()
    }
}

/// Collects checks; made by [`HealthCheck::builder`].
#[derive(Debug)]
#[must_use]
pub struct HealthCheckBuilder {
    service_name: String,
    version: String,
    checks: Vec<Check>,
    resources_max_age: Duration,
}

impl HealthCheckBuilder {
    /// The service's version, shown in the detailed body. Default `unknown`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Adds a check.
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds checks.
    pub fn checks(mut self, checks: impl IntoIterator<Item = Check>) -> Self {
        self.checks.extend(checks);
        self
    }

    /// Resource figures older than this are no longer shown. Default 5 min.
    pub const fn resources_max_age(mut self, age: Duration) -> Self {
        self.resources_max_age = age;
        self
    }

    /// Builds it. No check runs before [`HealthCheck::run`] is driven.
    ///
    /// # Errors
    ///
    /// [`HealthError::Invalid`] with everything that is wrong: a name that is bad or used twice, a
    /// zero or overlong interval or timeout, a threshold of zero, a slow limit not below the
    /// timeout, more than 1,024 checks.
    pub fn build(self) -> Result<HealthCheck, HealthError> {
        let mut problems = Problems::default();
        problems.name(&self.service_name);
        if self.checks.len() > MOST {
            problems.push(Problem::TooMany {
                what: "checks",
                limit: MOST,
            });
        }
        let mut names = HashSet::new();
        for check in &self.checks {
            check.validate(&mut problems);
            if !names.insert(check.name()) {
                problems.push(Problem::DuplicateName {
                    name: check.name().to_owned(),
                });
            }
        }
        problems.finish()?;
        Ok(HealthCheck(Arc::new(Inner::new(self))))
    }
}

impl HealthCheck {
    /// Starts a set-up.
    pub fn builder(service_name: impl Into<String>) -> HealthCheckBuilder {
        HealthCheckBuilder {
            service_name: service_name.into(),
            version: "unknown".to_owned(),
            checks: Vec::new(),
            resources_max_age: Duration::from_secs(300),
        }
    }

    /// Drives all checks, each at once and then on its interval, until dropped. Spawn it, once:
    /// a second one waits until the first is gone.
    ///
    /// If it is not driven, or a check blocks its thread, results become stale and readers see it:
    /// they look at the clock themselves.
    pub fn run(&self) -> impl Future<Output = ()> + Send + 'static {
        runner::run(Arc::clone(&self.0))
    }

    /// Runs one check now and returns what is then known of it. Callers that come while it is
    /// running join that run; a thousand of them cause one.
    ///
    /// # Errors
    ///
    /// [`HealthError::UnknownCheck`].
    pub async fn refresh(&self, name: &str) -> Result<DependencyHealth, HealthError> {
        let unknown = || HealthError::UnknownCheck {
            name: name.to_owned(),
        };
        let at = self
            .0
            .entries
            .iter()
            .position(|e| e.check.name() == name)
            .ok_or_else(unknown)?;
        self.0.flight(at).await;
        self.snapshot()
            .dependency(name)
            .cloned()
            .ok_or_else(unknown)
    }

    /// Runs every check now, at the same time, and returns the snapshot after them.
    pub async fn refresh_all(&self) -> Arc<Snapshot> {
        let flights = (0..self.0.entries.len()).map(|at| self.0.flight(at));
        futures_util::future::join_all(flights).await;
        self.snapshot()
    }

    /// From now on `/ready` is 503, for good; everything else goes on. Call it on SIGTERM,
    /// some seconds before the server stops accepting.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
        self.0.publish();
    }

    /// Whether [`drain`](Self::drain) was called.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    /// What is known now. No check runs.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.current().snapshot)
    }

    /// `GET /health`: 200 when healthy or degraded, else 503. `detail` adds the dependencies, counts
    /// and resources; `health_json` asks for `application/health+json`.
    pub fn health_response(&self, detail: bool, health_json: bool) -> ProbeResponse {
        let published = self.0.current();
        let slot = &published.health[usize::from(detail) * 2 + usize::from(health_json)];
        cached(slot, || {
            response::health(&published.snapshot, detail, health_json)
        })
    }

    /// `GET /ready`: 503 while starting, draining, or a part that gates readiness is unhealthy or
    /// stale.
    pub fn ready_response(&self) -> ProbeResponse {
        let published = self.0.current();
        cached(&published.ready, || response::ready(&published.snapshot))
    }

    /// `GET /liveness`: 503 only while an internal heartbeat is dead.
    pub fn liveness_response(&self) -> ProbeResponse {
        let published = self.0.current();
        cached(&published.liveness, || {
            response::liveness(&published.snapshot)
        })
    }

    /// `GET /startup`: 503 until everything in the startup group has succeeded once.
    pub fn startup_response(&self) -> ProbeResponse {
        let published = self.0.current();
        cached(&published.startup, || {
            response::startup(&published.snapshot)
        })
    }

    /// The host's figures for the detailed body.
    pub fn set_system_resources(&self, resources: SystemResources) {
        *lock(&self.0.resources) = Some((resources, self.0.now()));
    }

    /// The totals of errors and warnings for the detailed body.
    pub fn set_counts(&self, errors: u64, warnings: u64) {
        self.0.errors.store(errors, Ordering::Relaxed);
        self.0.warnings.store(warnings, Ordering::Relaxed);
    }

    /// Changes of status, of each part and of the whole (with an empty name), from now on. A
    /// subscriber that lags more than 256 behind loses the oldest and is told so.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Transition> {
        self.0.transitions.subscribe()
    }

    /// Sets up a heartbeat; see [`HeartbeatBuilder::start`].
    pub fn heartbeat(&self, name: impl Into<String>) -> HeartbeatBuilder {
        HeartbeatBuilder::new(self.clone(), name.into())
    }

    /// Something besides checks that must be done before the service counts as started: a cache to
    /// warm, positions to load. `/ready` and `/startup` are 503 until [`StartupGate::open`].
    ///
    /// # Errors
    ///
    /// [`HealthError::Invalid`] when the name is bad or taken, or there are 1,024 gates.
    pub fn startup_gate(&self, name: impl Into<String>) -> Result<StartupGate, HealthError> {
        let name = name.into();
        self.0.add_gate(&name)?;
        Ok(StartupGate {
            name,
            inner: Arc::downgrade(&self.0),
        })
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }
}

/// Something that must be done before the service counts as started.
///
/// Dropping it leaves the gate shut: work that died is not work that was done.
#[must_use]
pub struct StartupGate {
    name: String,
    inner: Weak<Inner>,
}

impl fmt::Debug for StartupGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartupGate")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl StartupGate {
    /// It is done.
    pub fn open(self) {
        if let Some(inner) = self.inner.upgrade() {
            lock(&inner.state).gates.retain(|gate| *gate != self.name);
            inner.publish();
        }
    }
}

/// The bodies of one snapshot, each made when it is first asked for.
pub(crate) struct Published {
    snapshot: Arc<Snapshot>,
    /// From here on a reader must put a new one together.
    valid_until: Duration,
    /// When time alone will change a status.
    next_event: Duration,
    health: [OnceLock<ProbeResponse>; 4],
    ready: OnceLock<ProbeResponse>,
    liveness: OnceLock<ProbeResponse>,
    startup: OnceLock<ProbeResponse>,
}

/// Two readers may both make the body; neither waits for the other.
fn cached(slot: &OnceLock<ProbeResponse>, make: impl FnOnce() -> ProbeResponse) -> ProbeResponse {
    if let Some(made) = slot.get() {
        return made.clone();
    }
    let made = make();
    let _ = slot.set(made.clone());
    made
}

/// A check and what belongs to running it.
struct Entry {
    check: Arc<Check>,
    /// Held by the one loop that drives it.
    driver: tokio::sync::Mutex<()>,
    /// The run in progress, if any.
    flight: Mutex<Option<WeakShared<futures_util::future::BoxFuture<'static, ()>>>>,
}

pub(crate) struct Inner {
    service_name: String,
    version: String,
    resources_max_age: Duration,
    base: Instant,
    entries: Vec<Entry>,
    state: Mutex<State>,
    published: RwLock<Arc<Published>>,
    transitions: broadcast::Sender<Transition>,
    wake: Notify,
    draining: AtomicBool,
    resources: Mutex<Option<(SystemResources, Duration)>>,
    errors: AtomicU64,
    warnings: AtomicU64,
}

impl Inner {
    fn new(builder: HealthCheckBuilder) -> Self {
        let entries: Vec<Entry> = builder
            .checks
            .into_iter()
            .map(|check| Entry {
                check: Arc::new(check),
                driver: tokio::sync::Mutex::new(()),
                flight: Mutex::new(None),
            })
            .collect();
        let mut state = State {
            checks: entries
                .iter()
                .map(|entry| CheckRecord::new(Arc::clone(&entry.check)))
                .collect(),
            beats: Vec::new(),
            gates: Vec::new(),
            started: false,
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
        // Nobody can have subscribed yet, so these changes have no listener.
        let first = Published::new(assemble::compose(&view, &mut state), Duration::ZERO).0;
        Self {
            service_name: builder.service_name,
            version: builder.version,
            resources_max_age: builder.resources_max_age,
            base: Instant::now(),
            entries,
            state: Mutex::new(state),
            published: RwLock::new(Arc::new(first)),
            transitions: broadcast::Sender::new(TRANSITIONS),
            wake: Notify::new(),
            draining: AtomicBool::new(false),
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

    pub(crate) fn checks(&self) -> usize {
        self.entries.len()
    }

    pub(crate) async fn claim(&self, at: usize) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        Some(self.entries.get(at)?.driver.lock().await)
    }

    pub(crate) fn woken(&self) -> tokio::sync::futures::Notified<'_> {
        self.wake.notified()
    }

    /// The interval until the next run, by how the check does.
    pub(crate) fn next_interval(&self, at: usize) -> Duration {
        let Some(entry) = self.entries.get(at) else {
            return FRESH;
        };
        let unsettled = lock(&self.state)
            .checks
            .get(at)
            .is_some_and(|c| c.tracker.unsettled());
        match entry.check.fast_interval {
            Some(fast) if unsettled => fast,
            _ => entry.check.interval,
        }
    }

    /// The run of this check that is in progress, or a new one.
    pub(crate) fn flight(self: &Arc<Self>, at: usize) -> Flight {
        let Some(entry) = self.entries.get(at) else {
            return std::future::ready(()).boxed().shared();
        };
        let mut slot = lock(&entry.flight);
        if let Some(flight) = slot.as_ref().and_then(WeakShared::upgrade)
            && flight.peek().is_none()
        {
            return flight;
        }
        let inner = Arc::clone(self);
        let run = async move { inner.run_once(at).await };
        let flight = run.boxed().shared();
        *slot = flight.downgrade();
        flight
    }

    async fn run_once(&self, at: usize) {
        let Some(entry) = self.entries.get(at) else {
            return;
        };
        let started = Instant::now();
        let ended = runner::attempt(Arc::clone(&entry.check.probe), entry.check.timeout).await;
        self.record(at, entry, ended, started.elapsed());
    }

    fn record(&self, at: usize, entry: &Entry, ended: Ended, took: Duration) {
        let (verdict, last) = assemble::assess(&entry.check, ended, took, wall());
        let sessions = self.sessions();
        let mut state = lock(&self.state);
        let now = self.now();
        if let Some(record) = state.checks.get_mut(at) {
            record.record(verdict, last, now);
        }
        self.publish_locked(&mut state, &sessions);
    }

    pub(crate) fn add_beat(&self, beat: &Arc<Beat>) -> Result<(), HealthError> {
        let session = assemble::session_of(beat, wall());
        let mut state = lock(&self.state);
        let mut problems = Problems::default();
        if self.taken(&state, &beat.name) {
            problems.push(Problem::DuplicateName {
                name: beat.name.clone(),
            });
        }
        if state.beats.len() >= MOST {
            problems.push(Problem::TooMany {
                what: "heartbeats",
                limit: MOST,
            });
        }
        problems.finish()?;
        state.beats.push(BeatRecord::new(Arc::clone(beat), session));
        drop(state);
        self.publish();
        self.wake.notify_waiters();
        Ok(())
    }

    pub(crate) fn remove_beat(&self, beat: &Arc<Beat>) {
        lock(&self.state)
            .beats
            .retain(|record| !Arc::ptr_eq(&record.beat, beat));
        self.publish();
    }

    fn add_gate(&self, name: &str) -> Result<(), HealthError> {
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
        self.entries.iter().any(|e| e.check.name() == name)
            || state.beats.iter().any(|b| b.beat.name == name)
            || state.gates.iter().any(|g| g == name)
    }

    fn published(&self) -> Arc<Published> {
        Arc::clone(
            &self
                .published
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// What readers get: the published snapshot, or a new one when time has overtaken it. A reader
    /// never waits for another that is already at it.
    fn current(&self) -> Arc<Published> {
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

    /// Asks each schedule. Done without a lock, since it is the user's code.
    fn sessions(&self) -> Vec<(Arc<Beat>, Session)> {
        let beats: Vec<Arc<Beat>> = {
            let Ok(state) = self.state.try_lock() else {
                return Vec::new();
            };
            state
                .beats
                .iter()
                .map(|b| &b.beat)
                .filter(|b| b.schedule.is_some())
                .cloned()
                .collect()
        };
        let at = wall();
        beats
            .into_iter()
            .map(|beat| (Arc::clone(&beat), assemble::session_of(&beat, at)))
            .collect()
    }

    fn publish_locked(
        &self,
        state: &mut State,
        sessions: &[(Arc<Beat>, Session)],
    ) -> Arc<Published> {
        assemble::take_sessions(state, sessions);
        let now = self.now();
        let resources = *lock(&self.resources);
        let view = View {
            service_name: &self.service_name,
            version: &self.version,
            now,
            wall: wall(),
            draining: self.draining.load(Ordering::Acquire),
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

impl Published {
    fn new(composed: Composed, now: Duration) -> (Self, Vec<Transition>) {
        let published = Self {
            snapshot: Arc::new(composed.snapshot),
            valid_until: composed.next_event.min(now.saturating_add(FRESH)),
            next_event: composed.next_event,
            health: [const { OnceLock::new() }; 4],
            ready: OnceLock::new(),
            liveness: OnceLock::new(),
            startup: OnceLock::new(),
        };
        (published, composed.changes)
    }
}

/// A panic while a lock is held leaves plain data behind, which stays usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wall() -> Timestamp {
    assemble::to_millis(Timestamp::now())
}

#[cfg(test)]
mod tests;
