//! A value that never shows itself, and URLs without what they keep secret.
//!
//! ```
//! use bongsu_secret::{Secret, shown_url};
//!
//! let url = Secret::new("https://bob:hunter2@alerts.example/api?token=x");
//! assert_eq!(format!("{url:?}"), "***");
//! assert_eq!(shown_url(url.expose()), "https://***@alerts.example/api?token=***");
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod url;

use std::fmt;

pub use url::{hide, shown_url};

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// A password, a token or a URL that is a credential: `Debug` says [`MASK`], and there is no
/// `Display`, no `Serialize` and no `Deref`; the text leaves only through [`Secret::expose`].
#[derive(Clone, PartialEq, Eq, Hash, Default)]
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
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_text() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret:?} {:#?}", Some(&secret)),
            "*** Some(\n    ***,\n)"
        );
        assert_eq!(secret.expose(), "hunter2");
        assert!(Secret::default().is_empty());
    }
}
