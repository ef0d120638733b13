//! The least that a service needs: `SERVICE_NAME=minimal cargo run -p bongsu --example minimal`,
//! then `curl localhost:8000/health`.

use std::process::ExitCode;

use axum::{Router, routing::get};
use bongsu::Bongsu;

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), bongsu::Error> {
    let bongsu = Bongsu::from_env().await?;
    let app = Router::new().route("/", get(|| async { "봉수" }));
    bongsu.serve(app).await
}
