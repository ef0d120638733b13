//! `--once`: a bounded run that succeeds only when each part was really seen.

use std::{future::Future, path::Path, process::ExitCode, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{Failure, engine::Engine, ledger, receiver::Receiver, say, scrape::Scrape, traffic};

const SESSION: &str = "2026-06-01";
/// How long anything that happens in the background may take.
const PATIENCE: Duration = Duration::from_secs(25);

type Seen = Result<String, String>;

pub async fn run(engine: Engine, receiver: Receiver, dir: &Path) -> Result<ExitCode, Failure> {
    let mut table = Table::default();
    let before = scrape(&engine).await?;
    table.add("ready after its checks ran", ready(&engine).await);
    let filled = traffic::run(&engine, 0, 75, Duration::from_millis(20)).await;
    table.add("request id returned and logged", request_id(&engine).await);
    table.add("a losing trade lowers P&L", losing_trade(&engine).await);
    table.add(
        "bad requests refused and counted",
        bad_requests(&engine).await,
    );
    table.add(
        "alert delivered after two failures",
        delivered_after_failures(&receiver).await,
    );
    table.add(
        "drawdown past 28 % halts trading",
        halt(&engine, &receiver).await,
    );
    table.add(
        "cooldown holds back a repeat",
        cooldown(&engine, &receiver).await,
    );
    table.add(
        "metrics moved",
        metrics_moved(&engine, &before, filled).await,
    );
    table.add("report equals the database", report(&engine, dir).await);
    table.add(
        "report delivered to Slack",
        report_delivered(&receiver).await,
    );
    let base = engine.base.clone();
    let lines = engine.lines();
    let (stopped, drained) = tokio::join!(engine.stop(), sees_drain(&base));
    table.add("readiness says no while draining", drained);
    table.add(
        "stops cleanly on SIGTERM",
        match stopped? {
            status if status.success() => Ok(status.to_string()),
            status => Err(status.to_string()),
        },
    );
    table.add("every log line is JSON", all_json(&lines));
    say(&format!("\nFiles of this run: {}", dir.display()));
    Ok(table.print())
}

async fn ready(engine: &Engine) -> Seen {
    eventually("a healthy database among the dependencies", || async {
        let (status, body) = engine.get("/health").await.ok()?;
        let health: Value = serde_json::from_str(&body).ok()?;
        let database = health["dependencies"]
            .as_array()?
            .iter()
            .find(|d| d["type"] == "database")?;
        let checked = database["last_check"].is_string() && database["status"] == "healthy";
        (status == 200 && checked).then(|| {
            format!(
                "{} {}, checked at {}",
                database["name"], database["status"], database["last_check"]
            )
        })
    })
    .await
}

async fn request_id(engine: &Engine) -> Seen {
    let order = json!({ "symbol": "005930", "side": "buy", "quantity": 1 });
    let answer = engine
        .post("/trade", "seen-by-the-demo", order.to_string())
        .await
        .map_err(|f| f.0)?;
    if answer.request_id != "seen-by-the-demo" {
        return Err(format!("the response carries {:?}", answer.request_id));
    }
    eventually("a log line with the request's id", || async {
        let lines = engine.lines();
        let found = lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| {
                line["request_id"] == "seen-by-the-demo" && line["service_name"] == "trading_engine"
            });
        let messages: Vec<String> = found.map(|line| line["message"].to_string()).collect();
        (!messages.is_empty()).then(|| format!("{} lines, e.g. {}", messages.len(), messages[0]))
    })
    .await
}

