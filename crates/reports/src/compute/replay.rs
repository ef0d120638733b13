//! Folding trade rows into positions.

use std::collections::VecDeque;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::book::{Book, Misfit, Positions, Slot, StoredBook, Transferred};
use super::day::Day;
use super::fingerprint::{Digests, Fingerprint};
use super::rules::{Fill, canonical, check};
use super::totals::Totals;
use super::trade::{Executed, OwnedRow, TradeRow};
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

/// Shares that came or went without a trade: an opening position, a transfer, an allotment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The ticker.
    pub ticker: String,
    /// The date, in Korea; it counts before the day's trades.
    pub date: Date,
    /// Shares that came, or that went (negative).
    pub quantity: i64,
    /// What those that came had cost in all, in won.
    pub cost: Decimal,
    /// What they were worth when they came or went; `None` for their cost.
    pub value: Option<Decimal>,
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
    /// Shares that came or went without a trade, any order.
    pub transfers: Vec<Transfer>,
    /// A sale of more than is held opens a short position, and is no error.
    pub short_sales: bool,
    /// How many of the latest sessions to keep a snapshot of; month-ends are kept besides.
    pub keep: usize,
}

/// Folds rows, in order of execution, into a [`Book`]: of one instant first what was bought, then what
/// was sold, each by id.
#[derive(Debug, Clone)]
pub struct Replay {
    pub(crate) book: Book,
    pub(crate) previous: Option<Book>,
    pub(crate) day: Day,
    /// Rows left out before the detailed day.
    pub(crate) earlier_refused: u64,
    splits: Vec<Split>,
    split_next: usize,
    transfers: Vec<Transfer>,
    transfer_next: usize,
    short_sales: bool,
    /// The instant and the id of the last row, and the sales of it, which wait for what was bought then.
    now: Option<(Timestamp, i64)>,
    waiting: Vec<(Sale, OwnedRow)>,
    waits: usize,
    disordered: bool,
    /// What came on each date, as fingerprints; the last one is the present date's.
    digests: Vec<(Date, Fingerprint)>,
    previous_date: Option<Date>,
    detail: Option<Date>,
    today: Option<Date>,
    last_id: i64,
    keep: usize,
    recent: VecDeque<Closing>,
    month_ends: Vec<Closing>,
    rows: u64,
}

/// A sale that waits for what was bought at its instant.
#[derive(Debug, Clone, Copy)]
struct Sale {
    id: i64,
    slot: Slot,
    on: Option<Date>,
    fill: Fill,
    /// Its row is kept too; on other days nobody asks for it.
    detailed: bool,
}

