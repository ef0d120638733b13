//! The declarations themselves.

use super::{
    DB_DURATION_BUCKETS, DEFAULT_BUCKETS, FamilySpec, HTTP_DURATION_BUCKETS, Keeps, SIZE_BUCKETS,
    Source, Unit, counter, gauge, histogram,
};
use crate::http::Part;

/// The place of each family in [`CATALOG`]. A test holds names and order together.
#[expect(
    dead_code,
    reason = "a family has its place also where no method records into it"
)]
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
    PortfolioHaltDrawdownPercent,
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
    ServiceMaintenance,
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
    SystemNetworkErrorsTotal,
    SystemNetworkDroppedTotal,
    SystemCpus,
    SystemLoadAverage,
    SystemSwapUsedBytes,
    SystemSwapTotalBytes,
    SystemPressureWaitingSecondsTotal,
    SystemPressureStalledSecondsTotal,
    ContainerCpuPercent,
    ContainerCpuLimitCores,
    ContainerCpuThrottledPercent,
    ContainerCpuThrottledPeriodsTotal,
    ContainerCpuThrottledSecondsTotal,
    ContainerMemoryPercent,
    ContainerMemoryUsedBytes,
    ContainerMemoryLimitBytes,
    ContainerOomKillsTotal,
    ContainerPressureWaitingSecondsTotal,
    ContainerPressureStalledSecondsTotal,
    ProcessCpuPercent,
    ProcessMemoryPercent,
    ProcessMemoryBytes,
    ProcessCpuSecondsTotal,
    ProcessResidentMemoryBytes,
    ProcessOpenFds,
    ProcessMaxFds,
    ProcessThreads,
    ProcessStartTimeSeconds,
    BongsuHttpRequestsTotal,
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
    )
    .source(Source::Info),
    counter(
        "http_requests_total",
        &["endpoint", "method", "status"],
        20_000,
        "HTTP requests answered, by matched route.",
    )
    .source(Source::HttpCounts),
    histogram(
        "http_request_duration_seconds",
        Unit::Seconds,
        &["endpoint", "method"],
        HTTP_DURATION_BUCKETS,
        1_000,
        "Time from the request's head to the response's end.",
    )
    .source(Source::Http(Part::Duration)),
    histogram(
        "http_request_size_bytes",
        Unit::Bytes,
        &["endpoint", "method"],
        SIZE_BUCKETS,
        1_000,
        "Size of request bodies as their length was told beforehand; 0 for a chunked body.",
    )
    .source(Source::Http(Part::RequestSize)),
    histogram(
        "http_response_size_bytes",
        Unit::Bytes,
        &["endpoint", "method"],
        SIZE_BUCKETS,
        1_000,
        "Size of response bodies.",
    )
    .source(Source::Http(Part::ResponseSize)),
    gauge(
        "http_requests_in_flight",
        Unit::None,
        &[],
        1,
        "HTTP requests being answered now.",
    )
    .keeps(Keeps::Balance),
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
    )
    .keeps(Keeps::LevelI64),
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
    )
    .keeps(Keeps::LevelI64),
    gauge(
        "portfolio_drawdown_percent",
        Unit::Percent,
        &[],
        1,
        "Fall from the highest value so far, in percent.",
    ),
    gauge(
        "portfolio_halt_drawdown_percent",
        Unit::Percent,
        &[],
        1,
        "Fall from the highest value so far at which the service halts its trading, in percent.",
    ),
    gauge(
        "value_at_risk_krw",
        Unit::Krw,
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
        "service_maintenance",
        Unit::None,
        &[],
        1,
        "Maintenance under way: 1 while the service is not ready on purpose and nobody is told of alerts, else 0.",
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
    )
    .keeps(Keeps::Raised),
    counter(
        "log_dropped_total",
        &["reason"],
        20,
        "Log events lost, by reason.",
    )
    .keeps(Keeps::Raised),
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
    .keeps(Keeps::Raised)
    .unit(Unit::Bytes),
    counter(
        "system_network_received_bytes_total",
        &[],
        1,
        "Bytes received by all interfaces.",
    )
    .keeps(Keeps::Raised)
    .unit(Unit::Bytes),
    counter(
        "system_network_errors_total",
        &["direction"],
        2,
        "Packets that the interfaces counted as errors, by direction.",
    )
    .keeps(Keeps::Raised),
    counter(
        "system_network_dropped_total",
        &["direction"],
        2,
        "Packets that the interfaces dropped, by direction.",
    )
    .keeps(Keeps::Raised),
    gauge("system_cpus", Unit::None, &[], 1, "Processors."),
    gauge(
        "system_load_average",
        Unit::None,
        &["minutes"],
        3,
        "Processes that ran or wanted to, averaged over 1, 5 and 15 minutes.",
    ),
    gauge(
        "system_swap_used_bytes",
        Unit::Bytes,
        &[],
        1,
        "Swap space in use.",
    ),
    gauge(
        "system_swap_total_bytes",
        Unit::Bytes,
        &[],
        1,
        "Swap space; 0 where there is none.",
    ),
    counter(
        "system_pressure_waiting_seconds_total",
        &["resource"],
        3,
        "Time in which some task waited for the resource (cpu, memory, io).",
    )
    .unit(Unit::Seconds)
    .keeps(Keeps::RaisedF64),
    counter(
        "system_pressure_stalled_seconds_total",
        &["resource"],
        3,
        "Time in which all tasks waited for the resource (cpu, memory, io).",
    )
    .unit(Unit::Seconds)
    .keeps(Keeps::RaisedF64),
    gauge(
        "container_cpu_percent",
        Unit::Percent,
        &[],
        1,
        "Processor use over the container's quota, in percent; only where there is one.",
    ),
    gauge(
        "container_cpu_limit_cores",
        Unit::None,
        &[],
        1,
        "Processors that the container may use; only where that is limited.",
    ),
    gauge(
        "container_cpu_throttled_percent",
        Unit::Percent,
        &[],
        1,
        "Share of the latest scheduling periods in which the container was throttled, in percent.",
    ),
    counter(
        "container_cpu_throttled_periods_total",
        &[],
        1,
        "Scheduling periods in which the container was throttled.",
    )
    .keeps(Keeps::Raised),
    counter(
        "container_cpu_throttled_seconds_total",
        &[],
        1,
        "Time for which the container was throttled.",
    )
    .unit(Unit::Seconds)
    .keeps(Keeps::RaisedF64),
    gauge(
        "container_memory_percent",
        Unit::Percent,
        &[],
        1,
        "Working set over the container's limit, in percent: at 100 the kernel kills. Only where there is one.",
    ),
    gauge(
        "container_memory_used_bytes",
        Unit::Bytes,
        &[],
        1,
        "Working set of the container: its memory without what the page cache can give back.",
    ),
    gauge(
        "container_memory_limit_bytes",
        Unit::Bytes,
        &[],
        1,
        "Memory that the container may use; only where that is limited.",
    ),
    counter(
        "container_oom_kills_total",
        &[],
        1,
        "Processes of the container that the kernel killed for memory.",
    )
    .keeps(Keeps::Raised),
    counter(
        "container_pressure_waiting_seconds_total",
        &["resource"],
        3,
        "Time in which some task of the container waited for the resource (cpu, memory, io).",
    )
    .unit(Unit::Seconds)
    .keeps(Keeps::RaisedF64),
    counter(
        "container_pressure_stalled_seconds_total",
        &["resource"],
        3,
        "Time in which all tasks of the container waited for the resource (cpu, memory, io).",
    )
    .unit(Unit::Seconds)
    .keeps(Keeps::RaisedF64),
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
    .keeps(Keeps::RaisedF64)
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
        "process_max_fds",
        Unit::None,
        &[],
        1,
        "File descriptors that this process may open.",
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
        "bongsu_http_requests_total",
        &["endpoint", "method", "status"],
        500,
        "Requests to what bongsu itself serves: probes, scrapes, console, admin. None of them is in http_*.",
    ),
    counter(
        "bongsu_metrics_overflow_total",
        &["metric"],
        2_000,
        "Samples that went past a bound or could not be recorded, by metric.",
    )
    .source(Source::Overflow),
];
