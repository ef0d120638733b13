//! The generator: from a source to reports that were delivered.

mod archive;
mod build;
mod changes;
mod event;
mod generate;
mod positions;
mod run;
mod send;
mod sinks;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

pub use build::{BuildError, ReportGeneratorBuilder};
pub use event::{NoObserver, ReportEvent, ReportObserver, Stage};

use crate::calendar::{Calendar, Krx, UnknownYear};
use crate::clock::Clock;
use crate::compute::Digests;
use crate::context::ContextProvider;
use crate::deliver::RetryPolicy;
use crate::rendered::RenderedReport;
use crate::schedule::Schedule;
use crate::source::{MarkPrice, ReportSource, SourceError, SourceProblem, blocking};
use crate::store::{ReportStore, StoreError};
use crate::summary::{DailySummary, PeriodKind};

/// How a summary is drawn.
pub(crate) type Renderer = Arc<dyn Fn(&DailySummary) -> RenderedReport + Send + Sync>;

/// Makes daily reports and sends them. Clones share everything.
#[derive(Clone)]
pub struct ReportGenerator {
    pub(crate) inner: Arc<Inner>,
}

/// The version of the source, the date up to which was read, and what was found.
type KeptDigests = (u64, Date, Arc<Digests>);

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) source: Arc<dyn ReportSource>,
    pub(crate) store: Arc<dyn ReportStore>,
    pub(crate) context: Arc<dyn ContextProvider>,
    pub(crate) sinks: sinks::Sinks,
    pub(crate) observer: Arc<dyn ReportObserver>,
    pub(crate) render: Renderer,
    pub(crate) service_name: String,
    pub(crate) environment: String,
    /// The report's name, and whose it is: services that share a store each send their own.
    pub(crate) name: String,
    pub(crate) report: String,
    pub(crate) benchmarks: Vec<String>,
    pub(crate) mark: MarkPrice,
    pub(crate) short_sales: bool,
    /// What was executed on each date, as of a version of the source.
    pub(crate) digests: Arc<std::sync::Mutex<Option<KeptDigests>>>,
    /// Set in a generator of reports of whole periods.
    pub(crate) period: Option<PeriodKind>,
    /// The generators of longer spans, each with its schedule.
    pub(crate) periodic: Vec<ReportGenerator>,
    /// Further accounts, each with a source of its own.
    pub(crate) accounts: Vec<(String, ReportGenerator)>,
    pub(crate) owner: String,
    pub(crate) calendar: Calendar,
    pub(crate) schedule: Schedule,
    pub(crate) tolerance: Option<Decimal>,
    pub(crate) catch_up: usize,
    pub(crate) retry: RetryPolicy,
    pub(crate) send_timeout: Duration,
    pub(crate) source_timeout: Duration,
    pub(crate) source_patience: Duration,
    pub(crate) archive: Option<std::path::PathBuf>,
    pub(crate) clock: Clock,
}

impl std::fmt::Debug for ReportGenerator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReportGenerator")
            .field("source", &self.inner.source)
            .field("store", &self.inner.store)
            .field("sinks", &self.inner.sinks.now())
            .field("schedule", &self.inner.schedule)
            .finish_non_exhaustive()
    }
}

/// Why a report could not be made or sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The source could not be read.
    #[error("{source_name}")]
    Source {
        /// The source.
        source_name: String,
        /// The cause.
        #[source]
        cause: SourceError,
    },
    /// The store could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The calendar does not know.
    #[error(transparent)]
    Calendar(#[from] UnknownYear),
    /// No report was made for the session.
    #[error("no report of {session} is kept")]
    NotKept {
        /// The session.
        session: Date,
    },
    /// A kept report cannot be read back.
    #[error("kept report of {session} is damaged")]
    Damaged {
        /// The session.
        session: Date,
        /// The cause.
        #[source]
        cause: serde_json::Error,
    },
}

impl ReportError {
    /// The message with its causes, in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        bongsu_text::chain(self)
    }

    fn is_unknown_account(&self) -> bool {
        let Self::Source { cause, .. } = self else {
            return false;
        };
        matches!(cause, SourceError::UnknownAccount { .. })
    }
}

