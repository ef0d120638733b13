//! Longer spans, the last sessions, and the day by position, strategy, sector and account.

use rust_decimal::Decimal;

use crate::figure::Figure;
use crate::i18n::Texts;
use crate::render::build::Limits;
use crate::render::format;
use crate::render::view::{Block, Cell, Cells, Column, Table, Tone};
use crate::summary::{AccountSection, DailySummary, GroupPnl, Period, PeriodKind, Position};

pub(crate) fn name(kind: PeriodKind, t: &'static Texts) -> &'static str {
    match kind {
        PeriodKind::Week => t.week,
        PeriodKind::Month => t.month,
        PeriodKind::Year => t.year,
        PeriodKind::Inception => t.inception,
    }
}

fn sum(a: &Figure<Decimal>, b: &Figure<Decimal>) -> Figure<Decimal> {
    match (a, b) {
        (Figure::Known(a), Figure::Known(b)) => Figure::Known(*a + *b),
        (Figure::Missing(why), _) | (_, Figure::Missing(why)) => why.clone().into(),
    }
}

pub(super) fn periods(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Vec<Block> {
    let benchmark = |period: &Period, at: usize| match period.benchmarks.get(at) {
        Some((_, figure)) => cells.signed_percent(figure),
        None => Cell::plain(""),
    };
    let first = summary.periods.first();
    let title = |at: usize| -> &'static str {
        match first.and_then(|period| period.benchmarks.get(at)) {
            Some((ticker, _)) if ticker == "^KS11" => "KOSPI",
            Some((ticker, _)) if ticker == "^KQ11" => "KOSDAQ",
            _ => t.benchmark_return,
        }
    };
    let columns = vec![
        Column::text(t.period),
        Column::number(t.pnl),
        Column::number(t.period_return),
        Column::number(title(0)),
        Column::number(title(1)).minor(),
        Column::number(t.realised).minor(),
        Column::number(t.fees_and_tax).minor(),
        Column::number(t.income).extra(),
    ];
    let rows = (summary.periods.as_slice(), 10, 0);
    let table = Table::new(t.periods, columns, rows, "", cells, |period| {
        let label = Cell::plain(name(period.kind, t));
        vec![
            match period.since {
                Some(since) => label.with_note(format!("{since} –")),
                None => label,
            },
            cells.signed_amount(&period.pnl),
            cells.signed_percent(&period.total_return),
            benchmark(period, 0),
            benchmark(period, 1),
            cells.signed_amount(&period.realised),
            cells.amount(&sum(&period.commission, &period.tax)),
            cells.signed_amount(&period.income),
        ]
    });
    let mut newest: Vec<_> = summary.recent.iter().collect();
    newest.reverse();
    let benchmark = if summary.risk_metrics.benchmark == "^KQ11" {
        "KOSDAQ"
    } else if summary.risk_metrics.benchmark == "^KS11" {
        "KOSPI"
    } else {
        t.benchmark_return
    };
    let columns = vec![
        Column::text(t.date),
        Column::number(t.equity).minor(),
        Column::number(t.pnl),
        Column::number(t.period_return),
        Column::number(benchmark),
    ];
    let rows = (newest.as_slice(), limits.recent, 0);
    let mut recent = Table::new(t.recent, columns, rows, "", cells, |day| {
        vec![
            Cell::plain(day.date.to_string()),
            Cell::plain(format::amount(day.equity, cells.options)),
            cells.signed_amount(&day.pnl),
            cells.signed_percent(&day.daily_return),
            cells.signed_percent(&day.benchmark),
        ]
    });
    // The rest is not lost: it is the earlier sessions, which nobody counts.
    recent.more = None;
    let mut blocks = vec![Block::Table(table)];
    // Thirteen columns side by side would be wider than a page.
    if !limits.compact {
        blocks.push(Block::Table(trades_of_periods(summary, cells, t)));
    }
    blocks.push(Block::Table(recent));
    blocks
}

fn trades_of_periods(summary: &DailySummary, cells: Cells<'_>, t: &'static Texts) -> Table {
    let columns = vec![
        Column::text(t.period),
        Column::number(t.fills),
        Column::number(t.win_rate),
        Column::number(t.profit_factor),
        Column::number(t.round_trips),
        Column::number(t.holding_days),
        Column::number(t.payoff),
    ];
    let rows = (summary.periods.as_slice(), 10, 0);
    Table::new(t.trading, columns, rows, "", cells, |period| {
        vec![
            Cell::plain(name(period.kind, t)),
            cells.count(&period.fills),
            cells.percent(&period.win_rate),
            cells.ratio(&period.profit_factor, 2),
            cells.count(&period.round_trips),
            cells.ratio(&period.holding_days, 1),
            cells.ratio(&period.payoff, 2),
        ]
    })
}

pub(super) fn by_position(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Table {
    let columns = vec![
        Column::text(t.symbol),
        Column::number(t.realised),
        Column::number(t.unrealised_change),
        Column::number(t.pnl),
    ];
    let rows = (summary.position_pnl.as_slice(), limits.position_pnl, 0);
    Table::new(
        t.position_pnl,
        columns,
        rows,
        t.no_positions,
        cells,
        |row| {
            vec![
                cells.symbol(&row.ticker, row.name.as_deref()),
                cells.signed_amount(&Figure::Known(row.realised)),
                cells.signed_amount(&row.unrealised_change),
                cells.signed_amount(&row.total),
            ]
        },
    )
}

pub(super) fn groups(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Vec<Block> {
    let label = |group: &GroupPnl| {
        if group.name.trim().is_empty() {
            Cell::toned(t.not_recorded, Tone::Muted)
        } else {
            cells.words(&group.name, 40)
        }
    };
    let strategies = Table::new(
        t.by_strategy,
        vec![
            Column::text(t.strategy),
            Column::number(t.fills),
            Column::number(t.realised),
        ],
        (summary.by_strategy.as_slice(), limits.groups, 0),
        t.no_fills,
        cells,
        |group| {
            vec![
                label(group),
                Cell::plain(format::count(group.fills)),
                cells.signed_amount(&Figure::Known(group.realised)),
            ]
        },
    );
    let sectors = Table::new(
        t.by_sector,
        vec![
            Column::text(t.sector),
            Column::number(t.fills).minor(),
            Column::number(t.realised),
            Column::number(t.value),
            Column::number(t.of_equity),
        ],
        (summary.by_sector.as_slice(), limits.groups, 0),
        t.no_positions,
        cells,
        |group| {
            vec![
                label(group),
                Cell::plain(format::count(group.fills)),
                cells.signed_amount(&Figure::Known(group.realised)),
                cells.amount(&group.value),
                cells.percent(&group.weight),
            ]
        },
    );
    vec![Block::Table(strategies), Block::Table(sectors)]
}

pub(super) fn changes(summary: &DailySummary, cells: Cells<'_>, t: &'static Texts) -> Table {
    let columns = vec![
        Column::text(t.issue),
        Column::number(t.before),
        Column::number(t.after),
    ];
    let rows = (summary.changes.as_slice(), 30, 0);
    Table::new(t.changes, columns, rows, "", cells, |change| {
        let what = match change.what.as_str() {
            "equity" => t.equity,
            "daily_pnl" => t.daily_pnl,
            "realised" => t.realised,
            "fills" => t.fills,
            "invested" => t.invested,
            "cash" => t.cash,
            other => other,
        };
        vec![
            cells.words(what, 40),
            cells.words(&change.before, 40),
            cells.words(&change.after, 40),
        ]
    })
}

pub(super) fn accounts(summary: &DailySummary, cells: Cells<'_>, t: &'static Texts) -> Table {
    let columns = vec![
        Column::text(t.account),
        Column::number(t.equity),
        Column::number(t.daily_pnl),
        Column::number(t.daily_return),
        Column::number(t.realised).minor(),
        Column::number(t.cash).minor(),
        Column::number(t.positions).minor(),
    ];
    let rows = (summary.accounts.as_slice(), 50, 0);
    Table::new(t.accounts, columns, rows, "", cells, |account| {
        let p = &account.portfolio_stats;
        vec![
            cells.words(&account.account, 40),
            cells.amount(&p.equity),
            cells.signed_amount(&p.daily_pnl),
            cells.signed_percent(&p.daily_return),
            cells.signed_amount(&account.trading_stats.realised),
            cells.amount(&p.cash),
            cells.count(&p.position_count),
        ]
    })
}

/// What each further account holds; that of the report's own stands under its portfolio.
pub(super) fn holdings(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Option<Table> {
    let of = |account: &AccountSection| account.portfolio_stats.positions_omitted;
    let omitted = summary.accounts.iter().map(of).sum();
    let accounts = summary.accounts.iter();
    let all: Vec<(&str, &Position)> = accounts
        .flat_map(|account| {
            let positions = account.portfolio_stats.positions.iter();
            positions.map(|position| (account.account.as_str(), position))
        })
        .collect();
    if all.is_empty() {
        return None;
    }
    let columns = vec![
        Column::text(t.account),
        Column::text(t.symbol),
        Column::number(t.quantity).minor(),
        Column::number(t.average_cost).extra(),
        Column::number(t.value),
        Column::number(t.unrealised),
        Column::number(t.return_on_cost).minor(),
        Column::number(t.weight).extra(),
    ];
    let rows = (all.as_slice(), limits.positions, omitted);
    let table = Table::new(t.holdings, columns, rows, "", cells, |(account, p)| {
        vec![
            cells.words(account, 40),
            cells.symbol(&p.ticker, p.name.as_deref()),
            Cell::plain(format::quantity(p.quantity)),
            Cell::plain(format::price(p.average_cost)),
            cells.amount(&p.value),
            cells.signed_amount(&p.unrealised),
            cells.signed_percent(&p.return_on_cost),
            cells.percent(&p.weight),
        ]
    });
    Some(table)
}
