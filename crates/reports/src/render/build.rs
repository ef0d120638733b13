//! From a summary to the view: which figure stands where, in which words.

use crate::chart;
use crate::figure::Figure;
use crate::i18n::{self, Lang, Texts};
use crate::render::checks;
use crate::render::format;
use crate::render::options::RenderOptions;
use crate::render::sections;
use crate::render::view::{Cell, Cells, Item, View};
use crate::summary::{DailySummary, Period, PeriodKind, SourceState};

/// How many rows a table may have; mail clients cut a long mail, a browser does not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) positions: usize,
    pub(crate) fills: usize,
    pub(crate) performers: usize,
    pub(crate) notes: usize,
    pub(crate) alerts: usize,
    pub(crate) transitions: usize,
    pub(crate) recent: usize,
    pub(crate) position_pnl: usize,
    /// Strategies and sectors, and orders without a fill.
    pub(crate) groups: usize,
    /// Leave out the columns that only the page has room for.
    pub(crate) compact: bool,
}

impl Limits {
    pub(crate) const PAGE: Self = Self {
        positions: 200,
        fills: 500,
        performers: 10,
        notes: 100,
        alerts: 20,
        transitions: 50,
        recent: 20,
        position_pnl: 200,
        groups: 50,
        compact: false,
    };
    pub(crate) const MAIL: Self = Self {
        positions: 20,
        fills: 12,
        performers: 5,
        notes: 10,
        alerts: 5,
        transitions: 8,
        recent: 5,
        position_pnl: 8,
        groups: 0,
        compact: true,
    };
    pub(crate) const TEXT: Self = Self {
        positions: 40,
        fills: 60,
        performers: 5,
        notes: 20,
        alerts: 10,
        transitions: 20,
        recent: 20,
        position_pnl: 20,
        groups: 10,
        compact: true,
    };

    /// Half as many rows of everything but the few of the last sessions.
    pub(crate) fn halved(self) -> Self {
        Self {
            positions: self.positions / 2,
            fills: self.fills / 2,
            performers: self.performers / 2,
            notes: self.notes / 2,
            alerts: self.alerts / 2,
            transitions: self.transitions / 2,
            recent: self.recent.min(5),
            position_pnl: self.position_pnl / 2,
            groups: self.groups / 2,
            compact: self.compact,
        }
    }
}

/// The mail's subject, in the report's language; in English the original's, on which mail rules rely.
pub(crate) fn subject(summary: &DailySummary, t: &Texts) -> String {
    format!("{} - {}", title(summary, t), summary.session.date)
}

fn title(summary: &DailySummary, t: &Texts) -> &'static str {
    match summary.period {
        Some(PeriodKind::Week) => t.weekly_title,
        Some(PeriodKind::Month) => t.monthly_title,
        Some(PeriodKind::Year) => t.yearly_title,
        None | Some(PeriodKind::Inception) => t.report_title,
    }
}

/// The span that the report is about, where that is longer than a day.
fn period(summary: &DailySummary) -> Option<&Period> {
    let mut periods = summary.periods.iter();
    periods.find(|period| Some(period.kind) == summary.period)
}

/// The day, or the first and the last day.
fn dates(summary: &DailySummary, lang: Lang) -> String {
    let date = summary.session.date;
    let first = summary.period.and_then(|kind| kind.first_day(date));
    match first {
        Some(first) => format!("{first} – {}", format::date(date, lang)),
        None => format::date(date, lang),
    }
}

/// The figure the report is about, and the returns beside it: the day's, or the period's.
fn hero(summary: &DailySummary, cells: Cells<'_>, t: &'static Texts) -> (Item, Vec<Item>) {
    if let Some(period) = period(summary) {
        let name = sections::spans::name(period.kind, t);
        let label = format!("{name} {}", t.pnl);
        let mut returns = vec![Item::new(
            t.period_return,
            cells.signed_percent(&period.total_return),
        )];
        returns.extend(period.benchmarks.iter().map(|(ticker, figure)| {
            Item::new(format::benchmark(ticker), cells.signed_percent(figure))
        }));
        return (Item::new(label, cells.signed_won(&period.pnl)), returns);
    }
    let portfolio = &summary.portfolio_stats;
    let returns = vec![
        Item::new(
            t.daily_return,
            cells.signed_percent(&portfolio.daily_return),
        ),
        Item::new(
            format::benchmark(&summary.risk_metrics.benchmark),
            cells.signed_percent(&portfolio.benchmark_return),
        ),
    ];
    (
        Item::new(t.daily_pnl, cells.signed_won(&portfolio.daily_pnl)),
        returns,
    )
}

