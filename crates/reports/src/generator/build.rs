//! Assembling a generator.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{
    Inner, NoObserver, Renderer, ReportGenerator, ReportObserver,
    sinks::{self, Sinks},
};
use crate::calendar::Calendar;
use crate::clock::Clock;
use crate::context::{ContextProvider, NoContext};
use crate::deliver::{ReportSink, RetryPolicy};
use crate::render::{RenderOptions, render};
use crate::rendered::RenderedReport;
use crate::schedule::Schedule;
use crate::source::{MarkPrice, ReportSource};
use crate::store::{MemoryStore, ReportStore};
use crate::summary::{DailySummary, PeriodKind};

/// A generator in the making; every setter states its default.
#[must_use]
pub struct ReportGeneratorBuilder {
    inner: Inner,
    periodic: Vec<(PeriodKind, Schedule)>,
    accounts: Vec<(String, Arc<dyn ReportSource>)>,
}

impl std::fmt::Debug for ReportGeneratorBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReportGeneratorBuilder")
            .field("source", &self.inner.source)
            .finish_non_exhaustive()
    }
}

/// Settings that do not go together, all at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("; "))]
pub struct BuildError {
    /// What is wrong.
    pub problems: Vec<String>,
}

impl ReportGeneratorBuilder {
    pub(super) fn new(source: Arc<dyn ReportSource>) -> Self {
        let options = RenderOptions::default();
        Self {
            inner: Inner {
                source,
                store: Arc::new(MemoryStore::new()),
                context: Arc::new(NoContext),
                sinks: Sinks::default(),
                observer: Arc::new(NoObserver),
                render: Arc::new(move |summary| render(summary, &options)),
                service_name: "service".to_owned(),
                environment: "production".to_owned(),
                name: "daily".to_owned(),
                report: String::new(),
                benchmarks: vec!["^KS11".to_owned(), "^KQ11".to_owned()],
                mark: MarkPrice::default(),
                short_sales: false,
                digests: Arc::default(),
                period: None,
                periodic: Vec::new(),
                accounts: Vec::new(),
                owner: String::new(),
                calendar: Calendar::default(),
                schedule: Schedule::default(),
                tolerance: None,
                catch_up: 5,
                retry: RetryPolicy::default(),
                send_timeout: Duration::from_secs(60),
                source_timeout: Duration::from_secs(300),
                source_patience: Duration::from_secs(30 * 60),
                archive: None,
                clock: Clock::Wall,
            },
            periodic: Vec::new(),
            accounts: Vec::new(),
        }
    }

    /// The service's name and environment. Default: `service`, `production`.
    pub fn service(mut self, name: impl Into<String>, environment: impl Into<String>) -> Self {
        self.inner.service_name = name.into();
        self.inner.environment = environment.into();
        self
    }

    /// Where deliveries, reports and snapshots are remembered. Default: in memory, for one process.
    pub fn store(mut self, store: impl ReportStore) -> Self {
        self.inner.store = Arc::new(store);
        self
    }

    /// Who tells about the running system. Default: nobody; those figures are missing.
    pub fn context(mut self, context: impl ContextProvider + 'static) -> Self {
        self.inner.context = Arc::new(context);
        self
    }

    /// Adds a channel. Default: none; reports are then made and kept, and nothing is sent.
    pub fn sink(self, sink: impl ReportSink) -> Self {
        self.inner.sinks.add(Arc::new(sink));
        self
    }

    /// Who is told what happens, such as a function. Default: nobody.
    pub fn observer(mut self, observer: impl ReportObserver) -> Self {
        self.inner.observer = Arc::new(observer);
        self
    }

    /// How reports look. Default: [`RenderOptions::default`].
    pub fn render_options(self, options: RenderOptions) -> Self {
        self.renderer(move |summary| render(summary, &options))
    }

    /// A renderer of your own.
    pub fn renderer(
        mut self,
        render: impl Fn(&DailySummary) -> RenderedReport + Send + Sync + 'static,
    ) -> Self {
        let render: Renderer = Arc::new(render);
        self.inner.render = render;
        self
    }

    /// The calendar: a [`Krx`](crate::calendar::Krx) with overrides, or a [`Calendar`] that others
    /// share and that may change. Default: the published one.
    pub fn calendar(mut self, calendar: impl Into<Calendar>) -> Self {
        self.inner.calendar = calendar.into();
        self
    }

