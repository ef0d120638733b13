//! The shared state in Redis: `SET … NX PX` for reservations, plain keys for the rest.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bongsu_redis::{Client, Error, Link, Reply};
use bongsu_secret::Secret;
use tokio::sync::Mutex;
use tokio::time::Instant;
use ulid::Ulid;

use super::{Reservation, SharedError, SharedState, Topic};
use crate::AlertLevel;
use crate::clock::millis;

/// Cooldown and acknowledgments in a Redis (2.6 or newer), under keys that begin with
/// `bongsu:<service>:<environment>:`.
///
/// A message is reserved with `SET … NX PX`, so that the reservation of a replica that died runs
/// out by itself. While Redis is away every replica decides alone.
pub struct RedisShared {
    client: Client,
    service: String,
    environment: String,
    /// What marks this process's reservations.
    owner: String,
    link: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    link: Option<Link>,
    /// After a failure nobody waits for another one until then.
    away_until: Option<Instant>,
}

impl fmt::Debug for RedisShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisShared")
            .field("client", &self.client)
            .field("prefix", &self.prefix())
            .finish_non_exhaustive()
    }
}

/// The URL is not one of a Redis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid redis url: {0}")]
pub struct RedisUrlError(#[from] bongsu_redis::UrlError);

/// How long a Redis that failed is left alone.
const AWAY: Duration = Duration::from_millis(500);
/// How long connecting, or an answer, may take.
const PATIENCE: Duration = Duration::from_millis(800);
const TOLD: &str = "told";

/// Deletes a key if this process owns it.
const RELEASE: &str =
    "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end return 0";
/// Makes a reservation of this process last longer.
const RENEW: &str = "if redis.call('get',KEYS[1])==ARGV[1] then \
                     return redis.call('pexpire',KEYS[1],ARGV[2]) end return 0";

impl RedisShared {
    /// A Redis by any URL that [`bongsu_redis`] reads, shared by the replicas of `service`. Nothing is
    /// connected yet.
    ///
    /// # Errors
    /// When the URL is not of a form that is read.
    pub fn new(url: &Secret, service: &str) -> Result<Self, RedisUrlError> {
        Ok(Self {
            client: Client::new(url.expose())?.limit(PATIENCE),
            service: service.to_owned(),
            environment: String::new(),
            owner: format!("by:{}", Ulid::new()),
            link: Mutex::default(),
        })
    }

    /// Where the service runs: the same service's alerts in another environment are none of its
    /// affair, though both use one Redis. Default: nowhere in particular.
    #[must_use]
    pub fn environment(mut self, environment: &str) -> Self {
        environment.clone_into(&mut self.environment);
        self
    }

    fn prefix(&self) -> String {
        // A colon inside a name would make two names one.
        let part = |text: &str| text.replace('%', "%25").replace(':', "%3A");
        format!(
            "bongsu:{}:{}:",
            part(&self.service),
            part(&self.environment)
        )
    }

    async fn call(&self, commands: &[&[&[u8]]]) -> Result<Vec<Reply>, SharedError> {
        let mut kept = self.link.lock().await;
        if kept.away_until.is_some_and(|until| Instant::now() < until) {
            return Err(SharedError::new("redis is away"));
        }
        // Taken out, so that a cancelled call cannot leave a connection out of step.
        let link = kept.link.take();
        let fresh = link.is_none();
        kept.away_until = Some(Instant::now() + AWAY);
        let mut result = self.try_call(link, commands).await;
        if result.is_err() && !fresh {
            // The server may have closed an idle connection, or is the primary no more.
            result = self.try_call(None, commands).await;
        }
        match result {
            Ok((link, replies)) => {
                kept.link = Some(link);
                kept.away_until = None;
                Ok(replies)
            }
            Err(error) => {
                kept.away_until = Some(Instant::now() + AWAY);
                let told = bongsu_text::chain(&error);
                Err(SharedError::new(format!("redis: {told}")))
            }
        }
    }

    async fn try_call(
        &self,
        link: Option<Link>,
        commands: &[&[&[u8]]],
    ) -> Result<(Link, Vec<Reply>), Error> {
        let mut link = match link {
            Some(link) => link,
            None => self.client.connect().await?,
        };
        let replies = link.call(commands).await?;
        let refused = replies.iter().find_map(|reply| match reply {
            Reply::Error(said) => Some(said.clone()),
            _ => None,
        });
        match refused {
            Some(said) => Err(Error::Server(said)),
            None => Ok((link, replies)),
        }
    }

    fn name(&self, topic: &Topic, level: AlertLevel, resolved: bool) -> String {
        let what = if resolved { "end" } else { level.as_str() };
        format!(
            "{}m:{}:{}:{what}:{}",
            self.prefix(),
            topic.channel,
            topic.target,
            topic.key
        )
    }

    fn acknowledgment(&self, key: &str) -> String {
        format!("{}a:{key}", self.prefix())
    }

    async fn one(&self, command: &[&[u8]]) -> Result<Reply, SharedError> {
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
                    &[b"SET", name, owner, b"NX", b"PX", lease.as_bytes()],
                    &[b"GET", name],
                    &[b"PTTL", name],
                ])
                .await?;
            let [set, holder, left] = &replies[..] else {
                return Err(SharedError::new("redis: too few answers"));
            };
            if *set == Reply::Status("OK".to_owned()) {
                return Ok(Reservation::Mine);
            }
            let left = match left {
                Reply::Integer(left) => u64::try_from(*left).unwrap_or(0),
                _ => 0,
            };
            match holder.text() {
                Some(TOLD) => return Ok(Reservation::Told),
                Some(holder) if holder == self.owner => {
                    let renew = vec![
                        b"EVAL".as_slice(),
                        RENEW.as_bytes(),
                        b"1",
                        name,
                        owner,
                        lease.as_bytes(),
                    ];
                    if self.one(&renew).await? == Reply::Integer(1) {
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
        let words: Vec<Vec<&[u8]>> = owned
            .iter()
            .map(|command| command.iter().map(String::as_bytes).collect())
            .collect();
        let commands: Vec<&[&[u8]]> = words.iter().map(Vec::as_slice).collect();
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
        self.one(&command).await.map(drop)
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
        self.one(&command).await.map(drop)
    }

    async fn acknowledged(&self, key: &str) -> Result<Option<String>, SharedError> {
        let name = self.acknowledgment(key);
        let reply = self.one(&[b"GET", name.as_bytes()]).await?;
        Ok(reply.text().map(str::to_owned))
    }

    async fn forget(&self, key: &str) -> Result<(), SharedError> {
        let name = self.acknowledgment(key);
        self.one(&[b"DEL", name.as_bytes()]).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_two_services_never_meet() {
        let prefix = |service, environment| {
            let shared = RedisShared::new(&Secret::new("redis://cache"), service);
            shared.unwrap().environment(environment).prefix()
        };
        assert_eq!(prefix("svc", "prod"), "bongsu:svc:prod:");
        assert_ne!(prefix("svc", "prod"), prefix("svc", "staging"));
        assert_ne!(prefix("a:b", "c"), prefix("a", "b:c"));
        assert_ne!(prefix("a%3A", ""), prefix("a:", ""));
    }

    #[test]
    fn a_password_is_in_no_text() {
        let url = Secret::new("redis://bob:hunter2@cache");
        let shared = RedisShared::new(&url, "svc").unwrap();
        assert!(!format!("{shared:?}").contains("hunter2"));
        let error =
            RedisShared::new(&Secret::new("redis://bob:hunter2@cache:x"), "svc").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
