//! Lines over time against an axis, with limits, marks and a cursor for the read-out.

use std::fmt::Write as _;

use crate::{
    chart::{self, Markup},
    history::Band,
};

/// Height of the picture in its own units; the style sheet stretches it.
const HEIGHT: f64 = 400.0;
/// Most stretches between the lines of an axis.
const STRETCHES: f64 = 4.0;

/// Evenly spaced round values that enclose what is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis {
    low: f64,
    step: f64,
    stretches: u32,
}

impl Axis {
    /// The axis of these lines: down to zero where `from_zero`, and up to `limits` where they are near.
    /// Of what is counted no line stands between two whole numbers. None without a value.
    pub(crate) fn of(
        lines: &[&[Option<Band>]],
        from_zero: bool,
        is_whole: bool,
        limits: &[f64],
    ) -> Option<Self> {
        let known = || lines.iter().flat_map(|line| line.iter().flatten());
        known().next()?;
        let mut low = known().map(|b| f64::from(b.min)).fold(f64::MAX, f64::min);
        let mut high = known().map(|b| f64::from(b.max)).fold(f64::MIN, f64::max);
        if from_zero {
            low = low.min(0.0);
        }
        for limit in limits.iter().filter(|limit| limit.is_finite()) {
            high = high.max(*limit);
        }
        let mut wanted = high - low;
        if wanted <= f64::EPSILON * high.abs().max(1.0) {
            // A level line: a tenth of it, or a whole one around nothing.
            wanted = if high == 0.0 {
                STRETCHES
            } else {
                high.abs() * 0.1
            };
        }
        let mut step = round_up(wanted / STRETCHES);
        loop {
            if is_whole {
                step = step.ceil();
            }
            let first = (low / step).floor();
            let stretches = (high / step).ceil() - first;
            // Round values may need one stretch more than was planned.
            if stretches <= STRETCHES + 1.0 {
                return Some(Self {
                    low: first * step,
                    step,
                    stretches: (stretches as u32).max(1),
                });
            }
            step = round_up(step * 1.01);
        }
    }

    /// The values with a line, the greatest first.
    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        let (low, step) = (self.low, self.step);
        (0..=self.stretches)
            .rev()
            .map(move |n| low + step * f64::from(n))
    }

    fn y(&self, value: f64) -> i64 {
        let whole = self.step * f64::from(self.stretches);
        let y = HEIGHT - (value - self.low) / whole * HEIGHT;
        y.clamp(0.0, HEIGHT).round() as i64
    }
}

/// The next of 1, 2, 2.5 and 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let digits = [1.0, 2.0, 2.5, 5.0, 10.0];
    let found = digits.iter().find(|digit| **digit * power >= value);
    found.copied().unwrap_or(10.0) * power
}

