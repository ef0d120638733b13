//! The whole loop on real programs: a service's page, Prometheus with our rules, Alertmanager with our
//! routes, and the receiver that the stack runs.
//!
//! Only addresses and times differ from what the stack mounts.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bongsu_dashboards::promql::filled_in;
use bongsu_metrics::{ProcessUsage, ServiceMetrics, SystemUsage};
use serde_json::Value;

use crate::{
    expressions::panels,
    support::{Folder, Running, free_port, get, query, read, root, wait_for},
};

/// A trading service in trouble, and its page.
struct Service {
    port: u16,
    calm: Arc<AtomicBool>,
}

impl Service {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let calm = Arc::new(AtomicBool::new(false));
        let (metrics, quiet) = (page(), calm.clone());
        // Ends with the test's process.
        std::thread::spawn(move || {
            for (round, stream) in listener.incoming().flatten().enumerate() {
                traffic(&metrics, round as u64, quiet.load(Ordering::Relaxed));
                let _ = answer(stream, &metrics.export_metrics());
            }
        });
        Self { port, calm }
    }
}

fn answer(mut stream: TcpStream, page: &str) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut head = [0; 4096];
    let _ = stream.read(&mut head)?;
    write!(
        stream,
        "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\r\n{page}",
        page.len()
    )
}

fn page() -> ServiceMetrics {
    let metrics = ServiceMetrics::new("trading_engine").unwrap();
    metrics.set_service_info("1.0.0", "test");
    metrics.update_process(&ProcessUsage {
        cpu_percent: Some(12.0),
        memory_percent: Some(1.0),
        resident_memory_bytes: Some(40 << 20),
        cpu_time: Some(Duration::from_secs(3)),
        open_fds: Some(30),
        threads: Some(8),
        start_time_seconds: Some(1.7e9),
    });
    metrics
}

/// What one second brings.
fn traffic(metrics: &ServiceMetrics, round: u64, calm: bool) {
    let ms = Duration::from_millis;
    for status in [200, 200, 200, 422, 503] {
        metrics.record_request("POST", "/trade", status, ms(12), 120, 300);
    }
    metrics.record_request("GET", "/health", 200, ms(1), 0, 900);
    metrics.record_request_aborted();
    metrics.record_panic();
    for _ in 0..if calm { 1 } else { 5_000 } {
        metrics.record_error("database", "error");
    }
    for (status, pnl) in [
        ("filled", Some(15_000)),
        ("filled", Some(-4_000)),
        ("rejected", None),
    ] {
        metrics.record_trade("005930", "sell", status, 750_000, pnl);
    }
    metrics.record_db_query("INSERT", "trades", ms(2), "success");
    metrics.record_db_query("INSERT", "trades", ms(9), "error");
    metrics.update_db_connections("open", 1);
    metrics.record_cache_operation("prices", true);
    metrics.record_cache_operation("prices", false);
    metrics.update_positions(5);
    metrics.update_portfolio_value(500_000_000);
    metrics.update_drawdown(if calm { 2.0 } else { 30.5 });
    metrics.update_var("95", 7_000_000.0);
    metrics.record_risk_violation("max_drawdown");
    metrics.record_signal("momentum", "005930");
    metrics.record_signal_executed("momentum", "005930", "executed");
    metrics.record_data_collection("KOSPI", 900);
    metrics.record_data_collection_error("krx", "timeout");
    let _done = metrics.measure_time("rebalance");
    metrics.record_alert("risk", "slack");
    metrics.record_alert_delivery("slack", "delivered");
    metrics.record_alert_suppressed("cooldown");
    metrics.update_alert_queue(2, Some(Duration::from_secs(9)));
    metrics.record_report(Some(1.7e9), Duration::from_secs(2));
    metrics.update_health_status(0.5);
    metrics.update_dependency("database", 1.0, Some(ms(3)));
    metrics.set_log_events("info", round);
    metrics.set_log_dropped("queue_full", round);
    metrics.update_system(&SystemUsage {
        cpu_percent: Some(if calm { 20.0 } else { 95.0 }),
        memory_percent: Some(60.0),
        memory_used_bytes: Some(6 << 30),
        memory_available_bytes: Some(4 << 30),
        disk_percent: Some(40.0),
        disk_used_bytes: Some(40 << 30),
        disk_free_bytes: Some(60 << 30),
        process_count: Some(120),
        network_sent_bytes: Some(round * 1_000),
        network_received_bytes: Some(round * 2_000),
    });
    // Longer than a label may be: counted as past a bound.
    metrics.record_error(&"x".repeat(2_000), "error");
}

