//! The catalogue, and every method of [`ServiceMetrics`] against the page.

use std::collections::HashSet;
use std::time::Duration;

use super::parse::{Parsed, parse};
use crate::catalog::{CATALOG, Kind};
use crate::{ProcessUsage, ServiceMetrics, SystemUsage, bounds, names};

pub(crate) fn metrics() -> ServiceMetrics {
    ServiceMetrics::new("engine").expect("a legal name")
}

/// Both formats, parsed.
fn pages(metrics: &ServiceMetrics) -> [Parsed; 2] {
    let open = metrics.render(Some("application/openmetrics-text"), None);
    let open = String::from_utf8(open.body.to_vec()).expect("text");
    [parse(&metrics.export_metrics()), parse(&open)]
}

#[test]
fn declarations_are_legal_and_clash_nowhere() {
    let mut taken = HashSet::new();
    for spec in CATALOG {
        assert_eq!(names::check_metric(spec.name), Ok(()));
        assert_eq!(names::check_labels(spec.name, spec.labels), Ok(()));
        assert!(spec.labels.is_sorted(), "{}", spec.name);
        assert!(spec.budget > 0 && !spec.help.is_empty(), "{}", spec.name);
        assert_eq!(
            spec.kind == Kind::Counter,
            spec.name.ends_with("_total"),
            "{}",
            spec.name
        );
        assert_eq!(
            spec.kind == Kind::Histogram,
            !spec.buckets.is_empty(),
            "{}",
            spec.name
        );
        if spec.kind == Kind::Histogram {
            assert_eq!(bounds::check(spec.name, spec.buckets), Ok(()));
        }
        for name in names::taken(spec.name, spec.kind) {
            assert!(taken.insert(name.clone()), "{name}");
        }
    }
}

#[test]
fn places_and_names_agree() {
    let listed = include_str!("../catalog/families.rs");
    let start = listed.find("pub(crate) enum Id {").expect("the enum");
    let ids = listed[start..]
        .lines()
        .skip(1)
        .take_while(|line| *line != "}");
    let ids: Vec<&str> = ids.map(|line| line.trim().trim_end_matches(',')).collect();
    let camel = |name: &str| -> String {
        name.split('_')
            .map(|word| word[..1].to_uppercase() + &word[1..])
            .collect()
    };
    let names: Vec<String> = CATALOG.iter().map(|spec| camel(spec.name)).collect();
    assert_eq!(ids, names);
}

