//! A service's tables over a month, and what of before is corrected on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};

/// For either database.
pub(super) const SCHEMA: &str = "
    CREATE TABLE trades (id bigint PRIMARY KEY, order_id text, ticker text, action text, quantity bigint,
        price numeric, executed_quantity bigint, executed_price numeric, total_amount numeric,
        commission numeric, tax numeric, status text, reason text, strategy text, venue text,
        account_id text, created_at text, executed_at text);
    CREATE TABLE portfolio_risk_metrics (user_id text, date text, total_value bigint, cash_balance bigint);
    CREATE TABLE stocks (id bigint, ticker text, name_kr text, market text, sector text);
    CREATE TABLE stock_prices (stock_id bigint, date text, close bigint);
    CREATE TABLE stock_splits (ticker text, date text, numerator bigint, denominator bigint);
    CREATE TABLE cash_flows (user_id text, date text, amount bigint, kind text);
    CREATE TABLE position_flows (user_id text, date text, ticker text, quantity bigint, cost bigint, value bigint);
    INSERT INTO stocks VALUES (1, '005930', 'a', 'KOSPI', 's'), (2, '000660', 'b', 'KOSPI', 's'),
                              (3, '0009K0', 'c', 'KOSDAQ', 't');
";

pub(super) const TICKERS: [&str; 3] = ["005930", "000660", "0009K0"];

/// Xorshift: the same months every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % sides).unwrap()
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        let at = self.roll(all.len() as u64);
        all[usize::try_from(at).unwrap()]
    }
}

/// A fill as it was meant, whatever its text.
#[derive(Debug, Clone)]
pub(super) struct Fill {
    pub(super) at: Timestamp,
    pub(super) ticker: &'static str,
    pub(super) action: &'static str,
    pub(super) shares: i64,
    pub(super) amount: i64,
    /// In halves of a won.
    pub(super) commission: i64,
    pub(super) tax: i64,
    pub(super) account: &'static str,
}