async fn losing_trade(engine: &Engine) -> Seen {
    let order = |side| json!({ "symbol": "000660", "side": side, "quantity": 10 }).to_string();
    let pnl = |page: &Scrape| page.matching("trade_pnl_krw", "symbol=\"000660\"");
    let before = pnl(&scrape(engine).await.map_err(|f| f.0)?).unwrap_or(0.0);
    let mut worst: Option<i64> = None;
    // Fees make a round trip lose unless the walk of prices pays for them in between.
    for n in 0..5 {
        engine
            .post("/trade", &format!("loser-buy-{n}"), order("buy"))
            .await
            .map_err(|f| f.0)?;
        let sold = engine
            .post("/trade", &format!("loser-sell-{n}"), order("sell"))
            .await
            .map_err(|f| f.0)?;
        let result = sold.body["pnl_krw"]
            .as_i64()
            .ok_or(format!("the sale was refused: {}", sold.body))?;
        worst = Some(worst.map_or(result, |w| w.min(result)));
        if result < 0 {
            break;
        }
    }
    let after = pnl(&scrape(engine).await.map_err(|f| f.0)?).ok_or("no trade_pnl_krw")?;
    match worst {
        Some(loss) if loss < 0 && after < before => {
            Ok(format!("{loss} won; trade_pnl_krw {before} → {after}"))
        }
        _ => Err(format!("{worst:?}; trade_pnl_krw {before} → {after}")),
    }
}

async fn bad_requests(engine: &Engine) -> Seen {
    let malformed = engine
        .post("/trade", "bad-1", "{\"symbol\": 1".into())
        .await
        .map_err(|f| f.0)?;
    let unknown = engine
        .post(
            "/trade",
            "bad-2",
            json!({"symbol": "XXXXXX", "side": "buy", "quantity": 1}).to_string(),
        )
        .await;
    let unknown = unknown.map_err(|f| f.0)?;
    let lost = engine
        .post("/nowhere", "bad-3", String::new())
        .await
        .map_err(|f| f.0)?;
    let page = scrape(engine).await.map_err(|f| f.0)?;
    let counted = page
        .matching("errors_total", "malformed_order")
        .unwrap_or(0.0)
        >= 1.0
        && page
            .matching("http_requests_total", "endpoint=\"unmatched\"")
            .unwrap_or(0.0)
            >= 1.0;
    let statuses = (malformed.status, unknown.status, lost.status);
    if matches!(statuses, (400 | 422, 422, 404)) && counted && malformed.body["error"].is_string() {
        Ok(format!(
            "{statuses:?}, with a reason, `unmatched` where no route was"
        ))
    } else {
        Err(format!("{statuses:?}, counted: {counted}"))
    }
}

async fn delivered_after_failures(receiver: &Receiver) -> Seen {
    eventually("the disk alert at the webhook", || async {
        let attempts = receiver.webhook();
        let delivered = attempts
            .iter()
            .find(|a| a.accepted && a.body["title"].as_str().is_some_and(|t| t.contains("DISK")))?;
        let failed = attempts
            .iter()
            .filter(|a| !a.accepted && a.id == delivered.id)
            .count();
        (failed == 2).then(|| {
            format!(
                "{}, attempts 1 and 2 answered 503, the same id on all",
                delivered.body["title"]
            )
        })
    })
    .await
}

async fn halt(engine: &Engine, receiver: &Receiver) -> Seen {
    let order =
        |quantity| json!({ "symbol": "005930", "side": "buy", "quantity": quantity }).to_string();
    // Most of the cash in one symbol, and then the market falls.
    let bought = engine
        .post("/trade", "all-in", order(8_000))
        .await
        .map_err(|f| f.0)?;
    shock(engine, -60.0).await?;
    let refused = engine
        .post("/trade", "halted", order(1))
        .await
        .map_err(|f| f.0)?;
    let seen = eventually("TRADING HALT at the webhook", || async {
        let halts = halts(receiver);
        halts
            .first()
            .map(|alert| format!("[{}] {}", alert["level"], alert["message"]))
    })
    .await?;
    match (bought.status, refused.status) {
        (200, 422) => Ok(seen),
        other => Err(format!(
            "an order before and one during the halt: {other:?}"
        )),
    }
}

