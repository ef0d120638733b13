//! Kept reports, and the last close that the day's gain is measured from.

use std::{sync::Arc, time::Duration};

use bongsu_console::{Figure, LastReport, Missing, ReportEntry, Snapshot, SourceError};
use bongsu_reports::{
    ReportError, ReportGenerator,
    calendar::date_in_seoul,
    summary::{DailySummary, SourceState},
};
use jiff::{Timestamp, civil::Date};

use super::memory::Memory;

/// Sessions that the archive shows.
const SESSIONS: usize = 20;
/// Sessions back that the last report is looked for.
const LOOKED_BACK: usize = 5;
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
    let mut closing = Closing {
        last: Missing::NotRecorded.into(),
        equity: Missing::Failed("no report of the last close".to_owned()).into(),
    };
    for (place, session) in sessions(reports, today, LOOKED_BACK)
        .into_iter()
        .enumerate()
    {
        let Ok(summary) = reports.kept_summary(session).await else {
            continue;
        };
        if closing.last.known().is_none() {
            closing.last = Figure::Known(LastReport {
                session,
                at: summary.generated_at,
                problem: problem(&summary),
            });
        }
        // Only the close just before today is where the day begins.
        let before_today = session < today;
        if before_today && place <= 1 {
            let equity = summary.portfolio_stats.equity.value();
            let equity = equity.and_then(|equity| i64::try_from(equity.round()).ok());
            closing.equity = Figure::or(equity, Missing::NotRecorded);
        }
        if before_today {
            break;
        }
    }
    closing
}

/// The sessions up to a day, the newest first.
fn sessions(reports: &ReportGenerator, until: Date, most: usize) -> Vec<Date> {
    let calendar = reports.calendar();
    let first = calendar.session_at_or_before(until).ok();
    std::iter::successors(first, |date| calendar.previous_session(*date).ok())
        .take(most)
        .collect()
}

fn problem(summary: &DailySummary) -> Option<String> {
    match &summary.source {
        SourceState::Unavailable { reason } => Some(reason.clone()),
        _ => None,
    }
}

pub(super) async fn archive(
    reports: &ReportGenerator,
    now: Timestamp,
) -> Result<Vec<ReportEntry>, SourceError> {
    let mut entries = Vec::new();
    for session in sessions(reports, date_in_seoul(now), SESSIONS) {
        let summary = match reports.kept_summary(session).await {
            Ok(summary) => summary,
            Err(ReportError::NotKept { .. }) => continue,
            Err(error) => {
                return Err(SourceError::Failed {
                    reason: error.chain(),
                });
            }
        };
        let deliveries = reports.deliveries(session).await;
        let deliveries = deliveries.map(|sent| sent.deliveries).unwrap_or_default();
        entries.push(ReportEntry {
            session,
            at: Some(summary.generated_at),
            deliveries: deliveries
                .into_iter()
                .map(|sent| {
                    let who = format!("{} {}", sent.key.channel, sent.key.recipient);
                    let why = sent.reason.map(|why| format!(": {why}"));
                    (
                        who,
                        format!("{}{}", sent.state.as_str(), why.unwrap_or_default()),
                    )
                })
                .collect(),
            problem: problem(&summary),
            page: true,
        });
    }
    Ok(entries)
}

pub(super) async fn page(reports: &ReportGenerator, session: Date) -> Result<String, SourceError> {
    match reports.kept_summary(session).await {
        Ok(summary) => Ok(reports.render(&summary).preview_html),
        Err(ReportError::NotKept { .. }) => Err(SourceError::NotFound { what: "report" }),
        Err(error) => Err(SourceError::Failed {
            reason: error.chain(),
        }),
    }
}
