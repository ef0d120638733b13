//! The file, read again while the service runs: on SIGHUP, when it has changed, and when an operator asks. Taken up
//! are routes with what holds where no rule says otherwise, thresholds, checks and the halt line: all or nothing.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bongsu_alerts::{AlertManager, Defaults};
use bongsu_config::file;
use bongsu_ops::{OpsError, OpsResult};
use tokio::signal::unix::{Signal, SignalKind, signal};

use bongsu_setup::alerts;
#[cfg(feature = "resources")]
use bongsu_setup::resources::thresholds;

#[cfg(feature = "health")]
use crate::tasks::WeakTasks;
use crate::{
    Bongsu, Config,
    config::{ConfigError, Problem},
    tasks::Tasks,
};

/// SIGHUP, from now on: without anybody who waits for it, it ends the process.
pub(crate) fn hangups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

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

/// What of the running service the file has a say in.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) alerts: AlertManager,
    #[cfg(feature = "health")]
    pub(crate) health: bongsu_health::HealthCheck,
    #[cfg(feature = "metrics")]
    pub(crate) metrics: bongsu_metrics::ServiceMetrics,
    #[cfg(feature = "resources")]
    pub(crate) resources: bongsu_resources::ResourceMonitor,
    #[cfg(feature = "health")]
    pub(crate) tasks: WeakTasks,
}

/// Reads the file again. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Reload(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// As the service was started.
    config: Config,
    live: Live,
    /// What held at the start where no rule says otherwise: the configuration's, or the code's.
    defaults: Defaults,
    /// Whether the thresholds are the configuration's, and not the code's.
    #[cfg(feature = "resources")]
    thresholds: bool,
    /// What holds; one reads at a time.
    holds: Mutex<Config>,
}

impl Reload {
    /// None: there is no file.
    pub(crate) fn new(config: &Config, live: Live) -> Option<Self> {
        config.file.as_ref()?;
        Some(Self(Arc::new(Inner {
            defaults: live.alerts.defaults(),
            #[cfg(feature = "resources")]
            thresholds: live.resources.thresholds() == thresholds(&config.resources),
            live,
            holds: Mutex::new(config.clone()),
            config: config.clone(),
        })))
    }

    /// Reads the file and takes up what may change while the service runs.
    pub(crate) async fn now(&self) -> Result<Reloaded, ConfigError> {
        let text = self.text().await?;
        self.taken(text).await
    }

