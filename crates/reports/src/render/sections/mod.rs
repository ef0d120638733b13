//! The sections of a report, in the order they are read.

mod portfolio;
mod service;
mod trading;

use portfolio::{portfolio, reconciliation, risk};
use service::{alerts, quality, system};
use trading::{fills, performers, trading};

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
    let section = |id, title, blocks| Section { id, title, blocks };
    vec![
        section(
            "performers",
            t.performers,
            performers(summary, cells, t, limits),
        ),
        section(
            "trading",
            t.trading,
            vec![Block::figures(trading(summary, cells, t))],
        ),
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
    ]
}

fn item(label: &'static str, cell: Cell) -> Item {
    Item::new(label, cell)
}
