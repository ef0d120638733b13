//! Folding trade rows into positions.

use std::collections::VecDeque;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::book::{Book, Positions, StoredBook};
use super::day::Day;
use super::rules::{Fill, check};
use super::trade::{Executed, TradeRow};
use super::trading::TickerTally;
use crate::money::Won;
use crate::summary::{QualityIssue, QualitySeverity, Side};

/// A stock split or a consolidation, effective at the start of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The ticker.
    pub ticker: String,
    /// The first date with the new shares.
    pub date: Date,
    /// New shares …
    pub numerator: i64,
    /// … for so many old ones.
    pub denominator: i64,
}

/// The closing positions of a session, stored so that a later day costs only its own fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The session.
    pub date: Date,
    /// The highest row id seen up to and including the session.
    pub last_id: i64,
    /// Positions and the realised profit and loss so far.
    pub book: StoredBook,
}

/// What a replay is for.
#[derive(Debug, Clone, Default)]
pub struct ReplayPlan {
    /// Start from here; rows up to its date are not given.
    pub from: Option<Snapshot>,
    /// Remember the positions at the close of this date.
    pub previous: Option<Date>,
    /// Keep every detail of this date.
    pub detail: Option<Date>,
    /// Splits, any order.
    pub splits: Vec<Split>,
    /// How many of the latest sessions to keep a snapshot of; month-ends are kept besides.
    pub keep: usize,
}

/// Folds rows, in order of execution, into a [`Book`].
#[derive(Debug)]
pub struct Replay {
    pub(crate) book: Book,
    pub(crate) previous: Option<Book>,
    pub(crate) day: Day,
    /// Rows left out before the detailed day.
    pub(crate) earlier_refused: u64,
    splits: Vec<Split>,
    split_next: usize,
    previous_date: Option<Date>,
    detail: Option<Date>,
    today: Option<Date>,
    last_id: i64,
    /// The highest id in the snapshot, and how many rows above it came.
    snapshot_id: i64,
    above: u64,
    keep: usize,
    recent: VecDeque<Closing>,
    month_ends: Vec<Closing>,
    rows: u64,
}

/// A [`Snapshot`] not written down yet: most are dropped again.
#[derive(Debug)]
struct Closing {
    date: Date,
    last_id: i64,
    positions: Positions,
}

impl Replay {
    /// A replay that starts from the plan's snapshot, or from nothing.
    ///
    /// Returns `None` when the snapshot is damaged.
    #[must_use]
    pub fn new(plan: ReplayPlan) -> Option<Self> {
        let book = match &plan.from {
            Some(snapshot) => Book::restore(&snapshot.book)?,
            None => Book::default(),
        };
        Some(Self::with_book(plan, book))
    }

    /// A replay of everything, whatever the plan's snapshot.
    #[must_use]
    pub fn start(mut plan: ReplayPlan) -> Self {
        plan.from = None;
        Self::with_book(plan, Book::default())
    }

    fn with_book(plan: ReplayPlan, book: Book) -> Self {
        let (today, last_id) = match &plan.from {
            Some(snapshot) => (Some(snapshot.date), snapshot.last_id),
            None => (None, 0),
        };
        let mut splits = plan.splits;
        splits.sort_by_key(|split| split.date);
        let split_next = today.map_or(0, |today| {
            splits.partition_point(|split| split.date <= today)
        });
        Self {
            book,
            previous: None,
            day: Day::default(),
            earlier_refused: 0,
            splits,
            split_next,
            previous_date: plan.previous,
            detail: plan.detail,
            today,
            last_id,
            snapshot_id: last_id,
            above: 0,
            keep: plan.keep,
            recent: VecDeque::new(),
            month_ends: Vec::new(),
            rows: 0,
        }
    }

    /// The date after which rows are wanted; `None` for all.
    #[must_use]
    pub fn after(&self) -> Option<Date> {
        self.today
    }

    /// The highest row id so far, in the plan's snapshot or after it.
    #[cfg(feature = "sqlite")]
    pub(crate) fn last_id(&self) -> i64 {
        self.last_id
    }

    /// The id above which there may be rows that came neither now nor before the snapshot: the highest
    /// one when as many rows came as there are ids since the snapshot, and else the snapshot's.
    pub(crate) fn known_id(&self) -> i64 {
        if self.snapshot_id.checked_add_unsigned(self.above) == Some(self.last_id) {
            self.last_id
        } else {
            self.snapshot_id
        }
    }

    /// Rows folded so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The tickers traded on the detailed day.
    pub(crate) fn traded(&self) -> impl Iterator<Item = (&str, &TickerTally)> {
        self.day.tally.by_ticker(&self.book)
    }

