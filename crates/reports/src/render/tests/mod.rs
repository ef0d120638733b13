//! Tests over whole reports: what is said, how long it may be, and that nothing escapes.

mod escaping;
mod limits;
mod page;
mod snapshots;

use super::build::{self, Limits};
use super::{RenderOptions, html};
use crate::i18n::Lang;
use crate::summary::{AlertLine, DailySummary, QualityNote};

fn options(lang: Lang) -> RenderOptions {
    RenderOptions::default().lang(lang)
}

/// The mail without pictures, which take long to draw in a debug build.
fn mail(summary: &DailySummary, options: &RenderOptions) -> String {
    html::fitting(summary, options, &[])
}

/// The sample with every text that comes from elsewhere replaced.
fn with_texts(text: &str) -> DailySummary {
    let mut s = DailySummary::sample();
    let own = || text.to_owned();
    let some = || Some(text.to_owned());
    s.service_name = own();
    s.environment = own();
    s.account = some();
    s.risk_metrics.benchmark = own();
    s.session.kind = crate::summary::SessionKind::Closed { reason: own() };
    s.source = crate::SourceState::Unavailable { reason: own() };
    s.risk_metrics.trading_halted = crate::Figure::Known(crate::summary::Halt {
        halted: true,
        reason: some(),
    });
    s.system_health.status = crate::Figure::Known(own());
    for p in &mut s.portfolio_stats.positions {
        (p.ticker, p.name, p.sector) = (own(), some(), some());
    }
    let top = &mut s.top_performers;
    for p in top
        .best
        .iter_mut()
        .chain(&mut top.worst)
        .chain(&mut top.by_ticker)
    {
        (p.ticker, p.name) = (own(), some());
    }
    for trade in [&mut top.best_trade, &mut top.worst_trade] {
        if let crate::Figure::Known(trade) = trade {
            (trade.ticker, trade.name, trade.order_id) = (own(), some(), own());
        }
    }
    if let crate::Figure::Known(largest) = &mut s.portfolio_stats.largest {
        (largest.ticker, largest.name) = (own(), some());
    }
    for AlertLine {
        title,
        source,
        level,
        ..
    } in &mut s.alerts_summary.worst
    {
        (*title, *source, *level) = (own(), own(), own());
    }
    for change in &mut s.system_health.transitions {
        (change.name, change.from, change.to, change.message) = (own(), own(), own(), some());
    }
    for QualityNote {
        subject, detail, ..
    } in &mut s.data_quality
    {
        (*subject, *detail) = (own(), own());
    }
    for row in &mut s.position_pnl {
        (row.ticker, row.name) = (own(), some());
    }
    for group in s.by_strategy.iter_mut().chain(&mut s.by_sector) {
        group.name = own();
    }
    for order in &mut s.trading_stats.unfilled {
        (order.order_id, order.ticker, order.name) = (own(), own(), some());
        (order.action, order.status, order.reason) = (own(), own(), some());
    }
    s.changes = vec![crate::summary::Change {
        what: own(),
        before: own(),
        after: own(),
    }];
    for fill in &mut s.fills {
        fill.order_id = own();
        (fill.ticker, fill.status) = (own().into(), own().into());
        fill.name = Some(own().into());
        fill.strategy = Some(own().into());
    }
    s
}

/// Many rows of everything, with long names.
fn huge() -> DailySummary {
    let mut s = with_texts(&"긴이름<&\"'>".repeat(40));
    fill_up(&mut s.portfolio_stats.positions, 500);
    fill_up(&mut s.top_performers.best, 100);
    fill_up(&mut s.top_performers.worst, 100);
    fill_up(&mut s.top_performers.by_ticker, 100);
    fill_up(&mut s.alerts_summary.worst, 100);
    fill_up(&mut s.system_health.transitions, 500);
    fill_up(&mut s.data_quality, 500);
    fill_up(&mut s.fills, 5_000);
    s.fills_omitted = 10_000;
    s
}

fn fill_up<T: Clone>(list: &mut Vec<T>, to: usize) {
    *list = list.iter().cycle().take(to).cloned().collect();
}

#[test]
fn the_subject_is_in_the_readers_language() {
    use crate::summary::PeriodKind;
    for (period, lang, subject) in [
        (None, Lang::En, "Daily Trading Summary - 2026-05-28"),
        (None, Lang::Ko, "일일 거래 보고서 - 2026-05-28"),
        (
            Some(PeriodKind::Week),
            Lang::En,
            "Weekly Trading Summary - 2026-05-28",
        ),
        (
            Some(PeriodKind::Month),
            Lang::Ko,
            "월간 거래 보고서 - 2026-05-28",
        ),
        (
            Some(PeriodKind::Year),
            Lang::Ko,
            "연간 거래 보고서 - 2026-05-28",
        ),
    ] {
        let mut summary = DailySummary::sample();
        summary.period = period;
        let view = build::view(&summary, &options(lang), Limits::PAGE);
        assert_eq!(view.subject, subject);
    }
}