/// A [`Snapshot`] not written down yet: most are dropped again.
#[derive(Debug, Clone)]
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
        let mut transfers = plan.transfers;
        transfers.sort_by_key(|transfer| transfer.date);
        let transfer_next = today.map_or(0, |today| {
            transfers.partition_point(|transfer| transfer.date <= today)
        });
        Self {
            book,
            previous: None,
            day: Day::default(),
            earlier_refused: 0,
            splits,
            split_next,
            transfers,
            transfer_next,
            short_sales: plan.short_sales,
            now: None,
            waiting: Vec::new(),
            waits: 0,
            disordered: false,
            digests: Vec::new(),
            previous_date: plan.previous,
            detail: plan.detail,
            today,
            last_id,
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

    /// A row came that was executed before the one before it, or at the same instant with a lower id: the
    /// outcome is worth nothing.
    #[must_use]
    pub fn disordered(&self) -> bool {
        self.disordered
    }

    /// What came on each date.
    pub(crate) fn take_digests(&mut self) -> Digests {
        Digests::new(std::mem::take(&mut self.digests))
    }

    /// What all fills add up to.
    pub(crate) fn totals(&self) -> Totals {
        self.book.totals
    }

    /// Cost and worth of the shares that came or went after one date and up to another.
    pub(crate) fn transferred(&self, after: Date, through: Date) -> (Won, Won) {
        let within = self
            .book
            .transferred
            .iter()
            .filter(|moved| moved.date > after && moved.date <= through);
        within.fold((Won::ZERO, Won::ZERO), |(cost, value), moved| {
            (cost + moved.cost, value + moved.value)
        })
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

    /// Takes one row; rows come in order of their instants, and those of one instant by id.
    pub fn push(&mut self, row: &TradeRow<'_>) {
        self.rows += 1;
        self.last_id = self.last_id.max(row.id);
        let date = match row.executed {
            Executed::At { date, at } => {
                let (now, id) = self.now.unwrap_or((Timestamp::MIN, i64::MIN));
                if now != at {
                    self.flush();
                }
                self.disordered |= (at, row.id) < (now, id);
                self.now = Some((at, row.id));
                Some(date)
            }
            Executed::Missing | Executed::Bad(_) => None,
        };
        if let Some(date) = date {
            if self.today != Some(date) {
                self.cross_to(date);
            }
            match self.digests.last_mut() {
                Some((day, sum)) if *day == date => sum.add(row.hash()),
                _ => {
                    let mut sum = Fingerprint::default();
                    sum.add(row.hash());
                    self.digests.push((date, sum));
                }
            }
        }
        let detailed = match row.executed {
            Executed::At { date, .. } => self.detail == Some(date),
            // A text that begins with a date is of that day; one that does not is of none, or of a day that
            // whoever reads the rows knows.
            Executed::Bad(text) => {
                let on: Option<Date> = text.get(..10).and_then(|date| date.parse().ok());
                on.is_none() || self.detail == on
            }
            // It comes only with its day's rows, selected by its creation.
            Executed::Missing => true,
        };
        let fill = match check(row) {
            Ok(Some(fill)) => fill,
            Ok(None) => {
                if detailed {
                    self.day.unfilled(row);
                }
                return;
            }
            Err(refused) => {
                if detailed {
                    let (en, ko) = (refused.detail.en, refused.detail.ko);
                    self.day.note(
                        QualitySeverity::Error,
                        refused.issue,
                        row.name(),
                        (format!("{en}, left out"), format!("{ko}, 제외됨")),
                    );
                } else {
                    self.earlier_refused += 1;
                }
                return;
            }
        };
        let slot = self.book.slot(&canonical(row.ticker));
        match fill.side {
            Side::Buy => self.fold(slot, date, &fill, detailed.then_some(row)),
            Side::Sell => {
                let sale = Sale {
                    id: row.id,
                    slot,
                    on: date,
                    fill,
                    detailed,
                };
                self.wait(sale, row);
            }
        }
    }

    /// Keeps a sale until everything that was bought at its instant has come.
    fn wait(&mut self, sale: Sale, row: &TradeRow<'_>) {
        // The room of a row of before is used again.
        if self.waiting.len() == self.waits {
            self.waiting.push((sale, OwnedRow::default()));
        }
        if let Some((kept, its)) = self.waiting.get_mut(self.waits) {
            *kept = sale;
            if sale.detailed {
                its.assign(row);
            }
        }
        self.waits += 1;
    }

    fn flush(&mut self) {
        if self.waits == 0 {
            return;
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        let waits = std::mem::take(&mut self.waits);
        if waits > 1 {
            waiting[..waits].sort_by_key(|(sale, _)| sale.id);
        }
        for (sale, row) in &waiting[..waits] {
            let row = sale.detailed.then(|| row.row());
            self.fold(sale.slot, sale.on, &sale.fill, row.as_ref());
        }
        self.waiting = waiting;
    }

    /// Moves a position by a fill; of the detailed day its row is told of too.
    fn fold(&mut self, slot: Slot, on: Option<Date>, fill: &Fill, detailed: Option<&TradeRow<'_>>) {
        let fees = fill.commission + fill.tax;
        let (signed, cash) = match fill.side {
            Side::Buy => (fill.quantity, fill.amount + fees),
            Side::Sell => (-fill.quantity, fill.amount - fees),
        };
        let short = fill.short || self.short_sales;
        let outcome = self.book.trade(slot, signed, cash, on, short);
        let moved = match outcome {
            Ok(moved) => moved,
            Err(misfit) => {
                let Some(row) = detailed else {
                    self.earlier_refused += 1;
                    return;
                };
                let ticker = self.book.ticker(slot);
                let (issue, words) = match misfit {
                    Misfit::Oversold { held } => (
                        QualityIssue::Oversold,
                        (
                            format!(
                                "sold {} of {ticker} with {held} held, left out",
                                fill.quantity
                            ),
                            format!("{ticker} {held}주 보유, {}주 매도: 제외됨", fill.quantity),
                        ),
                    ),
                    Misfit::OutOfRange => (
                        QualityIssue::BadRow,
                        (
                            format!("{} shares are out of range, left out", fill.quantity),
                            format!("수량 {}이(가) 범위를 벗어남, 제외됨", fill.quantity),
                        ),
                    ),
                };
                self.day
                    .note(QualitySeverity::Error, issue, row.name(), words);
                return;
            }
        };
        self.book.totals.add(fill, moved.realised);
        if let Some((trip, on)) = moved.trip.zip(on) {
            self.book.totals.close(trip, on);
        }
        if let Some(row) = detailed {
            let ticker = self.book.ticker(slot);
            self.day.record(row, fill, &moved, ticker);
        }
    }

    /// Ends the replay at the close of `through`.
    pub fn finish(&mut self, through: Date) {
        self.flush();
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
            self.turn_until(previous);
            self.previous = Some(self.book.clone());
        }
        self.turn_until(date);
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

    /// What happens to the positions without a trade, up to and including a date: first the splits of
    /// a date, then what comes and goes on it.
    fn turn_until(&mut self, date: Date) {
        loop {
            let next = self.transfers.get(self.transfer_next);
            let Some(next) = next.filter(|next| next.date <= date) else {
                break;
            };
            let (on, next) = (next.date, next.clone());
            self.split_until(on);
            self.transfer_next += 1;
            self.transfer(&next);
        }
        self.split_until(date);
    }

    /// Did it happen after the session before and up to the detailed one? What is older was told then.
    fn is_news(&self, on: Date) -> bool {
        self.detail.is_some_and(|detail| {
            let before = self.previous_date.or_else(|| detail.yesterday().ok());
            on <= detail && before.is_none_or(|before| on > before)
        })
    }

    fn transfer(&mut self, transfer: &Transfer) {
        let ticker = canonical(&transfer.ticker);
        let won = |value: Decimal| Won::from_decimal(value).unwrap_or(Won::ZERO);
        let (quantity, on) = (transfer.quantity, transfer.date);
        match self
            .book
            .transfer(&ticker, quantity, won(transfer.cost), on)
        {
            Some(cost) => {
                let cost = if quantity < 0 { Won::ZERO - cost } else { cost };
                let value = transfer.value.map(won).map(|value| {
                    if quantity < 0 {
                        Won::ZERO - value.abs()
                    } else {
                        value.abs()
                    }
                });
                self.book.transferred.push(Transferred {
                    date: on,
                    cost,
                    value: value.unwrap_or(cost),
                });
            }
            None if self.is_news(on) => self.day.note(
                QualitySeverity::Error,
                QualityIssue::Oversold,
                ticker.to_string(),
                (
                    format!("{} shares went with fewer held, left out", -quantity),
                    format!("보유 수량보다 많은 {}주 출고: 제외됨", -quantity),
                ),
            ),
            None => self.earlier_refused += 1,
        }
    }

    fn split_until(&mut self, date: Date) {
        while let Some(split) = self.splits.get(self.split_next)
            && split.date <= date
        {
            self.split_next += 1;
            let whole = self.book.split(
                &canonical(&split.ticker),
                split.numerator,
                split.denominator,
            );
            if !whole && self.is_news(split.date) {
                self.day.note(
                    QualitySeverity::Warning,
                    QualityIssue::SplitFraction,
                    split.ticker.clone(),
                    (
                        format!(
                            "{} for {} on {}: a fraction of a share was cut off",
                            split.numerator, split.denominator, split.date
                        ),
                        format!(
                            "{} {}:{} 분할·병합: 단주 발생",
                            split.date, split.denominator, split.numerator
                        ),
                    ),
                );
            }
        }
    }
}
