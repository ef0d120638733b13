//! One day's report.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{ReportError, ReportEvent, ReportGenerator};
use crate::Missing;
use crate::calendar::{DayKind, Krx, instant_in_seoul};
use crate::compute::{DayInputs, summarise};
use crate::source::{HistoryQuery, QuoteQuery, SourceError};
use crate::summary::{
    DailySummary, Edition, PortfolioStats, QualityIssue, QualityNote, QualitySeverity,
    Reconciliation, RiskMetrics, SCHEMA_VERSION, Series, SessionInfo, SessionKind, SourceState,
    TopPerformers, TradingStats,
};

impl ReportGenerator {
    pub(crate) async fn generate(
        &self,
        date: Date,
        now: Timestamp,
    ) -> Result<DailySummary, ReportError> {
        let inner = &self.inner;
        let limit = inner.source_timeout;
        let begun = tokio::time::Instant::now();
        let mut summary = tokio::time::timeout(limit, self.compute(date, now))
            .await
            .unwrap_or_else(|_| {
                Err(self.source_error(SourceError::Timeout {
                    seconds: limit.as_secs(),
                }))
            })?;
        summary.period = inner.period;
        self.compare_if_rebuilt(&mut summary).await;
        summary.accounts = self.accounts(date, now).await?;
        self.emit(ReportEvent::Generated {
            session: date,
            at: now,
            took: begun.elapsed(),
        });
        Ok(summary)
    }

    pub(super) fn source_error(&self, cause: SourceError) -> ReportError {
        ReportError::Source {
            source_name: self.inner.source.describe(),
            cause,
        }
    }

    pub(super) async fn compute(
        &self,
        date: Date,
        now: Timestamp,
    ) -> Result<DailySummary, ReportError> {
        let inner = &self.inner;
        let failed = |cause| self.source_error(cause);
        let mut notes = Vec::new();
        let calendar = self.calendar();
        let session = session_info(date, &calendar, &mut notes);
        let query = HistoryQuery {
            through: date,
            calendar: Arc::clone(&calendar),
            mark: inner.mark,
        };
        let history = inner.source.history(query).await.map_err(failed)?;
        let previous = history
            .equity
            .iter()
            .rev()
            .map(|point| point.date)
            .find(|at| *at < date);
        let (replay, known) = self
            .replay(date, previous, &history, now, &mut notes)
            .await?;
        let bases = self.bases(date, &known).await?;

        let tickers: BTreeSet<&str> = replay
            .book
            .tickers()
            .chain(replay.previous.iter().flat_map(|book| book.tickers()))
            .chain(replay.traded().map(|(ticker, _)| ticker))
            .chain(replay.day.orders.iter().map(|order| order.ticker.as_str()))
            .collect();
        let quotes = inner
            .source
            .quotes(QuoteQuery {
                tickers: tickers.into_iter().map(str::to_owned).collect(),
                dates: previous.into_iter().chain([date]).collect(),
                benchmarks: inner.benchmarks.clone(),
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
            edition: edition(date, now, &calendar),
            replay,
            history,
            quotes,
            context,
            benchmarks: inner.benchmarks.clone(),
            mark: inner.mark,
            bases,
            tolerance: inner.tolerance,
            tax_rates: calendar.tax_rates(date).ok().flatten(),
            calendar,
            notes,
        }))
    }

    /// The report that says that the source could not be read: no figure, no zero.
    #[must_use]
    pub async fn unavailable(&self, date: Date, error: &ReportError) -> DailySummary {
        let inner = &self.inner;
        let now = self.now();
        let why = Missing::SourceUnavailable;
        let mut notes = Vec::new();
        let calendar = self.calendar();
        let session = session_info(date, &calendar, &mut notes);
        let reason = error.chain();
        notes.push(QualityNote::new(
            QualitySeverity::Error,
            QualityIssue::SourceUnavailable,
            inner.source.describe(),
            (reason.clone(), reason.clone()),
        ));
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
            edition: edition(date, now, &calendar),
            source: SourceState::Unavailable { reason },
            trading_stats: TradingStats::missing(&why),
            portfolio_stats: PortfolioStats::missing(&why),
            risk_metrics: RiskMetrics::missing(&why, &inner.benchmarks[0]),
            system_health: context.system,
            top_performers: TopPerformers::missing(&why),
            alerts_summary: context.alerts,
            reconciliation: Reconciliation::missing(&why, inner.tolerance.unwrap_or(Decimal::ONE)),
            series: Series::default(),
            data_quality: notes,
            data_quality_omitted: 0,
            fills: Vec::new(),
            fills_omitted: 0,
            period: inner.period,
            periods: Vec::new(),
            recent: Vec::new(),
            position_pnl: Vec::new(),
            by_strategy: Vec::new(),
            by_sector: Vec::new(),
            changes: Vec::new(),
            accounts: Vec::new(),
        }
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
fn edition(date: Date, now: Timestamp, calendar: &Krx) -> Edition {
    Edition {
        as_of: (now < calendar.last_close(date)).then_some(now),
        ..Edition::default()
    }
}

fn session_info(date: Date, calendar: &Krx, notes: &mut Vec<QualityNote>) -> SessionInfo {
    let kind = match calendar.day(date) {
        Ok(DayKind::Regular) => SessionKind::Regular,
        Ok(DayKind::Special { reason, .. }) => SessionKind::SpecialHours { reason },
        Ok(DayKind::Closed { reason }) => SessionKind::Closed { reason },
        Err(unknown) => {
            notes.push(QualityNote::new(
                QualitySeverity::Warning,
                QualityIssue::CalendarUnknown,
                date.year().to_string(),
                (
                    unknown.to_string(),
                    format!(
                        "{}년 휴장일 정보 없음: 달력 파일에 추가하십시오",
                        date.year()
                    ),
                ),
            ));
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
