//! A check: what to ask, how often, how long to wait, and how much it matters.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use crate::error::Problems;
use crate::sanitize::sanitize;
use crate::state::Rules;
use crate::status::{DependencyType, Importance};

/// How often a check runs unless said otherwise.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);
/// How long one run may take unless said otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

/// Something that can be asked whether it works.
///
/// One call is one attempt. It must be cancel-safe: past the check's timeout the future is dropped.
/// It must not block the thread: blocking work belongs in `tokio::task::spawn_blocking`.
#[async_trait]
pub trait Probe: Send + Sync + 'static {
    /// Asks once.
    ///
    /// # Errors
    ///
    /// When the dependency does not work.
    async fn check(&self) -> Result<CheckOutput, CheckError>;

    /// Asked when a run has gone past its timeout: why that may be, if the probe knows better than
    /// "no answer within 2s". Must not block.
    fn explain_timeout(&self) -> Option<String> {
        None
    }

    /// Asked when a snapshot is put together: whether there is anything to ask of yet. A check of which there is not
    /// is left out.
    fn is_used(&self) -> bool {
        true
    }

    /// Asked once, when the health value is built: what is wrong with this probe's settings, if
    /// anything. The answer must not hold a credential.
    fn problem(&self) -> Option<String> {
        None
    }
}

/// What a successful run has to say.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct CheckOutput {
    pub(crate) degraded: bool,
    pub(crate) message: Option<String>,
    pub(crate) metadata: BTreeMap<String, Value>,
}

impl CheckOutput {
    /// It works.
    pub fn ok() -> Self {
        Self::default()
    }

    /// It works, but not well: the check becomes degraded, with this message.
    pub fn degraded(message: impl AsRef<str>) -> Self {
        Self {
            degraded: true,
            ..Self::default()
        }
        .message(message)
    }

    /// Something to show beside the status. Cleaned of credentials and cut at 300 bytes.
    pub fn message(mut self, message: impl AsRef<str>) -> Self {
        self.message = Some(sanitize(message.as_ref()));
        self
    }

    /// A figure to show in the detailed body. At most 32 are kept; text is cleaned like a message.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            Value::String(text) => Value::String(sanitize(&text)),
            other => other,
        };
        let key = key.into();
        if self.metadata.len() < 32 || self.metadata.contains_key(&key) {
            self.metadata.insert(key, value);
        }
        self
    }
}

/// Why a run failed. The text is cleaned of credentials at once, so that no later reader can
/// show what was never kept.
///
/// Any error converts with `?`; its causes are joined with `: `. For that it is not itself a
/// [`std::error::Error`].
#[derive(Clone, PartialEq, Eq)]
pub struct CheckError {
    message: String,
}

impl CheckError {
    /// With this text, cleaned and cut at 300 bytes.
    #[must_use]
    pub fn new(message: impl AsRef<str>) -> Self {
        Self {
            message: sanitize(message.as_ref()),
        }
    }

    /// The cleaned text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Debug for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CheckError").field(&self.message).finish()
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: std::error::Error> From<E> for CheckError {
    fn from(error: E) -> Self {
        Self::new(bongsu_text::chain(&error))
    }
}

/// One thing to look at in the background.
///
/// ```
/// use std::time::Duration;
/// use bongsu_health::{Check, CheckOutput, DependencyType, Importance};
///
/// let broker = Check::new("broker", DependencyType::ExternalApi, || async {
///     // ask the broker …
///     Ok(CheckOutput::ok().metadata("session", "open"))
/// })
/// .interval(Duration::from_secs(5))
/// .timeout(Duration::from_secs(1))
/// .degraded_above(Duration::from_millis(300))
/// .importance(Importance::Degrading);
/// # let _ = broker;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Check {
    pub(crate) name: String,
    pub(crate) kind: DependencyType,
    pub(crate) probe: Arc<dyn Probe>,
    pub(crate) interval: Duration,
    pub(crate) fast_interval: Option<Duration>,
    pub(crate) timeout: Duration,
    pub(crate) importance: Importance,
    degraded_above: Option<Duration>,
    fall: u32,
    rise: u32,
    readiness: Option<bool>,
    startup: Option<bool>,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("interval", &self.interval)
            .field("timeout", &self.timeout)
            .field("importance", &self.importance)
            .finish_non_exhaustive()
    }
}

