//! What is held and at which risk, and whether the figures add up.

use super::item;
use crate::figure::Figure;
use crate::i18n::{self, Texts};
use crate::render::build::Limits;
use crate::render::format::{self, DASH};
use crate::render::view::{Block, Cell, Cells, Column, Item, Table, Tone};
use crate::summary::{DailySummary, LimitUse, Position, TailRisk};

pub(super) fn portfolio(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Vec<Block> {
    let s = &summary.portfolio_stats;
    let largest = cells.figure(&s.largest, |largest| {
        let share = cells.percent(&largest.share_of_equity).with_its_note();
        let name = largest.name.as_deref().unwrap_or_default();
        Cell::plain(format::one_line(&format!("{} {name}", largest.ticker), 48)).with_note(share)
    });
    let items = vec![
        item(t.equity, cells.won(&s.equity)),
        item(t.equity_recomputed, cells.won(&s.equity_recomputed)),
        item(t.previous_equity, cells.won(&s.previous_equity)),
        item(t.net_flow, cells.signed_won(&s.net_flow)),
        item(t.income, cells.signed_won(&s.income)),
        item(t.daily_pnl, cells.signed_won(&s.daily_pnl)),
        item(t.daily_return, cells.signed_percent(&s.daily_return)),
        item(
            t.benchmark_return,
            cells.signed_percent(&s.benchmark_return),
        ),
        item(t.total_return, cells.signed_percent(&s.total_return)),
        item(t.cash, cells.won(&s.cash)),
        item(t.settled_cash, cells.won(&s.settled_cash)),
        item(t.settles, {
            let cell = cells.signed_won(&s.settles);
            match s.settles_on {
                Some(on) if cell.note.is_none() => cell.with_note(on.to_string()),
                _ => cell,
            }
        }),
        item(t.invested, cells.won(&s.invested)),
        item(
            t.cost,
            match (s.invested.value(), s.unrealised.value()) {
                (Some(value), Some(gain)) => {
                    Cell::plain(format::won(*value - *gain, cells.options))
                }
                _ => cells.won(&s.invested),
            },
        ),
        item(t.exposure, cells.percent(&s.exposure)),
        item(t.unrealised, cells.signed_won(&s.unrealised)),
        item(t.realised_to_date, cells.signed_won(&s.realised_to_date)),
        item(t.hhi, cells.ratio(&s.hhi, 3)),
        item(
            t.effective_positions,
            cells.ratio(&s.effective_positions, 1),
        ),
        item(t.largest, largest),
        item(
            t.valued_at,
            match s.mark.as_str() {
                "last_trade" => Cell::plain(t.last_trade),
                "krx_close" => Cell::plain(t.krx_close),
                _ => Cell::toned(DASH, Tone::Muted),
            },
        ),
    ];
    let columns = vec![
        Column::text(t.symbol),
        Column::text(t.sector).extra(),
        Column::number(t.quantity).minor(),
        Column::number(t.average_cost).minor(),
        Column::number(t.price).minor(),
        Column::number(t.value),
        Column::number(t.unrealised),
        Column::number(t.return_on_cost),
        Column::number(t.weight).minor(),
    ];
    let rows = (
        s.positions.as_slice(),
        limits.positions,
        s.positions_omitted,
    );
    // Without the source nobody knows whether there are positions.
    let empty = cells.instead(&s.position_count, t.no_positions);
    let table = Table::new(t.positions, columns, rows, empty, cells, |p| {
        position(p, cells, t)
    });
    vec![Block::figures(items), Block::Table(table)]
}

fn position(p: &Position, cells: Cells<'_>, t: &Texts) -> Vec<Cell> {
    let price = cells.figure(&p.price, |mark| {
        let cell = Cell::plain(format::price(mark.price));
        if mark.stale {
            cell.with_note(format!("{} {}", t.stale, mark.date))
        } else {
            cell
        }
    });
    vec![
        cells.symbol(&p.ticker, p.name.as_deref()),
        p.sector
            .as_deref()
            .map_or_else(|| Cell::toned(DASH, Tone::Muted), |s| cells.words(s, 24)),
        Cell::plain(format::quantity(p.quantity)),
        Cell::plain(format::price(p.average_cost)),
        price,
        cells.amount(&p.value),
        cells.signed_amount(&p.unrealised),
        cells.signed_percent(&p.return_on_cost),
        cells.percent(&p.weight),
    ]
}

pub(super) fn risk(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Vec<Item> {
    let s = &summary.risk_metrics;
    let tail = |figure: &Figure<TailRisk>, of: fn(&TailRisk) -> f64, amount: bool| {
        cells.figure(figure, |tail| {
            let cell = Cell::plain(format::percent(of(tail), 2));
            let mut notes = Vec::new();
            if let (true, Some(value)) = (amount, tail.var_amount.value()) {
                notes.push(format::won(*value, cells.options));
            }
            if tail.few_observations {
                notes.push(t.few_observations.to_owned());
            }
            if notes.is_empty() {
                cell
            } else {
                cell.with_note(notes.join(", "))
            }
        })
    };
    let halt = cells.figure(&s.trading_halted, |halt| {
        match (halt.halted, &halt.reason) {
            (false, _) => Cell::plain(t.halted_no),
            (true, None) => Cell::toned(t.halted_yes, Tone::Bad),
            (true, Some(reason)) => {
                Cell::toned(t.halted_yes, Tone::Bad).with_note(format::one_line(reason, 120))
            }
        }
    });
    let few = |cell: Cell| match cell.note {
        None if s.few_observations => cell.with_note(t.few_observations),
        _ => cell,
    };
    let count =
        |figure: &Figure<u32>| cells.figure(figure, |n| Cell::plain(format::count(u64::from(*n))));
    let used = |limit: &LimitUse| match (limit.limit.get(), limit.used.get()) {
        (Some(of), Some(used)) => {
            let tone = if used >= of {
                Tone::Bad
            } else if used >= of * 0.8 {
                Tone::Warn
            } else {
                Tone::Plain
            };
            let (used, of) = (format::percent(used, 2), format::percent(of, 2));
            Cell::toned(i18n::of_limit(cells.options.lang, &used, &of), tone)
        }
        (None, _) => cells.percent(&limit.limit),
        (Some(_), None) => cells.percent(&limit.used),
    };
    // None at all says what the others say: they are all missing for one reason.
    let returns = match (&s.max_drawdown, s.returns) {
        (Figure::Missing(_), 0) => cells.percent(&s.max_drawdown),
        _ => Cell::plain(format::count(u64::from(s.returns))),
    };
    vec![
        item(t.max_drawdown, cells.percent(&s.max_drawdown)),
        item(t.current_drawdown, cells.percent(&s.current_drawdown)),
        item(t.drawdown_sessions, count(&s.drawdown_sessions)),
        item(t.longest_drawdown, count(&s.longest_drawdown)),
        item(t.volatility, few(cells.percent(&s.volatility))),
        item(t.sharpe, few(cells.ratio(&s.sharpe, 2))),
        item(t.sortino, few(cells.ratio(&s.sortino, 2))),
        item(t.calmar, few(cells.ratio(&s.calmar, 2))),
        item(t.var_95, tail(&s.var_95, |x| x.var, true)),
        item(t.cvar_95, tail(&s.var_95, |x| x.cvar, false)),
        item(t.var_99, tail(&s.var_99, |x| x.var, true)),
        item(t.cvar_99, tail(&s.var_99, |x| x.cvar, false)),
        item(t.beta, {
            let cell = cells.ratio(&s.beta, 3);
            let mut note = format::benchmark(&s.benchmark);
            if s.few_observations {
                note = format!("{note}, {}", t.few_observations);
            }
            if cell.note.is_none() {
                cell.with_note(note)
            } else {
                cell
            }
        }),
        item(
            t.returns,
            match s.since {
                Some(since) => {
                    returns.with_note(i18n::since(cells.options.lang, &since.to_string()))
                }
                None => returns,
            },
        ),
        item(t.loss_limit, used(&s.loss_limit)),
        item(t.position_limit, used(&s.position_limit)),
        item(t.halted, halt),
    ]
}

pub(super) fn reconciliation(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Vec<Item> {
    let s = &summary.reconciliation;
    let difference = cells.signed_won(&s.difference);
    let difference = match s.balanced {
        Figure::Known(balanced) => {
            let (tone, word) = if balanced {
                (Tone::Good, t.balanced)
            } else {
                (Tone::Bad, t.not_balanced)
            };
            // The difference is neither a gain nor a loss: no arrow.
            let note = format!("{word}, ±{}", format::won(s.tolerance, cells.options));
            Cell {
                arrow: "",
                tone,
                ..difference
            }
            .with_note(note)
        }
        Figure::Missing(_) => difference,
    };
    vec![
        item(t.equity_change, cells.signed_won(&s.equity_change)),
        Item::new(format!("= {}", t.realised), cells.signed_won(&s.realised)),
        Item::new(
            format!("+ {}", t.unrealised_change),
            cells.signed_won(&s.unrealised_change),
        ),
        Item::new(format!("+ {}", t.net_flow), cells.signed_won(&s.net_flow)),
        Item::new(format!("+ {}", t.income), cells.signed_won(&s.income)),
        item(t.difference, difference),
    ]
}
