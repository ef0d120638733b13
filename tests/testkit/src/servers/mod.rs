//! Real servers from the distribution's packages, each with its own folder and port, ended by its own id.

mod pgbouncer;
mod postfix;
mod postgres;
mod prometheus;
mod redis;

pub use pgbouncer::PgBouncer;
pub use postfix::Postfix;
pub use postgres::Postgres;
pub use prometheus::{Alertmanager, Prometheus, http_get};
pub use redis::Redis;