impl Check {
    /// A check made of an async closure. A [`CheckError`] comes out of any error by `?`.
    pub fn new<F, Fut>(name: impl Into<String>, kind: DependencyType, ask: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<CheckOutput, CheckError>> + Send + 'static,
    {
        Self::from_probe(name, kind, Closure(ask))
    }

    /// A check made of a reusable [`Probe`].
    pub fn from_probe(name: impl Into<String>, kind: DependencyType, probe: impl Probe) -> Self {
        Self {
            name: name.into(),
            kind,
            probe: Arc::new(probe),
            interval: DEFAULT_INTERVAL,
            fast_interval: None,
            timeout: DEFAULT_TIMEOUT,
            importance: Importance::default(),
            degraded_above: None,
            fall: 2,
            rise: 2,
            readiness: None,
            startup: None,
        }
    }

    /// Time from the start of a run to the start of the next, ±10 % of jitter. Default 10 s.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The interval while the check is anything but healthy, so that a failure is confirmed and a
    /// recovery seen sooner. Default: the same as [`interval`](Self::interval).
    pub const fn fast_interval(mut self, interval: Duration) -> Self {
        self.fast_interval = Some(interval);
        self
    }

    /// How long one run may take; past it the run has failed. Default 2 s.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How much the check may do to the whole. Default [`Importance::Critical`].
    pub const fn importance(mut self, importance: Importance) -> Self {
        self.importance = importance;
        self
    }

    /// A successful run slower than this makes the check degraded. Default: by the kind,
    /// see [`DependencyType::default_degraded_above`].
    pub const fn degraded_above(mut self, limit: Duration) -> Self {
        self.degraded_above = Some(limit);
        self
    }

    /// Failures in a row that make it unhealthy; before that it is degraded. Default 2.
    pub const fn failure_threshold(mut self, failures: u32) -> Self {
        self.fall = failures;
        self
    }

    /// Successes in a row that make it healthy again. Default 2.
    pub const fn success_threshold(mut self, successes: u32) -> Self {
        self.rise = successes;
        self
    }

    /// Whether `/ready` is 503 while this is unhealthy or stale. Default: only when critical.
    pub const fn gates_readiness(mut self, yes: bool) -> Self {
        self.readiness = Some(yes);
        self
    }

    /// Whether the service counts as starting until this has succeeded once.
    /// Default: only when critical.
    pub const fn gates_startup(mut self, yes: bool) -> Self {
        self.startup = Some(yes);
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn in_readiness(&self) -> bool {
        self.readiness
            .unwrap_or(self.importance == Importance::Critical)
    }

    pub(crate) fn in_startup(&self) -> bool {
        self.startup
            .unwrap_or(self.importance == Importance::Critical)
    }

    /// From which response time a success counts as slow.
    pub(crate) fn slow_above(&self) -> Option<Duration> {
        self.degraded_above.or(self.kind.default_degraded_above())
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules {
            fall: self.fall,
            rise: self.rise,
            stale_after: Rules::stale_after(self.interval, self.timeout),
        }
    }

    pub(crate) fn validate(&self, problems: &mut Problems) {
        use crate::error::Problem;
        let name = &self.name;
        problems.name(name);
        problems.duration(name, "interval", self.interval);
        problems.duration(name, "timeout", self.timeout);
        if let Some(fast) = self.fast_interval {
            problems.duration(name, "fast interval", fast);
        }
        if let Some(limit) = self.degraded_above {
            problems.duration(name, "slow limit", limit);
            if limit >= self.timeout {
                problems.push(Problem::NotBelow {
                    name: name.clone(),
                    lower: "slow limit",
                    upper: "timeout",
                });
            }
        }
        if let Some(reason) = self.probe.problem() {
            problems.push(Problem::InvalidProbe {
                name: name.clone(),
                reason,
            });
        }
        for (what, value) in [
            ("failure threshold", self.fall),
            ("success threshold", self.rise),
        ] {
            if value == 0 {
                problems.push(Problem::Zero {
                    name: name.clone(),
                    what,
                });
            }
        }
    }
}

struct Closure<F>(F);

#[async_trait]
impl<F, Fut> Probe for Closure<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<CheckOutput, CheckError>> + Send + 'static,
{
    async fn check(&self) -> Result<CheckOutput, CheckError> {
        (self.0)().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("could not ask")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn an_error_carries_its_causes_and_no_credentials() {
        let inner = std::io::Error::other("no route to https://bob:pw@host/x?y");
        let error = CheckError::from(Outer(inner));
        assert_eq!(error.message(), "could not ask: no route to https://host/…");
        assert!(!format!("{error:?} {error}").contains("pw"));
    }

    #[test]
    fn metadata_is_bounded_and_cleaned() {
        let mut output = CheckOutput::ok().metadata("url", "redis://:pw@host:1");
        for n in 0..100 {
            output = output.metadata(format!("k{n}"), n);
        }
        assert_eq!(output.metadata.len(), 32);
        assert_eq!(output.metadata["url"], "redis://host:1/…");
    }

    #[test]
    fn groups_follow_importance_unless_said() {
        let check = |importance| {
            Check::new("c", DependencyType::Cache, || async {
                Ok(CheckOutput::ok())
            })
            .importance(importance)
        };
        assert!(check(Importance::Critical).in_readiness());
        assert!(!check(Importance::Degrading).in_readiness());
        assert!(
            check(Importance::Degrading)
                .gates_readiness(true)
                .in_readiness()
        );
        assert!(
            !check(Importance::Critical)
                .gates_startup(false)
                .in_startup()
        );
    }
}
