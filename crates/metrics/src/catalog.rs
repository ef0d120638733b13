//! Every metric the service exports of itself, as data.
//!
//! The storage, the page, the table in the documentation, the dashboards and the alert rules all come
//! from [`CATALOG`].
//!
//! ```
//! use bongsu_metrics::catalog::{self, CATALOG};
//!
//! assert!(CATALOG.iter().any(|family| family.name == "http_requests_total"));
//! assert!(catalog::markdown_table().contains("| `http_requests_total` | counter |"));
//! ```

use std::fmt::{self, Write as _};

/// What a family's samples mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A total that only grows.
    Counter,
    /// A level that goes up and down.
    Gauge,
    /// A distribution over fixed buckets.
    Histogram,
}

impl Kind {
    /// The word of the exposition format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a family's numbers count. Decides how they are stored: seconds of a histogram as whole
/// nanoseconds, bytes and won as whole numbers, everything else as `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A count of things.
    None,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Percent, 0 to 100.
    Percent,
    /// Korean won.
    Krw,
}

impl Unit {
    /// The word used in names, empty for [`Unit::None`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Percent => "percent",
            Self::Krw => "krw",
        }
    }
}

/// One family, declared.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FamilySpec {
    /// The name on the page; a counter's ends in `_total`.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// One sentence.
    pub help: &'static str,
    /// What the numbers count.
    pub unit: Unit,
    /// Label names, in alphabetical order.
    pub labels: &'static [&'static str],
    /// Upper bounds of a histogram's buckets, rising, without `+Inf`; empty for other kinds.
    pub buckets: &'static [f64],
    /// Most series; what comes after goes to the series whose labels are all `other`.
    pub budget: usize,
    /// Exported at 0 from the start, because alert rules divide by it or take its rate. A family with
    /// labels starts with its `other` series.
    pub starts_at_zero: bool,
}

/// Buckets of HTTP durations, a superset of the Python original's.
pub const HTTP_DURATION_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Buckets of request and response sizes: 256 B to 16 MiB by fours.
pub const SIZE_BUCKETS: &[f64] = &[
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
];
/// Buckets of database queries.
pub const DB_DURATION_BUCKETS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// Buckets of timed operations and of histograms that name none.
pub const DEFAULT_BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

const fn family(
    name: &'static str,
    kind: Kind,
    unit: Unit,
    labels: &'static [&'static str],
    budget: usize,
    help: &'static str,
) -> FamilySpec {
    FamilySpec {
        name,
        kind,
        help,
        unit,
        labels,
        buckets: &[],
        budget,
        starts_at_zero: false,
    }
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    budget: usize,
    help: &'static str,
) -> FamilySpec {
    let mut spec = family(name, Kind::Counter, Unit::None, labels, budget, help);
    spec.starts_at_zero = labels.is_empty();
    spec
}

const fn gauge(
    name: &'static str,
    unit: Unit,
    labels: &'static [&'static str],
    budget: usize,
    help: &'static str,
) -> FamilySpec {
    family(name, Kind::Gauge, unit, labels, budget, help)
}

const fn histogram(
    name: &'static str,
    unit: Unit,
    labels: &'static [&'static str],
    buckets: &'static [f64],
    budget: usize,
    help: &'static str,
) -> FamilySpec {
    let mut spec = family(name, Kind::Histogram, unit, labels, budget, help);
    spec.buckets = buckets;
    spec
}

impl FamilySpec {
    const fn starting_at_zero(mut self) -> Self {
        self.starts_at_zero = true;
        self
    }

    const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }
}

