//! What a channel is asked to say.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::AlertLevel;
use crate::alert::Alert;
use crate::presentation::Presentation;

/// How the alert in a notification came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AlertStatus {
    /// It is happening.
    Firing,
    /// It is over.
    Resolved,
    /// Somebody tries the channel.
    Test,
    /// One message for many alerts; the lines are in [`Notification::digest`].
    Digest,
}

impl AlertStatus {
    /// `firing`, `resolved`, `test` or `digest`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Test => "test",
            Self::Digest => "digest",
        }
    }
}

impl fmt::Display for AlertStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a channel is asked to say: the alert and how it came about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Notification {
    /// The alert; of a digest, one that sums the lines up.
    pub alert: Alert,
    /// How it came about.
    pub status: AlertStatus,
    /// How many alerts of the same key were held back since the last message.
    pub suppressed: u64,
    /// The service's name.
    pub service: String,
    /// `production`, `staging`, ….
    pub environment: String,
    /// A ULID, the same on every attempt: the idempotency key.
    pub delivery_id: String,
    /// The alerts of a digest, the worst first; empty otherwise.
    pub digest: Vec<DigestLine>,
    /// Language, time zone and links of what people read.
    pub presentation: Arc<Presentation>,
}

impl Notification {
    /// What a manager of this service and environment would hand to a channel, with an id of its own
    /// and the default presentation.
    ///
    /// ```
    /// use bongsu_alerts::{Alert, AlertLevel, AlertStatus, Notification};
    ///
    /// let alert = Alert::new(AlertLevel::Error, "Broker refused an order", "code 4017", "router");
    /// let n = Notification::new(alert, AlertStatus::Firing, "orders", "production").suppressed(2);
    /// assert_eq!((n.service.as_str(), n.suppressed), ("orders", 2));
    /// ```
    #[must_use]
    pub fn new(
        alert: Alert,
        status: AlertStatus,
        service: impl Into<String>,
        environment: impl Into<String>,
    ) -> Self {
        Self {
            alert,
            status,
            suppressed: 0,
            service: service.into(),
            environment: environment.into(),
            delivery_id: Ulid::new().to_string(),
            digest: Vec::new(),
            presentation: Arc::default(),
        }
    }

    /// Sets the idempotency key.
    #[must_use]
    pub fn delivery_id(mut self, id: impl Into<String>) -> Self {
        self.delivery_id = id.into();
        self
    }

    /// Sets how many alerts of the key were held back. Default 0.
    #[must_use]
    pub const fn suppressed(mut self, count: u64) -> Self {
        self.suppressed = count;
        self
    }

    /// Sets a digest's lines. Default none.
    #[must_use]
    pub fn digest(mut self, lines: Vec<DigestLine>) -> Self {
        self.digest = lines;
        self
    }

    /// Sets language, zone and links. Default [`Presentation::default`].
    #[must_use]
    pub fn presentation(mut self, presentation: Arc<Presentation>) -> Self {
        self.presentation = presentation;
        self
    }
}

/// One row of a digest: alerts of one key, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DigestLine {
    /// The worst level seen.
    pub level: AlertLevel,
    /// The title of the newest.
    pub title: String,
    /// The source of the newest.
    pub source: String,
    /// How many there were.
    pub count: u64,
    /// When the first happened.
    pub first: Timestamp,
    /// When the last happened.
    pub last: Timestamp,
    /// When it ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

impl DigestLine {
    /// `count` alerts of one key, between two moments.
    #[must_use]
    pub fn new(
        level: AlertLevel,
        title: impl Into<String>,
        source: impl Into<String>,
        count: u64,
        (first, last): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            level,
            title: title.into(),
            source: source.into(),
            count,
            first,
            last,
            ended: None,
        }
    }

    /// Says that it ended, and when.
    #[must_use]
    pub const fn ended(mut self, at: Timestamp) -> Self {
        self.ended = Some(at);
        self
    }
}

/// The circumstances of one attempt.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// A ULID, the same on every attempt: the idempotency key.
    pub delivery_id: String,
    /// 1 for the first.
    pub attempt: u32,
    /// The wall clock at the start of the attempt.
    pub now: Timestamp,
    /// When the attempt has to be over.
    pub deadline: tokio::time::Instant,
}

impl Attempt {
    /// The first attempt of a delivery, over by `deadline`.
    #[must_use]
    pub fn new(
        delivery_id: impl Into<String>,
        now: Timestamp,
        deadline: tokio::time::Instant,
    ) -> Self {
        Self {
            delivery_id: delivery_id.into(),
            attempt: 1,
            now,
            deadline,
        }
    }

    /// A trial that is no delivery, such as a probe, over in `limit`.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    pub fn trial(limit: std::time::Duration) -> Self {
        let deadline = tokio::time::Instant::now() + limit;
        Self::new("probe", Timestamp::now(), deadline)
    }

    /// Sets which attempt it is; the first is 1.
    #[must_use]
    pub const fn attempt(mut self, number: u32) -> Self {
        self.attempt = number;
        self
    }
}
