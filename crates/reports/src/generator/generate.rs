//! One day's report.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{ReportError, ReportEvent, ReportGenerator};
use crate::Missing;
use crate::calendar::{DayKind, Krx, date_in_seoul, instant_in_seoul, last_trade};
use crate::compute::{DayInputs, Replay, ReplayPlan, Split, summarise};
use crate::source::{AccountHistory, QuoteQuery, SourceError};
use crate::summary::{
    DailySummary, Edition, PortfolioStats, QualityIssue, QualityNote, QualitySeverity,
    Reconciliation, RiskMetrics, SCHEMA_VERSION, Series, SessionInfo, SessionKind, SourceState,
    TopPerformers, TradingStats,
};

/// Sessions of which the closing positions are kept; of earlier months the last session's.
const SNAPSHOTS: usize = 64;

impl ReportGenerator {
    pub(crate) async fn generate(
        &self,
        date: Date,
        now: Timestamp,
    ) -> Result<DailySummary, ReportError> {
        let inner = &self.inner;
        let limit = inner.source_timeout;
        let begun = tokio::time::Instant::now();
        let summary = tokio::time::timeout(limit, self.compute(date, now))
            .await
            .unwrap_or_else(|_| {
                Err(self.source_error(SourceError::Timeout {
                    seconds: limit.as_secs(),
                }))
            })?;
        self.emit(ReportEvent::Generated {
            session: date,
            at: now,
            took: begun.elapsed(),
        });
        Ok(summary)
    }

    fn source_error(&self, cause: SourceError) -> ReportError {
        ReportError::Source {
            source_name: self.inner.source.describe(),
            cause,
        }
    }

    async fn compute(&self, date: Date, now: Timestamp) -> Result<DailySummary, ReportError> {
        let inner = &self.inner;
        let failed = |cause| self.source_error(cause);
        let mut notes = Vec::new();
        let session = session_info(date, &inner.calendar, &mut notes);
        let history = inner.source.history(date).await.map_err(failed)?;
        let previous = history
            .equity
            .iter()
            .rev()
            .map(|point| point.date)
            .find(|at| *at < date);
        let replay = self
            .replay(date, previous, &history, now, &mut notes)
            .await?;

        let tickers: BTreeSet<&str> = replay
            .book
            .tickers()
            .chain(replay.previous.iter().flat_map(|book| book.tickers()))
            .chain(replay.traded().map(|(ticker, _)| ticker))
            .collect();
        let quotes = inner
            .source
            .quotes(QuoteQuery {
                tickers: tickers.into_iter().map(str::to_owned).collect(),
                dates: previous.into_iter().chain([date]).collect(),
                benchmark: inner.benchmark.clone(),
                benchmark_from: history.equity.first().map(|point| point.date),
                benchmark_to: Some(date),
            })
            .await
            .map_err(failed)?;
        let context = inner
            .context
            .context(day_start(date), day_end(date, now))
            .await;
        Ok(summarise(DayInputs {
            service_name: inner.service_name.clone(),
            environment: inner.environment.clone(),
            session,
            generated_at: now,
            edition: edition(date, now),
            replay,
            history,
            quotes,
            context,
            benchmark: inner.benchmark.clone(),
            tolerance: inner.tolerance,
            tax_rates: inner.calendar.tax_rates(date).ok().flatten(),
            notes,
        }))
    }

    /// The day's fills on the closing positions of an earlier session; a full replay without any.
    async fn replay(
        &self,
        date: Date,
        previous: Option<Date>,
        history: &AccountHistory,
        now: Timestamp,
        notes: &mut Vec<QualityNote>,
    ) -> Result<Replay, ReportError> {
        let inner = &self.inner;
        let key = inner.source.describe();
        // The positions at the close of `previous` are wanted too: start there or before.
        let limit = previous.or_else(|| date.yesterday().ok()).unwrap_or(date);
        let from = inner.store.snapshot(&key, limit).await?;
        let snapshot_date = from.as_ref().map(|snapshot| snapshot.date);
        let plan = ReplayPlan {
            from,
            previous,
            detail: Some(date),
            splits: history.splits.clone(),
            keep: SNAPSHOTS,
        };
        let read = |replay| async move {
            let read = inner.source.replay(replay, date, Some(date)).await;
            read.map_err(|cause| self.source_error(cause))
        };
        let found = match Replay::new(plan.clone()) {
            Some(replay) => {
                let replay = read(replay).await?;
                // Looked for afterwards: what the replay has read needs no second look.
                match snapshot_date {
                    Some(on) if self.backfilled(&replay, on).await? => {
                        Err((on, "fills were recorded afterwards"))
                    }
                    _ => Ok(replay),
                }
            }
            None => Err((date, "the stored positions are damaged")),
        };
        let mut replay = match found {
            Ok(replay) => replay,
            Err((subject, why)) => {
                notes.push(rebuilt(subject, why));
                inner.store.forget_snapshots(&key).await?;
                read(Replay::start(plan)).await?
            }
        };
        replay.finish(date);
        let mut snapshots = replay.take_snapshots();
        // A day on which trading may go on has no closing positions yet.
        snapshots.retain(|snapshot| last_trade(snapshot.date) < now);
        if !snapshots.is_empty() {
            inner.store.keep_snapshots(&key, snapshots).await?;
        }
        Ok(replay)
    }

