//! Heartbeats: things that must be heard of now and then, such as a market-data feed or the
//! service's own main loop.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;

use crate::error::{HealthError, Problem, Problems};
use crate::health::HealthCheck;
use crate::inner::Inner;
use crate::status::{DependencyType, HealthStatus, Importance};

/// Whether something is expected to beat at a given moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// It must beat.
    Open {
        /// When this session began, for the grace after the open. `None`: not known; then it began
        /// when it was first seen open.
        since: Option<Timestamp>,
    },
    /// Silence is right: the heartbeat is healthy and says "closed".
    Closed,
}

/// Knows when a heartbeat is expected; any `Fn(Timestamp) -> Session` is one.
///
/// Called at most about four times a second, and by readers too: it must be quick and must not block.
pub trait SessionSchedule: Send + Sync + 'static {
    /// The session at this moment.
    fn session(&self, at: Timestamp) -> Session;
}

impl<F: Fn(Timestamp) -> Session + Send + Sync + 'static> SessionSchedule for F {
    fn session(&self, at: Timestamp) -> Session {
        self(at)
    }
}

/// How long the silence may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) degraded_after: Duration,
    pub(crate) unhealthy_after: Duration,
    pub(crate) grace: Duration,
}

/// When a heartbeat was last heard of. All times since the health value was built.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) born: Duration,
    pub(crate) last: Option<Duration>,
    /// `None`: closed. Otherwise when the session began.
    pub(crate) open_since: Option<Duration>,
}

/// What a heartbeat's silence amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) status: HealthStatus,
    pub(crate) message: Option<String>,
    /// When this should be looked at again, if no beat comes.
    pub(crate) until: Option<Duration>,
}

/// Pure: the judgement at `now`.
pub(crate) fn judge(limits: &Limits, heard: Heard, now: Duration) -> Judgement {
    let Some(open_since) = heard.open_since else {
        return Judgement {
            status: HealthStatus::Healthy,
            message: Some("closed".to_owned()),
            until: None,
        };
    };
    let expected_since = open_since.max(heard.born);
    let grace_end = expected_since.saturating_add(limits.grace);
    let silent_since = heard.last.unwrap_or(Duration::ZERO).max(expected_since);
    let degraded_at = silent_since
        .saturating_add(limits.degraded_after)
        .max(grace_end);
    let unhealthy_at = silent_since
        .saturating_add(limits.unhealthy_after)
        .max(grace_end);
    let silence = now.saturating_sub(silent_since);
    if now > unhealthy_at {
        let message = Some(format!("silent for {} s", silence.as_secs()));
        Judgement {
            status: HealthStatus::Unhealthy,
            message,
            until: None,
        }
    } else if now > degraded_at {
        let message = Some(format!("silent for {} s", silence.as_secs()));
        Judgement {
            status: HealthStatus::Degraded,
            message,
            until: Some(unhealthy_at),
        }
    } else {
        let waiting = heard.last.is_none_or(|last| last < expected_since);
        let message = waiting.then(|| "waiting for the first beat".to_owned());
        Judgement {
            status: HealthStatus::Healthy,
            message,
            until: Some(degraded_at),
        }
    }
}

/// What beats, whether anybody watches it or not.
pub(crate) struct Pulse {
    pub(crate) name: String,
    /// Nanoseconds since the health value was built, plus one; 0 is "never".
    last: AtomicU64,
}

impl Pulse {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            last: AtomicU64::new(0),
        }
    }
}

/// How one heartbeat is watched.
pub(crate) struct Beat {
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) kind: DependencyType,
    pub(crate) importance: Importance,
    pub(crate) internal: bool,
    pub(crate) readiness: bool,
    pub(crate) limits: Limits,
    pub(crate) schedule: Option<Box<dyn SessionSchedule>>,
    pub(crate) born: Duration,
}

impl Beat {
    pub(crate) fn name(&self) -> &str {
        &self.pulse.name
    }

