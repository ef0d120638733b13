//! The answers, as JSON has them.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use serde_json::Value;

use crate::{
    ActiveSilence, AlertDetail, AlertRecord, Calls, DeliveryOutcome, DeliveryRecord, FiringAlert,
    Level, LogLine, ReportEntry, Route, RuleFigure, Setting, Standing,
};

/// The log's filter in force.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LogLevelNow {
    /// The directives.
    pub level: String,
    /// How long until the one before comes back.
    pub lasts_seconds: Option<u64>,
}

/// What fires.
#[derive(Clone, Debug, Serialize)]
pub struct Firing {
    /// Each alert once.
    pub alerts: Vec<FiringAlert>,
}

/// The requests by route and the calls by host, each over the last minute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Requests {
    /// Routes that were asked since the start.
    pub routes: Vec<Route>,
    /// Hosts that were called since the start.
    pub calls: Vec<Calls>,
}

/// Lines of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogLines {
    /// The newest first.
    pub lines: Vec<LogLine>,
}

/// The configuration as resolved.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Settings {
    /// By their variables, secrets masked.
    pub settings: Vec<Setting>,
}

/// The kept reports.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReportArchive {
    /// The newest first.
    pub reports: Vec<ReportEntry>,
}

/// What a rule's alert is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleFigureNow {
    /// None where the rule compares nothing.
    pub figure: Option<RuleFigure>,
}

/// What was.
#[derive(Clone, Debug, Serialize)]
pub struct History {
    /// The newest first.
    pub alerts: Vec<AlertRecord>,
}

/// Silences in force.
#[derive(Clone, Debug, Serialize)]
pub struct Silences {
    /// In no order.
    pub silences: Vec<ActiveSilence>,
}

/// The channels, and the counts of the alerting as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Channels {
    /// One each.
    pub channels: Vec<ChannelState>,
    /// Alerts sent.
    pub total_alerts: u64,
    /// Alerts that fire.
    pub firing: usize,
    /// Deliveries waiting or under way.
    pub pending: usize,
    /// The age of the oldest of them.
    pub oldest_pending_seconds: Option<f64>,
    /// Rules that are switched on.
    pub active_rules: usize,
    /// Rules there are.
    pub total_rules: usize,
    /// Times the store failed.
    pub store_errors: u64,
}

/// A channel's counts, and how it does.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct ChannelState {
    /// Its name.
    pub channel: String,
    /// Deliveries that arrived.
    pub delivered: u64,
    /// Attempts that will be made again.
    pub retried: u64,
    /// Deliveries given up.
    pub dead: u64,
    /// Deliveries held back.
    pub suppressed: u64,
    /// Deliveries told in a digest.
    pub digested: u64,
    /// Deliveries waiting or under way.
    pub pending: usize,
    /// It failed several times in a row and is left alone for a while.
    pub failing: bool,
    /// It says that somebody has to mend it.
    pub broken: bool,
    /// Somebody switched it off.
    pub disabled: bool,
}

/// What became of a test message.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Tested {
    /// The channel.
    pub channel: String,
    /// `delivered`: anything else is an error.
    pub outcome: String,
}

/// Positions that were computed anew.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Rebuilt {
    /// From this date on; everything without it.
    pub from: Option<Date>,
    /// Rows read.
    pub rows: u64,
}

/// Files were read again, and what they say holds: the configuration's with its routes, or those of the rules.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Reloaded {
    /// The file; of the rules what `BONGSU_RULES` says.
    pub file: String,
    /// Rules of it that hold now.
    pub rules: usize,
    /// Its silences.
    pub silences: usize,
    /// What of it is not used, and why.
    pub warnings: Vec<String>,
    /// What of it holds from the next start on.
    pub needs_restart: Vec<String>,
}

/// What became of a report.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReportDeliveries {
    /// The session it is about.
    pub session: Date,
    /// One each recipient.
    pub deliveries: Vec<ReportDelivery>,
}

/// What became of a report for one recipient.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReportDelivery {
    /// The channel.
    pub channel: String,
    /// Who of the channel's.
    pub recipient: String,
    /// Such as `delivered`.
    pub state: String,
    /// Why, where it is not.
    pub reason: Option<String>,
}

#[derive(Serialize)]
struct AlertJson<'a> {
    id: &'a str,
    level: Level,
    kind: &'a str,
    title: &'a str,
    message: &'a str,
    source: &'a str,
    timestamp: Timestamp,
    metadata: &'a BTreeMap<String, Value>,
    tags: &'a [String],
}

impl<'a> AlertJson<'a> {
    fn of(level: Level, [title, message, source]: [&'a str; 3], detail: &'a AlertDetail) -> Self {
        Self {
            id: &detail.id,
            level,
            kind: &detail.kind,
            title,
            message,
            source,
            timestamp: detail.timestamp,
            metadata: &detail.metadata,
            tags: &detail.tags,
        }
    }
}

impl Serialize for FiringAlert {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Json<'a> {
            key: &'a str,
            alert: AlertJson<'a>,
            since: Timestamp,
            count: u64,
            acknowledged_by: Option<&'a str>,
            silenced_until: Option<Timestamp>,
            #[serde(flatten)]
            standing: &'a Standing,
        }
        let texts = [&*self.title, &*self.message, &*self.source];
        let json = Json {
            key: &self.key,
            alert: AlertJson::of(self.level, texts, &self.detail),
            since: self.since,
            count: self.count,
            acknowledged_by: self.acknowledged_by.as_deref(),
            silenced_until: self.silenced_until,
            standing: &self.standing,
        };
        json.serialize(serializer)
    }
}

impl Serialize for AlertRecord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Json<'a> {
            id: &'a str,
            key: &'a str,
            status: &'static str,
            accepted: Timestamp,
            alert: AlertJson<'a>,
            deliveries: &'a [DeliveryRecord],
        }
        let texts = [&*self.title, &*self.message, &*self.source];
        let json = Json {
            id: &self.detail.id,
            key: &self.key,
            status: if self.resolved { "resolved" } else { "firing" },
            accepted: self.at,
            alert: AlertJson::of(self.level, texts, &self.detail),
            deliveries: &self.deliveries,
        };
        json.serialize(serializer)
    }
}

impl Serialize for DeliveryRecord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Json<'a> {
            id: &'a str,
            channel: &'a str,
            target: &'a str,
            state: &'static str,
            reason: &'a str,
            attempts: u32,
            changed: Option<Timestamp>,
        }
        let json = Json {
            id: &self.id,
            channel: &self.channel,
            target: &self.target,
            state: self.outcome.as_str(),
            reason: self.outcome.reason(),
            attempts: self.attempts,
            changed: self.at,
        };
        json.serialize(serializer)
    }
}

impl DeliveryOutcome {
    /// `pending`, `delivered`, `suppressed`, `digested` or `dead`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending(_) => "pending",
            Self::Delivered => "delivered",
            Self::Suppressed(_) => "suppressed",
            Self::Digested => "digested",
            Self::Dead(_) => "dead",
        }
    }

    /// Why; empty where there is nothing to say.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Pending(reason) => reason.as_deref().unwrap_or_default(),
            Self::Suppressed(reason) | Self::Dead(reason) => reason,
            Self::Delivered | Self::Digested => "",
        }
    }
}
