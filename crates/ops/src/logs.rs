//! The end of the log, read back from the lines as they were written.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::{LogLine, LogQuery, LogSeverity, LoggedErrors};

/// Keys that have a place of their own, or say the same on every line.
const OWN: [&str; 10] = [
    "timestamp",
    "level",
    "logger",
    "message",
    "request_id",
    "trace_id",
    "span_id",
    "service_name",
    "environment",
    "file",
];

/// What counts as lately: long enough to see a rate, short enough to be what is going on.
const LATELY: SignedDuration = SignedDuration::from_mins(5);

/// The lines that match, the newest first; `recent` holds them as they were written, the oldest first.
#[must_use]
pub fn tail(recent: &[String], query: &LogQuery) -> Vec<LogLine> {
    let text = query.text.to_lowercase();
    let lines = recent.iter().rev();
    let lines = lines
        // Before it is parsed: of thousands of lines few are asked for.
        .filter(|line| line.contains(&query.request_id) && line.contains(&query.trace_id))
        .filter(|line| text.is_empty() || line.to_lowercase().contains(&text))
        .map(|line| read(line));
    select(lines, query)
}

/// Of lines that contain the text the ones that match, in the order given.
#[must_use]
pub fn select(lines: impl IntoIterator<Item = LogLine>, query: &LogQuery) -> Vec<LogLine> {
    let mut skip = query.skip;
    let lines = lines.into_iter();
    lines
        .filter(|line| !is_own(line) && is_asked(line, query))
        .filter(|line| {
            let seen = skip > 0 && Some(line.at) == query.until;
            skip -= usize::from(seen);
            !seen
        })
        .take(query.limit)
        .collect()
}

fn is_asked(line: &LogLine, query: &LogQuery) -> bool {
    let is = |wanted: &str, found: &Option<String>| {
        wanted.is_empty() || found.as_deref() == Some(wanted)
    };
    Some(line.severity) >= query.level
        && line.logger.starts_with(&query.target)
        && is(&query.request_id, &line.request_id)
        && is(&query.trace_id, &line.trace_id)
        && query.since.is_none_or(|since| line.at >= since)
        && query.until.is_none_or(|until| line.at <= until)
        && query.field.as_ref().is_none_or(|(name, value)| {
            let mut fields = line.fields.iter();
            fields.any(|(known, held)| known == name && (value.is_empty() || held == value))
        })
}

/// Where the page of older lines begins: the moment of the last one shown, and how many of that moment were
/// shown by then.
#[must_use]
pub fn older(shown: &[LogLine], query: &LogQuery) -> Option<(Timestamp, usize)> {
    let last = shown.last().filter(|_| shown.len() >= query.limit)?.at;
    let same = shown
        .iter()
        .rev()
        .take_while(|line| line.at == last)
        .count();
    let before = if query.until == Some(last) {
        query.skip
    } else {
        0
    };
    Some((last, before + same))
}

/// The errors, by their place in the code, the place of the newest first; at most `most` places.
#[must_use]
pub fn errors(recent: &[String], now: Timestamp, most: usize) -> Vec<LoggedErrors> {
    let mut found: Vec<LoggedErrors> = Vec::new();
    let lines = recent.iter().rev();
    let bad = lines.filter(|line| line.contains("ERROR") || line.contains("CRITICAL"));
    for line in bad.map(|line| read(line)) {
        if line.severity < LogSeverity::Error || is_own(&line) {
            continue;
        }
        let place = line.place.unwrap_or_else(|| line.logger.clone());
        let lately = u64::from(now.duration_since(line.at) < LATELY);
        if let Some(group) = found.iter_mut().find(|group| group.place == place) {
            group.count += 1;
            group.lately += lately;
            group.first = group.first.min(line.at);
        } else if found.len() < most {
            found.push(LoggedErrors {
                place,
                logger: line.logger,
                message: line.message,
                count: 1,
                lately,
                first: line.at,
                last: line.at,
                request_id: line.request_id,
            });
        }
    }
    found
}

/// Whether it only says that somebody looked at operations, as this page does every other second.
fn is_own(line: &LogLine) -> bool {
    line.logger == "operations"
}