pub(crate) fn view(summary: &DailySummary, options: &RenderOptions, limits: Limits) -> View {
    let t = Texts::of(options.lang);
    let cells = Cells {
        options,
        compact: limits.compact,
    };
    let (hero, returns) = hero(summary, cells, t);
    View {
        lang: options.lang.tag(),
        subject: subject(summary, t),
        title: title(summary, t),
        date: dates(summary, options.lang),
        iso_date: summary.session.date.to_string(),
        origin: origin(summary),
        generated: format!(
            "{} {}",
            t.generated,
            format::instant(summary.generated_at, &options.zone)
        ),
        marks: checks::marks(summary, options, t),
        headline: headline(summary, cells, t),
        hero,
        returns,
        kpis: kpis(summary, cells, t),
        checks: checks::checks(summary, cells, t),
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

fn kpis(summary: &DailySummary, cells: Cells<'_>, t: &'static Texts) -> Vec<Item> {
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
    let kpi = |label: &'static str, cell| Item::new(label, cell);
    let equity = note(
        cells.won(&portfolio.equity),
        portfolio
            .exposure
            .get()
            .map(|x| format!("{} {}", t.exposure_short, format::percent(x, 1))),
    );
    let unrealised = note(
        cells.signed_won(&portfolio.unrealised),
        portfolio
            .position_count
            .get()
            .map(|n| format!("{} {}", t.position_count, format::count(n))),
    );
    let drawdown = note(
        cells.percent(&risk.current_drawdown),
        risk.max_drawdown
            .get()
            .map(|x| format!("{} {}", t.max_drawdown, format::percent(x, 2))),
    );
    let [realised, win_rate, fills] = match period(summary) {
        Some(period) => {
            let name = sections::spans::name(period.kind, t);
            let of = |label: &str, cell| Item::new(format!("{name} {label}"), cell);
            let trips = period
                .round_trips
                .get()
                .map(|n| format!("{} {}", t.round_trips, format::count(n)));
            [
                of(t.realised, cells.signed_won(&period.realised)),
                of(t.win_rate, note(cells.percent(&period.win_rate), trips)),
                of(t.fills, cells.count(&period.fills)),
            ]
        }
        None => [
            kpi(
                t.realised,
                note(
                    cells.signed_won(&trading.realised),
                    trading
                        .closed
                        .get()
                        .map(|n| format!("{} {}", t.closed, format::count(n))),
                ),
            ),
            kpi(
                t.win_rate,
                note(
                    cells.percent(&trading.win_rate),
                    both(&trading.wins, &trading.closed)
                        .map(|(wins, closed)| i18n::wins_of(lang, wins, closed)),
                ),
            ),
            kpi(
                t.fills,
                note(
                    cells.count(&trading.fills),
                    both(&trading.buys, &trading.sells)
                        .map(|(buys, sells)| i18n::buys_sells(lang, buys, sells)),
                ),
            ),
        ],
    };
    vec![
        kpi(t.equity, equity),
        realised,
        kpi(t.unrealised, unrealised),
        win_rate,
        fills,
        kpi(t.current_drawdown, drawdown),
    ]
}

/// The day, or the period, in one line: for the mail's preview line and Slack's notification.
fn headline(summary: &DailySummary, cells: Cells<'_>, t: &'static Texts) -> String {
    let (portfolio, trading) = (&summary.portfolio_stats, &summary.trading_stats);
    let day = (
        t.daily_pnl.to_owned(),
        &portfolio.daily_pnl,
        &portfolio.daily_return,
        &trading.realised,
        &trading.fills,
    );
    let (label, pnl, gain, realised, fills) = period(summary).map_or(day, |period| {
        let label = format!("{} {}", sections::spans::name(period.kind, t), t.pnl);
        let (pnl, gain) = (&period.pnl, &period.total_return);
        (label, pnl, gain, &period.realised, &period.fills)
    });
    let mut parts = vec![
        format!(
            "{label} {} ({})",
            cells.signed_won(pnl).with_its_note(),
            cells.signed_percent(gain).with_its_note()
        ),
        format!(
            "{} {}",
            t.equity,
            cells.won(&portfolio.equity).with_its_note()
        ),
        format!(
            "{} {}",
            t.realised,
            cells.signed_won(realised).with_its_note()
        ),
        format!("{} {}", t.fills, cells.count(fills).with_its_note()),
    ];
    if matches!(summary.source, SourceState::Unavailable { .. }) {
        parts = vec![t.source_down.to_owned()];
    }
    parts.join(" · ")
}
