//! The log of the source.

use async_trait::async_trait;
use bongsu_ops::{LogDesk, LogLevelNow, SetLogLevel};
use jiff::{SignedDuration, Timestamp};

use super::FakeSource;
use crate::{LogLevel, LogLine, LogQuery, LogSeverity, LoggedErrors, OpsError};

#[async_trait]
impl LogDesk for FakeSource {
    async fn lines(&self, query: &LogQuery) -> Result<Vec<LogLine>, OpsError> {
        let text = query.text.to_lowercase();
        let lines = logs((self.clock)()).into_iter();
        let said = lines.filter(|line| line.raw.to_lowercase().contains(&text));
        Ok(bongsu_ops::logs::select(said, query))
    }

    async fn set_level(&self, asked: &SetLogLevel) -> Result<LogLevelNow, OpsError> {
        let mut state = self.state();
        state.level = LogLevel {
            directives: asked.level.clone(),
            until: asked.lasts().map(|lasts| (self.clock)() + lasts),
        };
        state.actions.push(format!("level {}", asked.level));
        Ok(LogLevelNow {
            level: asked.level.clone(),
            lasts_seconds: asked.for_seconds,
        })
    }
}

pub(super) fn errors(at: Timestamp, place: &str, message: &str, lately: u64) -> LoggedErrors {
    LoggedErrors {
        place: place.to_owned(),
        logger: "trading::orders".to_owned(),
        message: message.to_owned(),
        count: 12,
        lately,
        first: at - SignedDuration::from_mins(190),
        last: at - SignedDuration::from_secs(40),
        request_id: Some("7f3c9a10-0000-4000-8000-000000000001".to_owned()),
    }
}

/// Where its lines are written.
pub(super) const PLACE: &str = "src/orders.rs:120";

fn logs(at: Timestamp) -> Vec<LogLine> {
    let lines = [
        (LogSeverity::Info, "order accepted", "trading::orders"),
        (
            LogSeverity::Warn,
            "broker answered slowly",
            "trading::broker",
        ),
        (LogSeverity::Info, "request served", "bongsu::http"),
        (
            LogSeverity::Error,
            "order rejected: insufficient margin",
            "trading::orders",
        ),
        (LogSeverity::Debug, "quote refreshed", "trading::market"),
    ];
    (0..200_i64)
        .map(|i| {
            let (severity, message, logger) = lines[(i * i % 11 % 5) as usize];
            LogLine {
                at: at - SignedDuration::from_millis(i * 730),
                severity,
                logger: logger.to_owned(),
                message: message.to_owned(),
                trace_id: None,
                place: Some(PLACE.to_owned()),
                raw: format!(r#"{{"message":"{message}","file":"{PLACE}"}}"#),
                request_id: (i % 3 != 0).then(|| format!("7f3c9a10-0000-4000-8000-{:012}", i / 4)),
                fields: vec![("symbol".to_owned(), "005930".to_owned())],
            }
        })
        .collect()
}
