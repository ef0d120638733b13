//! What is kept of one moment.

use crate::{Channel, Event, Figure, Snapshot};

/// What is kept besides the dependencies' latencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Series {
    /// Requests a second.
    Requests,
    /// Share of requests answered with 5xx, 0 to 1.
    ErrorRatio,
    /// Median duration of requests, milliseconds.
    P50,
    /// 95th percentile, milliseconds.
    P95,
    /// 99th percentile, milliseconds.
    P99,
    /// CPU of the host, percent.
    HostCpu,
    /// Memory of the host, percent.
    HostMemory,
    /// Disk of the host, percent.
    HostDisk,
    /// CPU of the container, percent of its limit.
    ContainerCpu,
    /// Memory of the container, percent of its limit.
    ContainerMemory,
    /// Disk of the container, percent.
    ContainerDisk,
    /// Portfolio, won; seven digits are kept.
    Portfolio,
    /// Drawdown, percent.
    Drawdown,
    /// Gain or loss of the day, won; seven digits are kept.
    DayPnl,
    /// Alerts that fire.
    Firing,
    /// Deliveries waiting or under way.
    Queued,
    /// How late the async runtime ran what was due, milliseconds.
    Lag,
}

impl Series {
    /// All, in the order of their declaration.
    pub const ALL: [Self; 17] = [
        Self::Requests,
        Self::ErrorRatio,
        Self::P50,
        Self::P95,
        Self::P99,
        Self::HostCpu,
        Self::HostMemory,
        Self::HostDisk,
        Self::ContainerCpu,
        Self::ContainerMemory,
        Self::ContainerDisk,
        Self::Portfolio,
        Self::Drawdown,
        Self::DayPnl,
        Self::Firing,
        Self::Queued,
        Self::Lag,
    ];

    /// Its name where samples are stored: it never changes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::ErrorRatio => "error_ratio",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::HostCpu => "host_cpu",
            Self::HostMemory => "host_memory",
            Self::HostDisk => "host_disk",
            Self::ContainerCpu => "container_cpu",
            Self::ContainerMemory => "container_memory",
            Self::ContainerDisk => "container_disk",
            Self::Portfolio => "portfolio",
            Self::Drawdown => "drawdown",
            Self::DayPnl => "day_pnl",
            Self::Firing => "firing",
            Self::Queued => "queued",
            Self::Lag => "runtime_lag",
        }
    }
}

/// What stands before a dependency's name where samples are stored.
const DEPENDENCY: &str = "dependency/";

/// One moment's values; what is not set is a gap.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    pub(super) fixed: [Option<f64>; Series::ALL.len()],
    pub(super) dependencies: Vec<(String, f64)>,
    pub(super) events: Vec<Event>,
}

impl Sample {
    /// What a snapshot says.
    #[must_use]
    pub fn of(s: &Snapshot) -> Self {
        let whole = |figure: &Figure<i64>| figure.value().map(|krw| *krw as f64);
        let mut sample = Self::default();
        for (series, figure) in [
            (Series::Requests, &s.http.requests_per_second),
            (Series::ErrorRatio, &s.http.error_ratio),
            (Series::P50, &s.http.p50_ms),
            (Series::P95, &s.http.p95_ms),
            (Series::P99, &s.http.p99_ms),
            (Series::HostCpu, &s.host.cpu_percent),
            (Series::HostMemory, &s.host.memory_percent),
            (Series::HostDisk, &s.host.disk_percent),
            (Series::ContainerCpu, &s.container.cpu_percent),
            (Series::ContainerMemory, &s.container.memory_percent),
            (Series::ContainerDisk, &s.container.disk_percent),
            (Series::Drawdown, &s.portfolio.drawdown_percent),
            (Series::Lag, &s.lag_ms),
        ] {
            sample.set(series, figure.value().copied());
        }
        sample.set(Series::Portfolio, whole(&s.portfolio.value_krw));
        sample.set(Series::DayPnl, whole(&s.portfolio.day_pnl_krw));
        sample.set(Series::Firing, s.alerts.value().map(|all| all.len() as f64));
        let queued = |all: &Vec<Channel>| all.iter().map(|c| c.queued as f64).sum();
        sample.set(Series::Queued, s.channels.value().map(queued));
        for dependency in s.dependencies.value().into_iter().flatten() {
            if let Some(latency) = dependency.latency_ms.value() {
                sample.set_dependency(&dependency.name, *latency);
            }
        }
        sample
    }

    /// Sets a value.
    pub fn set(&mut self, series: Series, value: Option<f64>) {
        self.fixed[series as usize] = value;
    }

    /// Every value under its name, for storing: [`Series::as_str`], or `dependency/` and a name.
    pub fn values(&self) -> impl Iterator<Item = (String, f64)> {
        let fixed = Series::ALL.into_iter().filter_map(|series| {
            let value = self.fixed[series as usize]?;
            Some((series.as_str().to_owned(), value))
        });
        let dependencies = self.dependencies.iter();
        fixed.chain(dependencies.map(|(name, ms)| (format!("{DEPENDENCY}{name}"), *ms)))
    }

    /// The sample of stored values; a name that nobody knows any more is passed over.
    #[must_use]
    pub fn from_values<'a>(values: impl IntoIterator<Item = (&'a str, f64)>) -> Self {
        let mut sample = Self::default();
        for (name, value) in values {
            if let Some(name) = name.strip_prefix(DEPENDENCY) {
                sample.set_dependency(name, value);
            } else if let Some(series) = Series::ALL.into_iter().find(|s| s.as_str() == name) {
                sample.set(series, Some(value));
            }
        }
        sample
    }

    /// Sets a dependency's latency in milliseconds.
    pub fn set_dependency(&mut self, name: impl Into<String>, latency_ms: f64) {
        self.dependencies.push((name.into(), latency_ms));
    }

    /// Adds what happened since the sample before.
    pub fn happened(&mut self, event: Event) {
        self.events.push(event);
    }

    /// What happened since the sample before.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_values_make_the_same_sample() {
        let mut sample = Sample::default();
        for (place, series) in Series::ALL.into_iter().enumerate() {
            sample.set(series, Some(place as f64));
        }
        sample.set_dependency("broker/kis", 12.5);
        let stored: Vec<(String, f64)> = sample.values().collect();
        let read = |stored: &[(String, f64)]| {
            Sample::from_values(stored.iter().map(|(name, value)| (name.as_str(), *value)))
        };
        assert_eq!(read(&stored), sample);
        let mut newer = stored;
        newer.push(("heat_of_the_moon".to_owned(), 1.0));
        assert_eq!(read(&newer), sample);
        assert_eq!(Sample::default().values().count(), 0, "a gap stays a gap");
    }
}
