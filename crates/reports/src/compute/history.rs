//! The account's equity line and the risk figures over it.

use jiff::civil::Date;

use super::risk;
use super::summarise::{Notes, as_of, both};
use crate::money::Won;
use crate::source::{AccountHistory, EquityPoint, Quotes};
use crate::summary::{
    LimitUse, MoneyPoint, QualityIssue, QualitySeverity, RatioPoint, RecentDay, RiskMetrics,
    Series, TailRisk,
};
use crate::{Figure, Missing};

/// Points a chart gets: a year of sessions.
const CHART_POINTS: usize = 260;
/// Sessions in the list of the last ones.
const RECENT: usize = 20;
/// Returns below which a ratio over them is flagged.
const FEW: usize = 30;

/// Recorded equity up to a date, one point a session, with what follows from it.
///
/// The series of returns begins anew after an equity that was not positive: a return on nothing is
/// undefined, and one day must not undo the account's whole life.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    history: &'a AccountHistory,
    date: Date,
    points: &'a [EquityPoint],
    /// Flows since the point before, by point; and what was earned beside the trades.
    flows: Vec<Won>,
    income: Vec<Won>,
    /// Of each point but the first.
    returns: Vec<Option<f64>>,
    /// The first point of the present series.
    start: usize,
    drawdowns: Vec<Option<f64>>,
}

/// An amount of won of a table, in which there are none that do not fit.
pub(crate) fn won(value: rust_decimal::Decimal) -> Won {
    Won::from_decimal(value).unwrap_or(Won::ZERO)
}

impl<'a> Line<'a> {
    /// `moved` gives what shares that came or went without a trade were worth, after a date and up to
    /// another one.
    pub(crate) fn new(
        history: &'a AccountHistory,
        date: Date,
        moved: impl Fn(Date, Date) -> Won,
    ) -> Self {
        let end = history.equity.partition_point(|point| point.date <= date);
        let points = &history.equity[..end];
        let mut flows = vec![Won::ZERO; points.len()];
        let mut income = vec![Won::ZERO; points.len()];
        for flow in &history.flows {
            let to = points.partition_point(|point| point.date < flow.date);
            // A flow before the first point is part of its equity already.
            if to > 0 && to < points.len() {
                let list = if flow.kind.is_income() {
                    &mut income
                } else {
                    &mut flows
                };
                list[to] += won(flow.amount);
            }
        }
        for (at, pair) in points.windows(2).enumerate() {
            flows[at + 1] += moved(pair[0].date, pair[1].date);
        }
        let equity: Vec<f64> = points
            .iter()
            .map(|point| won(point.equity).to_f64())
            .collect();
        let moved: Vec<f64> = flows.iter().map(|flow| flow.to_f64()).collect();
        let returns = risk::returns(&equity, &moved);
        let start = start(&equity, &moved);
        let present = moved.get(start + 1..).unwrap_or_default();
        let drawdowns = if present.iter().all(|flow| *flow == 0.0) {
            risk::drawdowns(equity.get(start..).unwrap_or_default())
        } else {
            risk::drawdowns(&wealth(equity[start], &returns[start..]))
        };
        Self {
            history,
            date,
            points,
            flows,
            income,
            returns,
            start,
            drawdowns,
        }
    }

    pub(crate) fn date(&self) -> Date {
        self.date
    }

    fn today(&self) -> Option<(usize, &EquityPoint)> {
        let at = self.points.len().checked_sub(1)?;
        let last = &self.points[at];
        (last.date == self.date).then_some((at, last))
    }

    /// The last point before the day.
    pub(crate) fn previous(&self) -> Option<&EquityPoint> {
        let end = self.points.partition_point(|point| point.date < self.date);
        self.points[..end].last()
    }

    pub(crate) fn equity(&self) -> Figure<Won> {
        Figure::from_option(
            self.today().map(|(_, point)| won(point.equity)),
            Missing::NoEquity,
        )
    }

    pub(crate) fn cash(&self) -> Figure<Won> {
        let cash = self.today().and_then(|(_, point)| point.cash);
        Figure::from_option(cash.map(won), Missing::NoCash)
    }