/// The stack's own files with other addresses and shorter times.
fn hasten(text: &str, addresses: &[(&str, u16)]) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let key = line.trim_start().split(':').next().unwrap_or_default();
        let timed = [
            "for",
            "keep_firing_for",
            "scrape_interval",
            "scrape_timeout",
            "evaluation_interval",
            "group_wait",
            "group_interval",
        ];
        if timed.contains(&key) {
            let indent = line.len() - line.trim_start().len();
            let _ = writeln!(out, "{:indent$}{key}: 1s", "");
        } else {
            let mut line = line.to_owned();
            for (name, port) in addresses {
                line = line.replace(name, &format!("127.0.0.1:{port}"));
            }
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

struct Stack {
    _programs: Vec<Running>,
    _folder: Folder,
    service: Service,
    prometheus: u16,
    arrived: Arc<Mutex<Vec<Value>>>,
}

fn start() -> Stack {
    let folder = Folder::new();
    let service = Service::start();

    let mut command = Command::new(env!("CARGO_BIN_EXE_alert-receiver"));
    let mut receiver = Running::start(
        "of this repository",
        command.arg("127.0.0.1:0").stdout(Stdio::piped()),
    );
    let mut lines = BufReader::new(receiver.0.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let receiver_port: u16 = first.rsplit(':').next().unwrap().parse().unwrap();
    let arrived = Arc::new(Mutex::new(Vec::new()));
    let sink = arrived.clone();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            sink.lock()
                .unwrap()
                .push(serde_json::from_str(&line).unwrap());
        }
    });

    let (prometheus, alertmanager, nobody) = (free_port(), free_port(), free_port());
    let addresses = [
        ("trading-engine:8000", service.port),
        ("alertmanager:9093", alertmanager),
        ("localhost:9090", prometheus),
        ("grafana:3000", nobody),
        ("alert-receiver:8080", receiver_port),
    ];
    for entry in fs::read_dir(root().join("docker/prometheus/rules"))
        .unwrap()
        .flatten()
    {
        let name = entry.file_name().into_string().unwrap();
        if name.ends_with(".yml") {
            let text = fs::read_to_string(entry.path()).unwrap();
            folder.write(&format!("rules/{name}"), &hasten(&text, &[]));
        }
    }
    let config = hasten(&read("docker/prometheus/prometheus.yml"), &addresses);
    let routes = hasten(&read("docker/alertmanager/alertmanager.yml"), &addresses);
    let routes = folder.write("alertmanager.yml", &routes);

    let log = |name: &str| fs::File::create(folder.0.join(name)).unwrap();
    let mut command = Command::new("prometheus-alertmanager");
    command.arg(format!("--config.file={}", routes.display()));
    command.arg(format!("--storage.path={}", folder.0.join("am").display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{alertmanager}"));
    command
        .arg("--cluster.listen-address=")
        .stderr(log("alertmanager.log"));
    let second = Running::start("prometheus-alertmanager", &mut command);
    let third = start_prometheus(&folder, &config, prometheus);
    Stack {
        _programs: vec![third, second, receiver],
        _folder: folder,
        service,
        prometheus,
        arrived,
    }
}

/// A Prometheus with this configuration, ready.
fn start_prometheus(folder: &Folder, config: &str, port: u16) -> Running {
    let config = folder.write("prometheus.yml", config);
    let log = folder.0.join("prometheus.log");
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!(
        "--storage.tsdb.path={}",
        folder.0.join("tsdb").display()
    ));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    // The first alerts may come before Alertmanager is known: tell it again at once, not after a minute.
    command.arg("--rules.alert.resend-delay=1s");
    command.stderr(fs::File::create(&log).unwrap());
    let running = Running::start("prometheus", &mut command);
    wait_for("Prometheus is ready", || {
        get(port, "/-/ready").ok_or_else(|| fs::read_to_string(&log).unwrap_or_default())
    });
    running
}

