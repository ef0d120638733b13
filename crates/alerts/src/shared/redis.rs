//! The shared state in Redis: `SET … NX PX` for reservations, plain keys for the rest.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::time::Instant;
use ulid::Ulid;

use super::resp::{Connection, Reply};
use super::{Reservation, SharedError, SharedState, Topic};
use crate::AlertLevel;
use crate::clock::millis;
use bongsu_secret::Secret;

/// Cooldown and acknowledgments in a Redis (2.6 or newer), under keys that begin with
/// `bongsu:<service>:`.
///
/// A message is reserved with `SET … NX PX`, so that the reservation of a replica that died runs
/// out by itself. While Redis is away every replica decides alone.
#[derive(Debug)]
pub struct RedisShared {
    address: String,
    login: Option<(Option<String>, Secret)>,
    database: u32,
    prefix: String,
    /// What marks this process's reservations.
    owner: String,
    link: Mutex<Link>,
}

#[derive(Debug, Default)]
struct Link {
    connection: Option<Connection>,
    /// After a failure nobody waits for another one until then.
    away_until: Option<Instant>,
}

/// The URL is not one of a Redis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid redis url: {reason}")]
pub struct RedisUrlError {
    reason: &'static str,
}

/// How long a Redis that failed is left alone.
const AWAY: Duration = Duration::from_millis(500);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_millis(800);
const TOLD: &str = "told";

/// Deletes a key if this process owns it.
const RELEASE: &str =
    "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end return 0";
/// Makes a reservation of this process last longer.
const RENEW: &str = "if redis.call('get',KEYS[1])==ARGV[1] then \
                     return redis.call('pexpire',KEYS[1],ARGV[2]) end return 0";

impl RedisShared {
    /// A Redis at `redis://[[user]:password@]host[:port][/database]`, shared by the replicas of
    /// `service`. Nothing is connected yet.
    ///
    /// # Errors
    /// When the URL is not of that form; `rediss://` is not supported.
    pub fn new(url: &Secret, service: &str) -> Result<Self, RedisUrlError> {
        let wrong = |reason| RedisUrlError { reason };
        let url = url.expose();
        let rest = url.strip_prefix("redis://").ok_or_else(|| {
            wrong(if url.starts_with("rediss://") {
                "TLS is not supported"
            } else {
                "it must begin with redis://"
            })
        })?;
        let (rest, database) = match rest.split_once('/') {
            Some((rest, "")) => (rest, 0),
            Some((rest, database)) => (
                rest,
                database
                    .parse()
                    .map_err(|_| wrong("the database must be a number"))?,
            ),
            None => (rest, 0),
        };
        let (login, host) = match rest.rsplit_once('@') {
            Some((login, host)) => {
                let (user, password) = login
                    .split_once(':')
                    .ok_or_else(|| wrong("the login must be user:password or :password"))?;
                let user = (!user.is_empty()).then(|| user.to_owned());
                (Some((user, Secret::new(password))), host)
            }
            None => (None, rest),
        };
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        let bracket = host.rfind(']').unwrap_or(0);
        let address = match host[bracket..].rfind(':') {
            Some(colon) => {
                host[bracket + colon + 1..]
                    .parse::<u16>()
                    .map_err(|_| wrong("the port must be a number"))?;
                host.to_owned()
            }
            None => format!("{host}:6379"),
        };
        Ok(Self {
            address,
            login,
            database,
            prefix: format!("bongsu:{service}:"),
            owner: format!("by:{}", Ulid::new()),
            link: Mutex::default(),
        })
    }

