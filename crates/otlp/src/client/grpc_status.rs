//! What a receiver's answer over gRPC means.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-response>

use std::time::Duration;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, HeaderName, StatusCode};

use super::answer::{taken, words};
use crate::batch::Answer;
use crate::wire::{Field, fields};

pub(super) const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// The names of the codes, by number.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
const OK: u16 = 0;
const UNKNOWN: u16 = 2;
const RESOURCE_EXHAUSTED: u16 = 8;
/// Those that may be over the next time: CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS.
const PASSING: [u16; 6] = [1, 4, 10, 11, 14, 15];

const RETRY_INFO: &[u8] = b"google.rpc.RetryInfo";

/// What came back of a call.
#[derive(Debug)]
pub(super) struct Reply {
    code: u16,
    message: Vec<u8>,
    /// When to call again.
    retry: Option<Duration>,
    content: Vec<u8>,
}

impl Reply {
    /// By what gRPC said.
    pub(super) fn grpc(trailers: &HeaderMap, content: Vec<u8>) -> Self {
        let code = trailers
            .get(STATUS)
            .and_then(|code| code.to_str().ok()?.parse().ok());
        let message = trailers.get(MESSAGE).map(|text| decoded(text.as_bytes()));
        let details = trailers.get(DETAILS).map(|value| value.as_bytes());
        Self {
            code: code.unwrap_or(UNKNOWN),
            message: message.unwrap_or_default(),
            retry: details.and_then(retry_delay),
            content,
        }
    }

    /// Of something that does not speak gRPC: a proxy on the way, say
    /// (<https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>).
    pub(super) fn http(status: StatusCode) -> Self {
        let code = match status.as_u16() {
            400 => 13,
            401 => 16,
            403 => 7,
            404 => 12,
            429 | 502 | 503 | 504 => 14,
            _ => UNKNOWN,
        };
        Self {
            code,
            message: format!("HTTP status {}", status.as_u16()).into_bytes(),
            retry: None,
            content: Vec::new(),
        }
    }
}

/// The answer, and what there is to say of it.
pub(super) fn read(reply: &Reply) -> (Answer, Option<String>) {
    let answer = match reply.code {
        OK => return taken(unframed(&reply.content)),
        RESOURCE_EXHAUSTED if reply.retry.is_none() => Answer::Refused,
        RESOURCE_EXHAUSTED => Answer::Later(reply.retry),
        code if PASSING.contains(&code) => Answer::Later(reply.retry),
        _ => Answer::Refused,
    };
    let name = match CODES.get(usize::from(reply.code)) {
        Some(name) => (*name).to_owned(),
        None => format!("gRPC status {}", reply.code),
    };
    let said = match words(&reply.message) {
        said if said.is_empty() => name,
        said => format!("{name}: {said}"),
    };
    (answer, Some(said))
}

/// A message without its prefix; nothing where it is packed, which was not asked for.
fn unframed(content: &[u8]) -> &[u8] {
    match content {
        [0, a, b, c, d, message @ ..] => {
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            message.get(..length).unwrap_or_default()
        }
        _ => &[],
    }
}

/// `google.rpc.RetryInfo.retry_delay` in a `google.rpc.Status`.
fn retry_delay(details: &[u8]) -> Option<Duration> {
    let config = GeneralPurposeConfig::new();
    let config = config.with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
    let status = engine.decode(details).ok()?;
    let inside = |message, wanted| {
        fields(message).find_map(move |(field, value)| match value {
            Field::Bytes(bytes) if field == wanted => Some(bytes),
            _ => None,
        })
    };
    let details = fields(&status).filter_map(|(field, value)| match value {
        Field::Bytes(detail) if field == 3 => Some(detail),
        _ => None,
    });
    let mut infos = details.filter(|detail| {
        let kind = inside(detail, 1).and_then(|kind| kind.rsplit(|byte| *byte == b'/').next());
        kind == Some(RETRY_INFO)
    });
    let delay = inside(inside(infos.next()?, 2).unwrap_or_default(), 1).unwrap_or_default();
    let number = |wanted| {
        fields(delay).find_map(|(field, value)| match value {
            Field::Number(number) if field == wanted => Some(number),
            _ => None,
        })
    };
    // A negative time is none.
    let seconds = i64::try_from(number(1).unwrap_or_default()).unwrap_or_default();
    let nanos = u32::try_from(number(2).unwrap_or_default()).unwrap_or_default();
    Some(Duration::new(
        seconds.unsigned_abs(),
        nanos.min(999_999_999),
    ))
}

