//! A service on one thread.

use axum::{Router, routing::get};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let app = Router::new().route("/orders", get(|| async { "none" }));
    let listener = TcpListener::bind("0.0.0.0:8000").await?;
    axum::serve(listener, app).await
}
