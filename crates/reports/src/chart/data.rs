//! From a summary to its charts: what there is data for, with a text alternative.

use rust_decimal::prelude::ToPrimitive as _;

use super::axis::Unit;
use super::bars::{Bar, Bars};
use super::line::{Line, Shape};
use super::{Body, Chart};
use crate::i18n::{self, Texts};
use crate::render::{Direction, RenderOptions, format};
use crate::summary::{DailySummary, MoneyPoint, Performer};

/// Symbols that fit into a chart: the best and the worst.
const BARS: usize = 12;

/// The charts there is data for, in reading order. A line needs two points.
#[must_use]
pub fn charts(summary: &DailySummary, options: &RenderOptions) -> Vec<Chart> {
    let t = Texts::of(options.lang);
    let mut all = vec![equity(summary, options, t), drawdown(summary, t)];
    // In a report of a longer time the course of its last day would pass for that of the whole.
    if summary.period.is_none() {
        all.extend([pnl(summary, options, t), intraday(summary, options, t)]);
    }
    all.into_iter().flatten().collect()
}

fn equity(summary: &DailySummary, options: &RenderOptions, t: &Texts) -> Option<Chart> {
    let series = &summary.series.equity;
    let (first, last) = (series.first()?, series.last()?);
    let points = indexed(series.iter().map(|point| point.value.to_f64()));
    if points.len() < 2 {
        return None;
    }
    let name = format::one_line(
        summary.account.as_deref().unwrap_or(&summary.service_name),
        24,
    );
    let reference = benchmark(series, &summary.series.benchmark).map(|points| {
        (
            format!(
                "{} ({})",
                format::benchmark(&summary.risk_metrics.benchmark),
                t.rebased
            ),
            points,
        )
    });
    let value = format::won(last.value, options);
    let alt = format!(
        "{}: {} {} → {} {value}",
        t.chart_equity,
        first.date,
        format::won(first.value, options),
        last.date
    );
    let mark = points.last().map(|point| (*point, value));
    let x_labels = day_labels(series.iter().map(|point| point.date).collect());
    let unit = Unit::Won(options.lang);
    let body = Body::Line(Line {
        points,
        x_labels,
        unit,
        x_range: None,
        shape: Shape::Level,
        name,
        reference,
        mark,
    });
    Some(Chart {
        id: "equity",
        title: t.chart_equity,
        alt,
        body,
    })
}

/// The benchmark as if the account's first equity had been put into it.
fn benchmark(equity: &[MoneyPoint], benchmark: &[MoneyPoint]) -> Option<Vec<(f64, f64)>> {
    let mut base: Option<(f64, f64)> = None;
    let mut points = Vec::new();
    for (i, point) in equity.iter().enumerate() {
        let Ok(at) = benchmark.binary_search_by(|other| other.date.cmp(&point.date)) else {
            continue;
        };
        let close = benchmark[at].value.to_f64().filter(|close| *close > 0.0)?;
        let (close_0, equity_0) = *base.get_or_insert((close, point.value.to_f64()?));
        points.push((i as f64, equity_0 * close / close_0));
    }
    (points.len() > 1).then_some(points)
}

fn drawdown(summary: &DailySummary, t: &Texts) -> Option<Chart> {
    let series = &summary.series.drawdown;
    let points = indexed(series.iter().map(|point| Some(point.value)));
    if points.len() < 2 {
        return None;
    }
    let deepest = points
        .iter()
        .copied()
        .reduce(|a, b| if b.1 < a.1 { b } else { a })?;
    let (_, now) = *points.last()?;
    let at = series.get(deepest.0 as usize)?.date;
    let alt = format!(
        "{}: {} {} ({at}), {} {}",
        t.chart_drawdown,
        t.max_drawdown,
        format::percent(deepest.1, 2),
        t.current_drawdown,
        format::percent(now, 2)
    );
    let mark = Some((deepest, format::percent(deepest.1, 2)));
    let x_labels = day_labels(series.iter().map(|point| point.date).collect());
    let line = Line {
        points,
        x_labels,
        unit: Unit::Percent,
        x_range: None,
        shape: Shape::Below,
        name: String::new(),
        reference: None,
        mark,
    };
    Some(Chart {
        id: "drawdown",
        title: t.chart_drawdown,
        alt,
        body: Body::Line(line),
    })
}

