use std::error::Error as StdError;

use bongsu_config::ConfigError;

/// Why a part cannot be made as it is asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is wrong; all problems at once.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An address or a socket cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address, or the socket as `BONGSU_BIND` has it.
        address: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A part refused its settings.
    #[error("cannot set up {part}")]
    Part {
        /// Which part.
        part: &'static str,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Error {
    #[allow(dead_code, reason = "which parts there are depends on the features")]
    pub(crate) fn part(
        part: &'static str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Part {
            part,
            source: source.into(),
        }
    }

    /// The error and its causes on one line, separated by colons.
    #[must_use]
    pub fn chain(&self) -> String {
        bongsu_text::chain(self)
    }
}
