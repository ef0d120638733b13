//! A string that never prints itself.

use std::fmt;

/// A password, a token or a URL that is a credential: `Debug` says `[redacted]`, and there is no
/// `Display`, no `Serialize` and no `Deref`; the text leaves only through [`Secret::expose`].
///
/// ```
/// use bongsu_alerts::Secret;
///
/// let url = Secret::new("https://hooks.example/T0/B0/x");
/// assert_eq!(format!("{url:?}"), "[redacted]");
/// assert!(url.expose().starts_with("https://"));
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that puts it on the wire.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