    async fn backfilled(&self, replay: &Replay, on_or_before: Date) -> Result<bool, ReportError> {
        let source = &self.inner.source;
        let found = source.backfilled(replay.known_id(), on_or_before).await;
        found.map_err(|cause| self.source_error(cause))
    }

    /// Replays every trade from the first one on and stores the closing positions anew.
    ///
    /// Returns the number of rows read.
    ///
    /// # Errors
    ///
    /// When the source or the store cannot be used; the stored positions are then as before.
    pub async fn rebuild(&self) -> Result<u64, ReportError> {
        let inner = &self.inner;
        let now = self.now();
        let through = date_in_seoul(now);
        let failed = |cause| self.source_error(cause);
        let splits: Vec<Split> = inner.source.history(through).await.map_err(failed)?.splits;
        let replay = Replay::start(ReplayPlan {
            splits,
            keep: SNAPSHOTS,
            ..ReplayPlan::default()
        });
        let mut replay = inner
            .source
            .replay(replay, through, None)
            .await
            .map_err(failed)?;
        replay.finish(through);
        let mut snapshots = replay.take_snapshots();
        snapshots.retain(|snapshot| last_trade(snapshot.date) < now);
        let key = inner.source.describe();
        inner.store.forget_snapshots(&key).await?;
        inner.store.keep_snapshots(&key, snapshots).await?;
        Ok(replay.rows())
    }

    /// The report that says that the source could not be read: no figure, no zero.
    #[must_use]
    pub async fn unavailable(&self, date: Date, error: &ReportError) -> DailySummary {
        let inner = &self.inner;
        let now = self.now();
        let why = Missing::SourceUnavailable;
        let mut notes = Vec::new();
        let session = session_info(date, &inner.calendar, &mut notes);
        let reason = error.chain();
        notes.push(QualityNote {
            severity: QualitySeverity::Error,
            issue: QualityIssue::SourceUnavailable,
            subject: inner.source.describe(),
            detail: reason.clone(),
        });
        let context = inner
            .context
            .context(day_start(date), day_end(date, now))
            .await;
        DailySummary {
            schema_version: SCHEMA_VERSION,
            service_name: inner.service_name.clone(),
            environment: inner.environment.clone(),
            account: None,
            session,
            generated_at: now,
            edition: edition(date, now),
            source: SourceState::Unavailable { reason },
            trading_stats: TradingStats::missing(&why),
            portfolio_stats: PortfolioStats::missing(&why),
            risk_metrics: RiskMetrics::missing(&why, &inner.benchmark),
            system_health: context.system,
            top_performers: TopPerformers::missing(&why),
            alerts_summary: context.alerts,
            reconciliation: Reconciliation::missing(&why, inner.tolerance.unwrap_or(Decimal::ONE)),
            series: Series::default(),
            data_quality: notes,
            data_quality_omitted: 0,
            fills: Vec::new(),
            fills_omitted: 0,
        }
    }
}

fn rebuilt(date: Date, why: &str) -> QualityNote {
    QualityNote {
        severity: QualitySeverity::Info,
        issue: QualityIssue::SnapshotRebuilt,
        subject: date.to_string(),
        detail: format!("{why}: positions were computed from the first trade on"),
    }
}

fn day_start(date: Date) -> Timestamp {
    instant_in_seoul(date.at(0, 0, 0, 0))
}

fn day_end(date: Date, now: Timestamp) -> Timestamp {
    let end = date.tomorrow().map_or(Timestamp::MAX, day_start);
    end.min(now)
}

/// "As of" while some venue may still trade.
fn edition(date: Date, now: Timestamp) -> Edition {
    Edition {
        as_of: (now < last_trade(date)).then_some(now),
        ..Edition::default()
    }
}

fn session_info(date: Date, calendar: &Krx, notes: &mut Vec<QualityNote>) -> SessionInfo {
    let kind = match calendar.day(date) {
        Ok(DayKind::Regular) => SessionKind::Regular,
        Ok(DayKind::Special { reason, .. }) => SessionKind::SpecialHours { reason },
        Ok(DayKind::Closed { reason }) => SessionKind::Closed { reason },
        Err(unknown) => {
            notes.push(QualityNote {
                severity: QualitySeverity::Warning,
                issue: QualityIssue::CalendarUnknown,
                subject: date.year().to_string(),
                detail: unknown.to_string(),
            });
            SessionKind::Unknown
        }
    };
    let hours = calendar.hours(date).ok().flatten();
    SessionInfo {
        date,
        kind,
        open: hours.map(|(open, _)| open),
        close: hours.map(|(_, close)| close),
        previous: calendar.previous_session(date).ok(),
    }
}
