//! What an expression comes to.

use crate::{labels::Labels, series::Series};

/// One series of an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Its identity.
    pub labels: Labels,
    /// Its value at the instant.
    pub value: f64,
}

/// What an expression comes to at an instant.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number without labels.
    Scalar(f64),
    /// Any number of series with one value each, no two with the same labels.
    Vector(Vec<Element>),
    /// Series with the samples of a range.
    Matrix(Vec<Series>),
    /// A text in quotes.
    String(String),
}

/// Which of the four an expression gives, known without evaluating it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`Value::Scalar`]
    Scalar,
    /// [`Value::Vector`]
    Vector,
    /// [`Value::Matrix`]
    Matrix,
    /// [`Value::String`]
    String,
}

impl Kind {
    /// Prometheus' word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
            Self::String => "string",
        }
    }
}
