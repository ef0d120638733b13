//! The crate's tests: what the page says after what was recorded.
#![allow(
    clippy::disallowed_methods,
    reason = "tests read the clock to bound their waits"
)]

mod parse;

mod bounds;
mod catalogue;
