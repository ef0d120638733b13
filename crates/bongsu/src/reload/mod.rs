//! The file, read again while the service runs: on SIGHUP, when it has changed, and when an operator asks. All that it
//! says is taken up, or nothing.

mod live;

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bongsu_config::file;
use bongsu_ops::{OpsError, OpsResult};
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::live::Live;
use crate::{
    Bongsu, Config,
    config::{ConfigError, Problem},
    parts::Parts,
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
}

impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} rules, {} silences",
            self.file, self.rules, self.silences
        )
    }
}

/// Reads the file again. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Reload(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// As the service was started.
    config: Config,
    live: Live,
    /// What holds; one reads at a time.
    holds: Mutex<Config>,
}

impl Reload {
    /// None: there is no file.
    pub(crate) fn new(config: &Config, parts: &Parts, tasks: &Tasks) -> Option<Self> {
        config.file.as_ref()?;
        Some(Self(Arc::new(Inner {
            live: Live::new(config, parts, tasks),
            holds: Mutex::new(config.clone()),
            config: config.clone(),
        })))
    }

    /// Reads the file and takes up what it says.
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

    fn take(&self, text: &str) -> Result<Reloaded, ConfigError> {
        let mut holds = self.holds();
        let fresh = self.0.config.reread(text)?;
        let done = self.0.live.take(&self.0.config, &holds, &fresh)?;
        *holds = fresh;
        Ok(done)
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
            needs_restart: Vec::new(),
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
    /// Reads the file of `BONGSU_CONFIG` again and takes up what it says. None: there is no such file. It happens by
    /// itself when the file changes, and on SIGHUP. [`Bongsu::config`] stays as it was at the start.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its place; everything holds as it was.
    pub async fn reload(&self) -> Option<Result<Reloaded, ConfigError>> {
        let reload = self.0.parts.reload.as_ref()?;
        Some(reload.now().await)
    }
}
