//! The metrics as an operator meets them.

mod figures;
mod trades;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bongsu_metrics::ServiceMetrics;
use bongsu_ops::{
    Calls, Figure, Http, MetricDesk, MetricFamily, Missing, Operator, OpsResult, Route, Snapshot,
    minute::Minute,
};
use jiff::Timestamp;

use self::{figures::Figures, trades::Day};
use crate::{Part, off};

/// The metrics, and what was read of them last: it takes a while where there are many. Cheap
/// to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    metrics: ServiceMetrics,
    read: Arc<Mutex<Read>>,
}

#[derive(Debug, Default)]
struct Read {
    minute: Minute,
    http: Http,
    routes: BTreeMap<(String, String), RouteMinute>,
    /// By host and method.
    calls: BTreeMap<(String, String), RouteMinute>,
    day: Day,
    /// None before the first reading.
    book: Option<Figures>,
}

/// A route's last minute, and how it did in it.
#[derive(Debug, Default)]
struct RouteMinute {
    minute: Minute,
    http: Http,
}

impl Metrics {
    /// What is recorded here.
    #[must_use]
    pub fn new(metrics: ServiceMetrics) -> Self {
        Self {
            metrics,
            read: Arc::default(),
        }
    }
}

impl Part for Metrics {
    fn join(&self, operator: Operator) -> Operator {
        operator.with_metrics(Arc::new(self.clone()))
    }

    /// Reads the metrics.
    fn read(&self, now: Timestamp) {
        let mut figures = Figures::of(&self.metrics);
        let counted = std::mem::take(&mut figures.counted);
        let routes = std::mem::take(&mut figures.routes);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.http = read.minute.push(now, counted);
        for (route, counted) in routes {
            let seen = read.routes.entry(route).or_default();
            seen.http = seen.minute.push(now, counted);
        }
        for (call, counted) in std::mem::take(&mut figures.calls) {
            let seen = read.calls.entry(call).or_default();
            seen.http = seen.minute.push(now, counted);
        }
        read.day.push(now, figures.trades);
        read.book = Some(figures);
    }

    fn fill(&self, snapshot: &mut Snapshot) {
        let state = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        snapshot.http = state.http.clone();
        let none = Figures::default();
        let (read, missing) = match &state.book {
            Some(read) => (read, Missing::NotRecorded),
            None => (&none, Missing::NotYet),
        };
        let whole =
            |value: Option<f64>| Figure::from_option(value.map(|v| v as i64), missing.clone());
        let book = &mut snapshot.portfolio;
        book.value_krw = whole(read.value);
        book.drawdown_percent = Figure::from_option(read.drawdown, missing.clone());
        book.positions = Figure::from_option(read.positions.map(|n| n as u64), missing.clone());
        book.halt_percent = read.halt;
        book.symbols.clone_from(&read.symbols);
        book.trades = state.day.so_far();
    }
}

#[async_trait]
impl MetricDesk for Metrics {
    async fn routes(&self) -> OpsResult<Vec<Route>> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let all = read.routes.iter();
        let routes = all.map(|((method, endpoint), seen)| Route {
            method: method.clone(),
            endpoint: endpoint.clone(),
            http: seen.http.clone(),
        });
        Ok(routes.collect())
    }

    async fn calls(&self) -> OpsResult<Vec<Calls>> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let all = read.calls.iter();
        let calls = all.map(|((host, method), seen)| Calls {
            host: host.clone(),
            method: method.clone(),
            http: seen.http.clone(),
        });
        Ok(calls.collect())
    }

    async fn families(&self, samples: usize) -> OpsResult<Vec<MetricFamily>> {
        let families = move |desk: &Self| figures::families(&desk.metrics, samples);
        Ok(off(self, families).await)
    }
}
