//! Reports against a real month of trades, in SQLite and in a real PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "helpers outside of test functions panic as tests do; servers and replicas are driven here"
)]

mod delivery;
mod edges;
mod month;
mod months;
mod own_store;
mod paper;
mod postgres;
mod rows;
mod stalls;
mod stores;
mod support;
