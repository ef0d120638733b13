//! From a summary to the view: which figure stands where, in which words.

use crate::chart;
use crate::figure::Figure;
use crate::i18n::{self, Texts};
use crate::render::format::{self, DASH};
use crate::render::options::RenderOptions;
use crate::render::sections;
use crate::render::view::{Badge, Cell, Cells, Item, Tone, View};
use crate::summary::{DailySummary, QualitySeverity, SessionKind, SourceState};

/// How many rows a table may have; mail clients cut a long mail, a browser does not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) positions: usize,
    pub(crate) fills: usize,
    pub(crate) performers: usize,
    pub(crate) notes: usize,
    pub(crate) alerts: usize,
    pub(crate) transitions: usize,
}

impl Limits {
    pub(crate) const PAGE: Self = Self {
        positions: 200,
        fills: 500,
        performers: 10,
        notes: 100,
        alerts: 20,
        transitions: 50,
    };
    pub(crate) const MAIL: Self = Self {
        positions: 20,
        fills: 12,
        performers: 5,
        notes: 10,
        alerts: 5,
        transitions: 8,
    };
    pub(crate) const TEXT: Self = Self {
        positions: 40,
        fills: 60,
        performers: 5,
        notes: 20,
        alerts: 10,
        transitions: 20,
    };

    /// Half as many rows of everything.
    pub(crate) fn halved(self) -> Self {
        Self {
            positions: self.positions / 2,
            fills: self.fills / 2,
            performers: self.performers / 2,
            notes: self.notes / 2,
            alerts: self.alerts / 2,
            transitions: self.transitions / 2,
        }
    }
}

/// The mail's subject, the same in both languages: mail rules and threads rely on it.
pub(crate) fn subject(summary: &DailySummary) -> String {
    format!("Daily Trading Summary - {}", summary.session.date)
}

pub(crate) fn view(summary: &DailySummary, options: &RenderOptions, limits: Limits) -> View {
    let t = options.lang.texts();
    let cells = Cells { options };
    View {
        lang: options.lang.tag(),
        subject: subject(summary),
        title: t.report_title,
        date: format::date(summary.session.date, options.lang),
        iso_date: summary.session.date.to_string(),
        origin: origin(summary),
        generated: format!(
            "{} {}",
            t.generated,
            format::instant(summary.generated_at, &options.zone)
        ),
        marks: marks(summary, options, t),
        headline: headline(summary, cells, t),
        hero: Item {
            label: t.daily_pnl,
            cell: hero(summary, cells),
        },
        kpis: kpis(summary, cells, t),
        checks: checks(summary, cells, t),
        charts: chart::charts(summary, options),
        sections: sections::all(summary, cells, t, limits),
        footer: vec![t.currency_note, t.up_down_note, t.exact_note],
    }
}

fn origin(summary: &DailySummary) -> Vec<String> {
    [
        Some(&summary.service_name),
        Some(&summary.environment),
        summary.account.as_ref(),
    ]
    .into_iter()
    .flatten()
    .map(|text| format::one_line(text, 60))
    .filter(|text| !text.is_empty())
    .collect()
}

fn marks(summary: &DailySummary, options: &RenderOptions, t: &Texts) -> Vec<Badge> {
    let mut marks = Vec::new();
    let mut mark = |tone, text: String| marks.push(Badge { tone, text });
    if let SourceState::Unavailable { reason } = &summary.source {
        let reason = format::one_line(reason, 200);
        mark(
            Tone::Bad,
            format!("{}: {reason}. {}", t.source_down, t.source_down_hint),
        );
    }
    if summary.edition.revision > 0 {
        mark(
            Tone::Warn,
            format!("{} {}", t.revision, summary.edition.revision),
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
                format!("{}: {}", t.special_hours, format::one_line(reason, 80)),
            );
        }
        SessionKind::Closed { reason } => {
            mark(
                Tone::Muted,
                format!("{}: {}", t.closed_day, format::one_line(reason, 80)),
            );
        }
        SessionKind::Unknown => mark(Tone::Warn, t.unknown_calendar.to_owned()),
    }
    marks
}

/// The day's gain or loss with its return beside it.
fn hero(summary: &DailySummary, cells: Cells<'_>) -> Cell {
    let portfolio = &summary.portfolio_stats;
    let cell = cells.signed_won(&portfolio.daily_pnl);
    if cell.note.is_some() {
        return cell;
    }
    cell.with_note(
        cells
            .signed_percent(&portfolio.daily_return)
            .with_its_note(),
    )
}

