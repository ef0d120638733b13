//! A worker that listens on no port. Everything but the endpoints is there: health, logs, alerts,
//! resources, and the daily report when `DATABASE_URL` is set.
//!
//! `SERVICE_NAME=settlement cargo run -p bongsu --example worker_without_http`; a service of its own
//! compiles no axum with
//!
//! ```toml
//! bongsu = { path = "…", default-features = false, features = [
//!     "alerts", "email", "health", "logging", "reports", "resources", "slack", "sqlite",
//! ] }
//! ```
//!
//! A supervisor without a port to ask looks at the file that the worker keeps:
//! `health.json` in `BONGSU_DATA_DIR`, written anew every few seconds while the worker lives.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use bongsu::{
    Bongsu, Error, alerts::templates, health::Heartbeat, log_business_event, log_error,
    log_performance,
};
use tokio::time::{Instant, interval};

/// Time between two batches.
const EVERY: Duration = Duration::from_secs(1);
/// A batch that takes longer is worth a warning.
const SLOW: Duration = Duration::from_millis(800);

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), Error> {
    let bongsu = Bongsu::from_env().await?;
    // A loop that hangs is mended by a restart alone: it decides about liveness.
    let heartbeat = bongsu
        .health()
        .heartbeat("settlement-loop")
        .max_age(Duration::from_secs(30))
        .internal()
        .start()
        .map_err(Error::service)?;
    let settlement = settle(bongsu.clone(), heartbeat);
    bongsu.spawn("settlement", |stop| async move {
        stop.until_stopped(settlement).await;
    });
    let file = bongsu.config().data_dir.join("health.json");
    let health_file = keep_health(bongsu.clone(), file);
    bongsu.spawn("health-file", |stop| async move {
        stop.until_stopped(health_file).await;
    });
    tracing::info!(daily_report = bongsu.reports().is_some(), "working");

    bongsu::stop_signal().await;
    tracing::info!("stopping");
    bongsu.shutdown().await;
    Ok(())
}

async fn settle(bongsu: Bongsu, heartbeat: Heartbeat) {
    let mut ticks = interval(EVERY);
    loop {
        ticks.tick().await;
        let start = Instant::now();
        match batch().await {
            Ok(settled) => log_business_event!("batch_settled", trades = settled),
            Err(error) => {
                log_error!(&error);
                raise(&bongsu, templates::error("settlement", &error)).await;
            }
        }
        let took = start.elapsed();
        log_performance!("settle_batch", took.as_secs_f64() * 1e3);
        if took > SLOW {
            raise(&bongsu, templates::performance("settle_batch", took, SLOW)).await;
        }
        heartbeat.beat();
    }
}

/// Stands for the worker's work.
async fn batch() -> Result<u32, io::Error> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok(12)
}

async fn raise(bongsu: &Bongsu, alert: bongsu::alerts::Alert) {
    if let Err(error) = bongsu.alerts().send_alert(alert).await {
        log_error!(&error);
    }
}

/// The body of `/health`, for whoever looks at files: `jq -e '.status != "unhealthy"' health.json`.
async fn keep_health(bongsu: Bongsu, file: PathBuf) {
    let mut ticks = interval(Duration::from_secs(5));
    loop {
        ticks.tick().await;
        let health = bongsu.health().health_response(true, false);
        if let Err(error) = replace(&file, &health.body).await {
            log_error!(&error);
        }
    }
}

/// A reader sees the old file or the new one, never half of one.
async fn replace(file: &Path, body: &[u8]) -> io::Result<()> {
    let new = file.with_extension("json.new");
    tokio::fs::write(&new, body).await?;
    tokio::fs::rename(&new, file).await
}
