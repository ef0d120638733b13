//! Any stretch of the last 24 hours: figures against axes, and what happened meanwhile.

mod charts;
mod columns;
mod happened;
mod lead;

use std::time::Duration;

use askama::Template;
use jiff::Timestamp;

pub use self::lead::Lead;
use self::{
    charts::{Chart, charts},
    happened::{Happened, happened},
};
use super::{Chrome, Place, alert::address, overview::covered, rendered};
use crate::{
    AlertRecord, Lang, OpsError, Snapshot, format,
    history::{RESOLUTION, SLOTS, Trend},
};

/// Columns of a chart, where there are as many samples.
const COLUMNS: u64 = 90;
/// The stretches that lie a click away.
const SPANS: [(&str, u64); 4] = [
    ("15m", 15 * 60),
    ("1h", 3_600),
    ("6h", 6 * 3_600),
    ("24h", 24 * 3_600),
];

/// A stretch of the last 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Its end.
    pub until: Timestamp,
    /// Its length.
    pub span: Duration,
    /// It ends now, whenever that is, and its page is read again by itself.
    pub follows: bool,
}

impl Range {
    /// What an address asks for: `range` is `15m`, `1h`, `6h` or `24h`; `since` and `until` are instants, or times
    /// in Korea. What lies outside the last 24 hours is left out, and what cannot be read is not there: the last hour.
    ///
    /// ```
    /// use bongsu_console::pages::trends::Range;
    ///
    /// let now = "2026-05-28T03:00:00Z".parse()?;
    /// let opening = Range::asked(now, "", "2026-05-28T08:50", "2026-05-28T09:20");
    /// assert_eq!(opening.span.as_secs(), 30 * 60);
    /// assert!(!opening.follows && Range::asked(now, "6h", "", "").follows);
    /// # Ok::<(), jiff::Error>(())
    /// ```
    #[must_use]
    pub fn asked(now: Timestamp, range: &str, since: &str, until: &str) -> Self {
        let found = SPANS.iter().find(|(word, _)| *word == range);
        let span = Duration::from_secs(found.map_or(3_600, |(_, seconds)| *seconds));
        let [since, until] = [since, until].map(format::parse_moment);
        if since.is_none() && until.is_none() {
            return Self {
                until: now,
                span,
                follows: true,
            };
        }
        let oldest = now - RESOLUTION * SLOTS as u32;
        let until = until.unwrap_or(now).clamp(oldest + RESOLUTION, now);
        let since = since.unwrap_or_else(|| until.max(oldest + span) - span);
        Self {
            until,
            span: format::between(since.clamp(oldest, until), until).max(RESOLUTION),
            follows: false,
        }
    }

    /// The same, where nothing was asked for and the oldest figure is `known` old: a service that is young has no
    /// empty charts.
    #[must_use]
    pub fn of_a_service(self, known: Duration, is_asked: bool) -> Self {
        if is_asked || !self.follows {
            return self;
        }
        // The oldest may be older by what lies between two samples.
        let (span, _) = covered(self.span, known + RESOLUTION);
        Self { span, ..self }
    }

    /// Its beginning.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.until - self.span
    }

    /// How many columns its charts have.
    #[must_use]
    pub fn columns(&self) -> usize {
        (self.span.as_secs() / RESOLUTION.as_secs()).clamp(2, COLUMNS) as usize
    }

    fn column(&self, at: Timestamp) -> Option<usize> {
        let back = Duration::try_from(self.until.duration_since(at)).ok()?;
        let columns = self.columns();
        let from_right = (back.as_secs_f64() / self.span.as_secs_f64() * columns as f64) as usize;
        (columns - 1).checked_sub(from_right)
    }
}

/// What the page shows.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The stretch.
    pub range: Range,
    /// Only charts with this in their name; empty for all.
    pub text: &'a str,
    /// The limits of usage come from it.
    pub now: &'a Snapshot,
    /// The stretch's figures, in [`Range::columns`].
    pub trend: &'a Trend,
    /// The alert that leads here.
    pub lead: Option<&'a Lead>,
    /// What was sent in it, the newest first.
    pub alerts: &'a Result<Vec<AlertRecord>, OpsError>,
}

/// The page.
#[must_use]
pub fn page(chrome: &Chrome, subject: &Subject<'_>) -> String {
    let (l, range) = (chrome.lang, subject.range);
    let (happened, more) = happened(subject, l);
    let (mut marks, mut told) = (Vec::new(), String::new());
    for it in &happened {
        if let Some(column) = range.column(it.at) {
            let words = it.words.replace(['\n', '\t'], " ");
            told.push_str(&format!("{column}\t{} {words}\n", it.glyph));
            marks.push((column, it.class));
        }
    }
    let all = charts(subject, &marks, l).into_iter();
    let (charts, silent): (Vec<_>, Vec<_>) = all.partition(|chart| chart.picture.is_some());
    let silent = silent.into_iter().map(|chart| chart.name).collect();
    rendered(&Page {
        c: chrome.at(Place::Trends),
        l,
        range,
        text: subject.text,
        lead: subject.lead.map(|lead| (address(&lead.key), lead)),
        spans: spans(range, l),
        since: format::moment(range.since()),
        until: format::moment(range.until),
        clocks: clocks(range),
        end: range.until.as_millisecond(),
        step: range.span.as_millis() as u64 / range.columns() as u64,
        told,
        silent,
        charts,
        happened,
        more,
        alerts: subject.alerts.as_ref().err().map(ToString::to_string),
    })
}

