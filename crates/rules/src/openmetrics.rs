//! Samples from a file of OpenMetrics text, as `promtool tsdb create-blocks-from openmetrics` takes it.

use std::collections::HashMap;

use thiserror::Error;

use crate::{
    labels::{Labels, NAME},
    series::{Sample, Series},
};

/// Why a text holds no samples.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
#[non_exhaustive]
pub struct OpenMetricsError {
    /// The line where it is, from 1.
    pub line: usize,
    /// What is wrong, and what belongs there.
    pub what: String,
}

/// Reads series, each with its samples in the order of time, sorted by their labels.
///
/// Every sample has a timestamp in seconds and the text ends with `# EOF`; types, units, help and exemplars
/// are passed over. Samples of a series may come in any order, but not twice at one time with two values.
///
/// ```
/// use bongsu_rules::openmetrics;
///
/// let series = openmetrics::parse("up{job=\"a\"} 1 1700000000\nup{job=\"a\"} 0 1700000015.5\n# EOF\n")?;
/// assert_eq!(series[0].samples[1].time_ms, 1_700_000_015_500);
/// # Ok::<(), openmetrics::OpenMetricsError>(())
/// ```
///
/// # Errors
///
/// With the first line that is not as described.
pub fn parse(text: &str) -> Result<Vec<Series>, OpenMetricsError> {
    let mut all: Vec<(Series, usize)> = Vec::new();
    let mut known: HashMap<Labels, usize> = HashMap::new();
    let mut ended = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let refused = |what: String| OpenMetricsError { line: number, what };
        if let Some(end) = ended {
            return Err(refused(format!(
                "text after `# EOF` in line {end}; it ends the file"
            )));
        }
        if line == "# EOF" {
            ended = Some(number);
            continue;
        }
        if let Some(comment) = line.strip_prefix('#') {
            let word = comment
                .strip_prefix(' ')
                .and_then(|it| it.split(' ').next());
            if !matches!(word, Some("HELP" | "TYPE" | "UNIT")) {
                return Err(refused(
                    "a comment; OpenMetrics has HELP, TYPE, UNIT and EOF only".to_owned(),
                ));
            }
            continue;
        }
        let (labels, sample) = sample(line).map_err(refused)?;
        let next = all.len();
        let index = *known.entry(labels.clone()).or_insert(next);
        if index == next {
            let samples = Vec::new();
            all.push((Series { labels, samples }, number));
        }
        all[index].0.samples.push(sample);
    }
    if ended.is_none() {
        return Err(OpenMetricsError {
            line: text.lines().count().max(1),
            what: "the text does not end with `# EOF`; it is no OpenMetrics, or cut off".to_owned(),
        });
    }
    all.sort_by(|(left, _), (right, _)| left.labels.cmp(&right.labels));
    all.into_iter()
        .map(|(series, line)| ordered(series, line))
        .collect()
}

/// By time; the same sample given twice is one.
fn ordered(mut series: Series, line: usize) -> Result<Series, OpenMetricsError> {
    series.samples.sort_by_key(|it| it.time_ms);
    series.samples.dedup_by(|next, kept| {
        next.time_ms == kept.time_ms && next.value.to_bits() == kept.value.to_bits()
    });
    match series
        .samples
        .windows(2)
        .find(|it| it[0].time_ms == it[1].time_ms)
    {
        None => Ok(series),
        Some(twice) => Err(OpenMetricsError {
            line,
            what: format!(
                "{} has two values at {}; leave one",
                series.labels,
                twice[0].time_ms as f64 / 1000.0
            ),
        }),
    }
}

/// `name{label="value"} 1 1700000000`, with an exemplar or without.
fn sample(line: &str) -> Result<(Labels, Sample), String> {
    let length = line
        .find(|it: char| !is_name(it) && it != ':')
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(length);
    if name.is_empty() || name.starts_with(|it: char| it.is_ascii_digit()) {
        return Err("no metric's name at its beginning".to_owned());
    }
    let mut pairs = vec![(NAME.to_owned(), name.to_owned())];
    let rest = match rest.strip_prefix('{') {
        Some(inner) => labels(inner, &mut pairs)?,
        None => rest,
    };
    let rest = rest.strip_prefix(' ').ok_or("no space before the value")?;
    let rest = rest
        .split_once(" # ")
        .map_or(rest, |(sample, _exemplar)| sample);
    let mut words = rest.split(' ');
    let value = number(words.next().unwrap_or_default())?;
    let Some(time) = words.next() else {
        return Err(format!(
            "{name} has no timestamp; each sample needs one, in seconds"
        ));
    };
    let seconds = number(time)?;
    let time_ms = seconds * 1000.0;
    if !(-9.2e15..9.2e15).contains(&time_ms) {
        return Err(format!("{time:?} is no timestamp in seconds since 1970"));
    }
    if let Some(more) = words.next() {
        return Err(format!("{more:?} after the timestamp"));
    }
    let time_ms = time_ms as i64;
    Ok((Labels::new(pairs), Sample { time_ms, value }))
}

