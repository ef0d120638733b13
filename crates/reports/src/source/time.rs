//! Times as tables hold them: mostly without a zone.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::calendar::SEOUL;

/// The zone of a table's naive times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredZone(TimeZone);

impl StoredZone {
    /// Local time in Korea, as the original writes its trades.
    #[must_use]
    pub fn seoul() -> Self {
        Self(TimeZone::fixed(SEOUL))
    }

    /// UTC, as the original writes its risk metrics.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Another zone.
    #[must_use]
    pub fn other(zone: TimeZone) -> Self {
        Self(zone)
    }

    /// The instant of a naive time; `None` when it does not exist or is out of range.
    #[must_use]
    pub fn instant(&self, naive: DateTime) -> Option<Timestamp> {
        match self.0.to_fixed_offset() {
            Ok(offset) => offset.to_timestamp(naive).ok(),
            Err(_) => self.0.to_timestamp(naive).ok(),
        }
    }

    /// The offset of a zone that has but one.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn fixed(&self) -> Option<jiff::tz::Offset> {
        self.0.to_fixed_offset().ok()
    }

    /// The naive time of an instant.
    #[must_use]
    pub fn naive(&self, at: Timestamp) -> DateTime {
        self.0.to_datetime(at)
    }
}
