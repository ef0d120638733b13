//! What a reader must know before the figures, and the four checks in a few words each.

use crate::figure::Figure;
use crate::i18n::{self, Texts};
use crate::render::format::{self, DASH};
use crate::render::options::RenderOptions;
use crate::render::view::{Badge, Cells, Tone};
use crate::summary::{DailySummary, Halt, QualitySeverity, SessionKind, SourceState};

/// What changes how the rest is read: late, revised, as of, halted, closed, source down.
pub(super) fn marks(summary: &DailySummary, options: &RenderOptions, t: &Texts) -> Vec<Badge> {
    let mut marks = Vec::new();
    let mut mark = |tone, text: String| marks.push(Badge::new(tone, text));
    if let SourceState::Unavailable { reason } = &summary.source {
        let reason = format::one_line(reason, 200);
        mark(
            Tone::Bad,
            format!("{}: {reason}. {}", t.source_down, t.source_down_hint),
        );
    }
    if let Figure::Known(Halt {
        halted: true,
        reason,
    }) = &summary.risk_metrics.trading_halted
    {
        let reason = reason
            .as_deref()
            .map(|reason| format!(": {}", format::one_line(reason, 120)));
        mark(
            Tone::Bad,
            format!("{}{}", t.trading_halted, reason.unwrap_or_default()),
        );
    }
    if summary.edition.revision > 0 {
        mark(
            Tone::Warn,
            i18n::revision(options.lang, summary.edition.revision),
        );
    }
    if let Some(since) = summary.edition.late_since {
        mark(
            Tone::Warn,
            format!("{} ({})", t.late, format::instant(since, &options.zone)),
        );
    }
    if let Some(at) = summary.edition.as_of {
        mark(
            Tone::Warn,
            format!("{} {}", t.as_of, format::instant(at, &options.zone)),
        );
    }
    match &summary.session.kind {
        SessionKind::Regular => {}
        SessionKind::SpecialHours { reason } => {
            mark(
                Tone::Muted,
                format!(
                    "{}: {}",
                    t.special_hours,
                    format::one_line(&i18n::closure(options.lang, reason), 80)
                ),
            );
        }
        SessionKind::Closed { reason } => {
            mark(
                Tone::Muted,
                format!(
                    "{}: {}",
                    t.closed_day,
                    format::one_line(&i18n::closure(options.lang, reason), 80)
                ),
            );
        }
        SessionKind::Unknown => mark(Tone::Warn, t.unknown_calendar.to_owned()),
    }
    marks
}

/// Reconciliation, data quality, alerts, health.
pub(super) fn checks(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Vec<Badge> {
    vec![
        reconciliation(summary, cells, t).section("reconciliation"),
        quality(summary, cells, t).section("quality"),
        alerts(summary, cells, t).section("alerts"),
        health(summary, cells, t).section("system"),
    ]
}

fn reconciliation(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Badge {
    let r = &summary.reconciliation;
    let (tone, word) = match &r.balanced {
        Figure::Known(true) => (Tone::Good, t.balanced.to_owned()),
        Figure::Known(false) => {
            let difference = cells.signed_won(&r.difference).text;
            (
                Tone::Bad,
                format!("{}, {} {difference}", t.not_balanced, t.difference),
            )
        }
        Figure::Missing(why) => (
            Tone::Muted,
            format!("{DASH} ({})", i18n::missing(cells.options.lang, why)),
        ),
    };
    Badge::new(tone, format!("{}: {word}", t.reconciliation))
}

fn quality(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Badge {
    let lang = cells.options.lang;
    if summary.data_quality.is_empty() && summary.data_quality_omitted == 0 {
        return Badge::new(Tone::Good, t.quality_clean);
    }
    let count = |severity| {
        let notes = summary.data_quality.iter();
        notes.filter(|note| note.severity == severity).count() as u64
    };
    let errors = count(QualitySeverity::Error);
    let warnings = count(QualitySeverity::Warning);
    let tone = match (errors, warnings) {
        (0, 0) => Tone::Muted,
        (0, _) => Tone::Warn,
        _ => Tone::Bad,
    };
    let mut text = i18n::quality_counts(lang, errors, warnings, count(QualitySeverity::Info));
    if summary.data_quality_omitted > 0 {
        let more = i18n::more_rows(lang, summary.data_quality_omitted);
        text = format!("{text}, {more}");
    }
    Badge::new(tone, text)
}

fn alerts(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Badge {
    let alerts = &summary.alerts_summary;
    let (tone, by_level) = match (alerts.by_level.value(), alerts.total.value()) {
        (Some(levels), _) => {
            let tone = if levels.critical.saturating_add(levels.error) > 0 {
                Tone::Bad
            } else if levels.warning > 0 {
                Tone::Warn
            } else {
                Tone::Good
            };
            (tone, i18n::alert_counts(cells.options.lang, levels))
        }
        (None, Some(_)) => (Tone::Good, String::new()),
        (None, None) => (Tone::Muted, String::new()),
    };
    let total = cells.count(&alerts.total);
    let text = if total.note.is_none() && !by_level.is_empty() {
        format!("{}: {} ({by_level})", t.alerts, total.text)
    } else {
        format!("{}: {}", t.alerts, total.with_its_note())
    };
    Badge::new(tone, text)
}

fn health(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Badge {
    let status = &summary.system_health.status;
    let tone = match status.value().map(String::as_str) {
        Some("healthy") => Tone::Good,
        Some("degraded") => Tone::Warn,
        Some("unhealthy") => Tone::Bad,
        _ => Tone::Muted,
    };
    let word = cells.figure(status, |s| {
        cells.words(i18n::word(cells.options.lang, s), 40)
    });
    Badge::new(tone, format!("{}: {}", t.system, word.with_its_note()))
}
