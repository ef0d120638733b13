//! What is wrong or doubtful in the data.

use serde::{Deserialize, Serialize};

/// Something wrong or doubtful in the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualityNote {
    /// How bad it is.
    pub severity: QualitySeverity,
    /// What it is.
    pub issue: QualityIssue,
    /// What it is about: an order, a ticker or a date.
    pub subject: String,
    /// The particulars, in English.
    pub detail: String,
    /// The particulars in Korean; `None` in reports of before there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail_ko: Option<String>,
}

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) en: String,
    pub(crate) ko: String,
}

impl<En: Into<String>, Ko: Into<String>> From<(En, Ko)> for Words {
    fn from((en, ko): (En, Ko)) -> Self {
        Self {
            en: en.into(),
            ko: ko.into(),
        }
    }
}

impl QualityNote {
    pub(crate) fn new(
        severity: QualitySeverity,
        issue: QualityIssue,
        subject: impl Into<String>,
        words: impl Into<Words>,
    ) -> Self {
        let Words { en, ko } = words.into();
        Self {
            severity,
            issue,
            subject: subject.into(),
            detail: en,
            detail_ko: Some(ko),
        }
    }
}

/// How bad a data-quality issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QualitySeverity {
    /// The row was left out.
    Error,
    /// Used, but doubtful.
    Warning,
    /// For information.
    Info,
}

/// What is wrong or doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QualityIssue {
    /// A row that cannot be read or breaks a rule (unknown action, negative quantity, fill without time).
    BadRow,
    /// More was sold than held; the sale was left out.
    Oversold,
    /// The recorded amount is not price × quantity.
    AmountMismatch,
    /// The recorded tax is not the statutory one.
    TaxDrift,
    /// No closing price at all.
    MissingPrice,
    /// The last close known is from an earlier session.
    StalePrice,
    /// A fill on a day or at a time without trading.
    OutsideSession,
    /// A ticker that is not a KRX ticker.
    UnknownTicker,
    /// The recorded equity is not cash plus positions.
    EquityMismatch,
    /// The reconciliation line does not balance.
    Unreconciled,
    /// Sessions without a recorded equity.
    EquityGap,
    /// Equity is zero or negative.
    NegativeEquity,
    /// The calendar has no data for the year.
    CalendarUnknown,
    /// A stored session snapshot did not fit and was rebuilt.
    SnapshotRebuilt,
    /// The positions table holds other quantities than the fills add up to.
    PortfolioMismatch,
    /// A fill without a recorded amount, commission or tax.
    IncompleteRow,
    /// A split left a fraction of a share.
    SplitFraction,
    /// Too few observations for a percentile.
    FewObservations,
    /// More was executed than ordered.
    Overfilled,
    /// The series of returns begins anew after an equity that was not positive.
    SeriesRestarted,
    /// A flow larger than the equity before it.
    LargeFlow,
    /// Fills of several accounts that are not told apart.
    SharedTrades,
    /// The source or a part of it could not be read.
    SourceUnavailable,
}
