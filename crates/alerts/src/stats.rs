//! Counts of everything.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::AlertLevel;
use crate::policy::Suppressed;
use crate::store::CommitCounts;

/// The state of the alerts, as counts since the manager was built.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlertStatistics {
    /// Deliveries that arrived, by the alert's level.
    pub alerts_sent: BTreeMap<AlertLevel, u64>,
    /// Alerts accepted, by level.
    pub accepted: BTreeMap<AlertLevel, u64>,
    /// Alerts accepted.
    pub total_alerts: u64,
    /// Rules that are on.
    pub active_rules: usize,
    /// All rules.
    pub total_rules: usize,
    /// By channel.
    pub channels: BTreeMap<String, ChannelStatistics>,
    /// Routes that were held back, by reason.
    pub suppressed: BTreeMap<Suppressed, u64>,
    /// Deliveries waiting or under way.
    pub pending: usize,
    /// Bytes of the alerts that wait.
    pub pending_bytes: usize,
    /// The age of the oldest of them.
    pub oldest_pending: Option<Duration>,
    /// Alerts that fire.
    pub active: usize,
    /// Alerts whose record of firing was forgotten because there were too many.
    pub active_evicted: u64,
    /// Waiting deliveries given up to make room, by level.
    pub evicted: BTreeMap<AlertLevel, u64>,
    /// Alerts refused because there was no room.
    pub refused_full: u64,
    /// Alerts cut to size.
    pub truncated: u64,
    /// Writes that failed.
    pub store_errors: u64,
    /// Keys remembered for cooldown.
    pub keys: usize,
    /// Keys forgotten because there were too many.
    pub keys_evicted: u64,
    /// Alerts about the alerting itself.
    pub meta_alerts: u64,
    /// Escalations.
    pub escalations: u64,
    /// Channels that panicked inside an attempt.
    pub panics: u64,
    /// Decisions taken alone because the shared state was out of reach.
    pub shared_unreachable: u64,
    /// Durable commits.
    pub commits: CommitCounts,
}

/// The counts of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChannelStatistics {
    /// Deliveries that arrived.
    pub delivered: u64,
    /// Attempts that failed and are repeated.
    pub retried: u64,
    /// Deliveries given up.
    pub dead: u64,
    /// Alerts held back.
    pub suppressed: u64,
    /// Alerts told in a digest.
    pub digested: u64,
    /// Deliveries waiting or under way.
    pub pending: usize,
    /// Whether it is left alone because it fails.
    pub failing: bool,
    /// Whether it says that it needs mending.
    pub broken: bool,
    /// Whether it is switched off.
    pub disabled: bool,
}

/// The counters behind [`AlertStatistics`], cheap to bump.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) sent: [u64; 4],
    pub(crate) accepted: [u64; 4],
    pub(crate) suppressed: [u64; Suppressed::ALL.len()],
    pub(crate) channels: Vec<ChannelStatistics>,
    pub(crate) evicted: [u64; 4],
    pub(crate) refused_full: u64,
    pub(crate) truncated: u64,
    pub(crate) store_errors: u64,
    pub(crate) meta_alerts: u64,
    pub(crate) escalations: u64,
    pub(crate) panics: u64,
    pub(crate) shared_unreachable: u64,
}

impl Counters {
    pub(crate) fn by_level(counts: &[u64; 4]) -> BTreeMap<AlertLevel, u64> {
        AlertLevel::ALL
            .into_iter()
            .zip(counts.iter().copied())
            .collect()
    }
}
