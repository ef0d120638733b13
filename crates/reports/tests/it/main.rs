//! Reports against a real month of trades, in SQLite and in a real PostgreSQL.

mod month;
mod support;