    pub(crate) fn previous_equity(&self) -> Figure<Won> {
        Figure::from_option(
            self.previous().map(|point| won(point.equity)),
            Missing::NoPreviousEquity,
        )
    }

    /// Deposits less withdrawals since the point before; zero when the source records none.
    pub(crate) fn flow(&self) -> Figure<Won> {
        Figure::from_option(
            self.today().map(|(at, _)| self.flows[at]),
            Missing::NoEquity,
        )
    }

    /// What was earned beside the trades since the point before.
    pub(crate) fn income(&self) -> Figure<Won> {
        Figure::from_option(
            self.today().map(|(at, _)| self.income[at]),
            Missing::NoEquity,
        )
    }

    pub(crate) fn change(&self) -> Figure<Won> {
        both(&self.equity(), &self.previous_equity(), |now, before| {
            now - before
        })
    }

    pub(crate) fn change_less_flow(&self) -> Figure<Won> {
        both(&self.change(), &self.flow(), |change, flow| change - flow)
    }

    /// See [`risk::returns`]; base ≤ 0: missing.
    pub(crate) fn daily_return(&self) -> Figure<f64> {
        let Some((at, _)) = self.today() else {
            return Missing::NoEquity.into();
        };
        match at.checked_sub(1).map(|before| self.returns[before]) {
            None => Missing::NoPreviousEquity.into(),
            Some(None) => Missing::BaseNotPositive.into(),
            Some(Some(value)) => Figure::Known(value),
        }
    }

    /// Π(1 + r) − 1 since the series' first point (empyrical `cum_returns_final`), so that a deposit is
    /// no gain.
    pub(crate) fn total_return(&self) -> Figure<f64> {
        if self.today().is_none() {
            return Missing::NoEquity.into();
        }
        self.compound(self.start)
    }

    fn compound(&self, from: usize) -> Figure<f64> {
        let returns = self.returns.get(from..).unwrap_or_default();
        if returns.is_empty() {
            return match (from, self.wiped_out()) {
                (0, _) => Missing::NoPreviousEquity.into(),
                _ => Missing::BaseNotPositive.into(),
            };
        }
        if self.wiped_out() {
            return Missing::BaseNotPositive.into();
        }
        let mut wealth = 1.0;
        for value in returns {
            match value {
                Some(value) => wealth *= 1.0 + value,
                None => return Missing::BaseNotPositive.into(),
            }
        }
        risk::finite(wealth - 1.0)
    }

    /// Nothing, or less, was left before what came or went on the last point's day.
    fn wiped_out(&self) -> bool {
        let Some(last) = self.points.last() else {
            return false;
        };
        let flow = self.flows.last().copied().unwrap_or_default();
        let before_flow = won(last.equity) - flow;
        !before_flow.is_positive() && !won(last.equity).is_positive()
    }

    /// The point from whose close a span begins: the last one before its first day, or the series'
    /// first one.
    pub(crate) fn base(&self, first_day: Option<Date>) -> Option<usize> {
        let before = match first_day {
            Some(first) => self.points.partition_point(|point| point.date < first),
            None => 0,
        };
        let at = before.saturating_sub(1).max(self.start);
        (at < self.points.len()).then_some(at)
    }

    pub(crate) fn base_date(&self, base: usize) -> Option<Date> {
        self.points.get(base).map(|point| point.date)
    }

    /// Return, profit, flows and income from a point on, and how many returns that are.
    pub(crate) fn span(&self, base: usize) -> Span {
        if self.today().is_none() {
            return Span::missing(&Missing::NoEquity);
        }
        let sum = |list: &[Won]| -> Won { list.iter().skip(base + 1).copied().sum() };
        let (flow, income) = (sum(&self.flows), sum(&self.income));
        let change = self.points.last().zip(self.points.get(base));
        let pnl = change.map(|(last, first)| won(last.equity) - won(first.equity) - flow);
        Span {
            sessions: u32::try_from(self.returns.len().saturating_sub(base)).unwrap_or(u32::MAX),
            total_return: self.compound(base),
            pnl: Figure::from_option(pnl, Missing::NoEquity),
            flow: Figure::Known(flow),
            income: Figure::Known(income),
        }
    }

