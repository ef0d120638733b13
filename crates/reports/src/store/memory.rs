//! A store that lives as long as the process. For tests, and for a service that may forget.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use super::steps::{self, Deliveries};
use super::{KeptReport, ReportStore, Reported, StoreError};
use crate::compute::Snapshot;
use crate::deliver::{Claim, DeliveryKey, DeliveryRecord, Settlement};

/// Sessions remembered; older ones are forgotten.
const SESSIONS: usize = 100;

/// Keeps everything in memory, at most a hundred sessions of it. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    baseline: HashMap<String, Timestamp>,
    reports: BTreeMap<(String, Date, u32), KeptReport>,
    deliveries: BTreeMap<DeliveryKey, DeliveryRecord>,
    snapshots: BTreeMap<(String, Date), Snapshot>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deliveries for MemoryStore {
    async fn change<T: Send + 'static>(
        &self,
        _what: &'static str,
        key: &DeliveryKey,
        fresh: Option<DeliveryRecord>,
        decide: impl FnOnce(DeliveryRecord) -> (T, Option<DeliveryRecord>) + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let mut state = self.state();
        let Some(row) = state.deliveries.get(key).cloned().or(fresh) else {
            return Ok(None);
        };
        let (answer, write) = decide(row);
        if let Some(write) = write {
            state.deliveries.insert(key.clone(), write);
        }
        Ok(Some(answer))
    }
}

#[async_trait]
impl ReportStore for MemoryStore {
    async fn baseline(&self, report: &str, now: Timestamp) -> Result<Timestamp, StoreError> {
        let mut state = self.state();
        Ok(*state.baseline.entry(report.to_owned()).or_insert(now))
    }

    async fn keep_report(&self, report: KeptReport) -> Result<KeptReport, StoreError> {
        let mut state = self.state();
        while state.reports.len() >= SESSIONS {
            let Some(((_, session, _), _)) = state.reports.pop_first() else {
                break;
            };
            state.deliveries.retain(|key, _| key.session > session);
        }
        let key = (report.report.clone(), report.session, report.revision);
        let send = report.send;
        let kept = state.reports.entry(key).or_insert(report);
        kept.send |= send;
        Ok(kept.clone())
    }

    async fn report(
        &self,
        report: &str,
        session: Date,
        revision: Option<u32>,
    ) -> Result<Option<KeptReport>, StoreError> {
        let state = self.state();
        let (low, high) = (revision.unwrap_or(0), revision.unwrap_or(u32::MAX));
        let range = (report.to_owned(), session, low)..=(report.to_owned(), session, high);
        Ok(state
            .reports
            .range(range)
            .next_back()
            .map(|(_, kept)| kept.clone()))
    }

    async fn reported(&self, report: &str, since: Date) -> Result<Vec<Reported>, StoreError> {
        let state = self.state();
        let found = state
            .reports
            .values()
            .filter(|kept| kept.report == report && kept.session >= since);
        Ok(found.map(KeptReport::reported).collect())
    }

    async fn claim(
        &self,
        key: &DeliveryKey,
        message_id: &str,
        owner: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Claim, StoreError> {
        steps::claim(self, key, message_id, owner, now, lease_until).await
    }

    async fn sending(
        &self,
        key: &DeliveryKey,
        owner: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        steps::sending(self, key, owner, now).await
    }

    async fn settle(
        &self,
        key: &DeliveryKey,
        owner: &str,
        outcome: Settlement,
        now: Timestamp,
    ) -> Result<Option<DeliveryRecord>, StoreError> {
        steps::settle(self, key, owner, outcome, now).await
    }

    async fn reopen(
        &self,
        key: &DeliveryKey,
        message_id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        steps::reopen(self, key, message_id, now).await
    }

    async fn deliveries(
        &self,
        report: &str,
        session: Date,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let state = self.state();
        Ok(state
            .deliveries
            .values()
            .filter(|row| row.key.report == report && row.key.session == session)
            .cloned()
            .collect())
    }

    async fn snapshot(
        &self,
        source: &str,
        at_or_before: Date,
    ) -> Result<Option<Snapshot>, StoreError> {
        let state = self.state();
        let range = (source.to_owned(), Date::MIN)..=(source.to_owned(), at_or_before);
        Ok(state
            .snapshots
            .range(range)
            .next_back()
            .map(|(_, snapshot)| snapshot.clone()))
    }

    async fn keep_snapshots(
        &self,
        source: &str,
        snapshots: Vec<Snapshot>,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        for snapshot in snapshots {
            state
                .snapshots
                .insert((source.to_owned(), snapshot.date), snapshot);
        }
        while state.snapshots.len() > 2 * SESSIONS {
            state.snapshots.pop_first();
        }
        Ok(())
    }

    async fn forget_snapshots(&self, source: &str, after: Option<Date>) -> Result<(), StoreError> {
        let kept = |date: &Date| after.is_some_and(|after| *date <= after);
        self.state()
            .snapshots
            .retain(|(name, date), _| name != source || kept(date));
        Ok(())
    }
}
