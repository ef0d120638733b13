//! What was traded: fills, closed trades, the best and the worst.

use super::item;
use crate::figure::Figure;
use crate::i18n::{self, Texts};
use crate::render::build::Limits;
use crate::render::format::{self, DASH};
use crate::render::view::{Block, Cell, Cells, Column, Item, Table, Tone};
use crate::summary::{ClosedTrade, DailySummary, Performer, Side};

pub(super) fn trading(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Vec<Item> {
    let s = &summary.trading_stats;
    vec![
        item(t.fills, cells.count(&s.fills)),
        item(t.buys, cells.count(&s.buys)),
        item(t.sells, cells.count(&s.sells)),
        item(t.unfilled, cells.count(&s.unfilled_orders)),
        item(t.gross_amount, cells.won(&s.gross_amount)),
        item(t.buy_amount, cells.won(&s.buy_amount)),
        item(t.sell_amount, cells.won(&s.sell_amount)),
        item(t.turnover, cells.percent(&s.turnover)),
        item(t.partial_fills, cells.count(&s.partial_fills)),
        item(t.slippage, {
            let cell = cells.won(&s.slippage);
            match s.slippage_ratio.get() {
                Some(ratio) if cell.note.is_none() => cell.with_note(format::percent(ratio, 3)),
                _ => cell,
            }
        }),
        item(t.commission, cells.won(&s.commission)),
        item(t.tax, cells.won(&s.tax)),
        item(t.realised, cells.signed_won(&s.realised)),
        item(t.closed, cells.count(&s.closed)),
        item(t.wins, cells.count(&s.wins)),
        item(t.losses, cells.count(&s.losses)),
        item(t.even, cells.count(&s.even)),
        item(t.win_rate, cells.percent(&s.win_rate)),
        item(t.gross_profit, cells.won(&s.gross_profit)),
        item(t.gross_loss, cells.won(&s.gross_loss)),
        item(t.profit_factor, cells.ratio(&s.profit_factor, 3)),
        item(t.average_win, cells.signed_won(&s.average_win)),
        item(t.average_loss, cells.signed_won(&s.average_loss)),
    ]
}

pub(super) fn performers(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Vec<Block> {
    let s = &summary.top_performers;
    let empty = cells.instead(&summary.trading_stats.closed, t.no_closed);
    let table = |caption, rows: &[Performer]| {
        let columns = vec![
            Column::text(t.symbol),
            Column::number(t.trades).minor(),
            Column::number(t.realised),
            Column::number(t.return_on_cost),
        ];
        Block::Table(Table::new(
            caption,
            columns,
            (rows, limits.performers, 0),
            empty.clone(),
            cells,
            |p| {
                vec![
                    cells.symbol(&p.ticker, p.name.as_deref()),
                    Cell::plain(format::count(p.closed)),
                    cells.signed_amount(&Figure::Known(p.realised)),
                    cells.signed_percent(&p.return_on_cost),
                ]
            },
        ))
    };
    let trade = |figure: &Figure<ClosedTrade>| {
        cells.figure(figure, |trade| {
            let name = trade.name.as_deref().unwrap_or_default();
            let what = format::one_line(&format!("{} {name}", trade.ticker), 48);
            let at =
                format::time_of_day(trade.executed_at, summary.session.date, &cells.options.zone);
            let shares = i18n::shares(cells.options.lang, &format::quantity(trade.quantity));
            let note = format!("{what} · {shares} · {at}");
            Cell::signed(format::signed_won(trade.realised, cells.options)).with_note(note)
        })
    };
    vec![
        table(t.best, &s.best),
        table(t.worst, &s.worst),
        Block::figures(vec![
            item(t.best_trade, trade(&s.best_trade)),
            item(t.worst_trade, trade(&s.worst_trade)),
        ]),
    ]
}

/// Orders of the day that came to nothing, with their reasons.
pub(super) fn unfilled(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Option<Table> {
    let s = &summary.trading_stats;
    if s.unfilled.is_empty() {
        return None;
    }
    let columns = vec![
        Column::text(t.order),
        Column::text(t.symbol),
        Column::text(t.side),
        Column::number(t.quantity).minor(),
        Column::text(t.status),
        Column::text(t.reason),
    ];
    let all = s.unfilled_orders.get().unwrap_or_default();
    let more = all.saturating_sub(s.unfilled.len() as u64);
    let rows = (s.unfilled.as_slice(), limits.notes, more);
    let table = Table::new(t.unfilled_orders, columns, rows, "", cells, |order| {
        let quantity = order.quantity.map_or_else(
            || Cell::toned(DASH, Tone::Muted),
            |quantity| Cell::plain(format::quantity(quantity)),
        );
        let lang = cells.options.lang;
        let side = i18n::order_side(lang, &order.action);
        let reason = order.reason.as_deref().unwrap_or(t.not_recorded);
        vec![
            cells.words(&order.order_id, 40),
            cells.symbol(&order.ticker, order.name.as_deref()),
            cells.words(side, 16),
            quantity,
            cells.words(i18n::order_status(lang, &order.status), 24),
            cells.words(reason, 120),
        ]
    });
    Some(table)
}

pub(super) fn fills(
    summary: &DailySummary,
    cells: Cells<'_>,
    t: &'static Texts,
    limits: Limits,
) -> Table {
    let columns = vec![
        Column::text(t.time),
        Column::text(t.symbol),
        Column::text(t.side),
        Column::number(t.quantity).minor(),
        Column::number(t.price).minor(),
        Column::number(t.amount),
        Column::number(t.fees).extra(),
        Column::number(t.realised),
        Column::text(t.order).extra(),
        Column::text(t.status).extra(),
    ];
    let rows = (
        summary.fills.as_slice(),
        limits.fills,
        summary.fills_omitted,
    );
    let empty = cells.instead(&summary.trading_stats.fills, t.no_fills);
    Table::new(t.fills_table, columns, rows, empty, cells, |fill| {
        let side = match fill.side {
            Side::Buy => t.buy,
            Side::Sell => t.sell,
        };
        vec![
            Cell::plain(format::time_of_day(
                fill.executed_at,
                summary.session.date,
                &cells.options.zone,
            )),
            cells.symbol(&fill.ticker, fill.name.as_deref()),
            Cell::plain(side),
            Cell::plain(format::quantity(fill.quantity)),
            Cell::plain(format::price(fill.price)),
            Cell::plain(format::price(fill.amount)),
            fill.commission.checked_add(fill.tax).map_or_else(
                || Cell::toned(DASH, Tone::Muted),
                |fees| Cell::plain(format::price(fees)),
            ),
            fill.realised.map_or_else(
                || Cell::plain(""),
                |realised| Cell::signed(format::signed_amount(realised, cells.options)),
            ),
            cells.words(&fill.order_id, 40),
            cells.words(i18n::order_status(cells.options.lang, &fill.status), 24),
        ]
    })
}
