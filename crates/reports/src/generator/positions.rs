//! The positions at a day's end: from the closing positions of an earlier session when every row of
//! before is as it was, and else computed anew from where it is not.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;

use super::{ReportError, ReportGenerator};
use crate::calendar::date_in_seoul;
use crate::compute::{Base, Digests, Fingerprint, Replay, ReplayPlan, RowHash, Snapshot, Totals};
use crate::source::{AccountHistory, HistoryQuery};
use crate::summary::{PeriodKind, QualityIssue, QualityNote, QualitySeverity};

/// Sessions of which the closing positions are kept; of earlier months the last session's.
const SNAPSHOTS: usize = 64;
/// Tickers a note tells of by name.
const MAX_NAMED: usize = 5;

/// What every row up to a date adds up to: fills, splits, and shares that came or went.
#[derive(Debug, Clone)]
pub(super) struct Known {
    digests: Arc<Digests>,
    others: Digests,
}

impl Known {
    fn new(digests: Arc<Digests>, history: &AccountHistory) -> Self {
        let one = |date: Date, hash: RowHash| {
            let mut fingerprint = Fingerprint::default();
            fingerprint.add(hash.finish());
            (date, fingerprint)
        };
        let splits = history.splits.iter().map(|split| {
            let hash = RowHash::default()
                .part(b"split")
                .part(split.ticker.as_bytes())
                .part(split.date.to_string().as_bytes())
                .part(&split.numerator.to_le_bytes())
                .part(&split.denominator.to_le_bytes());
            one(split.date, hash)
        });
        let transfers = history.transfers.iter().map(|moved| {
            let hash = RowHash::default()
                .part(b"transfer")
                .part(moved.ticker.as_bytes())
                .part(moved.date.to_string().as_bytes())
                .part(&moved.quantity.to_le_bytes())
                .part(moved.cost.normalize().to_string().as_bytes());
            let value = moved.value.map(|value| value.normalize().to_string());
            let hash = hash.part(value.unwrap_or_default().as_bytes());
            one(moved.date, hash)
        });
        Self {
            digests,
            others: Digests::new(splits.chain(transfers)).cumulated(),
        }
    }

    fn through(&self, date: Date) -> Fingerprint {
        let mut sum = self.digests.through(date);
        sum.extend(self.others.through(date));
        sum
    }
}

impl ReportGenerator {
    /// Under what the positions of this source are kept.
    fn positions_key(&self) -> String {
        let inner = &self.inner;
        let hash = RowHash::default().part(inner.source.identity().as_bytes());
        let hash = hash.part(&[u8::from(inner.short_sales)]).finish();
        format!("{} {hash:016x}", inner.source.describe())
    }

    /// What was executed on each date, read anew when a row may have changed.
    async fn digests(&self, through: Date) -> Result<Arc<Digests>, ReportError> {
        let inner = &self.inner;
        let failed = |cause| self.source_error(cause);
        // Asked before the rows are read: what changes in between shows the next time.
        let version = inner.source.version().await.map_err(failed)?;
        let kept = inner
            .digests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((known, until, digests)) = kept
            && Some(known) == version
            && until >= through
        {
            return Ok(digests);
        }
        let digests = inner.source.digests(through).await.map_err(failed)?;
        let digests = Arc::new(digests.cumulated());
        if let Some(version) = version {
            *inner.digests.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((version, through, Arc::clone(&digests)));
        }
        Ok(digests)
    }

