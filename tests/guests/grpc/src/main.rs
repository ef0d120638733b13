//! gRPC by tonic beside axum, on one port.

use std::process::ExitCode;

use axum::{Router, routing::get};
use bongsu::Bongsu;
use tonic::service::Routes;

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), bongsu::Error> {
    let bongsu = Bongsu::from_env().await?;
    let (_reporter, health) = tonic_health::server::health_reporter();
    let app = Router::new()
        .route("/orders", get(|| async { "[]" }))
        .merge(Routes::new(health).into_axum_router());
    bongsu.serve(app).await
}
