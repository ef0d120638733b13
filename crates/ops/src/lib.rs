//! What an operator may ask of a running service and do to it.
//!
//! [`Operator`] is the one interface: typed requests in, typed answers or an [`OpsError`] out. Whoever serves it
//! (`/admin` as JSON, `/console` as pages) checks a request with its own `check`, so that limits, names and words are
//! the same everywhere. [`openapi()`] describes the JSON.
//!
//! ```
//! use bongsu_ops::{NewSilence, OpsError};
//!
//! let asked: NewSilence = serde_json::from_str(r#"{"for_seconds": 60, "by": "kim"}"#)?;
//! let refused = asked.check();
//! assert_eq!(refused, Err(OpsError::Invalid("say which alerts: key, source or tag".to_owned())));
//! # Ok::<(), serde_json::Error>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod error;
mod figure;
mod operator;
mod records;
mod request;
mod snapshot;

pub use answer::*;
pub use bongsu_severity::Severity as Level;
pub use error::{OpsError, OpsResult};
pub use figure::{Figure, Missing};
pub use operator::Operator;
pub use records::*;
pub use request::*;
pub use snapshot::*;

/// The JSON of `/admin` as OpenAPI 3.1 describes it. A test of the admin router holds real answers to it.
#[must_use]
pub const fn openapi() -> &'static str {
    include_str!("openapi.json")
}