/// The place of each family in [`CATALOG`]. A test holds names and order together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Id {
    ServiceInfo,
    HttpRequestsTotal,
    HttpRequestDurationSeconds,
    HttpRequestSizeBytes,
    HttpResponseSizeBytes,
    HttpRequestsInFlight,
    HttpRequestsAbortedTotal,
    HttpPanicsTotal,
    DatabaseQueriesTotal,
    DatabaseQueryDurationSeconds,
    DatabaseConnections,
    CacheHitsTotal,
    CacheMissesTotal,
    TradesExecutedTotal,
    TradeVolumeKrwTotal,
    TradePnlKrw,
    TradeProfitKrwTotal,
    TradeLossKrwTotal,
    PositionsActive,
    PortfolioValueKrw,
    PortfolioDrawdownPercent,
    ValueAtRiskKrw,
    RiskViolationsTotal,
    SignalsGeneratedTotal,
    SignalsExecutedTotal,
    StocksCollectedTotal,
    DataCollectionErrorsTotal,
    OperationDurationSeconds,
    ErrorsTotal,
    AlertsSentTotal,
    AlertsDeliveryTotal,
    AlertsSuppressedTotal,
    AlertsPending,
    AlertsOldestPendingSeconds,
    ReportLastSuccessTimestampSeconds,
    ReportDurationSeconds,
    HealthStatus,
    HealthDependencyUp,
    HealthDependencyResponseSeconds,
    LogEventsTotal,
    LogDroppedTotal,
    SystemCpuPercent,
    SystemMemoryPercent,
    SystemMemoryUsedBytes,
    SystemMemoryAvailableBytes,
    SystemDiskPercent,
    SystemDiskUsedBytes,
    SystemDiskFreeBytes,
    SystemProcessCount,
    SystemNetworkSentBytesTotal,
    SystemNetworkReceivedBytesTotal,
    ProcessCpuPercent,
    ProcessMemoryPercent,
    ProcessMemoryBytes,
    ProcessCpuSecondsTotal,
    ProcessResidentMemoryBytes,
    ProcessOpenFds,
    ProcessThreads,
    ProcessStartTimeSeconds,
    BongsuMetricsOverflowTotal,
}

impl Id {
    pub(crate) fn spec(self) -> &'static FamilySpec {
        &CATALOG[self as usize]
    }
}

