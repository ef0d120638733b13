//! What the readers of both databases make of the tables' rows.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rust_decimal::Decimal;

use super::equity::{EquityDays, EquityRow};
use super::text::{Times, date};
use super::{AccountHistory, Flow, FlowKind, QuoteQuery, Quotes, SourceError};
use crate::calendar::date_in_seoul;
use crate::compute::{Executed, Number, OwnedRow, Replay, Split, Transfer};
use crate::summary::{Halt, Limits, QualityIssue, QualityNote, QualitySeverity};

/// Rows left out that are told by name; what is beyond is left out all the same.
pub(super) const MAX_NOTES: usize = 50;
/// Fills whose day nobody can tell that are told by name.
pub(super) const MAX_DAYLESS: usize = 20;

pub(super) fn day_after(date: Date) -> Date {
    date.saturating_add(Span::new().days(1))
}

pub(super) fn day_before(date: Date) -> Date {
    date.saturating_sub(Span::new().days(1))
}

/// Accounts that an error tells of by name.
pub(super) const MAX_ACCOUNTS: usize = 20;

/// The account to read when none was chosen, of the accounts recorded.
pub(super) fn only_account(mut found: Vec<String>) -> Result<Option<String>, SourceError> {
    if found.len() > 1 {
        return Err(SourceError::SeveralAccounts {
            found: names(found),
        });
    }
    Ok(found.pop())
}

/// That nothing is recorded of the account chosen, and of whom there is.
pub(super) fn unknown_account(account: &str, found: Vec<String>) -> SourceError {
    SourceError::UnknownAccount {
        account: account.to_owned(),
        found: names(found),
    }
}

fn names(mut found: Vec<String>) -> String {
    found.sort();
    if found.len() >= MAX_ACCOUNTS {
        found.push("…".to_owned());
    }
    found.join(", ")
}

/// The date in Korea of a time, or the date that a text without a time is.
pub(super) fn korean_date(text: &str, times: &mut Times<'_>) -> Option<Date> {
    let bare = text.trim();
    if bare.len() == 10 {
        return date(bare.as_bytes());
    }
    match times.executed(Some(bare)) {
        Executed::At { date, .. } => Some(date),
        _ => None,
    }
}

/// The date of a price: that of a time without a zone is as it is written.
pub(super) fn price_date(text: &str) -> Option<Date> {
    super::text::price_date(text.trim())
}

/// A row of `portfolio_risk_metrics`.
pub(super) struct RawEquity<'a> {
    pub(super) id: i64,
    pub(super) at: Executed<'a>,
    pub(super) equity: Number<'a>,
    pub(super) cash: Number<'a>,
    pub(super) halted: Option<bool>,
    pub(super) reason: Option<String>,
    pub(super) max_loss: Option<f64>,
    pub(super) max_position: Option<f64>,
}

