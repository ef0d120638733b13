//! The metrics page read back: families for the explorer, the requests of the last minute.

use std::collections::VecDeque;

use bongsu_console::{Figure, Http, MetricFamily, MetricSample, Missing};
use jiff::Timestamp;

/// Reads the families `wanted` of a page in the Prometheus text format as the metrics crate writes it, and
/// `most` samples of each. The samples past it are counted; a line that it cannot
/// read is left out.
pub(super) fn parse(page: &str, most: usize, wanted: impl Fn(&str) -> bool) -> Vec<MetricFamily> {
    let mut families: Vec<MetricFamily> = Vec::new();
    let mut skipped = false;
    for line in page.lines() {
        // A page may have a hundred thousand lines: those that nobody asked for are only passed.
        if line.starts_with('#') {
            let name = line.split(' ').nth(2).unwrap_or_default();
            skipped = !wanted(name);
        }
        if skipped {
            continue;
        }
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
            named(&mut families, name).help = help.replace("\\n", " ").replace("\\\\", "\\");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, ""));
            kind.clone_into(&mut named(&mut families, name).kind);
        } else if !line.starts_with('#')
            && let Some(family) = families.last_mut()
        {
            if family.samples.len() >= most {
                family.omitted += 1;
                continue;
            }
            let Some((name, labels, value)) = sample(line) else {
                continue;
            };
            let Some(suffix) = name.strip_prefix(&family.name) else {
                continue;
            };
            for (label, _) in &labels {
                if label != "le" && !family.labels.contains(label) {
                    family.labels.push(label.clone());
                }
            }
            family.samples.push(MetricSample {
                suffix: suffix.to_owned(),
                labels,
                value,
            });
        }
    }
    families
}

/// The families that the first screen is made of.
pub(super) fn is_followed(name: &str) -> bool {
    matches!(
        name,
        "http_requests_total"
            | "http_request_duration_seconds"
            | "http_requests_in_flight"
            | "portfolio_value_krw"
            | "portfolio_drawdown_percent"
            | "positions_active"
            | "trade_pnl_krw"
    )
}

/// The family that is being read, begun when it is not that one.
fn named<'a>(families: &'a mut Vec<MetricFamily>, name: &str) -> &'a mut MetricFamily {
    let last = families.len();
    let place = match families.last() {
        Some(family) if family.name == name => last - 1,
        _ => {
            families.push(MetricFamily {
                name: name.to_owned(),
                kind: String::new(),
                help: String::new(),
                labels: Vec::new(),
                samples: Vec::new(),
                omitted: 0,
            });
            last
        }
    };
    &mut families[place]
}

type Labels = Vec<(String, String)>;

fn sample(line: &str) -> Option<(&str, Labels, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (Labels::new(), rest),
    };
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some((name, labels, value))
}

/// `a="b",c="d"}` and what follows it.
fn labels(mut rest: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::new();
    loop {
        rest = rest.trim_start_matches(',');
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, quoted) = rest.split_once("=\"")?;
        let (mut value, mut characters) = (String::new(), quoted.char_indices());
        loop {
            match characters.next()? {
                (end, '"') => {
                    rest = &quoted[end + 1..];
                    break;
                }
                (_, '\\') => match characters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, other) => value.push(other),
            }
        }
        labels.push((name.to_owned(), value));
    }
}

/// The value of a family with one sample and no labels.
pub(super) fn gauge(families: &[MetricFamily], name: &str) -> Option<f64> {
    let family = families.iter().find(|family| family.name == name)?;
    let sample = family.samples.first()?;
    sample.labels.is_empty().then_some(sample.value)
}

/// The samples of a family by the value of a label.
pub(super) fn by_label<'a>(
    families: &'a [MetricFamily],
    name: &str,
    label: &'a str,
) -> impl Iterator<Item = (&'a str, f64)> {
    let family = families.iter().find(|family| family.name == name);
    let samples = family.map_or(&[][..], |family| &family.samples);
    samples
        .iter()
        .filter_map(move |sample| Some((value_of(sample, label)?, sample.value)))
}

fn value_of<'a>(sample: &'a MetricSample, label: &str) -> Option<&'a str> {
    let found = sample.labels.iter().find(|(name, _)| name == label);
    found.map(|(_, value)| value.as_str())
}

/// What was counted of requests until a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counted {
    requests: f64,
    failed: f64,
    in_flight: Option<f64>,
    /// Upper bound in seconds and requests up to it, the lowest first.
    buckets: Vec<(f64, f64)>,
}

