//! Putting a manager together, with every mistake named at once.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, broadcast};

use crate::AlertLevel;
use crate::channel::Channel;
use crate::clock::Tick;
use crate::core::{Clock, Core, WallClock};
use crate::dispatch::Dispatcher;
use crate::engine::{ActiveSet, ChannelInfo, Engine};
use crate::manager::AlertManager;
use crate::outbox::{BreakerConfig, ChannelQueue, Outbox, OutboxConfig, RetryConfig};
use crate::policy::{ChannelSpec, FlapConfig, InhibitConfig, MAX_CHANNELS, Policy, PolicyConfig};
use crate::presentation::Presentation;
use crate::rehearsal::Rehearsal;
use crate::replicas::far_side_hash;
use crate::routing::{Defaults, Routing};
use crate::rule::AlertRule;
use crate::schedule::{Schedule, SharedSchedule};
use crate::shared::SharedState;
use crate::store::{AlertStore, MemoryStore, StoreError};

/// The manager cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Mistakes in the configuration, all of them.
    #[error("{}", list(problems))]
    Invalid {
        /// One sentence each.
        problems: Vec<String>,
    },
    /// The store could not tell what the last run left.
    #[error("cannot read the alert store")]
    Store(#[source] StoreError),
}

fn list(problems: &[String]) -> String {
    problems.join("; ")
}

/// Builds an [`AlertManager`] and its [`Dispatcher`]; see [`AlertManager::builder`].
pub struct AlertManagerBuilder {
    service: String,
    environment: String,
    channels: Vec<Arc<dyn Channel>>,
    policy: PolicyConfig,
    outbox: OutboxConfig,
    store: Option<Arc<dyn AlertStore>>,
    fallback: Option<String>,
    replicas: Option<Arc<dyn SharedState>>,
    lease: Duration,
    max_active: usize,
    events: usize,
    drain: Duration,
    wall: WallClock,
    presentation: Presentation,
}

impl fmt::Debug for AlertManagerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertManagerBuilder")
            .field("service", &self.service)
            .field("environment", &self.environment)
            .field("channels", &self.channels)
            .finish_non_exhaustive()
    }
}

impl AlertManagerBuilder {
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    pub(crate) fn new(service: String, environment: String) -> Self {
        Self {
            service,
            environment,
            channels: Vec::new(),
            policy: PolicyConfig::default(),
            outbox: OutboxConfig::default(),
            store: None,
            fallback: None,
            replicas: None,
            lease: crate::shared::LEASE,
            max_active: 4_096,
            events: 1_024,
            drain: Duration::from_secs(10),
            wall: Arc::new(Timestamp::now),
            presentation: Presentation::default(),
        }
    }

    /// Adds a channel; at most 64.
    #[must_use]
    pub fn channel(self, channel: impl Channel) -> Self {
        self.shared_channel(Arc::new(channel))
    }

    /// Adds a channel that somebody else holds as well.
    #[must_use]
    pub fn shared_channel(mut self, channel: Arc<dyn Channel>) -> Self {
        self.channels.push(channel);
        self
    }

    /// Adds a rule. Without rules, and for an alert that no rule matches, every channel is told.
    #[must_use]
    pub fn rule(mut self, rule: AlertRule) -> Self {
        self.policy.rules.push(rule);
        self
    }

    /// Rules, least levels and silences of a configuration, which
    /// [`AlertManager::reroute`](crate::AlertManager::reroute) may replace later. Its rules come before
    /// those of [`AlertManagerBuilder::rule`]. Default: none.
    #[must_use]
    pub fn routing(mut self, routing: Routing) -> Self {
        self.policy.routing = routing;
        self
    }

    /// The least level that a channel is told of, whatever the rules say: neither they nor an escalation
    /// tell it of anything milder. Whoever was told of something worse hears of its fall and its end.
    /// Default: every level.
    #[must_use]
    pub fn min_level(mut self, channel: impl Into<String>, level: AlertLevel) -> Self {
        self.policy.least.push((channel.into(), level));
        self
    }

