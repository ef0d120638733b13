//! The ops console of a trading service: what a person looks at when the phone rings at 9:01.
//!
//! This crate is the console's pure part. An [`Operator`] hands it plain data; [`pages`] makes
//! HTML of that data and of `now`; [`beacon`] says in one word how the service does, and why;
//! [`history::History`] keeps the last 24 hours. It serves nothing: `bongsu-axum-glue` mounts the
//! pages, and the facade supplies the source.
//!
//! ```
//! use bongsu_console::{Beacon, Lang, Service, Snapshot, beacon};
//! use bongsu_console::pages::{Chrome, overview};
//! use bongsu_console::history::Trend;
//!
//! let service = Service { name: "trading-engine".to_owned(), ..Service::default() };
//! let snapshot = Snapshot::new("2026-05-28T00:01:00Z".parse()?, service);
//! assert_eq!(beacon(&snapshot).0, Beacon::Calm);
//!
//! let chrome = Chrome::new(Lang::En, "token for the forms");
//! let html = overview::page(&chrome, &snapshot, &Trend::default(), &Trend::default());
//! assert!(html.contains("trading-engine"));
//! # Ok::<(), jiff::Error>(())
//! ```
//!
//! # What is promised
//!
//! * **Nothing is invented**: a missing figure is a dash with its reason ([`Figure`]).
//! * **Nothing is injected**: every text is escaped, in HTML and in the pictures alike, and the pages
//!   need neither inline script nor inline style, so that a strict policy can forbid both.
//! * **Everything is embedded**: [`assets::STYLE`] and [`assets::SCRIPT`] are all there is besides
//!   the pages; the script makes the first screen live and is not needed to read or to act.
//! * **Nothing rests on colour alone**: each state has a shape and a word.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod assets;
mod beacon;
mod chart;
mod format;
pub mod history;
#[cfg(feature = "sqlite")]
mod keeper;
mod marks;
mod memory;
pub mod pages;
mod plot;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use beacon::{Beacon, Cause, Reason, Resource, beacon};
pub use bongsu_lang::{Lang, UnknownLang};
pub use bongsu_ops::{
    ActiveSilence, AlertDetail, AlertQuery, AlertRecord, Breaker, Calls, Channel, DeliveryOutcome,
    DeliveryRecord, Dependency, Explained, Figure, FiringAlert, Held, Http, LastReport, Level,
    LogLevel, LogLine, LogQuery, LogSeverity, LoggedErrors, Maintenance, MaintenanceNow,
    MetricFamily, MetricSample, Missing, NewSilence, Operator, OpsError, OpsResult, Portfolio,
    Position, ReportEntry, Reports, Route, RuleAlert, RuleFigure, RuleFigureQuery, RuleGroup,
    RuleKind, RuleMemory, RuleSeen, RuleState, Rules, Service, Session, SessionState, Setting,
    SilencePreview, Snapshot, Standing, Status, SymbolPnl, Trades, Usage, UsageLimits,
    VenueSession, Words,
};
#[cfg(feature = "sqlite")]
pub use bongsu_sqlite::Replaced;
#[cfg(feature = "sqlite")]
pub use keeper::{Keeper, Kept};
pub use marks::{Event, Mark, Recorder};
pub use memory::Memory;
