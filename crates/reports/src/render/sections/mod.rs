//! The sections of a report, in the order they are read.

mod portfolio;
mod service;
pub(crate) mod spans;
mod trading;

use portfolio::{portfolio, reconciliation, risk};
use service::{alerts, quality, system};
use trading::{fills, performers, trading, unfilled};

use crate::i18n::Texts;
use crate::render::build::Limits;
use crate::render::view::{Block, Cell, Cells, Item, Section};
use crate::summary::DailySummary;

pub(crate) fn all(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Vec<Section> {
    let section = |id, title, blocks| Section {
        id,
        title,
        of: None,
        blocks,
    };
    let mut all = Vec::new();
    if !summary.changes.is_empty() {
        let table = spans::changes(summary, cells, t);
        all.push(section("changes", t.changes, vec![Block::Table(table)]));
    }
    if !summary.accounts.is_empty() {
        let table = spans::accounts(summary, cells, t);
        let mut blocks = vec![Block::Table(table)];
        blocks.extend(spans::holdings(summary, cells, t, limits).map(Block::Table));
        all.push(section("accounts", t.accounts, blocks));
    }
    if !summary.periods.is_empty() {
        let blocks = spans::periods(summary, cells, t, limits);
        all.push(section("periods", t.periods, blocks));
    }
    if !summary.position_pnl.is_empty() {
        let table = spans::by_position(summary, cells, t, limits);
        all.push(section(
            "positions",
            t.position_pnl,
            vec![Block::Table(table)],
        ));
    }
    let mut trades = vec![Block::figures(trading(summary, cells, t))];
    trades.extend(unfilled(summary, cells, t, limits).map(Block::Table));
    all.extend([
        section(
            "performers",
            t.performers,
            performers(summary, cells, t, limits),
        ),
        section("trading", t.trading, trades),
        section(
            "portfolio",
            t.portfolio,
            portfolio(summary, cells, t, limits),
        ),
        section(
            "risk",
            t.risk,
            vec![Block::figures(risk(summary, cells, t))],
        ),
        section(
            "reconciliation",
            t.reconciliation,
            vec![Block::figures(reconciliation(summary, cells, t))],
        ),
        section("alerts", t.alerts, alerts(summary, cells, t, limits)),
        section("system", t.system, system(summary, cells, t, limits)),
        section(
            "quality",
            t.data_quality,
            vec![Block::Table(quality(summary, cells, t, limits))],
        ),
        section(
            "fills",
            t.fills_table,
            vec![Block::Table(fills(summary, cells, t, limits))],
        ),
    ]);
    let grouped = !(summary.by_strategy.is_empty() && summary.by_sector.is_empty());
    if grouped && limits.groups > 0 {
        let at = all
            .iter()
            .position(|section| section.id == "risk")
            .unwrap_or(all.len());
        let blocks = spans::groups(summary, cells, t, limits);
        all.insert(at, section("groups", t.groups, blocks));
    }
    if summary.period.is_some() {
        let of_the_day = all.iter_mut().filter(|part| OF_A_DAY.contains(&part.id));
        of_the_day.for_each(|part| part.of = Some(summary.session.date));
    }
    all
}

/// What is of the last session in a report of a longer time too.
const OF_A_DAY: [&str; 6] = [
    "positions",
    "performers",
    "trading",
    "groups",
    "reconciliation",
    "fills",
];

fn item(label: &'static str, cell: Cell) -> Item {
    Item::new(label, cell)
}
