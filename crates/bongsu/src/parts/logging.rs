//! The log of the process: put in force by its first start, shared by all that come after.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
    time::Duration,
};

use bongsu_desks::Part;
use bongsu_logging::{
    ErrorLine, Layer, LogGuard, LogHandle, LogLayer, Logging, LoggingConfig, LoggingError, Registry,
};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Parts, Start, adjust::Adjust};
use crate::{Bongsu, Builder, Config, Error};

/// The log, and who wants to know of its ERROR lines.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) handle: LogHandle,
    #[allow(dead_code, reason = "without alerting nobody wants to know")]
    pub(crate) errors: Errors,
}

/// How long the log may take to be written at the end.
const FLUSH: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub(crate) struct Settings {
    config: Adjust<LoggingConfig>,
    /// Built already, for a subscriber that the service puts together.
    handed: Option<Handed>,
}

impl Settings {
    /// One more layer beside the log's own, if there is one.
    #[cfg(feature = "otlp")]
    pub(crate) fn add(&mut self, layer: Option<impl Layer<Registry> + Send + Sync + 'static>) {
        if let Some(layer) = layer {
            self.config.push(|log| log.layer(layer));
        }
    }
}

/// The part of a log that is left when its layer was given away.
#[derive(Debug)]
struct Handed {
    guard: LogGuard,
    errors: Errors,
}

/// A process has one subscriber: this is it, if bongsu put it in force.
static INSTALLED: Mutex<Option<Installed>> = Mutex::new(None);

struct Installed {
    handle: LogHandle,
    guard: Weak<LogGuard>,
    errors: Errors,
}

pub(crate) async fn start(cx: &mut Start<'_>, settings: Settings) -> Result<Offer, Error> {
    let folder = bongsu_setup::logging::folder(cx.config);
    cx.config.warnings.extend(folder);
    let (guard, errors) = match settings.handed {
        Some(handed) => (Arc::new(handed.guard), handed.errors),
        None => in_force(cx.config, settings.config)?,
    };
    let handle = guard.handle();
    cx.tasks.spawn(
        "log-reopen",
        reopen_on(signal(SignalKind::hangup()), handle.clone()),
    );
    let flushed = handle.clone();
    cx.ends.push(async move {
        tracing::info!("stopped");
        // What is still waiting then is said on standard error by the guard.
        let _ = flushed.flush(FLUSH);
        drop(guard);
    });
    Ok(Offer { handle, errors })
}

/// The process's log, put in force now if nobody did.
fn in_force(
    config: &Config,
    changes: Adjust<LoggingConfig>,
) -> Result<(Arc<LogGuard>, Errors), Error> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(log) = &*installed {
        tracing::debug!("this start shares the log of an earlier one in this process");
        let guard = log.guard.upgrade();
        let guard = guard.unwrap_or_else(|| Arc::new(log.handle.resume()));
        return Ok((guard, log.errors.clone()));
    }
    let (logging, errors) = build(config, changes)?;
    let handle = logging.handle();
    match logging.install() {
        Ok(guard) => {
            let guard = Arc::new(guard);
            *installed = Some(Installed {
                handle,
                guard: Arc::downgrade(&guard),
                errors: errors.clone(),
            });
            Ok((guard, errors))
        }
        Err(LoggingError::AlreadyInstalled) => {
            tracing::warn!(
                "a tracing subscriber is there already, so bongsu writes no log of its own: give it \
                 bongsu's layer (Builder::log_layer), or let bongsu install yours (Builder::layer)"
            );
            let (_, guard) = build(config, Adjust::default())?.0.into_layer();
            Ok((Arc::new(guard), errors))
        }
        Err(error) => Err(Error::setup("logging", error)),
    }
}

/// The log as the configuration and the service's code ask for it.
fn build(config: &Config, changes: Adjust<LoggingConfig>) -> Result<(Logging, Errors), Error> {
    let errors = Errors::default();
    let told = errors.clone();
    let logging = bongsu_setup::logging::config(config).on_error(move |line| told.tell(line));
    let logging = changes.apply(logging).build();
    let logging = logging.map_err(|error| Error::setup("logging", error))?;
    Ok((logging, errors))
}

type Call = dyn Fn(&ErrorLine<'_>) + Send + Sync;

/// Who is called with ERROR lines: each start of the process that makes alerts of them.
#[derive(Clone, Default)]
pub(crate) struct Errors(Arc<RwLock<Vec<Weak<Call>>>>);

impl Errors {
    /// Calls `call` for as long as it is kept.
    #[allow(dead_code, reason = "without alerting nobody wants to know")]
    pub(crate) fn call(&self, call: &Arc<Call>) {
        let mut calls = self.0.write().unwrap_or_else(PoisonError::into_inner);
        calls.retain(|call| call.strong_count() > 0);
        calls.push(Arc::downgrade(call));
    }

    fn tell(&self, line: &ErrorLine<'_>) {
        let calls = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for call in calls.iter().filter_map(Weak::upgrade) {
            call(line);
        }
    }
}

impl fmt::Debug for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Errors")
    }
}

/// A logrotate that asks by signal instead of by renaming.
///
/// The signal is watched from before the task runs: one that comes in between would end the service.
async fn reopen_on(hangup: io::Result<Signal>, logs: LogHandle) {
    match hangup {
        Ok(mut hangup) => {
            while hangup.recv().await.is_some() {
                logs.reopen();
                tracing::info!("log reopened on SIGHUP");
            }
        }
        Err(error) => tracing::warn!(%error, "cannot watch for SIGHUP"),
    }
}

/// What an operator meets of it.
pub(crate) fn desk(_: &Config, parts: &Parts) -> Option<Box<dyn Part>> {
    let logs = parts.logs.handle.clone();
    Some(Box::new(bongsu_desks::Logs::new(logs)))
}

impl Bongsu {
    /// The log: level at run time, counts, flush.
    #[must_use]
    pub fn logs(&self) -> &LogHandle {
        &self.0.parts.logs.handle
    }
}

impl Builder {
    /// Changes how the log is written: keys of another log store, redaction, rotation, limits of
    /// rate, the offset of its times.
    ///
    /// ```no_run
    /// use bongsu::{Bongsu, Config, logging::Preset};
    ///
    /// # async fn run() -> Result<(), bongsu::Error> {
    /// let bongsu = Bongsu::builder(Config::from_env()?)
    ///     .logging(|log| log.preset(Preset::Ecs).redact_key("account_no").utc_offset_minutes(540))
    ///     .start()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn logging(
        mut self,
        change: impl FnOnce(LoggingConfig) -> LoggingConfig + Send + Sync + 'static,
    ) -> Self {
        self.settings.logging.config.push(change);
        self
    }

    /// Adds a layer of `tracing` beside bongsu's own, as for OpenTelemetry or Sentry. The level of
    /// the log filters for it too.
    pub fn layer(self, layer: impl Layer<Registry> + Send + Sync + 'static) -> Self {
        self.logging(|log| log.layer(layer))
    }

    /// Bongsu's log as a layer for a `tracing` subscriber of the service's own, which the service
    /// installs; [`start`](Self::start) then installs none. What [`logging`](Self::logging) asked for
    /// before is heeded.
    ///
    /// # Errors
    ///
    /// When a setting of the log is wrong.
    pub fn log_layer(&mut self) -> Result<LogLayer, Error> {
        let changes = std::mem::take(&mut self.settings.logging.config);
        let (logging, errors) = build(&self.config, changes)?;
        let (layer, guard) = logging.into_layer();
        self.settings.logging.handed = Some(Handed { guard, errors });
        Ok(layer)
    }
}
