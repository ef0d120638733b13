//! Built-in checks, each behind the feature of its name.
//!
//! | function | asks | shows |
//! | --- | --- | --- |
//! | `postgres` | `SELECT 1` on a connection of the pool, or on one of its own (`PostgresProbe::connect`); optionally whether it is the primary | pool size, idle, most |
//! | `sqlite` | opens the file, reads its header, `SELECT 1`; optionally whether it can be written | |
//! | `redis` | `PING`, `INFO memory`, `INFO clients`; optionally whether it is the primary | used memory, clients |
//! | `http` | `GET`, expects 2xx or given statuses | the status |
//! | `tcp` | connects | the address |
//! | `disk` | `statvfs`, by df's rule | percent and bytes |
//!
//! Each probe type has setters, and `into_check(name)` for the [`Check`](crate::Check), whose own
//! setters follow. Anything else is a closure: [`Check::new`](crate::Check::new).

#[cfg(feature = "disk")]
mod disk;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "tcp")]
mod tcp;

#[cfg(feature = "disk")]
pub use disk::{DiskProbe, disk};
#[cfg(feature = "http")]
pub use http::{HttpProbe, http};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresProbe, postgres};
#[cfg(feature = "redis")]
pub use redis::{RedisProbe, redis};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteProbe, sqlite};
#[cfg(feature = "tcp")]
pub use tcp::{TcpProbe, tcp};
