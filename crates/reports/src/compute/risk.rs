//! Risk figures over a series of daily returns. Ratios are plain fractions.
//!
//! Each formula is the one of the library named at it, and the tests hold it to that library's
//! output to 1e-9. `None` in the input is never taken: the caller filters undefined returns.

use crate::{Figure, Missing};

/// Sessions in a year, as quantstats, empyrical and pyfolio take it.
pub const SESSIONS_PER_YEAR: f64 = 252.0;

/// Returns of an equity line less flows: `(E_t − F_t) ÷ E_{t−1} − 1`, a flow being taken for one at the
/// day's end. One that is larger than the base is taken for one at its beginning, `E_t ÷ (E_{t−1} +
/// F_t) − 1`: what is put into a hundredth of it does not multiply the day's return by a hundred.
///
/// `None` where the base is not positive.
#[must_use]
pub fn returns(equity: &[f64], flows: &[f64]) -> Vec<Option<f64>> {
    equity
        .windows(2)
        .enumerate()
        .map(|(at, pair)| {
            let flow = flows.get(at + 1).copied().unwrap_or(0.0);
            (pair[0] > 0.0).then(|| {
                if flow > pair[0] {
                    pair[1] / (pair[0] + flow) - 1.0
                } else {
                    (pair[1] - flow) / pair[0] - 1.0
                }
            })
        })
        .collect()
}

/// `E ÷ running max − 1` at each point, the start included (quantstats `stats.to_drawdown_series`,
/// empyrical `stats.max_drawdown`, which starts from a base of 1).
///
/// `None` from the first point on at which the running maximum is not positive, for that point.
#[must_use]
pub fn drawdowns(equity: &[f64]) -> Vec<Option<f64>> {
    let mut peak = f64::NEG_INFINITY;
    equity
        .iter()
        .map(|&value| {
            peak = peak.max(value);
            (peak > 0.0).then(|| value / peak - 1.0)
        })
        .collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "series are far shorter than 2^52"
)]
fn len(values: &[f64]) -> f64 {
    values.len() as f64
}

fn few(values: &[f64], need: u32) -> Option<Missing> {
    let have = u32::try_from(values.len()).unwrap_or(u32::MAX);
    (have < need).then_some(Missing::TooFewReturns { have, need })
}

/// The arithmetic mean; NaN of nothing.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / len(values)
}

/// Sample standard deviation (ddof 1); NaN below two values.
fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (len(values) - 1.0)).sqrt()
}

/// The values do not vary beyond rounding: a deviation of a billionth of a billionth of their size.
fn flat(deviation: f64, values: &[f64]) -> bool {
    let size = values
        .iter()
        .fold(0.0_f64, |size, value| size.max(value.abs()));
    deviation <= size * 1e-15
}

/// sd(ddof 1) · √252 (quantstats `volatility`, empyrical `annual_volatility`). n < 2: missing.
#[must_use]
pub fn volatility(returns: &[f64]) -> Figure<f64> {
    if let Some(few) = few(returns, 2) {
        return few.into();
    }
    finite(deviation(returns) * SESSIONS_PER_YEAR.sqrt())
}

/// mean ÷ sd(ddof 1) · √252, risk-free rate 0 (quantstats `sharpe`, empyrical `sharpe_ratio`).
///
/// n < 2 or sd = 0: missing.
#[must_use]
pub fn sharpe(returns: &[f64]) -> Figure<f64> {
    if let Some(few) = few(returns, 2) {
        return few.into();
    }
    let deviation = deviation(returns);
    if flat(deviation, returns) {
        return Missing::NoVariation.into();
    }
    finite(mean(returns) / deviation * SESSIONS_PER_YEAR.sqrt())
}

/// mean ÷ √(Σ min(r, 0)² ÷ n) · √252 (quantstats `sortino`, empyrical `sortino_ratio`).
///
/// n < 2 or no negative return: missing.
#[must_use]
pub fn sortino(returns: &[f64]) -> Figure<f64> {
    if let Some(few) = few(returns, 2) {
        return few.into();
    }
    let squares: f64 = returns.iter().map(|value| value.min(0.0).powi(2)).sum();
    if squares == 0.0 {
        return Missing::NoNegativeReturns.into();
    }
    let downside = (squares / len(returns)).sqrt();
    finite(mean(returns) / downside * SESSIONS_PER_YEAR.sqrt())
}

