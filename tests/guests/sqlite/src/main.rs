//! A service with rusqlite and sqlx, both a generation before bongsu's.

use std::process::ExitCode;

use axum::{Router, extract::State, routing::get};
use bongsu::Bongsu;
use sqlx::SqlitePool;

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), bongsu::Error> {
    let path = std::env::var("SERVICE_DB").expect("SERVICE_DB is set");
    let db = rusqlite::Connection::open(&path).expect("SERVICE_DB can be opened");
    db.execute_batch("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY); INSERT INTO orders DEFAULT VALUES")
        .expect("SERVICE_DB can be written");
    drop(db);
    let pool = SqlitePool::connect_lazy(&format!("sqlite:{path}")).expect("SERVICE_DB is a path");
    let bongsu = Bongsu::from_env().await?;
    let app = Router::new().route("/orders", get(orders)).with_state(pool);
    bongsu.serve(app).await
}

async fn orders(State(pool): State<SqlitePool>) -> String {
    let count: Result<i64, _> = sqlx::query_scalar("SELECT count(*) FROM orders")
        .fetch_one(&pool)
        .await;
    count.map_or_else(|error| error.to_string(), |count| count.to_string())
}
