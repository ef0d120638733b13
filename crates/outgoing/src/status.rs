//! How a call ended.

use std::error::Error;
use std::fmt;
use std::io;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// A server answered with this status of HTTP.
    Answered(u16),
    /// A database or a cache did what it was asked for.
    Success,
    /// There was no answer in time, or not the whole of it.
    TimedOut,
    /// Nothing listens there.
    Refused,
    /// There is no way to it.
    Unreachable,
    /// The name has no address.
    Dns,
    /// The other side is not who it should be, or does not speak TLS.
    Tls,
    /// The connection was cut before the answer was whole.
    Reset,
    /// There was no answer, or not the whole of it, for another reason.
    Failed,
    /// Nobody waited for the answer any more.
    Cancelled,
}

/// Words of errors that have no type that could be asked: those of `hyper`, `rustls` and `tower`.
const WORDS: [(&str, Status); 9] = [
    ("dns error", Status::Dns),
    ("failed to lookup address", Status::Dns),
    ("operation timed out", Status::TimedOut),
    ("request timed out", Status::TimedOut),
    ("deadline has elapsed", Status::TimedOut),
    ("connection closed before message completed", Status::Reset),
    ("invalid peer certificate", Status::Tls),
    ("received corrupt message", Status::Tls),
    ("received fatal alert", Status::Tls),
];

impl Status {
    /// Whether the called is at fault: no answer, or a status from 500 on.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        !matches!(
            self,
            Self::Answered(..500) | Self::Success | Self::Cancelled
        )
    }

    /// What an error stands for, by it and what it came of.
    ///
    /// ```
    /// use bongsu_outgoing::Status;
    ///
    /// let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    /// assert_eq!(Status::of_error(&refused), Status::Refused);
    /// assert_eq!(Status::Refused.to_string(), "refused");
    /// ```
    #[must_use]
    pub fn of_error(error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(io) = error.downcast_ref::<io::Error>() {
                if let Some(status) = of_io(io.kind()) {
                    return status;
                }
                // What is inside is not its source: that is the source of what is inside.
                if let Some(inside) = io.get_ref() {
                    next = Some(inside);
                    continue;
                }
            }
            if !shows_its_url(error) {
                let text = error.to_string();
                let known = WORDS.iter().find(|(words, _)| text.starts_with(words));
                if let Some((_, status)) = known {
                    return *status;
                }
            }
            next = error.source();
        }
        Self::Failed
    }
}

/// Such a text says what somebody else chose.
fn shows_its_url(_error: &(dyn Error + 'static)) -> bool {
    #[cfg(feature = "reqwest")]
    return _error.is::<reqwest::Error>();
    #[cfg(not(feature = "reqwest"))]
    false
}

fn of_io(kind: io::ErrorKind) -> Option<Status> {
    Some(match kind {
        io::ErrorKind::ConnectionRefused => Status::Refused,
        io::ErrorKind::TimedOut => Status::TimedOut,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Status::Unreachable,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Status::Reset,
        _ => return None,
    })
}

impl From<u16> for Status {
    fn from(status: u16) -> Self {
        Self::Answered(status)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answered(status) => return write!(f, "{status}"),
            Self::Success => "success",
            Self::TimedOut => "timeout",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::Failed => "error",
            Self::Cancelled => "cancelled",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_inside_errors_are_seen() {
        let inner = io::Error::from(io::ErrorKind::ConnectionRefused);
        let cases = [
            (io::Error::other(inner), Status::Refused),
            (
                io::Error::other("invalid peer certificate: UnknownIssuer"),
                Status::Tls,
            ),
            (io::Error::other("it timed out for refused"), Status::Failed),
            (io::Error::from(io::ErrorKind::UnexpectedEof), Status::Reset),
        ];
        for (error, status) in cases {
            assert_eq!(Status::of_error(&error), status, "{error:?}");
        }
    }

    #[test]
    fn who_is_at_fault() {
        for status in [Status::Answered(499), Status::Success, Status::Cancelled] {
            assert!(!status.is_failure(), "{status}");
        }
        for status in [
            Status::Answered(500),
            Status::Dns,
            Status::Failed,
            Status::Reset,
        ] {
            assert!(status.is_failure(), "{status}");
        }
    }
}