    /// When reports are sent. Default: 20:10 in Korea.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.inner.schedule = schedule;
        self
    }

    /// Besides, a report of every week, month or year, on the period's last session at a time of its
    /// own. It is named `weekly`, `monthly` or `yearly`, and sent once like the daily one. Default: none.
    pub fn periodic(mut self, kind: PeriodKind, schedule: Schedule) -> Self {
        self.periodic.retain(|(known, _)| *known != kind);
        self.periodic.push((kind, schedule));
        self
    }

    /// One more account, with a section of its own: the same tables with another account chosen, or
    /// other ones. Default: none.
    pub fn also_account(mut self, name: impl Into<String>, source: impl ReportSource) -> Self {
        self.accounts.push((name.into(), Arc::new(source)));
        self
    }

    /// The report's name; deliveries are unique by it, the service and its environment. Default: `daily`.
    pub fn report_name(mut self, name: impl Into<String>) -> Self {
        self.inner.name = name.into();
        self
    }

    /// The benchmark's ticker. Default: `^KS11`, the KOSPI.
    pub fn benchmark(mut self, ticker: impl Into<String>) -> Self {
        self.inner.benchmarks[0] = ticker.into();
        self
    }

    /// A second benchmark's ticker, beside the first one in the longer spans. Default: `^KQ11`, KOSDAQ.
    pub fn second_benchmark(mut self, ticker: impl Into<String>) -> Self {
        self.inner.benchmarks.truncate(1);
        self.inner.benchmarks.push(ticker.into());
        self
    }

    /// Which price positions are valued at. Default: the close of the Korea Exchange.
    pub fn mark_price(mut self, mark: MarkPrice) -> Self {
        self.inner.mark = mark;
        self
    }

    /// A sale of more than is held opens a short position, and a later buy covers it. Where fills say
    /// `SHORT` and `COVER` this is not needed. Default: such a sale is an error in the data.
    pub fn short_sales(mut self, allowed: bool) -> Self {
        self.inner.short_sales = allowed;
        self
    }

    /// What difference still counts as reconciled, in won. Default: three a fill and one more.
    pub fn tolerance(mut self, won: Decimal) -> Self {
        self.inner.tolerance = Some(won);
        self
    }

    /// How many missed sessions are caught up at most. Default: 5.
    pub fn catch_up(mut self, sessions: usize) -> Self {
        self.inner.catch_up = sessions;
        self
    }

    /// When failed deliveries are tried again. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.inner.retry = policy;
        self
    }

    /// How long one attempt to send may take. A lease is twice as long. Default: 60 s.
    pub fn send_timeout(mut self, limit: Duration) -> Self {
        self.inner.send_timeout = limit;
        self
    }

    /// How long reading the source may take. Default: 5 min.
    pub fn source_timeout(mut self, limit: Duration) -> Self {
        self.inner.source_timeout = limit;
        self
    }

    /// How long a source that cannot be read is asked again before the report says so instead of
    /// giving figures. Default: 30 min.
    pub fn source_patience(mut self, limit: Duration) -> Self {
        self.inner.source_patience = limit;
        self
    }

    /// A folder in which every report is kept as files. Default: none.
    pub fn archive(mut self, folder: impl Into<PathBuf>) -> Self {
        self.inner.archive = Some(folder.into());
        self
    }

    /// This process's name in the `deliveries` table; unique among replicas. Default: random.
    pub fn owner(mut self, name: impl Into<String>) -> Self {
        self.inner.owner = name.into();
        self
    }

    /// Takes the time from the runtime's clock, beginning at `start`, so that a test may pause it.
    /// Call it inside the runtime. Default: the wall clock.
    pub fn runtime_clock(mut self, start: Timestamp) -> Self {
        self.inner.clock = Clock::runtime_from(start);
        self
    }

    /// The generator.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the settings, at once.
    pub fn build(mut self) -> Result<ReportGenerator, BuildError> {
        let mut problems = sinks::problems(&self.inner.sinks.now());
        for (name, value) in [
            ("the service's name", &self.inner.service_name),
            ("the report's name", &self.inner.name),
            ("the benchmark", &self.inner.benchmarks[0]),
        ] {
            if value.trim().is_empty() {
                problems.push(format!("{name} is empty"));
            }
        }
        let mut accounts = BTreeSet::new();
        for (name, _) in &self.accounts {
            if !accounts.insert(name.as_str()) {
                problems.push(format!("two accounts are named {name:?}"));
            }
        }
        for (name, limit) in [
            ("send timeout", self.inner.send_timeout),
            ("source timeout", self.inner.source_timeout),
            ("first retry", self.inner.retry.first),
        ] {
            if limit.is_zero() {
                problems.push(format!("the {name} is zero"));
            }
        }
        if self.inner.catch_up == 0 {
            problems.push("a catch-up of no session would report nothing".to_owned());
        }
        if !problems.is_empty() {
            return Err(BuildError { problems });
        }
        self.inner.report = scoped(
            &self.inner.name,
            &self.inner.service_name,
            &self.inner.environment,
        );
        if self.inner.owner.is_empty() {
            self.inner.owner = random_name();
        }
        let accounts = self.accounts.iter().map(|(name, source)| {
            let inner = Inner {
                source: Arc::clone(source),
                digests: Arc::default(),
                ..self.inner.clone()
            };
            let inner = Arc::new(inner);
            (name.clone(), ReportGenerator { inner })
        });
        self.inner.accounts = accounts.collect();
        let (service, environment) = (&self.inner.service_name, &self.inner.environment);
        let periodic = self.periodic.iter().filter_map(|(kind, schedule)| {
            let name = match kind {
                PeriodKind::Week => "weekly",
                PeriodKind::Month => "monthly",
                PeriodKind::Year => "yearly",
                PeriodKind::Inception => return None,
            };
            let inner = Inner {
                name: name.to_owned(),
                report: scoped(name, service, environment),
                schedule: *schedule,
                period: Some(*kind),
                archive: self.inner.archive.as_ref().map(|folder| folder.join(name)),
                ..self.inner.clone()
            };
            Some(ReportGenerator {
                inner: Arc::new(inner),
            })
        });
        let periodic = periodic.collect();
        Ok(ReportGenerator {
            inner: Arc::new(Inner {
                periodic,
                ..self.inner
            }),
        })
    }
}

/// A report's name as the store has it: `daily@trading-engine/production`.
fn scoped(name: &str, service: &str, environment: &str) -> String {
    format!("{name}@{service}/{environment}")
}

/// A name that no other process has: its id and the hasher's random seed.
fn random_name() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let random = RandomState::new().hash_one(std::process::id());
    format!("{}-{random:016x}", std::process::id())
}
