//! A source without a service: for tests of whoever mounts the console, and to look at it.

mod alerts;
mod figures;
mod logs;
mod metrics;
mod reports;
mod rules;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bongsu_ops::{Maintenance, ServiceDesk};
use jiff::{SignedDuration, Timestamp};

use self::figures::figures;
use crate::{
    ActiveSilence, Figure, FiringAlert, LogLevel, Memory, Operator, OpsError, Recorder, Setting,
    Snapshot,
    history::{RESOLUTION, SLOTS, Sample},
};

/// Answers with figures that follow from its clock alone, and keeps what it was asked to do.
///
/// ```
/// use bongsu_console::testing::FakeSource;
///
/// let source = FakeSource::new(|| jiff::Timestamp::UNIX_EPOCH);
/// assert!(source.actions().is_empty());
/// ```
pub struct FakeSource {
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    memory: Arc<Memory>,
    state: Mutex<State>,
}

struct State {
    alerts: Vec<FiringAlert>,
    silences: Vec<ActiveSilence>,
    maintenance: Option<Maintenance>,
    level: LogLevel,
    actions: Vec<String>,
}

impl std::fmt::Debug for FakeSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeSource").finish_non_exhaustive()
    }
}

impl FakeSource {
    /// A source at the time that `clock` tells, with a day behind it.
    pub fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let now = clock();
        let memory = Memory::default();
        let mut recorder = Recorder::default();
        for back in (1..SLOTS as i64).rev() {
            let at = now - SignedDuration::from_secs(back * RESOLUTION.as_secs() as i64);
            memory.keep(at, &recorder.sample(&figures(at)));
        }
        Self {
            clock: Box::new(clock),
            memory: Arc::new(memory),
            state: Mutex::new(State {
                alerts: alerts::alerts(now),
                silences: Vec::new(),
                maintenance: None,
                level: LogLevel {
                    directives: "info".to_owned(),
                    until: None,
                },
                actions: Vec::new(),
            }),
        }
    }

    /// Lets these alerts fire and no others.
    pub fn set_alerts(&self, alerts: Vec<FiringAlert>) {
        self.state().alerts = alerts;
    }

    /// It as an operator meets it.
    #[must_use]
    pub fn operator(self: &Arc<Self>) -> Operator {
        Operator::new(self.clone())
            .with_alerts(self.clone())
            .with_logs(self.clone())
            .with_metrics(self.clone())
            .with_reports(self.clone())
            .with_rules(self.clone())
    }

    /// The day behind it.
    #[must_use]
    pub fn memory(&self) -> Arc<Memory> {
        Arc::clone(&self.memory)
    }

    /// What was asked for, in words.
    #[must_use]
    pub fn actions(&self) -> Vec<String> {
        self.state().actions.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ServiceDesk for FakeSource {
    async fn snapshot(&self) -> Snapshot {
        let now = (self.clock)();
        let mut snapshot = figures(now);
        self.memory.keep(now, &Sample::of(&snapshot));
        let state = self.state();
        snapshot.maintenance = state.maintenance.clone();
        snapshot.alerts = Figure::Known(state.alerts.clone());
        snapshot.log_level = Figure::Known(state.level.clone());
        snapshot
    }

    async fn settings(&self) -> Result<Vec<Setting>, OpsError> {
        let setting = |name: &str, value: Option<&str>, set, help: &str| Setting {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            set,
            help: help.into(),
            group: "Service".into(),
        };
        Ok(vec![
            setting(
                "SERVICE_NAME",
                Some("trading-engine"),
                true,
                "names the service",
            ),
            setting("LOG_LEVEL", Some("info"), false, "what is logged"),
            setting(
                "SLACK_WEBHOOK_URL",
                Some("***"),
                true,
                "where Slack takes alerts",
            ),
            setting("DATABASE_URL", None, false, "the database of the service"),
        ])
    }
}
