//! Numbers as Go computes them, where Rust's own functions differ.

/// NaN unless one of the two is the infinity that wins.
pub(crate) fn maximum(left: f64, right: f64) -> f64 {
    if left == f64::INFINITY || right == f64::INFINITY {
        f64::INFINITY
    } else if left.is_nan() || right.is_nan() {
        f64::NAN
    } else if left == 0.0 && right == 0.0 {
        // The positive zero is the greater.
        if left.is_sign_negative() { right } else { left }
    } else {
        left.max(right)
    }
}

/// The counterpart of [`maximum`].
pub(crate) fn minimum(left: f64, right: f64) -> f64 {
    -maximum(-left, -right)
}

/// 1, -1, or the zero or NaN itself.
pub(crate) fn sign(value: f64) -> f64 {
    if value < 0.0 {
        -1.0
    } else if value > 0.0 {
        1.0
    } else {
        value
    }
}

/// A number cut to a whole one, where 64 bits hold it.
pub(crate) fn whole(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (-LIMIT..LIMIT).contains(&value).then_some(value as i64)
}

/// Adds with what rounding loses kept beside (Neumaier).
#[derive(Default, Clone, Copy)]
pub(crate) struct Precise {
    pub(crate) sum: f64,
    pub(crate) lost: f64,
}

impl Precise {
    pub(crate) fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        if self.sum.abs() >= value.abs() {
            self.lost += (self.sum - sum) + value;
        } else {
            self.lost += (value - sum) + self.sum;
        }
        self.sum = sum;
    }

    pub(crate) fn total(self) -> f64 {
        self.sum + self.lost
    }
}

/// The quantile of values in any order: a weighted mean of the two beside it, NaN counted as the least.
pub(crate) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|left, right| ascending(*left, *right));
    let last = values.len() - 1;
    let rank = q * last as f64;
    let below = rank.floor();
    let lower = (below as usize).min(last);
    let weight = rank - below;
    values[lower] * (1.0 - weight) + values[(lower + 1).min(last)] * weight
}

/// By value, NaN before everything.
pub(crate) fn ascending(left: f64, right: f64) -> std::cmp::Ordering {
    let by_nan = right.is_nan().cmp(&left.is_nan());
    by_nan.then_with(|| {
        left.partial_cmp(&right)
            .unwrap_or(std::cmp::Ordering::Equal)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_win_over_nan_and_nan_over_numbers() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        assert_eq!(maximum(inf, nan), inf);
        assert_eq!(minimum(nan, -inf), -inf);
        assert!(maximum(-inf, nan).is_nan() && minimum(1.0, nan).is_nan());
        assert_eq!((maximum(1.0, 2.0), minimum(1.0, 2.0)), (2.0, 1.0));
        assert!(maximum(-0.0, 0.0).is_sign_positive() && minimum(0.0, -0.0).is_sign_negative());
    }

    #[test]
    fn a_whole_number_is_one_that_64_bits_hold() {
        assert_eq!((whole(-1.9), whole(2.9)), (Some(-1), Some(2)));
        assert_eq!(whole(-9_223_372_036_854_775_808.0), Some(i64::MIN));
        for value in [f64::NAN, f64::INFINITY, 9_223_372_036_854_775_808.0] {
            assert_eq!(whole(value), None);
        }
    }

    #[test]
    fn a_quantile_lies_between_its_neighbours() {
        let table = [
            (0.5, vec![3.0, 1.0, 2.0], 2.0),
            (0.5, vec![1.0, 2.0], 1.5),
            (1.0, vec![1.0, 2.0], 2.0),
            (0.0, vec![f64::NAN, 2.0], f64::NAN),
            (1.0, vec![f64::NAN, 2.0], 2.0),
            (-0.1, vec![1.0], f64::NEG_INFINITY),
            (1.1, vec![1.0], f64::INFINITY),
            (f64::NAN, vec![1.0], f64::NAN),
            (0.5, vec![], f64::NAN),
        ];
        for (q, mut values, expected) in table {
            let found = quantile(q, &mut values);
            let same = found == expected || found.is_nan() && expected.is_nan();
            assert!(same, "{q} of {values:?}: {found}");
        }
    }

    #[test]
    fn small_parts_of_a_large_sum_are_kept() {
        let mut sum = Precise::default();
        for value in [1.0, 1e100, 1.0, -1e100] {
            sum.add(value);
        }
        assert_eq!(sum.total(), 2.0);
    }
}
