//! The visitor says what the page says.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{counter, describe_gauge, gauge, histogram, with_local_recorder};

use super::catalogue::metrics;
use super::parse::parse;
use crate::visit::{Family, Sample, Value, Visitor};
use crate::{FamilyBuilder, Kind, ServiceMetrics, Unit};

/// Something of every kind and from every source.
fn full() -> ServiceMetrics {
    let m = metrics();
    m.set_service_info("1.0 \"beta\"", "prod\\uction");
    let took = Duration::from_nanos(12_345_678);
    for (endpoint, status) in [("/a", 200), ("/a", 599), ("/b\"\n", 418), ("/b\"\n", 503)] {
        m.record_request("GET", endpoint, status, took, 300, 70_000);
    }
    m.record_trade("005930", "buy", "filled", 750_000, Some(-15_000));
    m.update_portfolio_value(i64::MAX);
    m.update_drawdown(f64::NAN);
    m.update_var("95", f64::INFINITY);
    m.record_db_query("select", "orders", took, "ok");
    m.set_log_events("INFO", u64::MAX);
    m.record_business_metric("mine", Kind::Counter, 0.25, &[("b", "2"), ("a", "한글")]);
    m.record_business_metric("mine", Kind::Gauge, 1.0, &[]);
    let bytes = FamilyBuilder::new("frames_bytes", "F.").unit(Unit::Bytes);
    if let Ok(family) = m.register_histogram(bytes.buckets(&[10.0, 20.5])) {
        family.with(&[]).record(20.0);
    }
    let _in_flight = m.http_in_flight();
    with_local_recorder(&m.recorder(), || {
        describe_gauge!("lib_level", "What a library says.");
        gauge!("lib_level").set(-0.5);
        counter!("lib_calls", "x" => "1").increment(1);
        counter!("lib_calls", "y" => "1").increment(2);
        histogram!("lib_seconds", "x" => "\\").record(0.3);
        histogram!("lib_seconds").record(f64::NAN);
        gauge!("http_requests_total").set(1.0);
    });
    m
}

type Series = (String, Vec<(String, String)>);

/// The page's samples, one number each, as bits.
fn by_page(m: &ServiceMetrics) -> BTreeMap<Series, u64> {
    let page = parse(&m.export_metrics());
    let samples = page.samples.into_iter().map(|sample| {
        let number = sample.number().to_bits();
        ((sample.name, sample.labels.into_iter().collect()), number)
    });
    samples.collect()
}

#[derive(Default)]
struct All {
    families: Vec<String>,
    samples: BTreeMap<Series, u64>,
}

impl Visitor for All {
    fn family(&mut self, family: &Family<'_>) -> bool {
        self.families.push(family.name().to_owned());
        true
    }

    fn sample(&mut self, family: &Family<'_>, sample: &Sample<'_>) {
        let mut labels = Vec::new();
        sample.each_label(|name, value| labels.push((name.to_owned(), value.to_owned())));
        let mut add = |suffix: &str, more: Option<(String, String)>, number: f64| {
            let mut labels = labels.clone();
            labels.extend(more);
            labels.sort();
            let name = format!("{}{suffix}", family.name());
            let before = self.samples.insert((name, labels), number.to_bits());
            assert_eq!(before, None, "{} twice", family.name());
        };
        match sample.value() {
            Value::Number(number) => add("", None, number.as_f64()),
            Value::Histogram(histogram) => {
                for (bound, count) in histogram.buckets() {
                    let mut text = Vec::new();
                    crate::text::write_bound(&mut text, bound);
                    let le = String::from_utf8(text).expect("digits");
                    add("_bucket", Some(("le".to_owned(), le)), count as f64);
                }
                add("_sum", None, histogram.sum());
                add("_count", None, histogram.count() as f64);
            }
        }
    }
}

#[test]
fn a_visitor_sees_what_the_page_says() {
    let m = full();
    let mut all = All::default();
    m.visit(&mut all);
    let expected = by_page(&m);
    for (series, bits) in &expected {
        let got = all.samples.get(series).map(|bits| f64::from_bits(*bits));
        let same = got.is_some_and(|got| got.to_bits() == *bits || got.is_nan());
        assert!(same, "{series:?}: {got:?}, not {}", f64::from_bits(*bits));
    }
    assert_eq!(all.samples.len(), expected.len());
    // In the order of the page, each once.
    let page = m.export_metrics();
    let on_page = page.lines().filter_map(|l| l.strip_prefix("# TYPE "));
    let on_page: Vec<_> = on_page.filter_map(|l| l.split(' ').next()).collect();
    assert_eq!(all.families, on_page);
}

#[test]
fn what_is_not_wanted_is_passed_over() {
    struct Only(&'static str, u64);
    impl Visitor for Only {
        fn family(&mut self, family: &Family<'_>) -> bool {
            family.name() == self.0
        }
        fn sample(&mut self, family: &Family<'_>, sample: &Sample<'_>) {
            assert_eq!(family.name(), self.0);
            if let Value::Histogram(histogram) = sample.value() {
                self.1 += histogram.count();
            }
        }
    }
    let m = full();
    for (name, count) in [
        ("http_request_duration_seconds", 4),
        ("lib_seconds", 1),
        ("nobody", 0),
    ] {
        let mut only = Only(name, 0);
        m.visit(&mut only);
        assert_eq!(only.1, count, "{name}");
    }
}

#[test]
fn a_visitor_is_told_what_a_family_is() {
    let m = full();
    let mut told = BTreeMap::new();
    m.visit(&mut |family: &Family<'_>, sample: &Sample<'_>| {
        let what = (family.kind(), family.unit(), family.help().to_owned());
        let (_, x) = told.entry(family.name().to_owned()).or_insert((what, None));
        *x = x.take().or(sample.label("x"));
    });
    let check = |name: &str, kind, unit, help: &str| {
        let ((k, u, h), _) = &told[name];
        assert_eq!((*k, *u, h.as_str()), (kind, unit, help), "{name}");
    };
    check("lib_level", Kind::Gauge, Unit::None, "What a library says.");
    check("lib_calls_total", Kind::Counter, Unit::None, "");
    check("frames_bytes", Kind::Histogram, Unit::Bytes, "F.");
    assert_eq!(told["lib_level"].1, None);
    assert_eq!(told["lib_seconds"].1.as_deref(), Some("\\"));
}

#[test]
fn a_visit_runs_what_was_asked_for_at_each_page() {
    let m = metrics();
    m.on_scrape(Box::new(|m| m.update_positions(7)));
    let mut positions = None;
    m.visit(&mut |family: &Family<'_>, sample: &Sample<'_>| {
        if let ("positions_active", Value::Number(number)) = (family.name(), sample.value()) {
            positions = Some(number.as_f64());
        }
    });
    assert_eq!(positions, Some(7.0));
}
