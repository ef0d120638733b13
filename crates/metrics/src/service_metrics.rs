//! [`ServiceMetrics`]: every metric of the catalogue, by name.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::catalog::{DEFAULT_BUCKETS, HTTP_DURATION_BUCKETS, Id};
use crate::error::{AlreadyInstalled, MetricsError};
use crate::http::{self, HttpRoute, InFlight};
use crate::recorder;
use crate::registry::{Options, Registry};
use crate::render::{self, Format, Page};
use crate::usage::{ContainerUsage, PressureUsage, ProcessUsage, SystemUsage};
use crate::visit::Visitor;
use crate::walk::walk;

/// A page of this many bytes is written in some 20 µs and packed in 200; requests do not wait for a larger
/// one.
const LARGE: usize = 64 * 1024;

/// The metrics of one service. Cheap to clone; all clones are the same metrics.
///
/// Recording never fails, never panics, and does not wait: what cannot be recorded is counted in
/// `bongsu_metrics_overflow_total{metric}`.
#[derive(Clone)]
pub struct ServiceMetrics {
    pub(crate) registry: Arc<Registry>,
}

/// Settings of [`ServiceMetrics`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ServiceMetricsBuilder {
    service: String,
    version: String,
    environment: String,
    options: Options,
}

impl ServiceMetricsBuilder {
    /// Version and environment for `service_info`; empty by default.
    pub fn service_info(mut self, version: &str, environment: &str) -> Self {
        self.version = version.to_owned();
        self.environment = environment.to_owned();
        self
    }

    /// Most families made by [`ServiceMetrics::record_business_metric`] and by registration. Default: 500.
    pub fn custom_families(mut self, most: usize) -> Self {
        self.options.custom_families = most;
        self
    }

    /// Most numbers kept, in all families together: one a counter or gauge series, buckets + 1 a
    /// histogram series, about 100 an HTTP route. Each recording thread has its own copy of those it
    /// touched. Default: 2,097,152 (16 MiB a thread when all are in use).
    pub fn cells(mut self, most: usize) -> Self {
        self.options.cells = most;
        self
    }

    /// Most series a metric made by the `metrics` macros may have. Default: 2,000.
    pub fn macro_series(mut self, most: usize) -> Self {
        self.options.macro_series = most;
        self
    }

    /// Buckets of histograms made by the `metrics` macros. Default: 0.001 to 10.
    pub fn macro_buckets(mut self, upper: &[f64]) -> Self {
        self.options.macro_buckets = upper.to_vec();
        self
    }

    /// Upper bounds of the buckets of `http_request_duration_seconds`, in seconds: 62 at most, each one more
    /// series a route. Default: [`HTTP_DURATION_BUCKETS`](crate::catalog::HTTP_DURATION_BUCKETS), 0.0005 to 10.
    pub fn http_buckets(mut self, upper: &[f64]) -> Self {
        self.options.http_buckets = upper.to_vec();
        self
    }

    /// Makes the metrics. Reads the clock once, for the `_created` lines of OpenMetrics.
    ///
    /// # Errors
    ///
    /// When the service name is empty, or the buckets are no rising list of finite numbers.
    pub fn build(self) -> Result<ServiceMetrics, MetricsError> {
        if self.service.is_empty() {
            return Err(MetricsError::EmptyServiceName);
        }
        crate::bounds::check("histogram!", &self.options.macro_buckets)?;
        let durations = "http_request_duration_seconds";
        crate::bounds::check(durations, &self.options.http_buckets)?;
        let metrics = ServiceMetrics {
            registry: Arc::new(Registry::new(&self.service, self.options)),
        };
        metrics.set_service_info(&self.version, &self.environment);
        Ok(metrics)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this crate that reads the wall clock"
)]
pub(crate) fn unix_now() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default()
}

/// Seconds, to the millisecond.
pub(crate) fn seconds(unix: Duration) -> f64 {
    unix.as_millis() as f64 / 1e3
}

impl ServiceMetrics {
    /// Metrics with default settings.
    ///
    /// # Errors
    ///
    /// When the service name is empty.
    pub fn new(service_name: &str) -> Result<Self, MetricsError> {
        Self::builder(service_name).build()
    }

    /// Metrics with settings.
    pub fn builder(service_name: &str) -> ServiceMetricsBuilder {
        ServiceMetricsBuilder {
            service: service_name.to_owned(),
            version: String::new(),
            environment: String::new(),
            options: Options {
                cells: 1 << 21,
                custom_families: 500,
                macro_series: 2_000,
                macro_buckets: DEFAULT_BUCKETS.to_vec(),
                http_buckets: HTTP_DURATION_BUCKETS.to_vec(),
                created: seconds(unix_now()),
            },
        }
    }