async fn cooldown(engine: &Engine, receiver: &Receiver) -> Seen {
    // The market is still down: whoever lets trading go on sees it halted again.
    engine
        .post("/market/resume", "resume", String::new())
        .await
        .map_err(|f| f.0)?;
    let seen = eventually("a suppressed repeat in the metrics", || async {
        let page = scrape(engine).await.ok()?;
        let held = page.matching("alerts_suppressed_total", "cooldown")?;
        (held >= 1.0).then(|| format!("alerts_suppressed_total{{reason=\"cooldown\"}} {held}"))
    })
    .await?;
    let count = halts(receiver).len();
    shock(engine, 0.0).await?;
    engine
        .post("/market/resume", "resume-2", String::new())
        .await
        .map_err(|f| f.0)?;
    if count == 1 {
        Ok(seen)
    } else {
        Err(format!("{count} TRADING HALT alerts arrived"))
    }
}

async fn shock(engine: &Engine, percent: f64) -> Result<(), String> {
    let body = json!({ "percent": percent }).to_string();
    engine
        .post("/market/shock", "shock", body)
        .await
        .map(drop)
        .map_err(|f| f.0)
}

fn halts(receiver: &Receiver) -> Vec<Value> {
    let accepted = receiver
        .webhook()
        .into_iter()
        .filter(|a| a.accepted)
        .map(|a| a.body);
    accepted
        .filter(|alert| alert["title"] == "TRADING HALT")
        .collect()
}

async fn metrics_moved(engine: &Engine, before: &Scrape, filled: usize) -> Seen {
    const UP: [&str; 4] = [
        "http_requests_total",
        "trades_executed_total",
        "trade_volume_krw_total",
        "process_cpu_seconds_total",
    ];
    const THERE: [&str; 7] = [
        "portfolio_value_krw",
        "portfolio_drawdown_percent",
        "value_at_risk_krw",
        "system_cpu_percent",
        "system_memory_used_bytes",
        "system_disk_percent",
        "process_resident_memory_bytes",
    ];
    let now = scrape(engine).await.map_err(|f| f.0)?;
    let still: Vec<&str> = UP
        .into_iter()
        .filter(|name| now.sum(name).unwrap_or(0.0) <= before.sum(name).unwrap_or(0.0))
        .collect();
    let missing: Vec<&str> = THERE
        .into_iter()
        .filter(|name| now.sum(name).is_none())
        .collect();
    let trades = now
        .matching("trades_executed_total", "status=\"filled\"")
        .unwrap_or(0.0);
    if still.is_empty() && missing.is_empty() && trades >= filled as f64 && filled > 0 {
        Ok(format!(
            "{} requests, {trades} trades filled",
            now.sum("http_requests_total").unwrap_or(0.0)
        ))
    } else {
        Err(format!(
            "unmoved: {still:?}, missing: {missing:?}, {trades} of {filled} trades"
        ))
    }
}

