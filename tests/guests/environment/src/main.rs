//! A service on a machine whose environment is full of other people's variables.

use std::process::ExitCode;

use axum::{Router, routing::get};
use bongsu::Bongsu;

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), bongsu::Error> {
    let bongsu = Bongsu::from_env().await?;
    let app = Router::new().route("/orders", get(|| async { "none" }));
    bongsu.serve(app).await
}