    /// A benchmark's return between the closes of the day and of the point before it.
    pub(crate) fn benchmark_return(&self, quotes: &Quotes, ticker: &str) -> Figure<f64> {
        let Some((at, today)) = self.today() else {
            return Missing::NoEquity.into();
        };
        let Some(before) = at.checked_sub(1) else {
            return Missing::NoPreviousEquity.into();
        };
        Figure::from_option(
            benchmark_between(quotes, ticker, self.points[before].date, today.date),
            Missing::NoBenchmark,
        )
    }

    fn defined(&self) -> Vec<f64> {
        let present = self.returns.get(self.start..).unwrap_or_default();
        present.iter().copied().flatten().collect()
    }

    /// Pairs of (ours, the benchmark's) return over the same span, where both are defined.
    fn pairs(&self, quotes: &Quotes, ticker: &str) -> Vec<(f64, f64)> {
        self.points
            .windows(2)
            .zip(&self.returns)
            .skip(self.start)
            .filter_map(|(span, ours)| {
                let theirs = benchmark_between(quotes, ticker, span[0].date, span[1].date)?;
                Some(((*ours)?, theirs))
            })
            .collect()
    }

    pub(crate) fn series(&self, quotes: &Quotes, benchmark: &str) -> Series {
        let from = self.points.len().saturating_sub(CHART_POINTS);
        let points = &self.points[from..];
        let closes = quotes.benchmark(benchmark);
        let drawdowns = self.points.get(self.start..).unwrap_or_default();
        Series {
            equity: points
                .iter()
                .map(|point| MoneyPoint {
                    date: point.date,
                    value: point.equity,
                })
                .collect(),
            drawdown: drawdowns
                .iter()
                .zip(&self.drawdowns)
                .skip(drawdowns.len().saturating_sub(CHART_POINTS))
                .filter_map(|(point, value)| {
                    Some(RatioPoint {
                        date: point.date,
                        value: (*value)?,
                    })
                })
                .collect(),
            // A close of an earlier day is not the day's.
            benchmark: points
                .iter()
                .filter_map(|point| {
                    let (at, value) = as_of(closes, point.date)?;
                    (*at == point.date).then_some(MoneyPoint {
                        date: point.date,
                        value: *value,
                    })
                })
                .collect(),
            realised_intraday: Vec::new(),
        }
    }

    /// The last sessions with an equity, oldest first.
    pub(crate) fn recent(&self, quotes: &Quotes, benchmark: &str) -> Vec<RecentDay> {
        let from = self.points.len().saturating_sub(RECENT);
        let day = |(at, point): (usize, &EquityPoint)| {
            let before = at.checked_sub(1).map(|before| &self.points[before]);
            let base: Figure<&EquityPoint> = Figure::from_option(before, Missing::NoPreviousEquity);
            RecentDay {
                date: point.date,
                equity: point.equity,
                pnl: base
                    .clone()
                    .map(|base| (won(point.equity) - won(base.equity) - self.flows[at]).decimal()),
                daily_return: match before {
                    None => Missing::NoPreviousEquity.into(),
                    Some(_) => Figure::from_option(self.returns[at - 1], Missing::BaseNotPositive),
                },
                benchmark: match before {
                    None => Missing::NoPreviousEquity.into(),
                    Some(base) => Figure::from_option(
                        benchmark_between(quotes, benchmark, base.date, point.date),
                        Missing::NoBenchmark,
                    ),
                },
            }
        };
        self.points.iter().enumerate().skip(from).map(day).collect()
    }

