/// The answer to what was asked, or why there is none.
pub type OpsResult<T> = Result<T, OpsError>;

/// Why something could not be had or was not done.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OpsError {
    /// The service does not have the part.
    #[error("this service runs without {0}")]
    Unavailable(&'static str),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// There is nothing of that name.
    #[error("{0}")]
    NotFound(String),
    /// It was tried and failed.
    #[error("{0}")]
    Failed(String),
}

impl OpsError {
    /// There is no such thing.
    #[must_use]
    pub fn no_such(what: &str) -> Self {
        Self::NotFound(format!("there is no such {what}"))
    }
}
