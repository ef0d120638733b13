//! What an operator looks at besides the first screen.

use std::{collections::BTreeMap, time::Duration};

use jiff::{Timestamp, civil::Date};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::Level;

/// Which alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertQuery {
    /// At least as bad.
    pub level: Option<Level>,
    /// Title, key or source contain it, whatever the case; empty for all.
    pub text: String,
    /// How far back from now.
    pub back: Duration,
    /// At most so many.
    pub limit: usize,
}

/// What an alert says beside its level, title, message and source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlertDetail {
    /// Its id.
    pub id: String,
    /// What kind of thing, such as `resource`.
    pub kind: String,
    /// When it happened, as its source says.
    pub timestamp: Timestamp,
    /// Facts.
    pub metadata: BTreeMap<String, Value>,
    /// Labels for routing.
    pub tags: Vec<String>,
}

/// An alert and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRecord {
    /// When it was accepted.
    pub at: Timestamp,
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
    /// The end of an alert rather than its beginning.
    pub resolved: bool,
    /// What the rest of it says.
    pub detail: AlertDetail,
    /// What became of it on each channel.
    pub deliveries: Vec<DeliveryRecord>,
}

/// What became of an alert on one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryRecord {
    /// Its id.
    pub id: String,
    /// The channel.
    pub channel: String,
    /// Whom of the channel's it goes to.
    pub target: String,
    /// What became of it.
    pub outcome: DeliveryOutcome,
    /// Attempts so far.
    pub attempts: u32,
    /// When that was.
    pub at: Option<Timestamp>,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// It waits or is under way; the last failure, if any.
    Pending(Option<String>),
    /// The far side took it.
    Delivered,
    /// It was held back, for this reason.
    Suppressed(String),
    /// It was told in a digest.
    Digested,
    /// It was given up, for this reason.
    Dead(String),
}

/// Which log lines: those for which everything given holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// At least as bad.
    pub level: Option<LogSeverity>,
    /// The line contains it, whatever the case; empty for all.
    pub text: String,
    /// Who wrote it begins so, such as `trading::`; empty for all.
    pub target: String,
    /// A field of the event and what it holds; nothing there, whatever it holds.
    pub field: Option<(String, String)>,
    /// Only lines of this request; empty for all.
    pub request_id: String,
    /// Only lines of this trace; empty for all.
    pub trace_id: String,
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Not after this moment.
    pub until: Option<Timestamp>,
    /// So many of the moment `until` were seen already: the page before ended among them.
    pub skip: usize,
    /// At most so many.
    pub limit: usize,
}

/// How bad a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogSeverity {
    /// Every step.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// What happens.
    Info,
    /// What should not.
    Warn,
    /// What went wrong.
    Error,
}

impl LogSeverity {
    /// All, the least first.
    pub const ALL: [Self; 5] = [
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warn,
        Self::Error,
    ];

    /// The word in logs and query strings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The severity of that word, whatever the case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| word.eq_ignore_ascii_case(severity.as_str()))
    }
}

/// A log line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// How bad.
    #[serde(rename = "level")]
    pub severity: LogSeverity,
    /// Who wrote it, such as `trading::orders`.
    pub logger: String,
    /// What it says.
    pub message: String,
    /// The request it belongs to.
    pub request_id: Option<String>,
    /// The trace it belongs to.
    pub trace_id: Option<String>,
    /// Where in the code it was written, such as `src/orders.rs:120`.
    pub place: Option<String>,
    /// The event's own fields.
    #[serde(serialize_with = "by_name")]
    pub fields: Vec<(String, String)>,
    /// The line as it was written.
    pub raw: String,
}

fn by_name<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// Errors that one place in the code logged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoggedErrors {
    /// The place, such as `src/orders.rs:120`; who wrote them where none is known.
    pub place: String,
    /// Who wrote them.
    pub logger: String,
    /// What the newest says.
    pub message: String,
    /// How many are kept.
    pub count: u64,
    /// How many of them are of the last five minutes.
    pub lately: u64,
    /// When the first was.
    pub first: Timestamp,
    /// When the newest was.
    pub last: Timestamp,
    /// The request of the newest.
    pub request_id: Option<String>,
}

/// The requests of one route over the last minute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Route {
    /// The method.
    pub method: String,
    /// The route's pattern, such as `/orders/{id}`.
    pub endpoint: String,
    /// How they did.
    #[serde(flatten)]
    pub http: crate::Http,
}

/// The calls that the service made to one host over the last minute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calls {
    /// The host, or the name that the service's code gives it.
    pub host: String,
    /// The method.
    pub method: String,
    /// How they did; none of them counts as under way.
    #[serde(flatten)]
    pub http: crate::Http,
}

/// A metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricFamily {
    /// Its name.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// What it means.
    pub help: String,
    /// The names of its labels.
    pub labels: Vec<String>,
    /// What it says now.
    pub samples: Vec<MetricSample>,
    /// Samples that are left out here.
    pub omitted: usize,
}

/// A sample of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSample {
    /// What follows the family's name, such as `_count`; mostly empty.
    pub suffix: String,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Its value.
    pub value: f64,
}

/// A kept report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportEntry {
    /// The session it is about.
    pub session: Date,
    /// When it was made.
    pub at: Option<Timestamp>,
    /// Who got it, and what became of it.
    #[serde(serialize_with = "by_name")]
    pub deliveries: Vec<(String, String)>,
    /// What failed, when something did.
    pub problem: Option<String>,
    /// Whether its page can be shown.
    pub page: bool,
}

/// One setting as resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The variable.
    pub name: String,
    /// Its value, masked when secret; none when unset.
    pub value: Option<String>,
    /// It is not the default.
    pub set: bool,
    /// What it is for.
    pub help: crate::Words,
    /// What it belongs to, such as the log.
    pub group: crate::Words,
}
