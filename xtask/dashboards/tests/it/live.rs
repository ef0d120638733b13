//! A service's page that has everything, watched by real programs: every panel answers, alerts go all
//! the way, remote write arrives.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bongsu_dashboards::promql::filled_in;
use bongsu_metrics::{
    ContainerUsage, Packets, PressureUsage, ProcessUsage, ServiceMetrics, SystemUsage, Waited,
};
use serde_json::Value;

use crate::{
    expressions::panels,
    programs::{Watch, hasten, start_prometheus},
    support::{Folder, Running, free_port, get, query, read, wait_for},
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
    let mut process = ProcessUsage::default();
    process.cpu_percent = Some(12.0);
    process.memory_percent = Some(1.0);
    process.resident_memory_bytes = Some(40 << 20);
    process.cpu_time = Some(Duration::from_secs(3));
    process.open_fds = Some(30);
    process.max_fds = Some(1_024);
    process.threads = Some(8);
    process.start_time_seconds = Some(1.7e9);
    metrics.update_process(&process);
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
    metrics.update_halt_drawdown(28.0);
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
    let mut machine = SystemUsage::default();
    machine.cpu_percent = Some(if calm { 20.0 } else { 95.0 });
    machine.memory_percent = Some(60.0);
    machine.memory_used_bytes = Some(6 << 30);
    machine.memory_available_bytes = Some(4 << 30);
    machine.disk_percent = Some(40.0);
    machine.disk_used_bytes = Some(40 << 30);
    machine.disk_free_bytes = Some(60 << 30);
    machine.process_count = Some(120);
    machine.network_sent_bytes = Some(round * 1_000);
    machine.network_received_bytes = Some(round * 2_000);
    let waited = Some(Waited {
        some: ms(round * 10),
        all: Some(ms(round)),
    });
    let pressure = PressureUsage {
        cpu: waited,
        memory: waited,
        io: waited,
    };
    let packets = Some(Packets {
        sent: round,
        received: round,
    });
    machine.network_errors = packets;
    machine.network_dropped = packets;
    machine.cpu_count = Some(2);
    machine.load_average = Some([0.5, 0.25, 0.125]);
    machine.swap_total_bytes = Some(2 << 30);
    machine.swap_used_bytes = Some(1 << 30);
    machine.pressure = pressure;
    metrics.update_system(&machine);
    let mut container = ContainerUsage::default();
    container.cpu_percent = Some(30.0);
    container.cpu_limit_cores = Some(1.0);
    container.cpu_throttled_percent = Some(5.0);
    container.cpu_throttled_periods = Some(round);
    container.cpu_throttled_time = Some(ms(round));
    container.memory_percent = Some(50.0);
    container.memory_used_bytes = Some(128 << 20);
    container.memory_limit_bytes = Some(256 << 20);
    container.oom_kills = Some(0);
    container.pressure = pressure;
    metrics.update_container(&container);
    // Longer than a label may be: counted as past a bound.
    metrics.record_error(&"x".repeat(2_000), "error");
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
    let service = Service::start();
    let watch = Watch::start(service.port, |rules| rules);

    // Every panel's query has an answer, and the answer is a number.
    let panels = panels();
    let mut waiting: Vec<usize> = (0..panels.len()).collect();
    wait_for("every panel answers", || {
        waiting.retain(|index| {
            let samples = query(watch.prometheus, &filled_in(&panels[*index].1, "30s"));
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

    // The page's own label of that name is the one that counts, the target's other labels are kept.
    let requests = |labels| {
        let found = query(
            watch.prometheus,
            &format!("http_requests_total{{{labels}}}"),
        );
        found.len()
    };
    assert_eq!(requests(r#"endpoint="ops""#), 0);
    assert!(requests(r#"pod="trading-engine-0",service="trading-engine""#) > 0);

    // The three rules of the original arrive where they should.
    watch.wait_for_alert("firing", "Watchdog", "watchdog");
    watch.wait_for_alert("firing", "HighErrorRate", "on-call");
    watch.wait_for_alert("firing", "HighCPUUsage", "team");
    let halt = watch.wait_for_alert("firing", "TradingHalt", "desk");
    let summary = "Trading halt threshold exceeded on trading-engine 127.0.0.1:";
    assert!(halt["summary"].as_str().unwrap().starts_with(summary));

    // A halt hides the drawdown that led to it.
    assert!(
        !query(
            watch.prometheus,
            r#"ALERTS{alertname="DrawdownHigh",alertstate="firing"}"#
        )
        .is_empty()
    );
    let arrived = watch.arrived();
    assert!(
        !arrived
            .iter()
            .any(|line| line["alertname"] == "DrawdownHigh"),
        "{arrived:#?}"
    );

    // No template failed, no rule failed.
    let rules = get(watch.prometheus, "/api/v1/rules").unwrap();
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
    service.calm.store(true, Ordering::Relaxed);
    watch.wait_for_alert("resolved", "TradingHalt", "desk");
}
