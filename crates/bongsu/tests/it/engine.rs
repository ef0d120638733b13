//! The example trading engine over restarts and hours, and the demo that drives it.

use std::{collections::BTreeMap, net::TcpStream, process::Stdio};

use serde_json::Value;

use crate::process::{Process, Service, command, free_address};

#[expect(
    dead_code,
    unreachable_pub,
    reason = "a module of the example, read as it is"
)]
#[path = "../../examples/trading_engine/market.rs"]
mod market;

#[test]
fn order_ids_go_on_after_every_kind_of_end() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let vars = [("DATABASE_URL", "sqlite:engine.db")];
        Service::start("trading_engine", dir.path(), &vars)
    };
    let order = |engine: &Service| {
        let order = r#"{"symbol": "005930", "side": "buy", "quantity": 1}"#;
        let (status, body) = engine.ask("POST", "/trade", order);
        assert_eq!(status, 200, "{body}");
        let fill: Value = serde_json::from_str(&body).unwrap();
        fill["order_id"].as_str().unwrap().to_owned()
    };
    let mut ids = Vec::new();
    for killed in [false, true, false] {
        let engine = start();
        ids.extend([order(&engine), order(&engine)]);
        if killed {
            drop(engine);
        } else {
            assert!(engine.stop().success());
        }
    }
    let wanted: Vec<String> = (1..=6).map(|n| format!("DEMO_{n:08}")).collect();
    assert_eq!(ids, wanted);

    // Others write into the same table.
    let database = rusqlite::Connection::open(dir.path().join("engine.db")).unwrap();
    let renamed = database.execute(
        "UPDATE trades SET order_id = 'DEMO_00000041' WHERE order_id = 'DEMO_00000003'",
        [],
    );
    assert_eq!(renamed.unwrap(), 1);
    let engine = start();
    assert_eq!(order(&engine), "DEMO_00000042");
    assert!(engine.stop().success());
}

#[tokio::test]
async fn prices_walk_for_a_day_and_stay_where_they_opened() {
    // One price in each of the exchange's tick classes, and the lowest there is.
    let opens: [u64; 8] = [1, 1_000, 3_000, 12_000, 42_850, 71_000, 300_000, 900_000];
    let prices: BTreeMap<String, u64> =
        opens.iter().map(|open| (open.to_string(), *open)).collect();
    let market = market::Market::open(prices.clone());
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    let (mut moved, steps) = (false, 86_400);
    for _ in 0..steps {
        market.tick();
        for (symbol, price) in market.prices() {
            let ratio = price as f64 / prices[&symbol] as f64;
            assert!((0.8..1.2).contains(&ratio), "{symbol} is at {price}");
            moved |= price != prices[&symbol];
            *sums.entry(symbol).or_default() += price;
        }
    }
    assert!(moved);
    for (symbol, sum) in sums {
        let mean = sum as f64 / f64::from(steps) / prices[&symbol] as f64;
        assert!(
            (0.995..1.005).contains(&mean),
            "{symbol} drifts: {mean} of its open"
        );
    }
    market.shock(-90.0);
    assert!(market.price("71000").unwrap() < 9_000);
}

#[test]
fn the_demo_ends_when_asked_and_takes_its_engine_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let engine = command("trading_engine", dir.path(), &[]);
    let address = free_address();
    for signal in ["TERM", "INT"] {
        let mut demo = command("demo", dir.path(), &[("PATH", "/usr/bin:/bin")]);
        demo.arg(engine.get_program());
        demo.args(["--dir", "here", "--port", &address.port().to_string()]);
        let mut demo = Process::start(demo.stdout(Stdio::piped()), "of this repository");
        let said = demo.lines();
        said.find(|line| line.starts_with("Orders are flowing"));
        demo.signal(signal);
        assert!(demo.wait().success(), "SIG{signal}: {:#?}", said.rest());
        assert!(TcpStream::connect(address).is_err(), "the engine lives on");
    }
}
