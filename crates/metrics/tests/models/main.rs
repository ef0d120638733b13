//! What has no lock, under every interleaving that the memory model allows.
//!
//! The very source of the crate is compiled here against the model checker's primitives.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "a model needs a part of each file only"
)]

mod lanes;
mod series;
mod sync;

#[path = "../../src/index.rs"]
mod index;
#[path = "../../src/cells/lane.rs"]
mod lane;

/// Nothing in a model needs to be escaped.
mod text {
    pub(crate) fn needs_escape(_: &str) -> bool {
        false
    }

    pub(crate) fn escape_bytes(out: &mut Vec<u8>, value: &[u8], _quotes: bool) {
        out.extend_from_slice(value);
    }
}

/// Runs it once for each order of steps with at most two switches that nothing forced.
fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}