    /// What a reader must know of the series before its figures.
    pub(crate) fn remark(&self, notes: &mut Notes) {
        if let Figure::Known(equity) = self.equity()
            && !equity.is_positive()
        {
            notes.add(
                QualitySeverity::Error,
                QualityIssue::NegativeEquity,
                self.date.to_string(),
                (
                    format!("equity is {}", equity.decimal()),
                    format!("평가금액이 {}", equity.decimal()),
                ),
            );
        }
        if self.start > 0
            && let Some(first) = self.base_date(self.start)
        {
            notes.add(
                QualitySeverity::Info,
                QualityIssue::SeriesRestarted,
                first.to_string(),
                (
                    format!("the equity before was not positive: returns, drawdowns and ratios are since {first}"),
                    format!("그 전 평가금액이 0 이하: 수익률·낙폭·지표는 {first}부터 계산"),
                ),
            );
        }
        let base = self
            .today()
            .and_then(|(at, _)| Some((at, at.checked_sub(1)?)));
        if let Some((at, before)) = base
            && self.flows[at].abs() > won(self.points[before].equity)
            && won(self.points[before].equity).is_positive()
        {
            let flow = self.flows[at].decimal();
            let (en, ko) = if self.flows[at].is_positive() {
                (
                    format!(
                        "a flow of {flow} is larger than the equity before it: the day's return is on both together"
                    ),
                    format!(
                        "순입금 {flow}이(가) 전일 평가금액보다 큼: 당일 수익률은 둘의 합을 기준으로 계산"
                    ),
                )
            } else {
                (
                    format!("a flow of {flow} is larger than the equity before it"),
                    format!("순출금 {flow}이(가) 전일 평가금액보다 큼"),
                )
            };
            notes.add(
                QualitySeverity::Warning,
                QualityIssue::LargeFlow,
                self.date.to_string(),
                (en, ko),
            );
        }
    }
}

/// What a span of sessions has brought.
pub(crate) struct Span {
    pub(crate) sessions: u32,
    pub(crate) total_return: Figure<f64>,
    pub(crate) pnl: Figure<Won>,
    pub(crate) flow: Figure<Won>,
    pub(crate) income: Figure<Won>,
}

impl Span {
    fn missing(why: &Missing) -> Self {
        Self {
            sessions: 0,
            total_return: why.clone().into(),
            pnl: why.clone().into(),
            flow: why.clone().into(),
            income: why.clone().into(),
        }
    }
}

/// The first point of the present series: the first positive one after the last that was not, or that
/// was wiped out before something was put in. What is so on the last day itself is its end.
fn start(equity: &[f64], flows: &[f64]) -> usize {
    let before = equity.len().saturating_sub(1);
    let broken = (0..before).rev().find(|&at| equity[at] <= 0.0);
    let refilled = (1..equity.len())
        .rev()
        .find(|&at| equity[at] - flows[at] <= 0.0 && equity[at] > 0.0);
    let first = broken.map_or(0, |at| at + 1);
    first.max(refilled.unwrap_or(0)).min(before)
}

/// An index that grows by the returns; it ends where one is undefined.
fn wealth(start: f64, returns: &[Option<f64>]) -> Vec<f64> {
    let mut level = start;
    std::iter::once(start)
        .chain(returns.iter().map(|value| {
            level = value.map_or(f64::NAN, |value| level * (1.0 + value));
            level
        }))
        .collect()
}

/// A benchmark's return from the last close at or before `from` to the close of `to` itself.
pub(crate) fn benchmark_between(
    quotes: &Quotes,
    ticker: &str,
    from: Date,
    to: Date,
) -> Option<f64> {
    let closes = quotes.benchmark(ticker);
    let (_, before) = as_of(closes, from)?;
    let (at, now) = as_of(closes, to)?;
    if *at != to {
        return None;
    }
    let (before, now) = (Won::from_decimal(*before)?, Won::from_decimal(*now)?);
    before
        .is_positive()
        .then(|| now.to_f64() / before.to_f64() - 1.0)
}

