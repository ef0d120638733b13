//! Which recorded equity is a session's: pure, whatever order the rows come in.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{AccountHistory, EquityPoint};
use crate::calendar::Krx;
use crate::summary::{Halt, Limits};

/// Which price positions are valued at, and so which recorded equity is held against them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MarkPrice {
    /// The close of the Korea Exchange's regular session.
    #[default]
    KrxClose,
    /// The last trade of the day on any venue, as the price table then holds it.
    LastTrade,
}

/// A word that is neither `krx_close` nor `last_trade`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown mark price {0:?}, expected krx_close or last_trade")]
pub struct UnknownMark(pub String);

impl std::str::FromStr for MarkPrice {
    type Err = UnknownMark;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word.trim().to_ascii_lowercase().as_str() {
            "krx_close" => Ok(Self::KrxClose),
            "last_trade" => Ok(Self::LastTrade),
            _ => Err(UnknownMark(word.to_owned())),
        }
    }
}

impl MarkPrice {
    /// `krx_close` or `last_trade`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KrxClose => "krx_close",
            Self::LastTrade => "last_trade",
        }
    }
}

/// How far the history is wanted, and by which calendar its rows are sessions'.
#[derive(Debug, Clone)]
pub struct HistoryQuery {
    /// The last session wanted.
    pub through: Date,
    /// The calendar.
    pub calendar: Arc<Krx>,
    /// The price positions are valued at.
    pub mark: MarkPrice,
}

impl HistoryQuery {
    /// The instant from which rows tell of a later session than the last one wanted: the next opening
    /// of any venue.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        next_opening(&self.calendar, self.through)
    }
}

fn next_opening(calendar: &Krx, after: Date) -> Timestamp {
    let mut date = after;
    // The longest closure is far shorter.
    for _ in 0..40 {
        let Ok(next) = date.tomorrow() else { break };
        date = next;
        if let Some((open, _)) = calendar.guessed_span(date) {
            return open;
        }
    }
    Timestamp::MAX
}

/// A recorded equity.
#[derive(Debug, Clone, PartialEq)]
pub struct EquityRow {
    /// When it was recorded.
    pub at: Timestamp,
    /// Cash plus positions, in won.
    pub equity: Decimal,
    /// Cash, in won.
    pub cash: Option<Decimal>,
    /// Whether trading was halted.
    pub halt: Option<Halt>,
    /// The service's limits.
    pub limits: Option<Limits>,
}

/// Chooses each session's equity among the rows recorded.
///
/// A row tells of the session whose first venue had opened by then, up to the next opening of any
/// venue; so what is written on a weekend tells of the session before it. Of a session's rows the
/// first one at or after the close is its equity, and the last one while there is none.
#[derive(Debug)]
pub struct EquityDays<'q> {
    query: &'q HistoryQuery,
    days: BTreeMap<Date, Kept>,
    last: Option<(Timestamp, Option<Halt>, Option<Limits>)>,
    /// The session of the row before, from and to when, and its close.
    window: Option<(Date, Timestamp, Timestamp, Timestamp)>,
}

#[derive(Debug)]
struct Kept {
    at: Timestamp,
    point: EquityPoint,
}

impl<'q> EquityDays<'q> {
    /// No row yet.
    #[must_use]
    pub fn new(query: &'q HistoryQuery) -> Self {
        Self {
            query,
            days: BTreeMap::new(),
            last: None,
            window: None,
        }
    }

    fn window(&mut self, at: Timestamp) -> (Date, Timestamp) {
        if let Some((date, from, to, close)) = self.window
            && (from..to).contains(&at)
        {
            return (date, close);
        }
        let calendar = &self.query.calendar;
        let date = calendar.session_of(at);
        let (open, last) = calendar.guessed_span(date).unwrap_or((at, at));
        let close = match self.query.mark {
            MarkPrice::KrxClose => calendar.regular_close(date).unwrap_or(last),
            MarkPrice::LastTrade => last,
        };
        self.window = Some((date, open, next_opening(calendar, date), close));
        (date, close)
    }

