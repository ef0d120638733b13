//! Daily reports of a trading service.
pub mod calendar;
pub mod compute;
mod context;
mod figure;
mod missing;
mod money;
mod rendered;
pub mod source;
pub mod summary;
pub mod testing;

pub use context::{ContextProvider, NoContext, ReportContext};
pub use figure::{Figure, Missing};
pub use rendered::{InlinePart, RenderedReport};
pub use summary::{DailySummary, SourceState};

pub mod chart;
pub mod i18n;
pub mod render;