    /// Off the runtime: what a text comes to takes its time.
    async fn taken(&self, text: String) -> Result<Reloaded, ConfigError> {
        let reload = self.clone();
        let taken = tokio::task::spawn_blocking(move || reload.take(&text)).await;
        taken.unwrap_or_else(|error| {
            let name = self.0.config.loaded().name();
            Err(ConfigError::from(Problem::new(name, error.to_string())))
        })
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

    /// Everything is looked at before anything is changed; what can still fail then is changed first, and fails as
    /// a whole.
    fn take(&self, text: &str) -> Result<Reloaded, ConfigError> {
        let Inner {
            config: started,
            live,
            ..
        } = &*self.0;
        let mut holds = self.holds();
        let fresh = started.reread(text)?;
        let routed = alerts::routes(&fresh, &live.alerts.channel_ids())?;
        let (rules, silences) = (routed.routing.rules.len(), routed.routing.silences.len());
        let mut warnings: Vec<String> = routed.warnings.iter().map(Problem::to_string).collect();
        let defaults = self.defaults(&fresh, &mut warnings)?;
        let routing = routed.routing.defaults(defaults);
        let wrong = |error: &dyn std::error::Error| {
            ConfigError::from(Problem::new(started.loaded().name(), error.to_string()))
        };
        live.alerts
            .check_routing(&routing)
            .map_err(|error| wrong(&error))?;
        #[cfg(feature = "resources")]
        let limits = thresholds(&fresh.resources);
        #[cfg(feature = "resources")]
        limits.validate().map_err(|error| wrong(&error))?;
        #[cfg(feature = "health")]
        self.exchange_checks(&holds, &fresh)?;
        #[cfg(feature = "resources")]
        if self.0.thresholds {
            live.resources
                .set_thresholds(limits)
                .map_err(|error| wrong(&error))?;
        } else if limits != thresholds(&started.resources) {
            warnings
                .push("thresholds: the service's code sets them; they hold as they are".to_owned());
        }
        #[cfg(feature = "metrics")]
        if let Some(halt) = fresh
            .halt_percent
            .filter(|_| fresh.halt_percent != holds.halt_percent)
        {
            live.metrics.update_halt_drawdown(halt);
        }
        live.alerts
            .reroute(routing)
            .map_err(|error| wrong(&error))?;
        let needs_restart = fresh.needs_restart(started);
        *holds = fresh;
        Ok(Reloaded {
            file: started.loaded().name().to_owned(),
            rules,
            silences,
            warnings,
            needs_restart,
        })
    }

    /// Cooldown, repetition and fallback of the file; what the service's code sets instead stays.
    fn defaults(
        &self,
        fresh: &Config,
        warnings: &mut Vec<String>,
    ) -> Result<Defaults, ConfigError> {
        let Inner {
            config: started,
            defaults: own,
            live,
            ..
        } = &*self.0;
        let channels = live.alerts.channel_ids();
        let said = |config: &Config| -> Result<Defaults, ConfigError> {
            let mut said = own.clone();
            said.cooldown = config.alerts.cooldown;
            said.repeat = config
                .loaded()
                .repeat()
                .unwrap_or(Defaults::default().repeat);
            said.fallback = config
                .loaded()
                .fallback(&channels)
                .map_err(ConfigError::from)?;
            Ok(said)
        };
        let (before, now) = (said(started)?, said(fresh)?);
        let mut kept = |name: &str, differs: bool| {
            if differs {
                warnings.push(format!(
                    "{name}: the service's code sets it; it holds as it is"
                ));
            }
        };
        let mut defaults = own.clone();
        match own.cooldown == before.cooldown {
            true => defaults.cooldown = now.cooldown,
            false => kept("alerts.cooldown", now.cooldown != before.cooldown),
        }
        match own.repeat == before.repeat {
            true => defaults.repeat = now.repeat,
            false => kept("alerts.repeat", now.repeat != before.repeat),
        }
        match own.fallback == before.fallback {
            true => defaults.fallback = now.fallback,
            false => kept("alerts.fallback", now.fallback != before.fallback),
        }
        Ok(defaults)
    }

    /// Checks and heartbeats that differ are taken out and put in; the others go on.
    #[cfg(feature = "health")]
    fn exchange_checks(&self, holds: &Config, fresh: &Config) -> Result<(), ConfigError> {
        let Live { health, tasks, .. } = &self.0.live;
        let (gone, new) = holds.loaded().changed_checks(fresh.loaded());
        let mut checks = bongsu_setup::health::checks(fresh)?;
        let mut beats = bongsu_setup::health::heartbeats(fresh, health)?;
        checks.retain(|check| new.iter().any(|name| name == check.name()));
        beats.retain(|(name, _)| new.contains(name));
        let beats = beats.into_iter().map(|(_, beat)| beat).collect();
        let driven = health.exchange(&gone, checks, beats).map_err(|error| {
            let place = fresh.loaded().check_that(|name| error.names(name));
            let place = place.unwrap_or_else(|| fresh.loaded().name().to_owned());
            ConfigError::from(Problem::new(place, error.to_string()))
        })?;
        if let Some(tasks) = tasks.get() {
            for check in driven {
                tasks.spawn("health", check);
            }
        }
        Ok(())
    }

    fn holds(&self) -> std::sync::MutexGuard<'_, Config> {
        self.0.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what is new, as soon as two looks in a row find the same: whoever writes the file may be in
    /// the middle of it.
    async fn watch(self) {
        let mut looks = tokio::time::interval(LOOK);
        let mut seen = self.holds().loaded().text().to_owned();
        let mut told = seen.clone();
        loop {
            looks.tick().await;
            let Ok(text) = self.text().await else {
                continue;
            };
            let steady = text == seen;
            seen = text;
            let held = seen == self.holds().loaded().text();
            if steady && seen != told && !held {
                say(&self.taken(seen.clone()).await);
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

    /// Follows the file until the service ends; `hangups` has been waiting since the start.
    pub(crate) fn follow(&self, tasks: &Tasks, hangups: io::Result<Signal>) {
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
        Err(error) => tracing::error!(%error, "everything holds as it was"),
    }
}

impl Bongsu {
    /// Reads the file of `BONGSU_CONFIG` again and takes up its rules, silences, least levels, cooldown, repetition,
    /// fallback, thresholds, checks and halt line. None: there is no such file. It happens by itself when the file changes, and on SIGHUP.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its place; everything holds as it was.
    pub async fn reload(&self) -> Option<Result<Reloaded, ConfigError>> {
        let reload = self.0.parts.reload.as_ref()?;
        Some(reload.now().await)
    }
}
