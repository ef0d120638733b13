//! A message ready to go out.

use std::borrow::Cow;

use super::Target;

/// A message ready to go out, stored so that every attempt sends the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rendered {
    /// Whom it is for.
    pub target: Target,
    /// The media type of the body.
    pub content_type: Cow<'static, str>,
    /// Headers that do not depend on the attempt, without secrets: they are stored. A channel over
    /// HTTP sends them with the body.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The form that takes the body's place after [`Outcome::Degrade`](super::Outcome::Degrade).
    pub plain: Option<Vec<u8>>,
    /// Whether something had to be cut; the text says so too.
    pub truncated: bool,
}

impl Rendered {
    /// A body for a target, without headers and without a plain form.
    #[must_use]
    pub fn new(
        target: Target,
        content_type: impl Into<Cow<'static, str>>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            target,
            content_type: content_type.into(),
            headers: Vec::new(),
            body: body.into(),
            plain: None,
            truncated: false,
        }
    }

    /// The value of a header; empty when it is not there.
    #[must_use]
    pub fn header_value(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.as_str())
    }

    /// The same message in its plain form; none when it has none.
    #[must_use]
    pub fn degraded(&self) -> Option<Self> {
        Some(Self {
            body: self.plain.clone()?,
            plain: None,
            ..self.clone()
        })
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the form that takes the body's place after [`Outcome::Degrade`](super::Outcome::Degrade).
    #[must_use]
    pub fn plain(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.plain = Some(body.into());
        self
    }

    /// Says whether something had to be cut.
    #[must_use]
    pub fn truncated(mut self, truncated: bool) -> Self {
        self.truncated = truncated;
        self
    }
}

/// No message can be made of a notification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot render: {reason}")]
pub struct RenderError {
    /// Why, in words, without secrets.
    pub reason: String,
}

impl RenderError {
    /// Says why.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}
