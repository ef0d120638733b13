//! The commonest service: axum, and sqlx with its default features on PostgreSQL.

use axum::{Router, extract::State, routing::get};
use sqlx::PgPool;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL is set");
    let pool = PgPool::connect_lazy(&url).expect("DATABASE_URL is a URL");
    let app = Router::new().route("/orders", get(orders)).with_state(pool);
    let listener = TcpListener::bind("0.0.0.0:8000").await?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async { tokio::signal::ctrl_c().await.unwrap_or(()) })
        .await
}

async fn orders(State(pool): State<PgPool>) -> String {
    let count: Result<i64, _> = sqlx::query_scalar("SELECT count(*) FROM pg_database")
        .fetch_one(&pool)
        .await;
    count.map_or_else(|error| error.to_string(), |count| (count > 0).to_string())
}
