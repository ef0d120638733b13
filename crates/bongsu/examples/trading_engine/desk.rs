//! The desk: checks an order, fills it at the market, books it, watches the risk.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bongsu::{
    alerts::{AlertManager, templates},
    log_business_event,
    metrics::ServiceMetrics,
    outgoing::Cache,
};
use rusqlite::params;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::{
    book::{Book, Effect, Side},
    broker::{Broker, BrokerError},
    db::{Db, DbError},
    market::{Market, SESSION},
};

/// Trading stops when the portfolio has lost more than this from its peak.
pub const HALT_DRAWDOWN_PERCENT: f64 = 28.0;
const INITIAL_CASH: i64 = 500_000_000;

#[derive(Debug, Deserialize)]
pub struct Order {
    pub symbol: String,
    pub side: Side,
    pub quantity: u64,
}

#[derive(Debug, Serialize)]
pub struct Fill {
    pub order_id: String,
    pub symbol: String,
    pub side: Side,
    pub quantity: u64,
    pub price: u64,
    pub amount_krw: u64,
    pub pnl_krw: Option<i64>,
}

#[derive(Debug, thiserror::Error)]
pub enum TradeError {
    #[error("unknown symbol {0:?}")]
    UnknownSymbol(String),
    #[error("the quantity must be 1 to 100000")]
    Quantity,
    #[error("{held} shares of {symbol} held, {asked} asked for")]
    NotHeld {
        symbol: String,
        held: u64,
        asked: u64,
    },
    #[error("{cash} won of cash, {needed} needed")]
    Cash { cash: i64, needed: u64 },
    #[error("trading is halted")]
    Halted,
    #[error("the order could not be stored")]
    Db(#[from] DbError),
    #[error("the broker did not take the order")]
    Broker(#[from] BrokerError),
}

impl TradeError {
    /// The label of this kind of error in metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::UnknownSymbol(_) => "unknown_symbol",
            Self::Quantity => "invalid_quantity",
            Self::NotHeld { .. } => "not_held",
            Self::Cash { .. } => "insufficient_cash",
            Self::Halted => "trading_halted",
            Self::Db(_) => "database",
            Self::Broker(_) => "broker",
        }
    }
}

/// Everything that is known once the database has been read.
struct Session {
    market: Market,
    account: tokio::sync::Mutex<Account>,
    markets: BTreeMap<String, String>,
}

struct Account {
    book: Book,
    peak: i64,
    pnl: BTreeMap<String, i64>,
}

pub struct Desk {
    db: Db,
    broker: Broker,
    prices: Cache,
    metrics: ServiceMetrics,
    alerts: AlertManager,
    session: OnceCell<Session>,
    halted: AtomicBool,
    equity: Mutex<VecDeque<i64>>,
}

impl Desk {
    pub fn new(
        db: Db,
        broker: Broker,
        prices: Cache,
        metrics: ServiceMetrics,
        alerts: AlertManager,
    ) -> Arc<Self> {
        Arc::new(Self {
            db,
            broker,
            prices,
            metrics,
            alerts,
            session: OnceCell::new(),
            halted: AtomicBool::new(false),
            equity: Mutex::default(),
        })
    }

    /// Fills an order at the market price.
    pub async fn execute(&self, order: &Order) -> Result<Fill, TradeError> {
        if self.halted.load(Ordering::Relaxed) {
            return Err(TradeError::Halted);
        }
        if !(1..=100_000).contains(&order.quantity) {
            return Err(TradeError::Quantity);
        }
        let session = self.session().await?;
        let price = self.prices.look_up(|| session.market.price(&order.symbol));
        let price = price.ok_or_else(|| TradeError::UnknownSymbol(order.symbol.clone()))?;
        let amount = price * order.quantity;
        let fees = Book::fees(order.side, amount);

        // Held over the insert: the book and the database must not tell different stories.
        let mut account = session.account.lock().await;
        match order.side {
            Side::Buy if account.book.cash < (amount + fees.0) as i64 => {
                return Err(TradeError::Cash {
                    cash: account.book.cash,
                    needed: amount + fees.0,
                });
            }
            Side::Sell if account.book.quantity(&order.symbol) < order.quantity => {
                return Err(TradeError::NotHeld {
                    symbol: order.symbol.clone(),
                    held: account.book.quantity(&order.symbol),
                    asked: order.quantity,
                });
            }
            _ => {}
        }
        self.broker.place(order).await?;
        let order_id = self
            .store(order, price, amount, fees, &session.market)
            .await?;
        let Effect { pnl, .. } =
            account
                .book
                .apply(&order.symbol, order.side, order.quantity, amount, fees);
        if let Some(pnl) = pnl {
            *account.pnl.entry(order.symbol.clone()).or_default() += pnl;
        }
        drop(account);
        self.revalue().await?;
        Ok(Fill {
            order_id,
            symbol: order.symbol.clone(),
            side: order.side,
            quantity: order.quantity,
            price,
            amount_krw: amount,
            pnl_krw: pnl,
        })
    }

