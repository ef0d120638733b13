//! The request middleware: id, trace, metrics, one access log line, panics answered.
//!
//! [`MonitorLayer`] makes [`Monitor`], whose future is [`MonitorFuture`] and whose
//! response body is measured to its end by [`MonitorBody`].

mod access_log;
mod body;
mod endpoint;
mod exchange;
mod future;
mod layer;
mod scope;
mod service;

pub use access_log::AccessLog;
pub use body::MonitorBody;
pub use future::MonitorFuture;
pub use layer::{Failure, MonitorLayer, PanicEvent, RequestEnd};
pub use service::Monitor;
