//! Functions over a range of samples: each gives a value, or nothing when the samples do not suffice.

use super::{
    math::{Precise, quantile},
    window::Span,
};

/// What a counter grew a second.
pub(crate) fn rate(span: &Span<'_>) -> Option<f64> {
    let seconds = (span.to_ms - span.from_ms) as f64 / 1000.0;
    extrapolated(span, true, Some(seconds))
}

/// What a counter grew.
pub(crate) fn increase(span: &Span<'_>) -> Option<f64> {
    extrapolated(span, true, None)
}

/// What a gauge changed.
pub(crate) fn delta(span: &Span<'_>) -> Option<f64> {
    extrapolated(span, false, None)
}

/// The change from the first sample to the last, drawn out to the ends of the range where they are near.
fn extrapolated(span: &Span<'_>, counter: bool, per: Option<f64>) -> Option<f64> {
    if span.samples.len() < 2 {
        return None;
    }
    let (first, last) = (span.first(), span.last());
    let mut change = last.value - first.value;
    if counter {
        for (before, after) in span.pairs() {
            if after < before {
                change += before;
            }
        }
    }
    let mut to_start = (first.time_ms - span.from_ms) as f64 / 1000.0;
    let to_end = (span.to_ms - last.time_ms) as f64 / 1000.0;
    let sampled = (last.time_ms - first.time_ms) as f64 / 1000.0;
    let average = sampled / (span.samples.len() - 1) as f64;
    if counter && change > 0.0 && first.value >= 0.0 {
        // A counter cannot have been below zero: it is not drawn out past where it would have been.
        let to_zero = sampled * (first.value / change);
        if to_zero < to_start {
            to_start = to_zero;
        }
    }
    let near = average * 1.1;
    let mut length = sampled;
    for gap in [to_start, to_end] {
        length += if gap < near { gap } else { average / 2.0 };
    }
    let mut factor = length / sampled;
    if let Some(seconds) = per {
        factor /= seconds;
    }
    Some(change * factor)
}

/// What a counter grew a second between its last two samples.
pub(crate) fn irate(span: &Span<'_>) -> Option<f64> {
    let [.., before, last] = span.samples else {
        return None;
    };
    let change = if last.value < before.value {
        last.value
    } else {
        last.value - before.value
    };
    Some(change / ((last.time_ms - before.time_ms) as f64 / 1000.0))
}

/// The change between the last two samples.
pub(crate) fn idelta(span: &Span<'_>) -> Option<f64> {
    match span.samples {
        [.., before, last] => Some(last.value - before.value),
        _ => None,
    }
}

/// The slope a second, by least squares.
pub(crate) fn deriv(span: &Span<'_>) -> Option<f64> {
    (span.samples.len() > 1).then(|| line(span, span.first().time_ms).0)
}

/// Where the line through the samples will be, so many seconds from now.
pub(crate) fn predict_linear(span: &Span<'_>) -> Option<f64> {
    let seconds = span.parameters.first().copied()?;
    (span.samples.len() > 1).then(|| {
        let (slope, value) = line(span, span.now_ms);
        slope * seconds + value
    })
}

/// Slope a second and value at `zero_ms`, by least squares.
fn line(span: &Span<'_>, zero_ms: i64) -> (f64, f64) {
    let first = span.first().value;
    if span.samples[1..].iter().all(|it| it.value == first) {
        return if first.is_infinite() {
            (f64::NAN, f64::NAN)
        } else {
            (0.0, first)
        };
    }
    let mut sums = [Precise::default(); 4];
    for sample in span.samples {
        let (x, y) = ((sample.time_ms - zero_ms) as f64 / 1e3, sample.value);
        for (sum, value) in sums.iter_mut().zip([x, y, x * y, x * x]) {
            sum.add(value);
        }
    }
    let [x, y, xy, xx] = sums.map(Precise::total);
    let n = span.samples.len() as f64;
    let slope = (xy - x * y / n) / (xx - x * x / n);
    (slope, y / n - slope * x / n)
}

