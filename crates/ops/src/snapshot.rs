//! What the first screen shows, as plain data.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{AlertDetail, Figure, Level, LoggedErrors, Maintenance};

/// Everything on the first screen at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// The moment.
    pub at: Timestamp,
    /// Who speaks.
    pub service: Service,
    /// What the service leans on.
    pub dependencies: Figure<Vec<Dependency>>,
    /// What fires, in any order.
    pub alerts: Figure<Vec<FiringAlert>>,
    /// The maintenance that has not ended.
    pub maintenance: Option<Maintenance>,
    /// Where alerts go.
    pub channels: Figure<Vec<Channel>>,
    /// The requests of the last minute.
    pub http: Http,
    /// The errors in the log that is kept, by their place in the code, the newest first.
    pub errors: Figure<Vec<LoggedErrors>>,
    /// The machine.
    pub host: Usage,
    /// The container's share of the machine, measured against its limits.
    pub container: Usage,
    /// From when on usage is worth a word.
    pub limits: UsageLimits,
    /// How late the async runtime ran what was due at worst in the last minute, milliseconds.
    pub lag_ms: Figure<f64>,
    /// The book.
    pub portfolio: Portfolio,
    /// The exchange.
    pub session: Figure<Session>,
    /// Each venue with its own clock; empty where nothing is known of them.
    pub venues: Vec<VenueSession>,
    /// The daily report.
    pub reports: Reports,
    /// The log level in force.
    pub log_level: Figure<LogLevel>,
}

impl Snapshot {
    /// A snapshot in which everything but the service is missing.
    #[must_use]
    pub fn new(at: Timestamp, service: Service) -> Self {
        Self {
            at,
            service,
            dependencies: Figure::default(),
            alerts: Figure::default(),
            maintenance: None,
            channels: Figure::default(),
            http: Http::default(),
            errors: Figure::default(),
            host: Usage::default(),
            container: Usage::default(),
            limits: UsageLimits::default(),
            lag_ms: Figure::default(),
            portfolio: Portfolio::default(),
            session: Figure::default(),
            venues: Vec::new(),
            reports: Reports::default(),
            log_level: Figure::default(),
        }
    }
}

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it runs, such as `production`.
    pub environment: String,
    /// How long it has run.
    #[serde(rename = "uptime_seconds", serialize_with = "seconds")]
    pub uptime: Duration,
}

fn seconds<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}

/// How a dependency does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It answers.
    Healthy,
    /// No result yet, or none that is recent enough.
    Unknown,
    /// It answers badly.
    Degraded,
    /// It does not answer.
    Unhealthy,
}

/// Something the service leans on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dependency {
    /// Its name; its latency is kept in the history under it.
    pub name: String,
    /// What kind of thing, such as `database`.
    pub kind: String,
    /// How it does.
    pub status: Status,
    /// Without it the service cannot work.
    pub required: bool,
    /// The last response, in milliseconds.
    pub latency_ms: Figure<f64>,
    /// Since when it has had this status.
    pub since: Figure<Timestamp>,
    /// What its last check said.
    pub message: Option<String>,
}

/// An alert that fires.
#[derive(Debug, Clone, PartialEq)]
pub struct FiringAlert {
    /// What it goes by.
    pub key: String,
    /// How bad.
    pub level: Level,
    /// In a line.
    pub title: String,
    /// At more length.
    pub message: String,
    /// Who raised it.
    pub source: String,
    /// When it began.
    pub since: Timestamp,
    /// How often it was sent.
    pub count: u64,
    /// Who knows.
    pub acknowledged_by: Option<String>,
    /// Until when it is silenced.
    pub silenced_until: Option<Timestamp>,
    /// What the rest of it says.
    pub detail: AlertDetail,
    /// Who was told, and what holds it back.
    pub standing: Standing,
}

/// How a firing alert stands with those whom it is for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Standing {
    /// The channels that were told.
    pub channels: Vec<String>,
    /// When somebody was first told of it at this level.
    pub told_at: Option<Timestamp>,
    /// Why nobody is told at present, such as `silence`.
    pub held: Option<String>,
    /// Until when, if that ends by itself.
    pub held_until: Option<Timestamp>,
    /// When it was acknowledged.
    pub acknowledged_at: Option<Timestamp>,
    /// When it ends if it is not repeated; none for what lasts until it is told to be over.
    pub ends: Option<Timestamp>,
    /// Where it is written what to do: a URL, or the name of a runbook.
    pub runbook: Option<String>,
}

/// Where alerts go.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Deliveries waiting or under way.
    pub queued: u64,
    /// Deliveries that arrived.
    pub delivered: u64,
    /// Deliveries given up.
    pub dead: u64,
    /// When the last one arrived.
    pub last_success: Figure<Timestamp>,
    /// Whether it is used.
    pub breaker: Breaker,
}

/// Whether a channel is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// It is.
    Closed,
    /// It failed several times in a row and is left alone for a while.
    Open,
    /// It says that somebody has to mend it.
    Broken,
    /// Somebody switched it off.
    Disabled,
}

