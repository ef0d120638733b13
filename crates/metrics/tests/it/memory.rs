//! A day without a scrape: the process must not grow.

use std::time::Duration;

use bongsu_metrics::ServiceMetrics;

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .expect("a line");
    let kib: u64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number");
    kib / 1024
}

/// Set in the child, which has the process to itself: what other tests take is not what is measured.
const ALONE: &str = "BONGSU_TEST_ALONE";

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the child is told by its environment what it is"
)]
fn a_day_of_macro_histograms_without_a_scrape_does_not_grow() {
    if std::env::var_os(ALONE).is_none() {
        let name = "memory::a_day_of_macro_histograms_without_a_scrape_does_not_grow";
        let out = std::process::Command::new(std::env::current_exe().expect("a test"))
            .args(["--exact", name, "--nocapture"])
            .env(ALONE, "1")
            .output()
            .expect("this binary");
        let text = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{text}");
        return;
    }
    let metrics = ServiceMetrics::new("engine").expect("legal");
    let recorder = metrics.recorder();
    let before = resident_mib();
    // 86,400 seconds; as many samples as would queue up to 85 MiB.
    for minute in 0..1_440_u32 {
        metrics::with_local_recorder(&recorder, || {
            let histogram = metrics::histogram!("step_seconds");
            for _ in 0..2_500 {
                histogram.record(f64::from(minute % 7) / 100.0);
            }
        });
        for i in 0..50_u32 {
            metrics.record_error(&format!("E{}", minute * 50 + i), "error");
            let path = format!("/orders/{}", minute * 50 + i);
            metrics.record_request("GET", &path, 200, Duration::from_millis(3), 0, 0);
        }
    }
    let grown = resident_mib().saturating_sub(before);
    assert!(grown < 40, "{grown} MiB more after a day");
    let page = metrics.export_metrics();
    assert!(page.contains("step_seconds_count 3600000\n"));
    assert!(page.contains("bongsu_metrics_overflow_total{metric=\"errors_total\"} "));
}
