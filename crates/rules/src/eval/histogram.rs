//! Quantiles of classic histograms: counts by the upper bounds in the label `le`.

use std::cmp::Ordering;

/// One bucket: how many were at most this.
#[derive(Clone, Copy)]
pub(crate) struct Bucket {
    pub(crate) bound: f64,
    pub(crate) count: f64,
}

/// A bound as a label's value: a number that a float can hold.
pub(crate) fn bound(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let bound: f64 = text.parse().ok()?;
    let named = unsigned.to_ascii_lowercase().starts_with("inf");
    (bound.is_finite() || bound.is_nan() || named).then_some(bound)
}

/// The quantile, by a straight line within its bucket; the buckets in any order.
pub(crate) fn quantile(q: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    buckets.sort_by(|left, right| left.bound.total_cmp(&right.bound));
    if buckets.last().is_none_or(|it| it.bound != f64::INFINITY) {
        return f64::NAN;
    }
    merge(buckets);
    rise(buckets);
    let last = buckets.len() - 1;
    let observed = buckets[last].count;
    if last == 0 || observed == 0.0 {
        return f64::NAN;
    }
    let mut rank = q * observed;
    // Counts that are NaN are below no rank.
    let found = buckets[..last]
        .partition_point(|it| it.count.partial_cmp(&rank).is_none_or(Ordering::is_lt));
    if found == last {
        return buckets[last - 1].bound;
    }
    let Bucket {
        bound: end,
        mut count,
    } = buckets[found];
    if found == 0 && end <= 0.0 {
        return end;
    }
    let mut start = 0.0;
    if let Some(before) = found.checked_sub(1).map(|index| buckets[index]) {
        start = before.bound;
        count -= before.count;
        rank -= before.count;
    }
    start + (end - start) * (rank / count)
}

/// Those with one bound are one.
fn merge(buckets: &mut Vec<Bucket>) {
    buckets.dedup_by(|next, kept| {
        let same = next.bound == kept.bound;
        if same {
            kept.count += next.count;
        }
        same
    });
}

/// A count is never below one before it: rates and scrapes in the middle of a change break that.
fn rise(buckets: &mut [Bucket]) {
    let mut most = buckets.first().map_or(0.0, |it| it.count);
    for bucket in buckets.iter_mut().skip(1) {
        if bucket.count > most {
            most = bucket.count;
        } else if bucket.count < most {
            bucket.count = most;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    #[test]
    fn quantiles_by_hand() {
        let table = [
            (0.5, vec![(1.0, 10.0), (2.0, 20.0), (INF, 20.0)], 1.0),
            (0.75, vec![(1.0, 10.0), (2.0, 20.0), (INF, 20.0)], 1.5),
            (0.25, vec![(INF, 20.0), (2.0, 20.0), (1.0, 10.0)], 0.5),
            (0.99, vec![(1.0, 10.0), (2.0, 20.0), (INF, 40.0)], 2.0),
            (0.2, vec![(-1.0, 10.0), (INF, 20.0)], -1.0),
            (0.5, vec![(1.0, 10.0), (1.0, 10.0), (INF, 20.0)], 0.5),
            (0.9, vec![(1.0, 10.0), (2.0, 5.0), (INF, 10.0)], 0.9),
            (0.5, vec![(1.0, 10.0), (2.0, 20.0)], f64::NAN),
            (0.5, vec![(INF, 20.0)], f64::NAN),
            (0.5, vec![(1.0, 0.0), (INF, 0.0)], f64::NAN),
        ];
        for (q, buckets, expected) in table {
            let of = |&(bound, count): &(f64, f64)| Bucket { bound, count };
            let found = quantile(q, &mut buckets.iter().map(of).collect());
            let same = found == expected || found.is_nan() && expected.is_nan();
            assert!(same, "{q} of {buckets:?}: {found}, not {expected}");
        }
    }

    #[test]
    fn a_bound_is_a_number_that_a_float_holds() {
        assert_eq!(bound("+Inf"), Some(INF));
        assert_eq!(bound("2.5e3"), Some(2500.0));
        assert_eq!(bound("1e400"), None);
        assert_eq!(bound(""), None);
        assert_eq!(bound("much"), None);
    }
}
