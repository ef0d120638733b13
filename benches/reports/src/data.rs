//! Five million trades: a thousand sessions of five thousand fills over two hundred tickers.

use std::path::Path;

use bongsu_reports::calendar::Krx;
use bongsu_reports::source::sqlite::create_schema;
use jiff::civil::{Date, date};
use rusqlite::{Connection, params};

pub const SESSIONS: usize = 1_000;
pub const FILLS_A_DAY: usize = 5_000;
const TICKERS: usize = 200;

/// A small generator of numbers that are always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// The last session of the data.
pub const LAST: Date = date(2027, 12, 30);

/// The sessions, weekdays before the calendar begins.
fn sessions() -> Vec<Date> {
    let krx = Krx::new();
    let mut found = Vec::new();
    let mut day = LAST;
    while found.len() < SESSIONS {
        let open = match krx.is_session(day) {
            Ok(open) => open,
            Err(_) => day.weekday().to_monday_zero_offset() < 5,
        };
        if open {
            found.push(day);
        }
        day = day.yesterday().unwrap();
    }
    found.reverse();
    found
}

pub fn make(path: &Path) {
    let mut connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000",
        )
        .unwrap();
    create_schema(&connection).unwrap();
    let sessions = sessions();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let tx = connection.transaction().unwrap();
    let ticker = |at: usize| format!("{:06}", at * 10);
    {
        let mut stock = tx
            .prepare(
                "INSERT INTO stocks (id, ticker, name_kr, market, sector) VALUES (?, ?, ?, ?, ?)",
            )
            .unwrap();
        let mut close = tx
            .prepare(
                "INSERT INTO stock_prices (stock_id, date, open, high, low, close, volume) \
                 VALUES (?1, ?2, ?3, ?3, ?3, ?3, 1)",
            )
            .unwrap();
        for at in 0..=TICKERS {
            let code = if at == TICKERS {
                "^KS11".to_owned()
            } else {
                ticker(at)
            };
            stock
                .execute(params![
                    at as i64 + 1,
                    code,
                    format!("종목 {at}"),
                    "KOSPI",
                    "서비스업"
                ])
                .unwrap();
            for day in &sessions {
                let price = 50_000 + random.below(2_000) as i64;
                close
                    .execute(params![
                        at as i64 + 1,
                        format!("{day} 00:00:00.000000"),
                        price
                    ])
                    .unwrap();
            }
        }
        let mut metric = tx
            .prepare(
                "INSERT INTO portfolio_risk_metrics (user_id, date, total_value, cash_balance, \
                 current_drawdown, total_loss_from_initial_pct) VALUES ('user001', ?, ?, ?, 0, 0)",
            )
            .unwrap();
        for day in &sessions {
            let equity = 500_000_000_000 + random.below(9_000_000_000) as i64;
            metric
                .execute(params![
                    format!("{day} 06:40:00.000000"),
                    equity,
                    equity / 2
                ])
                .unwrap();
        }
        let mut trade = tx
            .prepare(
                "INSERT INTO trades (id, order_id, ticker, action, order_type, quantity, price, \
                 executed_price, executed_quantity, total_amount, commission, tax, status, strategy, \
                 created_at, executed_at) \
                 VALUES (?1, ?2, ?3, ?4, 'LIMIT', ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, 'momentum', ?12, ?13)",
            )
            .unwrap();
        let mut held = vec![0_u64; TICKERS];
        let mut id = 0_i64;
        for day in &sessions {
            for at in 0..FILLS_A_DAY {
                id += 1;
                let which = random.below(TICKERS as u64) as usize;
                let second = 9 * 3_600 + at as u64 * 23_400 / FILLS_A_DAY as u64;
                let time = format!(
                    "{day} {:02}:{:02}:{:02}.{:06}",
                    second / 3_600,
                    second / 60 % 60,
                    second % 60,
                    random.below(1_000_000)
                );
                let sell = held[which] > 0 && random.below(2) == 0;
                let quantity = 1 + random.below(if sell { held[which] } else { 100 });
                let price = (5_000_000 + random.below(200_000)) as f64 / 100.0;
                let amount = (quantity as f64 * price) as i64;
                // Two in a hundred orders come to nothing.
                let filled = random.below(100) >= 2;
                if filled && sell {
                    held[which] -= quantity;
                } else if filled {
                    held[which] += quantity;
                }
                trade
                    .execute(params![
                        id,
                        format!("ORDER-{id:012}"),
                        ticker(which),
                        if sell { "SELL" } else { "BUY" },
                        quantity as i64,
                        price,
                        if filled { Some(quantity as i64) } else { None },
                        if filled { amount } else { 0 },
                        if filled { amount * 15 / 100_000 } else { 0 },
                        if filled && sell { amount / 500 } else { 0 },
                        if filled { "EXECUTED" } else { "CANCELLED" },
                        time,
                        if filled { Some(&time) } else { None },
                    ])
                    .unwrap();
            }
        }
    }
    tx.commit().unwrap();
}
