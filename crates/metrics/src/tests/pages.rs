//! Formats, codings, exemplars and timing.

use std::io::Read as _;
use std::time::Duration;

use super::catalogue::metrics;
use super::parse::parse;
use crate::ServiceMetrics;
use crate::timing::now;

fn open_text(m: &ServiceMetrics) -> String {
    let page = m.render(Some("application/openmetrics-text; version=1.0.0"), None);
    assert_eq!(
        page.content_type,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    String::from_utf8(page.body.to_vec()).expect("text")
}

#[test]
fn gzip_holds_the_same_page() {
    let m = metrics();
    for i in 0..2_000 {
        m.record_error(&format!("E{i}"), "error");
    }
    let plain = m.render(None, None);
    assert_eq!(
        plain.content_type,
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(plain.content_encoding, None);
    let packed = m.render(None, Some("gzip, deflate"));
    assert_eq!(packed.content_encoding, Some("gzip"));
    assert!(packed.body.len() * 4 < plain.body.len());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..])
        .read_to_end(&mut unpacked)
        .expect("gzip");
    assert_eq!(unpacked, plain.body);
    assert_eq!(plain.body, m.export_metrics().as_bytes());
}

/// Lines of every length around the bounds of what is copied at a time, with pieces and label names of
/// more than one run, up to eight labels, over the ends of the slab's chunks, and in reused memory.
#[test]
fn every_shape_of_a_line_comes_out_whole() {
    let m = metrics();
    let long = "a_label_with_a_name_that_is_longer_than_a_run";
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut expected = Vec::new();
    let shapes: [&[&str]; 6] = [&[], &["a"], &["a", long], &[long, "z"], &names[..5], &names];
    for (shape, labels) in shapes.iter().enumerate() {
        let name = format!("shape_{shape}_of_a_family_whose_name_is_long_total");
        let family = m
            .register_counter(crate::FamilyBuilder::new(&name, "H.").labels(labels))
            .expect("a family");
        for length in 0..if labels.is_empty() { 1 } else { 260_usize } {
            let texts: Vec<String> = (0..labels.len())
                .map(|i| "x".repeat(if i == 0 { length } else { length * i % 37 }))
                .collect();
            let values: Vec<&str> = texts.iter().map(String::as_str).collect();
            let number = 10_u64.pow(length as u32 % 20) + length as u64;
            family.increment(&values, number);
            let pairs: Vec<String> = labels
                .iter()
                .zip(&values)
                .map(|(label, value)| format!("{label}=\"{value}\""))
                .collect();
            let pairs = match pairs.join(",") {
                pairs if pairs.is_empty() => pairs,
                pairs => format!("{{{pairs}}}"),
            };
            expected.push(format!("{name}{pairs} {number}"));
        }
    }
    for _ in 0..3 {
        let body = m.render(None, None).body;
        let page = std::str::from_utf8(&body).expect("text");
        let lines: Vec<&str> = page.lines().filter(|l| l.starts_with("shape_")).collect();
        assert_eq!(lines, expected);
    }
}

#[test]
fn pages_held_at_the_same_time_are_each_whole() {
    let m = metrics();
    let pages: Vec<_> = (0..5)
        .map(|i| {
            m.update_positions(i);
            m.render(None, None).body
        })
        .collect();
    for (i, page) in pages.iter().enumerate() {
        let page = parse(std::str::from_utf8(page).expect("text"));
        assert_eq!(page.value("positions_active", &[]), Some(i as f64));
    }
    let last = pages[4].clone();
    drop(pages);
    assert_eq!(m.render(None, None).body, last);
}

#[test]
fn a_long_page_is_the_same_however_it_is_cut() {
    let m = metrics();
    for i in 0..3_000 {
        // Every seventh needs an escape, every hundredth is too long to be put together from words.
        let name = match i {
            _ if i % 100 == 0 => "x".repeat(600) + &i.to_string(),
            _ if i % 7 == 0 => format!("back\\slash{i}"),
            _ => format!("E{i}"),
        };
        m.record_error(&name, "e");
        m.record_signal(&name, "A");
    }
    for page in [m.export_metrics(), open_text(&m)] {
        let page = parse(&page);
        assert_eq!(page.series("signals_generated_total"), 3_000);
        assert_eq!(page.total("signals_generated_total"), 3_000.0);
        // The budget; `other`, there from the start, is one of them.
        assert_eq!(page.series("errors_total"), 1_000);
        assert_eq!(page.total("errors_total"), 3_000.0);
    }
}

