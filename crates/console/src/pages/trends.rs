//! Any stretch of the last 24 hours: figures against axes, and what happened meanwhile.

use std::time::Duration;

use askama::Template;
use jiff::Timestamp;

use super::{Chrome, Place, alert::address, rendered};
use crate::{
    AlertRecord, Event, Lang, OpsError, Snapshot,
    chart::Markup,
    format,
    history::{Band, RESOLUTION, SLOTS, Series, Trend},
    plot::{Axis, plot},
};

/// Columns of a chart, where there are as many samples.
const COLUMNS: u64 = 90;
/// Most entries of what happened; the rest is counted.
const MOST: usize = 60;
/// Most dependencies with a chart.
const MOST_DEPENDENCIES: usize = 20;
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
        spans: SPANS.map(|(word, seconds)| Span {
            word,
            name: match seconds / 3_600 {
                0 => format!("{}{}", seconds / 60, l.pick("m", "분")),
                hours => format!("{hours}{}", l.pick("h", "시간")),
            },
            here: range.follows && range.span.as_secs() == seconds,
        }),
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
    spans: [Span; 4],
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

struct Chart {
    name: String,
    /// The lines' names, where there are several.
    lines: Vec<&'static str>,
    picture: Option<Markup>,
    values: Vec<String>,
    /// What each column says, for the read-out.
    columns: String,
    summary: String,
}

struct Happened {
    at: Timestamp,
    when: String,
    class: &'static str,
    glyph: &'static str,
    words: String,
    link: Option<String>,
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

/// How a chart's values read and where its axis begins.
type Show = fn(f64, Lang) -> String;

fn charts(subject: &Subject<'_>, marks: &[(usize, &'static str)], l: Lang) -> Vec<Chart> {
    let (trend, limits) = (subject.trend, &subject.now.limits);
    let percent: Show = |v, _| format::percent(v);
    let share: Show = |v, _| format::percent(v * 100.0);
    let millis: Show = |v, _| format::millis(v);
    let plain: Show = |v, _| format::short(v);
    let count: Show = |v, _| format::grouped(v.round() as i64);
    let won: Show = format::brief_won;
    let halt = subject.now.portfolio.halt_percent;
    let usage = |(warn, bad): (f64, f64)| vec![(warn, "limit warn"), (bad, "limit bad")];
    let one = |name: &str, series, show, from_zero, limits| Plan {
        name: name.to_owned(),
        lines: vec![("", trend.series(series))],
        show,
        from_zero,
        limits,
    };
    let resource = |en, ko, on_host: bool| match on_host {
        true => format!("{}, {}", l.pick(en, ko), l.pick("host", "호스트")),
        false => format!("{}, {}", l.pick(en, ko), l.pick("container", "컨테이너")),
    };
    let mut plans = vec![
        one(
            l.pick("Requests a second", "초당 요청"),
            Series::Requests,
            plain,
            true,
            vec![],
        ),
        one(
            l.pick("Requests that failed (5xx)", "실패한 요청 비율 (5xx)"),
            Series::ErrorRatio,
            share,
            true,
            vec![],
        ),
        Plan {
            name: l.pick("Duration of requests", "요청 처리 시간").to_owned(),
            lines: vec![
                ("p99", trend.series(Series::P99)),
                ("p95", trend.series(Series::P95)),
                ("p50", trend.series(Series::P50)),
            ],
            show: millis,
            from_zero: true,
            limits: vec![],
        },
        one(
            l.pick("Firing alerts", "발생 중인 알림"),
            Series::Firing,
            count,
            true,
            vec![],
        ),
        one(
            l.pick("Deliveries waiting", "전달 대기"),
            Series::Queued,
            count,
            true,
            vec![],
        ),
        one(
            l.pick("Portfolio", "포트폴리오"),
            Series::Portfolio,
            won,
            false,
            vec![],
        ),
        one(
            l.pick("Gain or loss of the day", "당일 손익"),
            Series::DayPnl,
            won,
            true,
            vec![],
        ),
        one(
            l.pick("Drawdown", "낙폭"),
            Series::Drawdown,
            percent,
            true,
            halt.map(|halt| (halt, "limit bad")).into_iter().collect(),
        ),
    ];
    for (en, ko, host, container, at) in [
        (
            "CPU",
            "CPU",
            Series::HostCpu,
            Series::ContainerCpu,
            limits.cpu,
        ),
        (
            "Memory",
            "메모리",
            Series::HostMemory,
            Series::ContainerMemory,
            limits.memory,
        ),
        (
            "Disk",
            "디스크",
            Series::HostDisk,
            Series::ContainerDisk,
            limits.disk,
        ),
    ] {
        plans.push(one(&resource(en, ko, true), host, percent, true, usage(at)));
        plans.push(one(
            &resource(en, ko, false),
            container,
            percent,
            true,
            usage(at),
        ));
    }
    for (name, bands) in trend.dependencies().take(MOST_DEPENDENCIES) {
        plans.push(Plan {
            name: format!("{}: {name}", l.pick("Answer time", "응답 시간")),
            lines: vec![("", bands)],
            show: millis,
            from_zero: true,
            limits: vec![],
        });
    }
    let wanted = subject.text.to_lowercase();
    let asked = |plan: &Plan<'_>| plan.name.to_lowercase().contains(&wanted);
    plans
        .into_iter()
        .filter(asked)
        .map(|plan| plan.chart(marks, l))
        .collect()
}