#[test]
fn every_method_shows_on_the_page() {
    let m = metrics();
    m.set_service_info("0.9.0", "test");
    m.set_service_info("1.0.0", "production");
    m.record_request("GET", "/orders", 200, Duration::from_millis(30), 10, 2_000);
    m.record_request(
        "GET",
        "/orders",
        599,
        Duration::from_secs(11),
        0,
        u64::MAX >> 8,
    );
    m.http_route("POST", "/orders")
        .record(503, Duration::from_millis(5), 300, 0);
    let in_flight = m.http_in_flight();
    drop(m.http_in_flight());
    m.record_request_aborted();
    m.record_panic();
    m.record_own_request("GET", "/ready", 503);
    m.record_db_query("INSERT", "trades", Duration::from_millis(50), "success");
    m.update_db_connections("idle", 7);
    m.record_cache_operation("prices", true);
    m.record_cache_operation("prices", false);
    m.record_cache_operation("prices", true);
    m.record_trade("005930", "buy", "filled", 750_000, Some(15_000));
    m.record_trade("005930", "sell", "filled", 750_001, Some(-20_000));
    m.record_trade("000660", "sell", "rejected", 0, None);
    m.update_trade_pnl("000660", -9_007_199_254_740_993);
    m.update_positions(5);
    m.update_portfolio_value(10_500_000);
    m.record_risk_violation("max_position");
    m.update_drawdown(3.5);
    m.update_halt_drawdown(28.0);
    m.update_var("95", 123_456.5);
    m.record_signal("momentum", "005930");
    m.record_signal_executed("momentum", "005930", "filled");
    m.record_data_collection("KOSPI", 900);
    m.record_data_collection_error("krx", "timeout");
    m.record_error("DbError", "critical");
    m.record_alert("risk", "slack");
    m.record_alert_delivery("slack", "delivered");
    m.record_alert_suppressed("cooldown");
    m.update_alert_queue(3, Some(Duration::from_millis(1_500)));
    m.update_maintenance(true);
    m.record_report(Some(1_700_000_000.0), Duration::from_millis(2_250));
    m.update_health_status(0.5);
    m.update_dependency("redis", 1.0, Some(Duration::from_millis(3)));
    m.set_log_events("info", 10);
    m.set_log_events("info", 8);
    m.set_log_dropped("queue_full", 2);
    m.update_system(&SystemUsage {
        cpu_percent: Some(12.5),
        network_sent_bytes: Some(99),
        ..SystemUsage::default()
    });
    m.update_process(&ProcessUsage {
        cpu_time: Some(Duration::from_millis(1_250)),
        threads: Some(8),
        ..ProcessUsage::default()
    });
    m.record_operation("rebalance", "error", Duration::from_micros(700));
    m.record_business_metric("orders_open", Kind::Gauge, 4.0, &[("venue", "KRX")]);

    for page in pages(&m) {
        let check = |name: &str, labels: &[(&str, &str)], value: f64| {
            assert_eq!(page.value(name, labels), Some(value), "{name}{labels:?}");
        };
        check(
            "service_info",
            &[
                ("environment", "production"),
                ("service_name", "engine"),
                ("version", "1.0.0"),
            ],
            1.0,
        );
        assert_eq!(page.series("service_info"), 1);
        let get = [("endpoint", "/orders"), ("method", "GET")];
        let with = |status| {
            [
                ("endpoint", "/orders"),
                ("method", "GET"),
                ("status", status),
            ]
        };
        check("http_requests_total", &with("200"), 1.0);
        check("http_requests_total", &with("500"), 0.0);
        check("http_requests_total", &with("599"), 1.0);
        check(
            "http_requests_total",
            &[
                ("endpoint", "/orders"),
                ("method", "POST"),
                ("status", "503"),
            ],
            1.0,
        );
        check("http_request_duration_seconds_count", &get, 2.0);
        check("http_request_duration_seconds_sum", &get, 11.03);
        check(
            "http_request_duration_seconds_bucket",
            &[get[0], get[1], ("le", "0.025")],
            0.0,
        );
        check(
            "http_request_duration_seconds_bucket",
            &[get[0], get[1], ("le", "0.05")],
            1.0,
        );
        check(
            "http_request_duration_seconds_bucket",
            &[get[0], get[1], ("le", "10.0")],
            1.0,
        );
        check("http_request_size_bytes_sum", &get, 10.0);
        check(
            "http_response_size_bytes_bucket",
            &[get[0], get[1], ("le", "4096.0")],
            1.0,
        );
        check("http_requests_in_flight", &[], 1.0);
        check("http_requests_aborted_total", &[], 1.0);
        check("http_panics_total", &[], 1.0);
        check(
            "bongsu_http_requests_total",
            &[("endpoint", "/ready"), ("method", "GET"), ("status", "503")],
            1.0,
        );
        check(
            "database_queries_total",
            &[
                ("operation", "INSERT"),
                ("status", "success"),
                ("table", "trades"),
            ],
            1.0,
        );
        check(
            "database_query_duration_seconds_bucket",
            &[("operation", "INSERT"), ("table", "trades"), ("le", "0.05")],
            1.0,
        );
        check("database_connections", &[("state", "idle")], 7.0);
        check("cache_hits_total", &[("cache_name", "prices")], 2.0);
        check("cache_misses_total", &[("cache_name", "prices")], 1.0);
        check(
            "trades_executed_total",
            &[("side", "buy"), ("status", "filled"), ("symbol", "005930")],
            1.0,
        );
        check(
            "trades_executed_total",
            &[
                ("side", "sell"),
                ("status", "rejected"),
                ("symbol", "000660"),
            ],
            1.0,
        );
        check(
            "trade_volume_krw_total",
            &[("side", "sell"), ("symbol", "005930")],
            750_001.0,
        );
        check("trade_pnl_krw", &[("symbol", "005930")], -5_000.0);
        check("trade_profit_krw_total", &[("symbol", "005930")], 15_000.0);
        check("trade_loss_krw_total", &[("symbol", "005930")], 20_000.0);
        check("positions_active", &[], 5.0);
        check("portfolio_value_krw", &[], 10_500_000.0);
        check(
            "risk_violations_total",
            &[("violation_type", "max_position")],
            1.0,
        );
        check("portfolio_drawdown_percent", &[], 3.5);
        check("portfolio_halt_drawdown_percent", &[], 28.0);
        check("value_at_risk_krw", &[("confidence", "95")], 123_456.5);
        check(
            "signals_generated_total",
            &[("signal_type", "momentum"), ("symbol", "005930")],
            1.0,
        );
        check(
            "signals_executed_total",
            &[
                ("signal_type", "momentum"),
                ("status", "filled"),
                ("symbol", "005930"),
            ],
            1.0,
        );
        check("stocks_collected_total", &[("market", "KOSPI")], 900.0);
        check(
            "data_collection_errors_total",
            &[("error_type", "timeout"), ("source", "krx")],
            1.0,
        );
        check(
            "errors_total",
            &[("error_type", "DbError"), ("severity", "critical")],
            1.0,
        );
        check(
            "errors_total",
            &[("error_type", "other"), ("severity", "other")],
            0.0,
        );
        check(
            "alerts_sent_total",
            &[("alert_type", "risk"), ("channel", "slack")],
            1.0,
        );
        check(
            "alerts_delivery_total",
            &[("channel", "slack"), ("outcome", "delivered")],
            1.0,
        );
        check("alerts_suppressed_total", &[("reason", "cooldown")], 1.0);
        check("alerts_pending", &[], 3.0);
        check("alerts_oldest_pending_seconds", &[], 1.5);
        check("service_maintenance", &[], 1.0);
        check(
            "report_last_success_timestamp_seconds",
            &[],
            1_700_000_000.0,
        );
        check("report_duration_seconds", &[], 2.25);
        check("health_status", &[], 0.5);
        check("health_dependency_up", &[("name", "redis")], 1.0);
        check(
            "health_dependency_response_seconds",
            &[("name", "redis")],
            0.003,
        );
        check("log_events_total", &[("level", "info")], 10.0);
        check("log_dropped_total", &[("reason", "queue_full")], 2.0);
        check("system_cpu_percent", &[], 12.5);
        assert_eq!(page.value("system_memory_percent", &[]), None);
        check("system_network_sent_bytes_total", &[], 99.0);
        check("process_cpu_seconds_total", &[], 1.25);
        check("process_threads", &[], 8.0);
        check(
            "operation_duration_seconds_count",
            &[("operation", "rebalance"), ("status", "error")],
            1.0,
        );
        check("orders_open", &[("venue", "KRX")], 4.0);
        assert_eq!(page.series("bongsu_metrics_overflow_total"), 0);
    }
    drop(in_flight);
    assert_eq!(
        pages(&m)[0].value("http_requests_in_flight", &[]),
        Some(0.0)
    );
}

