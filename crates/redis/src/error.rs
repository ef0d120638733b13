//! What may go wrong, without a secret in it.

use std::time::Duration;

use bongsu_connect::ConnectError;

/// The URL is not one of a Redis. The reason never quotes it: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct UrlError {
    reason: String,
}

impl UrlError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

/// Redis did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No connection: refused, no such name, no such socket.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The unix socket does not accept.
    #[error("connect {path}: {error}")]
    Socket {
        /// The socket.
        path: String,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// The TLS handshake failed.
    #[error("TLS with {target}: {error}")]
    Tls {
        /// Host and port.
        target: String,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// The private CA cannot be used.
    #[error("the CA of the redis URL: {reason}")]
    Ca {
        /// The file, and why.
        reason: String,
    },
    /// No answer in time.
    #[error("no answer within {}ms", limit.as_millis())]
    Timeout {
        /// The time limit.
        limit: Duration,
    },
    /// The server ended the connection.
    #[error("the server hung up")]
    HungUp,
    /// What was answered is not RESP.
    #[error("the answer is not Redis's protocol")]
    NotRedis,
    /// More was answered than a client of this kind takes in.
    #[error("the answer is longer than is accepted")]
    TooLong,
    /// The server said no, in its own words: `NOAUTH …`, `LOADING …`, `READONLY …`.
    #[error("{0}")]
    Server(String),
    /// The Sentinels did not lead to a primary.
    #[error("no Sentinel knows a primary called {name}: {reason}")]
    NoPrimary {
        /// The name in the URL.
        name: String,
        /// What the last Sentinel, or the server it named, said.
        reason: String,
    },
    /// Something else of the connection.
    #[error("{0}")]
    Io(String),
}

impl Error {
    /// Whether the server surely did nothing: no connection came about.
    #[must_use]
    pub const fn is_unreached(&self) -> bool {
        matches!(
            self,
            Self::Connect(_)
                | Self::Socket { .. }
                | Self::Tls { .. }
                | Self::Ca { .. }
                | Self::NoPrimary { .. }
        )
    }
}
