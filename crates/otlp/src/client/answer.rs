//! What a receiver's answer over HTTP means.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp-response>

use std::time::Duration;

use jiff::Timestamp;

use crate::batch::Answer;
use crate::wire::{Field, fields};

/// Letters of a receiver's own words that are quoted.
const LONGEST: usize = 200;

/// The answer, and what there is to say of it.
pub(super) fn read(
    status: u16,
    retry_after: Option<&str>,
    body: &[u8],
    now: Timestamp,
) -> (Answer, Option<String>) {
    match status {
        200..=299 => taken(body),
        429 | 502 | 503 | 504 => {
            let wait = retry_after.and_then(|value| wait(value, now));
            (Answer::Later(wait), Some(format!("status {status}")))
        }
        _ => {
            let text = words(body);
            (Answer::Refused, Some(format!("status {status}: {text}")))
        }
    }
}

/// The answer to a request that was taken, at least in part.
pub(super) fn taken(message: &[u8]) -> (Answer, Option<String>) {
    let (rejected, message) = partial_success(message);
    let said = (rejected > 0 || !message.is_empty())
        .then(|| format!("{rejected} were not taken: {message}"));
    (Answer::Taken { rejected }, said)
}

/// `Export…ServiceResponse.partial_success`, alike for the three: how many were not taken, and why.
fn partial_success(body: &[u8]) -> (u64, String) {
    let (mut rejected, mut message) = (0, String::new());
    for (field, value) in fields(body) {
        if let (1, Field::Bytes(inside)) = (field, value) {
            for field in fields(inside) {
                match field {
                    (1, Field::Number(number)) => rejected = number,
                    (2, Field::Bytes(text)) => {
                        message = words(text);
                    }
                    _ => {}
                }
            }
        }
    }
    // A negative number is none.
    (
        if rejected > i64::MAX as u64 {
            0
        } else {
            rejected
        },
        message,
    )
}

pub(super) fn words(text: &[u8]) -> String {
    let text = bongsu_text::one_line(&String::from_utf8_lossy(text));
    bongsu_text::clip(&text, LONGEST).into_owned()
}

/// `Retry-After`: seconds, or a date.
fn wait(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(until.duration_since(now).try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Message;

    #[test]
    fn answers() {
        let now: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        let check = |status, retry: Option<&str>, want: Answer| {
            assert_eq!(read(status, retry, b"", now).0, want, "{status} {retry:?}");
        };
        let later = |seconds: Option<u64>| Answer::Later(seconds.map(Duration::from_secs));
        check(200, None, Answer::Taken { rejected: 0 });
        check(202, None, Answer::Taken { rejected: 0 });
        for status in [429, 502, 503, 504] {
            check(status, None, later(None));
            check(status, Some(" 7 "), later(Some(7)));
            check(
                status,
                Some("Mon, 02 Mar 2026 00:00:30 GMT"),
                later(Some(30)),
            );
            check(
                status,
                Some("Sun, 01 Mar 2026 00:00:00 GMT"),
                later(Some(0)),
            );
            check(status, Some("soon"), later(None));
        }
        for status in [301, 400, 401, 403, 404, 408, 413, 415, 500, 501] {
            check(status, Some("7"), Answer::Refused);
        }
    }

    #[test]
    fn a_part_may_be_taken() {
        let answer = |rejected: u64, message: &str| {
            Message::of(|m| {
                m.inside(1, |m| {
                    m.uint(1, rejected);
                    m.text(2, message);
                });
            })
        };
        let check = |body: &[u8], want: u64, says: bool| {
            let (got, said) = read(200, None, body, Timestamp::UNIX_EPOCH);
            assert_eq!(
                (got, said.is_some()),
                (Answer::Taken { rejected: want }, says)
            );
        };
        check(&answer(3, "too old"), 3, true);
        check(&answer(0, "deprecated"), 0, true);
        check(&answer(0, ""), 0, false);
        check(&answer(u64::MAX, "x"), 0, true);
        check(b"no message at all", 0, false);
    }
}