/// The labels up to the closing brace, and what follows it.
fn labels<'a>(mut rest: &'a str, pairs: &mut Vec<(String, String)>) -> Result<&'a str, String> {
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(after);
        }
        let length = rest.find(|it: char| !is_name(it)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        if name.is_empty() || name.starts_with(|it: char| it.is_ascii_digit()) {
            return Err("no label's name where one belongs".to_owned());
        }
        let Some(inner) = after.strip_prefix("=\"") else {
            return Err(format!("no value in quotes after the label {name}"));
        };
        let (value, after) =
            quoted(inner).ok_or_else(|| format!("the value of {name} does not end"))?;
        if pairs.iter().any(|(it, _)| it == name) {
            return Err(format!("the label {name} stands there twice"));
        }
        pairs.push((name.to_owned(), value));
        rest = match after.strip_prefix(',') {
            Some(next) => next,
            None if after.starts_with('}') => after,
            None => {
                return Err(format!(
                    "neither a comma nor a brace after the label {name}"
                ));
            }
        };
    }
}

/// A value up to its closing quote, and what follows that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                escaped @ ('"' | '\\') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
    None
}

fn number(text: &str) -> Result<f64, String> {
    let parsed: Result<f64, _> = text.parse();
    let named = || {
        text.trim_start_matches(['+', '-'])
            .to_ascii_lowercase()
            .starts_with("inf")
    };
    parsed
        .ok()
        .filter(|it| !it.is_infinite() || named())
        .ok_or_else(|| format!("{text:?} is no number"))
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_with_their_samples_in_order() {
        let text = "# TYPE a counter\n# HELP a What it is.\n# UNIT a seconds\n\
            a_total{x=\"1\",y=\"\\\"\\\\\\n\\z\",} 2 3.5 # {id=\"7\"} 1 2\na_total{} +Inf 1\nb NaN -1e0\n\
            a_total{x=\"1\",y=\"\\\"\\\\\\n\\z\"} 1 2\na_total +Inf 1\n# EOF";
        let series = parse(text).unwrap();
        let labels: Vec<String> = series.iter().map(|it| it.labels.to_string()).collect();
        assert_eq!(labels, ["a_total", r#"a_total{x="1", y="\"\\\n\\z"}"#, "b"]);
        let times = |index: usize| {
            series[index]
                .samples
                .iter()
                .map(|it| it.time_ms)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (times(0), times(1), times(2)),
            (vec![1_000], vec![2_000, 3_500], vec![-1_000])
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let table = [
            ("up 1 1\n", "line 1: the text does not end with `# EOF`"),
            ("", "line 1: the text does not end"),
            ("# EOF\nup 1 1\n", "line 2: text after `# EOF` in line 1"),
            ("up 1\n# EOF\n", "line 1: up has no timestamp"),
            ("# EOF\n\n", "line 2: text after"),
            ("\n# EOF\n", "line 1: no metric's name"),
            ("# hello\n# EOF\n", "line 1: a comment"),
            ("1up 1 1\n# EOF\n", "line 1: no metric's name"),
            (
                "up{a=1} 1 1\n# EOF\n",
                "line 1: no value in quotes after the label a",
            ),
            (
                "up{a=\"1} 1 1\n# EOF\n",
                "line 1: the value of a does not end",
            ),
            (
                "up{a=\"1\"b=\"2\"} 1 1\n# EOF\n",
                "line 1: neither a comma nor a brace",
            ),
            (
                "up{a=\"1\",a=\"2\"} 1 1\n# EOF\n",
                "line 1: the label a stands there twice",
            ),
            ("up{,} 1 1\n# EOF\n", "line 1: no label's name"),
            ("up x 1\n# EOF\n", "line 1: \"x\" is no number"),
            ("up 1e999 1\n# EOF\n", "line 1: \"1e999\" is no number"),
            ("up 1 NaN\n# EOF\n", "line 1: \"NaN\" is no timestamp"),
            ("up 1 1 2\n# EOF\n", "line 1: \"2\" after the timestamp"),
            ("up 1 1\nup 2 1\n# EOF\n", "line 1: up has two values at 1"),
        ];
        for (text, expected) in table {
            let found = parse(text).unwrap_err().to_string();
            assert!(found.starts_with(expected), "{text:?}: {found}");
        }
    }
}
