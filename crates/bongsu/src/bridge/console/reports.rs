//! Kept reports, and the last close that the day's gain is measured from.

use std::{sync::Arc, time::Duration};

use bongsu_console::{Figure, LastReport, Missing, ReportEntry, Snapshot, SourceError};
use bongsu_reports::{ReportError, ReportGenerator, calendar::date_in_seoul, store::Reported};
use jiff::{Timestamp, civil::Date};

use super::memory::Memory;

/// How far back the archive goes, and the reports of it that are shown.
const ARCHIVE_DAYS: i64 = 366;
const SHOWN: usize = 60;
const EVERY: Duration = Duration::from_secs(60);

/// What the last kept report says.
#[derive(Debug, Default)]
pub(super) struct Closing {
    last: Figure<LastReport>,
    /// Equity at the close of the last session before today, won.
    equity: Figure<i64>,
}

impl Closing {
    /// Puts in the last report, and the day's gain where both ends of it are known.
    pub(super) fn fill(&self, snapshot: &mut Snapshot) {
        snapshot.reports.last = self.last.clone();
        let book = &mut snapshot.portfolio;
        let (value, equity) = match (&book.value_krw, &self.equity) {
            (Figure::Known(value), Figure::Known(equity)) => (*value, *equity),
            (Figure::Missing(missing), _) | (_, Figure::Missing(missing)) => {
                book.day_pnl_krw = missing.clone().into();
                book.day_pnl_percent = missing.clone().into();
                return;
            }
        };
        let pnl = value.saturating_sub(equity);
        book.day_pnl_krw = Figure::Known(pnl);
        book.day_pnl_percent = match equity {
            0 => Missing::NotRecorded.into(),
            equity => Figure::Known(pnl as f64 / equity as f64 * 100.0),
        };
    }
}

/// Looks for the last report now and then: a store may be slow, and a page must not wait for it.
pub(super) async fn follow(reports: ReportGenerator, memory: Arc<Memory>) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        memory.closed(closing(&reports, Timestamp::now()).await);
    }
}

async fn closing(reports: &ReportGenerator, now: Timestamp) -> Closing {
    let today = date_in_seoul(now);
    let last = match kept(reports, today).await {
        Ok(kept) => Figure::or(kept.last().map(last), Missing::NotRecorded),
        Err(error) => Missing::Failed(error.to_string()).into(),
    };
    Closing {
        last,
        equity: equity_before(reports, today).await,
    }
}

fn last(reported: &Reported) -> LastReport {
    LastReport {
        session: reported.session,
        at: reported.generated_at,
        problem: problem(reported),
    }
}

/// Equity at the close of the session before a day; deposits since then are not known here.
async fn equity_before(reports: &ReportGenerator, day: Date) -> Figure<i64> {
    let missing = || Missing::Failed("no report of the last close".to_owned()).into();
    let Ok(session) = reports.calendar().previous_session(day) else {
        return missing();
    };
    let Ok(summary) = reports.kept_summary(session).await else {
        return missing();
    };
    let equity = summary.portfolio_stats.equity.value();
    let equity = equity.and_then(|equity| i64::try_from(equity.round()).ok());
    equity.map_or_else(missing, Figure::Known)
}

/// The kept reports of the last year, oldest first.
async fn kept(reports: &ReportGenerator, today: Date) -> Result<Vec<Reported>, SourceError> {
    let since = today.saturating_sub(jiff::Span::new().days(ARCHIVE_DAYS));
    let kept = reports.kept_reports(since).await;
    kept.map_err(|error| SourceError::Failed {
        reason: error.chain(),
    })
}

fn problem(reported: &Reported) -> Option<String> {
    (!reported.complete).then(|| "the source of the figures could not be read".to_owned())
}

pub(super) async fn archive(
    reports: &ReportGenerator,
    now: Timestamp,
) -> Result<Vec<ReportEntry>, SourceError> {
    let mut entries = Vec::new();
    let kept = kept(reports, date_in_seoul(now)).await?;
    for reported in kept.iter().rev().take(SHOWN) {
        let deliveries = reports.deliveries(reported.session).await;
        let deliveries = deliveries.map(|sent| sent.deliveries).unwrap_or_default();
        entries.push(ReportEntry {
            session: reported.session,
            at: Some(reported.generated_at),
            deliveries: deliveries
                .into_iter()
                .map(|sent| {
                    let who = format!("{} {}", sent.key.channel, sent.key.recipient);
                    let why = sent.reason.map(|why| format!(": {why}"));
                    let state = sent.state.as_str();
                    (who, format!("{state}{}", why.unwrap_or_default()))
                })
                .collect(),
            problem: problem(reported),
            page: true,
        });
    }
    Ok(entries)
}

pub(super) async fn page(reports: &ReportGenerator, session: Date) -> Result<String, SourceError> {
    match reports.kept_summary(session).await {
        Ok(summary) => Ok(reports.render(&summary).await.preview_html),
        Err(ReportError::NotKept { .. }) => Err(SourceError::NotFound { what: "report" }),
        Err(error) => Err(SourceError::Failed {
            reason: error.chain(),
        }),
    }
}