/// How often the value changed.
pub(crate) fn changes(span: &Span<'_>) -> Option<f64> {
    let changed =
        |(before, after): &(f64, f64)| before != after && !(before.is_nan() && after.is_nan());
    Some(span.pairs().filter(changed).count() as f64)
}

/// How often a counter began anew.
pub(crate) fn resets(span: &Span<'_>) -> Option<f64> {
    Some(
        span.pairs()
            .filter(|(before, after)| after < before)
            .count() as f64,
    )
}

pub(crate) fn average(span: &Span<'_>) -> Option<f64> {
    let mut mean = Precise::default();
    for (index, value) in span.values().enumerate() {
        let count = (index + 1) as f64;
        // An infinite mean stays what it is, save by NaN and by the other infinity.
        if mean.sum.is_infinite() && (value.is_finite() || value == mean.sum) {
            continue;
        }
        mean.add(value / count - mean.sum / count);
    }
    Some(if mean.sum.is_infinite() {
        mean.sum
    } else {
        mean.total()
    })
}

pub(crate) fn sum(span: &Span<'_>) -> Option<f64> {
    let mut sum = Precise::default();
    span.values().for_each(|value| sum.add(value));
    Some(if sum.sum.is_infinite() {
        sum.sum
    } else {
        sum.total()
    })
}

pub(crate) fn minimum(span: &Span<'_>) -> Option<f64> {
    span.values().reduce(|least, value| {
        if value < least || least.is_nan() {
            value
        } else {
            least
        }
    })
}

pub(crate) fn maximum(span: &Span<'_>) -> Option<f64> {
    span.values().reduce(|most, value| {
        if value > most || most.is_nan() {
            value
        } else {
            most
        }
    })
}

pub(crate) fn count(span: &Span<'_>) -> Option<f64> {
    Some(span.samples.len() as f64)
}

pub(crate) fn last(span: &Span<'_>) -> Option<f64> {
    Some(span.last().value)
}

pub(crate) fn present(_: &Span<'_>) -> Option<f64> {
    Some(1.0)
}

pub(crate) fn deviation(span: &Span<'_>) -> Option<f64> {
    variance(span).map(f64::sqrt)
}

pub(crate) fn variance(span: &Span<'_>) -> Option<f64> {
    let (mut mean, mut squares) = (Precise::default(), Precise::default());
    for (index, value) in span.values().enumerate() {
        let delta = value - mean.total();
        mean.add(delta / (index + 1) as f64);
        squares.add(delta * (value - mean.total()));
    }
    Some(squares.total() / span.samples.len() as f64)
}

pub(crate) fn quantile_of(span: &Span<'_>) -> Option<f64> {
    let q = span.parameters.first().copied()?;
    Some(quantile(q, &mut span.values().collect::<Vec<_>>()))
}

/// The median of how far the values lie from their median.
pub(crate) fn median_deviation(span: &Span<'_>) -> Option<f64> {
    let mut values: Vec<f64> = span.values().collect();
    let median = quantile(0.5, &mut values);
    values.iter_mut().for_each(|it| *it = (*it - median).abs());
    Some(quantile(0.5, &mut values))
}

/// Level and trend, each smoothed by a factor between 0 and 1.
pub(crate) fn smoothed(span: &Span<'_>) -> Option<f64> {
    let ([level, trend], [first, second, ..]) = (span.parameters, span.samples) else {
        return None;
    };
    let (mut before, mut now, mut slope) = (0.0, first.value, second.value - first.value);
    for (index, value) in span.values().enumerate().skip(1) {
        if index > 1 {
            slope = trend * (now - before) + (1.0 - trend) * slope;
        }
        let next = level * value + (1.0 - level) * (now + slope);
        (before, now) = (now, next);
    }
    Some(now)
}
