//! What an operator may ask of a running service and do to it.
//!
//! [`Operator`] is the one interface, a desk a part: typed requests in, typed answers or an [`OpsError`] out. Whoever serves it
//! (`/admin` as JSON, `/console` as pages) checks a request with its own `check`, so that limits, names and words are
//! the same everywhere. [`openapi()`] describes the JSON.
//!
//! ```
//! use bongsu_ops::NewSilence;
//!
//! let asked: NewSilence = serde_json::from_str(r#"{"for_seconds": 60, "by": "kim"}"#)?;
//! let refused = asked.check(jiff::Timestamp::UNIX_EPOCH).unwrap_err();
//! assert!(refused.to_string().starts_with("say which alerts: key, source or tag"));
//! # Ok::<(), serde_json::Error>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod alert;
mod answer;
mod desk;
mod error;
mod figure;
mod given;
pub mod logs;
mod maintenance;
pub mod minute;
mod operator;
mod records;
mod request;
mod rules;
mod silence;
mod snapshot;

pub use alert::*;
pub use answer::*;
pub use bongsu_severity::Severity as Level;
pub use desk::{AlertDesk, HealthDesk, LogDesk, MetricDesk, ReportDesk, RuleDesk, ServiceDesk};
pub use error::{OpsError, OpsResult};
pub use figure::{Figure, Missing};
pub use given::date;
pub use maintenance::*;
pub use operator::Operator;
pub use records::*;
pub use request::*;
pub use rules::*;
pub use silence::*;
pub use snapshot::*;

/// The JSON of `/admin` as OpenAPI 3.1 describes it. A test of the admin router holds real answers to it.
#[must_use]
pub const fn openapi() -> &'static str {
    include_str!("openapi.json")
}
