//! The example trading engine itself, watched: its errors, its busy machine and its halt reach the
//! receiver through Prometheus and Alertmanager.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::json;

use crate::{
    programs::Watch,
    support::{Folder, Running, free_port, get, post, query, wait_for},
};

/// `cargo test --workspace` builds the example beside the tests.
fn engine() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let engine = tests
        .ancestors()
        .nth(2)
        .unwrap()
        .join("examples/trading_engine");
    assert!(
        engine.is_file(),
        "{} is missing: cargo build -p bongsu --example trading_engine",
        engine.display()
    );
    engine
}

#[test]
fn the_alerts_of_the_original_fire_for_real() {
    let (folder, port) = (Folder::new(), free_port());
    let mut command = Command::new(engine());
    command.env_clear().current_dir(&folder.0);
    command.env("SERVICE_NAME", "trading_engine");
    command.env("BONGSU_BIND", format!("127.0.0.1:{port}"));
    command.env("BONGSU_DATA_DIR", &folder.0);
    command.env("DATABASE_URL", "sqlite:engine.db");
    command.env("BONGSU_RESOURCE_INTERVAL_SECONDS", "1");
    command.stdout(fs::File::create(folder.0.join("engine.log")).unwrap());
    let _engine = Running::start("of this repository", &mut command);
    wait_for("the engine is ready", || {
        let log = || fs::read_to_string(folder.0.join("engine.log")).unwrap_or_default();
        get(port, "/ready").ok_or_else(log)
    });

    // The rates are over less time, and a machine counts as busy at once: nothing else is changed.
    let watch = Watch::start(port, |rules| {
        let rules = rules.replace("rate(errors_total[5m])", "rate(errors_total[10s])");
        rules.replace("system_cpu_percent > 90", "system_cpu_percent > 0")
    });

    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Orders for a symbol that nobody knows are errors.
        for _ in 0..2 {
            scope.spawn(|| {
                let order = json!({ "symbol": "999999", "side": "buy", "quantity": 1 });
                while !over.load(Ordering::Relaxed) {
                    post(port, "/trade", &order);
                }
            });
        }
        // Whatever fails below must end the flood as well.
        let _end = End(&over);

        // Most of the cash in one symbol, and then the market falls.
        let order = json!({ "symbol": "005930", "side": "buy", "quantity": 3_000 });
        assert!(post(port, "/trade", &order), "the order was refused");
        assert!(post(port, "/market/shock", &json!({ "percent": -90.0 })));
        watch.wait_for_alert("firing", "TradingHalt", "desk");
        watch.wait_for_alert("firing", "HighErrorRate", "on-call");
        watch.wait_for_alert("firing", "HighCPUUsage", "team");
        let refused = r#"trades_executed_total{status="rejected",symbol="unknown"} > 0"#;
        assert!(!query(watch.prometheus, refused).is_empty());
    });
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
