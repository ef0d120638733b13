//! Whether Redis answers, by a client that speaks just enough of its protocol.

use std::fmt;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connect::Target;
use super::off_runtime::OffRuntime;
use super::resp::{Reply, encode, info, parse};
use crate::check::{Check, CheckError, CheckOutput, Probe};
use crate::error::{HealthError, Problem};
use crate::status::DependencyType;

/// Connects anew for each run, logs in, pings, and reads memory and clients.
#[must_use]
pub struct RedisProbe {
    target: Target,
    login: Option<Login>,
    database: u32,
    primary: bool,
    off: OffRuntime,
}

#[derive(PartialEq, Eq)]
struct Login {
    user: Option<String>,
    password: String,
}

impl fmt::Debug for RedisProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisProbe")
            .field("target", &self.target)
            .field("login", &self.login.as_ref().map(|_| "***"))
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl RedisProbe {
    /// At `redis://[[user]:password@]host[:port][/database]`; user and password percent-decoded.
    ///
    /// # Errors
    ///
    /// [`HealthError::Invalid`] when that is not such a URL. TLS (`rediss://`) is not spoken here:
    /// use a closure with your own client.
    pub fn new(url: &str) -> Result<Self, HealthError> {
        read_url(url).map_err(|reason| {
            let problem = Problem::InvalidTarget {
                name: "redis".to_owned(),
                reason: reason.to_owned(),
            };
            HealthError::Invalid(vec![problem])
        })
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

    async fn ask(&self, stream: &mut TcpStream) -> Result<CheckOutput, CheckError> {
        // All at once: one round trip, however many commands.
        let mut commands = Vec::new();
        match &self.login {
            Some(Login {
                user: Some(user),
                password,
            }) => encode(&mut commands, &["AUTH", user, password]),
            Some(Login {
                user: None,
                password,
            }) => encode(&mut commands, &["AUTH", password]),
            None => {}
        }
        let database = self.database.to_string();
        if self.database != 0 {
            encode(&mut commands, &["SELECT", &database]);
        }
        encode(&mut commands, &["PING"]);
        for section in ["memory", "clients", "replication"] {
            encode(&mut commands, &["INFO", section]);
        }
        stream.write_all(&commands).await?;

        let mut replies = Replies {
            stream,
            bytes: Vec::with_capacity(4_096),
        };
        if self.login.is_some() {
            replies.expect("OK").await?;
        }
        if self.database != 0 {
            replies.expect("OK").await?;
        }
        replies.expect("PONG").await?;
        let (memory, clients, replication) = (
            replies.section().await?,
            replies.section().await?,
            replies.section().await?,
        );
        if self.primary && info(&replication, "role").is_some_and(|role| role != "master") {
            return Err(CheckError::new(
                "the server is a replica, which cannot be written",
            ));
        }
        let figures = [
            (&memory, "used_memory", "used_memory_bytes"),
            (&memory, "maxmemory", "maxmemory_bytes"),
            (&clients, "connected_clients", "connected_clients"),
        ];
        let known = figures.into_iter().filter_map(|(section, key, name)| {
            Some((name, info(section, key)?.parse::<u64>().ok()?))
        });
        let mut output = known.fold(CheckOutput::ok(), |output, (name, value)| {
            output.metadata(name, value)
        });
        if let Some(role) = info(&replication, "role") {
            output = output.metadata("role", role);
        }
        Ok(output)
    }
}

/// Replies as they come in, never holding more than one bulk and a read's surplus.
struct Replies<'a> {
    stream: &'a mut TcpStream,
    bytes: Vec<u8>,
}

impl Replies<'_> {
    async fn next(&mut self) -> Result<Reply, CheckError> {
        loop {
            if let Some((reply, length)) = parse(&self.bytes)? {
                self.bytes.drain(..length);
                return Ok(reply);
            }
            let mut chunk = [0; 2_048];
            let read = self.stream.read(&mut chunk).await?;
            if read == 0 {
                return Err(CheckError::new("the server hung up"));
            }
            self.bytes
                .extend_from_slice(chunk.get(..read).unwrap_or_default());
        }
    }

    async fn expect(&mut self, word: &str) -> Result<(), CheckError> {
        match self.next().await? {
            Reply::Status(status) if status == word => Ok(()),
            Reply::Error(error) => Err(CheckError::new(error)),
            _ => Err(CheckError::new(format!(
                "something other than {word} was answered"
            ))),
        }
    }

    /// A section of `INFO`; empty when this user may not ask for it.
    async fn section(&mut self) -> Result<String, CheckError> {
        match self.next().await? {
            Reply::Bulk(Some(body)) => Ok(String::from_utf8_lossy(&body).into_owned()),
            _ => Ok(String::new()),
        }
    }
}