    #[inline]
    fn add(&self, id: Id, labels: &[&str], n: u64) {
        self.registry
            .family(id)
            .add(&self.registry.cells, labels, n);
    }

    fn set(&self, id: Id, labels: &[&str], level: f64) {
        self.registry
            .family(id)
            .set(&self.registry.cells, labels, level);
    }

    fn raise(&self, id: Id, labels: &[&str], total: u64) {
        self.registry
            .family(id)
            .raise(&self.registry.cells, labels, total);
    }

    fn raise_time(&self, id: Id, labels: &[&str], total: Duration) {
        let family = self.registry.family(id);
        family.raise_f64(&self.registry.cells, labels, total.as_secs_f64());
    }

    /// Names the version and environment in `service_info`, which has one series at any time.
    pub fn set_service_info(&self, version: &str, environment: &str) {
        let mut info = self
            .registry
            .info
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *info = Some((version.to_owned(), environment.to_owned()));
    }

    /// Counts a finished HTTP request. `endpoint` is the matched route (`/orders/{id}`), or
    /// [`UNMATCHED`](crate::UNMATCHED), never the path; sizes are those of the bodies, in bytes.
    /// [`http_route`](Self::http_route) does the same without the look-up.
    #[inline]
    pub fn record_request(
        &self,
        method: &str,
        endpoint: &str,
        status: u16,
        duration: Duration,
        request_size: u64,
        response_size: u64,
    ) {
        let request = http::Request {
            status,
            duration,
            request_size,
            response_size,
        };
        http::record(&self.registry, method, endpoint, &request);
    }

    /// Resolves a (method, route) once. Hold the answer; ask for it once a route, not once a request.
    #[must_use]
    pub fn http_route(&self, method: &str, endpoint: &str) -> HttpRoute {
        HttpRoute::resolve(&self.registry, method, endpoint)
    }

    /// Counts a request as in flight until the guard is dropped.
    #[must_use]
    pub fn http_in_flight(&self) -> InFlight {
        InFlight::new(&self.registry)
    }

    /// Counts a request whose client went away before the end.
    pub fn record_request_aborted(&self) {
        self.add(Id::HttpRequestsAbortedTotal, &[], 1);
    }

    /// Counts a request to the service's operations, such as a probe, which are no traffic of its users and in
    /// no `http_*` metric.
    pub fn record_own_request(&self, method: &str, endpoint: &str, status: u16) {
        let mut digits = itoa::Buffer::new();
        let values = [endpoint, method, digits.format(status)];
        self.add(Id::BongsuHttpRequestsTotal, &values, 1);
    }

    /// Counts a panic caught while answering a request, in its body or after its upgrade.
    pub fn record_panic(&self) {
        self.add(Id::HttpPanicsTotal, &[], 1);
    }

    /// Counts a database query and its time.
    pub fn record_db_query(&self, operation: &str, table: &str, duration: Duration, status: &str) {
        self.add(Id::DatabaseQueriesTotal, &[operation, status, table], 1);
        let family = self.registry.family(Id::DatabaseQueryDurationSeconds);
        family.observe(&self.registry.cells, &[operation, table], nanos(duration));
    }

    /// Sets how many connections of the pool are in a state (`active`, `idle`).
    pub fn update_db_connections(&self, state: &str, count: u64) {
        self.set(Id::DatabaseConnections, &[state], count as f64);
    }

    /// Counts a cache look-up.
    pub fn record_cache_operation(&self, cache_name: &str, hit: bool) {
        // Both series exist from the first look-up on, for the hit ratio divides by their sum.
        self.add(Id::CacheHitsTotal, &[cache_name], u64::from(hit));
        self.add(Id::CacheMissesTotal, &[cache_name], u64::from(!hit));
    }

    /// Counts a trade: its outcome, its volume in won, and its profit or loss in won when it has one.
    pub fn record_trade(
        &self,
        symbol: &str,
        side: &str,
        status: &str,
        volume_krw: u64,
        pnl_krw: Option<i64>,
    ) {
        crate::trade::record(&self.registry, symbol, side, status, volume_krw, pnl_krw);
    }

    /// Sets the cumulative profit and loss of a symbol, in won: after a restart, the figure from the
    /// books. [`record_trade`](Self::record_trade) goes on from there.
    pub fn update_trade_pnl(&self, symbol: &str, cumulative_krw: i64) {
        let family = self.registry.family(Id::TradePnlKrw);
        family.set_i64(&self.registry.cells, &[symbol], cumulative_krw);
    }

