//! What each part of a service may be asked. A method that a part does not write answers that the service runs
//! without it.

use async_trait::async_trait;
use jiff::civil::Date;
use serde_json::Value;

use crate::{
    AboutAlert, Accepted, ActiveSilence, AlertQuery, AlertRecord, Calls, Channels, EndMaintenance,
    EndSilence, Explained, FiringAlert, LogLevelNow, LogLine, LogQuery, Maintenance,
    MaintenanceNow, MetricFamily, NewAlert, NewMaintenance, NewSilence, OpsError, OpsResult,
    RebuildReports, Rebuilt, Reloaded, Replay, ReportDeliveries, ReportEntry, ReportForm, Route,
    RuleFigure, RuleFigureQuery, Rules, SetLogLevel, Setting, SilencePreview, Snapshot, Tested,
};

/// Alerts, silences and channels.
#[async_trait]
pub trait AlertDesk: Send + Sync + 'static {
    /// What fires.
    async fn firing(&self) -> OpsResult<Vec<FiringAlert>> {
        Err(OpsError::Unavailable("alerts"))
    }

    /// Alerts and what became of them, the newest first.
    async fn history(&self, query: &AlertQuery) -> OpsResult<Vec<AlertRecord>> {
        let _ = query;
        Err(OpsError::Unavailable("alerts"))
    }

    /// Sends an alert, or says that one has ended. Once it is answered, it is stored.
    async fn send(&self, alert: &NewAlert) -> OpsResult<Accepted> {
        let _ = alert;
        Err(OpsError::Unavailable("alerts"))
    }

    /// Notes that somebody knows of a firing alert.
    async fn acknowledge(&self, asked: &AboutAlert) -> OpsResult<()> {
        let _ = asked;
        Err(OpsError::Unavailable("alerts"))
    }

    /// Takes an acknowledgment back: it is repeated and escalated as before.
    async fn unacknowledge(&self, asked: &AboutAlert) -> OpsResult<()> {
        let _ = asked;
        Err(OpsError::Unavailable("alerts"))
    }

    /// What would become of an alert if it were sent now. Nothing is done.
    async fn explain(&self, alert: &NewAlert) -> OpsResult<Explained> {
        let _ = alert;
        Err(OpsError::Unavailable("alerts"))
    }

    /// Says that a firing alert has ended; gives how many deliveries are made of that.
    async fn resolve(&self, asked: &AboutAlert) -> OpsResult<usize> {
        let _ = asked;
        Err(OpsError::Unavailable("alerts"))
    }

    /// The silences that have not ended.
    async fn silences(&self) -> OpsResult<Vec<ActiveSilence>> {
        Err(OpsError::Unavailable("alerts"))
    }

    /// Holds back matching alerts for a time.
    async fn silence(&self, asked: &NewSilence) -> OpsResult<ActiveSilence> {
        let _ = asked;
        Err(OpsError::Unavailable("alerts"))
    }

    /// What a silence would be about. None is made.
    async fn preview_silence(&self, asked: &NewSilence) -> OpsResult<SilencePreview> {
        let _ = asked;
        Err(OpsError::Unavailable("alerts"))
    }

    /// Ends a silence early.
    async fn unsilence(&self, asked: &EndSilence) -> OpsResult<()> {
        let _ = asked;
        Err(OpsError::Unavailable("alerts"))
    }

    /// The maintenance that has not ended.
    async fn maintenance(&self) -> OpsResult<MaintenanceNow> {
        Err(OpsError::Unavailable("alerts"))
    }

    /// Takes the service out of service for a time: it is not ready, and nobody is told of what fires.
    async fn maintain(&self, asked: &NewMaintenance) -> OpsResult<Maintenance> {
        let _ = asked;
        Err(OpsError::Unavailable("alerts"))
    }

    /// What a maintenance would hold back. None begins.
    async fn preview_maintenance(&self, asked: &NewMaintenance) -> OpsResult<SilencePreview> {
        let _ = asked;
        Err(OpsError::Unavailable("alerts"))
    }

    /// Ends the maintenance early: the service is ready if it is otherwise, and what still fires is told.
    async fn end_maintenance(&self, asked: &EndMaintenance) -> OpsResult<()> {
        let _ = asked;
        Err(OpsError::Unavailable("alerts"))
    }

    /// Alert channels with their state, and the counts of the alerting as a whole.
    async fn channels(&self) -> OpsResult<Channels> {
        Err(OpsError::Unavailable("alerts"))
    }

    /// Sends a marked test message over a channel and says what came of it.
    async fn test_channel(&self, channel: &str) -> OpsResult<Tested> {
        let _ = channel;
        Err(OpsError::Unavailable("alerts"))
    }

    /// Reads the file of the configuration again and takes up its rules, silences and least levels; refused
    /// as a whole when anything in it is wrong.
    async fn reload_config(&self) -> OpsResult<Reloaded> {
        Err(OpsError::Unavailable("a configuration file"))
    }

    /// Tries deliveries again that were given up; gives how many.
    async fn replay(&self, asked: &Replay) -> OpsResult<usize> {
        let _ = asked;
        Err(OpsError::Unavailable("alerts"))
    }
}

