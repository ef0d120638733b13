//! Values at moments in the columns of a chart.

use std::borrow::Cow;

use bongsu_ops::RuleFigure;
use jiff::Timestamp;

use super::Range;
use crate::{Lang, history::Band};

type Lines = Vec<(&'static str, Cow<'static, [Option<Band>]>)>;

/// What a rule measures as a line, and its limit: a limit line where it stays as it is, a line where it moves.
pub(super) fn of_rule(
    figure: &RuleFigure,
    range: &Range,
    l: Lang,
) -> (Lines, Vec<(f64, &'static str)>) {
    let measured = bands(&figure.measured, range);
    let mut limits = figure.limit.iter().map(|(_, value)| *value);
    let first = limits.next();
    if let Some(limit) = first
        && limits.all(|value| value == limit)
    {
        return (vec![("", measured.into())], vec![(limit, "limit bad")]);
    }
    if first.is_none() {
        return (vec![("", measured.into())], Vec::new());
    }
    let words = [l.pick("measured", "측정값"), l.pick("limit", "한계")];
    let limit = bands(&figure.limit, range);
    let lines = vec![(words[0], measured.into()), (words[1], limit.into())];
    (lines, Vec::new())
}

fn bands(points: &[(Timestamp, f64)], range: &Range) -> Vec<Option<Band>> {
    let mut bands = vec![None; range.columns()];
    for (at, value) in points {
        let place = range.column(*at).and_then(|column| bands.get_mut(column));
        if let Some(band) = place {
            let value = *value as f32;
            *band = Some(Band {
                min: value,
                max: value,
                mean: value,
            });
        }
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_stays_is_a_limit_and_one_that_moves_is_a_line() {
        let until: Timestamp = "2026-05-28T03:00:00Z".parse().unwrap();
        let range = Range {
            until,
            span: std::time::Duration::from_secs(40),
            follows: false,
        };
        assert_eq!(range.columns(), 4);
        let at = |back: u64| until - std::time::Duration::from_secs(back);
        let figure = |limits: &[f64]| RuleFigure {
            expression: String::new(),
            measured: vec![(at(30), 1.0), (at(0), 9.0)],
            limit: [20, 0]
                .map(at)
                .into_iter()
                .zip(limits.iter().copied())
                .collect(),
        };
        let means = |bands: &[Option<Band>]| {
            bands
                .iter()
                .map(|it| it.map(|it| it.mean))
                .collect::<Vec<_>>()
        };
        let (lines, limits) = of_rule(&figure(&[5.0, 5.0]), &range, Lang::En);
        assert_eq!(limits, [(5.0, "limit bad")]);
        assert_eq!(means(&lines[0].1), [Some(1.0), None, None, Some(9.0)]);
        let (lines, limits) = of_rule(&figure(&[5.0, 6.0]), &range, Lang::Ko);
        assert_eq!((limits.len(), lines[1].0), (0, "한계"));
        assert_eq!(means(&lines[1].1), [None, Some(5.0), None, Some(6.0)]);
        assert_eq!(of_rule(&figure(&[]), &range, Lang::En).1, []);
    }
}
