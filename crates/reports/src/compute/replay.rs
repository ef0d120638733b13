//! Folding trade rows into positions, with every detail of one day.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::book::{Book, Positions, Realised, Slot, StoredBook};
use super::rules::{Fill, check};
use super::trading::{Tally, TickerTally};
use crate::money::Won;
use crate::summary::{FillLine, QualityIssue, QualityNote, QualitySeverity, Side};

/// Fills of one day kept in full; what is beyond is counted and still computed.
pub(crate) const MAX_FILLS: usize = 100_000;
/// Notes of one day kept; what is beyond is counted.
const MAX_NOTES: usize = 1_000;

/// A row of the `trades` table as a source read it. Nothing is checked yet.
#[derive(Debug, Clone, Copy)]
pub struct TradeRow<'a> {
    /// The row's key; the order of fills at the same instant.
    pub id: i64,
    /// `order_id`.
    pub order_id: &'a str,
    /// `ticker`.
    pub ticker: &'a str,
    /// `action`: `BUY` or `SELL`.
    pub action: &'a str,
    /// `executed_quantity`, in shares.
    pub quantity: Option<i64>,
    /// `executed_price`, in won.
    pub price: Number<'a>,
    /// `total_amount`, in won before fees.
    pub amount: Option<i64>,
    /// `commission`, in won.
    pub commission: Option<i64>,
    /// `tax`, in won.
    pub tax: Option<i64>,
    /// `executed_at`.
    pub executed: Executed<'a>,
    /// `status`.
    pub status: &'a str,
    /// `strategy`.
    pub strategy: Option<&'a str>,
    /// A column that holds something else than its type; the row is then left out.
    pub malformed: Option<&'static str>,
}

/// A number as a database hands it over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number<'a> {
    /// NULL.
    Null,
    /// An integer.
    Int(i64),
    /// A float; read with as many digits as it prints.
    Real(f64),
    /// Decimal digits.
    Text(&'a str),
    /// A decimal.
    Decimal(Decimal),
}

impl Number<'_> {
    /// The number as a decimal; `None` for NULL and for what is no number.
    #[must_use]
    pub fn decimal(self) -> Option<Decimal> {
        match self {
            Self::Null => None,
            Self::Int(value) => Some(Decimal::from(value)),
            // The shortest digits that read back as the same float: 14.1 stays 14.1.
            Self::Real(value) => hundredths(value).or_else(|| value.to_string().parse().ok()),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Decimal(value) => Some(value),
        }
    }
}

/// The decimal of a positive float of at most two decimals, without a detour through text.
///
/// Below 10¹⁵ hundredths it has at most fifteen digits, so that no other decimal as short reads back
/// as the same float: it is the one that prints.
#[expect(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "checked: whole and below 10¹⁵; the comparison is the check"
)]
fn hundredths(value: f64) -> Option<Decimal> {
    let scaled = (value * 100.0).round();
    if !(1.0..1e15).contains(&scaled) || scaled / 100.0 != value {
        return None;
    }
    let whole = scaled as i64;
    Some(match (whole % 100, whole % 10) {
        (0, _) => Decimal::from(whole / 100),
        (_, 0) => Decimal::new(whole / 10, 1),
        _ => Decimal::new(whole, 2),
    })
}

/// When a row was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executed<'a> {
    /// NULL.
    Missing,
    /// Not a time.
    Bad(&'a str),
    /// A time, and the date it has in Korea.
    At {
        /// The date in Korea.
        date: Date,
        /// The instant.
        at: Timestamp,
    },
}

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

/// Everything of the detailed day.
#[derive(Debug, Default)]
pub(crate) struct Day {
    /// As the report shows them, but for the companies' names.
    pub(crate) fills: Vec<FillLine>,
    /// The book's slot of each fill's ticker.
    pub(crate) slots: Vec<Slot>,
    /// The sales among the fills.
    pub(crate) sales: Vec<Sale>,
    pub(crate) fills_omitted: u64,
    pub(crate) tally: Tally,
    pub(crate) notes: Vec<QualityNote>,
    pub(crate) notes_omitted: u64,
    pub(crate) unfilled: u64,
    status: Option<Arc<str>>,
    strategy: Option<Arc<str>>,
}