    /// Takes one row; rows come in order of (`executed_at`, `id`).
    pub fn push(&mut self, row: &TradeRow<'_>) {
        self.rows += 1;
        self.last_id = self.last_id.max(row.id);
        self.above += u64::from(row.id > self.snapshot_id);
        let date = match row.executed {
            Executed::At { date, .. } => Some(date),
            Executed::Missing | Executed::Bad(_) => None,
        };
        if let Some(date) = date
            && self.today != Some(date)
        {
            self.cross_to(date);
        }
        // A row without a time comes only with its day's rows, selected by its creation.
        let detailed = date.is_none() || self.detail == date;
        let fill = match check(row) {
            Ok(Some(fill)) => fill,
            Ok(None) => {
                self.day.unfilled += u64::from(detailed);
                return;
            }
            Err(refused) => {
                if detailed {
                    self.day.note(
                        QualitySeverity::Error,
                        refused.issue,
                        row.order_id,
                        format!("{}, left out", refused.detail),
                    );
                } else {
                    self.earlier_refused += 1;
                }
                return;
            }
        };
        self.fold(row, &fill, detailed);
    }

    fn fold(&mut self, row: &TradeRow<'_>, fill: &Fill, detailed: bool) {
        let amount = Won::new(fill.amount);
        let fees = Won::new(fill.commission) + Won::new(fill.tax);
        let outcome = match fill.side {
            Side::Buy => {
                let bought = self.book.buy(row.ticker, fill.quantity, amount + fees);
                bought
                    .map(|slot| (slot, None))
                    .ok_or_else(|| format!("{} shares are out of range, left out", fill.quantity))
            }
            Side::Sell => self
                .book
                .sell(row.ticker, fill.quantity, amount - fees)
                .map(|(slot, realised)| (slot, Some(realised)))
                .map_err(|over| {
                    format!(
                        "sold {} of {} with {} held, left out",
                        fill.quantity, row.ticker, over.held
                    )
                }),
        };
        match outcome {
            Ok((slot, realised)) if detailed => {
                let ticker = self.book.ticker(slot);
                self.day.record(row, fill, (slot, ticker), realised);
            }
            Ok(_) => {}
            Err(detail) if detailed => {
                self.day.note(
                    QualitySeverity::Error,
                    QualityIssue::Oversold,
                    row.order_id,
                    detail,
                );
            }
            Err(_) => self.earlier_refused += 1,
        }
    }

    /// Ends the replay at the close of `through`.
    pub fn finish(&mut self, through: Date) {
        if let Ok(after) = through.tomorrow() {
            self.cross_to(after);
        }
    }

    /// The snapshots kept, oldest first: the last sessions and every month's last.
    #[must_use]
    pub fn take_snapshots(&mut self) -> Vec<Snapshot> {
        let month_ends = std::mem::take(&mut self.month_ends).into_iter();
        let all = month_ends.chain(std::mem::take(&mut self.recent));
        all.map(|closing| Snapshot {
            date: closing.date,
            last_id: closing.last_id,
            book: closing.positions.store(),
        })
        .collect()
    }

    /// Closes the present date and opens another one.
    fn cross_to(&mut self, date: Date) {
        if let Some(today) = self.today
            && self.keep > 0
            && self.rows > 0
        {
            self.keep_closing(today, date);
        }
        if let Some(previous) = self.previous_date
            && self.previous.is_none()
            && date > previous
        {
            self.split_until(previous);
            self.previous = Some(self.book.clone());
        }
        self.split_until(date);
        self.today = Some(date);
    }

    fn keep_closing(&mut self, today: Date, next: Date) {
        self.recent.push_back(Closing {
            date: today,
            last_id: self.last_id,
            positions: self.book.positions(),
        });
        while self.recent.len() > self.keep {
            let Some(old) = self.recent.pop_front() else {
                break;
            };
            let following = self.recent.front().map_or(next, |closing| closing.date);
            if old.date.first_of_month() != following.first_of_month() {
                self.month_ends.push(old);
            }
        }
    }

    fn split_until(&mut self, date: Date) {
        while let Some(split) = self.splits.get(self.split_next)
            && split.date <= date
        {
            self.split_next += 1;
            let whole = self
                .book
                .split(&split.ticker, split.numerator, split.denominator);
            if !whole {
                self.day.note(
                    QualitySeverity::Warning,
                    QualityIssue::SplitFraction,
                    split.ticker.clone(),
                    format!(
                        "{} for {} on {}: a fraction of a share was cut off",
                        split.numerator, split.denominator, split.date
                    ),
                );
            }
        }
    }
}
