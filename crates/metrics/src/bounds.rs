//! Bucket bounds, and the bucket of a value.

use crate::error::MetricsError;
use crate::text;

/// Most buckets a histogram may have, `+Inf` not counted.
pub(crate) const MAX_BOUNDS: usize = 62;

/// How a histogram keeps its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Seconds as whole nanoseconds.
    Nanos,
    /// Whole numbers.
    Whole,
    /// `f64`.
    Float,
}

/// Bounds checked and prepared.
#[derive(Debug)]
pub(crate) struct Bounds {
    pub(crate) scale: Scale,
    /// As declared.
    pub(crate) upper: Box<[f64]>,
    /// The end of each bucket's labels: `le="0.005"} `.
    pub(crate) ends: Box<[Box<[u8]>]>,
    /// In the stored scale, ended by `u64::MAX`.
    whole: Box<[u64]>,
    /// The first bucket that a value of so many significant bits can be in.
    first: [u8; 65],
    /// Most bounds that such a value may still have to pass.
    steps: u8,
}

/// Says what is wrong with a list of bounds.
pub(crate) fn check(metric: &str, upper: &[f64]) -> Result<(), MetricsError> {
    let reason = if upper.is_empty() {
        "there are none"
    } else if upper.len() > MAX_BOUNDS {
        "there are more than 62"
    } else if upper.iter().any(|bound| !bound.is_finite()) {
        "a bound is not finite (+Inf is added by itself)"
    } else if !upper.is_sorted_by(|a, b| a < b) {
        "they do not rise strictly"
    } else {
        return Ok(());
    };
    Err(MetricsError::IllegalBuckets {
        metric: metric.to_owned(),
        reason,
    })
}

impl Bounds {
    /// `upper` has passed [`check`].
    pub(crate) fn new(upper: &[f64], scale: Scale) -> Self {
        let factor = if scale == Scale::Nanos { 1e9 } else { 1.0 };
        let mut whole: Vec<u64> = upper
            .iter()
            .map(|bound| match scale {
                // A value that is a whole number is <= 2.5 exactly when it is <= 2.
                Scale::Whole => bound.floor() as u64,
                _ => (bound * factor).round() as u64,
            })
            .collect();
        whole.push(u64::MAX);
        let at = |value: u64| {
            upper
                .len()
                .min(whole.partition_point(|bound| *bound < value))
        };
        let mut first = [0; 65];
        let mut steps = 0;
        for (bits, first) in first.iter_mut().enumerate() {
            let low = if bits == 0 { 0 } else { 1u64 << (bits - 1) };
            let high = if bits == 0 {
                0
            } else {
                u64::MAX >> (64 - bits)
            };
            *first = at(low) as u8;
            steps = steps.max((at(high) - at(low)) as u8);
        }
        Self {
            scale,
            upper: upper.into(),
            ends: upper
                .iter()
                .chain(&[f64::INFINITY])
                .map(|bound| end(*bound))
                .collect(),
            whole: whole.into(),
            first,
            steps,
        }
    }

    /// Whether the sum is kept as `f64`.
    pub(crate) fn is_float(&self) -> bool {
        self.scale == Scale::Float
    }

    /// Buckets, `+Inf` among them.
    pub(crate) fn buckets(&self) -> usize {
        self.upper.len() + 1
    }

    /// The bucket of a value in a whole scale. The loop has the same length for every value, so that
    /// the processor foresees it.
    #[inline]
    pub(crate) fn bucket(&self, value: u64) -> usize {
        let mut bucket = usize::from(self.first[(64 - value.leading_zeros()) as usize]);
        for _ in 0..self.steps {
            bucket += usize::from(value > self.whole[bucket]);
        }
        bucket
    }

    /// The bucket of a float.
    #[inline]
    pub(crate) fn bucket_f64(&self, value: f64) -> usize {
        self.upper
            .iter()
            .map(|bound| usize::from(value > *bound))
            .sum()
    }
}

fn end(bound: f64) -> Box<[u8]> {
    let mut end = Vec::from(b"le=\"");
    text::write_bound(&mut end, bound);
    end.extend_from_slice(b"\"} ");
    end.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bad_lists_are_refused() {
        let check = |list: &[f64], reason: &str| match check("m", list) {
            Ok(()) => assert_eq!(reason, ""),
            Err(error) => assert!(error.to_string().contains(reason), "{error}"),
        };
        check(&[1.0, 2.0], "");
        check(&[], "none");
        check(&[1.0, 1.0], "rise");
        check(&[2.0, 1.0], "rise");
        check(&[1.0, f64::INFINITY], "finite");
        check(&[f64::NAN], "finite");
        check(&(0..63).map(f64::from).collect::<Vec<_>>(), "62");
    }

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let bounds = Bounds::new(crate::catalog::HTTP_DURATION_BUCKETS, Scale::Nanos);
        for (bucket, bound) in crate::catalog::HTTP_DURATION_BUCKETS.iter().enumerate() {
            let nanos = (bound * 1e9).round() as u64;
            assert_eq!(bounds.bucket(nanos), bucket);
            assert_eq!(bounds.bucket(nanos + 1), bucket + 1);
        }
        assert_eq!(bounds.bucket(0), 0);
        assert_eq!(bounds.bucket(u64::MAX), bounds.upper.len());
    }

    proptest! {
        #[test]
        fn the_bucket_is_the_one_a_search_finds(
            mut list in proptest::collection::vec(0u64..1_000_000, 1..40),
            values in proptest::collection::vec(0u64..2_000_000, 50),
            shift in 0u32..40,
        ) {
            list.sort_unstable();
            list.dedup();
            let upper: Vec<f64> = list.iter().map(|b| *b as f64).collect();
            let bounds = Bounds::new(&upper, Scale::Whole);
            for value in values.iter().chain(&list).map(|v| v << (shift % 2)) {
                let searched = list.partition_point(|bound| *bound < value);
                prop_assert_eq!(bounds.bucket(value), searched);
                prop_assert_eq!(bounds.bucket_f64(value as f64), searched);
            }
        }
    }
}
