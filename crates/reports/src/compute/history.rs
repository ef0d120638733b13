//! The account's equity line and the risk figures over it.

use jiff::civil::Date;

use super::risk;
use super::summarise::{Notes, as_of, both};
use crate::money::Won;
use crate::source::{AccountHistory, EquityPoint, Quotes};
use crate::summary::{
    MoneyPoint, QualityIssue, QualitySeverity, RatioPoint, RiskMetrics, Series, TailRisk,
};
use crate::{Figure, Missing};

/// Points a chart gets: a year of sessions.
const CHART_POINTS: usize = 260;

/// Recorded equity up to a date, one point a day, with what follows from it.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    history: &'a AccountHistory,
    date: Date,
    points: &'a [EquityPoint],
    /// Flows since the point before, by point.
    flows: Vec<Won>,
    returns: Vec<Option<f64>>,
    drawdowns: Vec<Option<f64>>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(history: &'a AccountHistory, date: Date) -> Self {
        let end = history.equity.partition_point(|point| point.date <= date);
        let points = &history.equity[..end];
        let mut flows = vec![Won::ZERO; points.len()];
        for &(at, amount) in &history.flows {
            let to = points.partition_point(|point| point.date < at);
            // A flow before the first point is part of its equity already.
            if to > 0 && to < points.len() {
                flows[to] += Won::new(amount);
            }
        }
        let equity: Vec<f64> = points
            .iter()
            .map(|point| Won::new(point.equity).to_f64())
            .collect();
        let moved: Vec<f64> = flows.iter().map(|flow| flow.to_f64()).collect();
        let returns = risk::returns(&equity, &moved);
        let drawdowns = if moved.iter().all(|flow| *flow == 0.0) {
            risk::drawdowns(&equity)
        } else {
            risk::drawdowns(&wealth(equity[0], &returns))
        };
        Self {
            history,
            date,
            points,
            flows,
            returns,
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
            self.today().map(|(_, point)| Won::new(point.equity)),
            Missing::NoEquity,
        )
    }

    pub(crate) fn cash(&self) -> Figure<Won> {
        let cash = self.today().and_then(|(_, point)| point.cash);
        Figure::from_option(cash.map(Won::new), Missing::NoCash)
    }

    pub(crate) fn previous_equity(&self) -> Figure<Won> {
        Figure::from_option(
            self.previous().map(|point| Won::new(point.equity)),
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

    pub(crate) fn change(&self) -> Figure<Won> {
        both(&self.equity(), &self.previous_equity(), |now, before| {
            now - before
        })
    }

    pub(crate) fn change_less_flow(&self) -> Figure<Won> {
        both(&self.change(), &self.flow(), |change, flow| change - flow)
    }

    /// `(E_t − F_t) ÷ E_{t−1} − 1`; base ≤ 0: missing.
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

    /// Π(1 + r) − 1 since the first point (empyrical `cum_returns_final`), so that a deposit is no gain.
    pub(crate) fn total_return(&self) -> Figure<f64> {
        if self.today().is_none() {
            return Missing::NoEquity.into();
        }
        if self.returns.is_empty() {
            return Missing::NoPreviousEquity.into();
        }
        let mut wealth = 1.0;
        for value in &self.returns {
            match value {
                Some(value) => wealth *= 1.0 + value,
                None => return Missing::BaseNotPositive.into(),
            }
        }
        risk::finite(wealth - 1.0)
    }

    /// The benchmark's return between the closes of the same two dates.
    pub(crate) fn benchmark_return(&self, quotes: &Quotes) -> Figure<f64> {
        let Some((at, today)) = self.today() else {
            return Missing::NoEquity.into();
        };
        let Some(before) = at.checked_sub(1) else {
            return Missing::NoPreviousEquity.into();
        };
        Figure::from_option(
            benchmark_between(quotes, self.points[before].date, today.date),
            Missing::NoBenchmark,
        )
    }

    fn defined(&self) -> Vec<f64> {
        self.returns.iter().copied().flatten().collect()
    }

    /// Pairs of (ours, the benchmark's) return over the same span, where both are defined.
    fn pairs(&self, quotes: &Quotes) -> Vec<(f64, f64)> {
        self.points
            .windows(2)
            .zip(&self.returns)
            .filter_map(|(span, ours)| {
                let theirs = benchmark_between(quotes, span[0].date, span[1].date)?;
                Some(((*ours)?, theirs))
            })
            .collect()
    }

    pub(crate) fn series(&self, quotes: &Quotes) -> Series {
        let from = self.points.len().saturating_sub(CHART_POINTS);
        let points = &self.points[from..];
        Series {
            equity: points
                .iter()
                .map(|point| MoneyPoint {
                    date: point.date,
                    value: point.equity.into(),
                })
                .collect(),
            drawdown: points
                .iter()
                .zip(&self.drawdowns[from..])
                .filter_map(|(point, value)| {
                    Some(RatioPoint {
                        date: point.date,
                        value: (*value)?,
                    })
                })
                .collect(),
            benchmark: points
                .iter()
                .filter_map(|point| {
                    let (_, value) = as_of(&quotes.benchmark, point.date)?;
                    Some(MoneyPoint {
                        date: point.date,
                        value: *value,
                    })
                })
                .collect(),
            realised_intraday: Vec::new(),
        }
    }
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

/// The benchmark's return from the last close at or before `from` to the close of `to` itself.
fn benchmark_between(quotes: &Quotes, from: Date, to: Date) -> Option<f64> {
    let (_, before) = as_of(&quotes.benchmark, from)?;
    let (at, now) = as_of(&quotes.benchmark, to)?;
    if *at != to {
        return None;
    }
    let (before, now) = (Won::from_decimal(*before)?, Won::from_decimal(*now)?);
    before
        .is_positive()
        .then(|| now.to_f64() / before.to_f64() - 1.0)
}

/// The section. Figures of the day itself (drawdown) are missing without the day's equity; figures
/// over the history use what is there.
pub(crate) fn risk(
    line: &Line<'_>,
    quotes: &Quotes,
    benchmark: &str,
    notes: &mut Notes,
) -> RiskMetrics {
    let returns = line.defined();
    let drawdowns: Figure<Vec<f64>> = if line.today().is_none() {
        Missing::NoEquity.into()
    } else {
        let defined: Option<Vec<f64>> = line
            .drawdowns
            .iter()
            .map(|value| value.filter(|value| value.is_finite()))
            .collect();
        Figure::from_option(defined, Missing::BaseNotPositive)
    };
    if let Figure::Known(equity) = line.equity()
        && !equity.is_positive()
    {
        notes.add(
            QualitySeverity::Error,
            QualityIssue::NegativeEquity,
            line.date.to_string(),
            format!("equity is {}", equity.decimal()),
        );
    }
    let equity = line.equity();
    RiskMetrics {
        returns: u32::try_from(returns.len()).unwrap_or(u32::MAX),
        since: line.points.first().map(|point| point.date),
        max_drawdown: drawdowns
            .clone()
            .map(|all| all.iter().copied().fold(0.0, f64::min)),
        current_drawdown: drawdowns
            .clone()
            .map(|all| all.last().copied().unwrap_or(0.0)),
        drawdown_sessions: drawdowns.map(|all| {
            let since_peak = all.iter().rev().take_while(|value| **value < 0.0).count();
            u32::try_from(since_peak).unwrap_or(u32::MAX)
        }),
        volatility: risk::volatility(&returns),
        sharpe: risk::sharpe(&returns),
        sortino: risk::sortino(&returns),
        var_95: tail(&returns, 0.05, 20, &equity),
        var_99: tail(&returns, 0.01, 100, &equity),
        beta: risk::beta(&line.pairs(quotes)),
        benchmark: benchmark.to_owned(),
        trading_halted: Figure::from_option(
            line.today().and_then(|_| line.history.halt.clone()),
            Missing::NotCollected,
        ),
    }
}

/// VaR and CVaR at a cutoff; flagged below `enough` returns.
fn tail(returns: &[f64], cutoff: f64, enough: usize, equity: &Figure<Won>) -> Figure<TailRisk> {
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