#[test]
fn openmetrics_says_units_created_and_end() {
    let m = metrics();
    m.record_request("GET", "/", 200, Duration::from_millis(1), 0, 0);
    let page = open_text(&m);
    parse(&page);
    for part in [
        "# TYPE http_requests counter\n",
        "# TYPE http_request_duration_seconds histogram\n# UNIT http_request_duration_seconds seconds\n",
        "http_requests_created{endpoint=\"/\",method=\"GET\",status=\"200\"} 1",
        "http_request_duration_seconds_created{endpoint=\"/\",method=\"GET\"} 1",
        "http_panics_created 1",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(page.ends_with("# EOF\n"));
    assert!(!m.export_metrics().contains("_created"));
}

#[test]
fn the_service_chooses_the_buckets_of_its_requests() {
    let fast: Vec<f64> = (1..=62).map(|n| f64::from(n) / 10_000.0).collect();
    for buckets in [&[0.000_1, 0.000_2][..], &fast] {
        let builder = ServiceMetrics::builder("engine").http_buckets(buckets);
        let m = builder.build().expect("legal");
        for route in 0..20 {
            let path = format!("/{route}");
            m.record_request("GET", &path, 200, Duration::from_micros(150), 300, 1);
            m.record_request("GET", &path, 500, Duration::from_secs(1), 1, 70_000);
        }
        let page = parse(&m.export_metrics());
        for route in 0..20 {
            let path = format!("/{route}");
            let with = |more: (&'static str, &'static str)| {
                [("endpoint", path.as_str()), ("method", "GET"), more]
            };
            let buckets = "http_request_duration_seconds_bucket";
            assert_eq!(page.value(buckets, &with(("le", "0.0001"))), Some(0.0));
            assert_eq!(page.value(buckets, &with(("le", "0.0002"))), Some(1.0));
            assert_eq!(page.value(buckets, &with(("le", "+Inf"))), Some(2.0));
            assert_eq!(
                page.value("http_requests_total", &with(("status", "500"))),
                Some(1.0)
            );
            let route = [("endpoint", path.as_str()), ("method", "GET")];
            assert_eq!(
                page.value("http_request_size_bytes_sum", &route),
                Some(301.0)
            );
            assert_eq!(
                page.value("http_response_size_bytes_sum", &route),
                Some(70_001.0)
            );
        }
        assert_eq!(
            page.series("http_request_duration_seconds_bucket"),
            20 * (buckets.len() + 1)
        );
    }
    for wrong in [&[][..], &[2.0, 1.0], &[f64::INFINITY]] {
        let builder = ServiceMetrics::builder("engine").http_buckets(wrong);
        let error = builder.build().expect_err("no list of buckets");
        assert!(
            error.to_string().contains("http_request_duration_seconds"),
            "{error}"
        );
    }
}

#[test]
fn exemplars_carry_the_trace() {
    let m = metrics();
    let other = m.http_route("GET", "/other");
    let route = m.http_route("GET", "/orders");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    route.record_with_trace(200, Duration::from_millis(30), 0, 0, || trace, now());
    for bad in ["", "a b", "\"", &"x".repeat(65), "é"] {
        route.record_with_trace(200, Duration::from_secs(20), 0, 0, || bad, now());
    }
    other.record(200, Duration::from_millis(30), 0, 0);
    let page = open_text(&m);
    let parsed = parse(&page);
    let with: Vec<_> = parsed
        .samples
        .iter()
        .filter(|s| s.exemplar.is_some())
        .collect();
    assert_eq!(with.len(), 1);
    assert_eq!(with[0].labels["le"], "0.05");
    assert_eq!(with[0].labels["endpoint"], "/orders");
    let exemplar = with[0].exemplar.as_deref().unwrap_or_default();
    assert!(
        exemplar.starts_with(&format!("{{trace_id=\"{trace}\"}} 0.03 1")),
        "{exemplar}"
    );
    assert!(!m.export_metrics().contains(trace));
}

#[test]
fn a_timer_tells_how_it_ended() {
    let m = metrics();
    drop(m.measure_time("a"));
    let mut failing = m.measure_time("a");
    failing.fail();
    drop(failing);
    let panicking = m.clone();
    let _ = std::panic::catch_unwind(move || {
        let _timer = panicking.measure_time("a");
        panic!("as asked");
    });
    let page = parse(&m.export_metrics());
    let count = |status| {
        page.value(
            "operation_duration_seconds_count",
            &[("operation", "a"), ("status", status)],
        )
    };
    assert_eq!((count("success"), count("error")), (Some(1.0), Some(2.0)));
}

#[tokio::test]
async fn a_timed_future_tells_how_it_ended() {
    let m = metrics();
    let fine = m.measure_time_async("a", async { Ok::<_, ()>(7) }).await;
    let failed = m
        .measure_time_async("a", async { Err::<(), _>("no") })
        .await;
    assert_eq!((fine, failed), (Ok(7), Err("no")));
    let never = m.measure_time_async("a", std::future::pending::<Result<(), ()>>());
    let cut = tokio::time::timeout(Duration::from_millis(5), never).await;
    assert!(cut.is_err());
    drop(m.measure_time_async("a", async { Ok::<(), ()>(()) }));
    let page = parse(&m.export_metrics());
    let count = |status| {
        page.value(
            "operation_duration_seconds_count",
            &[("operation", "a"), ("status", status)],
        )
    };
    assert_eq!(
        (count("success"), count("error"), count("cancelled")),
        (Some(1.0), Some(1.0), Some(1.0))
    );
}
