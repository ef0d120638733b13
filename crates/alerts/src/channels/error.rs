//! What is wrong with a channel's configuration, every field at once.

use std::fmt;

/// A channel cannot be built; every wrong field is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelConfigError {
    /// `email`, `slack`, ….
    pub channel: &'static str,
    /// What is wrong, in the order of the fields; never empty.
    pub problems: Vec<FieldProblem>,
}

impl fmt::Display for ChannelConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "channel {} is misconfigured: ", self.channel)?;
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ChannelConfigError {}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{field} {problem}")]
pub struct FieldProblem {
    /// The field's name, for example `url`.
    pub field: &'static str,
    /// What is wrong with it. Never holds a secret.
    pub problem: Problem,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is empty or not there.
    #[error("is missing")]
    Missing,
    /// It is no URL.
    #[error("is not a URL: {0}")]
    InvalidUrl(String),
    /// A URL that is a secret has to be `https`, except on this machine.
    #[error("must be an https URL, or http to this machine")]
    InsecureUrl,
    /// It is no `http` or `https` URL.
    #[error("must be an http or https URL, not {0}")]
    Scheme(String),
    /// It is no mail address.
    #[error("is not a mail address: {given:?} ({reason})")]
    Address {
        /// The text.
        given: String,
        /// Why not.
        reason: String,
    },
    /// It does not have the form it should have.
    #[error("is malformed: {0}")]
    Malformed(&'static str),
    /// It lies outside of what is allowed.
    #[error("is out of range: {0}")]
    OutOfRange(&'static str),
    /// A password would cross the network in the clear.
    #[error("would cross the network without TLS")]
    Plaintext,
    /// The certificate does not parse, or TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
    /// A signing secret of the wrong form.
    #[error("is not a signing secret: {0}")]
    Signing(String),
    /// The same value twice.
    #[error("is given twice: {0:?}")]
    Repeated(String),
}

/// Collects problems while a channel is being built, so that every wrong field is named at once.
///
/// ```
/// use bongsu_alerts::channels::{Problem, Problems};
///
/// let mut problems = Problems::of("pigeon");
/// let loft = problems.keep("loft", Err::<u8, _>(Problem::Missing));
/// problems.add("ring", Problem::Malformed("seven digits"));
/// assert_eq!(
///     problems.finish(loft).unwrap_err().to_string(),
///     "channel pigeon is misconfigured: loft is missing; ring is malformed: seven digits"
/// );
/// ```
#[derive(Debug)]
pub struct Problems {
    channel: &'static str,
    list: Vec<FieldProblem>,
}

impl Problems {
    /// Nothing is wrong with this channel so far.
    #[must_use]
    pub const fn of(channel: &'static str) -> Self {
        Self {
            channel,
            list: Vec::new(),
        }
    }

    /// A field is wrong.
    pub fn add(&mut self, field: &'static str, problem: Problem) {
        self.list.push(FieldProblem { field, problem });
    }

    /// The value, or `None` and one more problem.
    pub fn keep<T>(&mut self, field: &'static str, value: Result<T, Problem>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(problem) => {
                self.add(field, problem);
                None
            }
        }
    }

    /// The parts, when all are there and nothing was wrong.
    ///
    /// # Errors
    /// Everything that was.
    pub fn finish<T>(self, parts: Option<T>) -> Result<T, ChannelConfigError> {
        match parts {
            Some(parts) if self.list.is_empty() => Ok(parts),
            _ => Err(ChannelConfigError {
                channel: self.channel,
                problems: self.list,
            }),
        }
    }

    /// An endpoint that connects another way.
    #[cfg(feature = "http")]
    #[allow(
        dead_code,
        reason = "the base alone, for other people's channels, has none"
    )]
    pub(crate) fn connected(
        channel: &'static str,
        endpoint: crate::http::Endpoint,
        options: &crate::http::HttpOptions,
    ) -> Result<crate::http::Endpoint, ChannelConfigError> {
        let mut problems = Self::of(channel);
        let endpoint = problems.keep("http", endpoint.connect(options));
        problems.finish(endpoint)
    }
}
