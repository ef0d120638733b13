//! A host's name to a connected socket.
//!
//! Blocking calls go to a thread of their own, never more than one at a time, so that one stuck on a
//! dead name server costs one thread and holds nothing up; of several addresses a dead one does not
//! stand in the way of the next.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod off_runtime;
mod target;

pub use off_runtime::{OffRuntime, OffRuntimeError};
pub use target::{ConnectError, Target};
