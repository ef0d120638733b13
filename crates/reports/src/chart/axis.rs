//! Round numbers for an axis, and how they are written.

use crate::i18n::Lang;

/// What an axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Won(Lang),
    Percent,
}

/// Round values from below the lowest to above the highest, about `wanted` of them.
pub(super) fn ticks(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let span = (high - low).max(f64::MIN_POSITIVE);
    let rough = span / wanted.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|s| *s >= rough * 0.999);
    let step = step.unwrap_or(power * 10.0);
    if !(step.is_finite() && step > 0.0) {
        return vec![low, high];
    }
    let first = (low / step).floor();
    let last = (high / step).ceil();
    let count = (last - first).clamp(1.0, 20.0) as i64;
    (0..=count).map(|i| (first + i as f64) * step).collect()
}

/// Writes a tick's value with as many decimals as the step between ticks needs.
pub(super) fn label(value: f64, ticks: &[f64], unit: Unit) -> String {
    let step = ticks
        .windows(2)
        .map(|w| (w[1] - w[0]).abs())
        .fold(f64::INFINITY, f64::min);
    let top = ticks.iter().fold(0.0f64, |top, tick| top.max(tick.abs()));
    let (scale, suffix) = match unit {
        Unit::Percent => (0.01, "%"),
        Unit::Won(Lang::En) => match top {
            t if t >= 1e9 => (1e9, "B"),
            t if t >= 1e6 => (1e6, "M"),
            t if t >= 1e3 => (1e3, "K"),
            _ => (1.0, ""),
        },
        Unit::Won(Lang::Ko) => match top {
            t if t >= 1e8 => (1e8, "억"),
            t if t >= 1e4 => (1e4, "만"),
            _ => (1.0, ""),
        },
    };
    let scaled_step = step / scale;
    let decimals = (0..4).find(|d| {
        let shifted = scaled_step * 10f64.powi(*d);
        (shifted - shifted.round()).abs() < 1e-6 * shifted.abs().max(1.0)
    });
    let text = format!(
        "{:.*}",
        decimals.unwrap_or(4) as usize,
        (value / scale).abs()
    );
    let zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    match (zero, value < 0.0) {
        (true, _) if unit == Unit::Percent => "0%".into(),
        (true, _) => "0".into(),
        (false, true) => format!("-{text}{suffix}"),
        (false, false) => format!("{text}{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover() {
        let cases = [
            (0.0, 10.0, 4, vec![0.0, 2.5, 5.0, 7.5, 10.0]),
            (495e6, 500e6, 4, vec![494e6, 496e6, 498e6, 500e6]),
            (-0.0187, 0.0, 4, vec![-0.02, -0.015, -0.01, -0.005, 0.0]),
        ];
        for (low, high, wanted, expected) in cases {
            let got = ticks(low, high, wanted);
            assert_eq!(got.len(), expected.len(), "{got:?}");
            for (a, b) in got.iter().zip(&expected) {
                assert!(
                    (a - b).abs() < 1e-9 * b.abs().max(1.0),
                    "{got:?} {expected:?}"
                );
            }
        }
    }

    #[test]
    fn labels() {
        let en = Unit::Won(Lang::En);
        let ko = Unit::Won(Lang::Ko);
        let cases: [(f64, &[f64], Unit, &str); 7] = [
            (496e6, &[494e6, 496e6], en, "496M"),
            (496e6, &[494e6, 496e6], ko, "4.96억"),
            (-250_000.0, &[-500_000.0, -250_000.0], ko, "-25만"),
            (-250_000.0, &[-500_000.0, -250_000.0], en, "-250K"),
            (0.0, &[-500_000.0, 0.0], ko, "0"),
            (-0.005, &[-0.01, -0.005], Unit::Percent, "-0.5%"),
            (0.0, &[-0.01, 0.0], Unit::Percent, "0%"),
        ];
        for (value, ticks, unit, expected) in cases {
            assert_eq!(label(value, ticks, unit), expected);
        }
    }
}