    async fn call(&self, commands: &[Vec<&[u8]>]) -> Result<Vec<Reply>, SharedError> {
        let mut link = self.link.lock().await;
        if link.away_until.is_some_and(|until| Instant::now() < until) {
            return Err(SharedError::new("redis is away"));
        }
        // Taken out, so that a cancelled call cannot leave a connection out of step.
        let connection = link.connection.take();
        let fresh = connection.is_none();
        link.away_until = Some(Instant::now() + AWAY);
        let mut result = self.try_call(connection, commands).await;
        if result.is_err() && !fresh {
            // The server may have closed an idle connection.
            result = self.try_call(None, commands).await;
        }
        match result {
            Ok((connection, replies)) => {
                link.connection = Some(connection);
                link.away_until = None;
                Ok(replies)
            }
            Err(error) => {
                link.away_until = Some(Instant::now() + AWAY);
                Err(SharedError::new(format!("redis: {error}")))
            }
        }
    }

    async fn try_call(
        &self,
        connection: Option<Connection>,
        commands: &[Vec<&[u8]>],
    ) -> io::Result<(Connection, Vec<Reply>)> {
        let work = async {
            let mut connection = match connection {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            let replies = connection.call(commands).await?;
            match replies.iter().find_map(|reply| match reply {
                Reply::Error(error) => Some(error.clone()),
                _ => None,
            }) {
                Some(error) => Err(io::Error::other(error)),
                None => Ok((connection, replies)),
            }
        };
        tokio::time::timeout(PATIENCE, work)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn connect(&self) -> io::Result<Connection> {
        let mut connection = Connection::open(&self.address).await?;
        let database = self.database.to_string();
        let mut hello: Vec<Vec<&[u8]>> = Vec::new();
        if let Some((user, password)) = &self.login {
            let mut auth: Vec<&[u8]> = vec![b"AUTH"];
            auth.extend(user.as_ref().map(String::as_bytes));
            auth.push(password.expose().as_bytes());
            hello.push(auth);
        }
        if self.database != 0 {
            hello.push(vec![b"SELECT", database.as_bytes()]);
        }
        for reply in connection.call(&hello).await? {
            if let Reply::Error(error) = reply {
                return Err(io::Error::other(error));
            }
        }
        Ok(connection)
    }

    fn name(&self, topic: &Topic, level: AlertLevel, resolved: bool) -> String {
        let what = if resolved { "end" } else { level.as_str() };
        format!(
            "{}m:{}:{}:{what}:{}",
            self.prefix, topic.channel, topic.target, topic.key
        )
    }

    fn acknowledgment(&self, key: &str) -> String {
        format!("{}a:{key}", self.prefix)
    }

    async fn one(&self, command: Vec<&[u8]>) -> Result<Reply, SharedError> {
        let mut replies = self.call(&[command]).await?;
        replies
            .pop()
            .ok_or_else(|| SharedError::new("redis: no answer"))
    }
}

fn lasting(time: Duration) -> String {
    millis(time).max(1).to_string()
}

#[async_trait]
impl SharedState for RedisShared {
    async fn reserve(&self, topic: &Topic, lease: Duration) -> Result<Reservation, SharedError> {
        let name = self.name(topic, topic.level, topic.resolved);
        let (name, lease) = (name.as_bytes(), lasting(lease));
        let owner = self.owner.as_bytes();
        // Twice: the key may run out between the question and the look.
        for _ in 0..2 {
            let replies = self
                .call(&[
                    vec![b"SET", name, owner, b"NX", b"PX", lease.as_bytes()],
                    vec![b"GET", name],
                    vec![b"PTTL", name],
                ])
                .await?;
            let [set, holder, left] = &replies[..] else {
                return Err(SharedError::new("redis: too few answers"));
            };
            if *set == Reply::Simple("OK".to_owned()) {
                return Ok(Reservation::Mine);
            }
            let left = match left {
                Reply::Integer(left) => u64::try_from(*left).unwrap_or(0),
                _ => 0,
            };
            match holder.clone().text() {
                Some(holder) if holder == TOLD => return Ok(Reservation::Told),
                Some(holder) if holder == self.owner => {
                    let renew = vec![
                        b"EVAL".as_slice(),
                        RENEW.as_bytes(),
                        b"1",
                        name,
                        owner,
                        lease.as_bytes(),
                    ];
                    if self.one(renew).await? == Reply::Integer(1) {
                        return Ok(Reservation::Mine);
                    }
                }
                Some(_) => {
                    let wait = Duration::from_millis(left.max(10));
                    return Ok(Reservation::Theirs(wait));
                }
                None => {}
            }
        }
        Ok(Reservation::Theirs(Duration::from_millis(100)))
    }

    async fn told(&self, topic: &Topic, cooldown: Duration) -> Result<(), SharedError> {
        let cooldown = lasting(cooldown);
        let levels: Vec<String> = AlertLevel::ALL
            .into_iter()
            .map(|level| self.name(topic, level, false))
            .collect();
        let end = self.name(topic, topic.level, true);
        let told = |name: &'_ str| -> Vec<String> {
            ["SET", name, TOLD, "PX", &cooldown]
                .map(str::to_owned)
                .to_vec()
        };
        let delete = |name: &str| vec!["DEL".to_owned(), name.to_owned()];
        let mut owned: Vec<Vec<String>> = Vec::new();
        if topic.resolved {
            // The next alert of the key passes everywhere.
            owned.push(told(&end));
            owned.extend(levels.iter().map(|name| delete(name)));
        } else {
            // What was told covers everything milder.
            let milder = &levels[..=topic.level.index()];
            owned.extend(milder.iter().map(|name| told(name)));
            owned.push(delete(&end));
        }
        let commands: Vec<Vec<&[u8]>> = owned
            .iter()
            .map(|command| command.iter().map(String::as_bytes).collect())
            .collect();
        self.call(&commands).await.map(drop)
    }

    async fn release(&self, topic: &Topic) -> Result<(), SharedError> {
        let name = self.name(topic, topic.level, topic.resolved);
        let command = vec![
            b"EVAL".as_slice(),
            RELEASE.as_bytes(),
            b"1",
            name.as_bytes(),
            self.owner.as_bytes(),
        ];
        self.one(command).await.map(drop)
    }

    async fn acknowledge(&self, key: &str, by: &str, keep: Duration) -> Result<(), SharedError> {
        let (name, keep) = (self.acknowledgment(key), lasting(keep));
        let command = vec![
            b"SET".as_slice(),
            name.as_bytes(),
            by.as_bytes(),
            b"PX",
            keep.as_bytes(),
        ];
        self.one(command).await.map(drop)
    }

    async fn acknowledged(&self, key: &str) -> Result<Option<String>, SharedError> {
        let name = self.acknowledgment(key);
        let reply = self.one(vec![b"GET", name.as_bytes()]).await?;
        Ok(reply.text())
    }

    async fn forget(&self, key: &str) -> Result<(), SharedError> {
        let name = self.acknowledgment(key);
        self.one(vec![b"DEL", name.as_bytes()]).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Result<(&str, u32, bool), &str>) {
        let found = RedisShared::new(&Secret::new(url), "svc");
        match (&found, expected) {
            (Ok(found), Ok((address, database, login))) => {
                assert_eq!(found.address, address);
                assert_eq!(found.database, database);
                assert_eq!(found.login.is_some(), login);
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn urls() {
        check("redis://host", Ok(("host:6379", 0, false)));
        check("redis://host:1/2", Ok(("host:1", 2, false)));
        check("redis://:p@host/", Ok(("host:6379", 0, true)));
        check("redis://u:p%40@host:7", Ok(("host:7", 0, true)));
        check("redis://[::1]:7", Ok(("[::1]:7", 0, false)));
        check("redis://[::1]", Ok(("[::1]:6379", 0, false)));
        check("rediss://host", Err("TLS"));
        check("http://host", Err("redis://"));
        check("redis://", Err("no host"));
        check("redis://host:x", Err("port"));
        check("redis://host/x", Err("database"));
        check("redis://p@host", Err("login"));
    }

    #[test]
    fn a_password_is_not_printed() {
        let shared = RedisShared::new(&Secret::new("redis://u:hunter2@h"), "svc").unwrap();
        assert!(!format!("{shared:?}").contains("hunter2"));
    }
}