impl AccountHistory {
    pub(super) fn left_out(&mut self, subject: impl Into<String>, en: String, ko: String) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(QualityNote::new(
                QualitySeverity::Error,
                QualityIssue::BadRow,
                subject,
                (format!("{en}, left out"), format!("{ko}, 제외됨")),
            ));
        }
    }

    /// Adds what is recorded as held of a ticker, or tells that it cannot be read.
    pub(super) fn add_holding(&mut self, ticker: String, quantity: Option<i64>) {
        match quantity {
            Some(quantity) => *self.holdings.entry(ticker).or_default() += quantity,
            None => self.left_out(
                format!("portfolios {ticker}"),
                "unreadable quantity".to_owned(),
                "quantity 값을 읽을 수 없음".to_owned(),
            ),
        }
    }

    /// Adds a recorded equity, or tells that it cannot be read.
    pub(super) fn add_equity(&mut self, row: RawEquity<'_>, days: &mut EquityDays<'_>) {
        let subject = || format!("portfolio_risk_metrics {}", row.id);
        let Executed::At { at, .. } = row.at else {
            let text = match row.at {
                Executed::Bad(text) => text,
                _ => "NULL",
            };
            let (en, ko) = (
                format!("unreadable date {text:?}"),
                format!("날짜 {text:?}을(를) 읽을 수 없음"),
            );
            return self.left_out(subject(), en, ko);
        };
        let Some(equity) = row.equity.decimal() else {
            return self.left_out(
                subject(),
                "unreadable total_value".to_owned(),
                "total_value 값을 읽을 수 없음".to_owned(),
            );
        };
        let reason = row.reason;
        days.add(EquityRow {
            at,
            equity,
            cash: row.cash.decimal(),
            halt: row.halted.map(|halted| Halt { halted, reason }),
            limits: (row.max_loss.is_some() || row.max_position.is_some()).then_some(Limits {
                max_loss_percent: row.max_loss,
                max_position_percent: row.max_position,
            }),
        });
    }

    /// Adds money that came or went.
    pub(super) fn add_flow(
        &mut self,
        text: &str,
        amount: Number<'_>,
        kind: Option<&str>,
        through: Date,
        times: &mut Times<'_>,
    ) {
        let subject = format!("cash_flows {text}");
        let Some(date) = korean_date(text, times) else {
            let (en, ko) = (
                format!("unreadable date {text:?}"),
                format!("날짜 {text:?}을(를) 읽을 수 없음"),
            );
            return self.left_out(subject, en, ko);
        };
        if date > through {
            return;
        }
        let Some(amount) = amount.decimal() else {
            return self.left_out(
                subject,
                "unreadable amount".to_owned(),
                "amount 값을 읽을 수 없음".to_owned(),
            );
        };
        let word = kind.map(str::trim).filter(|word| !word.is_empty());
        let flow = match word.map(|word| (word, FlowKind::parse(word))) {
            None if amount.is_sign_negative() => (FlowKind::Withdrawal, amount),
            None => (FlowKind::Deposit, amount),
            Some((word, Some(kind))) => (kind, kind.signed(word, amount)),
            Some((word, None)) => {
                let (en, ko) = (
                    format!("unknown kind {word:?}"),
                    format!("알 수 없는 구분 {word:?}"),
                );
                return self.left_out(subject, en, ko);
            }
        };
        self.flows.push(Flow {
            date,
            amount: flow.1,
            kind: flow.0,
        });
    }

    /// Adds a split, or tells that it makes no sense.
    pub(super) fn add_split(
        &mut self,
        text: &str,
        ticker: String,
        (numerator, denominator): (Option<i64>, Option<i64>),
        through: Date,
        times: &mut Times<'_>,
    ) {
        let ratio = numerator.zip(denominator).filter(|(n, d)| *n > 0 && *d > 0);
        match (korean_date(text, times), ratio) {
            (Some(date), _) if date > through => {}
            (Some(date), Some((numerator, denominator))) => self.splits.push(Split {
                ticker,
                date,
                numerator,
                denominator,
            }),
            _ => self.left_out(
                format!("stock_splits {ticker}"),
                format!("unreadable date or ratio ({text:?})"),
                format!("날짜 또는 비율을 읽을 수 없음({text:?})"),
            ),
        }
    }

    /// Adds shares that came or went, or tells that they cannot be read.
    pub(super) fn add_transfer(
        &mut self,
        text: &str,
        ticker: String,
        quantity: Option<i64>,
        (cost, value): (Number<'_>, Number<'_>),
        through: Date,
        times: &mut Times<'_>,
    ) {
        match (korean_date(text, times), quantity) {
            (Some(date), _) if date > through => {}
            (Some(date), Some(quantity)) => self.transfers.push(Transfer {
                ticker,
                date,
                quantity,
                cost: cost.decimal().unwrap_or_default(),
                value: value.decimal(),
            }),
            _ => self.left_out(
                format!("position_flows {ticker}"),
                format!("unreadable date or quantity ({text:?})"),
                format!("날짜 또는 수량을 읽을 수 없음({text:?})"),
            ),
        }
    }
}

/// Korean dates from one, or from the first there is, to another one.
pub(super) type Dates = (Option<Date>, Date);

/// The dates a replay reads, in this order; of the one in the middle every detail.
pub(super) struct Spans {
    pub(super) before: Option<Dates>,
    pub(super) detail: Option<Date>,
    pub(super) rest: Option<Dates>,
}

impl Spans {
    pub(super) fn new(after: Option<Date>, through: Date, detail: Option<Date>) -> Self {
        let first = after.map(day_after);
        let last = detail.map_or(through, day_before);
        let rest = detail.filter(|detail| *detail < through);
        Self {
            before: first
                .is_none_or(|first| first <= last)
                .then_some((first, last)),
            detail,
            rest: rest.map(|detail| (Some(day_after(detail)), through)),
        }
    }
}

/// Texts from and before which those lie that come after the last day of their month: `2026/05/28`,
/// `20260528`, `2026-5-28`, `2026-05-8`. They are among no day's texts, and are told in the reports of
/// that year and the two after it.
pub(super) fn gaps(date: Date) -> impl Iterator<Item = (String, String)> {
    (date.year() - 2..=date.year()).flat_map(gaps_of)
}

fn gaps_of(year: i16) -> impl Iterator<Item = (String, String)> {
    (1..=12).map(move |month| {
        let (to, next) = if month == 12 {
            (year + 1, 1)
        } else {
            (year, month + 1)
        };
        let from = format!("{year:04}-{month:02}-32");
        (from, format!("{to:04}-{next:02}-01"))
    })
}

fn is_in_gap(text: &str) -> bool {
    let year = text.get(..4).and_then(|year| year.parse::<i16>().ok());
    year.filter(|year| (0..=9_998).contains(year))
        .is_some_and(|year| {
            gaps_of(year).any(|(from, until)| (from.as_str()..until.as_str()).contains(&text))
        })
}

