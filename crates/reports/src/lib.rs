//! Daily reports of a trading service.
pub mod calendar;
mod clock;
pub mod compute;
mod context;
pub mod deliver;
mod figure;
mod generator;
mod missing;
mod money;
#[cfg(feature = "postgres")]
mod pg;
mod rendered;
pub mod schedule;
pub mod source;
pub mod store;
pub mod summary;
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
pub use source::{ReportSource, SourceError};
pub use store::{MemoryStore, ReportStore};
pub use summary::{DailySummary, SourceState};

pub mod chart;
pub mod i18n;
pub mod render;
