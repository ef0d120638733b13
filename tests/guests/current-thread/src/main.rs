//! A service on one thread.

use std::process::ExitCode;

use axum::{Router, routing::get};
use bongsu::{Bongsu, Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), bongsu::Error> {
    let bongsu = Bongsu::builder(Config::from_env()?)
        .version(env!("CARGO_PKG_VERSION"))
        .start()
        .await?;
    let app = Router::new().route("/orders", get(|| async { "none" }));
    bongsu.serve(app).await
}
