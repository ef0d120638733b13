//! What a report has to do with the other parts: what they say about the day, whom it reaches, and
//! who hears what became of it.
#![allow(
    clippy::duplicate_mod,
    reason = "one file stands for every part that is not there"
)]

#[cfg_attr(not(feature = "alerts"), path = "none.rs")]
mod alerts;
#[cfg_attr(not(feature = "health"), path = "none.rs")]
mod health;
#[cfg_attr(not(feature = "logging"), path = "none.rs")]
mod log;
#[cfg_attr(not(feature = "metrics"), path = "none.rs")]
mod metrics;
#[cfg_attr(not(feature = "resources"), path = "none.rs")]
mod resources;

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bongsu_reports::{ContextProvider, Figure, ReportContext, ReportEvent, ReportGeneratorBuilder};
use jiff::Timestamp;
use tokio::sync::broadcast;

use crate::{Config, parts::Parts, tasks::Tasks};

/// What a part needs to have to do with the report.
#[allow(dead_code, reason = "what is asked of it depends on the features")]
pub(super) struct Wiring<'a> {
    pub(super) parts: &'a Parts,
    pub(super) config: &'a Config,
    pub(super) tasks: &'a Tasks,
    /// What becomes of reports.
    pub(super) events: &'a broadcast::Sender<ReportEvent>,
    /// Who says something about a day.
    pub(super) witnesses: Vec<Box<dyn Witness>>,
}

type Wire = fn(ReportGeneratorBuilder, &mut Wiring<'_>) -> ReportGeneratorBuilder;

const ALL: &[Wire] = &[
    alerts::wire,
    health::wire,
    log::wire,
    metrics::wire,
    resources::wire,
];

/// Connects the report in the making with every part that there is.
pub(crate) fn connect(
    builder: ReportGeneratorBuilder,
    events: &broadcast::Sender<ReportEvent>,
    parts: &Parts,
    config: &Config,
    tasks: &Tasks,
) -> ReportGeneratorBuilder {
    let mut wiring = Wiring {
        parts,
        config,
        tasks,
        events,
        witnesses: Vec::new(),
    };
    let builder = ALL
        .iter()
        .fold(builder, |builder, wire| wire(builder, &mut wiring));
    builder.context(Day {
        started: Timestamp::now(),
        witnesses: wiring.witnesses,
    })
}

/// A part that says what it saw.
#[async_trait]
pub(super) trait Witness: std::fmt::Debug + Send + Sync {
    /// Adds what was seen in the window to the context.
    async fn tell(&self, window: Window, context: &mut ReportContext);
}

/// What a report is about, and when the process began to see anything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) started: Timestamp,
    pub(super) now: Timestamp,
}

impl Window {
    /// Whether the process ran at any time of it.
    pub(super) fn seen(&self) -> bool {
        self.until > self.started && self.since <= self.now
    }
}

/// The running system's part of a report: what was seen between two instants, or that nothing was.
#[derive(Debug)]
struct Day {
    started: Timestamp,
    witnesses: Vec<Box<dyn Witness>>,
}

#[async_trait]
impl ContextProvider for Day {
    async fn context(&self, since: Timestamp, until: Timestamp) -> ReportContext {
        let window = Window {
            since,
            until,
            started: self.started,
            now: Timestamp::now(),
        };
        let mut context = ReportContext::default();
        if window.seen() {
            let uptime = window.now.duration_since(self.started).as_secs();
            let uptime = u64::try_from(uptime).unwrap_or(0);
            context.system.uptime_seconds = Figure::Known(uptime);
        }
        for witness in &self.witnesses {
            witness.tell(window, &mut context).await;
        }
        context
    }
}

/// What is remembered: at most so many, the oldest first.
#[derive(Debug)]
#[allow(dead_code, reason = "who remembers depends on the features")]
struct Ring<T> {
    items: Mutex<VecDeque<T>>,
    most: usize,
}

#[allow(dead_code, reason = "who remembers depends on the features")]
impl<T> Ring<T> {
    fn new(most: usize) -> Self {
        Self {
            items: Mutex::default(),
            most,
        }
    }

    fn push(&self, item: T) {
        let mut items = self.all();
        if items.len() == self.most {
            items.pop_front();
        }
        items.push_back(item);
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
