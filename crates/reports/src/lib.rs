//! Daily reports of a trading service: exact figures, the Korean calendar, delivered once.
//!
//! A [`ReportGenerator`] reads the service's own tables through a [`ReportSource`], folds the fills
//! into positions at moving-average cost, computes a [`DailySummary`], draws it ([`render`]) and
//! delivers it through [`ReportSink`]s, each recipient once, however many replicas run.
//!
//! ```
//! use bongsu_reports::ReportGenerator;
//! # #[cfg(feature = "sqlite")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bongsu_reports::source::sqlite::{SqliteSource, create_schema};
//! use bongsu_reports::store::SqliteStore;
//! # let folder = tempfile::tempdir()?;
//! # let trading_db = folder.path().join("trading.db");
//! # let reports_db = folder.path().join("reports.db");
//!
//! create_schema(&rusqlite::Connection::open(&trading_db)?)?; // a service has its tables already
//! let reports = ReportGenerator::builder(SqliteSource::new(&trading_db).account("user001"))
//!     .service("trading-engine", "production")
//!     .store(SqliteStore::new(&reports_db))
//!     .schedule("20:10".parse()?) // in Korea
//!     .observer(|event| eprintln!("{event:?}"))
//!     .build()?;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let summary = reports.generate_daily_summary("2026-05-28".parse()?).await?;
//! println!("{}", reports.render(&summary).await.text);
//! reports.send_daily_report(&summary).await;
//! // And every session from now on; spawn it beside the service:
//! let schedule = reports.run_schedule();
//! # drop(schedule);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```
//!
//! # What is promised
//!
//! * **A missing figure is said, never invented**: a [`Figure`] is a value or the reason for its absence.
//! * **Money is exact**: sums of won to the last digit, shares of a cost to 10⁻¹² won with the rest
//!   kept in the position. Each formula's documentation names its source ([`compute::risk`]).
//! * **A row that breaks a rule is listed and left out**; see [`summary::QualityIssue`].
//! * **Every report reconciles**: ΔE = Σ realised + Δ unrealised + flows, with the difference shown.
//! * **A day costs that day's fills**: closing positions are kept per session and rebuilt by
//!   themselves when fills were recorded afterwards, or by [`ReportGenerator::rebuild`].
//! * **A report is delivered once**; what may or may not have arrived is `unknown` and shown.
//! * **An unknown calendar year is an error**, not a guess; see [`calendar::Krx`].
//!
//! # Features
//!
//! | feature | gives |
//! |---|---|
//! | `sqlite` | [`source::sqlite`](crate::source), `store::SqliteStore` |
//! | `postgres` | [`source::postgres`](crate::source), `store::PostgresStore` |
//! | `charts` | charts as PNG in the mail |
//!
//! # Tables
//!
//! Read: `trades`, `portfolios`, `portfolio_risk_metrics`, `stocks`, `stock_prices`, as the original
//! makes them, and where they exist `cash_flows (user_id, date, amount)`, deposits positive, and
//! `stock_splits (ticker, date, numerator, denominator)`. Written, by the stores only:
//! `bongsu_report_baselines`, `bongsu_reports`, `bongsu_deliveries`, `bongsu_positions`.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod calendar;
pub mod chart;
mod clock;
pub mod compute;
mod context;
pub mod deliver;
mod figure;
mod generator;
pub mod i18n;
mod missing;
mod money;
#[cfg(feature = "postgres")]
mod pg;
pub mod render;
mod rendered;
pub mod schedule;
pub mod source;
pub mod store;
pub mod summary;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use context::{ContextProvider, NoContext, ReportContext};
pub use deliver::{DeliveryReport, ReportSink, SinkError};
pub use figure::{Figure, Missing};
pub use generator::{
    BuildError, NoObserver, ReportError, ReportEvent, ReportGenerator, ReportGeneratorBuilder,
    ReportObserver, Stage,
};
pub use rendered::{InlinePart, RenderedReport};
pub use schedule::Schedule;
pub use source::{ReportSource, SourceError, SourceProblem};
pub use store::{MemoryStore, ReportStore};
pub use summary::{DailySummary, SourceState};