    /// The day's fills on the closing positions of an earlier session; a full replay without any.
    pub(super) async fn replay(
        &self,
        date: Date,
        previous: Option<Date>,
        history: &AccountHistory,
        now: Timestamp,
        notes: &mut Vec<QualityNote>,
    ) -> Result<(Replay, Known), ReportError> {
        let inner = &self.inner;
        let key = self.positions_key();
        let known = Known::new(self.digests(date).await?, history);
        // The positions at the close of `previous` are wanted too: start there or before.
        let limit = previous.or_else(|| date.yesterday().ok()).unwrap_or(date);
        let (from, stale) = self.good(&key, limit, &known).await?;
        let begun = from.as_ref().map(|from| from.date);
        if stale.is_some() {
            inner.store.forget_snapshots(&key, begun).await?;
        }
        let plan = self.plan(from, previous, Some(date), history);
        let (replay, damaged) = match Replay::new(plan.clone()) {
            Some(replay) => (replay, false),
            None => (Replay::start(plan), true),
        };
        let read = inner.source.replay(replay, date, Some(date)).await;
        let mut replay = read.map_err(|cause| self.source_error(cause))?;
        replay.finish(date);
        let mut snapshots = replay.take_snapshots();
        for snapshot in &mut snapshots {
            snapshot.book.fingerprint = known.through(snapshot.date);
        }
        if damaged {
            let when = begun.unwrap_or(date).to_string();
            notes.push(QualityNote::new(
                QualitySeverity::Info,
                QualityIssue::SnapshotRebuilt,
                when,
                (
                    "the stored positions are damaged: computed anew from the first trade on",
                    "저장된 보유 내역이 손상됨: 첫 거래부터 다시 계산",
                ),
            ));
        } else if let Some(stale) = &stale {
            notes.push(rebuilt(begun, stale, &snapshots));
        }
        // A day on which trading may go on has no closing positions yet.
        let calendar = self.calendar();
        snapshots.retain(|snapshot| calendar.last_close(snapshot.date) < now);
        if !snapshots.is_empty() {
            inner.store.keep_snapshots(&key, snapshots).await?;
        }
        Ok((replay, known))
    }

    fn plan(
        &self,
        from: Option<Snapshot>,
        previous: Option<Date>,
        detail: Option<Date>,
        history: &AccountHistory,
    ) -> ReplayPlan {
        ReplayPlan {
            from,
            previous,
            detail,
            splits: history.splits.clone(),
            transfers: history.transfers.clone(),
            short_sales: self.inner.short_sales,
            keep: SNAPSHOTS,
        }
    }

    /// The latest snapshot at or before a date whose rows are all as they were; with it the latest one
    /// of those whose rows are not.
    async fn good(
        &self,
        key: &str,
        limit: Date,
        known: &Known,
    ) -> Result<(Option<Snapshot>, Option<Snapshot>), ReportError> {
        let (mut limit, mut stale) = (limit, None);
        while let Some(found) = self.inner.store.snapshot(key, limit).await? {
            if found.book.fingerprint == known.through(found.date) {
                return Ok((Some(found), stale));
            }
            let before = found.date.yesterday();
            stale = stale.or(Some(found));
            match before {
                Ok(before) => limit = before,
                Err(_) => break,
            }
        }
        Ok((None, stale))
    }

    /// The sums over all fills at the close before each longer span.
    pub(super) async fn bases(&self, date: Date, known: &Known) -> Result<Vec<Base>, ReportError> {
        let key = self.positions_key();
        let mut bases = Vec::new();
        for kind in [PeriodKind::Week, PeriodKind::Month, PeriodKind::Year] {
            let Some(before) = kind
                .first_day(date)
                .and_then(|first| first.yesterday().ok())
            else {
                continue;
            };
            let wanted = known.through(before);
            let totals = if known.digests.through(before) == Fingerprint::default() {
                Some(Totals::default())
            } else {
                let found = self.inner.store.snapshot(&key, before).await?;
                found
                    .filter(|found| found.book.fingerprint == wanted)
                    .map(|found| found.book.totals)
            };
            bases.push((kind, totals));
        }
        Ok(bases)
    }

