//! gRPC by tonic beside axum, on one port.

use axum::{Router, routing::get};
use tokio::net::TcpListener;
use tonic::service::Routes;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let app = Router::new()
        .route("/orders", get(|| async { "[]" }))
        .merge(Routes::new(health).into_axum_router());
    let listener = TcpListener::bind("0.0.0.0:8000").await?;
    axum::serve(listener, app).await
}