    /// Adds a row; of two of the same instant the later one given counts.
    pub fn add(&mut self, row: EquityRow) {
        let (date, close) = self.window(row.at);
        if date > self.query.through {
            return;
        }
        if self.last.as_ref().is_none_or(|(at, ..)| *at <= row.at) {
            self.last = Some((row.at, row.halt, row.limits));
        }
        let kept = Kept {
            at: row.at,
            point: EquityPoint {
                date,
                equity: row.equity,
                cash: row.cash,
            },
        };
        match self.days.entry(date) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(kept);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let old = entry.get().at;
                let better = match (old >= close, kept.at >= close) {
                    (true, true) => kept.at <= old,
                    (true, false) => false,
                    (false, true) => true,
                    (false, false) => kept.at >= old,
                };
                if better {
                    entry.insert(kept);
                }
            }
        }
    }

    /// Puts the points, and the state at the last row, into a history.
    pub fn finish(self, history: &mut AccountHistory) {
        history.equity = self.days.into_values().map(|kept| kept.point).collect();
        if let Some((_, halt, limits)) = self.last {
            history.halt = halt;
            history.limits = limits;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn chosen(rows: &[(&str, i64)], through: Date, mark: MarkPrice) -> Vec<(String, i64)> {
        let query = HistoryQuery {
            through,
            calendar: Arc::new(Krx::new()),
            mark,
        };
        let mut days = EquityDays::new(&query);
        for (at, equity) in rows {
            days.add(EquityRow {
                at: format!("{at}+09:00").parse().unwrap(),
                equity: Decimal::from(*equity),
                cash: None,
                halt: None,
                limits: None,
            });
        }
        let mut history = AccountHistory::default();
        days.finish(&mut history);
        let points = history.equity.iter();
        points
            .map(|point| {
                let equity = i64::try_from(point.equity).unwrap();
                (point.date.to_string(), equity)
            })
            .collect()
    }

    #[test]
    fn a_row_counts_up_to_the_next_opening_of_any_venue() {
        let day = date(2026, 10, 14);
        let point = |date: &str, equity| (date.to_owned(), equity);
        for (rows, expected) in [
            // Before the KRX pre-market opens at 07:00 it is yesterday's …
            (
                vec![("2026-10-15T06:59:59", 1)],
                vec![point("2026-10-14", 1)],
            ),
            // … and not from then on.
            (vec![("2026-10-15T07:00:00", 1)], vec![]),
            (
                vec![("2026-10-14T15:40:00", 1), ("2026-10-15T00:10:00", 2)],
                vec![point("2026-10-14", 1)],
            ),
            (
                vec![("2026-10-14T15:29:00", 1), ("2026-10-15T00:10:00", 2)],
                vec![point("2026-10-14", 2)],
            ),
            // The last one before the close, while there is no other; the last of the same instant.
            (
                vec![("2026-10-14T10:00:00", 1), ("2026-10-14T09:00:00", 2)],
                vec![point("2026-10-14", 1)],
            ),
            (
                vec![("2026-10-14T15:40:00", 1), ("2026-10-14T15:40:00", 2)],
                vec![point("2026-10-14", 2)],
            ),
            // Days without a session are their last session's.
            (
                vec![
                    ("2026-10-08T15:40:00", 1),
                    ("2026-10-09T15:40:00", 2),
                    ("2026-10-11T15:40:00", 3),
                ],
                vec![point("2026-10-08", 1)],
            ),
        ] {
            assert_eq!(
                chosen(&rows, day, MarkPrice::KrxClose),
                expected,
                "{rows:?}"
            );
            let mut backwards = rows.clone();
            let ties = rows.windows(2).any(|pair| pair[0].0 == pair[1].0);
            if !ties {
                backwards.reverse();
                assert_eq!(chosen(&backwards, day, MarkPrice::KrxClose), expected);
            }
        }
        // Valued at the last trade, the equity of that moment is wanted.
        let rows = [("2026-10-14T15:40:00", 1), ("2026-10-14T20:00:00", 2)];
        assert_eq!(
            chosen(&rows, day, MarkPrice::LastTrade),
            [point("2026-10-14", 2)]
        );
    }
}
