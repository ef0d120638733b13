//! Nothing grows without end, and what is left out is counted.

use std::time::Duration;

use super::catalogue::metrics;
use super::parse::{Parsed, parse};
use crate::{FamilyBuilder, HttpRoute, Kind, ServiceMetrics};

fn page(metrics: &ServiceMetrics) -> Parsed {
    parse(&metrics.export_metrics())
}

fn overflow(page: &Parsed, metric: &str) -> f64 {
    page.value("bongsu_metrics_overflow_total", &[("metric", metric)])
        .unwrap_or(0.0)
}

#[test]
fn a_family_keeps_to_its_budget() {
    let m = metrics();
    let family = m
        .register_counter(
            FamilyBuilder::new("c_total", "C.")
                .labels(&["b", "a"])
                .budget(3),
        )
        .expect("legal");
    for i in 0..10 {
        family.increment(&[&i.to_string(), "x"], 2);
    }
    family.increment(&["0", "x"], 1);
    let page = page(&m);
    assert_eq!(page.series("c_total"), 4);
    assert_eq!(page.total("c_total"), 21.0);
    assert_eq!(page.value("c_total", &[("b", "0"), ("a", "x")]), Some(3.0));
    assert_eq!(
        page.value("c_total", &[("b", "other"), ("a", "other")]),
        Some(14.0)
    );
    assert_eq!(overflow(&page, "c_total"), 7.0);
}

#[test]
fn ten_thousand_unknown_paths_are_one_series() {
    let m = metrics();
    for _ in 0..10_000 {
        m.record_request("GET", crate::UNMATCHED, 404, Duration::from_millis(1), 0, 0);
    }
    let page = page(&m);
    let labels = [
        ("endpoint", "unmatched"),
        ("method", "GET"),
        ("status", "404"),
    ];
    assert_eq!(page.value("http_requests_total", &labels), Some(10_000.0));
    assert_eq!(page.series("http_request_duration_seconds_count"), 1);
}

#[test]
fn a_caller_that_passes_raw_paths_is_bounded_too() {
    let m = metrics();
    for i in 0..10_000 {
        let method = format!("METHOD{i}");
        m.record_request(&method, &format!("/orders/{i}"), 200, Duration::ZERO, 0, 0);
    }
    let page = page(&m);
    assert!(page.series("http_request_duration_seconds_count") <= 1_001);
    assert_eq!(page.total("http_requests_total"), 10_000.0);
    assert_eq!(overflow(&page, "http_requests_total"), 9_000.0);
    assert!(
        page.samples
            .iter()
            .all(|s| s.labels.get("method").is_none_or(|m| m == "other"))
    );
}

#[test]
fn labels_that_are_too_long_go_to_other() {
    let m = metrics();
    let long = "x".repeat(1_025);
    m.record_error(&long, "error");
    m.record_error(&long[1..], "error");
    m.record_request("GET", &long, 200, Duration::ZERO, 0, 0);
    m.record_trade(&long, "buy", "filled", 1, None);
    let page = page(&m);
    assert_eq!(
        page.value(
            "errors_total",
            &[("error_type", "other"), ("severity", "other")]
        ),
        Some(1.0)
    );
    assert_eq!(
        page.value(
            "errors_total",
            &[("error_type", &long[1..]), ("severity", "error")]
        ),
        Some(1.0)
    );
    assert_eq!(overflow(&page, "errors_total"), 1.0);
    assert_eq!(overflow(&page, "http_requests_total"), 1.0);
    assert_eq!(overflow(&page, "trades_executed_total"), 1.0);
}

#[test]
fn used_up_cells_lose_samples_but_not_the_page() {
    let m = ServiceMetrics::builder("engine")
        .cells(1_024)
        .build()
        .expect("legal");
    let routes: Vec<HttpRoute> = (0..100)
        .map(|i| m.http_route("GET", &format!("/{i}")))
        .collect();
    for route in &routes {
        route.record(200, Duration::ZERO, 0, 0);
        route.record(599, Duration::ZERO, 0, 0);
    }
    m.record_db_query("SELECT", "orders", Duration::ZERO, "success");
    m.record_trade("A", "buy", "filled", 1, Some(1));
    assert!(overflow(&page(&m), "http_requests_total") > 100.0);
}

