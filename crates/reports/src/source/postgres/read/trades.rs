//! The trades, in order of their instants.

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};

use super::super::Settings;
use super::{Clock, cast, clock, layout, number, owned, owner, rows};
use crate::calendar::instant_in_seoul;
use crate::compute::{Executed, Number, Replay, TradeRow};
use crate::source::SourceError;
use crate::source::layout::{Kind, Relation, trade_columns};
use crate::source::tables::{
    Dates, MAX_DAYLESS, Reorder, Spans, day_after, day_before, gaps, within,
};
use crate::source::text::Times;
use crate::source::time::StoredZone;

const TABLE: &str = "trades";

/// Where the rows lie, whose are wanted, and how their times are compared.
struct Trades<'a> {
    settings: &'a Settings,
    relation: &'a Relation,
    owner: String,
    clock: Clock,
}

impl Trades<'_> {
    fn select(&self, wide: bool, condition: &str) -> String {
        let columns = trade_columns(self.relation, wide, |column, kind| {
            cast(self.relation, column, kind)
        });
        format!(
            "SELECT {columns} FROM {} WHERE {condition}{}",
            self.relation.from, self.owner
        )
    }

    /// A condition that a column's time is on one of the dates, or may be.
    fn between(&self, column: &str, clock: Clock, (first, last): Dates) -> String {
        let (low, high) = match clock {
            Clock::Text => (first.map(day_before), day_after(day_after(last))),
            Clock::Naive | Clock::Instant => (first, day_after(last)),
        };
        let bound = |date| bound(clock, &self.settings.trades_zone, date);
        let column = match clock {
            Clock::Text => format!("{column}::text COLLATE \"C\""),
            Clock::Naive | Clock::Instant => column.to_owned(),
        };
        let low = low.map(|low| format!("{column} >= {} AND ", bound(low)));
        format!("{}{column} < {}", low.unwrap_or_default(), bound(high))
    }
}

/// A date's beginning as a literal to compare with. Dates and times hold no quotes.
fn bound(clock: Clock, zone: &StoredZone, date: Date) -> String {
    let at: Timestamp = instant_in_seoul(date.at(0, 0, 0, 0));
    match clock {
        Clock::Naive => format!("'{}'::timestamp", zone.naive(at)),
        Clock::Instant => format!("'{at}'::timestamptz"),
        Clock::Text => format!("'{date}'"),
    }
}

pub(in crate::source::postgres) async fn replay(
    connection: &mut PgConnection,
    settings: &Settings,
    mut replay: Replay,
    through: Date,
    detail: Option<Date>,
) -> Result<Replay, SourceError> {
    let layout = layout(connection, settings).await?;
    let relation = layout.required(TABLE)?;
    let account = owner(connection, settings, &layout).await?;
    let trades = Trades {
        settings,
        relation,
        owner: owned(relation, account.as_deref()),
        clock: clock(relation, "executed_at"),
    };
    let spans = Spans::new(replay.after(), through, detail);
    if let Some(before) = spans.before {
        fold(connection, &trades, &mut replay, before, false).await?;
    }
    if let Some(date) = spans.detail {
        fold(connection, &trades, &mut replay, (Some(date), date), true).await?;
        if relation.has("created_at") {
            unexecuted(connection, &trades, &mut replay, date).await?;
        }
        dayless(connection, &trades, &mut replay, date).await?;
    }
    if let Some(rest) = spans.rest {
        fold(connection, &trades, &mut replay, rest, false).await?;
    }
    Ok(replay)
}

async fn fold(
    connection: &mut PgConnection,
    trades: &Trades<'_>,
    replay: &mut Replay,
    dates: Dates,
    wide: bool,
) -> Result<(), SourceError> {
    let mut condition = trades.between("executed_at", trades.clock, dates);
    if trades.clock != Clock::Text {
        condition.push_str(" AND isfinite(executed_at)");
    }
    let order = match trades.clock {
        Clock::Text => "executed_at::text COLLATE \"C\"",
        Clock::Naive | Clock::Instant => "executed_at",
    };
    let sql = trades.select(wide, &condition) + &format!(" ORDER BY {order}, id");
    let mut times = Times::new(&trades.settings.trades_zone);
    if trades.clock != Clock::Text {
        return rows(connection, trades.settings, TABLE, sql, |row| {
            let row = trade(row, &mut times, wide)?;
            if within(row.executed, dates) {
                replay.push(&row);
            }
            Ok(true)
        })
        .await;
    }
    let mut aside = Reorder::default();
    let mut latest = None;
    rows(connection, trades.settings, TABLE, sql, |row| {
        let row = trade(row, &mut times, wide)?;
        if within(row.executed, dates) {
            aside.add(&row);
        }
        // A text of a date tells an instant that is at most a day off.
        if let Executed::At { date, .. } = row.executed
            && latest.is_none_or(|known| date > known)
        {
            latest = Some(date);
            if aside.len() > 10_000 {
                aside.release(Some(day_before(day_before(date))), replay);
            }
        }
        Ok(true)
    })
    .await?;
    aside.release(None, replay);
    Ok(())
}