fn read(raw: &str) -> LogLine {
    let none = LogLine {
        at: Timestamp::UNIX_EPOCH,
        severity: LogSeverity::Info,
        logger: String::new(),
        message: String::new(),
        request_id: None,
        trace_id: None,
        place: None,
        fields: Vec::new(),
        raw: raw.trim_end().to_owned(),
    };
    let Ok(mut keys) = serde_json::from_str::<Map<String, Value>>(raw) else {
        // The pretty format, for people: shown as it is.
        let message = none.raw.clone();
        return LogLine { message, ..none };
    };
    let mut text = |key: &str| keys.get_mut(key).map(Value::take).map(plain);
    let at = text("timestamp").and_then(|at| at.parse().ok());
    let severity = text("level").and_then(|level| match level.as_str() {
        "WARNING" => Some(LogSeverity::Warn),
        "CRITICAL" => Some(LogSeverity::Error),
        level => LogSeverity::parse(level),
    });
    let (logger, message) = (text("logger"), text("message"));
    let (request_id, trace_id, place) = (text("request_id"), text("trace_id"), text("file"));
    let fields = keys
        .into_iter()
        .filter(|(key, _)| !OWN.contains(&key.as_str()));
    LogLine {
        at: at.unwrap_or(none.at),
        severity: severity.unwrap_or(none.severity),
        logger: logger.unwrap_or_default(),
        message: message.unwrap_or_default(),
        request_id,
        trace_id,
        place,
        fields: fields.map(|(key, value)| (key, plain(value))).collect(),
        ..none
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
        check(
            LogQuery {
                request_id,
                ..all.clone()
            },
            &["order accepted"],
        );
        for (name, value, want) in [
            ("code", "4017", &["order rejected"][..]),
            ("symbol", "", &["order accepted"]),
            ("symbol", "000660", &[]),
            ("endpoint", "/console/logs", &[]),
        ] {
            let field = Some((name.to_owned(), value.to_owned()));
            check(
                LogQuery {
                    field,
                    ..all.clone()
                },
                want,
            );
        }
        let target = "b".to_owned();
        check(
            LogQuery {
                target,
                ..all.clone()
            },
            &["order rejected"],
        );
        let since = Some("2026-05-28T00:01:01Z".parse().unwrap());
        check(
            LogQuery {
                since,
                ..all.clone()
            },
            &["order rejected"],
        );
        let until = Some("2026-05-28T00:01:00Z".parse().unwrap());
        let of_then = ["plain text of another format", "order accepted"];
        check(LogQuery { until, ..all }, &of_then);
        let line = read(&lines[1]);
        assert_eq!(line.fields, [("code".to_owned(), "4017".to_owned())]);
        assert_eq!(line.raw, lines[1]);
        assert_eq!(
            (line.severity, line.logger.as_str()),
            (LogSeverity::Error, "b")
        );
    }

    /// Lines of which several share a moment.
    fn written(count: usize) -> Vec<String> {
        let line = |at: usize| {
            let second = at / 3;
            format!(
                r#"{{"timestamp":"2026-05-28T00:{:02}:{:02}Z","level":"INFO","logger":"a","message":"{at}"}}"#,
                second / 60,
                second % 60
            )
        };
        (0..count).map(line).collect()
    }

    #[test]
    fn every_line_is_on_one_page() {
        let lines = written(100);
        for limit in [1, 2, 3, 4, 7, 50, 100, 101] {
            let mut query = LogQuery {
                limit,
                ..LogQuery::default()
            };
            let mut seen = Vec::new();
            loop {
                let page = tail(&lines, &query);
                seen.extend(page.iter().map(|line| line.message.clone()));
                let Some((until, skip)) = older(&page, &query) else {
                    break;
                };
                (query.until, query.skip) = (Some(until), skip);
            }
            let wanted: Vec<String> = (0..100).rev().map(|at| at.to_string()).collect();
            assert_eq!(seen, wanted, "{limit}");
        }
    }

    #[test]
    fn errors_are_gathered_by_their_place() {
        let line = |second: &str, level: &str, file: &str, message: &str| {
            format!(
                r#"{{"timestamp":"2026-05-28T00:{second}Z","level":"{level}","logger":"l","file":"{file}","message":"{message}"}}"#
            )
        };
        let lines = [
            line("01:00", "ERROR", "src/a.rs:1", "old"),
            line("02:00", "INFO", "src/a.rs:1", "an ERROR in words"),
            line("09:00", "CRITICAL", "src/b.rs:2", "worse"),
            line("10:00", "ERROR", "src/a.rs:1", "new"),
        ];
        let now = "2026-05-28T00:10:30Z".parse().unwrap();
        let found = errors(&lines, now, 10);
        let short: Vec<_> = found
            .iter()
            .map(|it| (it.place.as_str(), it.message.as_str(), it.count, it.lately))
            .collect();
        assert_eq!(
            short,
            [("src/a.rs:1", "new", 2, 1), ("src/b.rs:2", "worse", 1, 1)]
        );
        assert_eq!(found[0].first.to_string(), "2026-05-28T00:01:00Z");
        assert_eq!(errors(&lines, now, 1).len(), 1);
    }
}