    /// How long the same alert stays quiet on a channel. Default: 15 minutes. Zero: never.
    #[must_use]
    pub const fn cooldown(mut self, cooldown: Duration) -> Self {
        self.policy.cooldown = cooldown;
        self
    }

    /// Whether and how a CRITICAL alert hides WARNINGs. Default: [`InhibitConfig::default`].
    #[must_use]
    pub fn inhibit(mut self, inhibit: Option<InhibitConfig>) -> Self {
        self.policy.inhibit = inhibit;
        self
    }

    /// When an alert that comes and goes is held down. Default: [`FlapConfig::default`].
    #[must_use]
    pub fn flap(mut self, flap: Option<FlapConfig>) -> Self {
        self.policy.flap = flap;
        self
    }

    /// Hours by name, such as a trading session, for silences that hold in them only
    /// ([`Silence::during`](crate::Silence::during)). Default: none.
    #[must_use]
    pub fn hours(mut self, name: impl Into<String>, hours: impl Schedule) -> Self {
        let hours = SharedSchedule::new(hours);
        self.policy.hours.push((name.into(), hours));
        self
    }

    /// How long after it was last told a condition that still fires, and that nobody acknowledged, is
    /// told again; a rule may say otherwise. None: never. Events are not repeated. Default: 6 hours.
    #[must_use]
    pub const fn repeat_interval(mut self, every: Option<Duration>) -> Self {
        self.policy.repeat = every;
        self
    }

    /// Keys remembered for cooldown. Default: 50,000.
    #[must_use]
    pub const fn max_keys(mut self, keys: usize) -> Self {
        self.policy.max_keys = keys;
        self
    }

    /// Firing alerts remembered for acknowledgment and resolve. Default: 4,096.
    #[must_use]
    pub const fn max_active(mut self, alerts: usize) -> Self {
        self.max_active = alerts;
        self
    }