#[test]
fn remote_write_arrives_even_when_the_store_was_away() {
    let (folder, service) = (Folder::new(), Service::start());
    let (prometheus, store, nobody) = (free_port(), free_port(), free_port());
    let addresses = [
        ("trading-engine:8000", service.port),
        ("localhost:9090", prometheus),
        ("victoria-metrics:8428", store),
        ("alertmanager:9093", nobody),
        ("grafana:3000", nobody),
    ];
    let config = hasten(&read("docker/prometheus/remote-write.yml"), &addresses);
    let _prometheus = start_prometheus(&folder, &config, prometheus);
    let held = r#"portfolio_value_krw{job="trading-engine"}"#;
    wait_for("Prometheus has a sample", || {
        let samples = query(prometheus, held);
        samples.first().map(|_| ()).ok_or("none yet".to_owned())
    });

    // Only now does the store start: what was scraped before must reach it from the log.
    let count = query(prometheus, "count_over_time(portfolio_value_krw[1h])");
    let missed: f64 = count[0]["value"][1].as_str().unwrap().parse().unwrap();
    let mut command = Command::new("victoria-metrics");
    command.arg(format!(
        "-storageDataPath={}",
        folder.0.join("vm").display()
    ));
    command.arg(format!("-httpListenAddr=127.0.0.1:{store}"));
    command.stderr(fs::File::create(folder.0.join("vm.log")).unwrap());
    command.stdout(Stdio::null());
    let _store = Running::start("victoria-metrics", &mut command);
    wait_for("the samples arrive", || {
        let samples = query(store, "count_over_time(portfolio_value_krw[1h])");
        let got = samples.first().and_then(|s| s["value"][1].as_str());
        let got: f64 = got.unwrap_or("0").parse().unwrap();
        // At least as many as were taken while it was away, with the labels of the scrape.
        if got >= missed && samples[0]["metric"]["team"] == "trading" {
            Ok(())
        } else {
            Err(format!("{samples:?}, {missed} were taken before"))
        }
    });
}

#[test]
fn every_panel_answers_and_alerts_go_all_the_way() {
    let stack = start();

    // Every panel's query has an answer, and the answer is a number.
    let panels = panels();
    let mut waiting: Vec<usize> = (0..panels.len()).collect();
    wait_for("every panel answers", || {
        waiting.retain(|index| {
            let samples = query(stack.prometheus, &filled_in(&panels[*index].1, "30s"));
            let number = |s: &Value| s["value"][1].as_str().is_some_and(|v| v != "NaN");
            samples.is_empty() || !samples.iter().all(number)
        });
        let left: Vec<_> = waiting.iter().map(|index| &panels[*index]).collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("no answer, or NaN: {left:#?}"))
        }
    });

    // The three rules of the original arrive where they should.
    let has = |status: &str, alert: &str, receiver: &str| {
        let arrived = stack.arrived.lock().unwrap();
        let found = arrived.iter().any(|line| {
            line["status"] == status && line["alertname"] == alert && line["receiver"] == receiver
        });
        if found {
            Ok(())
        } else {
            Err(format!(
                "{status} {alert} has not reached {receiver}: {arrived:#?}"
            ))
        }
    };
    for (alert, receiver) in [
        ("Watchdog", "watchdog"),
        ("TradingHalt", "desk"),
        ("HighErrorRate", "on-call"),
        ("HighCPUUsage", "team"),
    ] {
        wait_for("alerts arrive", || has("firing", alert, receiver));
    }
    let arrived = stack.arrived.lock().unwrap().clone();
    let halt = arrived
        .iter()
        .find(|line| line["alertname"] == "TradingHalt")
        .unwrap();
    assert!(
        halt["summary"]
            .as_str()
            .unwrap()
            .starts_with("Trading halt threshold exceeded on trading-engine 127.0.0.1:")
    );

    // A halt hides the drawdown that led to it.
    assert!(
        !query(
            stack.prometheus,
            r#"ALERTS{alertname="DrawdownHigh",alertstate="firing"}"#
        )
        .is_empty()
    );
    assert!(
        !arrived
            .iter()
            .any(|line| line["alertname"] == "DrawdownHigh"),
        "{arrived:#?}"
    );

    // No template failed, no rule failed.
    let rules = get(stack.prometheus, "/api/v1/rules").unwrap();
    assert!(!rules.contains("error expanding template"));
    let rules: Value = serde_json::from_str(&rules).unwrap();
    let mut names = BTreeSet::new();
    for rule in rules["data"]["groups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|g| g["rules"].as_array().unwrap())
    {
        assert_eq!(rule["health"], "ok", "{rule:#}");
        names.insert(rule["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        names.len(),
        bongsu_dashboards::groups()
            .iter()
            .map(|g| g.alerts.len() + g.recorded.len())
            .sum::<usize>()
    );

    // The trouble is over, and the desk hears of it.
    stack.service.calm.store(true, Ordering::Relaxed);
    wait_for("the end arrives", || has("resolved", "TradingHalt", "desk"));
}