/// The section. Figures of the day itself (drawdown) are missing without the day's equity; figures
/// over the history use what is there. Once nothing is left all of them are undefined.
pub(crate) fn risk(
    line: &Line<'_>,
    quotes: &Quotes,
    benchmark: &str,
    largest: &Figure<f64>,
    notes: &mut Notes,
) -> RiskMetrics {
    let returns = line.defined();
    let drawdowns: Figure<Vec<f64>> = if line.today().is_none() {
        Missing::NoEquity.into()
    } else if line.wiped_out() {
        Missing::BaseNotPositive.into()
    } else {
        let defined: Option<Vec<f64>> = line
            .drawdowns
            .iter()
            .map(|value| value.filter(|value| value.is_finite()))
            .collect();
        Figure::from_option(defined, Missing::BaseNotPositive)
    };
    line.remark(notes);
    let equity = line.equity();
    let few = !returns.is_empty() && returns.len() < FEW;
    let ratio = |figure: Figure<f64>| match line.wiped_out() {
        true => Missing::BaseNotPositive.into(),
        false => figure,
    };
    let sessions = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let max_drawdown = drawdowns
        .clone()
        .map(|all| all.iter().copied().fold(0.0, f64::min));
    let calmar = match (line.total_return(), &max_drawdown) {
        (Figure::Missing(why), _) => why.into(),
        (_, Figure::Missing(why)) => why.clone().into(),
        (_, Figure::Known(max)) if *max >= 0.0 => Missing::NoNegativeReturns.into(),
        (Figure::Known(total), Figure::Known(max)) => risk::calmar(total, returns.len(), *max),
    };
    let limits = line.history.limits.filter(|_| line.today().is_some());
    let limit = |of: Option<f64>| Figure::from_option(of.map(|x| x / 100.0), Missing::NotCollected);
    RiskMetrics {
        returns: sessions(returns.len()),
        since: line.base_date(line.start),
        current_drawdown: drawdowns
            .clone()
            .map(|all| all.last().copied().unwrap_or(0.0)),
        drawdown_sessions: drawdowns.clone().map(|all| {
            let since_peak = all.iter().rev().take_while(|value| **value < 0.0);
            sessions(since_peak.count())
        }),
        longest_drawdown: drawdowns.map(|all| {
            let (mut longest, mut present) = (0, 0);
            for value in all {
                present = if value < 0.0 { present + 1 } else { 0 };
                longest = longest.max(present);
            }
            sessions(longest)
        }),
        max_drawdown,
        volatility: ratio(risk::volatility(&returns)),
        sharpe: ratio(risk::sharpe(&returns)),
        sortino: ratio(risk::sortino(&returns)),
        var_95: tail(&returns, 0.05, 20, &equity, line.wiped_out()),
        var_99: tail(&returns, 0.01, 100, &equity, line.wiped_out()),
        beta: ratio(risk::beta(&line.pairs(quotes, benchmark))),
        benchmark: benchmark.to_owned(),
        trading_halted: Figure::from_option(
            line.today().and_then(|_| line.history.halt.clone()),
            Missing::NotCollected,
        ),
        few_observations: few,
        calmar,
        loss_limit: LimitUse {
            limit: limit(limits.and_then(|limits| limits.max_loss_percent)),
            used: line.total_return().map(|total| (-total).max(0.0)),
        },
        position_limit: LimitUse {
            limit: limit(limits.and_then(|limits| limits.max_position_percent)),
            used: largest.clone(),
        },
    }
}

/// VaR and CVaR at a cutoff; flagged below `enough` returns.
fn tail(
    returns: &[f64],
    cutoff: f64,
    enough: usize,
    equity: &Figure<Won>,
    wiped_out: bool,
) -> Figure<TailRisk> {
    if wiped_out {
        return Missing::BaseNotPositive.into();
    }
    both(
        &risk::value_at_risk(returns, cutoff),
        &risk::conditional_value_at_risk(returns, cutoff),
        |var, cvar| TailRisk {
            var,
            cvar,
            var_amount: match equity {
                Figure::Known(equity) => Figure::from_option(
                    rust_decimal::Decimal::try_from(var * equity.to_f64())
                        .ok()
                        .map(|amount| amount.round_dp(2)),
                    Missing::NotComputable,
                ),
                Figure::Missing(why) => why.clone().into(),
            },
            few_observations: returns.len() < enough,
        },
    )
}