#[test]
fn business_metrics_that_do_not_fit_are_counted() {
    let m = ServiceMetrics::builder("engine")
        .custom_families(3)
        .build()
        .expect("legal");
    m.record_business_metric(
        "fills",
        Kind::Counter,
        2.5,
        &[("venue", "KRX"), ("desk", "1")],
    );
    m.record_business_metric(
        "fills_total",
        Kind::Counter,
        1.0,
        &[("desk", "1"), ("venue", "KRX")],
    );
    m.record_business_metric(
        "fills",
        Kind::Counter,
        -1.0,
        &[("venue", "KRX"), ("desk", "1")],
    );
    m.record_business_metric(
        "fills",
        Kind::Counter,
        f64::NAN,
        &[("venue", "KRX"), ("desk", "1")],
    );
    m.record_business_metric("fills", Kind::Counter, 1.0, &[("venue", "KRX")]);
    m.record_business_metric(
        "fills_total",
        Kind::Gauge,
        1.0,
        &[("desk", "1"), ("venue", "KRX")],
    );
    m.record_business_metric("slippage", Kind::Histogram, 0.2, &[]);
    m.record_business_metric("slippage", Kind::Histogram, f64::NAN, &[]);
    m.record_business_metric("slippage", Kind::Histogram, f64::INFINITY, &[]);
    m.record_business_metric("slippage", Kind::Histogram, -4.0, &[]);
    m.record_business_metric("spread", Kind::Gauge, f64::NAN, &[]);
    for (name, labels) in [
        ("slippage_sum", &[][..]),
        ("errors_total", &[]),
        ("errors", &[]),
        ("bad name", &[]),
        ("ok", &[("le", "1")]),
        ("ok", &[("", "1")]),
        ("ok", &[("a", "1"), ("a", "2")]),
        ("one_too_many", &[]),
    ] {
        m.record_business_metric(name, Kind::Counter, 1.0, labels);
    }
    let page = page(&m);
    assert_eq!(
        page.value("fills_total", &[("desk", "1"), ("venue", "KRX")]),
        Some(3.5)
    );
    assert_eq!(overflow(&page, "fills_total"), 4.0);
    assert_eq!(page.value("slippage_sum", &[]), Some(-3.8));
    assert_eq!(page.value("slippage_count", &[]), Some(2.0));
    assert_eq!(overflow(&page, "slippage"), 2.0);
    assert!(page.value("spread", &[]).is_some_and(f64::is_nan));
    assert_eq!(overflow(&page, "record_business_metric"), 8.0);
}

#[test]
fn bad_registrations_say_what_is_wrong() {
    let m = metrics();
    let family = FamilyBuilder::new;
    let check = |result: Result<(), crate::MetricsError>, text: &str| {
        let error = result.expect_err(text).to_string();
        assert!(error.contains(text), "{error}");
    };
    let counter = |f: FamilyBuilder| m.register_counter(f).map(drop);
    let histogram = |f: FamilyBuilder| m.register_histogram(f).map(drop);
    check(counter(family("", "H")), "empty");
    check(counter(family("1a", "H")), "letters");
    check(counter(family("가", "H")), "letters");
    check(counter(family(&"a".repeat(201), "H")), "200");
    check(counter(family("a", "H").labels(&[""])), "empty");
    check(counter(family("a", "H").labels(&["le"])), "exposition");
    check(
        counter(family("a", "H").labels(&["__name__"])),
        "Prometheus",
    );
    check(counter(family("a", "H").labels(&["x", "y", "x"])), "twice");
    check(counter(family("a", "H").labels(&["a:b"])), "letters");
    check(
        counter(family("a", "H").labels(&["a", "b", "c", "d", "e", "f", "g", "h", "i"])),
        "8 labels",
    );
    check(counter(family("a", "H").budget(0)), "zero");
    check(histogram(family("a", "H").buckets(&[2.0, 1.0])), "rise");
    check(histogram(family("a", "H").buckets(&[f64::NAN])), "finite");
    check(counter(family("http_requests_total", "H")), "taken");
    check(counter(family("http_requests", "H")), "taken");
    check(
        m.register_gauge(family("http_request_size_bytes_sum", "H"))
            .map(drop),
        "taken",
    );
    check(histogram(family("positions_active", "H")), "taken");
    counter(family("mine", "H")).expect("legal");
    check(counter(family("mine_total", "H")), "taken");
    check(histogram(family("mine", "H")), "taken");
    check(m.start_at_zero("nowhere", &[]), "nowhere");
    check(
        m.start_at_zero("errors_total", &[("severity", "x")]),
        "error_type",
    );
    assert_eq!(
        ServiceMetrics::new("").map(drop),
        Err(crate::MetricsError::EmptyServiceName)
    );
    assert!(
        ServiceMetrics::builder("x")
            .macro_buckets(&[])
            .build()
            .is_err()
    );
}

