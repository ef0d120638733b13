//! The primitives and sizes that what has no lock is built on, in one place: the model checker's tests compile
//! `lane.rs` and `index.rs` against their own.

pub(crate) use std::sync::atomic::{AtomicU64, AtomicUsize};
pub(crate) use std::sync::{Mutex, OnceLock};

/// Words of an index's slab that are allocated together.
pub(crate) const SLAB_CHUNK: usize = 4096;
/// Slots of an index's first table; each further one has twice as many.
pub(crate) const FIRST_TABLE: usize = 16;
/// Most tables of an index.
pub(crate) const TABLES: usize = 22;
