//! The last close, that the day's gain is measured from.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bongsu_ops::{Figure, Held, LastReport, Missing, Position, Snapshot};
use bongsu_reports::{
    DailySummary, ReportError, ReportGenerator, calendar::date_in_seoul, store::Reported,
};
use jiff::{Timestamp, civil::Date};

use super::archive::{kept, problem};

const EVERY: Duration = Duration::from_secs(60);
/// Positions that are shown.
const POSITIONS: usize = 30;

/// What the last kept report says.
#[derive(Debug, Default)]
pub(super) struct Closing {
    last: Figure<LastReport>,
    /// Equity at the close of the last session before today, won.
    equity: Figure<i64>,
    /// The names of what was held then, by ticker.
    names: Names,
    held: Option<Arc<Held>>,
}

type Names = Arc<BTreeMap<String, String>>;

impl Closing {
    /// Puts in the last report, and the day's gain where both ends of it are known.
    pub(super) fn fill(&self, snapshot: &mut Snapshot) {
        snapshot.reports.last = self.last.clone();
        let book = &mut snapshot.portfolio;
        book.held = self.held.as_deref().cloned();
        for symbol in &mut book.symbols {
            symbol.name = self.names.get(&symbol.symbol).cloned();
        }
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
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn follow(reports: ReportGenerator, kept: Arc<Mutex<Closing>>) {
    let mut ticks = tokio::time::interval(EVERY);
    let mut read = LastRead::default();
    loop {
        ticks.tick().await;
        let now = closing(&reports, &mut read, Timestamp::now()).await;
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

async fn closing(reports: &ReportGenerator, read: &mut LastRead, now: Timestamp) -> Closing {
    let today = date_in_seoul(now);
    match kept(reports, today).await {
        Ok(kept) => {
            let equity = equity_before(reports, read, &kept, today).await;
            Closing {
                last: Figure::from_option(kept.last().map(last), Missing::NotRecorded),
                equity,
                names: read.names.clone(),
                held: read.held.clone(),
            }
        }
        Err(error) => Closing {
            last: Missing::Failed(error.to_string()).into(),
            equity: no_close(),
            names: read.names.clone(),
            held: read.held.clone(),
        },
    }
}

/// The report that was read last and its equity: one has up to a hundred thousand fills, and is read once.
#[derive(Debug, Default)]
struct LastRead {
    equity: Option<(Reported, Figure<i64>)>,
    names: Names,
    held: Option<Arc<Held>>,
}

impl LastRead {
    /// The equity of a kept report; `read` is not begun for the one of before.
    async fn equity(
        &mut self,
        of: Reported,
        read: impl Future<Output = Result<DailySummary, ReportError>>,
    ) -> Figure<i64> {
        if let Some((before, equity)) = &self.equity
            && *before == of
        {
            return equity.clone();
        }
        let Ok(summary) = read.await else {
            return no_close();
        };
        let equity = equity(&summary);
        self.equity = Some((of, equity.clone()));
        self.names = Arc::new(names(&summary));
        self.held = Some(Arc::new(held(&summary)));
        equity
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
async fn equity_before(
    reports: &ReportGenerator,
    read: &mut LastRead,
    kept: &[Reported],
    day: Date,
) -> Figure<i64> {
    let Ok(session) = reports.calendar().previous_session(day) else {
        return no_close();
    };
    match kept.iter().find(|reported| reported.session == session) {
        Some(reported) => {
            let summary = reports.kept_summary(session);
            read.equity(*reported, summary).await
        }
        None => no_close(),
    }
}

fn equity(summary: &DailySummary) -> Figure<i64> {
    let equity = summary.portfolio_stats.equity.value();
    let equity = equity.and_then(|equity| i64::try_from(equity.round()).ok());
    equity.map_or_else(no_close, Figure::Known)
}

/// What the positions and the trades of a report are called.
fn names(summary: &DailySummary) -> BTreeMap<String, String> {
    let held = summary.portfolio_stats.positions.iter();
    held.filter_map(|position| Some((position.ticker.clone(), position.name.clone()?)))
        .collect()
}

/// What was held, the greatest first.
fn held(summary: &DailySummary) -> Held {
    let positions = summary.portfolio_stats.positions.iter();
    let mut positions: Vec<Position> = positions
        .map(|it| Position {
            symbol: it.ticker.clone(),
            name: it.name.clone(),
            quantity: it.quantity.normalize().to_string(),
            value_krw: it
                .value
                .value()
                .and_then(|won| i64::try_from(won.round()).ok()),
        })
        .collect();
    positions.sort_by_key(|it| std::cmp::Reverse(it.value_krw));
    let omitted = positions.len().saturating_sub(POSITIONS);
    positions.truncate(POSITIONS);
    Held {
        session: summary.session.date,
        positions,
        omitted,
    }
}

fn no_close() -> Figure<i64> {
    Missing::NoClose.into()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn reported(revision: u32) -> Reported {
        Reported {
            session: jiff::civil::date(2026, 5, 28),
            revision,
            complete: true,
            send: true,
            generated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn a_report_is_read_once_for_its_equity() {
        let reads = Cell::new(0);
        let read = async || {
            reads.set(reads.get() + 1);
            Ok(DailySummary::sample())
        };
        let mut last = LastRead::default();
        let first = last.equity(reported(0), read()).await;
        assert!(matches!(first, Figure::Known(_)), "{first:?}");
        assert_eq!(last.equity(reported(0), read()).await, first);
        assert_eq!(reads.get(), 1);
        last.equity(reported(1), read()).await;
        assert_eq!(reads.get(), 2, "a revision is another report");
    }

    #[tokio::test]
    async fn a_report_that_could_not_be_read_is_tried_again() {
        let session = reported(0).session;
        let mut last = LastRead::default();
        let failure = async { Err(ReportError::NotKept { session }) };
        assert_eq!(last.equity(reported(0), failure).await, no_close());
        let read = async { Ok(DailySummary::sample()) };
        let equity = last.equity(reported(0), read).await;
        assert!(matches!(equity, Figure::Known(_)), "{equity:?}");
    }

    #[tokio::test]
    async fn the_last_close_is_that_of_the_session_before() {
        use bongsu_reports::source::sqlite::SqliteSource;

        let generator = ReportGenerator::builder(SqliteSource::new("never-opened.db"));
        let reports = generator.build().unwrap();
        let summary = DailySummary::sample();
        reports.send_daily_report(&summary).await;
        let mut read = LastRead::default();
        let mut at = async |now: &str| closing(&reports, &mut read, now.parse().unwrap()).await;
        let next_day = at("2026-05-29T10:00:00+09:00").await;
        assert_eq!(next_day.equity, equity(&summary));
        let held = next_day.held.clone().unwrap();
        assert_eq!(held.session, summary.session.date);
        let count = summary.portfolio_stats.positions.len();
        assert_eq!(held.positions.len() + held.omitted, count);
        assert!(
            count > 0
                && held
                    .positions
                    .is_sorted_by_key(|it| std::cmp::Reverse(it.value_krw))
        );
        let same_day = at("2026-05-28T23:00:00+09:00").await;
        assert_eq!(same_day.equity, no_close(), "of the 27th nothing is kept");
        assert_eq!(same_day.last, next_day.last);
    }
}
