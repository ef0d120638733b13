//! A service with rusqlite and sqlx, both a generation before bongsu's.

use axum::{Router, extract::State, routing::get};
use sqlx::SqlitePool;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let path = std::env::var("SERVICE_DB").expect("SERVICE_DB is set");
    let db = rusqlite::Connection::open(&path).expect("SERVICE_DB can be opened");
    db.execute_batch("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY); INSERT INTO orders DEFAULT VALUES")
        .expect("SERVICE_DB can be written");
    drop(db);
    let pool = SqlitePool::connect_lazy(&format!("sqlite:{path}")).expect("SERVICE_DB is a path");
    let app = Router::new().route("/orders", get(orders)).with_state(pool);
    let listener = TcpListener::bind("0.0.0.0:8000").await?;
    axum::serve(listener, app).await
}

async fn orders(State(pool): State<SqlitePool>) -> String {
    let count: Result<i64, _> = sqlx::query_scalar("SELECT count(*) FROM orders")
        .fetch_one(&pool)
        .await;
    count.map_or_else(|error| error.to_string(), |count| count.to_string())
}
