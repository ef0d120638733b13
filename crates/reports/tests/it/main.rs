//! Reports against a real month of trades, in SQLite and in a real PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers outside of test functions panic as tests do"
)]

mod delivery;
mod edges;
mod month;
mod postgres;
mod stores;
mod support;
