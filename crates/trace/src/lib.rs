//! The names that requests, traces and alerts go by: W3C `traceparent`, `tracestate` and
//! `baggage`, which traces are recorded, random ids, hexadecimal digits, short hashes.
//!
//! <https://www.w3.org/TR/trace-context/#traceparent-header>
//!
//! ```
//! use bongsu_trace::TraceParent;
//!
//! let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
//! let incoming: TraceParent = header.parse()?;
//! assert!(incoming.sampled);
//! let mine = incoming.child(0x1111_1111_1111_1111);
//! assert_eq!(mine.trace_id, incoming.trace_id);
//! assert_eq!(mine.to_string(), "00-0af7651916cd43dd8448eb211c80319c-1111111111111111-01");
//! # Ok::<(), bongsu_trace::TraceParentError>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod baggage;
mod fnv;
mod hex;
mod parent;
mod propagation;
pub mod random;
mod sampler;
mod state;

pub use baggage::baggage;
pub use fnv::{Fnv, fnv};
pub use hex::{Hex, digits};
pub use parent::{TraceParent, TraceParentError};
pub use propagation::Propagation;
pub use sampler::{Sampler, SamplerError};
pub use state::tracestate;
