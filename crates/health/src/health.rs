//! The health value: owns the state, publishes snapshots, answers readers.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::broadcast;

use crate::builder::HealthCheckBuilder;
use crate::check::Check;
use crate::error::HealthError;
use crate::gate::StartupGate;
use crate::heartbeat::{Heartbeat, HeartbeatBuilder};
use crate::inner::{Entry, Inner};
use crate::published::cached;
use crate::response::{self, ProbeResponse};
use crate::runner;
use crate::snapshot::{DependencyHealth, Snapshot, SystemResources, Transition};

/// A service's health: its checks, heartbeats and gates, and what they amount to.
///
/// Cheap to clone. Reading never runs a check.
#[derive(Clone)]
pub struct HealthCheck(Arc<Inner>);

impl fmt::Debug for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let published = self.0.published();
        f.debug_struct("HealthCheck")
            .field("service", &published.snapshot.service.service_name)
            .field("status", &published.snapshot.status)
            .field("checks", &self.0.entries().len())
            .finish_non_exhaustive()
    }
}

impl HealthCheck {
    /// Starts a set-up.
    pub fn builder(service_name: impl Into<String>) -> HealthCheckBuilder {
        HealthCheckBuilder::new(service_name.into())
    }

    /// Drives all checks, each at once and then on its interval, until dropped. Spawn it, once:
    /// a second one waits until the first is gone. Changes of status are logged from here.
    ///
    /// If it is not driven, or a check blocks its thread, results become stale and readers see it:
    /// they look at the clock themselves.
    pub fn run(&self) -> impl Future<Output = ()> + Send + 'static {
        runner::run(Arc::clone(&self.0))
    }

    /// The same as [`run`](Self::run) in parts, each to be spawned: one for each check and one that
    /// notices what changes by time. So even a check that wrongly blocks its thread holds up only
    /// itself, as long as the runtime has another thread.
    #[must_use]
    pub fn tasks(&self) -> Vec<BoxFuture<'static, ()>> {
        let mut tasks = self.drivers(self.0.entries());
        tasks.push(runner::watch(Arc::clone(&self.0)).boxed());
        tasks
    }

    fn drivers(&self, entries: Vec<Arc<Entry>>) -> Vec<BoxFuture<'static, ()>> {
        let drive = |entry| runner::drive(Arc::clone(&self.0), entry).boxed();
        entries.into_iter().map(drive).collect()
    }

    /// Takes checks and heartbeats out by their names, and puts others in: all of it, or nothing. What is
    /// named by nobody goes on undisturbed, and the service does not count as starting again for what is new.
    /// Gives a future for each new check, to be spawned; those of what was taken out end.
    ///
    /// # Errors
    ///
    /// [`HealthError::Invalid`] with everything that is wrong, as
    /// [`build`](crate::HealthCheckBuilder::build) and [`HeartbeatBuilder::start`] have it.
    pub fn exchange(
        &self,
        gone: &[String],
        checks: Vec<Check>,
        heartbeats: Vec<HeartbeatBuilder>,
    ) -> Result<Vec<BoxFuture<'static, ()>>, HealthError> {
        let new = self.0.exchange(gone, checks, heartbeats)?;
        Ok(self.drivers(new))
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
        let entry = self.0.entry(name).ok_or_else(unknown)?;
        self.0.flight(&entry).await;
        self.snapshot()
            .dependency(name)
            .cloned()
            .ok_or_else(unknown)
    }

    /// Runs every check now, at the same time, and returns the snapshot after them.
    pub async fn refresh_all(&self) -> Arc<Snapshot> {
        let entries = self.0.entries();
        let flights = entries.iter().map(|entry| self.0.flight(entry));
        futures_util::future::join_all(flights).await;
        self.snapshot()
    }

    /// From now on `/ready` is 503, for good; everything else goes on. Call it on SIGTERM,
    /// some seconds before the server stops accepting.
    pub fn drain(&self) {
        self.0.drain();
    }

    /// Whether [`drain`](Self::drain) was called.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.is_draining()
    }

    /// Out of service on purpose, for this reason: `/ready` is 503 and says it, until this is called with none.
    /// Everything else goes on: checks, heartbeats, `/health`, `/liveness`. The reason is shown to anybody.
    ///
    /// ```
    /// use bongsu_health::HealthCheck;
    ///
    /// let health = HealthCheck::builder("orders").build()?;
    /// health.set_maintenance(Some("maintenance until 10:00".to_owned()));
    /// assert_eq!(health.ready_response().status, 503);
    /// assert_eq!(health.liveness_response().status, 200);
    /// health.set_maintenance(None);
    /// assert_eq!(health.ready_response().status, 200);
    /// # Ok::<(), bongsu_health::HealthError>(())
    /// ```
    pub fn set_maintenance(&self, reason: Option<String>) {
        self.0.set_maintenance(reason);
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

    /// `GET /ready`: 503 while starting, draining, in a maintenance, or a part that gates readiness is unhealthy or
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
        self.0.set_resources(resources);
    }

    /// The totals of errors and warnings for the detailed body.
    pub fn set_counts(&self, errors: u64, warnings: u64) {
        self.0.set_counts(errors, warnings);
    }

    /// Changes of status, of each part and of the whole (with an empty name), from now on. A
    /// subscriber that lags more than 256 behind loses the oldest and is told so.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Transition> {
        self.0.subscribe()
    }

    /// Sets up a heartbeat; see [`HeartbeatBuilder::start`].
    pub fn heartbeat(&self, name: impl Into<String>) -> HeartbeatBuilder {
        HeartbeatBuilder::new(self.clone(), name.into())
    }

    /// The handle of the heartbeat of that name, whether anything watches it yet or not: for one that a
    /// configuration may declare, now or later, while the service's code only beats. Past 1,024 names what
    /// beats is heard by nobody.
    #[must_use]
    pub fn heartbeat_named(&self, name: &str) -> Heartbeat {
        Heartbeat::new(self.0.pulse(name), &self.0)
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
        Ok(StartupGate::new(name, &self.0))
    }

    pub(crate) fn from_builder(builder: HealthCheckBuilder) -> Self {
        Self(Arc::new(Inner::new(builder)))
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }
}

#[cfg(test)]
mod tests;
