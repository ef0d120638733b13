//! The one thing that is global to a process.

use bongsu_metrics::{AlreadyInstalled, ServiceMetrics, counter, gauge, histogram};

#[test]
fn the_macros_reach_the_installed_metrics_and_no_second_can_be_installed() {
    let first = ServiceMetrics::new("first").expect("legal");
    let second = ServiceMetrics::new("second").expect("legal");
    assert_eq!(first.install_recorder(), Ok(()));
    assert_eq!(second.install_recorder(), Err(AlreadyInstalled));
    assert_eq!(first.install_recorder(), Err(AlreadyInstalled));
    counter!("global_calls_total", "kind" => "a").increment(2);
    gauge!("global_level").set(1.5);
    histogram!("global_seconds").record(0.2);
    let page = first.export_metrics();
    assert!(page.contains("global_calls_total{kind=\"a\"} 2\n"));
    assert!(page.contains("global_level 1.5\n"));
    assert!(page.contains("global_seconds_count 1\n"));
    assert!(!second.export_metrics().contains("global_"));
}
