//! What came back, and what is the same for every service.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::channel::{Attempt, Outcome};
use crate::render::fit::{Unit, fit, one_line, verbatim};

/// The most bytes of an answer that are read.
pub(super) const MAX_ANSWER: usize = 64 * 1024;
/// Attempts for which a wrong address is taken for a passing fault: an ingress in the middle of a
/// redeployment answers 404, 403 and redirects for a minute or two.
const PASSING: u32 = 5;

/// An answer, its body cut at 64 KiB.
#[derive(Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// How long the far side asks to be left alone, from `Retry-After` in any of its three forms.
    pub retry_after: Option<Duration>,
    /// The body. It may quote a secret: [`Answer::reason`] does not.
    pub body: Vec<u8>,
    /// Whether all of the body, or as much as is ever read, arrived.
    pub complete: bool,
    pub(super) secrets: Arc<[String]>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason())
    }
}

impl Answer {
    /// A complete answer without headers: to try an outcome table on.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            retry_after: None,
            body: body.into(),
            complete: true,
            secrets: Arc::default(),
        }
    }

    /// Whether it is a 2xx.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The body as text, whatever it is.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON, if it is.
    #[must_use]
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// `HTTP 400: what it said`, with every secret taken out: servers like to quote.
    #[must_use]
    pub fn reason(&self) -> String {
        self.saying(&self.text())
    }

    /// `HTTP 400: text`, with every secret taken out.
    #[must_use]
    pub fn saying(&self, text: &str) -> String {
        let mut said = text.to_owned();
        for secret in &*self.secrets {
            said = said.replace(secret.as_str(), bongsu_secret::MASK);
        }
        let said = fit(&one_line(&said), 200, Unit::Chars, verbatim).text;
        if said.is_empty() {
            format!("HTTP {}", self.status)
        } else {
            format!("HTTP {}: {said}", self.status)
        }
    }

    /// What the status alone means:
    ///
    /// | status | outcome |
    /// |---|---|
    /// | 2xx | delivered |
    /// | 408, 425, 429, 5xx | transient, after `Retry-After`; behind a 502 or 504 it may have arrived |
    /// | 1xx, 3xx, 403, 404, 405 | transient for five attempts, then the channel is broken |
    /// | 401, 407, 410 | the channel is broken |
    /// | any other | permanent |
    #[must_use]
    pub fn outcome(&self, cx: &Attempt) -> Outcome {
        match self.status {
            200..=299 => Outcome::delivered(),
            408 | 425 | 429 | 500..=599 => Outcome::Transient {
                reason: self.reason(),
                retry_after: self.retry_after,
                // A gateway that gave up may have passed the message on.
                maybe_delivered: matches!(self.status, 502 | 504),
            },
            100..=199 | 300..=399 => self.misplaced(
                cx,
                format!("HTTP {}: redirects are not followed", self.status),
            ),
            403..=405 => self.misplaced(cx, self.reason()),
            401 | 407 | 410 => Outcome::broken(self.reason()),
            _ => Outcome::permanent(self.reason()),
        }
    }

    /// Somebody else answered, or the address is wrong: at first that may pass, later it needs mending.
    fn misplaced(&self, cx: &Attempt, reason: String) -> Outcome {
        if cx.attempt > PASSING {
            return Outcome::broken(reason);
        }
        Outcome::Transient {
            reason,
            retry_after: self.retry_after,
            maybe_delivered: false,
        }
    }

    /// The longer of `Retry-After` and what the body asks for, in seconds.
    #[must_use]
    pub fn retry_after_or(&self, seconds: Option<f64>) -> Option<Duration> {
        let asked = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        asked.max(self.retry_after)
    }
}
