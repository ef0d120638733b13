//! The console's history: sampled from what the desks answer, and kept.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

#[cfg(feature = "sqlite")]
use bongsu_console::{Keeper, Replaced};
use bongsu_console::{
    Memory, Recorder,
    history::{RESOLUTION, Sample, Series},
};
use bongsu_desks::Desks;
use jiff::Timestamp;

/// Reads the figures that are not at hand, and keeps the history.
///
/// Over a restart it is kept in `file`, whose folder `folder` makes, off the runtime; in memory alone where none is
/// asked for.
#[cfg_attr(not(feature = "sqlite"), allow(unused_variables))]
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub async fn record(
    desks: Desks,
    memory: Arc<Memory>,
    file: Option<PathBuf>,
    folder: impl FnOnce() -> Result<(), String> + Send + 'static,
) {
    #[cfg(feature = "sqlite")]
    let mut file = match file {
        Some(file) => open(file, folder, memory.clone()).await,
        None => None,
    };
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

/// The file, with what it held taken into memory, and whether it is kept.
#[cfg(feature = "sqlite")]
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
async fn open(
    file: PathBuf,
    folder: impl FnOnce() -> Result<(), String> + Send + 'static,
    memory: Arc<Memory>,
) -> Option<(Keeper, bool)> {
    let opened = tokio::task::spawn_blocking(move || {
        let (mut keeper, now) = (Keeper::new(&file), Timestamp::now());
        let load = |()| keeper.load(now).map_err(|error| error.to_string());
        let opened = folder().and_then(load);
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