fn pnl(summary: &DailySummary, options: &RenderOptions, t: &Texts) -> Option<Chart> {
    let all = &summary.top_performers.by_ticker;
    if all.is_empty() {
        return None;
    }
    let bar = |performer: &Performer| {
        let signed = format::signed_amount(performer.realised, options);
        let label = match &performer.name {
            Some(name) => format!("{} {name}", performer.ticker),
            None => performer.ticker.clone(),
        };
        let text = format!("{} {}", format::arrow(signed.direction), signed.text);
        Bar {
            label: format::one_line(&label, 40),
            value: performer.realised.to_f64().unwrap_or_default(),
            text: text.trim_start().to_owned(),
        }
    };
    // The ends are what matters: the best and the worst.
    let mut bars: Vec<Bar> = if all.len() <= BARS {
        all.iter().map(bar).collect()
    } else {
        all[..BARS / 2]
            .iter()
            .chain(&all[all.len() - BARS / 2..])
            .map(bar)
            .collect()
    };
    bars.sort_by(|a, b| b.value.total_cmp(&a.value));
    let left_out = summary
        .top_performers
        .by_ticker_omitted
        .saturating_add(all.len().saturating_sub(BARS) as u64);
    let more = (left_out > 0).then(|| i18n::more_rows(options.lang, left_out));
    let said: Vec<String> = bars
        .iter()
        .map(|bar| format!("{} {}", bar.label, bar.text))
        .collect();
    let alt = format!("{}: {}", t.chart_pnl, said.join(", "));
    Some(Chart {
        id: "pnl",
        title: t.chart_pnl,
        alt,
        body: Body::Bars(Bars { bars, more }),
    })
}

fn intraday(summary: &DailySummary, options: &RenderOptions, t: &Texts) -> Option<Chart> {
    let series = &summary.series.realised_intraday;
    let seconds = |at: jiff::Timestamp| at.as_second() as f64;
    let mut points: Vec<(f64, f64)> = series
        .iter()
        .filter_map(|point| Some((seconds(point.at), point.value.to_f64()?)))
        .collect();
    let (first, last) = (series.first()?, series.last()?);
    // The day starts at nothing when the session opens.
    let open = summary.session.open.filter(|open| *open < first.at);
    if let Some(open) = open {
        points.insert(0, (seconds(open), 0.0));
    }
    if points.len() < 2 {
        return None;
    }
    let signed = format::signed_won(last.value, options);
    let value = match signed.direction {
        Direction::Flat => signed.text,
        direction => format!("{} {}", format::arrow(direction), signed.text),
    };
    let alt = format!("{}: {value}", t.chart_intraday);
    let start = seconds(open.unwrap_or(first.at));
    let end = summary
        .session
        .close
        .map_or(seconds(last.at), |close| seconds(close.max(last.at)));
    let x_labels = hour_labels(start, end, options);
    let mark = points.last().map(|point| (*point, value));
    let unit = Unit::Won(options.lang);
    let line = Line {
        points,
        x_labels,
        unit,
        x_range: Some((start, end)),
        shape: Shape::Steps,
        name: String::new(),
        reference: None,
        mark,
    };
    Some(Chart {
        id: "intraday",
        title: t.chart_intraday,
        alt,
        body: Body::Line(line),
    })
}

/// More than any amount a report can hold; beyond it only garbage lies.
const LARGEST: f64 = 1e30;

/// Points at 0, 1, 2, …; what is no sensible number is left out and keeps its place free.
fn indexed(values: impl Iterator<Item = Option<f64>>) -> Vec<(f64, f64)> {
    values
        .enumerate()
        .filter_map(|(i, value)| Some((i as f64, value.filter(|v| v.abs() < LARGEST)?)))
        .collect()
}

/// About five dates along the axis; the year is written when the series spans more than one.
fn day_labels(dates: Vec<jiff::civil::Date>) -> Vec<(f64, String)> {
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
        return Vec::new();
    };
    let years = first.year() != last.year();
    let steps = (dates.len() - 1).clamp(1, 4);
    (0..=steps)
        .filter_map(|i| {
            let at = (dates.len() - 1) * i / steps;
            let date = dates.get(at)?;
            let format = if years { "%Y-%m" } else { "%m-%d" };
            Some((at as f64, date.strftime(format).to_string()))
        })
        .collect()
}

/// The full hours of a session; a few evenly spaced times when there are too many.
fn hour_labels(start: f64, end: f64, options: &RenderOptions) -> Vec<(f64, String)> {
    let hour = 3_600.0;
    let step = ((end - start) / hour / 8.0).ceil().max(1.0) * hour;
    let first = (start / hour).ceil() * hour;
    (0..=8)
        .map(|i| first + f64::from(i) * step)
        .take_while(|at| *at <= end)
        .filter_map(|at| {
            let instant = jiff::Timestamp::from_second(at as i64)
                .ok()?
                .to_zoned(options.zone.clone());
            Some((at, instant.strftime("%H:%M").to_string()))
        })
        .collect()
}
