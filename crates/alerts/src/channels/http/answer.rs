//! What came back, and what is the same for every service.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::channel::Outcome;
use crate::render::fit::{Unit, fit, one_line, verbatim};

/// The most bytes of an answer that are read.
pub(super) const MAX_ANSWER: usize = 64 * 1024;

/// An answer, its body cut at [`MAX_ANSWER`].
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
    /// Whether all of the body, or as much as is ever read, arrived.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// `HTTP 400: what it said`, with everything in `secrets` taken out: servers like to quote.
    pub(crate) fn reason<S: AsRef<str>>(&self, secrets: &[S]) -> String {
        let mut said = self.text().into_owned();
        for secret in secrets {
            said = said.replace(secret.as_ref(), bongsu_secret::MASK);
        }
        let said = fit(&one_line(&said), 200, Unit::Chars, verbatim).text;
        if said.is_empty() {
            format!("HTTP {}", self.status)
        } else {
            format!("HTTP {}: {said}", self.status)
        }
    }

    /// The outcome where every channel agrees: an overloaded or failing server, a redirect.
    pub(crate) fn common<S: AsRef<str>>(&self, secrets: &[S]) -> Option<Outcome> {
        match self.status {
            408 | 425 | 429 | 500..=599 => Some(Outcome::Transient {
                reason: self.reason(secrets),
                retry_after: self.retry_after,
                // A gateway that gave up may have passed the message on.
                maybe_delivered: matches!(self.status, 500 | 502 | 504),
            }),
            100..=199 | 300..=399 => Some(Outcome::permanent(format!(
                "HTTP {}: redirects are not followed",
                self.status
            ))),
            _ => None,
        }
    }
}

/// `Retry-After`: seconds, or one of HTTP's three date forms seen from `now`.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    const MOST: u64 = 30 * 24 * 3600;
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(MOST as f64)));
    }
    let at = jiff::fmt::rfc2822::parse(value)
        .map(|zoned| zoned.timestamp())
        .ok()
        .or_else(|| {
            ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
                .iter()
                .find_map(|format| jiff::civil::DateTime::strptime(format, value).ok())
                .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok())
                .map(|zoned| zoned.timestamp())
        })?;
    let seconds = at.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(
        u64::try_from(seconds).unwrap_or(0).min(MOST),
    ))
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::super::secrets_of;
    use super::*;

    #[test]
    fn retry_after_both_ways() {
        let now = Timestamp::from_second(784_111_777).unwrap();
        let check = |value: &str, want: Option<u64>| {
            assert_eq!(
                retry_after(value, now),
                want.map(Duration::from_secs),
                "{value:?}"
            );
        };
        check("7", Some(7));
        check(" 120 ", Some(120));
        check("0", Some(0));
        check("-5", None);
        check("NaN", None);
        check("inf", Some(30 * 24 * 3600));
        check("99999999999999", Some(30 * 24 * 3600));
        check("soon", None);
        check("", None);
        check("Sun, 06 Nov 1994 08:50:37 GMT", Some(60));
        check("Sunday, 06-Nov-94 08:50:37 GMT", Some(60));
        check("Sun Nov  6 08:50:37 1994", Some(60));
        check("Sun, 06 Nov 1994 08:49:00 GMT", Some(0));
    }

    #[test]
    fn a_reason_does_not_quote_the_secret() {
        let url = Url::parse("https://hooks.example/services/T0/B0/xyz?token=abcd").unwrap();
        let answer = Answer {
            status: 400,
            retry_after: None,
            body: b"cannot POST /services/T0/B0/xyz?token=abcd\r\nsorry, abcd is unknown".to_vec(),
            complete: true,
        };
        assert_eq!(
            answer.reason(&secrets_of(&url)),
            "HTTP 400: cannot POST /***?*** sorry, *** is unknown"
        );
    }
}