/// A sale of the detailed day: its place among the fills, and what it realised.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sale {
    pub(crate) fill: usize,
    pub(crate) realised: Realised,
}

impl Day {
    pub(crate) fn note(
        &mut self,
        severity: QualitySeverity,
        issue: QualityIssue,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(QualityNote {
                severity,
                issue,
                subject: subject.into(),
                detail: detail.into(),
            });
        } else {
            self.notes_omitted += 1;
        }
    }
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

impl Day {
    fn record(
        &mut self,
        row: &TradeRow<'_>,
        fill: &Fill,
        (slot, ticker): (Slot, &Arc<str>),
        realised: Option<Realised>,
    ) {
        let Executed::At { at, .. } = row.executed else {
            return;
        };
        let price = row.price.decimal();
        if let Some(what) = fill.incomplete {
            self.note(
                QualitySeverity::Warning,
                QualityIssue::IncompleteRow,
                row.order_id,
                what,
            );
        } else if let Some(detail) = amount_mismatch(price, fill) {
            self.note(
                QualitySeverity::Warning,
                QualityIssue::AmountMismatch,
                row.order_id,
                detail,
            );
        }
        self.tally.add(slot, fill, realised);
        if self.fills.len() == MAX_FILLS {
            self.fills_omitted += 1;
            return;
        }
        if let Some(realised) = realised {
            self.sales.push(Sale {
                fill: self.fills.len(),
                realised,
            });
        }
        let amount = Decimal::from(fill.amount);
        let quantity = Decimal::from(fill.quantity);
        self.slots.push(slot);
        self.fills.push(FillLine {
            order_id: row.order_id.to_owned(),
            executed_at: at,
            ticker: Arc::clone(ticker),
            name: None,
            side: fill.side,
            quantity,
            price: price.unwrap_or_else(|| (amount / quantity).round_dp(2)),
            amount,
            commission: Decimal::from(fill.commission),
            tax: Decimal::from(fill.tax),
            status: shared(&mut self.status, row.status),
            strategy: row.strategy.map(|name| shared(&mut self.strategy, name)),
            realised: realised.map(|realised| realised.pnl.decimal()),
        });
    }
}

/// The text, shared with the last one where it is the same: a day has few statuses and strategies.
fn shared(last: &mut Option<Arc<str>>, text: &str) -> Arc<str> {
    match last {
        Some(last) if **last == *text => Arc::clone(last),
        _ => Arc::clone(last.insert(text.into())),
    }
}

/// The recorded amount against price × quantity; prices carry two decimals, so that each share may
/// be half a hundredth off, and amounts whole won.
fn amount_mismatch(price: Option<Decimal>, fill: &Fill) -> Option<String> {
    let price = price?;
    if agrees(price, fill) {
        return None;
    }
    let quantity = Decimal::from(fill.quantity);
    let expected = price.checked_mul(quantity)?;
    let slack = quantity.checked_mul(Decimal::new(5, 3))? + Decimal::ONE;
    let recorded = Decimal::from(fill.amount);
    ((recorded - expected).abs() > slack)
        .then(|| format!("amount {recorded} recorded, price × quantity is {expected}"))
}

/// The same question in whole thousandths of a won; `false` also where they do not suffice.
fn agrees(price: Decimal, fill: &Fill) -> bool {
    let (amount, quantity) = (i128::from(fill.amount), i128::from(fill.quantity));
    let scale = match price.scale() {
        0 => 1_000,
        1 => 100,
        2 => 10,
        _ => return false,
    };
    // A mantissa has 96 bits, and two numbers of 64 bits multiply to 128.
    i64::try_from(price.mantissa() * scale).is_ok_and(|price| {
        let gap = i128::from(price) * quantity - amount * 1_000;
        gap.abs() <= 5 * quantity + 1_000
    })
}
