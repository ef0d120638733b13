//! A service with tables of its own.

use std::error::Error;

use axum::{Router, routing::get};
use tokio::net::TcpListener;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS deals (
        no INTEGER PRIMARY KEY, isu TEXT, side TEXT, filled INTEGER, px REAL, fee REAL, tax REAL, at INTEGER);
    INSERT OR IGNORE INTO deals VALUES
        (1, 'A005930', 'buy',  10, 70000, 105, 0,   1779926400),
        (2, 'A005930', 'sell',  4, 71000,  42, 426, 1779928200);
    CREATE TABLE IF NOT EXISTS nav (at TEXT PRIMARY KEY, won REAL, cash REAL);
    INSERT OR IGNORE INTO nav VALUES ('2026-05-28T15:40:00', 1000000.5, 580000);
    CREATE TABLE IF NOT EXISTS closes (isu TEXT, day TEXT, px INTEGER, PRIMARY KEY (isu, day));
    INSERT OR IGNORE INTO closes VALUES ('005930', '20260528', 71500);";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = rusqlite::Connection::open("desk.db")?;
    database.execute_batch(SCHEMA)?;
    drop(database);
    let app = Router::new().route("/orders", get(|| async { "[]" }));
    let listener = TcpListener::bind("0.0.0.0:8000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