#[derive(Template)]
#[template(path = "trends.html")]
struct Page<'a> {
    c: Chrome,
    l: Lang,
    range: Range,
    text: &'a str,
    /// The alert that leads here: its address, its title, and whether there is a figure of it.
    lead: Option<(String, &'a Lead)>,
    spans: Vec<Span>,
    since: String,
    until: String,
    /// Times under a chart, from left to right.
    clocks: Vec<String>,
    /// The end in milliseconds since 1970, and the milliseconds of a column, for the read-out.
    end: i64,
    step: u64,
    /// What happened, by column, for the read-out.
    told: String,
    charts: Vec<Chart>,
    /// Charts of which there is nothing in the stretch.
    silent: Vec<String>,
    happened: Vec<Happened>,
    more: usize,
    alerts: Option<String>,
}

struct Span {
    word: &'static str,
    name: String,
    here: bool,
}

/// The stretches that lie a click away; of a young service what there is of it, too.
fn spans(range: Range, l: Lang) -> Vec<Span> {
    let is = |seconds: u64| range.follows && range.span.as_secs() == seconds;
    let known = SPANS.iter().any(|(_, seconds)| is(*seconds));
    let so_far = Span {
        word: "",
        name: l.pick("so far", "시작부터").to_owned(),
        here: true,
    };
    let so_far = (range.follows && !known).then_some(so_far);
    let usual = SPANS.into_iter().map(|(word, seconds)| Span {
        word,
        name: match seconds / 3_600 {
            0 => format!("{}{}", seconds / 60, l.pick("m", "분")),
            hours => format!("{hours}{}", l.pick("h", "시간")),
        },
        here: is(seconds),
    });
    so_far.into_iter().chain(usual).collect()
}

/// Times a quarter of the stretch apart.
fn clocks(range: Range) -> Vec<String> {
    let at = |quarter: u32| range.since() + range.span / 4 * quarter;
    let short = range.span < Duration::from_secs(600);
    let clock = |quarter| {
        let clock = format::clock(at(quarter));
        if short { clock } else { clock[..5].to_owned() }
    };
    (0..=4).map(clock).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn now() -> Timestamp {
        at("2026-05-28T03:00:00Z")
    }

    #[track_caller]
    fn check(range: &str, since: &str, until: &str, seconds: u64, end: &str, follows: bool) {
        let found = Range::asked(now(), range, since, until);
        let want = Range {
            until: at(end),
            span: Duration::from_secs(seconds),
            follows,
        };
        assert_eq!(found, want, "{range} {since} {until}");
    }

    #[test]
    fn what_an_address_asks_for() {
        let end = "2026-05-28T03:00:00Z";
        check("", "", "", 3_600, end, true);
        check("15m", "", "", 900, end, true);
        check("24h", "", "", 86_400, end, true);
        check("9y", "nonsense", "2026-99-99", 3_600, end, true);
        // Times in Korea, as the form gives them, with and without seconds.
        check(
            "",
            "2026-05-28T09:00",
            "2026-05-28T10:00:00",
            3_600,
            "2026-05-28T01:00:00Z",
            false,
        );
        // An alert's page gives instants.
        check("", "2026-05-28T00:30:00Z", "", 9_000, end, false);
        check(
            "6h",
            "",
            "2026-05-28T00:30:00Z",
            21_600,
            "2026-05-28T00:30:00Z",
            false,
        );
        // Nothing lies ahead, nor before the last 24 hours.
        check(
            "",
            "2026-05-28T02:00:00Z",
            "2030-01-01T00:00:00Z",
            3_600,
            end,
            false,
        );
        check("", "2020-01-01T00:00:00Z", "", 86_400, end, false);
        check(
            "24h",
            "",
            "2026-05-27T04:00:00Z",
            3_600,
            "2026-05-27T04:00:00Z",
            false,
        );
        check(
            "",
            "",
            "2020-01-01T00:00:00Z",
            10,
            "2026-05-27T03:00:10Z",
            false,
        );
        // The wrong way round there is the shortest stretch.
        check(
            "",
            "2026-05-28T02:00:00Z",
            "2026-05-28T01:00:00Z",
            10,
            "2026-05-28T01:00:00Z",
            false,
        );
    }

    #[test]
    fn what_a_young_service_shows_where_nothing_is_asked_for() {
        let span = |range, since, known| {
            let asked = Range::asked(now(), range, since, "");
            let is_asked = !range.is_empty();
            let known = Duration::from_secs(known);
            asked.of_a_service(known, is_asked).span.as_secs()
        };
        assert_eq!(span("", "", 0), 60);
        assert_eq!(span("", "", 95), 120);
        assert_eq!(span("", "", 1_000), 1_200);
        assert_eq!(span("", "", 80_000), 3_600);
        assert_eq!(span("24h", "", 95), 86_400);
        assert_eq!(span("", "2026-05-28T02:00:00Z", 95), 3_600);
        let names = |range: Range| {
            let all = spans(range, Lang::En).into_iter();
            all.filter(|it| it.here)
                .map(|it| it.name)
                .collect::<Vec<_>>()
        };
        let hour = Range::asked(now(), "", "", "");
        assert_eq!(names(hour), ["1h"]);
        assert_eq!(names(hour.of_a_service(Duration::ZERO, false)), ["so far"]);
    }

    #[test]
    fn a_moment_has_its_column() {
        let range = Range::asked(now(), "1h", "", "");
        let column = |text: &str| range.column(at(text));
        assert_eq!(column("2026-05-28T03:00:00Z"), Some(89));
        assert_eq!(column("2026-05-28T02:30:00Z"), Some(44));
        assert_eq!(column("2026-05-28T02:00:01Z"), Some(0));
        assert_eq!(column("2026-05-28T02:00:00Z"), None);
        assert_eq!(column("2026-05-28T03:00:01Z"), None, "it lies ahead");
    }
}