    pub(crate) fn last(&self) -> Option<Duration> {
        self.pulse
            .last
            .load(Ordering::Relaxed)
            .checked_sub(1)
            .map(Duration::from_nanos)
    }
}

/// Sets a heartbeat up; made by [`HealthCheck::heartbeat`].
#[must_use]
pub struct HeartbeatBuilder {
    health: HealthCheck,
    name: String,
    kind: DependencyType,
    importance: Importance,
    internal: bool,
    readiness: Option<bool>,
    degraded_after: Duration,
    unhealthy_after: Duration,
    grace: Option<Duration>,
    schedule: Option<Box<dyn SessionSchedule>>,
}

impl fmt::Debug for HeartbeatBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeartbeatBuilder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl HeartbeatBuilder {
    pub(crate) fn new(health: HealthCheck, name: String) -> Self {
        Self {
            health,
            name,
            kind: DependencyType::Service,
            importance: Importance::Critical,
            internal: false,
            readiness: None,
            degraded_after: Duration::from_secs(5),
            unhealthy_after: Duration::from_secs(30),
            grace: None,
            schedule: None,
        }
    }

    /// Silence past which it is degraded. Default 5 s.
    pub const fn degraded_after(mut self, silence: Duration) -> Self {
        self.degraded_after = silence;
        self
    }

    /// Silence past which it is unhealthy. Default 30 s.
    pub const fn unhealthy_after(mut self, silence: Duration) -> Self {
        self.unhealthy_after = silence;
        self
    }

    /// One limit for both: unhealthy past it, never degraded.
    pub const fn max_age(mut self, silence: Duration) -> Self {
        self.degraded_after = silence;
        self.unhealthy_after = silence;
        self
    }

    /// How long after a session's open (and after the start) any silence is fine.
    /// Default 60 s with a schedule, none without.
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// When it is expected. Default: always.
    pub fn schedule(mut self, schedule: impl SessionSchedule) -> Self {
        self.schedule = Some(Box::new(schedule));
        self
    }

    /// What kind of thing beats. Default [`DependencyType::Service`].
    pub const fn kind(mut self, kind: DependencyType) -> Self {
        self.kind = kind;
        self
    }

    /// How much it may do to the whole. Default [`Importance::Critical`].
    pub const fn importance(mut self, importance: Importance) -> Self {
        self.importance = importance;
        self
    }

    /// Whether `/ready` is 503 while this is unhealthy. Default: only when critical.
    pub const fn gates_readiness(mut self, yes: bool) -> Self {
        self.readiness = Some(yes);
        self
    }

    /// It is a part of this process: while it is unhealthy, `/liveness` is 503, so that the
    /// supervisor restarts the process. Never for anything outside, which a restart cannot mend.
    pub const fn internal(mut self) -> Self {
        self.internal = true;
        self
    }

    /// Registers it. Its first beat is expected from now on.
    ///
    /// # Errors
    ///
    /// [`HealthError::Invalid`] when the name is taken or bad, a limit is zero or past a day, the
    /// degraded limit is above the unhealthy one, or there are already 1,024 heartbeats.
    pub fn start(self) -> Result<Heartbeat, HealthError> {
        let health = self.health.clone();
        let handle = health.heartbeat_named(&self.name);
        health.exchange(&[], Vec::new(), vec![self])?;
        Ok(handle)
    }

    /// How it is watched, once everything about it is right.
    pub(crate) fn beat(self, problems: &mut Problems) -> Beat {
        let name = &self.name;
        problems.name(name);
        problems.duration(name, "degraded limit", self.degraded_after);
        problems.duration(name, "unhealthy limit", self.unhealthy_after);
        if self.degraded_after > self.unhealthy_after {
            let (lower, upper) = ("degraded limit", "unhealthy limit");
            problems.push(Problem::NotBelow {
                name: name.clone(),
                lower,
                upper,
            });
        }
        if let Some(grace) = self.grace {
            problems.at_most(name, "grace", grace);
        }
        let default_grace = if self.schedule.is_some() {
            Duration::from_secs(60)
        } else {
            Duration::ZERO
        };
        let inner = self.health.inner();
        Beat {
            pulse: inner.pulse(name),
            kind: self.kind,
            importance: self.importance,
            internal: self.internal,
            readiness: self
                .readiness
                .unwrap_or(self.importance == Importance::Critical),
            limits: Limits {
                degraded_after: self.degraded_after,
                unhealthy_after: self.unhealthy_after,
                grace: self.grace.unwrap_or(default_grace),
            },
            schedule: self.schedule,
            born: inner.now(),
        }
    }
}

