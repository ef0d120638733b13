//! A worker with orders under way and no HTTP.

use std::time::Duration;

use tokio::{fs::OpenOptions, io::AsyncWriteExt as _, time::sleep};

#[tokio::main]
async fn main() {
    tokio::spawn(orders());
    tokio::signal::ctrl_c().await.unwrap_or(());
}

/// Each order is sent, and what became of it is written down a second later.
async fn orders() {
    let mut number = 0;
    loop {
        sleep(Duration::from_millis(100)).await;
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
