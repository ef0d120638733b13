//! The metrics read as numbers: families for the explorer, the book, the requests so far.

use std::collections::BTreeMap;

use bongsu_metrics::{
    ServiceMetrics,
    visit::{Family, Sample, Value, Visitor},
};
use bongsu_ops::{MetricFamily, MetricSample, SymbolPnl, minute::Counted};

use super::trades::Counts;

/// Every family with `most` samples of each; those past it are counted.
pub(super) fn families(metrics: &ServiceMetrics, most: usize) -> Vec<MetricFamily> {
    let mut explorer = Explorer {
        most,
        families: Vec::new(),
    };
    metrics.visit(&mut explorer);
    explorer.families
}

struct Explorer {
    most: usize,
    families: Vec<MetricFamily>,
}

impl Explorer {
    fn add(&mut self, suffix: &str, labels: Vec<(String, String)>, value: f64) {
        let Some(family) = self.families.last_mut() else {
            return;
        };
        if family.samples.len() >= self.most {
            family.omitted += 1;
            return;
        }
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

impl Visitor for Explorer {
    fn family(&mut self, family: &Family<'_>) -> bool {
        self.families.push(MetricFamily {
            name: family.name().to_owned(),
            kind: family.kind().to_string(),
            help: family.help().to_owned(),
            labels: Vec::new(),
            samples: Vec::new(),
            omitted: 0,
        });
        true
    }

    fn sample(&mut self, _: &Family<'_>, sample: &Sample<'_>) {
        let mut labels = Vec::new();
        sample.each_label(|name, value| labels.push((name.to_owned(), value.to_owned())));
        match sample.value() {
            Value::Number(number) => self.add("", labels, number.as_f64()),
            Value::Histogram(distribution) => {
                for (bound, count) in distribution.buckets() {
                    let mut labels = labels.clone();
                    labels.push(("le".to_owned(), bound.to_string()));
                    self.add("_bucket", labels, count as f64);
                }
                self.add("_sum", labels.clone(), distribution.sum());
                self.add("_count", labels, distribution.count() as f64);
            }
        }
    }
}

/// What the first screen is made of.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) counted: Counted,
    /// The same by method and endpoint, of which the metrics hold a bounded number.
    pub(super) routes: BTreeMap<(String, String), Counted>,
    /// The calls that the service makes, by host and method; the metrics hold a bounded number of them.
    pub(super) calls: BTreeMap<(String, String), Counted>,
    pub(super) trades: Option<Counts>,
    pub(super) value: Option<f64>,
    pub(super) drawdown: Option<f64>,
    pub(super) halt: Option<f64>,
    pub(super) positions: Option<f64>,
    pub(super) symbols: Vec<SymbolPnl>,
}

/// The gauge of a service that halts its trading at a drawdown: at how many percent.
const HALT: &str = "portfolio_halt_drawdown_percent";

/// What the bridge of outgoing calls counts.
const CALLS: &str = "http_client_requests_total";
const CALL_TIMES: &str = "http_client_request_duration_seconds";

/// Symbols that are remembered of the book: the screen shows fewer, and is made every other second.
const SYMBOLS: usize = 16;

impl Figures {
    pub(super) fn of(metrics: &ServiceMetrics) -> Self {
        let mut figures = Self::default();
        metrics.visit(&mut figures);
        let symbols = &mut figures.symbols;
        symbols.sort_by_key(|symbol| std::cmp::Reverse(symbol.pnl_krw.unsigned_abs()));
        symbols.truncate(SYMBOLS);
        figures
    }

    /// What is counted of the calls of the sample's host and method.
    fn call(&mut self, sample: &Sample<'_>) -> Option<&mut Counted> {
        let call = (sample.label("host")?, sample.label("method")?);
        Some(self.calls.entry(call).or_default())
    }

    /// What is counted of the sample's route.
    fn route(&mut self, sample: &Sample<'_>) -> Option<&mut Counted> {
        let route = (sample.label("method")?, sample.label("endpoint")?);
        Some(self.routes.entry(route).or_default())
    }
}

impl Visitor for Figures {
    fn family(&mut self, family: &Family<'_>) -> bool {
        matches!(
            family.name(),
            "http_requests_total"
                | "http_request_duration_seconds"
                | "http_requests_in_flight"
                | CALLS
                | CALL_TIMES
                | "trades_executed_total"
                | "portfolio_value_krw"
                | "portfolio_drawdown_percent"
                | HALT
                | "positions_active"
                | "trade_pnl_krw"
        )
    }

