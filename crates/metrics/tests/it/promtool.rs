//! Prometheus's own checker reads a page with every family on it.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bongsu_metrics::catalog::CATALOG;
use bongsu_metrics::{
    ContainerUsage, FamilyBuilder, Kind, Packets, ProcessUsage, ServiceMetrics, SystemUsage, Unit,
    Waited,
};

#[expect(clippy::disallowed_methods, reason = "an exemplar has a time")]
fn now() -> Instant {
    Instant::now()
}

pub(crate) fn full() -> ServiceMetrics {
    let m = ServiceMetrics::new("trading_engine").expect("legal");
    m.set_service_info("1.0.0", "production");
    let awkward = "back\\slash \"quote\"\nline 한글 {},=";
    m.http_route("GET", awkward).record_with_trace(
        200,
        Duration::from_millis(3),
        10,
        20,
        || "4bf92f3577b34da6",
        now(),
    );
    m.record_request(
        "POST",
        "/orders/{id}",
        599,
        Duration::from_secs(30),
        1 << 40,
        0,
    );
    m.record_request_aborted();
    m.record_panic();
    m.record_db_query("SELECT", awkward, Duration::from_micros(70), "success");
    m.update_db_connections("idle", 3);
    m.record_cache_operation("prices", true);
    m.record_trade("005930", "buy", "filled", 750_000, Some(-15_000));
    m.update_trade_pnl("000660", -1);
    m.update_positions(1);
    m.update_portfolio_value(10_500_000);
    m.record_risk_violation("max_position");
    m.update_drawdown(3.5);
    m.update_halt_drawdown(28.0);
    m.update_var("95", 1e300);
    m.record_signal("momentum", "005930");
    m.record_signal_executed("momentum", "005930", "filled");
    m.record_data_collection("KOSPI", 900);
    m.record_data_collection_error("krx", "timeout");
    m.record_error(awkward, "critical");
    m.record_error(&"x".repeat(5_000), "critical");
    m.record_alert("risk", "slack");
    m.record_alert_delivery("slack", "delivered");
    m.record_own_request("GET", "/ready", 200);
    m.record_alert_suppressed("cooldown");
    m.update_alert_queue(1, Some(Duration::from_secs(9)));
    m.update_maintenance(false);
    m.record_report(Some(1.7e9), Duration::from_secs(2));
    m.update_health_status(1.0);
    m.update_dependency("redis", f64::NAN, Some(Duration::from_millis(2)));
    m.set_log_events("info", 4);
    m.set_log_dropped("queue_full", 1);
    let mut machine = SystemUsage::default();
    machine.cpu_percent = Some(1.5);
    machine.memory_percent = Some(2.5);
    machine.memory_used_bytes = Some(3);
    machine.memory_available_bytes = Some(4);
    machine.disk_percent = Some(5.0);
    machine.disk_used_bytes = Some(6);
    machine.disk_free_bytes = Some(7);
    machine.process_count = Some(8);
    machine.network_sent_bytes = Some(9);
    machine.network_received_bytes = Some(10);
    machine.network_errors = Some(packets(1, 2));
    machine.network_dropped = Some(packets(3, 4));
    machine.cpu_count = Some(8);
    machine.load_average = Some([0.5, 1.0, 1.5]);
    machine.swap_total_bytes = Some(0);
    machine.swap_used_bytes = Some(0);
    machine.pressure.io = Some(waited(5));
    m.update_system(&machine);
    let mut container = ContainerUsage::default();
    container.cpu_percent = Some(80.0);
    container.cpu_limit_cores = Some(0.5);
    container.cpu_throttled_percent = Some(10.0);
    container.cpu_throttled_periods = Some(5);
    container.cpu_throttled_time = Some(Duration::from_millis(250));
    container.memory_percent = Some(3.0);
    container.memory_used_bytes = Some(8 << 20);
    container.memory_limit_bytes = Some(256 << 20);
    container.oom_kills = Some(0);
    container.pressure.memory = Some(waited(7));
    m.update_container(&container);
    let mut process = ProcessUsage::default();
    process.cpu_percent = Some(f64::INFINITY);
    process.memory_percent = Some(0.25);
    process.resident_memory_bytes = Some(1 << 30);
    process.cpu_time = Some(Duration::from_millis(1_500));
    process.open_fds = Some(12);
    process.threads = Some(9);
    process.start_time_seconds = Some(1_700_000_000.25);
    process.max_fds = Some(1_024);
    m.update_process(&process);
    m.record_operation("rebalance", "success", Duration::from_millis(5));
    m.record_business_metric("fills", Kind::Counter, 2.5, &[("venue", awkward)]);
    m.register_histogram(FamilyBuilder::new("slippage_bytes", "S \\ \"q\".").unit(Unit::Bytes))
        .expect("legal")
        .with(&[])
        .record(0.5);
    metrics::with_local_recorder(&m.recorder(), || {
        metrics::describe_counter!("lib_calls_total", "Calls \\ \"of\" it.");
        metrics::describe_histogram!("lib_seconds", "Time.");
        metrics::counter!("lib_calls_total", "path" => awkward).increment(1);
        metrics::histogram!("lib_seconds", "path" => awkward).record(0.5);
    });
    m
}

fn packets(sent: u64, received: u64) -> Packets {
    Packets { sent, received }
}

fn waited(millis: u64) -> Waited {
    Waited {
        some: Duration::from_millis(millis),
        all: Some(Duration::from_millis(millis / 2)),
    }
}

#[test]
fn promtool_finds_nothing_but_the_names_that_are_given() {
    let page = full().export_metrics();
    for family in CATALOG {
        let head = format!("# TYPE {} {}\n", family.name, family.kind);
        assert!(page.contains(&head), "{} is not on the page", family.name);
    }
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs (Debian package: prometheus)");
    promtool
        .stdin
        .take()
        .expect("piped")
        .write_all(page.as_bytes())
        .expect("written");
    let output = promtool.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let unexpected: Vec<&str> = said
        .lines()
        // The names were fixed by what users move over from; the checker would have `ratio`.
        .filter(|line| !line.contains("_percent") && !line.starts_with("system_process_count "))
        .filter(|line| !line.trim().is_empty())
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}
