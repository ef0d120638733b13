//! How the service fared: alerts, health, data quality.

use super::item;
use crate::figure::Figure;
use crate::i18n::{self, Texts};
use crate::render::build::Limits;
use crate::render::format::{self, DASH};
use crate::render::view::{Block, Cell, Cells, Column, Table, Tone};
use crate::summary::{DailySummary, QualitySeverity, Range};

pub(super) fn alerts(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Vec<Block> {
    let s = &summary.alerts_summary;
    let lang = cells.options.lang;
    let level = |of: fn(&crate::summary::AlertCounts) -> u64, tone: Tone| {
        cells.figure(&s.by_level, |counts| {
            let n = of(counts);
            Cell::toned(format::count(n), if n == 0 { Tone::Plain } else { tone })
        })
    };
    let items = vec![
        item(t.total, cells.count(&s.total)),
        item(t.critical, level(|c| c.critical, Tone::Bad)),
        item(t.error, level(|c| c.error, Tone::Bad)),
        item(t.warning, level(|c| c.warning, Tone::Warn)),
        item(t.info, level(|c| c.info, Tone::Plain)),
        item(t.suppressed, cells.count(&s.suppressed)),
        item(t.undelivered, cells.bad_count(&s.undelivered)),
        item(t.active, cells.bad_count(&s.active)),
    ];
    let columns = vec![
        Column::text(t.title),
        Column::text(t.level),
        Column::text(t.time).minor(),
        Column::text(t.source).extra(),
        Column::number(t.count).minor(),
        Column::text(t.resolved).labelled(),
    ];
    let rows = (s.worst.as_slice(), limits.alerts, 0);
    let day = summary.session.date;
    let empty = if s.total.value().is_some() {
        t.no_alert_lines
    } else {
        t.alerts_not_collected
    };
    let table = Table::new(t.worst_alerts, columns, rows, empty, cells, |line| {
        let resolved = line.resolved_at.map_or_else(
            || Cell::toned(t.still_active, Tone::Warn),
            |at| Cell::plain(format::time_of_day(at, day, &cells.options.zone)),
        );
        vec![
            cells.words(&line.title, 100),
            Cell {
                tone: level_tone(&line.level),
                ..cells.words(i18n::word(lang, &line.level), 16)
            },
            Cell::plain(format::time_of_day(line.at, day, &cells.options.zone)),
            cells.words(&line.source, 40),
            Cell::plain(format::count(line.count)),
            resolved,
        ]
    });
    vec![Block::figures(items), Block::Table(table)]
}

pub(super) fn system(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Vec<Block> {
    let s = &summary.system_health;
    let lang = cells.options.lang;
    let status = cells.figure(&s.status, |status| Cell {
        tone: level_tone(status),
        ..cells.words(i18n::word(lang, status), 40)
    });
    let range = |figure: &Figure<Range>| {
        cells.figure(figure, |r| {
            let one = |x: f64| format::percent(x / 100.0, 1);
            Cell::plain(one(r.avg)).with_note(format!("{} – {}", one(r.min), one(r.max)))
        })
    };
    let items = vec![
        item(t.status, status),
        item(
            t.uptime,
            cells.figure(&s.uptime_seconds, |n| Cell::plain(format::span(*n, lang))),
        ),
        item(
            t.availability,
            cells.figure(&s.availability, |x| Cell::plain(format::percent(*x, 3))),
        ),
        item(t.errors, cells.bad_count(&s.errors)),
        item(t.warnings, cells.count(&s.warnings)),
        item(t.cpu, range(&s.cpu_percent)),
        item(t.memory, range(&s.memory_percent)),
        item(t.disk, range(&s.disk_percent)),
    ];
    let columns = vec![
        Column::text(t.dependency),
        Column::text(t.time),
        Column::text(t.change),
        Column::text(t.message).extra(),
    ];
    let rows = (
        s.transitions.as_slice(),
        limits.transitions,
        s.transitions_omitted,
    );
    let table = Table::new(
        t.transitions,
        columns,
        rows,
        t.no_transitions,
        cells,
        |change| {
            let name = if change.name.is_empty() {
                t.whole_service
            } else {
                change.name.as_str()
            };
            let (from, to) = (i18n::word(lang, &change.from), i18n::word(lang, &change.to));
            vec![
                cells.words(name, 40),
                Cell::plain(format::time_of_day(
                    change.at,
                    summary.session.date,
                    &cells.options.zone,
                )),
                Cell {
                    tone: level_tone(&change.to),
                    ..cells.words(&format!("{from} → {to}"), 60)
                },
                cells.words(change.message.as_deref().unwrap_or(DASH), 120),
            ]
        },
    );
    vec![Block::figures(items), Block::Table(table)]
}

pub(super) fn quality(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Table {
    let lang = cells.options.lang;
    let columns = vec![
        Column::text(t.issue),
        Column::text(t.severity),
        Column::text(t.subject),
        Column::text(t.detail),
    ];
    let rows = (
        summary.data_quality.as_slice(),
        limits.notes,
        summary.data_quality_omitted,
    );
    Table::new(t.data_quality, columns, rows, t.no_quality, cells, |note| {
        let tone = match note.severity {
            QualitySeverity::Error => Tone::Bad,
            QualitySeverity::Warning => Tone::Warn,
            QualitySeverity::Info => Tone::Plain,
        };
        vec![
            Cell::plain(i18n::quality_issue(lang, note.issue)),
            Cell::toned(i18n::quality_severity(lang, note.severity), tone),
            cells.words(i18n::word(lang, &note.subject), 48),
            cells.words(i18n::detail(lang, note), 200),
        ]
    })
}

fn level_tone(level: &str) -> Tone {
    match level {
        "critical" | "error" | "unhealthy" => Tone::Bad,
        "warning" | "degraded" => Tone::Warn,
        "healthy" => Tone::Good,
        _ => Tone::Plain,
    }
}