/// The picture. The first line has its band from least to greatest; `marks` are columns with a class of the
/// style sheet each.
pub(crate) fn plot(
    lines: &[&[Option<Band>]],
    axis: &Axis,
    limits: &[(f64, &'static str)],
    marks: &[(usize, &'static str)],
) -> Markup {
    let columns = lines.iter().map(|line| line.len()).max().unwrap_or(0);
    let width = columns.max(2) - 1;
    let mut out = chart::open("axes", width, HEIGHT as u32);
    let across = |out: &mut String, class: &str, value: f64| {
        let y = axis.y(value);
        let _ = write!(out, r#"<path class="{class}" d="M0 {y}H{width}"/>"#);
    };
    for value in axis.values() {
        across(&mut out, "grid", value);
    }
    // Each place once a class, however much happened there.
    let mut places: Vec<_> = marks.iter().filter(|(place, _)| *place < columns).collect();
    places.sort_unstable_by_key(|(place, class)| (*class, *place));
    places.dedup();
    for group in places.chunk_by(|a, b| a.1 == b.1) {
        let _ = write!(out, r#"<path class="at {}" d=""#, group[0].1);
        for (place, _) in group {
            let _ = write!(out, "M{place} 0v400");
        }
        out.push_str(r#""/>"#);
    }
    let y = |value: f32| axis.y(value.into());
    for (place, line) in lines.iter().enumerate() {
        for (first, run) in &chart::runs(line) {
            if place == 0 {
                chart::band(&mut out, *first, run, y);
            }
            chart::line(&mut out, *first, run, y, LINES[place % LINES.len()]);
        }
    }
    for (value, class) in limits.iter().filter(|(value, _)| value.is_finite()) {
        across(&mut out, class, *value);
    }
    out.push_str(r#"<path class="cursor" d=""/></svg>"#);
    Markup(out)
}

/// Classes of the lines; the words beside a picture name them in this order.
const LINES: [&str; 3] = ["line", "line second", "line third"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chart::level as band;

    #[track_caller]
    fn check(values: &[f32], from_zero: bool, limits: &[f64], want: &[f64]) {
        let line: Vec<_> = values.iter().copied().map(band).collect();
        let axis = Axis::of(&[&line], from_zero, false, limits).unwrap();
        assert_eq!(axis.values().collect::<Vec<_>>(), want);
    }

    #[test]
    fn values_of_an_axis_are_round() {
        check(&[0.0, 9.0], true, &[], &[10.0, 7.5, 5.0, 2.5, 0.0]);
        check(&[3.0, 7.0], true, &[], &[8.0, 6.0, 4.0, 2.0, 0.0]);
        check(
            &[97.0, 103.0],
            false,
            &[],
            &[104.0, 102.0, 100.0, 98.0, 96.0],
        );
        check(&[-4.0, 4.0], true, &[], &[4.0, 2.0, 0.0, -2.0, -4.0]);
        check(&[5.0], true, &[95.0], &[100.0, 75.0, 50.0, 25.0, 0.0]);
        check(&[0.0, 0.0], true, &[], &[1.0, 0.0]);
        check(&[5.0, 5.0], false, &[], &[5.2, 5.0]);
    }

    #[test]
    fn what_is_counted_has_whole_values() {
        for (most, want) in [
            (0.0, &[1.0, 0.0][..]),
            (2.0, &[2.0, 1.0, 0.0]),
            (9.0, &[9.0, 6.0, 3.0, 0.0]),
            (1_000.0, &[1_000.0, 750.0, 500.0, 250.0, 0.0]),
        ] {
            let axis = Axis::of(&[&[band(0.0), band(most)]], true, true, &[]).unwrap();
            assert_eq!(axis.values().collect::<Vec<_>>(), want);
        }
    }

    proptest! {
        #[test]
        fn an_axis_encloses_what_is_drawn(
            values in prop::collection::vec(-1e12_f32..1e12, 1..30),
            from_zero in any::<bool>(),
            limit in -1e3_f64..1e6,
        ) {
            let line: Vec<_> = values.iter().copied().map(band).collect();
            let axis = Axis::of(&[&line], from_zero, false, &[limit]).unwrap();
            let on: Vec<f64> = axis.values().collect();
            prop_assert!((2..=6).contains(&on.len()), "{on:?}");
            let slack = axis.step * 1e-6;
            for value in &values {
                prop_assert!(f64::from(*value) <= on[0] + slack);
                prop_assert!(f64::from(*value) >= on[on.len() - 1] - slack);
            }
            prop_assert!(limit <= on[0] + slack);
            let drawn = plot(&[&line], &axis, &[(limit, "limit")], &[(0, "alert")]).to_string();
            prop_assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }

        #[test]
        fn nothing_breaks_an_axis(values in prop::collection::vec(any::<f32>(), 0..20)) {
            let line: Vec<_> = values.into_iter().filter(|v| v.is_finite()).map(band).collect();
            if let Some(axis) = Axis::of(&[&line], true, false, &[]) {
                let drawn = plot(&[&line], &axis, &[], &[]).to_string();
                prop_assert!(!drawn.contains("NaN"), "{drawn}");
            }
        }
    }
}
