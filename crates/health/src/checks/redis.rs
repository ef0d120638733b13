//! Whether Redis answers, and what it says of itself.

use std::time::Duration;

use async_trait::async_trait;
use bongsu_redis::{Client, Reply, info};

use crate::check::{Check, CheckError, CheckOutput, Probe};
use crate::error::{HealthError, Problem};
use crate::status::DependencyType;

/// The check's own time limit is the one that counts.
const LIMIT: Duration = Duration::from_secs(300);

/// Connects anew for each run, logs in, pings, and reads memory and clients.
#[derive(Debug)]
#[must_use]
pub struct RedisProbe {
    client: Client,
    primary: bool,
}

impl RedisProbe {
    /// By any URL that [`bongsu_redis`] reads: with TLS, over a unix socket, through Sentinels.
    ///
    /// # Errors
    ///
    /// [`HealthError::Invalid`] when it is not one.
    pub fn new(url: &str) -> Result<Self, HealthError> {
        match Client::new(url) {
            Ok(client) => Ok(Self {
                client: client.limit(LIMIT),
                primary: false,
            }),
            Err(error) => Err(HealthError::Invalid(vec![Problem::InvalidTarget {
                name: "redis".to_owned(),
                reason: error.to_string(),
            }])),
        }
    }

    /// A replica, which cannot be written, counts as failed. Default no.
    pub const fn require_primary(mut self, yes: bool) -> Self {
        self.primary = yes;
        self
    }

    /// As a check of a cache.
    pub fn into_check(self, name: impl Into<String>) -> Check {
        Check::from_probe(name, DependencyType::Cache, self)
    }

    fn output(&self, sections: [&Reply; 3]) -> Result<CheckOutput, CheckError> {
        // Empty when this user may not ask for it.
        let [memory, clients, replication] = sections.map(|reply| reply.text().unwrap_or_default());
        let role = info(replication, "role");
        if self.primary && role.is_some_and(|role| role != "master") {
            return Err(CheckError::new(
                "the server is a replica, which cannot be written",
            ));
        }
        let figures = [
            (memory, "used_memory", "used_memory_bytes"),
            (memory, "maxmemory", "maxmemory_bytes"),
            (clients, "connected_clients", "connected_clients"),
        ];
        let known = figures.into_iter().filter_map(|(section, key, name)| {
            Some((name, info(section, key)?.parse::<u64>().ok()?))
        });
        let output = known.fold(CheckOutput::ok(), |output, (name, value)| {
            output.metadata(name, value)
        });
        Ok(match role {
            Some(role) => output.metadata("role", role),
            None => output,
        })
    }
}

#[async_trait]
impl Probe for RedisProbe {
    async fn check(&self) -> Result<CheckOutput, CheckError> {
        let mut link = self.client.connect().await?;
        // All at once: one round trip.
        let replies = link
            .call(&[
                &[b"PING"],
                &[b"INFO", b"memory"],
                &[b"INFO", b"clients"],
                &[b"INFO", b"replication"],
            ])
            .await?;
        let [pong, memory, clients, replication] = &replies[..] else {
            return Err(CheckError::new("too few answers"));
        };
        match pong {
            Reply::Error(said) => Err(CheckError::new(said)),
            pong if pong.text() == Some("PONG") => self.output([memory, clients, replication]),
            _ => Err(CheckError::new("something other than PONG was answered")),
        }
    }
}

/// A check that the Redis at this URL answers; see [`RedisProbe::new`].
///
/// # Errors
///
/// [`HealthError::Invalid`] when the URL is not one of Redis.
pub fn redis(name: impl Into<String>, url: &str) -> Result<Check, HealthError> {
    Ok(RedisProbe::new(url)?.into_check(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_text() {
        let probe = RedisProbe::new("redis://bob:hunter2@cache").unwrap();
        assert!(!format!("{probe:?}").contains("hunter2"));
        let error = RedisProbe::new("redis://bob:hunter2@cache:x").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