    /// Sets the number of open positions.
    pub fn update_positions(&self, count: u64) {
        self.set(Id::PositionsActive, &[], count as f64);
    }

    /// Sets the portfolio's value, in won.
    pub fn update_portfolio_value(&self, krw: i64) {
        let family = self.registry.family(Id::PortfolioValueKrw);
        family.set_i64(&self.registry.cells, &[], krw);
    }

    /// Counts a breach of a risk limit.
    pub fn record_risk_violation(&self, violation_type: &str) {
        self.add(Id::RiskViolationsTotal, &[violation_type], 1);
    }

    /// Sets the fall from the highest value so far, in percent.
    pub fn update_drawdown(&self, percent: f64) {
        self.set(Id::PortfolioDrawdownPercent, &[], percent);
    }

    /// Sets the fall at which the service halts its trading, in percent: the line of console, dashboards and
    /// the rule TradingHalt. A service that never sets it has no such line; not a number takes it away.
    pub fn update_halt_drawdown(&self, percent: f64) {
        self.set(Id::PortfolioHaltDrawdownPercent, &[], percent);
    }

    /// Sets the value at risk, in won, at a confidence level (`95`, `99`).
    pub fn update_var(&self, confidence: &str, krw: f64) {
        self.set(Id::ValueAtRiskKrw, &[confidence], krw);
    }

    /// Counts a generated signal.
    pub fn record_signal(&self, signal_type: &str, symbol: &str) {
        self.add(Id::SignalsGeneratedTotal, &[signal_type, symbol], 1);
    }

    /// Counts a signal acted upon.
    pub fn record_signal_executed(&self, signal_type: &str, symbol: &str, status: &str) {
        self.add(Id::SignalsExecutedTotal, &[signal_type, status, symbol], 1);
    }

    /// Counts stocks whose data was collected.
    pub fn record_data_collection(&self, market: &str, collected: u64) {
        self.add(Id::StocksCollectedTotal, &[market], collected);
    }

    /// Counts a failure to collect data.
    pub fn record_data_collection_error(&self, source: &str, error_type: &str) {
        self.add(Id::DataCollectionErrorsTotal, &[error_type, source], 1);
    }

    /// Counts an error.
    pub fn record_error(&self, error_type: &str, severity: &str) {
        self.add(Id::ErrorsTotal, &[error_type, severity], 1);
    }

    /// Counts an alert sent by a channel.
    pub fn record_alert(&self, alert_type: &str, channel: &str) {
        self.add(Id::AlertsSentTotal, &[alert_type, channel], 1);
    }

    /// Counts an attempt to deliver an alert.
    pub fn record_alert_delivery(&self, channel: &str, outcome: &str) {
        self.add(Id::AlertsDeliveryTotal, &[channel, outcome], 1);
    }

    /// Counts an alert that was not sent.
    pub fn record_alert_suppressed(&self, reason: &str) {
        self.add(Id::AlertsSuppressedTotal, &[reason], 1);
    }

    /// Sets how many alerts wait, and since when the oldest does.
    pub fn update_alert_queue(&self, pending: u64, oldest: Option<Duration>) {
        self.set(Id::AlertsPending, &[], pending as f64);
        let age = oldest.unwrap_or_default().as_secs_f64();
        self.set(Id::AlertsOldestPendingSeconds, &[], age);
    }

    /// Sets whether a maintenance is under way.
    pub fn update_maintenance(&self, is_under_way: bool) {
        self.set(
            Id::ServiceMaintenance,
            &[],
            f64::from(u8::from(is_under_way)),
        );
    }

    /// Sets how long a report took, and, when it reached its recipients, the Unix time of that.
    pub fn record_report(&self, success_unix_seconds: Option<f64>, duration: Duration) {
        if let Some(at) = success_unix_seconds {
            self.set(Id::ReportLastSuccessTimestampSeconds, &[], at);
        }
        self.set(Id::ReportDurationSeconds, &[], duration.as_secs_f64());
    }

    /// Sets the health of the service: 0 unhealthy, 0.5 degraded, 1 healthy.
    pub fn update_health_status(&self, value: f64) {
        self.set(Id::HealthStatus, &[], value);
    }

    /// Sets the health of a dependency (as above) and the time of its latest check.
    pub fn update_dependency(&self, name: &str, up: f64, response: Option<Duration>) {
        self.set(Id::HealthDependencyUp, &[name], up);
        if let Some(response) = response {
            self.set(
                Id::HealthDependencyResponseSeconds,
                &[name],
                response.as_secs_f64(),
            );
        }
    }