/// The families, in the order of the page.
pub static CATALOG: &[FamilySpec] = &[
    gauge(
        "service_info",
        Unit::None,
        &["environment", "service_name", "version"],
        4,
        "What runs here; always 1.",
    ),
    counter(
        "http_requests_total",
        &["endpoint", "method", "status"],
        20_000,
        "HTTP requests answered, by matched route.",
    ),
    histogram(
        "http_request_duration_seconds",
        Unit::Seconds,
        &["endpoint", "method"],
        HTTP_DURATION_BUCKETS,
        1_000,
        "Time from the request's head to the response's end.",
    ),
    histogram(
        "http_request_size_bytes",
        Unit::Bytes,
        &["endpoint", "method"],
        SIZE_BUCKETS,
        1_000,
        "Size of request bodies.",
    ),
    histogram(
        "http_response_size_bytes",
        Unit::Bytes,
        &["endpoint", "method"],
        SIZE_BUCKETS,
        1_000,
        "Size of response bodies.",
    ),
    gauge(
        "http_requests_in_flight",
        Unit::None,
        &[],
        1,
        "HTTP requests being answered now.",
    ),
    counter(
        "http_requests_aborted_total",
        &[],
        1,
        "HTTP requests whose client went away before the end.",
    ),
    counter(
        "http_panics_total",
        &[],
        1,
        "Panics caught while answering a request.",
    ),
    counter(
        "database_queries_total",
        &["operation", "status", "table"],
        2_000,
        "Database queries.",
    ),
    histogram(
        "database_query_duration_seconds",
        Unit::Seconds,
        &["operation", "table"],
        DB_DURATION_BUCKETS,
        1_000,
        "Time of database queries.",
    ),
    gauge(
        "database_connections",
        Unit::None,
        &["state"],
        50,
        "Connections of the database pool, by state.",
    ),
    counter(
        "cache_hits_total",
        &["cache_name"],
        200,
        "Look-ups that the cache answered.",
    ),
    counter(
        "cache_misses_total",
        &["cache_name"],
        200,
        "Look-ups that the cache could not answer.",
    ),
    counter(
        "trades_executed_total",
        &["side", "status", "symbol"],
        20_000,
        "Trades, by outcome.",
    ),
    counter(
        "trade_volume_krw_total",
        &["side", "symbol"],
        10_000,
        "Money traded, in won.",
    )
    .unit(Unit::Krw),
    gauge(
        "trade_pnl_krw",
        Unit::Krw,
        &["symbol"],
        5_000,
        "Cumulative profit and loss, in won; goes down on a loss.",
    ),
    counter(
        "trade_profit_krw_total",
        &["symbol"],
        5_000,
        "Sum of the profits of winning trades, in won.",
    )
    .unit(Unit::Krw),
    counter(
        "trade_loss_krw_total",
        &["symbol"],
        5_000,
        "Sum of the losses of losing trades, in won, as a positive number.",
    )
    .unit(Unit::Krw),
    gauge("positions_active", Unit::None, &[], 1, "Open positions."),
    gauge(
        "portfolio_value_krw",
        Unit::Krw,
        &[],
        1,
        "Value of the portfolio, in won.",
    ),
    gauge(
        "portfolio_drawdown_percent",
        Unit::Percent,
        &[],
        1,
        "Fall from the highest value so far, in percent.",
    ),
    gauge(
        "value_at_risk_krw",
        Unit::None,
        &["confidence"],
        50,
        "Value at risk, in won, by confidence level.",
    ),
    counter(
        "risk_violations_total",
        &["violation_type"],
        200,
        "Breaches of a risk limit.",
    )
    .starting_at_zero(),
    counter(
        "signals_generated_total",
        &["signal_type", "symbol"],
        10_000,
        "Trading signals generated.",
    ),
    counter(
        "signals_executed_total",
        &["signal_type", "status", "symbol"],
        20_000,
        "Trading signals acted upon, by outcome.",
    ),
    counter(
        "stocks_collected_total",
        &["market"],
        50,
        "Stocks whose data was collected.",
    ),
    counter(
        "data_collection_errors_total",
        &["error_type", "source"],
        500,
        "Failures while collecting data.",
    )
    .starting_at_zero(),
    histogram(
        "operation_duration_seconds",
        Unit::Seconds,
        &["operation", "status"],
        DEFAULT_BUCKETS,
        1_000,
        "Time of operations measured by the service; status is success, error or cancelled.",
    ),
    counter(
        "errors_total",
        &["error_type", "severity"],
        1_000,
        "Errors, by type and severity.",
    )
    .starting_at_zero(),
    counter(
        "alerts_sent_total",
        &["alert_type", "channel"],
        500,
        "Alerts sent, by channel.",
    ),
    counter(
        "alerts_delivery_total",
        &["channel", "outcome"],
        200,
        "Attempts to deliver an alert, by outcome.",
    )
    .starting_at_zero(),
    counter(
        "alerts_suppressed_total",
        &["reason"],
        50,
        "Alerts not sent, by reason.",
    ),
    gauge(
        "alerts_pending",
        Unit::None,
        &[],
        1,
        "Alerts waiting for delivery.",
    ),
    gauge(
        "alerts_oldest_pending_seconds",
        Unit::Seconds,
        &[],
        1,
        "Age of the alert that has waited longest; 0 when none waits.",
    ),
    gauge(
        "report_last_success_timestamp_seconds",
        Unit::Seconds,
        &[],
        1,
        "When a daily report last reached its recipients, as Unix time.",
    ),
    gauge(
        "report_duration_seconds",
        Unit::Seconds,
        &[],
        1,
        "How long the latest daily report took.",
    ),
    gauge(
        "health_status",
        Unit::None,
        &[],
        1,
        "Health of the service: 0 unhealthy, 0.5 degraded, 1 healthy.",
    ),
    gauge(
        "health_dependency_up",
        Unit::None,
        &["name"],
        200,
        "Health of a dependency: 0 unhealthy, 0.5 degraded, 1 healthy.",
    ),
    gauge(
        "health_dependency_response_seconds",
        Unit::Seconds,
        &["name"],
        200,
        "Time of the dependency's latest check.",
    ),
    counter(
        "log_events_total",
        &["level"],
        10,
        "Log events written, by level.",
    ),
    counter(
        "log_dropped_total",
        &["reason"],
        20,
        "Log events lost, by reason.",
    ),
    gauge(
        "system_cpu_percent",
        Unit::Percent,
        &[],
        1,
        "Use of all processors, in percent.",
    ),
    gauge(
        "system_memory_percent",
        Unit::Percent,
        &[],
        1,
        "Memory in use, in percent.",
    ),
    gauge(
        "system_memory_used_bytes",
        Unit::Bytes,
        &[],
        1,
        "Memory in use.",
    ),
    gauge(
        "system_memory_available_bytes",
        Unit::Bytes,
        &[],
        1,
        "Memory that can be had without swapping.",
    ),
    gauge(
        "system_disk_percent",
        Unit::Percent,
        &[],
        1,
        "Disk space in use, in percent.",
    ),
    gauge(
        "system_disk_used_bytes",
        Unit::Bytes,
        &[],
        1,
        "Disk space in use.",
    ),
    gauge(
        "system_disk_free_bytes",
        Unit::Bytes,
        &[],
        1,
        "Disk space left.",
    ),
    gauge(
        "system_process_count",
        Unit::None,
        &[],
        1,
        "Processes on the machine.",
    ),
    counter(
        "system_network_sent_bytes_total",
        &[],
        1,
        "Bytes sent by all interfaces.",
    )
    .unit(Unit::Bytes),
    counter(
        "system_network_received_bytes_total",
        &[],
        1,
        "Bytes received by all interfaces.",
    )
    .unit(Unit::Bytes),
    gauge(
        "process_cpu_percent",
        Unit::Percent,
        &[],
        1,
        "Use of processors by this process, in percent of one.",
    ),
    gauge(
        "process_memory_percent",
        Unit::Percent,
        &[],
        1,
        "Memory held by this process, in percent of all.",
    ),
    gauge(
        "process_memory_bytes",
        Unit::Bytes,
        &[],
        1,
        "Memory held by this process.",
    ),
    counter(
        "process_cpu_seconds_total",
        &[],
        1,
        "Processor time this process has used.",
    )
    .unit(Unit::Seconds),
    gauge(
        "process_resident_memory_bytes",
        Unit::Bytes,
        &[],
        1,
        "Resident memory of this process.",
    ),
    gauge(
        "process_open_fds",
        Unit::None,
        &[],
        1,
        "Open file descriptors of this process.",
    ),
    gauge(
        "process_threads",
        Unit::None,
        &[],
        1,
        "Threads of this process.",
    ),
    gauge(
        "process_start_time_seconds",
        Unit::Seconds,
        &[],
        1,
        "When this process started, as Unix time.",
    ),
    counter(
        "bongsu_metrics_overflow_total",
        &["metric"],
        2_000,
        "Samples that went past a bound or could not be recorded, by metric.",
    ),
];

/// The catalogue as a table in Markdown, for the documentation.
#[must_use]
pub fn markdown_table() -> String {
    let mut table = String::from(
        "| name | kind | labels | buckets | budget | help |\n|---|---|---|---|---|---|\n",
    );
    for family in CATALOG {
        let labels: Vec<String> = family.labels.iter().map(|l| format!("`{l}`")).collect();
        let buckets: Vec<String> = family.buckets.iter().map(f64::to_string).collect();
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {} | {} |",
            family.name,
            family.kind,
            labels.join(" "),
            buckets.join(" "),
            family.budget,
            family.help,
        );
    }
    table
}
