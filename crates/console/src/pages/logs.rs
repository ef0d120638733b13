//! The log, newest first, page by page.

use std::fmt;

use askama::{Template, filters::HtmlSafe};
use bongsu_ops::logs;
use jiff::Timestamp;

use super::{Chrome, Place, rendered};
use crate::{Lang, LogLine, LogQuery, LogSeverity, OpsError, format};

/// Fields that a row shows; the line as a whole has them all.
const MOST_FIELDS: usize = 8;
/// Fields that may have a column.
const MOST_COLUMNS: usize = 6;
/// Most bytes of a field in a row, and of what a line says.
const MOST_VALUE: usize = 120;
const MOST_MESSAGE: usize = 1_000;
/// Most bytes of a line as it was written; a download has the rest.
const MOST_RAW: usize = 6_000;
/// Most bytes of the rows: with its style sheet and script a page stays under 100 KB.
const MOST_BYTES: usize = 52_000;
/// Characters of an id that is a link.
const MOST_ID: usize = 8;

/// The page: the lines that `query` found, as many as its weight allows.
#[must_use]
pub fn page(
    chrome: &Chrome,
    query: &LogQuery,
    columns: &[&str],
    found: &Result<Vec<LogLine>, OpsError>,
) -> String {
    let field = match &query.field {
        Some((name, value)) if value.is_empty() => name.clone(),
        Some((name, value)) => format!("{name}={value}"),
        None => String::new(),
    };
    let rows = found.as_ref().map(|lines| fit(lines, columns, chrome.lang));
    let older = rows.as_ref().ok().zip(found.as_ref().ok());
    let older = older.and_then(|(rows, lines)| {
        let query = match rows.len() < lines.len() {
            true => &LogQuery {
                limit: rows.len(),
                ..query.clone()
            },
            false => query,
        };
        logs::older(&lines[..rows.len()], query)
    });
    let newest = found.as_ref().ok().and_then(|lines| lines.first());
    let columns_text = columns.join(",");
    let asked = Asked {
        query,
        field: &field,
        columns: &columns_text,
    };
    // What happened in one request is read from its beginning.
    let from_oldest = !(query.request_id.is_empty() && query.trace_id.is_empty());
    let all = LogQuery {
        limit: query.limit,
        ..LogQuery::default()
    };
    let moment = |at: Option<Timestamp>| at.map(format::moment).unwrap_or_default();
    rendered(&Page {
        c: chrome.at(Place::Logs),
        l: chrome.lang,
        severities: LogSeverity::ALL.map(|s| (s.as_str(), query.level == Some(s))),
        is_more: from_oldest || query.since.is_some() || query.until.is_some() && query.skip == 0,
        is_filtered: *query != all,
        is_paused: query.until.is_some(),
        since: moment(query.since),
        until: moment(query.until),
        first: asked.address("/console/logs", None),
        pause: asked.address("/console/logs", newest.map(|line| (line.at, 0))),
        download: asked.address(
            "/console/logs.jsonl",
            query.until.map(|at| (at, query.skip)),
        ),
        older: older.map(|place| asked.address("/console/logs", Some(place))),
        rows: match rows {
            Ok(mut rows) => {
                if from_oldest {
                    rows.reverse();
                }
                Ok(rows)
            }
            Err(why) => Err(why.to_string()),
        },
        from_oldest,
        columns,
        columns_text: &columns_text,
        field: &field,
        query,
    })
}