async fn report(engine: &Engine, dir: &Path) -> Seen {
    let closed = engine
        .post("/market/close", "close", String::new())
        .await
        .map_err(|f| f.0)?;
    let files: Vec<&str> = closed.body["files"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let find = |ending: &str| files.iter().find(|file| file.ends_with(ending)).copied();
    let (Some(html), Some(text), Some(json)) = (find("preview.html"), find(".txt"), find(".json"))
    else {
        return Err(format!("status {}, {}", closed.status, closed.body));
    };
    for file in [html, text] {
        let size = std::fs::metadata(file)
            .map_err(|error| format!("{file}: {error}"))?
            .len();
        if size < 500 {
            return Err(format!("{file} has {size} bytes"));
        }
    }
    let summary: Value =
        serde_json::from_str(&std::fs::read_to_string(json).map_err(|e| e.to_string())?)
            .map_err(|error| format!("{json}: {error}"))?;
    let ledger = ledger::read(&dir.join("engine.db"), SESSION).map_err(|f| f.0)?;
    compare(&summary, &ledger)?;
    Ok(format!(
        "{} fills, realised {:.0} won, equity {} won: {html}",
        ledger.fills, ledger.realised, ledger.equity
    ))
}

fn compare(summary: &Value, ledger: &ledger::Ledger) -> Result<(), String> {
    let trading = &summary["trading_stats"];
    let pairs = [
        ("fills", number(&trading["fills"]), ledger.fills as f64),
        (
            "commission",
            number(&trading["commission"]),
            ledger.commission as f64,
        ),
        ("tax", number(&trading["tax"]), ledger.tax as f64),
        ("realised", number(&trading["realised"]), ledger.realised),
        (
            "equity",
            number(&summary["portfolio_stats"]["equity"]),
            ledger.equity as f64,
        ),
    ];
    for (name, reported, stored) in pairs {
        let reported = reported.ok_or_else(|| format!("the report has no {name}: {trading}"))?;
        if (reported - stored).abs() > 0.01 {
            return Err(format!(
                "{name}: the report says {reported}, the database {stored}"
            ));
        }
    }
    Ok(())
}

/// A figure of the report: a number, a decimal as text, or either inside `{"value": …}`.
fn number(figure: &Value) -> Option<f64> {
    match figure {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        Value::Object(object) => object.get("value").and_then(number),
        _ => None,
    }
}

async fn report_delivered(receiver: &Receiver) -> Seen {
    eventually("the report at Slack", || async {
        let messages = receiver.slack();
        let report = messages
            .iter()
            .find(|message| message["username"] == "Daily Report Bot")?;
        Some(format!(
            "{} blocks",
            report["blocks"].as_array().map_or(0, Vec::len)
        ))
    })
    .await
}

async fn sees_drain(base: &str) -> Seen {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .map_err(|e| e.to_string())?;
    eventually("503 from /ready", || async {
        let answer = client.get(format!("{base}/ready")).send().await.ok()?;
        (answer.status() == 503).then(|| "503 while requests are still served".to_owned())
    })
    .await
}

fn all_json(lines: &[String]) -> Seen {
    match lines
        .iter()
        .find(|line| serde_json::from_str::<Value>(line).is_err())
    {
        None if !lines.is_empty() => Ok(format!("{} lines", lines.len())),
        None => Err("no line at all".into()),
        Some(line) => Err(format!("not JSON: {line}")),
    }
}

async fn scrape(engine: &Engine) -> Result<Scrape, Failure> {
    let (status, page) = engine.get("/metrics").await?;
    if status == 200 {
        Ok(Scrape::parse(&page))
    } else {
        Err(Failure(format!("/metrics: {status}")))
    }
}

async fn eventually<F: Future<Output = Option<String>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> Seen {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return Ok(seen);
        }
        if Instant::now() > deadline {
            return Err(format!("{what}: not seen within {} s", PATIENCE.as_secs()));
        }
        sleep(Duration::from_millis(50)).await;
    }
}

#[derive(Default)]
struct Table(Vec<(&'static str, Seen)>);

impl Table {
    fn add(&mut self, part: &'static str, seen: Seen) {
        self.0.push((part, seen));
    }

    fn print(self) -> ExitCode {
        say("");
        for (part, seen) in &self.0 {
            match seen {
                Ok(what) => say(&format!("  seen     {part:<36} {what}")),
                Err(why) => say(&format!("  MISSING  {part:<36} {why}")),
            }
        }
        let missing: Vec<&str> = self
            .0
            .iter()
            .filter(|(_, seen)| seen.is_err())
            .map(|(part, _)| *part)
            .collect();
        if missing.is_empty() {
            say(&format!("\nAll {} parts were seen.", self.0.len()));
            ExitCode::SUCCESS
        } else {
            say(&format!("\nMissing: {}.", missing.join("; ")));
            ExitCode::FAILURE
        }
    }
}