/// Is a row of these dates? One whose time cannot be read is of the date with which its text begins, and
/// where there is none, of the single day among whose texts it lies.
pub(super) fn within(executed: Executed<'_>, (first, last): Dates) -> bool {
    let on = match executed {
        Executed::At { date, .. } => date,
        Executed::Bad(text) => match date(text.as_bytes()) {
            Some(date) => date,
            // Told of on its day, and by every report where it is of none.
            None => {
                let day = last.to_string();
                let is_of_day =
                    (day.as_str()..day_after(last).to_string().as_str()).contains(&text);
                return first == Some(last) && is_of_day && !is_in_gap(text);
            }
        },
        Executed::Missing => return false,
    };
    first.is_none_or(|first| on >= first) && on <= last
}

/// Rows that come nearly in order: kept until no earlier one can come any more.
#[derive(Debug, Default)]
pub(super) struct Reorder {
    rows: Vec<OwnedRow>,
}

impl Reorder {
    #[cfg(feature = "sqlite")]
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn add(&mut self, row: &crate::compute::TradeRow<'_>) {
        let mut kept = OwnedRow::default();
        kept.assign(row);
        self.rows.push(kept);
    }

    /// Gives what is of a date before this one, in order.
    pub(super) fn release(&mut self, before: Option<Date>, replay: &mut Replay) {
        // What has no time has its place by what was added before it.
        let waits = |row: &OwnedRow| {
            let date = row.at.map(|(date, _)| date);
            before.is_some_and(|before| date.is_some_and(|date| date >= before))
        };
        let (rest, mut ready): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.rows).into_iter().partition(waits);
        self.rows = rest;
        let key = |row: &OwnedRow| (row.at.map_or(Timestamp::MIN, |(_, at)| at), row.id);
        ready.sort_by_key(key);
        for row in &ready {
            replay.push(&row.row());
        }
    }

    /// How many rows are kept.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

impl QuoteQuery {
    /// The dates of the benchmarks' closes; they begin two weeks early, which is more than the longest
    /// closure, for the close before the first date.
    pub(super) fn benchmark_dates(&self) -> Option<(Date, Date)> {
        let (from, to) = self.benchmark_from.zip(self.benchmark_to)?;
        Some((from.saturating_sub(Span::new().days(14)), to))
    }
}

impl Quotes {
    /// Adds a close, keeping the list sorted and each date once.
    pub(super) fn add_close(&mut self, ticker: &str, date: Date, price: Decimal) {
        let closes = self.closes.entry(ticker.to_owned()).or_default();
        if let Err(at) = closes.binary_search_by_key(&date, |(at, _)| *at) {
            closes.insert(at, (date, price));
        }
    }

    /// Adds a benchmark's close, which come in order of their texts.
    pub(super) fn add_benchmark(&mut self, ticker: &str, date: Date, price: Decimal) {
        let closes = self.benchmarks.entry(ticker.to_owned()).or_default();
        match closes.binary_search_by_key(&date, |(at, _)| *at) {
            Ok(at) => closes[at].1 = price,
            Err(at) => closes.insert(at, (date, price)),
        }
    }
}

/// The forms in which feeds write a ticker, the exchange's own first.
pub(super) fn spellings(ticker: &str) -> [String; 3] {
    [
        ticker.to_owned(),
        format!("A{ticker}"),
        ticker.to_lowercase(),
    ]
}

/// The date in Korea from which a table's days are read with everything that may be of `date`.
pub(super) fn until_date(at: Timestamp) -> Date {
    day_after(day_after(date_in_seoul(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_of_one_day_or_of_none() {
        for (text, day) in [
            ("2026-05-28 soon", Some("2026-05-28")),
            ("2026-05-1 09:00", Some("2026-05-09")),
            ("2026-05/28 09:00", None),
            ("2026-05-32", None),
            ("2026-05-8 09:00", None),
            ("2026/05/28", None),
            ("2026.05.28 10:00", None),
            ("20260528", None),
            ("20260528100000", None),
            ("2026-5-28", None),
            ("2026-1-28", None),
            ("2026-13-01", None),
        ] {
            let mut date = jiff::civil::date(2025, 12, 30);
            let mut found = Vec::new();
            while date < jiff::civil::date(2027, 1, 3) {
                if within(Executed::Bad(text), (Some(date), date)) {
                    found.push(date.to_string());
                }
                date = day_after(date);
            }
            assert_eq!(found, day.into_iter().collect::<Vec<_>>(), "{text}");
            let told = gaps(jiff::civil::date(2026, 5, 28))
                .any(|(from, until)| (from.as_str()..until.as_str()).contains(&text));
            assert_eq!(told, day.is_none(), "{text}");
        }
    }
}
