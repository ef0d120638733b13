//! Rows of the stores' tables, as the text both databases hold.

use jiff::Timestamp;
use jiff::civil::Date;

use super::StoreError;
use crate::deliver::{DeliveryKey, DeliveryRecord, DeliveryState};

/// A row of `bongsu_deliveries`; the times in RFC 3339.
#[derive(Debug, Clone)]
pub(super) struct DeliveryRow {
    pub(super) revision: i64,
    pub(super) channel: String,
    pub(super) recipient: String,
    pub(super) state: String,
    pub(super) attempts: i64,
    pub(super) owner: Option<String>,
    pub(super) lease_until: Option<String>,
    pub(super) not_before: Option<String>,
    pub(super) first_at: String,
    pub(super) updated_at: String,
    pub(super) message_id: String,
    pub(super) reason: Option<String>,
}

impl DeliveryRow {
    pub(super) fn record(self, report: &str, session: Date) -> Result<DeliveryRecord, StoreError> {
        let time = |text: Option<String>| text.as_deref().map(timestamp).transpose();
        Ok(DeliveryRecord {
            key: DeliveryKey {
                report: report.to_owned(),
                session,
                revision: small(self.revision),
                channel: self.channel,
                recipient: self.recipient,
            },
            state: DeliveryState::parse(&self.state)
                .ok_or_else(|| StoreError::new("delivery state", self.state.clone()))?,
            attempts: small(self.attempts),
            owner: self.owner,
            lease_until: time(self.lease_until)?,
            not_before: time(self.not_before)?,
            first_at: timestamp(&self.first_at)?,
            updated_at: timestamp(&self.updated_at)?,
            message_id: self.message_id,
            reason: self.reason,
        })
    }
}

pub(super) fn timestamp(text: &str) -> Result<Timestamp, StoreError> {
    text.parse()
        .map_err(|cause: jiff::Error| StoreError::new("stored time", cause))
}

pub(super) fn date(text: &str) -> Result<Date, StoreError> {
    text.parse()
        .map_err(|cause: jiff::Error| StoreError::new("stored date", cause))
}

pub(super) fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
