//! What happens, for whoever wants to count or show it.

use std::sync::Arc;
use std::time::Duration;

use crate::AlertLevel;
use crate::policy::Suppressed;

/// One thing that happened to an alert or a channel.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AlertEvent {
    /// An alert was taken in and is durable.
    Accepted {
        /// What it goes by.
        key: Arc<str>,
        /// Its kind.
        kind: String,
        /// Its level.
        level: AlertLevel,
        /// Its title.
        title: String,
        /// Its source.
        source: String,
        /// Deliveries that it made.
        deliveries: usize,
    },
    /// An alert does not go out on a channel.
    Suppressed {
        /// What it goes by.
        key: Arc<str>,
        /// The channel.
        channel: String,
        /// Its level.
        level: AlertLevel,
        /// Why.
        reason: Suppressed,
    },
    /// An alert will be told in a digest.
    Digested {
        /// What it goes by.
        key: Arc<str>,
        /// The channel.
        channel: String,
    },
    /// The far side took it.
    Delivered {
        /// The channel.
        channel: String,
        /// The alert's kind.
        kind: String,
        /// The alert's level.
        level: AlertLevel,
        /// The alert's title.
        title: String,
        /// Attempts that it took.
        attempt: u32,
        /// From acceptance to delivery.
        took: Duration,
    },
    /// An attempt failed; there will be another.
    Retrying {
        /// The channel.
        channel: String,
        /// What went wrong.
        reason: String,
        /// Attempts so far.
        attempt: u32,
        /// When the next is due.
        wait: Duration,
    },
    /// It will never arrive, unless somebody replays it.
    Dead {
        /// The channel.
        channel: String,
        /// The delivery, for [`AlertManager::replay`](crate::AlertManager::replay).
        delivery_id: String,
        /// The alert's level.
        level: AlertLevel,
        /// The alert's title.
        title: String,
        /// Why.
        reason: String,
    },
    /// A channel needs mending; it is tried again now and then.
    ChannelBroken {
        /// The channel.
        channel: String,
        /// What it said.
        reason: String,
    },
    /// A channel failed several times in a row and is left alone for a while.
    ChannelFailing {
        /// The channel.
        channel: String,
        /// The last failure.
        reason: String,
    },
    /// A channel works again.
    ChannelRecovered {
        /// The channel.
        channel: String,
    },
    /// Somebody knows.
    Acknowledged {
        /// What the alert goes by.
        key: Arc<str>,
        /// Who.
        by: String,
    },
    /// Nobody knows after all.
    Unacknowledged {
        /// What the alert goes by.
        key: Arc<str>,
        /// Who took the acknowledgment back.
        by: String,
    },
    /// Nobody acknowledged in time.
    Escalated {
        /// What the alert goes by.
        key: Arc<str>,
        /// The channels told now.
        channels: Vec<String>,
    },
    /// The store failed; what was to be written is told by the log.
    StoreFailed {
        /// What failed.
        reason: String,
    },
}