    /// Sets the total of log events of a level. A smaller total than before is ignored.
    pub fn set_log_events(&self, level: &str, total: u64) {
        self.raise(Id::LogEventsTotal, &[level], total);
    }

    /// Sets the total of log events lost for a reason. A smaller total than before is ignored.
    pub fn set_log_dropped(&self, reason: &str, total: u64) {
        self.raise(Id::LogDroppedTotal, &[reason], total);
    }

    /// Sets the machine's figures.
    pub fn update_system(&self, usage: &SystemUsage) {
        let whole = |id, value: Option<u64>| self.set_some(id, value.map(|v| v as f64));
        self.set_some(Id::SystemCpuPercent, usage.cpu_percent);
        self.set_some(Id::SystemMemoryPercent, usage.memory_percent);
        whole(Id::SystemMemoryUsedBytes, usage.memory_used_bytes);
        whole(Id::SystemMemoryAvailableBytes, usage.memory_available_bytes);
        self.set_some(Id::SystemDiskPercent, usage.disk_percent);
        whole(Id::SystemDiskUsedBytes, usage.disk_used_bytes);
        whole(Id::SystemDiskFreeBytes, usage.disk_free_bytes);
        whole(Id::SystemProcessCount, usage.process_count);
        if let Some(total) = usage.network_sent_bytes {
            self.raise(Id::SystemNetworkSentBytesTotal, &[], total);
        }
        if let Some(total) = usage.network_received_bytes {
            self.raise(Id::SystemNetworkReceivedBytesTotal, &[], total);
        }
        for (id, packets) in [
            (Id::SystemNetworkErrorsTotal, usage.network_errors),
            (Id::SystemNetworkDroppedTotal, usage.network_dropped),
        ] {
            if let Some(packets) = packets {
                self.raise(id, &["sent"], packets.sent);
                self.raise(id, &["received"], packets.received);
            }
        }
        whole(Id::SystemCpus, usage.cpu_count);
        if let Some(averages) = usage.load_average {
            for (minutes, load) in ["1", "5", "15"].into_iter().zip(averages) {
                self.set(Id::SystemLoadAverage, &[minutes], load);
            }
        }
        whole(Id::SystemSwapUsedBytes, usage.swap_used_bytes);
        whole(Id::SystemSwapTotalBytes, usage.swap_total_bytes);
        self.update_pressure(
            &usage.pressure,
            Id::SystemPressureWaitingSecondsTotal,
            Id::SystemPressureStalledSecondsTotal,
        );
    }

    /// Sets the figures of the container around this process. Nothing is exported where there is none.
    pub fn update_container(&self, usage: &ContainerUsage) {
        let whole = |id, value: Option<u64>| self.set_some(id, value.map(|v| v as f64));
        self.set_some(Id::ContainerCpuPercent, usage.cpu_percent);
        self.set_some(Id::ContainerCpuLimitCores, usage.cpu_limit_cores);
        self.set_some(
            Id::ContainerCpuThrottledPercent,
            usage.cpu_throttled_percent,
        );
        self.set_some(Id::ContainerMemoryPercent, usage.memory_percent);
        whole(Id::ContainerMemoryUsedBytes, usage.memory_used_bytes);
        whole(Id::ContainerMemoryLimitBytes, usage.memory_limit_bytes);
        if let Some(periods) = usage.cpu_throttled_periods {
            self.raise(Id::ContainerCpuThrottledPeriodsTotal, &[], periods);
        }
        if let Some(time) = usage.cpu_throttled_time {
            self.raise_time(Id::ContainerCpuThrottledSecondsTotal, &[], time);
        }
        if let Some(kills) = usage.oom_kills {
            self.raise(Id::ContainerOomKillsTotal, &[], kills);
        }
        self.update_pressure(
            &usage.pressure,
            Id::ContainerPressureWaitingSecondsTotal,
            Id::ContainerPressureStalledSecondsTotal,
        );
    }

    fn update_pressure(&self, pressure: &PressureUsage, waiting: Id, stalled: Id) {
        for (resource, waited) in [
            ("cpu", pressure.cpu),
            ("memory", pressure.memory),
            ("io", pressure.io),
        ] {
            if let Some(waited) = waited {
                self.raise_time(waiting, &[resource], waited.some);
                if let Some(all) = waited.all {
                    self.raise_time(stalled, &[resource], all);
                }
            }
        }
    }

