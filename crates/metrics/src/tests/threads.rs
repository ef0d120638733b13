//! Per-thread cells: exact totals, no steps back, bounded lanes.

use std::collections::HashMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use super::catalogue::metrics;
use super::parse::parse;
use crate::{FamilyBuilder, Kind, Unit};

#[test]
fn ten_thousand_threads_come_and_go_and_nothing_is_lost() {
    let m = metrics();
    let counter = m
        .register_counter(FamilyBuilder::new("seen_total", "S."))
        .expect("legal")
        .with(&[]);
    let volume = m
        .register_counter_f64(FamilyBuilder::new("volume_total", "V."))
        .expect("legal")
        .with(&[]);
    let route = m.http_route("GET", "/a");
    // More at a time than there are lanes, so that the shared one is used as well.
    for _ in 0..50 {
        let gate = Barrier::new(200);
        thread::scope(|scope| {
            for _ in 0..200 {
                scope.spawn(|| {
                    gate.wait();
                    let _one = m.http_in_flight();
                    counter.increment(3);
                    volume.increment(0.5);
                    route.record(200, Duration::from_nanos(7), 1, 2);
                    m.record_trade("A", "buy", "filled", 10, Some(-1));
                });
            }
        });
    }
    let page = parse(&m.export_metrics());
    let check = |name: &str, value: f64| assert_eq!(page.total(name), value, "{name}");
    check("seen_total", 30_000.0);
    check("volume_total", 5_000.0);
    check("http_requests_total", 10_000.0);
    check("http_request_duration_seconds_count", 10_000.0);
    check("http_request_duration_seconds_sum", 0.000_07);
    check("http_response_size_bytes_sum", 20_000.0);
    check("trade_volume_krw_total", 100_000.0);
    check("trade_loss_krw_total", 10_000.0);
    check("trade_pnl_krw", -10_000.0);
    check("http_requests_in_flight", 0.0);
}

#[test]
fn counters_never_go_back_while_scraped() {
    const EACH: u64 = 20_000;
    let m = metrics();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let scraper = scope.spawn(|| {
            let mut last: HashMap<String, f64> = HashMap::new();
            let mut pages = 0;
            while !done.load(Relaxed) || pages < 3 {
                let page = parse(&m.export_metrics());
                for sample in &page.samples {
                    let grows = ["_total", "_bucket", "_count", "_sum"]
                        .iter()
                        .any(|s| sample.name.ends_with(s));
                    if grows {
                        let key = format!("{}{:?}", sample.name, sample.labels);
                        let before = last.insert(key, sample.number()).unwrap_or(0.0);
                        assert!(sample.number() >= before, "{} went back", sample.name);
                    }
                }
                assert!(page.total("http_requests_in_flight") >= 0.0);
                pages += 1;
            }
        });
        let workers: Vec<_> = (0..4_u64)
            .map(|worker| {
                let m = m.clone();
                scope.spawn(move || {
                    for i in 0..EACH {
                        let _one = m.http_in_flight();
                        let path = ["/a", "/b", "/c"][(i % 3) as usize];
                        m.record_request("GET", path, 200, Duration::from_micros(i), i, worker);
                        m.record_business_metric("fees", Kind::Counter, 0.1, &[]);
                        m.record_operation("step", "success", Duration::from_nanos(i));
                        // New series appear while the page is written.
                        m.record_error(&format!("E{}", i % 300), "error");
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("no panic");
        }
        done.store(true, Relaxed);
        scraper.join().expect("no panic");
    });
    let page = parse(&m.export_metrics());
    assert_eq!(page.total("http_requests_total"), (4 * EACH) as f64);
    assert_eq!(page.total("errors_total"), (4 * EACH) as f64);
    assert_eq!(
        page.total("operation_duration_seconds_count"),
        (4 * EACH) as f64
    );
    assert!((page.total("fees_total") - 0.1 * (4 * EACH) as f64).abs() < 1e-6);
    assert_eq!(page.total("http_requests_in_flight"), 0.0);
}

#[test]
fn threads_racing_for_new_series_agree() {
    let m = metrics();
    let family = m
        .register_histogram(
            FamilyBuilder::new("race_seconds", "R.")
                .unit(Unit::Seconds)
                .labels(&["n"]),
        )
        .expect("legal");
    let gate = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                gate.wait();
                for i in 0..500 {
                    family.with(&[&i.to_string()]).record(0.25);
                    m.record_request("GET", &format!("/{i}"), 200, Duration::ZERO, 0, 0);
                    m.record_trade(&format!("S{i}"), "buy", "filled", 2, None);
                }
            });
        }
    });
    let page = parse(&m.export_metrics());
    assert_eq!(page.series("race_seconds_count"), 500);
    assert_eq!(page.total("race_seconds_sum"), 1_000.0);
    assert_eq!(page.total("http_requests_total"), 4_000.0);
    assert_eq!(page.series("trades_executed_total"), 500);
    assert_eq!(page.total("trade_volume_krw_total"), 8_000.0);
}

#[test]
fn recording_while_a_thread_ends_is_not_lost() {
    struct Last(crate::Counter);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.increment(1);
        }
    }
    thread_local! {
        static LAST: std::cell::RefCell<Option<Last>> = const { std::cell::RefCell::new(None) };
    }
    let m = metrics();
    let counter = m
        .register_counter(FamilyBuilder::new("ends_total", "E."))
        .expect("legal")
        .with(&[]);
    for _ in 0..20 {
        let counter = counter.clone();
        thread::spawn(move || {
            LAST.with(|last| *last.borrow_mut() = Some(Last(counter.clone())));
            counter.increment(1);
        })
        .join()
        .expect("no panic");
    }
    assert_eq!(parse(&m.export_metrics()).total("ends_total"), 40.0);
}
