//! The sections of a report, in the order they are read.

use crate::figure::Figure;
use crate::i18n::{self, Texts};
use crate::render::build::Limits;
use crate::render::format::{self, DASH};
use crate::render::view::{Block, Cell, Cells, Column, Item, Section, Table, Tone};
use crate::summary::{
    ClosedTrade, DailySummary, Performer, Position, QualitySeverity, Range, Side, TailRisk,
};

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

fn trading(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Vec<Item> {
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

fn portfolio(
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
        item(t.daily_pnl, cells.signed_won(&s.daily_pnl)),
        item(t.daily_return, cells.signed_percent(&s.daily_return)),
        item(
            t.benchmark_return,
            cells.signed_percent(&s.benchmark_return),
        ),
        item(t.total_return, cells.signed_percent(&s.total_return)),
        item(t.cash, cells.won(&s.cash)),
        item(t.invested, cells.won(&s.invested)),
        item(t.exposure, cells.percent(&s.exposure)),
        item(t.unrealised, cells.signed_won(&s.unrealised)),
        item(t.realised_to_date, cells.signed_won(&s.realised_to_date)),
        item(t.hhi, cells.ratio(&s.hhi, 3)),
        item(
            t.effective_positions,
            cells.ratio(&s.effective_positions, 1),
        ),
        item(t.largest, largest),
    ];
    let columns = vec![
        Column::text(t.symbol),
        Column::text(t.sector).extra(),
        Column::number(t.quantity).minor(),
        Column::number(t.average_cost).extra(),
        Column::number(t.price).minor(),
        Column::number(t.value),
        Column::number(t.unrealised),
        Column::number(t.return_on_cost),
        Column::number(t.weight).extra(),
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

fn risk(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Vec<Item> {
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
    // None at all says what the others say: they are all missing for one reason.
    let returns = match (&s.max_drawdown, s.returns) {
        (Figure::Missing(_), 0) => cells.percent(&s.max_drawdown),
        _ => Cell::plain(format::count(u64::from(s.returns))),
    };
    vec![
        item(t.max_drawdown, cells.percent(&s.max_drawdown)),
        item(t.current_drawdown, cells.percent(&s.current_drawdown)),
        item(
            t.drawdown_sessions,
            cells.figure(&s.drawdown_sessions, |n| {
                Cell::plain(format::count(u64::from(*n)))
            }),
        ),
        item(t.volatility, cells.percent(&s.volatility)),
        item(t.sharpe, cells.ratio(&s.sharpe, 2)),
        item(t.sortino, cells.ratio(&s.sortino, 2)),
        item(t.var_95, tail(&s.var_95, |x| x.var, true)),
        item(t.cvar_95, tail(&s.var_95, |x| x.cvar, false)),
        item(t.var_99, tail(&s.var_99, |x| x.var, true)),
        item(t.cvar_99, tail(&s.var_99, |x| x.cvar, false)),
        item(t.beta, {
            let cell = cells.ratio(&s.beta, 3);
            if cell.note.is_none() {
                cell.with_note(format::one_line(&s.benchmark, 24))
            } else {
                cell
            }
        }),
        item(
            t.returns,
            match s.since {
                Some(since) => returns.with_note(format!("{since} –")),
                None => returns,
            },
        ),
        item(t.halted, halt),
    ]
}

fn reconciliation(summary: &DailySummary, cells: Cells<'_>, t: &Texts) -> Vec<Item> {
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
        item(t.difference, difference),
    ]
}

fn performers(
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
            Column::number(t.trades),
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

fn level_tone(level: &str) -> Tone {
    match level {
        "critical" | "error" | "unhealthy" => Tone::Bad,
        "warning" | "degraded" => Tone::Warn,
        "healthy" => Tone::Good,
        _ => Tone::Plain,
    }
}

fn alerts(
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
        Column::text(t.resolved),
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

fn system(
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

fn quality(summary: &DailySummary, cells: Cells<'_>, t: &'static Texts, limits: Limits) -> Table {
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
            cells.words(&note.subject, 48),
            cells.words(&note.detail, 160),
        ]
    })
}

fn fills(summary: &DailySummary, cells: Cells<'_>, t: &'static Texts, limits: Limits) -> Table {
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
            cells.words(&fill.status, 24),
        ]
    })
}
