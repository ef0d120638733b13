//! One client of Redis, and one reading of its URL, for everything that uses one.
//!
//! | URL | |
//! | --- | --- |
//! | `redis://[[user]:password@]host[:port][/database]` | user and password percent-encoded, as in every URL; an unescaped `@`, `/` or `#` in the password is understood too |
//! | `rediss://…` | TLS, judged by the system's certificates; `?ca=/path/ca.pem` by a private CA instead |
//! | `unix:///path/redis.sock?db=1&user=u&password=p`, `redis+unix://[user:password@]/path` | a socket of this machine |
//! | `redis-sentinel://[[user]:password@]host1[:26379],host2/name[/database]` | asks the Sentinels for the primary called `name`; login and database are the primary's, `sentinel_username` and `sentinel_password` among the parameters are the Sentinels' own; `rediss-sentinel://` with TLS to all of them |
//!
//! `valkey` and `valkeys` are read as `redis` and `rediss`. Parameters and fragments that mean nothing
//! here are passed over. A cluster is not spoken to.
//!
//! Nothing is spawned: a [`Link`] works while it is asked. Every step has a time limit.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use bongsu_redis::{Client, Reply};
//!
//! let client = Client::new("redis://:p%40ss@cache:6379/0")?;
//! let mut link = client.connect().await?;
//! let replies = link.call(&[&[b"PING"]]).await?;
//! assert_eq!(replies, [Reply::Status("PONG".to_owned())]);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod error;
mod link;
mod sentinel;
mod stream;
mod tls;
mod url;

pub use client::Client;
pub use error::{Error, UrlError};
pub use link::{Link, Reply, info};