    /// Sets this process's figures.
    pub fn update_process(&self, usage: &ProcessUsage) {
        let resident = usage.resident_memory_bytes.map(|v| v as f64);
        self.set_some(Id::ProcessCpuPercent, usage.cpu_percent);
        self.set_some(Id::ProcessMemoryPercent, usage.memory_percent);
        self.set_some(Id::ProcessMemoryBytes, resident);
        self.set_some(Id::ProcessResidentMemoryBytes, resident);
        self.set_some(Id::ProcessOpenFds, usage.open_fds.map(|v| v as f64));
        self.set_some(Id::ProcessMaxFds, usage.max_fds.map(|v| v as f64));
        self.set_some(Id::ProcessThreads, usage.threads.map(|v| v as f64));
        self.set_some(Id::ProcessStartTimeSeconds, usage.start_time_seconds);
        if let Some(time) = usage.cpu_time {
            self.raise_time(Id::ProcessCpuSecondsTotal, &[], time);
        }
    }

    fn set_some(&self, id: Id, value: Option<f64>) {
        if let Some(value) = value {
            self.set(id, &[], value);
        }
    }

    /// Runs `collector` at the start of every page. One that panics is counted under
    /// `bongsu_metrics_overflow_total{metric="on_scrape"}` and the page goes on without it.
    pub fn on_scrape(&self, collector: Box<dyn Fn(&Self) + Send + Sync>) {
        let mut collectors = self
            .registry
            .collectors
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        collectors.push(Arc::from(collector));
    }

    fn collect(&self) {
        // A copy, so that a collector may add another one.
        let collectors = self
            .registry
            .collectors
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for collector in collectors {
            if catch_unwind(AssertUnwindSafe(|| collector(self))).is_err() {
                self.registry.failed_collectors.fetch_add(1, Relaxed);
            }
        }
    }

    /// The page in the text format.
    #[must_use]
    pub fn export_metrics(&self) -> String {
        self.collect();
        render::render(&self.registry, Format::Text, false).into_text()
    }

    /// The page in the format and coding that a client asked for by its `Accept` and
    /// `Accept-Encoding` headers: OpenMetrics 1.0 when named, else the text format 0.0.4; gzip when
    /// taken. A packed page is never held unpacked; the memory of one that is not packed is kept for the
    /// next such page.
    #[must_use]
    pub fn render(&self, accept: Option<&str>, accept_encoding: Option<&str>) -> Page {
        self.collect();
        let format = render::choose_format(accept);
        let gzip = render::wants_gzip(accept_encoding);
        let page = render::render(&self.registry, format, gzip);
        let (content_encoding, body) = page.finish(&self.registry.spare);
        Page {
            content_type: format.content_type(),
            content_encoding,
            body,
        }
    }

    /// Bytes of the latest page before it was packed; 0 before the first.
    pub(crate) fn page_bytes(&self) -> usize {
        self.registry.page.load(Relaxed)
    }

    /// Whether the next page is better not written on a thread that polls: as large as the latest one was.
    #[must_use]
    pub fn page_takes_long(&self) -> bool {
        self.page_bytes() > LARGE
    }

    /// Shows every family and every series of it to `visitor`, in the order of the page, as numbers: the
    /// macros' metrics and the service's own among them. Runs what [`on_scrape`](Self::on_scrape) was
    /// given, as a page does. See [`visit`](crate::visit) for an example.
    pub fn visit<V: Visitor + ?Sized>(&self, visitor: &mut V) {
        self.collect();
        walk(&self.registry, visitor);
    }

    /// Makes these metrics the target of the `metrics` macros in this process.
    ///
    /// # Errors
    ///
    /// When a global recorder is installed already.
    pub fn install_recorder(&self) -> Result<(), AlreadyInstalled> {
        metrics::set_global_recorder(self.recorder()).map_err(|_| AlreadyInstalled)
    }

    /// The recorder itself, for scoped use: [`metrics::with_local_recorder`].
    #[must_use]
    pub fn recorder(&self) -> recorder::GuardRecorder {
        recorder::GuardRecorder::new(Arc::clone(&self.registry))
    }

    /// Makes a series exist at 0 before its first sample, for rules that divide by it or take its
    /// rate. `labels` are the names and values, in any order. A series that exists is left alone.
    ///
    /// # Errors
    ///
    /// When no family has this name, or its labels are others.
    pub fn start_at_zero(&self, metric: &str, labels: &[(&str, &str)]) -> Result<(), MetricsError> {
        crate::custom::start_at_zero(&self.registry, metric, labels)
    }
}

/// Whole nanoseconds, the most that fit (584 years).
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(u64::from(duration.subsec_nanos()))
}

impl fmt::Debug for ServiceMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceMetrics")
            .field("service", &self.registry.service)
            .finish_non_exhaustive()
    }
}