impl LogAsked<'_> {
    /// The fields that have a column of their own.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        let names = self
            .columns
            .split([',', ' '])
            .filter(|name| !name.is_empty());
        let mut columns: Vec<&str> = Vec::new();
        for name in names {
            if columns.len() < MOST_COLUMNS && !columns.contains(&name) {
                columns.push(name);
            }
        }
        columns
    }

    /// The query of a page's address; what cannot be read is left out.
    #[must_use]
    pub fn query(&self, limit: usize) -> LogQuery {
        let field = self.field.trim();
        let field = field.split_once('=').unwrap_or((field, ""));
        LogQuery {
            level: LogSeverity::parse(self.level),
            text: self.text.to_owned(),
            target: self.target.trim().to_owned(),
            field: (!field.0.is_empty()).then(|| (field.0.to_owned(), field.1.to_owned())),
            request_id: self.request_id.trim().to_owned(),
            trace_id: self.trace_id.trim().to_owned(),
            since: format::parse_moment(self.since),
            until: format::parse_moment(self.until),
            skip: self.skip.parse().unwrap_or(0),
            limit,
        }
    }
}

/// The parts of a page's address, as they came.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogAsked<'a> {
    /// At least as bad.
    pub level: &'a str,
    /// The line contains it.
    pub text: &'a str,
    /// Who wrote it begins so.
    pub target: &'a str,
    /// `name=value`, or a name alone.
    pub field: &'a str,
    /// The request.
    pub request_id: &'a str,
    /// The trace.
    pub trace_id: &'a str,
    /// Not before: an instant, or a time in Korea.
    pub since: &'a str,
    /// Not after.
    pub until: &'a str,
    /// Lines of the moment `until` that were seen.
    pub skip: &'a str,
    /// Fields that have a column of their own, between commas.
    pub columns: &'a str,
}

/// What was asked, for the addresses of the pages beside this one.
struct Asked<'a> {
    query: &'a LogQuery,
    field: &'a str,
    columns: &'a str,
}

impl Asked<'_> {
    /// The same lines, from a place on; the newest without one.
    fn address(&self, page: &str, from: Option<(Timestamp, usize)>) -> String {
        let q = self.query;
        let level = q.level.map(LogSeverity::as_str).unwrap_or_default();
        let since = q.since.map(|at| at.to_string()).unwrap_or_default();
        let mut address = page.to_owned();
        let mut joint = '?';
        for (name, value) in [
            ("level", level),
            ("q", &q.text),
            ("target", &q.target),
            ("field", self.field),
            ("request_id", &q.request_id),
            ("trace_id", &q.trace_id),
            ("since", &since),
            ("columns", self.columns),
        ] {
            if !value.is_empty() {
                address.push_str(&format!("{joint}{name}={}", format::query(value)));
                joint = '&';
            }
        }
        if let Some((until, skip)) = from {
            let until = format::query(&until.to_string());
            address.push_str(&format!("{joint}until={until}&skip={skip}"));
        }
        address
    }
}

#[derive(Template)]
#[template(path = "logs.html")]
struct Page<'a> {
    c: Chrome,
    l: Lang,
    query: &'a LogQuery,
    field: &'a str,
    severities: [(&'static str, bool); 5],
    is_more: bool,
    is_filtered: bool,
    is_paused: bool,
    since: String,
    until: String,
    first: String,
    pause: String,
    download: String,
    older: Option<String>,
    rows: Result<Vec<String>, String>,
    from_oldest: bool,
    columns: &'a [&'a str],
    columns_text: &'a str,
}

/// The rows that a page has room for, one at least.
fn fit(lines: &[LogLine], columns: &[&str], l: Lang) -> Vec<String> {
    let mut room = MOST_BYTES;
    let mut rows = Vec::new();
    for line in lines {
        let row = rendered(&row(line, columns, l));
        if !rows.is_empty() && row.len() > room {
            break;
        }
        room = room.saturating_sub(row.len());
        rows.push(row);
    }
    rows
}

#[derive(Template)]
#[template(path = "log_row.html")]
struct Row<'a> {
    l: Lang,
    line: &'a LogLine,
    when: String,
    glyph: &'static str,
    /// Names and values; whether all of the value is shown, so that it can be looked for.
    shown: Vec<(&'a str, &'a str, bool)>,
    /// What stands in the columns.
    cells: Vec<&'a str>,
    message: &'a str,
    raw: Written<'a>,
    /// More was written than a page shows: where the whole of it is.
    rest: Option<String>,
}

