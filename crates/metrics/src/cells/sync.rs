//! The primitives that `lane` is built on, in one place: the model checker's test compiles `lane.rs`
//! against its own.

pub(super) use std::sync::Mutex;
