//! Spans, metrics and logs out over OTLP, the protocol of OpenTelemetry: bounded, never on the request's path,
//! every loss counted.
//!
//! ```no_run
//! use bongsu_otlp::{Attributes, Options, Otlp, Receiver, Signal};
//! use bongsu_secret::Secret;
//!
//! # async fn run() -> Result<(), bongsu_otlp::OtlpError> {
//! let mut options = Options::new(Attributes::new().with("service.name", "trading_engine"));
//! let base = Secret::new("http://localhost:4318");
//! options.traces = Some(Receiver::at_base(&base, Signal::Traces));
//! let (otlp, driver) = Otlp::new(options)?;
//! let layer = otlp.layer(|| None); // for `tracing_subscriber::registry().with(layer)`
//! # let stopped = async {};
//! driver.run(stopped, std::time::Duration::from_secs(5)).await;
//! # Ok(()) }
//! ```
//!
//! # What is sent
//!
//! Protocol Buffers over HTTP or gRPC, in batches by size and time, one request at a time for each signal. An answer of
//! 429, 502, 503 or 504, by gRPC one of the codes that the specification calls retryable, and no answer at all are tried
//! again, after the receiver's `Retry-After` or `RetryInfo` or a pause that grows; any other failure is final. What a receiver rejects of a request that it takes is counted. What finds no
//! room pushes out the oldest.
//!
//! # Which traces
//!
//! A trace is chosen at its head, by its caller or the sampler. One that was not is recorded all the same, in
//! memory and within bounds, until its root is over: it is sent when it failed, was slow, or [`Otlp::keep`] asked
//! for it, and forgotten otherwise. Only a sampler that is off altogether records nothing.
//!
//! Names are those of OpenTelemetry's semantic conventions 1.37.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attributes;
mod batch;
mod client;
mod export;
mod keep;
mod layer;
mod live;
mod metrics;
mod model;
mod options;
mod wire;

pub use attributes::{Attributes, Value};
pub use batch::{Counts, Limits};
pub use bongsu_trace::{Propagation, Sampler, TraceParent};
pub use export::{Driver, Otlp, Statistics};
pub use layer::{ContextSource, Redact, TraceLayer};
pub use metrics::{Exemplar, MetricKind, Points, Snapshot};
pub use model::{LogRecord, Span, SpanKind};
pub use options::{Identity, Options, Protocol, Receiver, Signal};

/// Why there is no way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// Not shown: it may hold a password.
    #[error("the URL for {signal} is no http or https URL")]
    Url {
        /// Whose.
        signal: Signal,
    },
    /// A name or a value that no request can have.
    #[error("the header {name:?} for {signal} cannot be sent")]
    Header {
        /// Whose.
        signal: Signal,
        /// The name.
        name: String,
    },
    /// A certificate that is none.
    #[error("TLS for {signal}: {reason}")]
    Tls {
        /// Whose.
        signal: Signal,
        /// Why.
        reason: String,
    },
}
