//! The end of the log, read back from the lines as they were written.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{LogLine, LogQuery, LogSeverity};

/// Keys that have a place of their own, or say the same on every line.
const OWN: [&str; 8] = [
    "timestamp",
    "level",
    "logger",
    "message",
    "request_id",
    "service_name",
    "environment",
    "file",
];

/// The lines that match, the newest first; `recent` holds them as they were written, the oldest first.
#[must_use]
pub fn tail(recent: &[String], query: &LogQuery) -> Vec<LogLine> {
    let text = query.text.to_lowercase();
    let lines = recent.iter().rev();
    lines
        // Before it is parsed: of thousands of lines few are asked for.
        .filter(|line| line.contains(&query.request_id))
        .filter(|line| text.is_empty() || line.to_lowercase().contains(&text))
        .map(|line| read(line))
        .filter(|line| {
            !is_own(line)
                && Some(line.severity) >= query.level
                && (query.request_id.is_empty()
                    || line.request_id.as_deref() == Some(&query.request_id))
        })
        .take(query.limit)
        .collect()
}

/// Whether it only says that somebody looked at operations, as this page does every other second.
fn is_own(line: &LogLine) -> bool {
    line.logger == "operations"
}

fn read(line: &str) -> LogLine {
    let Ok(mut keys) = serde_json::from_str::<Map<String, Value>>(line) else {
        // The pretty format, for people: shown as it is.
        return LogLine {
            at: Timestamp::UNIX_EPOCH,
            severity: LogSeverity::Info,
            logger: String::new(),
            message: line.trim_end().to_owned(),
            request_id: None,
            fields: Vec::new(),
        };
    };
    let mut text = |key: &str| keys.get_mut(key).map(Value::take).map(plain);
    let at = text("timestamp").and_then(|at| at.parse().ok());
    let severity = text("level").and_then(|level| match level.as_str() {
        "WARNING" => Some(LogSeverity::Warn),
        "CRITICAL" => Some(LogSeverity::Error),
        level => LogSeverity::parse(level),
    });
    let (logger, message, request_id) = (text("logger"), text("message"), text("request_id"));
    let fields = keys
        .into_iter()
        .filter(|(key, _)| !OWN.contains(&key.as_str()));
    LogLine {
        at: at.unwrap_or(Timestamp::UNIX_EPOCH),
        severity: severity.unwrap_or(LogSeverity::Info),
        logger: logger.unwrap_or_default(),
        message: message.unwrap_or_default(),
        request_id,
        fields: fields.map(|(key, value)| (key, plain(value))).collect(),
    }
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_level_text_and_request() {
        let lines: Vec<String> = [
            r#"{"timestamp":"2026-05-28T00:01:00Z","level":"INFO","logger":"a","message":"order accepted","request_id":"r1","symbol":"005930"}"#,
            r#"{"timestamp":"2026-05-28T00:01:01Z","level":"ERROR","logger":"b","message":"order rejected","request_id":"r2","code":4017}"#,
            r#"{"timestamp":"2026-05-28T00:01:02Z","level":"INFO","logger":"operations","message":"GET /console/logs","endpoint":"/console/logs"}"#,
            "plain text of another format",
        ]
        .map(str::to_owned)
        .to_vec();
        let check = |query: LogQuery, want: &[&str]| {
            let query = LogQuery { limit: 10, ..query };
            let found = tail(&lines, &query);
            let messages: Vec<_> = found.iter().map(|line| line.message.as_str()).collect();
            assert_eq!(messages, want, "{query:?}");
        };
        let all = LogQuery::default();
        check(
            all.clone(),
            &[
                "plain text of another format",
                "order rejected",
                "order accepted",
            ],
        );
        let level = Some(LogSeverity::Warn);
        check(
            LogQuery {
                level,
                ..all.clone()
            },
            &["order rejected"],
        );
        let text = "ACCEPTED".to_owned();
        check(
            LogQuery {
                text,
                ..all.clone()
            },
            &["order accepted"],
        );
        let text = "4017".to_owned();
        check(
            LogQuery {
                text,
                ..all.clone()
            },
            &["order rejected"],
        );
        let request_id = "r1".to_owned();
        check(LogQuery { request_id, ..all }, &["order accepted"]);
        let line = read(&lines[1]);
        assert_eq!(line.fields, [("code".to_owned(), "4017".to_owned())]);
        assert_eq!(
            (line.severity, line.logger.as_str()),
            (LogSeverity::Error, "b")
        );
    }
}