/// A line as it was written. In text a quote needs no escape, and a line has dozens.
struct Written<'a>(&'a str);

impl HtmlSafe for Written<'_> {}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.0.split_inclusive(['<', '>', '&']);
        parts.try_for_each(|part| {
            let (text, escape) = match part.as_bytes().last() {
                Some(b'<') => (&part[..part.len() - 1], "&lt;"),
                Some(b'>') => (&part[..part.len() - 1], "&gt;"),
                Some(b'&') => (&part[..part.len() - 1], "&amp;"),
                _ => (part, ""),
            };
            f.write_str(text)?;
            f.write_str(escape)
        })
    }
}

/// What every request's line says, or says twice: it is in the line as a whole.
fn is_noise(line: &LogLine, name: &str, value: &str) -> bool {
    match name {
        "request_bytes" | "response_bytes" | "metric_type" => true,
        "aborted" => value == "false",
        "method" | "endpoint" | "path" => line.message.contains(value),
        _ => false,
    }
}

fn row<'a>(line: &'a LogLine, columns: &[&str], l: Lang) -> Row<'a> {
    let fields = line.fields.iter();
    let fields = fields
        .filter(|(name, value)| !columns.contains(&name.as_str()) && !is_noise(line, name, value));
    let fields = fields.take(MOST_FIELDS);
    let cell = |wanted: &&str| {
        let found = line.fields.iter().find(|(name, _)| name == wanted);
        found.map_or("", |(_, value)| bongsu_text::cut(value, MOST_VALUE))
    };
    let raw = bongsu_text::cut(&line.raw, MOST_RAW);
    let at = format::query(&line.at.to_string());
    Row {
        l,
        message: bongsu_text::cut(&line.message, MOST_MESSAGE),
        raw: Written(raw),
        rest: (raw.len() < line.raw.len())
            .then(|| format!("/console/logs.jsonl?since={at}&until={at}")),
        line,
        cells: columns.iter().map(cell).collect(),
        when: format::clock(line.at),
        glyph: match line.severity {
            LogSeverity::Error => "▲",
            LogSeverity::Warn => "●",
            _ => "·",
        },
        shown: fields
            .map(|(name, value)| {
                let shown = bongsu_text::cut(value, MOST_VALUE);
                (name.as_str(), shown, shown.len() == value.len())
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_what_it_was_made_of() {
        let query = LogQuery {
            level: Some(LogSeverity::Warn),
            text: "a&b=c <é>".to_owned(),
            target: "trading::".to_owned(),
            field: Some(("symbol".to_owned(), "005930".to_owned())),
            request_id: "r 1".to_owned(),
            since: Some("2026-05-28T00:00:00Z".parse().unwrap()),
            ..LogQuery::default()
        };
        let asked = Asked {
            query: &query,
            field: "symbol=005930",
            columns: "side,price",
        };
        let until = "2026-05-28T00:01:02.003Z".parse().unwrap();
        assert_eq!(
            asked.address("/console/logs", Some((until, 2))),
            "/console/logs?level=warn&q=a%26b%3Dc%20%3C%C3%A9%3E&target=trading%3A%3A\
             &field=symbol%3D005930&request_id=r%201&since=2026-05-28T00%3A00%3A00Z&columns=side%2Cprice\
             &until=2026-05-28T00%3A01%3A02.003Z&skip=2"
        );
        let again = LogAsked {
            level: "warn",
            text: "a&b=c <é>",
            target: "trading::",
            field: "symbol=005930",
            request_id: "r 1",
            // As the field of the form gives it.
            since: "2026-05-28T09:00",
            until: "never",
            ..LogAsked::default()
        };
        assert_eq!(again.query(0), query);
        let columns = LogAsked {
            columns: " side, price,,side a b c d e",
            ..LogAsked::default()
        };
        assert_eq!(columns.columns(), ["side", "price", "a", "b", "c", "d"]);
    }
}