/// Historical value at risk: the `cutoff` percentile with linear interpolation (empyrical
/// `value_at_risk`, numpy's `percentile`). No returns: missing.
#[must_use]
pub fn value_at_risk(returns: &[f64], cutoff: f64) -> Figure<f64> {
    if let Some(few) = few(returns, 1) {
        return few.into();
    }
    let rank = (len(returns) - 1.0) * cutoff;
    let (at, part) = (index(rank.floor()), rank.fract());
    let lowest = lowest(returns, at + 2);
    let below = lowest[at];
    let above = lowest.get(at + 1).copied().unwrap_or(below);
    finite(below + (above - below) * part)
}

/// Mean of the `⌊(n−1)·cutoff⌋ + 1` lowest returns (empyrical `conditional_value_at_risk`); equal
/// returns at the edge count as often as needed to make up the number. No returns: missing.
#[must_use]
pub fn conditional_value_at_risk(returns: &[f64], cutoff: f64) -> Figure<f64> {
    if let Some(few) = few(returns, 1) {
        return few.into();
    }
    let count = index(((len(returns) - 1.0) * cutoff).floor()) + 1;
    finite(mean(&lowest(returns, count)))
}

/// cov(r, b) ÷ var(b), ddof 1, on pairs of the same date (quantstats `greeks`, empyrical `beta`).
///
/// Fewer than two pairs or var = 0: missing.
#[must_use]
pub fn beta(pairs: &[(f64, f64)]) -> Figure<f64> {
    let (ours, theirs): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    if ours.is_empty() {
        return Missing::NoBenchmark.into();
    }
    if let Some(few) = few(&ours, 2) {
        return few.into();
    }
    if flat(deviation(&theirs), &theirs) {
        return Missing::BenchmarkFlat.into();
    }
    let (mean_ours, mean_theirs) = (mean(&ours), mean(&theirs));
    let covariance: f64 = pairs
        .iter()
        .map(|(a, b)| (a - mean_ours) * (b - mean_theirs))
        .sum();
    let variance: f64 = theirs.iter().map(|b| (b - mean_theirs).powi(2)).sum();
    finite(covariance / variance)
}

/// Herfindahl–Hirschman index of the invested part: Σ (value ÷ Σ value)² (pyfolio's concentration,
/// as a sum of squares). Nothing invested: missing.
#[must_use]
pub fn concentration(values: &[f64]) -> Figure<f64> {
    let invested: f64 = values.iter().sum();
    if values.is_empty() || invested <= 0.0 {
        return Missing::NothingInvested.into();
    }
    finite(values.iter().map(|value| (value / invested).powi(2)).sum())
}

/// (1 + total)^(252 ÷ n) − 1 over −max drawdown (empyrical `calmar_ratio`).
///
/// No returns: missing.
#[must_use]
pub fn calmar(total: f64, returns: usize, max_drawdown: f64) -> Figure<f64> {
    if returns == 0 {
        return Missing::TooFewReturns { have: 0, need: 1 }.into();
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let years = returns as f64 / SESSIONS_PER_YEAR;
    finite(((1.0 + total).powf(1.0 / years) - 1.0) / -max_drawdown)
}

/// A figure unless it overflowed.
pub(crate) fn finite(value: f64) -> Figure<f64> {
    if value.is_finite() {
        Figure::Known(value)
    } else {
        Missing::NotComputable.into()
    }
}

/// The `count` lowest values, in order; all when there are no more.
fn lowest(values: &[f64], count: usize) -> Vec<f64> {
    let mut lowest = values.to_vec();
    if count < lowest.len() {
        lowest.select_nth_unstable_by(count, f64::total_cmp);
        lowest.truncate(count);
    }
    lowest.sort_unstable_by(f64::total_cmp);
    lowest
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a floor between 0 and the length of a slice"
)]
fn index(floor: f64) -> usize {
    floor as usize
}