/// The checks of what the service depends on.
#[async_trait]
pub trait HealthDesk: Send + Sync + 'static {
    /// The service's health with every dependency, whatever the detail policy of `/health` says.
    async fn details(&self) -> OpsResult<Value> {
        Err(OpsError::Unavailable("health checks"))
    }
}

/// The log.
#[async_trait]
pub trait LogDesk: Send + Sync + 'static {
    /// The log's filter in force.
    async fn level(&self) -> OpsResult<LogLevelNow> {
        Err(OpsError::Unavailable("logging"))
    }

    /// Changes the log's filter.
    async fn set_level(&self, asked: &SetLogLevel) -> OpsResult<LogLevelNow> {
        let _ = asked;
        Err(OpsError::Unavailable("logging"))
    }

    /// The last log lines that match, the newest first.
    async fn lines(&self, query: &LogQuery) -> OpsResult<Vec<LogLine>> {
        let _ = query;
        Err(OpsError::Unavailable("logging"))
    }
}

/// The metrics.
#[async_trait]
pub trait MetricDesk: Send + Sync + 'static {
    /// The routes that were asked since the start, each with its last minute.
    async fn routes(&self) -> OpsResult<Vec<Route>> {
        Err(OpsError::Unavailable("metrics"))
    }

    /// The hosts that the service called since the start, each with its last minute.
    async fn calls(&self) -> OpsResult<Vec<Calls>> {
        Err(OpsError::Unavailable("metrics"))
    }

    /// Every metric with at most `samples` samples of each.
    async fn families(&self, samples: usize) -> OpsResult<Vec<MetricFamily>> {
        let _ = samples;
        Err(OpsError::Unavailable("metrics"))
    }
}

/// The reports of a service that trades.
#[async_trait]
pub trait ReportDesk: Send + Sync + 'static {
    /// The kept reports, the newest first.
    async fn archive(&self) -> OpsResult<Vec<ReportEntry>> {
        Err(OpsError::Unavailable("reports"))
    }

    /// A kept report as a whole HTML page, to be shown in a sandbox.
    async fn page(&self, session: Date) -> OpsResult<String> {
        let _ = session;
        Err(OpsError::Unavailable("reports"))
    }

    /// The report of a session as it would be sent; nothing is sent.
    async fn preview(&self, session: Date, form: ReportForm) -> OpsResult<String> {
        let _ = (session, form);
        Err(OpsError::Unavailable("reports"))
    }

    /// What became of each delivery of a session's report.
    async fn deliveries(&self, session: Date) -> OpsResult<ReportDeliveries> {
        let _ = session;
        Err(OpsError::Unavailable("reports"))
    }

    /// Sends the kept report of a session once more to everybody, as it is.
    async fn resend(&self, session: Date) -> OpsResult<ReportDeliveries> {
        let _ = session;
        Err(OpsError::Unavailable("reports"))
    }

    /// Computes the kept positions anew, as after a correction. Nothing is sent.
    async fn rebuild(&self, asked: &RebuildReports) -> OpsResult<Rebuilt> {
        let _ = asked;
        Err(OpsError::Unavailable("reports"))
    }
}

/// The rules in force over the service's own metrics.
#[async_trait]
pub trait RuleDesk: Send + Sync + 'static {
    /// Every rule with what it sees.
    async fn rules(&self) -> OpsResult<Rules> {
        Err(OpsError::Unavailable("rules"))
    }

    /// What one of a rule's alerts is about, as far back as it is remembered; none where the rule compares nothing.
    async fn figure(&self, query: &RuleFigureQuery) -> OpsResult<Option<RuleFigure>> {
        let _ = query;
        Err(OpsError::Unavailable("rules"))
    }

    /// Reads the rule files again and takes them up; refused as a whole when anything in them is wrong.
    async fn reload(&self) -> OpsResult<Reloaded> {
        Err(OpsError::Unavailable("rules"))
    }
}

/// The service as a whole.
#[async_trait]
pub trait ServiceDesk: Send + Sync + 'static {
    /// The first screen's figures now.
    async fn snapshot(&self) -> Snapshot;

    /// The configuration as resolved, secrets masked.
    async fn settings(&self) -> OpsResult<Vec<Setting>> {
        Err(OpsError::Unavailable("a configuration"))
    }
}