    fn sample(&mut self, family: &Family<'_>, sample: &Sample<'_>) {
        match (family.name(), sample.value()) {
            (CALL_TIMES, Value::Histogram(took)) => {
                if let Some(call) = self.call(sample) {
                    for (bound, count) in took.buckets() {
                        call.up_to(bound, count as f64);
                    }
                }
            }
            (CALLS, Value::Number(count)) => {
                // An answer that is none of the far side's faults has a status of 1xx to 4xx.
                let status = sample.label("status").unwrap_or_default();
                let answered = status.starts_with(['1', '2', '3', '4']);
                if let Some(call) = self.call(sample) {
                    call.requests(count.as_f64(), !answered);
                }
            }
            ("trades_executed_total", Value::Number(count)) => {
                let status = sample.label("status").unwrap_or_default();
                let trades = self.trades.get_or_insert_default();
                trades.add(&status, count.as_f64());
            }
            (_, Value::Histogram(took)) => {
                for (bound, count) in took.buckets() {
                    self.counted.up_to(bound, count as f64);
                }
                if let Some(route) = self.route(sample) {
                    for (bound, count) in took.buckets() {
                        route.up_to(bound, count as f64);
                    }
                }
            }
            ("http_requests_total", Value::Number(count)) => {
                let failed = sample.label("status").is_some_and(|s| s.starts_with('5'));
                self.counted.requests(count.as_f64(), failed);
                if let Some(route) = self.route(sample) {
                    route.requests(count.as_f64(), failed);
                }
            }
            ("http_requests_in_flight", Value::Number(count)) => {
                self.counted.in_flight(count.as_f64());
            }
            ("portfolio_value_krw", Value::Number(krw)) => self.value = Some(krw.as_f64()),
            ("portfolio_drawdown_percent", Value::Number(n)) => self.drawdown = Some(n.as_f64()),
            (HALT, Value::Number(n)) => self.halt = Some(n.as_f64()).filter(|n| !n.is_nan()),
            ("positions_active", Value::Number(count)) => self.positions = Some(count.as_f64()),
            (_, Value::Number(krw)) => {
                if let Some(symbol) = sample.label("symbol") {
                    self.symbols.push(SymbolPnl {
                        symbol,
                        name: None,
                        pnl_krw: krw.as_f64() as i64,
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bongsu_metrics::FamilyBuilder;
    use bongsu_ops::minute::Minute;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_is_recorded_is_read() {
        let metrics = ServiceMetrics::new("test").unwrap();
        let took = Duration::from_millis(30);
        let mut minute = Minute::default();
        minute.push(Timestamp::UNIX_EPOCH, Figures::of(&metrics).counted);
        metrics.update_portfolio_value(1_000);
        metrics.update_positions(3);
        metrics.update_trade_pnl("005930", -3);
        metrics.update_trade_pnl("000660", 5);
        metrics.record_request("GET", "/startups/{id}", 500, took, 1, 1);
        metrics.record_request("GET", "/orders", 200, took, 1, 1);
        metrics.record_own_request("GET", "/console/events", 503);
        let calls =
            |name: &str| FamilyBuilder::new(name, "Calls.").labels(&["host", "method", "status"]);
        let count = metrics.register_counter(calls(CALLS)).unwrap();
        let times = metrics.register_histogram(calls(CALL_TIMES)).unwrap();
        for status in ["200", "404", "503", "timeout"] {
            count.increment(&["broker", "POST", status], 1);
            times
                .with(&["broker", "POST", status])
                .record_duration(took);
        }
        metrics.record_trade("005930", "buy", "filled", 1, None);
        metrics.record_trade("005930", "sell", "rejected", 0, None);
        let figures = Figures::of(&metrics);
        assert_eq!(
            (figures.value, figures.positions),
            (Some(1_000.0), Some(3.0))
        );
        let symbols: Vec<_> = figures
            .symbols
            .iter()
            .map(|s| (&*s.symbol, s.pnl_krw))
            .collect();
        assert_eq!(symbols, [("000660", 5), ("005930", -3)]);
        let http = minute.push(Timestamp::from_second(10).unwrap(), figures.counted);
        assert_eq!(http.requests_per_second.get(), Some(0.2));
        assert_eq!(http.error_ratio.get(), Some(0.5));
        assert!(http.p99_ms.get().is_some_and(|ms| ms <= 50.0));
        // The calls of a host with what failed; they are no requests.
        let broker = ("broker".to_owned(), "POST".to_owned());
        let mut to_broker = Minute::default();
        to_broker.push(Timestamp::UNIX_EPOCH, Counted::default());
        let counted = figures.calls[&broker].clone();
        let broker = to_broker.push(Timestamp::from_second(10).unwrap(), counted);
        assert_eq!(broker.error_ratio.get(), Some(0.5));
        assert!(broker.p50_ms.get().is_some());
        let mut trades = Counts::default();
        trades.add("filled", 1.0);
        trades.add("rejected", 1.0);
        assert_eq!(figures.trades, Some(trades));
        // The same by route; bongsu's own are none.
        let mut routes = figures.routes;
        let named: Vec<_> = routes
            .keys()
            .map(|(_, endpoint)| endpoint.as_str())
            .collect();
        assert_eq!(named, ["/orders", "/startups/{id}"]);
        let bad = routes.remove(&("GET".to_owned(), "/startups/{id}".to_owned()));
        let mut minute = Minute::default();
        minute.push(Timestamp::UNIX_EPOCH, Counted::default());
        let http = minute.push(Timestamp::from_second(10).unwrap(), bad.unwrap());
        assert_eq!(http.error_ratio.get(), Some(1.0));
        assert!(http.p99_ms.get().is_some_and(|ms| ms <= 50.0));
    }

    #[test]
    fn the_explorer_shows_so_many_and_says_how_many_more() {
        let metrics = ServiceMetrics::new("test").unwrap();
        for i in 0..5 {
            metrics.update_trade_pnl(&format!("{i}\"}}"), i);
        }
        let families = families(&metrics, 3);
        let pnl = families.iter().find(|f| f.name == "trade_pnl_krw").unwrap();
        assert_eq!((pnl.samples.len(), pnl.omitted), (3, 2));
        assert_eq!(
            (&*pnl.kind, &*pnl.labels),
            ("gauge", &["symbol".to_owned()][..])
        );
        assert_eq!(
            pnl.samples[1].labels,
            [("symbol".to_owned(), "1\"}".to_owned())]
        );
        assert!(!pnl.help.is_empty());
    }
}