/// Rows created on the day that have no time of execution.
async fn unexecuted(
    connection: &mut PgConnection,
    trades: &Trades<'_>,
    replay: &mut Replay,
    date: Date,
) -> Result<(), SourceError> {
    let dates = (Some(date), date);
    let created = clock(trades.relation, "created_at");
    let when = trades.between("created_at", created, dates);
    let sql = trades.select(true, &format!("executed_at IS NULL AND {when}")) + " ORDER BY id";
    let zone = &trades.settings.trades_zone;
    let (mut times, mut creation) = (Times::new(zone), Times::new(zone));
    rows(connection, trades.settings, TABLE, sql, |row| {
        let on: Option<&str> = row.try_get(CREATED)?;
        if within(creation.executed(on), dates) {
            replay.push(&trade(row, &mut times, true)?);
        }
        Ok(true)
    })
    .await
}

/// Where `created_at` stands in a detailed row.
const CREATED: usize = 16;

/// Fills at no finite time, and with neither a time nor a creation: no day is theirs, so each report
/// names them.
async fn dayless(
    connection: &mut PgConnection,
    trades: &Trades<'_>,
    replay: &mut Replay,
    date: Date,
) -> Result<(), SourceError> {
    let odd = match trades.clock {
        Clock::Text => {
            let text = "executed_at::text COLLATE \"C\"";
            let between: String = gaps(date)
                .map(|(from, until)| format!(" OR ({text} >= '{from}' AND {text} < '{until}')"))
                .collect();
            format!("({text} < '1900' OR {text} >= '2200'{between})")
        }
        Clock::Naive => {
            "(executed_at = 'infinity'::timestamp OR executed_at = '-infinity'::timestamp)"
                .to_owned()
        }
        Clock::Instant => {
            "(executed_at = 'infinity'::timestamptz OR executed_at = '-infinity'::timestamptz)"
                .to_owned()
        }
    };
    let quantity = cast(trades.relation, "executed_quantity", Kind::Int);
    let mut timeless = format!("executed_at IS NULL AND {quantity} > 0");
    if trades.relation.has("created_at") {
        timeless.push_str(match clock(trades.relation, "created_at") {
            Clock::Text => {
                " AND (created_at IS NULL OR created_at::text COLLATE \"C\" < '1900' \
                 OR created_at::text COLLATE \"C\" >= '2200')"
            }
            Clock::Naive | Clock::Instant => {
                " AND (created_at IS NULL OR NOT isfinite(created_at))"
            }
        });
    }
    let mut times = Times::new(&trades.settings.trades_zone);
    for condition in [odd, timeless] {
        let sql = trades.select(true, &condition) + &format!(" LIMIT {MAX_DAYLESS}");
        rows(connection, trades.settings, TABLE, sql, |row| {
            replay.push(&trade(row, &mut times, true)?);
            Ok(true)
        })
        .await?;
    }
    Ok(())
}

/// A whole number, also where it is written with a fraction of zeros.
fn whole(number: Number<'_>) -> Option<i64> {
    use rust_decimal::prelude::ToPrimitive as _;
    if let Number::Text(text) = number
        && let Ok(value) = text.parse()
    {
        return Some(value);
    }
    let value = number.decimal().filter(rust_decimal::Decimal::is_integer);
    value.and_then(|value| value.to_i64())
}

fn trade<'r>(
    row: &'r PgRow,
    times: &mut Times<'_>,
    wide: bool,
) -> Result<TradeRow<'r>, sqlx::Error> {
    let word = |at: usize| -> Result<&'r str, sqlx::Error> {
        Ok(row.try_get::<Option<&str>, _>(at)?.unwrap_or_default())
    };
    let executed = number(row, 3)?;
    let quantity = whole(executed);
    let unreadable = executed != Number::Null && quantity.is_none();
    let mut trade = TradeRow {
        id: row.try_get::<Option<i64>, _>(0)?.unwrap_or_default(),
        ticker: word(1)?,
        action: word(2)?,
        quantity,
        malformed: unreadable.then_some("executed_quantity"),
        amount: number(row, 4)?,
        commission: number(row, 5)?,
        tax: number(row, 6)?,
        executed: times.executed(row.try_get(7)?),
        status: word(8)?,
        price: number(row, 9)?,
        ..TradeRow::default()
    };
    if wide {
        trade.order_id = word(10)?;
        trade.strategy = row.try_get(11)?;
        trade.ordered = row.try_get(12)?;
        trade.order_price = number(row, 13)?;
        trade.reason = row.try_get(14)?;
        trade.venue = row.try_get(15)?;
    }
    Ok(trade)
}