impl ReportGenerator {
    /// A generator that reads from `source`; everything else has a default.
    pub fn builder(source: impl ReportSource) -> ReportGeneratorBuilder {
        ReportGeneratorBuilder::new(Arc::new(source))
    }

    /// Computes the report of a session, or of any other day, and sends nothing.
    ///
    /// The report says "as of" when trading could still go on. It is a dry run: nothing is kept
    /// but the positions at the close.
    ///
    /// # Errors
    ///
    /// When the source cannot be read; [`ReportGenerator::unavailable`] makes the report that says so.
    pub async fn generate_daily_summary(&self, date: Date) -> Result<DailySummary, ReportError> {
        self.generate(date, self.now()).await
    }

    /// Draws a summary with the generator's renderer, on the runtime's threads for blocking calls: the
    /// charts take tens of milliseconds. A panic of the renderer's is passed on.
    pub async fn render(&self, summary: &DailySummary) -> RenderedReport {
        self.render_owned(summary.clone()).await
    }

    /// As [`ReportGenerator::render`], without a copy of the summary.
    pub async fn render_owned(&self, summary: DailySummary) -> RenderedReport {
        let summary = Arc::new(summary);
        let (render, drawn) = (Arc::clone(&self.inner.render), Arc::clone(&summary));
        match blocking::run_loud(move || render(&drawn)).await {
            Ok(rendered) => rendered,
            // The runtime is stopping and takes no more of them.
            Err(_) => (self.inner.render)(&summary),
        }
    }

    /// The reports of a week, a month or a year, where they were asked for: made from the same source,
    /// kept in the same store and sent to the same recipients, under their own name.
    #[must_use]
    pub fn periodic(&self, kind: PeriodKind) -> Option<&ReportGenerator> {
        let mut all = self.inner.periodic.iter();
        all.find(|generator| generator.inner.period == Some(kind))
    }

    /// What of the source's tables is not as a report needs it, each with its remedy; of every account's
    /// source.
    ///
    /// # Errors
    ///
    /// When a source cannot be reached.
    pub async fn check_source(&self) -> Result<Vec<SourceProblem>, ReportError> {
        let limit = self.inner.source_timeout;
        let accounts = self.inner.accounts.iter().map(|(_, account)| account);
        let mut problems = Vec::new();
        for generator in std::iter::once(self).chain(accounts) {
            let checked = tokio::time::timeout(limit, generator.inner.source.check()).await;
            let found = checked.unwrap_or_else(|_| {
                Err(SourceError::Timeout {
                    seconds: limit.as_secs(),
                })
            });
            for problem in found.map_err(|cause| generator.source_error(cause))? {
                // Accounts mostly share their tables.
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
        }
        Ok(problems)
    }

    /// Says, before a report is made by hand, what [`ReportGenerator::check_source`] finds: a scheduled
    /// report goes without the figures of an account that nobody knows, whoever asks for one wants
    /// to know.
    ///
    /// # Errors
    ///
    /// When something is not as a report needs it, or a source cannot be reached.
    pub async fn expect_source(&self) -> Result<(), ReportError> {
        match self.check_source().await?.into_iter().next() {
            None => Ok(()),
            Some(problem) => Err(self.source_error(SourceError::Layout(problem))),
        }
    }

    /// The calendar in force, with its overrides.
    #[must_use]
    pub fn calendar(&self) -> Arc<Krx> {
        self.inner.calendar.get()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) fn emit(&self, event: ReportEvent) {
        match &event {
            ReportEvent::Failed {
                stage,
                session,
                reason,
            } => tracing::error!(
                stage = stage.as_str(),
                session = session.map(tracing::field::display),
                reason,
                "daily report failed"
            ),
            ReportEvent::Undelivered {
                key, reason, state, ..
            } => tracing::warn!(
                channel = key.channel, session = %key.session, state = state.as_str(), reason, "daily report not delivered"
            ),
            other => tracing::debug!(event = ?other, "daily report"),
        }
        self.inner.observer.event(event);
    }
}
