//! What happened in a stretch.

use jiff::Timestamp;

use super::Subject;
use crate::{AlertRecord, Event, Lang, format, history::Trend, pages::alert::address};

/// Most entries of what happened; the rest is counted.
const MOST: usize = 50;

pub(super) struct Happened {
    pub(super) at: Timestamp,
    pub(super) when: String,
    pub(super) class: &'static str,
    pub(super) glyph: &'static str,
    pub(super) words: String,
    pub(super) link: Option<String>,
}

/// What happened in the stretch, the newest first, and how much more there was.
pub(super) fn happened(subject: &Subject<'_>, l: Lang) -> (Vec<Happened>, usize) {
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
            Event::Maintenance { by, begins: true } => {
                let words = format!("{} · {by}", l.pick("maintenance begins", "점검 시작"));
                ("warn", "◐", words)
            }
            Event::Maintenance { .. } => {
                let words = l.pick("maintenance over", "점검 종료").to_owned();
                ("over", "✓", words)
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