pub(super) struct World {
    dice: Dice,
    pub(super) zone: Offset,
    pub(super) account: &'static str,
    next: i64,
    pub(super) fills: BTreeMap<i64, Fill>,
    pub(super) splits: BTreeMap<(Date, &'static str), (i64, i64)>,
    /// Shares, cost and value.
    pub(super) transfers: BTreeMap<(Date, &'static str), (i64, i64, Option<i64>)>,
    /// What is no return, by date.
    pub(super) flows: BTreeMap<Date, i64>,
    pub(super) closes: BTreeMap<(Date, &'static str), i64>,
    pub(super) equity: BTreeMap<Date, i64>,
    taken: BTreeSet<(Date, &'static str)>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let zone = dice.pick(&[
            jiff::tz::offset(9),
            jiff::tz::offset(9),
            jiff::tz::offset(0),
            jiff::tz::offset(-5),
        ]);
        Self {
            zone,
            account: dice.pick(&["u", "w"]),
            dice,
            next: 1,
            fills: BTreeMap::new(),
            splits: BTreeMap::new(),
            transfers: BTreeMap::new(),
            flows: BTreeMap::new(),
            closes: BTreeMap::new(),
            equity: BTreeMap::new(),
            taken: BTreeSet::new(),
        }
    }

    /// A session: its fills, its closes and its equity, as statements for either database.
    pub(super) fn pass(&mut self, day: Date) -> String {
        let mut sql = String::new();
        for _ in 0..self.dice.roll(8) {
            let id = self.next;
            self.next += 1;
            sql += &self.trade(id, day);
        }
        for (stock, ticker) in (1..).zip(TICKERS) {
            let close = 1_000 + i64::from(self.dice.roll(90_000));
            self.closes.insert((day, ticker), close);
            let _ = writeln!(
                sql,
                "INSERT INTO stock_prices VALUES ({stock}, '{day}', {close});"
            );
        }
        for account in ["u", "w"] {
            let equity = 90_000_000 + i64::from(self.dice.roll(20_000_000));
            if account == self.account {
                self.equity.insert(day, equity);
            }
            let _ = writeln!(
                sql,
                "INSERT INTO portfolio_risk_metrics VALUES ('{account}', '{day} 06:40:00', {equity}, 5);"
            );
        }
        sql
    }

    /// Now and then something of before is not as it was.
    pub(super) fn correct(&mut self, sessions: &[Date]) -> String {
        let mut sql = String::new();
        let earlier = self.dice.pick(sessions);
        let row = 1 + i64::from(self.dice.roll(self.next.unsigned_abs()));
        let ticker = self.dice.pick(&TICKERS);
        match self.dice.roll(10) {
            0 => {
                self.next = self.next.max(row + 1);
                sql += &self.trade(row, earlier);
            }
            1 => {
                self.fills.remove(&row);
                let _ = writeln!(sql, "DELETE FROM trades WHERE id = {row};");
            }
            2 => {
                if let Some(fill) = self.fills.get_mut(&row) {
                    fill.commission = 155;
                }
                let _ = writeln!(sql, "UPDATE trades SET commission = 77.5 WHERE id = {row};");
            }
            3 => {
                let (numerator, denominator) =
                    (1 + self.dice.roll(9), self.dice.pick(&[1, 2, 2, 40]));
                if self.taken.insert((earlier, ticker)) {
                    let ratio = (i64::from(numerator), denominator);
                    self.splits.insert((earlier, ticker), ratio);
                    let _ = writeln!(
                        sql,
                        "INSERT INTO stock_splits VALUES ('{ticker}', '{earlier}', {numerator}, {denominator});"
                    );
                }
            }
            4 | 5 => {
                let (kind, sign) = self.dice.pick(&[
                    ("deposit", 1),
                    ("withdrawal", -1),
                    ("transfer_out", -1),
                    ("dividend", 0),
                    ("fee", 0),
                ]);
                let amount = 1 + i64::from(self.dice.roll(3_000_000));
                *self.flows.entry(earlier).or_default() += sign * amount;
                let _ = writeln!(
                    sql,
                    "INSERT INTO cash_flows VALUES ('{}', '{earlier}', {amount}, '{kind}');",
                    self.account
                );
            }
            6 => {
                let shares = self.dice.pick(&[5, 40, 200, -1, -7]);
                let cost = i64::from(self.dice.roll(500_000));
                let value = self.dice.pick(&[None, Some(60_000)]);
                if self.taken.insert((earlier, ticker)) {
                    self.transfers
                        .insert((earlier, ticker), (shares, cost, value));
                    let value = value.map_or("NULL".to_owned(), |value| value.to_string());
                    let _ = writeln!(
                        sql,
                        "INSERT INTO position_flows VALUES ('{}', '{earlier}', '{ticker}', {shares}, {cost}, {value});",
                        self.account
                    );
                }
            }
            _ => {}
        }
        sql
    }

    /// A fill in place of whatever had its id.
    fn trade(&mut self, id: i64, day: Date) -> String {
        let dice = &mut self.dice;
        // From after midnight to the evening, and now and then several within a minute.
        let minute = match dice.roll(8) {
            0 => i64::from(dice.roll(120)),
            1 => 9 * 60,
            _ => 8 * 60 + i64::from(dice.roll(12 * 60)),
        };
        let midnight: Timestamp = format!("{day}T00:00:00+09:00").parse().unwrap();
        let at = midnight + Span::new().minutes(minute);
        let shares = 1 + i64::from(dice.roll(50));
        let fill = Fill {
            at,
            ticker: dice.pick(&TICKERS),
            action: dice.pick(&["BUY", "BUY", "SELL", "SELL", "SHORT", "COVER"]),
            shares,
            amount: shares * (1_000 + i64::from(dice.roll(90_000))),
            commission: i64::from(dice.roll(180)),
            tax: i64::from(dice.roll(900)),
            account: dice.pick(&["u", "u", "w"]),
        };
        let text = written(at, self.zone, dice);
        let venue = dice.pick(&["'KRX'", "'NXT'", "NULL"]);
        let ticker = dice.pick(&["", "A"]).to_owned() + fill.ticker;
        let sql = format!(
            "DELETE FROM trades WHERE id = {id};
             INSERT INTO trades (id, order_id, ticker, action, quantity, executed_quantity, total_amount,
               commission, tax, status, strategy, venue, account_id, created_at, executed_at)
             VALUES ({id}, 'O{id}', '{ticker}', '{}', {shares}, {shares}, {}, {}, {}, 'EXECUTED', 's', {venue},
               '{}', '{text}', '{text}');\n",
            fill.action,
            fill.amount,
            halves(fill.commission),
            fill.tax,
            fill.account
        );
        self.fills.insert(id, fill);
        sql
    }
}

fn halves(count: i64) -> String {
    format!("{}.{}", count / 2, if count % 2 == 0 { 0 } else { 5 })
}

/// An instant as some writer would put it, without a zone in the tables' own.
fn written(at: Timestamp, zone: Offset, dice: &mut Dice) -> String {
    let local = at.to_zoned(TimeZone::fixed(zone));
    let away = at.to_zoned(TimeZone::fixed(dice.pick(&[
        jiff::tz::offset(9),
        jiff::tz::offset(0),
        jiff::tz::offset(-7),
    ])));
    let form = dice.pick(&[
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M:%S.000",
    ]);
    match dice.roll(5) {
        0 => at.to_string(),
        1 => away.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        2 => away.strftime("%Y-%m-%d %H:%M:%S.000000%z").to_string(),
        _ => local.strftime(form).to_string(),
    }
}
