//! The outgoing dead-man's switch: one fire burning, every minute, so that silence is the alarm.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::channel::Attempt;
use crate::channels::{ChannelConfigError, Problem, Problems};
use crate::http::{Endpoint, HttpOptions, Request};
use bongsu_secret::Secret;

/// After a beat that failed, the next one does not wait for the whole interval.
const RETRY: Duration = Duration::from_secs(10);

type Condition = Arc<dyn Fn() -> bool + Send + Sync>;

/// Calls a URL again and again while the service lives; the far side (healthchecks.io, Uptime Kuma,
/// Dead Man's Snitch, a cron monitor) raises the alarm when the calls stop.
///
/// ```
/// use bongsu_alerts::heartbeat::Heartbeat;
///
/// let heartbeat = Heartbeat::new("https://hc-ping.com/0f2a")?.only_when(|| true);
/// let beating = heartbeat.run(); // to be spawned
/// # drop(beating);
/// assert_eq!(heartbeat.status().sent, 0);
/// # Ok::<(), bongsu_alerts::channels::ChannelConfigError>(())
/// ```
#[derive(Clone)]
pub struct Heartbeat {
    endpoint: Endpoint,
    post: bool,
    interval: Duration,
    condition: Option<Condition>,
    status: Arc<Mutex<HeartbeatStatus>>,
}

/// How the beats went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeartbeatStatus {
    /// Beats that were answered with 2xx.
    pub sent: u64,
    /// Beats that were not.
    pub failed: u64,
    /// Beats left out because the condition did not hold.
    pub withheld: u64,
    /// When the last answered beat began.
    pub last_success: Option<Timestamp>,
    /// Why the last beat failed; `None` after a success.
    pub last_error: Option<String>,
}

impl std::fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Heartbeat")
            .field("host", &self.endpoint.host())
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

impl Heartbeat {
    /// A `GET` every minute. The URL may hold a credential.
    ///
    /// # Errors
    /// When it is no `http` or `https` URL.
    pub fn new(url: impl Into<Secret>) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("heartbeat");
        let endpoint = problems.keep("url", Endpoint::open(url));
        Ok(Self {
            endpoint: problems.finish(endpoint)?,
            post: false,
            interval: Duration::from_secs(60),
            condition: None,
            status: Arc::default(),
        })
    }

    /// Sets the time between beats; default 60 s.
    ///
    /// # Errors
    /// When it is shorter than a tenth of a second.
    pub fn interval(mut self, interval: Duration) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("heartbeat");
        if interval < Duration::from_millis(100) {
            problems.add("interval", Problem::OutOfRange("at least 100 ms"));
        }
        self.interval = interval;
        problems.finish(Some(self))
    }

    /// Sends an empty `POST` in place of a `GET`.
    #[must_use]
    pub fn post(mut self) -> Self {
        self.post = true;
        self
    }

    /// Beats only while this holds: a service that lives but cannot work should fall silent too.
    #[must_use]
    pub fn only_when(mut self, condition: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.condition = Some(Arc::new(condition));
        self
    }

    /// Sets how to connect.
    ///
    /// # Errors
    /// When the certificate or the proxy cannot be used.
    pub fn with_http(mut self, options: &HttpOptions) -> Result<Self, ChannelConfigError> {
        self.endpoint = Problems::connected("heartbeat", self.endpoint, options)?;
        Ok(self)
    }

    /// How the beats went so far.
    #[must_use]
    pub fn status(&self) -> HeartbeatStatus {
        self.lock().clone()
    }

    /// Beats at once and then at every interval; sooner after a failure. Never ends.
    pub fn run(&self) -> impl Future<Output = ()> + Send + 'static {
        let heartbeat = self.clone();
        async move {
            loop {
                let started = Instant::now();
                let pause = if heartbeat.beat().await {
                    heartbeat.interval
                } else {
                    RETRY.min(heartbeat.interval / 2)
                };
                tokio::time::sleep_until(started + pause).await;
            }
        }
    }

    /// Whether the next beat may wait for the whole interval.
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    async fn beat(&self) -> bool {
        if self.condition.as_ref().is_some_and(|holds| !holds()) {
            self.lock().withheld += 1;
            return true;
        }
        let now = Timestamp::now();
        let request = if self.post {
            Request::empty_post()
        } else {
            Request::get()
        };
        let limit = self.interval.max(Duration::from_secs(1));
        let cx = Attempt::new("heartbeat", now, Instant::now() + limit);
        let failure = match self.endpoint.send(&cx, request).await {
            Ok(answer) if answer.is_success() => None,
            Ok(answer) => Some(answer.reason()),
            Err(outcome) => Some(outcome.reason().to_owned()),
        };
        let mut status = self.lock();
        match failure {
            None => {
                status.sent += 1;
                status.last_success = Some(now);
                status.last_error = None;
                true
            }
            Some(reason) => {
                status.failed += 1;
                if status.last_error.is_none() {
                    tracing::warn!(reason, "heartbeat: not answered");
                }
                status.last_error = Some(reason);
                false
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HeartbeatStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
