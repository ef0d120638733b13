//! Random months: what is computed day by day, through every correction, is what is computed from nothing.

use bongsu_reports::source::sqlite::{SqliteSource, create_schema};
use bongsu_reports::{DailySummary, MemoryStore, ReportGenerator};
use jiff::civil::{Date, date};
use jiff::{Span, Timestamp};

/// Xorshift: the same months every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % sides).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        let at = self.roll(all.len() as u64);
        all[usize::try_from(at).unwrap()]
    }
}

/// An instant as some writer would put it.
fn written(at: Timestamp, dice: &mut Dice) -> String {
    let seoul = at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9)));
    match dice.roll(5) {
        0 => seoul.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        1 => seoul.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        2 => at.to_string(),
        3 => at.strftime("%Y-%m-%d %H:%M:%S.000000+00:00").to_string(),
        _ => seoul.strftime("%Y-%m-%d %H:%M:%S.500000").to_string(),
    }
}

const TICKERS: [&str; 3] = ["005930", "000660", "0009K0"];

fn insert(connection: &rusqlite::Connection, id: i64, day: Date, dice: &mut Dice) {
    let minute = i64::from(dice.roll(12 * 60));
    let open: Timestamp = format!("{day}T08:00:00+09:00").parse().unwrap();
    let at = open + Span::new().minutes(minute);
    let action = dice.pick(&["BUY", "BUY", "SELL", "SHORT", "COVER"]);
    let shares = 1 + i64::from(dice.roll(50));
    let price = 1_000 + i64::from(dice.roll(90_000));
    let text = written(at, dice);
    connection
        .execute(
            "INSERT OR REPLACE INTO trades (id, order_id, ticker, action, order_type, quantity, \
             executed_quantity, executed_price, total_amount, commission, tax, status, strategy, \
             created_at, executed_at) VALUES (?1, 'O' || ?1, ?2, ?3, 'LIMIT', ?4, ?4, ?5, ?6, ?7, 0, \
             'EXECUTED', 's', ?8, ?8)",
            rusqlite::params![
                id,
                dice.pick(&TICKERS),
                action,
                shares,
                price,
                shares * price,
                i64::from(dice.roll(90)),
                text
            ],
        )
        .unwrap();
}

/// What must not depend on the way it was computed: everything but that it was computed anew.
fn figures(mut summary: DailySummary) -> DailySummary {
    use bongsu_reports::summary::QualityIssue;
    summary
        .data_quality
        .retain(|note| note.issue != QualityIssue::SnapshotRebuilt);
    // Rows of earlier days that broke a rule are counted where they are read.
    summary
        .data_quality
        .retain(|note| note.subject != "earlier days");
    summary.changes.clear();
    summary.generated_at = Timestamp::UNIX_EPOCH;
    summary
}

#[tokio::test]
async fn day_by_day_is_as_from_nothing_through_every_correction() {
    for seed in 1..=40_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trading.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        create_schema(&connection).unwrap();
        connection
            .execute_batch(
                "PRAGMA synchronous = OFF;
                 CREATE TABLE stock_splits (ticker text, date text, numerator int, denominator int);
                 CREATE TABLE cash_flows (user_id text, date text, amount int, kind text);
                 CREATE TABLE position_flows (user_id text, date text, ticker text, quantity int, cost int, value int);
                 INSERT INTO stocks (id, ticker, name_kr, market) VALUES (1, '005930', 'a', 'KOSPI'), (2, '000660', 'b', 'KOSPI'), (3, '0009K0', 'c', 'KOSDAQ');
                 INSERT INTO position_flows VALUES ('u', '2026-05-04', '005930', 40, 400000, NULL);",
            )
            .unwrap();
        let clock: Timestamp = "2026-06-10T12:00:00Z".parse().unwrap();
        let generator = |store: MemoryStore| {
            ReportGenerator::builder(SqliteSource::new(&path))
                .store(store)
                .runtime_clock(clock)
                .build()
                .unwrap()
        };
        let stepwise = generator(MemoryStore::new());
        let sessions = stepwise
            .calendar()
            .sessions(date(2026, 5, 4), date(2026, 5, 29))
            .unwrap();
        let mut next_id = 1;
        for (at, &day) in sessions.iter().enumerate() {
            for _ in 0..dice.roll(8) {
                insert(&connection, next_id, day, &mut dice);
                next_id += 1;
            }
            for stock in 1..=3 {
                let close = 1_000 + dice.roll(90_000);
                connection
                    .execute(
                        "INSERT INTO stock_prices (stock_id, date, open, high, low, close, volume) VALUES (?1, ?2, 0, 0, 0, ?3, 0)",
                        rusqlite::params![stock, day.to_string(), close],
                    )
                    .unwrap();
            }
            let equity = 90_000_000 + dice.roll(20_000_000);
            connection
                .execute(
                    "INSERT INTO portfolio_risk_metrics (user_id, date, total_value, cash_balance, current_drawdown, total_loss_from_initial_pct) VALUES ('u', ?1, ?2, 5, 0, 0)",
                    rusqlite::params![format!("{day} 06:40:00"), equity],
                )
                .unwrap();
            // Now and then something of before is not as it was.
            let earlier = sessions[usize::try_from(dice.roll(at as u64 + 1)).unwrap()];
            let row = 1 + i64::from(dice.roll(next_id.unsigned_abs()));
            match dice.roll(9) {
                0 => insert(&connection, row, earlier, &mut dice),
                1 => drop(connection.execute("DELETE FROM trades WHERE id = ?1", [row])),
                2 => drop(
                    connection.execute("UPDATE trades SET commission = 77.5 WHERE id = ?1", [row]),
                ),
                3 => drop(connection.execute(
                    "INSERT INTO stock_splits VALUES (?1, ?2, ?3, 2)",
                    rusqlite::params![dice.pick(&TICKERS), earlier.to_string(), 1 + dice.roll(9)],
                )),
                4 => drop(connection.execute(
                    "INSERT INTO cash_flows VALUES ('u', ?1, 1000, ?2)",
                    rusqlite::params![
                        earlier.to_string(),
                        dice.pick(&["deposit", "dividend", "fee"])
                    ],
                )),
                5 => drop(connection.execute(
                    "INSERT INTO position_flows VALUES ('u', ?1, '000660', ?2, 50000, ?3)",
                    rusqlite::params![
                        earlier.to_string(),
                        dice.pick(&[&5, &-1]),
                        dice.pick(&[&Some(60_000), &None])
                    ],
                )),
                _ => {}
            }
            let ours = stepwise.generate_daily_summary(day).await.unwrap();
            let whole = generator(MemoryStore::new())
                .generate_daily_summary(day)
                .await
                .unwrap();
            let (ours, whole) = (figures(ours), figures(whole));
            assert_eq!(
                ours.portfolio_stats, whole.portfolio_stats,
                "seed {seed} {day}"
            );
            assert_eq!(ours.trading_stats, whole.trading_stats, "seed {seed} {day}");
            assert_eq!(ours, whole, "seed {seed} {day}");
        }
        // Made anew from the middle, nothing changes either.
        let last = *sessions.last().unwrap();
        let before = stepwise.generate_daily_summary(last).await.unwrap();
        stepwise.rebuild(Some(sessions[8])).await.unwrap();
        let after = stepwise.generate_daily_summary(last).await.unwrap();
        assert_eq!(figures(before), figures(after), "seed {seed}");
    }
}
