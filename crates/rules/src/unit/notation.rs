//! Series as promtool's tests write them: `up{job="x"}` and `0+10x5 _x3 stale`.

use promql_parser::{
    label::MatchOp,
    parser::{self, Expr},
};

use crate::{Labels, stale};

/// More samples than any test needs.
const MOST: u64 = 1_000_000;

/// A name with labels in braces, each compared by `=`.
pub(super) fn labels(text: &str) -> Result<Labels, String> {
    let wrong = || format!("{text:?} is no series; write it as name{{label=\"value\"}}");
    if text.trim() == "{}" {
        return Ok(Labels::default());
    }
    let Ok(Expr::VectorSelector(selector)) = parser::parse(text) else {
        return Err(wrong());
    };
    let plain = selector.offset.is_none()
        && selector.at.is_none()
        && selector.matchers.or_matchers.is_empty()
        && selector
            .matchers
            .matchers
            .iter()
            .all(|it| it.op == MatchOp::Equal);
    if !plain {
        return Err(wrong());
    }
    let name = selector.name.iter().map(|name| ("__name__", name.as_str()));
    let labels = selector.matchers.matchers.iter();
    Ok(Labels::new(
        labels
            .map(|it| (it.name.as_str(), it.value.as_str()))
            .chain(name),
    ))
}

/// A value for each step, none where there is no sample.
pub(super) fn values(text: &str) -> Result<Vec<Option<f64>>, String> {
    let mut all = Vec::new();
    for item in text.split_whitespace() {
        let wrong =
            || format!("{item:?} is no value; there are 1, 1x3, 1+2x3, 1-2x3, _, _x3 and stale");
        let (head, times) = match item.rsplit_once('x') {
            Some((head, times)) => (head, Some(times.parse::<u64>().map_err(|_| wrong())?)),
            None => (item, None),
        };
        if times.unwrap_or(0) > MOST || all.len() as u64 > MOST {
            return Err(format!("{item:?} is more than {MOST} samples"));
        }
        match head {
            "_" => all.extend((0..times.unwrap_or(1)).map(|_| None)),
            "stale" => all.extend((0..=times.unwrap_or(0)).map(|_| Some(stale()))),
            _ => {
                let (mut value, step) = stepped(head).ok_or_else(wrong)?;
                if step != 0.0 && times.is_none() {
                    return Err(wrong());
                }
                for _ in 0..=times.unwrap_or(0) {
                    all.push(Some(value));
                    value += step;
                }
            }
        }
    }
    Ok(all)
}

/// `1+2`: a value, and what is added to it each time.
fn stepped(text: &str) -> Option<(f64, f64)> {
    let signs = text
        .char_indices()
        .skip(1)
        .filter(|(_, it)| matches!(it, '+' | '-'));
    let before = |at: usize| text.get(..at).is_some_and(|it| it.ends_with(['e', 'E']));
    let split = signs.map(|(at, _)| at).find(|at| !before(*at));
    match split {
        Some(at) => Some((number(text.get(..at)?)?, number(text.get(at..)?)?)),
        None => Some((number(text)?, 0.0)),
    }
}

/// As promtool reads a number; YAML's `.inf` and `.nan` too.
pub(super) fn number(text: &str) -> Option<f64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = match digits.trim_start_matches('.').to_ascii_lowercase().as_str() {
        "inf" => f64::INFINITY,
        "nan" => f64::NAN,
        _ if digits.starts_with(|it: char| it.is_ascii_digit() || it == '.') => {
            digits.parse().ok()?
        }
        _ => return None,
    };
    Some(sign * value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_promtool_reads_them() {
        let known = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        for (text, want) in [
            ("1 2.5 -3", known(&[1.0, 2.5, -3.0])),
            ("0x2", known(&[0.0, 0.0, 0.0])),
            ("1+2x2 7", known(&[1.0, 3.0, 5.0, 7.0])),
            ("1-1x2", known(&[1.0, 0.0, -1.0])),
            ("-2+1e1x1", known(&[-2.0, 8.0])),
            ("1e-1-1x1", known(&[0.1, -0.9])),
            ("_ 1 _x2 2", vec![None, Some(1.0), None, None, Some(2.0)]),
            ("Inf -Inf", known(&[f64::INFINITY, f64::NEG_INFINITY])),
            ("", vec![]),
        ] {
            assert_eq!(values(text), Ok(want), "{text}");
        }
        let ended = values("1 stale NaN").unwrap();
        assert!(crate::is_stale(ended[1].unwrap()) && !crate::is_stale(ended[2].unwrap()));
        for wrong in [
            "x",
            "1x",
            "1+2",
            "one",
            "1x99999999999",
            "_x-1",
            "+",
            "1..2",
        ] {
            assert!(values(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_series_is_a_name_with_labels() {
        let up = Labels::new([("__name__", "up"), ("job", "a b")]);
        assert_eq!(labels("up{job=\"a b\"}"), Ok(up.clone()));
        assert_eq!(labels("{__name__=\"up\", job=\"a b\"}"), Ok(up));
        assert_eq!(labels("{}"), Ok(Labels::default()));
        for wrong in [
            "up{job=~\"a\"}",
            "up offset 1m",
            "sum(up)",
            "up[5m]",
            "",
            "up{",
        ] {
            assert!(labels(wrong).is_err(), "{wrong}");
        }
    }
}
