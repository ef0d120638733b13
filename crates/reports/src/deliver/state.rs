//! How a delivery moves from state to state. Pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::DeliveryKey;

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Not tried, or to be tried again at `not_before`.
    Pending,
    /// Somebody holds it and has not called the channel yet.
    Claimed,
    /// Somebody has called the channel.
    Sending,
    /// It arrived.
    Delivered,
    /// It was given up.
    Failed,
    /// It may or may not have arrived.
    Unknown,
}

impl DeliveryState {
    /// The name in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Claimed => "claimed",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The state of a name in the table.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Claimed,
            Self::Sending,
            Self::Delivered,
            Self::Failed,
            Self::Unknown,
        ]
        .into_iter()
        .find(|state| state.as_str() == name)
    }

    /// Nothing more will be tried.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Unknown)
    }
}

/// A row of the `deliveries` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// Which delivery.
    pub key: DeliveryKey,
    /// How it stands.
    pub state: DeliveryState,
    /// Attempts begun.
    pub attempts: u32,
    /// Who holds it.
    pub owner: Option<String>,
    /// Until when.
    pub lease_until: Option<Timestamp>,
    /// The next attempt is not before this.
    pub not_before: Option<Timestamp>,
    /// When it was first claimed.
    pub first_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// Its message id.
    pub message_id: String,
    /// What happened last.
    pub reason: Option<String>,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The delivery is ours until the lease ends; this is the attempt's number, from 1.
    Granted {
        /// The attempt.
        attempt: u32,
        /// The message id to send under.
        message_id: String,
        /// When the first attempt began.
        first_at: Timestamp,
    },
    /// It is not ours: somebody holds it, it is not time yet, or it is final.
    Refused(DeliveryRecord),
    /// Whoever was sending it ended without a mark: it has just become unknown.
    Lost(DeliveryRecord),
}