/// Without its percent signs.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.first_chunk::<2>().filter(|_| byte == b'%');
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &after[2..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};

    use super::*;
    use crate::wire::Message;

    fn status(retry: Option<(u64, u64)>) -> Vec<u8> {
        let any = |m: &mut Message, kind: &str, value: &[u8]| {
            m.inside(3, |m| {
                m.text(1, &format!("type.googleapis.com/{kind}"));
                m.bytes(2, value);
            });
        };
        Message::of(|m| {
            m.uint(1, 14);
            m.text(2, "later");
            any(m, "google.rpc.DebugInfo", b"");
            if let Some((seconds, nanos)) = retry {
                let info = Message::of(|m| {
                    m.inside(1, |m| {
                        m.uint(1, seconds);
                        m.uint(2, nanos);
                    });
                });
                any(m, "google.rpc.RetryInfo", &info);
            }
        })
    }

    fn answered(code: u16, details: &[u8]) -> Answer {
        let encodings = [
            BASE64_STANDARD.encode(details),
            BASE64_STANDARD_NO_PAD.encode(details),
        ];
        let [padded, bare] = encodings.map(|encoded| {
            let mut trailers = HeaderMap::new();
            trailers.insert(STATUS, code.into());
            trailers.insert(DETAILS, encoded.parse().unwrap());
            read(&Reply::grpc(&trailers, Vec::new())).0
        });
        assert_eq!(padded, bare);
        padded
    }

    /// The table of the specification.
    #[test]
    fn which_codes_pass() {
        for code in 0..=17 {
            let want = match code {
                0 => Answer::Taken { rejected: 0 },
                1 | 4 | 10 | 11 | 14 | 15 => Answer::Later(None),
                _ => Answer::Refused,
            };
            assert_eq!(answered(code, &status(None)), want, "{code}");
        }
        let said = answered(8, &status(Some((7, 500_000_000))));
        assert_eq!(said, Answer::Later(Some(Duration::from_millis(7_500))));
        assert_eq!(answered(3, &status(Some((7, 0)))), Answer::Refused);
    }

    #[test]
    fn when_to_call_again() {
        let later = |seconds| Answer::Later(Some(Duration::from_secs(seconds)));
        assert_eq!(answered(14, &status(Some((3, 0)))), later(3));
        assert_eq!(answered(14, &status(Some((0, 0)))), later(0));
        assert_eq!(answered(14, &status(Some((u64::MAX, 0)))), later(0));
        let nanos = answered(14, &status(Some((1, u64::MAX))));
        assert_eq!(nanos, later(1));
        assert_eq!(answered(14, b"no message"), Answer::Later(None));
    }

    #[test]
    fn what_is_said() {
        let said = |lines: &[(&'static str, &str)]| {
            let mut trailers = HeaderMap::new();
            for (name, value) in lines {
                trailers.insert(*name, value.parse().unwrap());
            }
            read(&Reply::grpc(&trailers, Vec::new()))
        };
        let (answer, words) = said(&[
            ("grpc-status", "16"),
            ("grpc-message", "no%20token%0Ahere%"),
        ]);
        assert_eq!(answer, Answer::Refused);
        assert_eq!(words.as_deref(), Some("UNAUTHENTICATED: no token here%"));
        let (answer, words) = said(&[("grpc-status", "99")]);
        assert_eq!(
            (answer, &*words.unwrap()),
            (Answer::Refused, "gRPC status 99")
        );
        for nothing in [&[][..], &[("grpc-status", "x")]] {
            assert_eq!(said(nothing).1.as_deref(), Some("UNKNOWN"));
        }
        for (status, want) in [
            (503, "UNAVAILABLE: HTTP status 503"),
            (404, "UNIMPLEMENTED: HTTP status 404"),
        ] {
            let reply = Reply::http(StatusCode::from_u16(status).unwrap());
            assert_eq!(read(&reply).1.as_deref(), Some(want));
        }
    }

    #[test]
    fn a_part_may_be_taken() {
        let part = Message::of(|m| {
            m.inside(1, |m| {
                m.uint(1, 3);
                m.text(2, "too old");
            });
        });
        let mut trailers = HeaderMap::new();
        trailers.insert(STATUS, 0.into());
        let check = |content: Vec<u8>, rejected: u64| {
            let (answer, said) = read(&Reply::grpc(&trailers, content));
            assert_eq!(answer, Answer::Taken { rejected });
            assert_eq!(said.is_some(), rejected > 0);
        };
        let framed = |flag: u8, length: usize| {
            let length = (length as u32).to_be_bytes();
            [&[flag][..], &length, &part].concat()
        };
        check(framed(0, part.len()), 3);
        check(framed(1, part.len()), 0);
        check(framed(0, part.len() + 1), 0);
        check(Vec::new(), 0);
    }
}
