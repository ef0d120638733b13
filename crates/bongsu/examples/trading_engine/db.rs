//! The desk's database: SQLite with the tables that the daily report reads.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bongsu::{
    metrics::ServiceMetrics,
    outgoing::{Database, Outgoing},
    reports::source::sqlite::create_schema,
};
use rusqlite::{Connection, params};

const STOCKS: &str = include_str!("data/stocks.csv");
const PRICES: &str = include_str!("data/stock_prices.csv");
const TRADES: &str = include_str!("data/trades.csv");
const PORTFOLIOS: &str = include_str!("data/portfolios.csv");
const RISK: &str = include_str!("data/portfolio_risk_metrics.csv");

/// One connection, opened when first needed and again after a failure.
#[derive(Clone)]
pub struct Db {
    path: PathBuf,
    connection: Arc<Mutex<Option<Connection>>>,
    metrics: ServiceMetrics,
    watched: Database,
}

impl Db {
    pub fn new(path: PathBuf, metrics: ServiceMetrics, outgoing: &Outgoing) -> Self {
        Self {
            path,
            connection: Arc::default(),
            metrics,
            watched: outgoing.database("sqlite"),
        }
    }

    /// Runs `work` off the runtime; it is watched as `operation` on `table`.
    pub async fn query<T: Send + 'static>(
        &self,
        operation: &'static str,
        table: &'static str,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbError> {
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || this.with_connection(work));
        let done = async { done.await.map_err(|_| DbError::Interrupted)? };
        self.watched.query(operation, table, done).await
    }

    fn with_connection<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DbError> {
        let mut slot = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = Some(open(&self.path)?);
            self.metrics.update_db_connections("open", 1);
        }
        let Some(connection) = slot.as_mut() else {
            return Err(DbError::Interrupted);
        };
        let result = work(connection);
        if result.is_err() {
            *slot = None;
            self.metrics.update_db_connections("open", 0);
        }
        Ok(result?)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("the database refused")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the query was interrupted")]
    Interrupted,
}

/// Makes the database, with a month of trades in it, where there is none.
pub fn create(path: &Path) -> rusqlite::Result<()> {
    open(path).map(drop)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    create_schema(&connection)?;
    let stocks: i64 = connection.query_row("SELECT count(*) FROM stocks", [], |row| row.get(0))?;
    if stocks == 0 {
        seed(&mut connection)?;
    }
    Ok(connection)
}

/// A month of one account's trades, so that the first report has something to say.
fn seed(connection: &mut Connection) -> rusqlite::Result<()> {
    let tx = connection.transaction()?;
    for table in [
        ("stocks", STOCKS),
        ("trades", TRADES),
        ("portfolios", PORTFOLIOS),
        ("portfolio_risk_metrics", RISK),
    ] {
        insert_csv(&tx, table.0, table.1)?;
    }
    let mut price = tx.prepare(
        "INSERT INTO stock_prices (stock_id, date, open, high, low, close, adjusted_close, volume)
         SELECT id, ?2, ?3, ?3, ?3, ?3, ?4, ?5 FROM stocks WHERE ticker = ?1",
    )?;
    for row in PRICES.lines().skip(1) {
        let f: Vec<&str> = row.split(',').collect();
        price.execute(params![f[0], f[1], f[2], f[3], f[4]])?;
    }
    drop(price);
    tx.commit()
}

/// The first line names the columns; an empty field is NULL.
fn insert_csv(connection: &Connection, table: &str, csv: &str) -> rusqlite::Result<()> {
    let (columns, rows) = csv.split_once('\n').unwrap_or((csv, ""));
    let marks = vec!["?"; columns.split(',').count()].join(",");
    let mut insert =
        connection.prepare(&format!("INSERT INTO {table} ({columns}) VALUES ({marks})"))?;
    for row in rows.lines() {
        let fields = row
            .split(',')
            .map(|field| (!field.is_empty()).then_some(field));
        insert.execute(rusqlite::params_from_iter(fields))?;
    }
    Ok(())
}