#[test]
fn numbers_a_counter_cannot_take_do_not_move_it() {
    let m = metrics();
    let volume = m
        .register_counter_f64(FamilyBuilder::new("volume_total", "V."))
        .expect("legal")
        .with(&[]);
    volume.increment(1.25);
    volume.increment(-1.0);
    volume.increment(f64::NAN);
    volume.increment(f64::INFINITY);
    volume.increment(0.5);
    let size = m
        .register_histogram(
            FamilyBuilder::new("size_bytes", "S.")
                .unit(crate::Unit::Bytes)
                .buckets(&[2.5, 10.0]),
        )
        .expect("legal")
        .with(&[]);
    for value in [1.0, 2.0, 3.0, -1.0, f64::NAN, 1e300] {
        size.record(value);
    }
    let huge = m
        .register_gauge(FamilyBuilder::new("huge", "H."))
        .expect("legal")
        .with(&[]);
    huge.set(1e300);
    let page = page(&m);
    assert_eq!(page.value("volume_total", &[]), Some(1.75));
    assert_eq!(overflow(&page, "volume_total"), 3.0);
    assert_eq!(page.value("size_bytes_sum", &[]), Some(6.0));
    assert_eq!(page.value("size_bytes_bucket", &[("le", "2.5")]), Some(2.0));
    assert_eq!(overflow(&page, "size_bytes"), 3.0);
    assert!(m.export_metrics().contains("huge 1e300\n"));
}

#[test]
fn series_can_start_at_zero() {
    let m = metrics();
    m.start_at_zero(
        "errors_total",
        &[("severity", "critical"), ("error_type", "Db")],
    )
    .expect("legal");
    m.start_at_zero(
        "http_requests_total",
        &[("endpoint", "/a"), ("method", "GET"), ("status", "500")],
    )
    .expect("legal");
    m.record_error("Db", "critical");
    m.start_at_zero(
        "errors_total",
        &[("severity", "critical"), ("error_type", "Db")],
    )
    .expect("legal");
    let page = page(&m);
    assert_eq!(
        page.value(
            "errors_total",
            &[("error_type", "Db"), ("severity", "critical")]
        ),
        Some(1.0)
    );
    let labels = [("endpoint", "/a"), ("method", "GET"), ("status", "500")];
    assert_eq!(page.value("http_requests_total", &labels), Some(0.0));
    for name in [
        "http_panics_total",
        "http_requests_aborted_total",
        "data_collection_errors_total",
    ] {
        assert_eq!(page.total(name), 0.0);
        assert_eq!(page.series(name), 1);
    }
}

/// A gauge of the catalogue may be set by its name; what is not such a gauge is counted and not recorded.
#[test]
fn a_gauge_of_the_catalogue_is_set_by_its_name() {
    let m = ServiceMetrics::new("desk").unwrap();
    let halt = "portfolio_halt_drawdown_percent";
    assert_eq!(page(&m).value(halt, &[]), None);
    m.record_business_metric(halt, Kind::Gauge, 12.5, &[]);
    m.record_business_metric(halt, Kind::Gauge, 1.0, &[("desk", "one")]);
    m.record_business_metric(halt, Kind::Counter, 1.0, &[]);
    m.record_business_metric("http_panics_total", Kind::Counter, 1.0, &[]);
    let page = page(&m);
    assert_eq!(page.value(halt, &[]), Some(12.5));
    assert_ne!(page.value("http_panics_total", &[]), Some(1.0));
}

#[test]
fn label_values_of_another_number_than_the_labels_are_overflow_alone() {
    let metrics = ServiceMetrics::new("engine").expect("legal");
    let family = FamilyBuilder::new("pairs_total", "Pairs.").labels(&["a", "b"]);
    let family = metrics.register_counter(family).expect("legal");
    family.increment(&["", "one"], 1);
    for values in [&[][..], &["one"], &["", "one", ""]] {
        // Counted when it is made, and each time that it is used.
        family.with(values).increment(1);
        family.increment(values, 1);
    }
    let page = metrics.export_metrics();
    assert!(page.contains("pairs_total{a=\"\",b=\"one\"} 1\n"), "{page}");
    assert_eq!(page.matches("pairs_total{").count(), 1, "{page}");
    let overflow = "bongsu_metrics_overflow_total{metric=\"pairs_total\"} 9\n";
    assert!(page.contains(overflow), "{page}");
}

#[test]
fn more_threads_than_lanes_lose_nothing_by_a_held_counter() {
    const THREADS: u64 = 80;
    let metrics = ServiceMetrics::new("engine").expect("legal");
    let family = FamilyBuilder::new("adds_total", "Adds.");
    let counter = metrics.register_counter(family).expect("legal").with(&[]);
    let all_there = std::sync::Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                counter.increment(1);
                // Until each has claimed its lane none gives one back.
                all_there.wait();
                (0..100).for_each(|_| counter.increment(2));
            });
        }
    });
    let line = format!("adds_total {}\n", THREADS * 201);
    assert!(metrics.export_metrics().contains(&line));
}
