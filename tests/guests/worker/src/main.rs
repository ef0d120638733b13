//! A worker with orders under way and no HTTP.

use std::{process::ExitCode, time::Duration};

use bongsu::{Bongsu, StopToken};
use tokio::{fs::OpenOptions, io::AsyncWriteExt as _, time::sleep};

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), bongsu::Error> {
    let bongsu = Bongsu::from_env().await?;
    bongsu.spawn("orders", orders);
    bongsu::stop_signal().await;
    bongsu.shutdown().await;
    Ok(())
}

/// Each order is sent, and what became of it is written down a second later.
async fn orders(stop: StopToken) {
    let mut number = 0;
    while stop
        .until_stopped(sleep(Duration::from_millis(100)))
        .await
        .is_some()
    {
        number += 1;
        note(&format!("sent {number}\n")).await;
        sleep(Duration::from_secs(1)).await;
        note(&format!("filled {number}\n")).await;
    }
}

async fn note(line: &str) {
    let path = std::env::var("ORDERS").expect("ORDERS is set");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .await;
    let mut file = file.expect("ORDERS can be written");
    file.write_all(line.as_bytes())
        .await
        .expect("ORDERS can be written");
    file.flush().await.expect("ORDERS can be written");
}