#[test]
fn money_is_exact_past_what_a_float_holds() {
    let m = metrics();
    m.update_trade_pnl("A", -9_007_199_254_740_993);
    m.record_trade("A", "buy", "filled", 9_007_199_254_740_993, Some(2));
    let page = m.export_metrics();
    assert!(page.contains("trade_pnl_krw{symbol=\"A\"} -9007199254740991\n"));
    assert!(page.contains("trade_volume_krw_total{side=\"buy\",symbol=\"A\"} 9007199254740993\n"));
}

#[test]
fn collectors_run_at_every_scrape_and_may_fail() {
    let m = metrics();
    m.on_scrape(Box::new(|m| m.update_positions(9)));
    m.on_scrape(Box::new(|_| panic!("a broken collector")));
    m.on_scrape(Box::new(|m| m.update_drawdown(1.0)));
    for round in 1..3 {
        let page = parse(&m.export_metrics());
        assert_eq!(page.value("positions_active", &[]), Some(9.0));
        assert_eq!(page.value("portfolio_drawdown_percent", &[]), Some(1.0));
        let failed = page.value("bongsu_metrics_overflow_total", &[("metric", "on_scrape")]);
        assert_eq!(failed, Some(f64::from(round)));
    }
}

#[test]
fn the_table_lists_every_family() {
    let table = crate::catalog::markdown_table();
    assert_eq!(table.lines().count(), CATALOG.len() + 2);
    for (spec, line) in CATALOG.iter().zip(table.lines().skip(2)) {
        assert!(line.starts_with(&format!("| `{}` | {} |", spec.name, spec.kind)));
    }
}