#[async_trait]
impl Probe for RedisProbe {
    async fn check(&self) -> Result<CheckOutput, CheckError> {
        let (mut stream, _) = self.target.connect(&self.off).await?;
        self.ask(&mut stream).await
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

/// The reasons never quote the URL: it may hold a password.
fn read_url(url: &str) -> Result<RedisProbe, &'static str> {
    let rest = match url.split_once("://") {
        Some(("redis", rest)) => rest,
        Some(("rediss", _)) => {
            return Err("TLS (rediss://) is not supported here, use a closure with your client");
        }
        _ => return Err("a URL that begins with redis:// is needed"),
    };
    let (login, place) = match rest.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, rest),
    };
    let login = match login {
        None | Some("" | ":") => None,
        Some(login) => {
            let (user, password) = login.split_once(':').ok_or("a user without a password")?;
            let user = Some(decode(user)?).filter(|user| !user.is_empty());
            Some(Login {
                user,
                password: decode(password)?,
            })
        }
    };
    let place = place.split(['?', '#']).next().unwrap_or_default();
    let (address, database) = place.split_once('/').unwrap_or((place, ""));
    let database = match database {
        "" => 0,
        number => number.parse().map_err(|_| "the database is not a number")?,
    };
    let target = Target::parse(address, Some(6_379))?;
    Ok(RedisProbe {
        target,
        login,
        database,
        primary: false,
        off: OffRuntime::default(),
    })
}

fn decode(text: &str) -> Result<String, &'static str> {
    const BAD: &str = "the login has a '%' that is not followed by two hexadecimal digits";
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            rest.next()
                .and_then(|b| char::from(b).to_digit(16))
                .and_then(|d| u8::try_from(d).ok())
        };
        let (high, low) = (digit().ok_or(BAD)?, digit().ok_or(BAD)?);
        bytes.push(high * 16 + low);
    }
    String::from_utf8(bytes).map_err(|_| "the login is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected`: host, port, user, password, database.
    type Parts<'a> = (&'a str, u16, Option<&'a str>, Option<&'a str>, u32);

    #[track_caller]
    fn check(url: &str, expected: Option<Parts<'_>>) {
        let read = read_url(url);
        let got = read.as_ref().ok().map(|p| {
            let user = p.login.as_ref().and_then(|l| l.user.as_deref());
            let password = p.login.as_ref().map(|l| l.password.as_str());
            (
                p.target.host.as_str(),
                p.target.port,
                user,
                password,
                p.database,
            )
        });
        assert_eq!(got, expected, "{url}");
    }

    #[test]
    fn urls() {
        check("redis://cache", Some(("cache", 6_379, None, None, 0)));
        check(
            "redis://cache:7000/3",
            Some(("cache", 7_000, None, None, 3)),
        );
        check(
            "redis://:pw@cache",
            Some(("cache", 6_379, None, Some("pw"), 0)),
        );
        check(
            "redis://bob:p%40w@[::1]:1/0",
            Some(("::1", 1, Some("bob"), Some("p@w"), 0)),
        );
        check(
            "redis://bob:p@w@cache",
            Some(("cache", 6_379, Some("bob"), Some("p@w"), 0)),
        );
        for bad in [
            "",
            "cache:6379",
            "http://cache",
            "rediss://cache",
            "redis://",
            "redis://bob@cache",
            "redis://:%4@c",
            "redis://c/x",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn a_password_is_in_no_text() {
        let probe = RedisProbe::new("redis://bob:hunter2@cache").unwrap();
        assert!(!format!("{probe:?}").contains("hunter2"));
        let error = RedisProbe::new("redis://bob:hunter2@cache:x").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
