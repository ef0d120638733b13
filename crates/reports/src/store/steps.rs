//! The steps of a delivery, the same in every store: its row is found under a lock, a decision made,
//! and what it says written.

use jiff::Timestamp;

use super::StoreError;
use crate::deliver::{self, Claim, DeliveryKey, DeliveryRecord, Settlement};

/// A store's deliveries, one row at a time.
pub(super) trait Deliveries: Sync {
    /// Gives the row, or `fresh` where there is none, to `decide` and writes the row it returns, all
    /// in one transaction. `None` without a row.
    fn change<T: Send + 'static>(
        &self,
        what: &'static str,
        key: &DeliveryKey,
        fresh: Option<DeliveryRecord>,
        decide: impl FnOnce(DeliveryRecord) -> (T, Option<DeliveryRecord>) + Send + 'static,
    ) -> impl Future<Output = Result<Option<T>, StoreError>> + Send;
}

pub(super) async fn claim(
    store: &impl Deliveries,
    key: &DeliveryKey,
    message_id: &str,
    owner: &str,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Claim, StoreError> {
    let what = "claiming a delivery";
    let fresh = deliver::untried(key, message_id, now);
    let owner = owner.to_owned();
    store
        .change(what, key, Some(fresh), move |row| {
            deliver::decide(row, &owner, now, lease_until)
        })
        .await?
        .ok_or_else(|| StoreError::new(what, "a row just written is gone"))
}

pub(super) async fn sending(
    store: &impl Deliveries,
    key: &DeliveryKey,
    owner: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let owner = owner.to_owned();
    let found = store
        .change("marking a delivery", key, None, move |row| {
            let next = deliver::begin(row, &owner, now);
            (next.is_some(), next)
        })
        .await?;
    Ok(found.unwrap_or(false))
}

pub(super) async fn settle(
    store: &impl Deliveries,
    key: &DeliveryKey,
    owner: &str,
    outcome: Settlement,
    now: Timestamp,
) -> Result<Option<DeliveryRecord>, StoreError> {
    let owner = owner.to_owned();
    let found = store
        .change("settling a delivery", key, None, move |row| {
            let next = deliver::settle(row, &owner, outcome, now);
            (next.clone(), next)
        })
        .await?;
    Ok(found.flatten())
}

pub(super) async fn reopen(
    store: &impl Deliveries,
    key: &DeliveryKey,
    message_id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let message_id = message_id.to_owned();
    let found = store
        .change("reopening a delivery", key, None, move |row| {
            let next = deliver::reopen(row, &message_id, now);
            (next.is_some(), next)
        })
        .await?;
    Ok(found.unwrap_or(false))
}
