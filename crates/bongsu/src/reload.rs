//! The alert part of the file, read again while the service runs: on SIGHUP, when the file has changed, and
//! when an operator asks. All or nothing: what is wrong leaves the rules as they were.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bongsu_alerts::AlertManager;
use bongsu_config::file;
use bongsu_ops::{OpsError, OpsResult};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    Bongsu, Config, alerting,
    config::{ConfigError, Problem},
    tasks::Tasks,
};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// What came of reading the file again.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reloaded {
    /// The file.
    pub file: String,
    /// Rules of it that hold now.
    pub rules: usize,
    /// Standing silences of it.
    pub silences: usize,
    /// What of it is not used, and why.
    pub warnings: Vec<String>,
    /// What of it differs from the start and holds from the next start on.
    pub needs_restart: Vec<String>,
}

impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} rules, {} silences",
            self.file, self.rules, self.silences
        )?;
        if !self.needs_restart.is_empty() {
            write!(
                f,
                "; with the next start: {}",
                self.needs_restart.join(", ")
            )?;
        }
        Ok(())
    }
}

/// Reads the file again. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Reload(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// As the service was started.
    config: Config,
    alerts: AlertManager,
    /// The text whose rules hold.
    holds: Mutex<String>,
}

impl Reload {
    /// None: there is no file.
    pub(crate) fn new(config: &Config, alerts: &AlertManager) -> Option<Self> {
        config.file.as_ref()?;
        Some(Self(Arc::new(Inner {
            config: config.clone(),
            alerts: alerts.clone(),
            holds: Mutex::new(config.loaded().text().to_owned()),
        })))
    }

    /// Reads the file and takes up its routes.
    pub(crate) async fn now(&self) -> Result<Reloaded, ConfigError> {
        let text = self.text().await?;
        self.take(&text)
    }

    async fn text(&self) -> Result<String, ConfigError> {
        let path = self.0.config.file.clone().unwrap_or_default();
        let gone = Problem::new(
            path.display().to_string(),
            "is not there any more; what it said holds on",
        );
        let read = tokio::task::spawn_blocking(move || file::text(&path)).await;
        match read {
            Ok(Ok(Some(text))) => Ok(text),
            Ok(Err(problem)) => Err(ConfigError::from(problem)),
            Ok(Ok(None)) | Err(_) => Err(ConfigError::from(gone)),
        }
    }

    fn take(&self, text: &str) -> Result<Reloaded, ConfigError> {
        let started = &self.0.config;
        let fresh = started.reread(text)?;
        let routed = alerting::routes(&fresh, &self.0.alerts.channel_ids())?;
        let (rules, silences) = (routed.routing.rules.len(), routed.routing.silences.len());
        let name = started.loaded().name();
        self.0
            .alerts
            .reroute(routed.routing)
            .map_err(|error| ConfigError::from(Problem::new(name, error.to_string())))?;
        *self.holds() = text.to_owned();
        Ok(Reloaded {
            file: name.to_owned(),
            rules,
            silences,
            warnings: routed.warnings.iter().map(Problem::to_string).collect(),
            needs_restart: fresh.differs_beyond_routes(started),
        })
    }

    fn holds(&self) -> std::sync::MutexGuard<'_, String> {
        self.0.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what is new, as soon as two looks in a row find the same: whoever writes the file may be in
    /// the middle of it.
    async fn watch(self) {
        let mut looks = tokio::time::interval(LOOK);
        let mut seen = self.holds().clone();
        let mut told = seen.clone();
        loop {
            looks.tick().await;
            let Ok(text) = self.text().await else {
                continue;
            };
            let steady = text == seen;
            seen = text;
            if steady && seen != told && seen != *self.holds() {
                say(&self.take(&seen));
            }
            if steady {
                told.clone_from(&seen);
            }
        }
    }

    async fn on_signal(self, hangups: io::Result<Signal>) {
        let mut hangups = match hangups {
            Ok(hangups) => hangups,
            Err(error) => {
                tracing::warn!(%error, "SIGHUP cannot be waited for");
                return;
            }
        };
        while hangups.recv().await.is_some() {
            say(&self.now().await);
        }
    }

    /// Follows the file until the service ends.
    pub(crate) fn follow(&self, tasks: &Tasks) {
        let hangups = signal(SignalKind::hangup());
        tasks.spawn("configuration", self.clone().watch());
        tasks.spawn("configuration", self.clone().on_signal(hangups));
    }
}

#[async_trait::async_trait]
impl bongsu_desks::Reload for Reload {
    async fn reload(&self) -> OpsResult<bongsu_ops::Reloaded> {
        let reloaded = self.now().await;
        let done = reloaded.map_err(|error| OpsError::Invalid(error.to_string()))?;
        Ok(bongsu_ops::Reloaded {
            file: done.file,
            rules: done.rules,
            silences: done.silences,
            warnings: done.warnings,
            needs_restart: done.needs_restart,
        })
    }
}

fn say(reloaded: &Result<Reloaded, ConfigError>) {
    match reloaded {
        Ok(reloaded) => {
            for warning in &reloaded.warnings {
                tracing::warn!("{warning}");
            }
            tracing::info!("{reloaded}");
        }
        Err(error) => tracing::error!(%error, "the rules hold as they were"),
    }
}

impl Bongsu {
    /// Reads the file of `BONGSU_CONFIG` again and takes up its rules, silences and least levels. None:
    /// there is no such file. It happens by itself when the file changes, and on SIGHUP.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its place; the rules hold as they were.
    pub async fn reload(&self) -> Option<Result<Reloaded, ConfigError>> {
        let reload = self.0.parts.reload.as_ref()?;
        Some(reload.now().await)
    }
}