    /// Stores a filled order; gives its id, which follows the newest one in the table, whoever stored that.
    async fn store(
        &self,
        order: &Order,
        price: u64,
        amount: u64,
        (commission, tax): (u64, u64),
        market: &Market,
    ) -> Result<String, DbError> {
        let symbol = order.symbol.clone();
        let action = order.side.as_str().to_uppercase();
        let at = market.now().strftime("%Y-%m-%d %H:%M:%S").to_string();
        // SQLite's whole numbers have a sign.
        let [quantity, price, amount, commission, tax] =
            [order.quantity, price, amount, commission, tax].map(u64::cast_signed);
        self.db
            .query("INSERT", "trades", move |db| {
                db.prepare(
                    "INSERT INTO trades (order_id, ticker, action, order_type, quantity, price, executed_price,
                     executed_quantity, total_amount, commission, tax, status, strategy, created_at, executed_at)
                     SELECT printf('DEMO_%08d', 1 + coalesce((SELECT substr(order_id, 6) FROM trades
                         WHERE order_id GLOB 'DEMO_[0-9]*' ORDER BY order_id DESC LIMIT 1), 0)),
                         ?1, ?2, 'MARKET', ?3, ?4, ?4, ?3, ?5, ?6, ?7, 'EXECUTED', 'demo', ?8, ?8
                     RETURNING order_id",
                )?
                .query_row(
                    params![symbol, action, quantity, price, amount, commission, tax, at],
                    |row| row.get(0),
                )
            })
            .await
    }

    /// One step of the market: new prices, a signal now and then, the portfolio valued again.
    pub async fn tick(&self) -> Result<(), DbError> {
        let session = self.session().await?;
        session.market.tick();
        for market in ["KOSPI", "KOSDAQ"] {
            let listed = session.markets.values().filter(|m| *m == market).count();
            self.metrics.record_data_collection(market, listed as u64);
        }
        self.metrics.record_signal("momentum", "005930");
        self.metrics
            .record_signal_executed("momentum", "005930", "skipped");
        self.revalue().await
    }

    /// Moves every price by `percent`, to see what the risk watch does.
    pub async fn shock(&self, percent: f64) -> Result<(), DbError> {
        self.session().await?.market.shock(percent);
        self.revalue().await
    }

    /// Lets orders through again after a halt, as an operator would.
    pub fn resume(&self) {
        self.halted.store(false, Ordering::Relaxed);
        log_business_event!("trading_resumed");
    }

    /// Values the portfolio, exports it, and halts trading when it has lost too much.
    async fn revalue(&self) -> Result<(), DbError> {
        let session = self.session().await?;
        let mut account = session.account.lock().await;
        let equity = account
            .book
            .equity(|symbol| session.market.price(symbol).unwrap_or(0));
        account.peak = account.peak.max(equity);
        let drawdown = 100.0 * (account.peak - equity) as f64 / account.peak as f64;
        let (peak, positions) = (account.peak, account.book.open_positions());
        drop(account);
        self.metrics.update_portfolio_value(equity);
        self.metrics.update_positions(positions);
        self.metrics.update_drawdown(drawdown);
        self.metrics.update_halt_drawdown(HALT_DRAWDOWN_PERCENT);
        self.metrics.update_var("95", self.value_at_risk(equity));
        if drawdown > HALT_DRAWDOWN_PERCENT && !self.halted.swap(true, Ordering::Relaxed) {
            self.metrics.record_risk_violation("max_drawdown");
            let alert = templates::trading_halt("max_drawdown_exceeded", Some(drawdown))
                .metadata("portfolio_value_krw", equity)
                .metadata("peak_krw", peak);
            if let Err(error) = self.alerts.send_alert(alert).await {
                tracing::error!(%error, "the trading halt could not be announced");
            }
        }
        Ok(())
    }

    /// The loss that 95 % of the last hundred steps stayed under, in won.
    fn value_at_risk(&self, equity: i64) -> f64 {
        let mut history = self.equity.lock().unwrap_or_else(PoisonError::into_inner);
        history.push_back(equity);
        if history.len() > 100 {
            history.pop_front();
        }
        let mut losses: Vec<i64> = history
            .iter()
            .zip(history.iter().skip(1))
            .map(|(a, b)| a - b)
            .collect();
        losses.sort_unstable();
        losses
            .get(losses.len() * 95 / 100)
            .map_or(0.0, |loss| (*loss).max(0) as f64)
    }

    /// The close: prices and the portfolio's value of the session go into the database.
    pub async fn close(&self) -> Result<i64, DbError> {
        let session = self.session().await?;
        let account = session.account.lock().await;
        let prices = session.market.prices();
        let equity = account
            .book
            .equity(|symbol| prices.get(symbol).copied().unwrap_or(0));
        let (cash, peak, positions) = (
            account.book.cash,
            account.peak,
            account.book.open_positions().cast_signed(),
        );
        drop(account);
        self.db
            .query("INSERT", "stock_prices", move |db| {
                let tx = db.transaction()?;
                for (symbol, price) in &prices {
                    tx.execute(
                        "INSERT INTO stock_prices (stock_id, date, open, high, low, close, adjusted_close, volume)
                         SELECT id, ?2, ?3, ?3, ?3, ?3, ?3, 1 FROM stocks WHERE ticker = ?1
                         AND NOT EXISTS (SELECT 1 FROM stock_prices p WHERE p.stock_id = stocks.id AND p.date = ?2)",
                        params![symbol, SESSION.to_string(), price.cast_signed()],
                    )?;
                }
                let drawdown = 100.0 * (peak - equity) as f64 / peak as f64;
                let loss = 100.0 * (INITIAL_CASH - equity) as f64 / INITIAL_CASH as f64;
                // 06:40 UTC is 15:40 in Korea, ten minutes after the close.
                tx.execute(
                    "INSERT INTO portfolio_risk_metrics (user_id, date, total_value, cash_balance, invested_amount,
                     peak_value, initial_capital, current_drawdown, max_drawdown, position_count,
                     total_loss_from_initial_pct)
                     SELECT 'user001', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9
                     WHERE NOT EXISTS (SELECT 1 FROM portfolio_risk_metrics WHERE date = ?1)",
                    params![format!("{SESSION} 06:40:00"), equity, cash, equity - cash, peak, INITIAL_CASH, drawdown, positions, loss],
                )?;
                tx.commit()
            })
            .await?;
        Ok(equity)
    }

    /// Reads the database once; a failure is tried again by the next caller.
    async fn session(&self) -> Result<&Session, DbError> {
        self.session.get_or_try_init(|| self.load()).await
    }

    async fn load(&self) -> Result<Session, DbError> {
        let (book, pnl, peak, prices, markets) = self
            .db
            .query("SELECT", "trades", |db| {
                let mut book = Book::new(INITIAL_CASH);
                let mut pnl = BTreeMap::<String, i64>::new();
                // The last recorded cash holds for everything before it; its time is UTC, the fills' Korean.
                let (recorded, until): (i64, String) = db.query_row(
                    "SELECT cash_balance, datetime(date, '+9 hours') FROM portfolio_risk_metrics
                     ORDER BY date DESC LIMIT 1",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?;
                let mut fills = db.prepare(
                    "SELECT ticker, action, executed_quantity, total_amount, commission, tax, executed_at > ?1
                     FROM trades WHERE executed_quantity > 0 AND executed_at IS NOT NULL ORDER BY executed_at, id",
                )?;
                let mut rows = fills.query([until])?;
                let mut since_recorded = Book::new(recorded);
                while let Some(row) = rows.next()? {
                    let (symbol, action): (String, String) = (row.get(0)?, row.get(1)?);
                    let side = if action == "BUY" { Side::Buy } else { Side::Sell };
                    let whole = |at| row.get(at).map(i64::unsigned_abs);
                    let (quantity, amount) = (whole(2)?, whole(3)?);
                    let fees = (whole(4)?, whole(5)?);
                    let effect = book.apply(&symbol, side, quantity, amount, fees);
                    if row.get(6)? {
                        since_recorded.apply(&symbol, side, quantity, amount, fees);
                    }
                    *pnl.entry(symbol).or_default() += effect.pnl.unwrap_or(0);
                }
                book.cash = since_recorded.cash;
                let peak = db.query_row("SELECT max(peak_value) FROM portfolio_risk_metrics", [], |row| row.get(0))?;
                let prices = db
                    .prepare(
                        "SELECT ticker, close FROM stock_prices JOIN stocks ON stocks.id = stock_id
                         WHERE stock_prices.date = (SELECT max(date) FROM stock_prices) AND market <> 'INDEX'",
                    )?
                    .query_map([], |row| Ok((row.get(0)?, row.get::<_, f64>(1)? as u64)))?
                    .collect::<Result<_, _>>()?;
                let markets = db
                    .prepare("SELECT ticker, market FROM stocks")?
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect::<Result<_, _>>()?;
                Ok((book, pnl, peak, prices, markets))
            })
            .await?;
        for (symbol, total) in &pnl {
            self.metrics.update_trade_pnl(symbol, *total);
        }
        Ok(Session {
            market: Market::open(prices),
            account: tokio::sync::Mutex::new(Account { book, peak, pnl }),
            markets,
        })
    }
}