fn kpis(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Vec<Item> {
    let (trading, portfolio, risk) = (
        &summary.trading_stats,
        &summary.portfolio_stats,
        &summary.risk_metrics,
    );
    let lang = cells.options.lang;
    let note = |cell: Cell, note: Option<String>| match note {
        Some(text) if cell.note.is_none() => cell.with_note(text),
        _ => cell,
    };
    let both = |a: &Figure<u64>, b: &Figure<u64>| a.get().zip(b.get());
    vec![
        Item {
            label: t.equity,
            cell: note(
                cells.won(&portfolio.equity),
                portfolio
                    .exposure
                    .get()
                    .map(|x| format!("{} {}", t.exposure, format::percent(x, 1))),
            ),
        },
        Item {
            label: t.realised,
            cell: note(
                cells.signed_won(&trading.realised),
                trading
                    .closed
                    .get()
                    .map(|n| format!("{} {}", t.closed, format::count(n))),
            ),
        },
        Item {
            label: t.unrealised,
            cell: note(
                cells.signed_won(&portfolio.unrealised),
                portfolio
                    .position_count
                    .get()
                    .map(|n| format!("{} {}", t.position_count, format::count(n))),
            ),
        },
        Item {
            label: t.win_rate,
            cell: note(
                cells.percent(&trading.win_rate),
                both(&trading.wins, &trading.closed)
                    .map(|(wins, closed)| i18n::wins_of(lang, wins, closed)),
            ),
        },
        Item {
            label: t.fills,
            cell: note(
                cells.count(&trading.fills),
                both(&trading.buys, &trading.sells)
                    .map(|(buys, sells)| i18n::buys_sells(lang, buys, sells)),
            ),
        },
        Item {
            label: t.current_drawdown,
            cell: note(
                cells.percent(&risk.current_drawdown),
                risk.max_drawdown
                    .get()
                    .map(|x| format!("{} {}", t.max_drawdown, format::percent(x, 2))),
            ),
        },
    ]
}

fn checks(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Vec<Badge> {
    let lang = cells.options.lang;
    let reconciliation = {
        let r = &summary.reconciliation;
        let (tone, word) = match r.balanced {
            Figure::Known(true) => (Tone::Good, t.balanced.to_owned()),
            Figure::Known(false) => (
                Tone::Bad,
                format!(
                    "{}, {} {}",
                    t.not_balanced,
                    t.difference,
                    cells.signed_won(&r.difference).shown()
                ),
            ),
            Figure::Missing(ref why) => {
                (Tone::Warn, format!("{DASH} ({})", i18n::missing(lang, why)))
            }
        };
        Badge {
            tone,
            text: format!("{}: {word}", t.reconciliation),
        }
    };
    let count = |severity| {
        summary
            .data_quality
            .iter()
            .filter(|note| note.severity == severity)
            .count() as u64
    };
    let (errors, warnings, infos) = (
        count(QualitySeverity::Error),
        count(QualitySeverity::Warning),
        count(QualitySeverity::Info),
    );
    let quality = if summary.data_quality.is_empty() && summary.data_quality_omitted == 0 {
        Badge {
            tone: Tone::Good,
            text: t.quality_clean.to_owned(),
        }
    } else {
        let tone = if errors > 0 {
            Tone::Bad
        } else if warnings > 0 {
            Tone::Warn
        } else {
            Tone::Muted
        };
        let mut text = i18n::quality_counts(lang, errors, warnings, infos);
        if summary.data_quality_omitted > 0 {
            text = format!(
                "{text}, {}",
                i18n::more_rows(lang, summary.data_quality_omitted)
            );
        }
        Badge { tone, text }
    };
    let alerts = &summary.alerts_summary;
    let alert_tone = match (alerts.by_level.get(), alerts.total.get()) {
        (Some(levels), _) if levels.critical + levels.error > 0 => Tone::Bad,
        (Some(levels), _) if levels.warning > 0 => Tone::Warn,
        (_, Some(_)) => Tone::Good,
        _ => Tone::Muted,
    };
    let status = summary.system_health.status.value().map(String::as_str);
    let health_tone = match status {
        Some("healthy") => Tone::Good,
        Some("degraded") => Tone::Warn,
        Some("unhealthy") => Tone::Bad,
        _ => Tone::Muted,
    };
    let health = cells.figure(&summary.system_health.status, |s| {
        cells.words(i18n::word(lang, s), 40)
    });
    vec![
        reconciliation,
        quality,
        Badge {
            tone: alert_tone,
            text: format!(
                "{}: {}",
                t.alerts,
                cells.count(&alerts.total).with_its_note()
            ),
        },
        Badge {
            tone: health_tone,
            text: format!("{}: {}", t.system, health.with_its_note()),
        },
    ]
}

/// The day in one line: for the mail's preview line and Slack's notification.
fn headline(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> String {
    let portfolio = &summary.portfolio_stats;
    let mut parts = vec![
        format!("{} {}", t.daily_pnl, hero(summary, cells).with_its_note()),
        format!(
            "{} {}",
            t.equity,
            cells.won(&portfolio.equity).with_its_note()
        ),
        format!(
            "{} {}",
            t.realised,
            cells
                .signed_won(&summary.trading_stats.realised)
                .with_its_note()
        ),
        format!(
            "{} {}",
            t.fills,
            cells.count(&summary.trading_stats.fills).with_its_note()
        ),
    ];
    if matches!(summary.source, SourceState::Unavailable { .. }) {
        parts = vec![t.source_down.to_owned()];
    }
    parts.join(" · ")
}
