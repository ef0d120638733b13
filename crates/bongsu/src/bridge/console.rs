//! The console: what keeps it up to date.

use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "sqlite")]
use bongsu_console::{Keeper, Replaced};
use bongsu_console::{
    Memory, Recorder,
    history::{RESOLUTION, Sample, Series},
};
use jiff::Timestamp;
use tokio::sync::Notify;

use bongsu_desks::Desks;

use crate::{Config, parts::Parts, tasks::Tasks};

/// The console as the facade mounts it.
#[derive(Debug)]
pub(crate) struct Console {
    pub(crate) router: axum::Router,
    end: Arc<Notify>,
}

impl Console {
    /// Ends the live pages' streams, so that a server that drains need not wait for them.
    pub(crate) fn end_live_pages(&self) {
        self.end.notify_one();
    }
}

/// Builds the console and starts what keeps it up to date.
pub(crate) fn start(config: &Config, parts: &Parts, tasks: &Tasks) -> Console {
    use bongsu_axum_glue::{ConsoleOptions, console_router};

    let desks = parts.desks.clone();
    let memory = Arc::new(Memory::default());
    let policy = parts.http.operators();
    let (router, publisher) = console_router(
        desks.operator(),
        memory.clone(),
        policy,
        ConsoleOptions::default(),
    );
    let end = Arc::new(Notify::new());
    let ended = end.clone();
    tasks.spawn("console", async move {
        tokio::select! {
            () = publisher.run() => {}
            () = ended.notified() => {}
        }
    });
    for follow in desks.follow() {
        tasks.spawn("console-desks", follow);
    }
    tasks.spawn("console-history", record(desks, memory, config.clone()));
    Console { router, end }
}

/// Reads the figures that are not at hand, and keeps the history.
#[cfg_attr(not(feature = "sqlite"), allow(unused_variables))]
async fn record(desks: Desks, memory: Arc<Memory>, config: Config) {
    #[cfg(feature = "sqlite")]
    let mut file = open_history(&config, &memory).await;
    let mut ticks = tokio::time::interval(RESOLUTION);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let recorder = Arc::new(Mutex::new(Recorder::default()));
    loop {
        ticks.tick().await;
        let now = Timestamp::now();
        let (asked, recorder) = (desks.clone(), recorder.clone());
        let sampled = tokio::task::spawn_blocking(move || {
            let mut recorder = recorder.lock().unwrap_or_else(PoisonError::into_inner);
            sample(&asked, now, &mut recorder)
        });
        let sample = match sampled.await {
            Ok(sample) => sample,
            Err(error) => {
                tracing::error!(%error, "the console could not read its figures");
                continue;
            }
        };
        memory.keep(now, &sample);
        #[cfg(feature = "sqlite")]
        if let Some((keeper, kept)) = file.take() {
            file = store(keeper, kept, now, sample).await;
        }
    }
}

/// Reads the figures that are not at hand, and takes those that the history keeps: of what fires only how many, so
/// that none of it is copied. Takes a while where there is much.
fn sample(desks: &Desks, now: Timestamp, recorder: &mut Recorder) -> Sample {
    desks.read(now);
    let mut sample = recorder.sample(&desks.without_firing(now));
    sample.set(
        Series::Firing,
        desks.firing_count().map(|count| count as f64),
    );
    sample
}

/// The file of `BONGSU_CONSOLE_HISTORY`, with what it held taken into memory, and whether it is kept.
#[cfg(feature = "sqlite")]
async fn open_history(config: &Config, memory: &Arc<Memory>) -> Option<(Keeper, bool)> {
    if !config.console_history {
        return None;
    }
    let (config, memory) = (config.clone(), memory.clone());
    let opened = tokio::task::spawn_blocking(move || {
        let mut keeper = Keeper::new(&config.data_dir.join("console.db"));
        let now = Timestamp::now();
        let opened = config
            .create_data_dir()
            .and_then(|()| keeper.load(now).map_err(|error| error.to_string()));
        let kept = told(
            opened.map(|found| {
                for (at, sample) in found.answer {
                    memory.keep(at, &sample);
                }
                found.replaced
            }),
            true,
        );
        (keeper, kept)
    });
    opened.await.ok()
}

/// Writes a sample; after a failure the history goes on in memory, and the file is tried with the next one.
#[cfg(feature = "sqlite")]
async fn store(
    mut keeper: Keeper,
    kept: bool,
    now: Timestamp,
    sample: Sample,
) -> Option<(Keeper, bool)> {
    let stored = tokio::task::spawn_blocking(move || {
        let added = keeper.add(now, &sample).map_err(|error| error.to_string());
        let kept = told(added.map(|added| added.replaced), kept);
        (keeper, kept)
    });
    stored.await.ok()
}

/// Says what there is to say of the file, a trouble that lasts once; gives whether it is kept.
#[cfg(feature = "sqlite")]
fn told(kept: Result<Option<Replaced>, String>, before: bool) -> bool {
    match kept {
        Ok(replaced) => {
            if let Some(replaced) = replaced {
                tracing::error!("the console's history: {replaced}");
            }
            if !before {
                tracing::info!("the console's history is kept again");
            }
            true
        }
        Err(error) => {
            if before {
                tracing::warn!(error, "the console's history is kept in memory only");
            }
            false
        }
    }
}