/// The outcome of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It arrived.
    Delivered,
    /// To be tried again.
    Retry {
        /// Not before.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// Given up.
    Failed {
        /// Why.
        reason: String,
    },
    /// It may or may not have arrived.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// A delivery nobody has tried.
pub(crate) fn untried(key: &DeliveryKey, message_id: &str, now: Timestamp) -> DeliveryRecord {
    DeliveryRecord {
        key: key.clone(),
        state: DeliveryState::Pending,
        attempts: 0,
        owner: None,
        lease_until: None,
        not_before: None,
        first_at: now,
        updated_at: now,
        message_id: message_id.to_owned(),
        reason: None,
    }
}

/// What a claim does to the row; the second part is the row to write, if it changes.
pub(crate) fn decide(
    row: DeliveryRecord,
    owner: &str,
    now: Timestamp,
    lease_until: Timestamp,
) -> (Claim, Option<DeliveryRecord>) {
    let grant = |row: DeliveryRecord| {
        let row = DeliveryRecord {
            state: DeliveryState::Claimed,
            attempts: row.attempts.saturating_add(1),
            owner: Some(owner.to_owned()),
            lease_until: Some(lease_until),
            not_before: None,
            updated_at: now,
            ..row
        };
        let claim = Claim::Granted {
            attempt: row.attempts,
            message_id: row.message_id.clone(),
            first_at: row.first_at,
        };
        (claim, Some(row))
    };
    let held = row.lease_until.is_some_and(|until| until > now);
    match row.state {
        DeliveryState::Delivered | DeliveryState::Failed | DeliveryState::Unknown => {
            (Claim::Refused(row), None)
        }
        DeliveryState::Claimed | DeliveryState::Sending if held => (Claim::Refused(row), None),
        DeliveryState::Pending if row.not_before.is_some_and(|at| at > now) => {
            (Claim::Refused(row), None)
        }
        // Whoever claimed it died before the channel was called: nothing was sent.
        DeliveryState::Pending | DeliveryState::Claimed => grant(row),
        DeliveryState::Sending => {
            let unknown = DeliveryRecord {
                state: DeliveryState::Unknown,
                lease_until: None,
                updated_at: now,
                reason: Some(format!(
                    "the sender {} ended between sending and its mark",
                    row.owner.as_deref().unwrap_or("unnamed")
                )),
                ..row
            };
            (Claim::Lost(unknown.clone()), Some(unknown))
        }
    }
}

/// The row of a delivery that is to be sent once more; `None` when it is not final.
pub(crate) fn reopen(
    row: DeliveryRecord,
    message_id: &str,
    now: Timestamp,
) -> Option<DeliveryRecord> {
    row.state.is_final().then(|| DeliveryRecord {
        state: DeliveryState::Pending,
        attempts: 0,
        owner: None,
        lease_until: None,
        not_before: None,
        first_at: now,
        updated_at: now,
        message_id: message_id.to_owned(),
        reason: Some("sent again on request".to_owned()),
        ..row
    })
}

/// The row of a claimed delivery as it is being sent; `None` when it is not ours any more.
pub(crate) fn begin(row: DeliveryRecord, owner: &str, now: Timestamp) -> Option<DeliveryRecord> {
    let ours = row.state == DeliveryState::Claimed
        && row.owner.as_deref() == Some(owner)
        && row.lease_until.is_some_and(|until| until > now);
    ours.then_some(DeliveryRecord {
        state: DeliveryState::Sending,
        updated_at: now,
        ..row
    })
}

/// The row after an attempt; `None` when it is not ours any more.
pub(crate) fn settle(
    row: DeliveryRecord,
    owner: &str,
    outcome: Settlement,
    now: Timestamp,
) -> Option<DeliveryRecord> {
    if row.state != DeliveryState::Sending || row.owner.as_deref() != Some(owner) {
        return None;
    }
    let (state, not_before, reason) = match outcome {
        Settlement::Delivered => (DeliveryState::Delivered, None, None),
        Settlement::Retry { at, reason } => (DeliveryState::Pending, Some(at), Some(reason)),
        Settlement::Failed { reason } => (DeliveryState::Failed, None, Some(reason)),
        Settlement::Unknown { reason } => (DeliveryState::Unknown, None, Some(reason)),
    };
    Some(DeliveryRecord {
        state,
        not_before,
        reason,
        lease_until: None,
        updated_at: now,
        ..row
    })
}

/// When a failed delivery is tried again, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The wait after the first attempt; it doubles from there. Default: 1 min.
    pub first: Duration,
    /// The longest wait. Default: 30 min.
    pub longest: Duration,
    /// Given up when so much time has passed since the first attempt. Default: 24 h.
    pub give_up: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(60),
            longest: Duration::from_secs(30 * 60),
            give_up: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl RetryPolicy {
    /// When to try again after attempt `attempt` (from 1); `None` when it is given up.
    #[must_use]
    pub fn next(
        &self,
        attempt: u32,
        first_at: Timestamp,
        now: Timestamp,
        asked: Option<Duration>,
    ) -> Option<Timestamp> {
        let doubled = 2_u32
            .checked_pow(attempt.saturating_sub(1))
            .and_then(|factor| self.first.checked_mul(factor))
            .unwrap_or(self.longest);
        let wait = doubled.min(self.longest).max(asked.unwrap_or_default());
        let at = later(now, wait)?;
        let end = later(first_at, self.give_up)?;
        (at <= end).then_some(at)
    }
}

fn later(at: Timestamp, by: Duration) -> Option<Timestamp> {
    at.checked_add(SignedDuration::try_from(by).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn key() -> DeliveryKey {
        DeliveryKey {
            report: "daily".into(),
            session: date(2026, 5, 28),
            revision: 0,
            channel: "email".into(),
            recipient: "desk@example.com".into(),
        }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_779_960_000 + second).unwrap()
    }

    fn record(state: DeliveryState, lease: Option<i64>, not_before: Option<i64>) -> DeliveryRecord {
        DeliveryRecord {
            key: key(),
            state,
            attempts: 1,
            owner: Some("a".into()),
            lease_until: lease.map(second),
            not_before: not_before.map(second),
            first_at: second(0),
            updated_at: second(0),
            message_id: "m".into(),
            reason: None,
        }
    }

    #[test]
    fn claims() {
        fn check(row: DeliveryRecord, now: i64, expected: &str) {
            let shown_row = format!("{row:?}");
            let (claim, write) = decide(row, "b", second(now), second(now + 60));
            let claim = match claim {
                Claim::Granted { attempt, .. } => format!("granted {attempt}"),
                Claim::Refused(row) => format!("refused {}", row.state.as_str()),
                Claim::Lost(row) => format!("lost {}", row.state.as_str()),
            };
            let write = write.map_or("keep", |row| row.state.as_str());
            assert_eq!(
                format!("{claim}, {write}"),
                expected,
                "{shown_row} at {now}"
            );
        }
        use DeliveryState::{Claimed, Delivered, Failed, Pending, Sending, Unknown};
        check(untried(&key(), "m", second(0)), 0, "granted 1, claimed");
        check(record(Pending, None, Some(10)), 9, "refused pending, keep");
        check(record(Pending, None, Some(10)), 10, "granted 2, claimed");
        check(record(Claimed, Some(10), None), 9, "refused claimed, keep");
        check(record(Claimed, Some(10), None), 10, "granted 2, claimed");
        check(record(Sending, Some(10), None), 9, "refused sending, keep");
        check(record(Sending, Some(10), None), 10, "lost unknown, unknown");
        for state in [Delivered, Failed, Unknown] {
            check(
                record(state, None, None),
                1_000,
                &format!("refused {}, keep", state.as_str()),
            );
        }
    }

    #[test]
    fn retries_double_up_to_half_an_hour_and_end_after_a_day() {
        let policy = RetryPolicy::default();
        let next = |attempt, now, asked| {
            policy
                .next(attempt, second(0), second(now), asked)
                .map(|at| at.as_second() - second(now).as_second())
        };
        assert_eq!(next(1, 0, None), Some(60));
        assert_eq!(next(2, 60, None), Some(120));
        assert_eq!(next(6, 2_000, None), Some(1_800));
        assert_eq!(next(u32::MAX, 2_000, None), Some(1_800));
        assert_eq!(next(1, 0, Some(Duration::from_secs(300))), Some(300));
        assert_eq!(next(50, 86_000, None), None);
    }

    #[test]
    fn the_message_id_is_the_same_everywhere() {
        let id = key().message_id("Trading Engine");
        assert_eq!(id, key().message_id("Trading Engine"));
        assert!(id.starts_with("daily.2026-05-28.r0."), "{id}");
        assert!(id.ends_with("@trading-engine.bongsu"), "{id}");
        let other = DeliveryKey {
            recipient: "boss@example.com".into(),
            ..key()
        };
        assert_ne!(id, other.message_id("Trading Engine"));
    }
}
