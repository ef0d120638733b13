//! Structured logging for services: JSON lines (or text for a terminal) from `tracing`, many times cheaper
//! than the usual JSON layer, and no line lost in silence.
//!
//! ```no_run
//! use bongsu_logging::{Format, LoggingConfig};
//!
//! let guard = LoggingConfig::new("trading-engine", "production")
//!     .level("info,sqlx=warn")
//!     .format(Format::Json)
//!     .dir(Some("/var/log/trading".into()))
//!     .build()?
//!     .install()?;
//!
//! tracing::info!(symbol = "005930", quantity = 10, "order accepted");
//! bongsu_logging::log_performance!("fetch_prices", 12.5);
//! drop(guard); // writes what is left
//! # Ok::<(), bongsu_logging::LoggingError>(())
//! ```
//!
//! # A line
//!
//! `timestamp level service_name environment logger file message`, the event's fields, then
//! `request_id user_id session_id trace_id span_id` as far as [`LogContext`] sets them, `function` (the
//! innermost span's name) and the fields of all the spans around. Of keys that repeat, the event's wins,
//! then the context's, then the inner span's. A field that takes the name of a fixed key is renamed
//! (`field_level`), non-finite numbers are `null`, 128-bit integers are strings, and the first error-typed
//! field becomes `exception {type, message, chain[]}`. [`Preset`] has the names of other log stores.
//!
//! # Ends
//!
//! A panic is logged and flushed; standard error gets it as one line of the same format, unless the service
//! set a panic hook of its own, which then runs as before. `std::process::exit` and the end of `main` write
//! what still waits, for a second at most.
//!
//! # Where lines go
//!
//! Into a bounded buffer, from which one thread writes to stdout and to a file. [`Overflow`] says what
//! happens when it is full; what is lost is counted in [`LogStats`] and said in the log.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod capture;
mod clock;
mod config;
mod context;
mod daemon;
mod error;
mod events;
mod exit;
mod filter;
mod handle;
mod install;
mod json;
mod layer;
mod level;
mod limit;
mod local;
mod panic;
mod preset;
mod recent;
mod redact;
mod scheme;
mod sink;
mod site;
mod span;
mod visit;
mod voice;

pub use bongsu_trace::{Propagation, TraceParent, TraceParentError};
pub use capture::Capture;
pub use config::{ErrorLine, Format, LoggingConfig};
pub use context::{
    HeldContext, InContext, LogContext, in_current_context, propagation, request_id,
    set_request_id, set_session_id, set_user_id, with_current_context,
};
pub use daemon::LogDaemon;
pub use error::LoggingError;
pub use handle::{LogGuard, LogHandle, LogStats};
pub use install::Logging;
pub use layer::LogLayer;
pub use panic::take_panic;
pub use preset::Preset;
pub use redact::{DEFAULT_REDACTED_KEYS, patterns};
pub use sink::buffer::Overflow;
pub use sink::rotate::{Period, Rotation};
pub use tracing_subscriber::{Layer, Registry};

/// For the macros only.
#[doc(hidden)]
pub mod __private {
    pub use crate::events::{Severity, error_type, severity};
    pub use tracing;
}
