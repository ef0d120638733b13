//! The shared state in Redis: one script to reserve, one to let go, plain keys for the rest.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bongsu_redis::{Client, Error, Link, Reply};
use bongsu_secret::Secret;
use tokio::sync::Mutex;
use tokio::time::Instant;
use ulid::Ulid;

use super::{LATE, Reservation, SharedError, SharedState, Topic, covered_by, said, so};
use crate::clock::millis;

/// Cooldown and acknowledgments in a Redis (2.6 or newer), under keys that begin with
/// `bongsu:<service>:<environment>:`.
///
/// A reservation has a time to live, so that that of a replica that died runs out by itself; one whose
/// attempt failed leaves the message to whoever waits for it. While Redis is away every replica
/// decides alone.
pub struct RedisShared {
    client: Client,
    service: String,
    environment: String,
    /// What marks this replica's reservations.
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

/// For how long a replica that failed leaves a message to those that wait for it: they look again
/// within [`LOOK_AGAIN`](super::LOOK_AGAIN).
const YIELD: Duration = Duration::from_millis(2_500);
/// How long it is remembered that somebody waits.
const WAITS: Duration = Duration::from_secs(3);

/// Reads what was told last, and how long ago: it is kept with its cooldown, and for [`LATE`] after that.
/// An earlier version kept it without, for as long as the cooldown.
const LAST: &str = "\
local told, cooldown, age = redis.call('get', KEYS[1]), 0, 0 \
if told then \
  local word, number = string.match(told, '^(%a+) (%d+)$') \
  if word then \
    told, cooldown = word, tonumber(number) \
    age = cooldown + tonumber(ARGV[3]) - redis.call('pttl', KEYS[1]) \
  end \
end \
local since = told and age <= tonumber(ARGV[4]) ";
/// Takes what is free, one's own, or left by another, unless what was told last covers it; else notes that
/// somebody waits.
const RESERVE: &str = "\
if since or age <= cooldown then \
  for i = 8, #ARGV do if told == ARGV[i] then return {2, 0} end end \
end \
if since and told == ARGV[7] then return {3, 0} end \
local held = redis.call('get', KEYS[2]) \
local left = held and string.sub(held, 1, 4) == 'not:' \
if not held or held == ARGV[1] or (left and held ~= ARGV[2]) then \
  redis.call('set', KEYS[2], ARGV[1], 'PX', ARGV[5]) return {0, 0} \
end \
if not left then redis.call('set', KEYS[3], '1', 'PX', ARGV[6]) end \
return {1, redis.call('pttl', KEYS[2])}";
/// Lets go of one's own: to those that wait for it before oneself, if anybody does.
const RELEASE: &str = "\
if redis.call('get', KEYS[2]) ~= ARGV[1] then return 0 end \
if redis.call('exists', KEYS[3]) == 1 then \
  redis.call('set', KEYS[2], ARGV[2], 'PX', ARGV[5]) \
else redis.call('del', KEYS[2]) end \
return 1";
/// Notes what was told last, and lets go. Whoever has it no more may be behind: what others told since, or
/// are telling, stays.
const TOLD: &str = "\
local held = redis.call('get', KEYS[2]) \
if held ~= ARGV[1] and (held or since) then return 0 end \
redis.call('set', KEYS[1], ARGV[6], 'PX', ARGV[5]) \
redis.call('del', KEYS[2]) \
return 1";

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
            owner: Ulid::new().to_string(),
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

    /// Who this replica is, the same after a restart: what it had reserved when it died is its own
    /// again at once. No two replicas may have the same. Default: another with each start, so that a
    /// restart waits for the reservations of the last run as everybody does. See [`super::replica_id`].
    #[must_use]
    pub fn replica(mut self, id: &str) -> Self {
        id.clone_into(&mut self.owner);
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

    fn named(&self, kind: char, topic: &Topic) -> String {
        let prefix = self.prefix();
        let Topic {
            key,
            channel,
            target,
            ..
        } = topic;
        format!("{prefix}{kind}:{channel}:{target}:{key}")
    }

    /// One of the scripts about a topic: what was told last of its key to its target, whose turn it is and
    /// whether somebody waits; who this is, and what else it takes.
    async fn script(
        &self,
        script: &str,
        topic: &Topic,
        times: &[Duration],
        words: &[&str],
    ) -> Result<Reply, SharedError> {
        let [told, turn, waits] = ['t', 'm', 'w'].map(|kind| self.named(kind, topic));
        let (mine, left) = (format!("by:{}", self.owner), format!("not:{}", self.owner));
        let (late, age) = (lasting(LATE), lasting(topic.age));
        let script = format!("{LAST}{script}");
        let times: Vec<String> = times.iter().copied().map(lasting).collect();
        let mut all = vec!["EVAL", &script, "3", &told, &turn, &waits];
        all.extend([&*mine, &*left, &*late, &*age]);
        all.extend(times.iter().map(String::as_str));
        all.extend(words);
        let all: Vec<&[u8]> = all.into_iter().map(str::as_bytes).collect();
        self.one(&all).await
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

/// What is kept of what was told, and for how long.
fn kept(topic: &Topic, cooldown: Duration) -> (Duration, String) {
    let what = format!("{} {}", said(topic), lasting(cooldown));
    (cooldown.saturating_add(LATE), what)
}

fn lasting(time: Duration) -> String {
    millis(time).max(1).to_string()
}

#[async_trait]
impl SharedState for RedisShared {
    async fn reserve(&self, topic: &Topic, lease: Duration) -> Result<Reservation, SharedError> {
        let mut words = vec![so(topic)];
        words.extend(covered_by(topic));
        let answer = self.script(RESERVE, topic, &[lease, WAITS], &words).await?;
        match answer {
            Reply::Array(parts) => match parts[..] {
                [Reply::Integer(0), _] => Ok(Reservation::Mine),
                [Reply::Integer(1), Reply::Integer(left)] => {
                    let left = u64::try_from(left).unwrap_or(0).max(10);
                    Ok(Reservation::Theirs(Duration::from_millis(left)))
                }
                [Reply::Integer(2), _] => Ok(Reservation::Told),
                [Reply::Integer(3), _] => Ok(Reservation::Overtaken),
                _ => Err(SharedError::new("redis: an answer that means nothing")),
            },
            _ => Err(SharedError::new("redis: an answer that means nothing")),
        }
    }

    async fn told(&self, topic: &Topic, cooldown: Duration) -> Result<(), SharedError> {
        let (keep, what) = kept(topic, cooldown);
        self.script(TOLD, topic, &[keep], &[&what]).await.map(drop)
    }

    async fn release(&self, topic: &Topic) -> Result<(), SharedError> {
        self.script(RELEASE, topic, &[YIELD], &[]).await.map(drop)
    }

    async fn gathered(&self, topics: &[Topic], cooldown: Duration) -> Result<(), SharedError> {
        let set = |topic: &Topic| {
            let (keep, what) = kept(topic, cooldown);
            let name = self.named('t', topic);
            ["SET", &name, &what, "PX", &lasting(keep)].map(str::to_owned)
        };
        let owned: Vec<[String; 5]> = topics.iter().map(set).collect();
        let words: Vec<[&[u8]; 5]> = owned
            .iter()
            .map(|command| command.each_ref().map(|word| word.as_bytes()))
            .collect();
        let commands: Vec<&[&[u8]]> = words.iter().map(<[&[u8]; 5]>::as_slice).collect();
        self.call(&commands).await.map(drop)
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