/// The requests of the last minute.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Http {
    /// Requests a second.
    pub requests_per_second: Figure<f64>,
    /// Share answered with 5xx, 0 to 1.
    pub error_ratio: Figure<f64>,
    /// Median duration, milliseconds.
    pub p50_ms: Figure<f64>,
    /// 95th percentile, milliseconds.
    pub p95_ms: Figure<f64>,
    /// 99th percentile, milliseconds.
    pub p99_ms: Figure<f64>,
    /// Requests under way.
    pub in_flight: Figure<u64>,
}

/// CPU, memory and disk in use.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Usage {
    /// Busy share of the CPUs, percent.
    pub cpu_percent: Figure<f64>,
    /// Share of memory in use, percent.
    pub memory_percent: Figure<f64>,
    /// Memory in use, bytes.
    pub memory_used_bytes: Figure<u64>,
    /// Memory there is, bytes.
    pub memory_total_bytes: Figure<u64>,
    /// Share of the disk in use, percent.
    pub disk_percent: Figure<f64>,
    /// Disk still free, bytes.
    pub disk_free_bytes: Figure<u64>,
}

/// From when on usage is worth a word: warning and critical, percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct UsageLimits {
    /// For CPU.
    pub cpu: (f64, f64),
    /// For memory.
    pub memory: (f64, f64),
    /// For disk.
    pub disk: (f64, f64),
}

impl Default for UsageLimits {
    /// The defaults of the resource thresholds.
    fn default() -> Self {
        Self {
            cpu: (70.0, 90.0),
            memory: (80.0, 95.0),
            disk: (85.0, 95.0),
        }
    }
}

/// The book.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Portfolio {
    /// What it is worth, won.
    pub value_krw: Figure<i64>,
    /// Loss from the last high, percent, as a positive number.
    pub drawdown_percent: Figure<f64>,
    /// Drawdown at which trading halts, percent, where the service says that it does.
    pub halt_percent: Option<f64>,
    /// Gain or loss of the day, won.
    pub day_pnl_krw: Figure<i64>,
    /// The same against the value at the last close, percent.
    pub day_pnl_percent: Figure<f64>,
    /// Open positions.
    pub positions: Figure<u64>,
    /// Realised gain or loss by symbol, in any order; what is held of it is another matter.
    pub symbols: Vec<SymbolPnl>,
    /// The day's orders by what became of them, where the service counts them.
    pub trades: Option<Trades>,
    /// What was held at the last close of which a report is kept.
    pub held: Option<Held>,
}

/// Orders since a moment, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Trades {
    /// The beginning of the day in Korea, or of the service when that was later.
    pub since: Timestamp,
    /// All.
    pub orders: u64,
    /// Those that were filled.
    pub fills: u64,
    /// Those that were refused or failed.
    pub rejects: u64,
}

/// What was held at a close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The session that closed.
    pub session: jiff::civil::Date,
    /// The greatest first.
    pub positions: Vec<Position>,
    /// How many more there were.
    pub omitted: usize,
}

/// What was held of one symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The ticker.
    pub symbol: String,
    /// The name of what it stands for, if known.
    pub name: Option<String>,
    /// Shares, as a decimal number.
    pub quantity: String,
    /// What it was worth, won.
    pub value_krw: Option<i64>,
}

/// Realised gain or loss of one symbol since the books began.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SymbolPnl {
    /// The ticker.
    pub symbol: String,
    /// The name of what it stands for, if known.
    pub name: Option<String>,
    /// Won.
    pub pnl_krw: i64,
}

/// What the exchange does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Session {
    /// What it does now.
    pub state: SessionState,
    /// When that changes.
    pub changes_at: Timestamp,
    /// When the running stretch began: the countdown's other end.
    pub began_at: Option<Timestamp>,
}

/// What a venue does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VenueSession {
    /// Its short name, such as `KRX`.
    pub venue: String,
    /// The part of its day that the state is about: `pre`, `regular`, `auction`, `off-hours`, `after`.
    pub phase: String,
    /// What it does now, and when that changes.
    #[serde(flatten)]
    pub session: Session,
}

/// What the exchange does now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// It trades; the change is the close.
    Open,
    /// It will open today; the change is the opening.
    BeforeOpen,
    /// It has closed; the change is the next session's opening.
    Closed,
    /// It rests, for this reason; the change is the next session's opening.
    Holiday(String),
}

/// The daily report.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Reports {
    /// When the next is due.
    pub next: Figure<Timestamp>,
    /// The last one.
    pub last: Figure<LastReport>,
}

/// The last report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastReport {
    /// The session it is about.
    pub session: jiff::civil::Date,
    /// When it was made.
    pub at: Timestamp,
    /// What failed, when something did.
    pub problem: Option<String>,
}

/// The log level in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLevel {
    /// The directives.
    pub directives: String,
    /// When the configured level comes back.
    pub until: Option<Timestamp>,
}