impl Counted {
    pub(super) fn of(families: &[MetricFamily]) -> Self {
        let mut counted = Self {
            in_flight: gauge(families, "http_requests_in_flight"),
            ..Self::default()
        };
        for family in families {
            let samples = family.samples.iter();
            match family.name.as_str() {
                "http_requests_total" => {
                    for sample in samples {
                        counted.requests += sample.value;
                        if value_of(sample, "status").is_some_and(|s| s.starts_with('5')) {
                            counted.failed += sample.value;
                        }
                    }
                }
                "http_request_duration_seconds" => {
                    for sample in samples.filter(|sample| sample.suffix == "_bucket") {
                        let bound = value_of(sample, "le").and_then(|le| le.parse().ok());
                        counted.add(bound.unwrap_or(f64::INFINITY), sample.value);
                    }
                }
                _ => {}
            }
        }
        counted.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        counted
    }

    fn add(&mut self, bound: f64, count: f64) {
        match self.buckets.iter_mut().find(|(known, _)| *known == bound) {
            Some((_, sum)) => *sum += count,
            None => self.buckets.push((bound, count)),
        }
    }
}

/// The counts of the last minute.
#[derive(Debug, Default)]
pub(super) struct Minute(VecDeque<(Timestamp, Counted)>);

impl Minute {
    const SECONDS: f64 = 60.0;

    /// Takes the counts of now and tells of the minute that they end.
    pub(super) fn push(&mut self, now: Timestamp, counted: Counted) -> Http {
        self.0.push_back((now, counted));
        let age = |at: Timestamp| now.duration_since(at).as_secs_f64();
        // The newest that is a minute old stays, as the other end.
        while self
            .0
            .get(1)
            .is_some_and(|(at, _)| age(*at) >= Self::SECONDS)
            || self.0.len() > 64
        {
            self.0.pop_front();
        }
        match (self.0.front(), self.0.back()) {
            (Some((at, before)), Some((_, after))) if age(*at) > 0.0 => {
                between(before, after, age(*at))
            }
            _ => Http::default(),
        }
    }
}

fn between(before: &Counted, after: &Counted, seconds: f64) -> Http {
    let requests = (after.requests - before.requests).max(0.0);
    let failed = (after.failed - before.failed).max(0.0);
    let quiet = || Missing::Failed("no requests in the last minute".to_owned());
    let counts: Vec<(f64, f64)> = after
        .buckets
        .iter()
        .map(|(bound, count)| {
            let earlier = before.buckets.iter().find(|(known, _)| known == bound);
            (*bound, count - earlier.map_or(0.0, |(_, count)| *count))
        })
        .collect();
    let millis = |share| Figure::from_option(quantile(&counts, share).map(|s| s * 1000.0), quiet());
    Http {
        requests_per_second: Figure::Known(requests / seconds),
        error_ratio: Figure::from_option((requests > 0.0).then(|| failed / requests), quiet()),
        p50_ms: millis(0.5),
        p95_ms: millis(0.95),
        p99_ms: millis(0.99),
        in_flight: Figure::from_option(
            after.in_flight.map(|n| n.max(0.0) as u64),
            Missing::NotRecorded,
        ),
    }
}