/// The handle with which something says that it is still there.
///
/// Dropping it does not end the watch: a task that has died must be noticed.
/// To end it on purpose, [`retire`](Self::retire) it.
#[derive(Clone)]
pub struct Heartbeat {
    pulse: Arc<Pulse>,
    inner: Weak<Inner>,
    base: tokio::time::Instant,
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat")
            .field("name", &self.pulse.name)
            .finish_non_exhaustive()
    }
}

impl Heartbeat {
    pub(crate) fn new(pulse: Arc<Pulse>, inner: &Arc<Inner>) -> Self {
        Self {
            pulse,
            inner: Arc::downgrade(inner),
            base: inner.base(),
        }
    }

    /// "Still here": one clock reading and one relaxed store.
    pub fn beat(&self) {
        let nanos = u64::try_from(self.base.elapsed().as_nanos()).unwrap_or(u64::MAX - 1);
        self.pulse
            .last
            .store(nanos.saturating_add(1), Ordering::Relaxed);
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.pulse.name
    }

    /// Ends the watch: the heartbeat disappears from the snapshot.
    pub fn retire(self) {
        if let Some(inner) = self.inner.upgrade() {
            inner.remove_beat(&self.pulse);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        degraded_after: Duration::from_secs(5),
        unhealthy_after: Duration::from_secs(30),
        grace: Duration::from_secs(60),
    };

    /// Seconds; `open` and `last` as `None` mean closed and never.
    #[track_caller]
    fn check(born: u64, last: Option<u64>, open: Option<u64>, now: u64, expected: HealthStatus) {
        let secs = Duration::from_secs;
        let heard = Heard {
            born: secs(born),
            last: last.map(secs),
            open_since: open.map(secs),
        };
        assert_eq!(judge(&LIMITS, heard, secs(now)).status, expected);
    }

    #[test]
    fn table() {
        use HealthStatus::{Degraded, Healthy, Unhealthy};
        // Closed: any silence is right.
        check(0, None, None, 100_000, Healthy);
        // Grace after the open.
        check(0, None, Some(1_000), 1_060, Healthy);
        check(0, Some(900), Some(1_000), 1_060, Healthy);
        check(0, None, Some(1_000), 1_061, Unhealthy);
        // Grace after the start in the middle of a session.
        check(2_000, None, Some(1_000), 2_060, Healthy);
        check(2_000, None, Some(1_000), 2_061, Unhealthy);
        // Silence.
        check(0, Some(2_000), Some(1_000), 2_005, Healthy);
        check(0, Some(2_000), Some(1_000), 2_006, Degraded);
        check(0, Some(2_000), Some(1_000), 2_030, Degraded);
        check(0, Some(2_000), Some(1_000), 2_031, Unhealthy);
        // A beat heals at once.
        check(0, Some(2_031), Some(1_000), 2_031, Healthy);
    }

    #[test]
    fn the_next_look_is_at_the_next_change() {
        let secs = Duration::from_secs;
        let heard = Heard {
            born: secs(0),
            last: Some(secs(100)),
            open_since: Some(secs(0)),
        };
        assert_eq!(judge(&LIMITS, heard, secs(101)).until, Some(secs(105)));
        assert_eq!(judge(&LIMITS, heard, secs(106)).until, Some(secs(130)));
        assert_eq!(judge(&LIMITS, heard, secs(131)).until, None);
    }
}
