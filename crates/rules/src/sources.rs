//! Where rules come from.

use std::{fmt, path::PathBuf};

use crate::{LoadError, RuleFile, find, load};

/// A file of the program's own, and files by patterns such as `rules/*.yml`.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    own: Option<RuleFile>,
    patterns: Vec<String>,
}

impl Sources {
    /// The files of these patterns.
    #[must_use]
    pub const fn new(patterns: Vec<String>) -> Self {
        Self {
            own: None,
            patterns,
        }
    }

    /// And before them a file that is compiled in.
    #[must_use]
    pub fn with_own(mut self, own: RuleFile) -> Self {
        self.own = Some(own);
        self
    }

    /// The files that there are now.
    ///
    /// # Errors
    ///
    /// When a pattern is none, or names nothing.
    pub fn paths(&self) -> Result<Vec<PathBuf>, LoadError> {
        find(&self.patterns, "".as_ref())
    }

    /// All of them. It blocks.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of them.
    pub fn load(&self) -> Result<Vec<RuleFile>, LoadError> {
        let files = load(&self.paths()?)?;
        Ok(self.own.iter().cloned().chain(files).collect())
    }
}

/// As they were asked for.
impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.own.iter().map(|file| file.name.as_str());
        let all: Vec<&str> = own
            .chain(self.patterns.iter().map(String::as_str))
            .collect();
        f.write_str(&all.join(", "))
    }
}