/// The value below which `share` of the observations lie, taken to be spread evenly inside a bucket,
/// as Prometheus' `histogram_quantile` does; in the last bucket, its lower bound.
fn quantile(buckets: &[(f64, f64)], share: f64) -> Option<f64> {
    let (_, all) = buckets.last().filter(|(_, all)| *all > 0.0)?;
    let wanted = share * all;
    let (mut lower, mut below) = (0.0, 0.0);
    for &(upper, count) in buckets {
        if count >= wanted && count > below {
            if upper.is_infinite() {
                return Some(lower);
            }
            return Some(lower + (upper - lower) * (wanted - below) / (count - below));
        }
        (lower, below) = (upper, count);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"# HELP http_requests_total Requests, \\ by status
# TYPE http_requests_total counter
http_requests_total{endpoint="/orders",method="POST",status="200"} 90
http_requests_total{endpoint="/orders",method="POST",status="503"} 10
http_requests_total{endpoint="/console/events",method="GET",status="200"} 7
# HELP http_request_duration_seconds Durations
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{endpoint="/orders",le="0.1"} 50
http_request_duration_seconds_bucket{endpoint="/orders",le="0.2"} 100
http_request_duration_seconds_bucket{endpoint="/orders",le="+Inf"} 100
http_request_duration_seconds_sum{endpoint="/orders"} 9.5
# HELP portfolio_value_krw Value
# TYPE portfolio_value_krw gauge
portfolio_value_krw 1284300000
# HELP trade_pnl_krw P&L
# TYPE trade_pnl_krw gauge
trade_pnl_krw{symbol="a\"b\\c\nd}"} -5 # an exemplar
not a line
"#;

    fn everything(page: &str) -> Vec<MetricFamily> {
        parse(page, usize::MAX, |_| true)
    }

    #[test]
    fn only_what_is_wanted_is_read() {
        let wanted = |name: &str| name.starts_with("http_");
        let families = parse(PAGE, 2, wanted);
        let read: Vec<_> = families
            .iter()
            .map(|f| (f.name.as_str(), f.samples.len(), f.omitted))
            .collect();
        assert_eq!(
            read,
            [
                ("http_requests_total", 2, 1),
                ("http_request_duration_seconds", 2, 2),
            ]
        );
        assert!(families[0].help.starts_with("Requests"));
    }

    #[test]
    fn a_page_is_read() {
        let families = everything(PAGE);
        let names: Vec<_> = families
            .iter()
            .map(|f| (f.name.as_str(), f.samples.len()))
            .collect();
        assert_eq!(
            names,
            [
                ("http_requests_total", 3),
                ("http_request_duration_seconds", 4),
                ("portfolio_value_krw", 1),
                ("trade_pnl_krw", 1),
            ]
        );
        assert_eq!(families[0].help, "Requests, \\ by status");
        assert_eq!(families[0].labels, ["endpoint", "method", "status"]);
        assert_eq!(families[1].samples[3].suffix, "_sum");
        assert_eq!(
            gauge(&families, "portfolio_value_krw"),
            Some(1_284_300_000.0)
        );
        assert_eq!(gauge(&families, "trade_pnl_krw"), None);
        let pnl: Vec<_> = by_label(&families, "trade_pnl_krw", "symbol").collect();
        assert_eq!(pnl, [("a\"b\\c\nd}", -5.0)]);
        for broken in [
            "x{", "x{a", "x{a=\"", "x{a=\"\\", "{}", "# TYPE", "# HELP x",
        ] {
            everything(&format!("# TYPE x gauge\n{broken}\n"));
        }
    }

    #[test]
    fn the_metrics_crate_writes_what_is_read_here() {
        let metrics = bongsu_metrics::ServiceMetrics::new("test").unwrap();
        metrics.update_portfolio_value(1_000);
        metrics.update_trade_pnl("005930", -3);
        let took = std::time::Duration::from_millis(30);
        metrics.record_request("GET", "/orders", 500, took, 1, 1);
        let families = parse(&metrics.export_metrics(), usize::MAX, is_followed);
        assert_eq!(gauge(&families, "portfolio_value_krw"), Some(1_000.0));
        assert_eq!(
            by_label(&families, "trade_pnl_krw", "symbol").collect::<Vec<_>>(),
            [("005930", -3.0)]
        );
        let counted = Counted::of(&families);
        assert_eq!((counted.requests, counted.failed), (1.0, 1.0));
        assert_eq!(counted.buckets.last().map(|(_, n)| *n), Some(1.0));
    }

    #[test]
    fn a_minute_of_requests() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut minute = Minute::default();
        let first = minute.push(at(0), Counted::default());
        assert_eq!(first, Http::default());
        let http = minute.push(at(10), Counted::of(&everything(PAGE)));
        let near = |figure: &Figure<f64>, want: f64| {
            let got = *figure.value().unwrap();
            assert!((got - want).abs() < 1e-9, "{got} is not {want}");
        };
        near(&http.requests_per_second, 10.0);
        near(&http.error_ratio, 0.1);
        near(&http.p50_ms, 100.0);
        near(&http.p95_ms, 190.0);
        // Seven more readings without a request: the minute is quiet.
        let mut http = http;
        for step in 2..=8 {
            http = minute.push(at(step * 10), Counted::of(&everything(PAGE)));
        }
        near(&http.requests_per_second, 0.0);
        assert!(http.error_ratio.value().is_none() && http.p99_ms.value().is_none());
        assert!(minute.0.len() <= 8);
    }

    #[test]
    fn quantiles_in_the_last_bucket() {
        let buckets = [(1.0, 1.0), (f64::INFINITY, 10.0)];
        assert_eq!(quantile(&buckets, 0.99), Some(1.0));
        assert_eq!(quantile(&buckets, 0.05), Some(0.5));
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[(1.0, 0.0)], 0.5), None);
    }
}
