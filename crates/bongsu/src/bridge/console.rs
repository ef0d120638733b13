//! The console: what keeps it up to date.

use std::sync::Arc;

use bongsu_axum_glue::{ConsoleOptions, console_router};
use bongsu_bridge::history::record;
use bongsu_console::Memory;
use tokio::sync::Notify;

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
    let kept = config.clone();
    let folder = move || kept.create_data_dir();
    let file = config
        .console_history
        .then(|| config.data_dir.join("console.db"));
    tasks.spawn("console-history", record(desks, memory, file, folder));
    Console { router, end }
}
