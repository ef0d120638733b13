//! Who gets a report, and how each delivery stands.
//!
//! A delivery is one report to one recipient over one channel. It is *claimed* before anything is
//! done, marked *sending* right before the channel is called, and *settled* after. A crash before
//! the sending mark is safely taken over by whoever comes next; a crash after it leaves the
//! delivery `unknown`: it may have arrived, so it is shown and not silently sent again.

mod state;

use std::hash::Hasher as _;

use async_trait::async_trait;
use bongsu_trace::Fnv;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use state::{Claim, DeliveryRecord, DeliveryState, RetryPolicy, Settlement};
pub(crate) use state::{begin, decide, reopen, settle, untried};

use crate::rendered::RenderedReport;

/// A channel that carries reports.
#[async_trait]
pub trait ReportSink: Send + Sync + std::fmt::Debug + 'static {
    /// The channel's name, unique in a generator.
    fn name(&self) -> &str;

    /// Whom it reaches, one delivery each.
    fn recipients(&self) -> Vec<String>;

    /// One attempt, without a retry inside. `message_id` is the same for every attempt of the same
    /// delivery (no angle brackets), so that a receiver can drop a duplicate.
    async fn deliver(
        &self,
        report: &RenderedReport,
        recipient: &str,
        message_id: &str,
    ) -> Result<(), SinkError>;
}

/// Why a delivery did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// Another attempt may help.
    #[error("{reason}")]
    Transient {
        /// What happened.
        reason: String,
        /// Not before so long, when the other side said so.
        retry_after: Option<std::time::Duration>,
    },
    /// No attempt will help.
    #[error("{reason}")]
    Permanent {
        /// What happened.
        reason: String,
    },
    /// It may or may not have arrived.
    #[error("{reason}")]
    Unknown {
        /// What happened.
        reason: String,
    },
}

/// Which delivery.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeliveryKey {
    /// The report's name with whose it is, such as `daily@trading-engine/production`.
    pub report: String,
    /// The session.
    pub session: Date,
    /// The revision.
    pub revision: u32,
    /// The sink's name.
    pub channel: String,
    /// The recipient.
    pub recipient: String,
}

impl DeliveryKey {
    /// The report's name alone, such as `daily`.
    #[must_use]
    pub fn report_name(&self) -> &str {
        self.report.split('@').next().unwrap_or_default()
    }

    /// The message id, the same on every replica and at every attempt.
    #[must_use]
    pub fn message_id(&self, service: &str) -> String {
        let mut hash = Fnv::default();
        for part in [service, &self.report, &self.channel, &self.recipient] {
            hash.write(part.as_bytes());
            hash.write(&[0]);
        }
        let hash = hash.finish();
        let host: String = service
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .collect();
        format!(
            "{}.{}.r{}.{hash:016x}@{host}.bongsu",
            self.report_name(),
            self.session,
            self.revision
        )
    }
}

/// What became of a report's deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Each delivery as it stands now.
    pub deliveries: Vec<DeliveryRecord>,
}

impl DeliveryReport {
    /// Every delivery arrived.
    #[must_use]
    pub fn all_delivered(&self) -> bool {
        self.count(DeliveryState::Delivered) == self.deliveries.len()
    }

    /// How many stand in a state.
    #[must_use]
    pub fn count(&self, state: DeliveryState) -> usize {
        self.deliveries
            .iter()
            .filter(|delivery| delivery.state == state)
            .count()
    }
}
