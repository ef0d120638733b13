//! The end of the log.

use askama::Template;

use super::{Chrome, Place, rendered};
use crate::{Lang, LogLine, LogQuery, LogSeverity, OpsError, format};

/// The page: the lines that `query` found.
#[must_use]
pub fn page(chrome: &Chrome, query: &LogQuery, found: &Result<Vec<LogLine>, OpsError>) -> String {
    rendered(&Page {
        c: chrome.at(Place::Logs),
        l: chrome.lang,
        query,
        severities: LogSeverity::ALL.map(|s| (s.as_str(), query.level == Some(s))),
        rows: found
            .as_ref()
            .map(|lines| lines.iter().map(row).collect())
            .map_err(ToString::to_string),
    })
}

#[derive(Template)]
#[template(path = "logs.html")]
struct Page<'a> {
    c: Chrome,
    l: Lang,
    query: &'a LogQuery,
    severities: [(&'static str, bool); 5],
    rows: Result<Vec<Row<'a>>, String>,
}

struct Row<'a> {
    line: &'a LogLine,
    when: String,
    glyph: &'static str,
}

fn row(line: &LogLine) -> Row<'_> {
    Row {
        line,
        when: format::clock(line.at),
        glyph: match line.severity {
            LogSeverity::Error => "▲",
            LogSeverity::Warn => "●",
            _ => "·",
        },
    }
}
