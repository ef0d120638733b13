//! Order traffic as a desk sends it: mostly good orders, now and then a bad one.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::engine::Engine;

const SYMBOLS: [&str; 8] = [
    "005930", "000660", "035720", "051910", "086520", "293490", "017670", "055550",
];

/// Sends `count` requests, `pause` apart; returns how many orders were filled.
pub async fn run(engine: &Engine, first: usize, count: usize, pause: Duration) -> usize {
    let mut filled = 0;
    for n in first..first + count {
        let id = format!("demo-{n:05}");
        let symbol = SYMBOLS[n % SYMBOLS.len()];
        let sent = match n % 25 {
            23 => {
                engine
                    .post("/trade", &id, "{\"symbol\": 5930".to_owned())
                    .await
            }
            24 => engine.post("/no-such-route", &id, "{}".to_owned()).await,
            k => {
                let side = if k % 3 == 2 { "sell" } else { "buy" };
                let order = json!({ "symbol": symbol, "side": side, "quantity": 1 + n % 5 });
                engine.post("/trade", &id, order.to_string()).await
            }
        };
        filled += usize::from(sent.is_ok_and(|answer| answer.status == 200));
        sleep(pause).await;
    }
    filled
}
