//! Health of what only this service knows about: a broker's gateway that is asked, and a
//! market-data feed that must be heard of while the exchange is open.
//!
//! `SERVICE_NAME=desk BROKER_ADDRESS=127.0.0.1:9001 cargo run -p bongsu --example custom_check`,
//! then `curl localhost:8000/health` and `curl localhost:8000/ready`.

use std::{process::ExitCode, time::Duration};

use async_trait::async_trait;
use axum::Router;
use bongsu::{
    Bongsu, Config, Error, MarketHours,
    config::env_var,
    health::{Check, CheckError, CheckOutput, DependencyType, Heartbeat, Importance, Probe},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Asks the gateway `STATUS` and reads one line: `OPEN <orders waiting>` or `CLOSED`.
struct Gateway {
    address: String,
}

#[async_trait]
impl Probe for Gateway {
    // Dropped when it takes longer than the check's timeout, so nothing here needs one.
    async fn check(&self) -> Result<CheckOutput, CheckError> {
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.write_all(b"STATUS\n").await?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await?;
        judge(line.trim())
    }
}

/// What the gateway's line means.
fn judge(line: &str) -> Result<CheckOutput, CheckError> {
    match line.split_once(' ') {
        Some(("OPEN", waiting)) => {
            let waiting: u32 = waiting.parse()?;
            let output = if waiting > 100 {
                CheckOutput::degraded("orders pile up at the broker")
            } else {
                CheckOutput::ok()
            };
            Ok(output.metadata("orders_waiting", waiting))
        }
        _ => Err(CheckError::new(format!("the gateway says {line:?}"))),
    }
}

/// Stands for the service's own feed handler.
async fn read_feed(heartbeat: Heartbeat) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        heartbeat.beat();
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), Error> {
    let address =
        env_var("BROKER_ADDRESS").ok_or_else(|| Error::service("BROKER_ADDRESS is not set"))?;
    let gateway = Check::from_probe("broker", DependencyType::ExternalApi, Gateway { address })
        .interval(Duration::from_secs(5))
        .fast_interval(Duration::from_secs(1))
        .timeout(Duration::from_secs(1))
        .degraded_above(Duration::from_millis(300))
        // Without a broker there is nothing to do for this service: /ready says 503.
        .importance(Importance::Critical);
    let bongsu = Bongsu::builder(Config::from_env()?)
        .check(gateway)
        .start()
        .await?;

    let feed = bongsu
        .health()
        .heartbeat("market-data")
        .degraded_after(Duration::from_secs(5))
        .unhealthy_after(Duration::from_secs(30))
        .importance(Importance::Degrading)
        // The feed is silent on purpose while no venue trades.
        .schedule(MarketHours::new(bongsu.calendar()))
        .start()
        .map_err(Error::service)?;
    let feed = read_feed(feed);
    bongsu.spawn("feed", |stop| async move {
        stop.until_stopped(feed).await;
    });

    bongsu.serve(Router::new()).await
}