    /// Where alerts are kept. Default: [`MemoryStore::default`], which ends with the process.
    #[must_use]
    pub fn store(self, store: impl AlertStore) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// Where alerts are kept, if somebody else holds the store as well.
    #[must_use]
    pub fn shared_store(mut self, store: Arc<dyn AlertStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// The channel that takes CRITICAL alerts while their own fails. Default: none.
    #[must_use]
    pub fn fallback(mut self, channel: impl Into<String>) -> Self {
        self.fallback = Some(channel.into());
        self
    }

    /// Timing of attempts. Default: [`RetryConfig::default`].
    #[must_use]
    pub const fn retry(mut self, retry: RetryConfig) -> Self {
        self.outbox.retry = retry;
        self
    }

    /// When a failing channel is left alone. Default: [`BreakerConfig::default`].
    #[must_use]
    pub const fn breaker(mut self, breaker: BreakerConfig) -> Self {
        self.outbox.breaker = breaker;
        self
    }

    /// Waiting deliveries to a target above which those below CRITICAL become one digest.
    /// Default: 20.
    #[must_use]
    pub const fn storm(mut self, waiting: usize) -> Self {
        self.outbox.storm = waiting;
        self
    }

    /// How many deliveries may wait, and how many bytes. Default: 100,000 and 64 MiB.
    #[must_use]
    pub const fn bounds(mut self, rows: usize, bytes: usize) -> Self {
        self.outbox.max_rows = rows;
        self.outbox.max_bytes = bytes;
        self
    }

    /// Attempts under way at once on a channel, below CRITICAL and CRITICAL. Default: 4 and 4.
    #[must_use]
    pub const fn concurrency(mut self, normal: usize, critical: usize) -> Self {
        self.outbox.concurrency = normal;
        self.outbox.critical_concurrency = critical;
        self
    }

    /// Shares cooldown and acknowledgments with other replicas. Default: none.
    #[must_use]
    pub fn replicas(mut self, shared: impl SharedState) -> Self {
        self.replicas = Some(Arc::new(shared));
        self
    }

    /// How long a replica that died keeps a message from the others: a reservation lasts so long, and
    /// is renewed while an attempt is under way. Default: 2 s.
    #[must_use]
    pub const fn replica_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Events kept for a slow subscriber. Default: 1,024.
    #[must_use]
    pub const fn event_capacity(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// How long a shutdown waits for deliveries. Default: 10 s.
    #[must_use]
    pub const fn drain(mut self, patience: Duration) -> Self {
        self.drain = patience;
        self
    }

    /// Language, zone and links of what is sent. Default: [`Presentation::default`].
    #[must_use]
    pub fn presentation(mut self, presentation: Presentation) -> Self {
        self.presentation = presentation;
        self
    }

    /// Reads the wall clock another way; waiting does not go by it. Default: the system's.
    #[must_use]
    pub fn wall_clock(mut self, wall: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.wall = Arc::new(wall);
        self
    }

    /// Builds the manager and its dispatcher, and takes up what the store remembers; this may read
    /// from disk.
    ///
    /// # Errors
    /// [`BuildError::Invalid`] names every mistake at once.
    pub fn build(mut self) -> Result<(AlertManager, Dispatcher), BuildError> {
        let mut engine = self.engine()?;
        let store = self
            .store
            .unwrap_or_else(|| Arc::new(MemoryStore::default()));
        let clock = Clock::new(self.wall);
        let now = clock.now();
        let recovered = store.recover().map_err(BuildError::Store)?;
        let effects = engine.recover(now, recovered);
        let (events, _) = broadcast::channel(self.events.max(1));
        let far_side = |channel: &Arc<dyn Channel>| channel.far_side().map(|it| far_side_hash(&it));
        let far_sides = self.channels.iter().map(far_side).collect();
        let core = Arc::new(Core {
            far_sides,
            engine: std::sync::Mutex::new(engine),
            store,
            channels: self.channels,
            clock,
            events,
            wake: Notify::new(),
            replicas: self.replicas,
            lease: self.lease,
            attempt_time: self.outbox.retry.attempt,
            drain: self.drain,
            dispatching: AtomicBool::new(false),
        });
        core.write(effects);
        Ok((AlertManager::new(Arc::clone(&core)), Dispatcher::new(core)))
    }

    /// The same decisions without a manager, from this moment on: nothing is stored, and nobody is told.
    ///
    /// # Errors
    /// [`BuildError::Invalid`] names every mistake at once.
    pub fn rehearsal(mut self, begin: Timestamp) -> Result<Rehearsal, BuildError> {
        Ok(Rehearsal::new(self.engine()?, begin))
    }

    /// What decides, once everything about it is right.
    fn engine(&mut self) -> Result<Engine, BuildError> {
        let problems = self.problems();
        if !problems.is_empty() {
            return Err(BuildError::Invalid { problems });
        }
        let channels: Vec<ChannelInfo> = self
            .channels
            .iter()
            .map(|channel| {
                let targets = channel.targets();
                ChannelInfo {
                    id: Arc::from(channel.id()),
                    target_names: targets
                        .iter()
                        .map(|target| Arc::from(target.as_str()))
                        .collect(),
                    targets,
                    keeps_digests: channel.keeps_digests(),
                }
            })
            .collect();
        let specs = channels
            .iter()
            .map(|info| {
                let targets = u16::try_from(info.targets.len()).unwrap_or(u16::MAX);
                ChannelSpec::new(info.id.to_string(), targets)
            })
            .collect();
        let queues = self
            .channels
            .iter()
            .zip(&channels)
            .map(|(channel, info)| {
                let mut queue = ChannelQueue::new(
                    channel.limits(),
                    info.targets.len(),
                    self.outbox.breaker.clone(),
                    Tick(0),
                );
                queue.tells_repeats = channel.tells_repeats();
                queue
            })
            .collect();
        let fallback = self
            .fallback
            .take()
            .and_then(|id| channels.iter().position(|info| *info.id == *id));
        let defaults = self.policy.routing.defaults.clone();
        let mut engine = Engine::new(
            Policy::new(std::mem::take(&mut self.policy), specs),
            Outbox::new(self.outbox.clone(), queues),
            channels,
            fallback,
            ActiveSet::new(self.max_active),
            (self.service.clone(), self.environment.clone()),
            RandomState::new().build_hasher().finish(),
        );
        engine.fall_back(defaults.as_ref());
        engine.presentation = Arc::new(std::mem::take(&mut self.presentation));
        Ok(engine)
    }

    fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.service.trim().is_empty() {
            found.push("the service has no name".to_owned());
        }
        if self.channels.is_empty() {
            found.push("there is no channel".to_owned());
        }
        if self.channels.len() > MAX_CHANNELS {
            found.push(format!(
                "there are {} channels, at most {MAX_CHANNELS} are possible",
                self.channels.len()
            ));
        }
        let mut known: Vec<String> = Vec::new();
        for channel in &self.channels {
            channel_problems(&**channel, &known, &mut found);
            known.push(channel.id().to_owned());
        }
        let hours: Vec<String> = self.policy.hours.iter().map(|it| it.0.clone()).collect();
        let mut routing = self.policy.routing.clone();
        routing.least.extend(self.policy.least.iter().cloned());
        found.extend(routing.problems(&self.policy.rules, &known, &hours));
        let own = Defaults {
            cooldown: self.policy.cooldown,
            repeat: self.policy.repeat,
            fallback: self.fallback.clone(),
        };
        own.problems(&known, &mut found);
        self.number_problems(&mut found);
        found
    }

    fn number_problems(&self, found: &mut Vec<String>) {
        let outbox = &self.outbox;
        let retry = &outbox.retry;
        let zero = [
            ("the row bound", outbox.max_rows),
            ("the byte bound", outbox.max_bytes),
            ("the concurrency", outbox.concurrency),
            ("the CRITICAL concurrency", outbox.critical_concurrency),
            ("the storm threshold", outbox.storm),
            ("the key bound", self.policy.max_keys),
            ("the bound of firing alerts", self.max_active),
        ];
        for (name, value) in zero {
            if value == 0 {
                found.push(format!("{name} is zero"));
            }
        }
        let zero = [
            ("the attempt time", retry.attempt),
            ("the first retry wait", retry.base),
            ("the longest retry wait", retry.cap),
            ("the breaker's open time", outbox.breaker.open),
            ("the replicas' lease", self.lease),
        ];
        for (name, value) in zero {
            if value.is_zero() {
                found.push(format!("{name} is zero"));
            }
        }
        if retry.base > retry.cap {
            found.push("the first retry wait is longer than the longest".to_owned());
        }
        if outbox.breaker.failures == 0 {
            found.push("the breaker opens after no failure at all".to_owned());
        }
    }
}

fn channel_problems(channel: &dyn Channel, known: &[String], found: &mut Vec<String>) {
    let id = channel.id();
    if id.trim().is_empty() {
        found.push("a channel has an empty id".to_owned());
    }
    if known.iter().any(|other| other == id) {
        found.push(format!("two channels have the id {id:?}"));
    }
    let targets = channel.targets();
    if targets.is_empty() {
        found.push(format!("channel {id:?} has no target"));
    }
    let mut seen = targets.clone();
    seen.sort();
    seen.dedup();
    if seen.len() < targets.len() {
        found.push(format!("channel {id:?} names a target twice"));
    }
    let limits = channel.limits();
    if !(limits.per_second.is_finite() && limits.per_second > 0.0) || limits.burst == 0 {
        found.push(format!("channel {id:?} may send nothing by its own limits"));
    }
}