    /// Computes the closing positions anew, from the session of `from` on or from the first trade, and
    /// stores them in place of those that were kept; those of every account.
    ///
    /// Returns the number of rows read.
    ///
    /// # Errors
    ///
    /// When the source or the store cannot be used; the stored positions are then as before.
    pub async fn rebuild(&self, from: Option<Date>) -> Result<u64, ReportError> {
        let mut rows = self.rebuild_one(from).await?;
        for (_, account) in &self.inner.accounts {
            rows += account.rebuild_one(from).await?;
        }
        Ok(rows)
    }

    async fn rebuild_one(&self, from: Option<Date>) -> Result<u64, ReportError> {
        let inner = &self.inner;
        let now = self.now();
        let through = date_in_seoul(now);
        let failed = |cause| self.source_error(cause);
        let query = HistoryQuery {
            through,
            calendar: self.calendar(),
            mark: inner.mark,
        };
        let history = inner.source.history(query).await.map_err(failed)?;
        // Whatever was known before is asked again.
        *inner.digests.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let alone = from.is_none() && inner.source.hashes_as_replays();
        let mut known = match alone {
            true => None,
            false => Some(Known::new(self.digests(through).await?, &history)),
        };
        let key = self.positions_key();
        let before = match from.map(|from| from.yesterday()) {
            Some(Ok(before)) => match &known {
                Some(known) => self.good(&key, before, known).await?.0,
                None => None,
            },
            _ => None,
        };
        let begun = before.as_ref().map(|before| before.date);
        let plan = self.plan(before, None, None, &history);
        let (replay, begun) = match Replay::new(plan.clone()) {
            Some(replay) => (replay, begun),
            None => (Replay::start(plan), None),
        };
        let mut replay = inner
            .source
            .replay(replay, through, None)
            .await
            .map_err(failed)?;
        replay.finish(through);
        let known = known.take().unwrap_or_else(|| {
            let digests = replay.take_digests().cumulated();
            Known::new(Arc::new(digests), &history)
        });
        let mut snapshots = replay.take_snapshots();
        let calendar = self.calendar();
        snapshots.retain(|snapshot| calendar.last_close(snapshot.date) < now);
        for snapshot in &mut snapshots {
            snapshot.book.fingerprint = known.through(snapshot.date);
        }
        inner.store.forget_snapshots(&key, begun).await?;
        inner.store.keep_snapshots(&key, snapshots).await?;
        Ok(replay.rows())
    }
}

/// That positions were computed anew, from when on, and what is different now.
fn rebuilt(begun: Option<Date>, stale: &Snapshot, fresh: &[Snapshot]) -> QualityNote {
    let (since_en, since_ko) = match begun.and_then(|begun| begun.tomorrow().ok()) {
        Some(from) => (format!("from {from} on"), format!("{from}부터")),
        None => (
            "from the first trade on".to_owned(),
            "첫 거래부터".to_owned(),
        ),
    };
    let now = fresh.iter().rev().find(|fresh| fresh.date <= stale.date);
    let changed = now.map_or_else(Vec::new, |now| stale.book.differences(&now.book));
    let mut list: Vec<String> = changed
        .iter()
        .take(MAX_NAMED)
        .map(|(what, before, after)| format!("{what} {before} → {after}"))
        .collect();
    if changed.len() > MAX_NAMED {
        list.push("…".to_owned());
    }
    let (mut en, mut ko) = (
        format!(
            "rows of before were corrected, added or deleted: positions were computed anew {since_en}"
        ),
        format!("이전 기록이 정정·추가·삭제됨: {since_ko} 보유 내역을 다시 계산"),
    );
    if !list.is_empty() {
        en.push_str(&format!("; at {}: {}", stale.date, list.join(", ")));
        ko.push_str(&format!("; {} 기준: {}", stale.date, list.join(", ")));
    }
    let subject = begun
        .and_then(|begun| begun.tomorrow().ok())
        .unwrap_or(stale.date);
    QualityNote::new(
        QualitySeverity::Info,
        QualityIssue::SnapshotRebuilt,
        subject.to_string(),
        (en, ko),
    )
}