/// What is drawn in one chart.
struct Plan<'a> {
    name: String,
    lines: Vec<(&'static str, &'a [Option<Band>])>,
    show: Show,
    from_zero: bool,
    limits: Vec<(f64, &'static str)>,
}

impl Plan<'_> {
    fn chart(self, marks: &[(usize, &'static str)], l: Lang) -> Chart {
        let show = |value: f64| (self.show)(value, l);
        let bands: Vec<&[Option<Band>]> = self.lines.iter().map(|(_, bands)| *bands).collect();
        let limits: Vec<f64> = self.limits.iter().map(|(value, _)| *value).collect();
        let axis = Axis::of(&bands, self.from_zero, &limits);
        let many = self.lines.len() > 1;
        let columns = bands.iter().map(|line| line.len()).max().unwrap_or(0);
        let column = |place: usize| {
            let of = |(name, bands): &(&'static str, &[Option<Band>])| {
                let band = (*bands.get(place)?)?;
                let words = spread(band, many, &show);
                Some(if many {
                    format!("{name} {words}")
                } else {
                    words
                })
            };
            let words: Vec<_> = self.lines.iter().filter_map(of).collect();
            words.join(" · ")
        };
        let said: Vec<_> = (0..columns).map(column).collect();
        Chart {
            lines: self
                .lines
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| !name.is_empty())
                .collect(),
            values: axis.iter().flat_map(Axis::values).map(show).collect(),
            picture: axis.map(|axis| plot(&bands, &axis, &self.limits, marks)),
            summary: summary(bands.first().copied().unwrap_or_default(), &show, l),
            columns: if axis.is_some() {
                said.join("|")
            } else {
                String::new()
            },
            name: self.name,
        }
    }
}

/// A column's average, with its greatest where that differs and there is room.
fn spread(band: Band, is_brief: bool, show: &impl Fn(f64) -> String) -> String {
    let [max, mean] = [band.max, band.mean].map(|value| show(value.into()));
    if is_brief || max == mean {
        return mean;
    }
    format!("{mean} ≤ {max}")
}

/// The stretch in words, for whoever sees no picture.
fn summary(line: &[Option<Band>], show: &impl Fn(f64) -> String, l: Lang) -> String {
    let known = || line.iter().flatten();
    let Some(last) = known().next_back() else {
        return String::new();
    };
    let least = known().map(|band| band.min).fold(f32::INFINITY, f32::min);
    let most = known()
        .map(|band| band.max)
        .fold(f32::NEG_INFINITY, f32::max);
    format!(
        "{} {} · {} {} · {} {}",
        l.pick("last", "최근"),
        show(last.mean.into()),
        l.pick("least", "최소"),
        show(least.into()),
        l.pick("most", "최대"),
        show(most.into()),
    )
}

/// What happened in the stretch, the newest first, and how much more there was.
fn happened(subject: &Subject<'_>, l: Lang) -> (Vec<Happened>, usize) {
    let (since, until) = (subject.range.since(), subject.range.until);
    let mut all = marks(subject.trend, l);
    let records = subject.alerts.iter().flatten();
    all.extend(
        records
            .filter(|record| since < record.at && record.at <= until)
            .map(|record| alert(record, l)),
    );
    all.sort_by_key(|it| std::cmp::Reverse(it.at));
    let more = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    (all, more)
}

fn alert(record: &AlertRecord, l: Lang) -> Happened {
    let level = format::level(record.level, l);
    let (class, glyph) = match (record.resolved, record.level) {
        (true, _) => ("over", "✓"),
        (false, crate::Level::Info) => ("level", "○"),
        (false, crate::Level::Warning) => ("warn", "◐"),
        (false, _) => ("bad", "▲"),
    };
    Happened {
        at: record.at,
        when: format::day_time(record.at),
        class,
        glyph,
        words: match record.resolved {
            true => format!("{}: {}", l.pick("over", "해소"), record.title),
            false => format!("{level}: {}", record.title),
        },
        link: Some(address(&record.key)),
    }
}

fn marks(trend: &Trend, l: Lang) -> Vec<Happened> {
    let mut version: Option<&str> = None;
    let mut all = Vec::new();
    for mark in trend.marks() {
        let (class, glyph, words) = match &mark.event {
            Event::Started(now) => {
                let before = version.replace(now).filter(|before| before != now);
                let words = match before {
                    Some(before) => {
                        format!("{} {before} → {now}", l.pick("deployed", "배포"))
                    }
                    None => format!("{} {now}", l.pick("started, version", "시작, 버전")),
                };
                ("start", "◆", words)
            }
            Event::Level(directives) => (
                "level",
                "≡",
                format!("{} {directives}", l.pick("log level", "로그 수준")),
            ),
            Event::Session { venue, phase, open } => {
                let what = match open {
                    true => format::phase(phase, l),
                    false => l.pick("closed", "마감"),
                };
                (
                    "session",
                    if *open { "●" } else { "○" },
                    format!("{venue} {what}"),
                )
            }
        };
        all.push(Happened {
            at: mark.at,
            when: format::day_time(mark.at),
            class,
            glyph,
            words,
            link: None,
        });
    }
    all
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
