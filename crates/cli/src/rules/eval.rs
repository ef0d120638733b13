//! `rules eval`: an expression over a file of samples, answered as Prometheus' API would.

use std::fs;

use bongsu_rules::{Expression, Kind, Series, answer, openmetrics};
use jiff::Timestamp;

use crate::{Failure, line::Line, say};

/// The most points of a series, as Prometheus' API has it.
const MOST_POINTS: i64 = 11_000;

/// When the expression is evaluated, in milliseconds.
#[derive(Debug, PartialEq)]
enum When {
    /// At the newest sample of the file.
    Newest,
    At(i64),
    Range {
        start: i64,
        end: i64,
        step: i64,
    },
}

pub(crate) fn run(mut line: Line) -> Result<(), Failure> {
    let file = line.required("--openmetrics")?;
    let when = when(&mut line)?;
    let text = line.word().filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| Failure::Usage("the expression is missing".to_owned()))?;
    line.end()?;
    let expression = Expression::parse(&text).map_err(|error| {
        let place = error.position.map_or_else(String::new, |at| {
            format!(", at character {}", text[..at].chars().count() + 1)
        });
        Failure::Wrong(format!("the expression {text:?}{place}: {error}"))
    })?;
    let series = read(&file)?;
    say(&evaluate(&expression, &series, &when, &file)?);
    Ok(())
}

fn read(file: &str) -> Result<Vec<Series>, Failure> {
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| Failure::Wrong(format!("--openmetrics {file}: {error}")))?;
    openmetrics::parse(&text)
        .map_err(|error| Failure::Wrong(format!("--openmetrics {file}, {error}")))
}

fn evaluate(
    expression: &Expression,
    series: &[Series],
    when: &When,
    file: &str,
) -> Result<String, Failure> {
    let time = match *when {
        When::Range { start, end, step } => {
            if !matches!(expression.kind(), Kind::Scalar | Kind::Vector) {
                let kind = expression.kind().as_str();
                return Err(Failure::Wrong(format!(
                    "the expression gives a {kind}, which has no value at each step; ask for it with --time"
                )));
            }
            let rows = expression.range(series, start, end, step);
            return Ok(answer::range(&rows.map_err(undone)?));
        }
        When::At(time) => time,
        When::Newest => {
            let newest = series
                .iter()
                .filter_map(|it| it.samples.last())
                .map(|it| it.time_ms);
            newest.max().ok_or_else(|| {
                Failure::Wrong(format!(
                    "--openmetrics {file}: there is no sample in it; say --time"
                ))
            })?
        }
    };
    let value = expression.evaluate(series, time).map_err(undone)?;
    Ok(answer::instant(&value, time))
}

fn undone(error: bongsu_rules::EvalError) -> Failure {
    Failure::undone(format!("the expression has no value: {error}"))
}

fn when(line: &mut Line) -> Result<When, Failure> {
    let mut time = |name: &str| {
        let text = line.option(name)?;
        text.map(|text| moment(name, &text)).transpose()
    };
    let (at, start, end) = (time("--time")?, time("--start")?, time("--end")?);
    let step = line.option("--step")?;
    let step = step.map(|text| length("--step", &text)).transpose()?;
    match (at, start, end, step) {
        (None, None, None, None) => Ok(When::Newest),
        (Some(at), None, None, None) => Ok(When::At(at)),
        (None, Some(start), Some(end), Some(_)) if end < start => {
            Err(Failure::Usage("--end lies before --start".to_owned()))
        }
        (None, Some(start), Some(end), Some(step)) if (end - start) / step >= MOST_POINTS => {
            Err(Failure::Usage(format!(
                "--step gives more than {MOST_POINTS} points a series; take a longer one"
            )))
        }
        (None, Some(start), Some(end), Some(step)) => Ok(When::Range { start, end, step }),
        _ => Err(Failure::Usage(
            "either --time, or --start, --end and --step together".to_owned(),
        )),
    }
}

/// Seconds since 1970, with a fraction or without, or a time of RFC 3339.
fn moment(name: &str, text: &str) -> Result<i64, Failure> {
    if let Some(time) = milliseconds(text) {
        return Ok(time);
    }
    let time: Result<Timestamp, _> = text.parse();
    time.map(|time| time.as_millisecond()).map_err(|_| {
        Failure::Usage(format!(
            "{name}: {text:?} is no time: seconds since 1970 or 2026-05-28T09:00:00Z"
        ))
    })
}

/// Seconds, or a length as PromQL writes it.
pub(super) fn length(name: &str, text: &str) -> Result<i64, Failure> {
    let found = milliseconds(text).or_else(|| promql_length(text));
    found.filter(|step| *step > 0).ok_or_else(|| {
        Failure::Usage(format!(
            "{name}: {text:?} is no length: seconds, or 15s, 1m30s, 1h"
        ))
    })
}

/// What no calendar reaches is refused.
fn milliseconds(text: &str) -> Option<i64> {
    let seconds: f64 = text.parse().ok()?;
    (seconds.abs() < 9.2e12).then(|| (seconds * 1000.0).round() as i64)
}

fn promql_length(text: &str) -> Option<i64> {
    // A selector that looks so far back: the parser knows how lengths are written.
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let expression = Expression::parse(&format!("count_over_time(x[{text}])")).ok()?;
    Some(expression.reach_ms())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &str) -> Line {
        Line::new(words.split_whitespace().map(str::to_owned).collect())
    }

    fn reason(failure: Failure) -> String {
        match failure {
            Failure::Usage(reason) | Failure::Wrong(reason) => reason,
            Failure::Error(error) => error.to_string(),
        }
    }

    fn taken(words: &str) -> When {
        when(&mut line(words)).unwrap_or_else(|failure| panic!("{words}: {}", reason(failure)))
    }

    #[test]
    fn times_as_seconds_and_as_rfc_3339() {
        assert_eq!(taken(""), When::Newest);
        assert_eq!(taken("--time 1.5"), When::At(1_500));
        assert_eq!(taken("--time=1970-01-01T00:01:00+00:00"), When::At(60_000));
        let range = |step| When::Range {
            start: 0,
            end: 60_000,
            step,
        };
        assert_eq!(taken("--start 0 --end 60 --step 15"), range(15_000));
        assert_eq!(taken("--start 0 --end 60 --step 1m30s"), range(90_000));
        assert_eq!(taken("--start 0 --end 60 --step 0.5"), range(500));
    }

    #[test]
    fn what_is_wrong_with_them_is_named() {
        let table = [
            ("--time soon", "--time: \"soon\" is no time"),
            ("--time NaN", "--time: \"NaN\" is no time"),
            ("--time 1 --step 1", "either --time, or"),
            ("--start 0 --end 1", "either --time, or"),
            ("--start 1 --end 0 --step 1", "--end lies before --start"),
            ("--start 0 --end 1 --step 0", "--step: \"0\" is no length"),
            ("--start 0 --end 1 --step -1", "--step: \"-1\" is no length"),
            ("--start 0 --end 1 --step 1x", "--step: \"1x\" is no length"),
            (
                "--start 0 --end 20000 --step 1",
                "--step gives more than 11000 points",
            ),
        ];
        for (words, expected) in table {
            let Err(failure) = when(&mut line(words)) else {
                panic!("{words} is taken");
            };
            let found = reason(failure);
            assert!(found.starts_with(expected), "{words}: {found}");
        }
    }

    #[test]
    fn answers_as_the_api_gives_them() {
        let series =
            openmetrics::parse("up{job=\"a\"} 1 10\nup{job=\"a\"} 0 20.5\n# EOF\n").unwrap();
        let table = [
            (
                "up",
                "",
                r#"{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a"},"value":[20.5,"0"]}]}"#,
            ),
            (
                "sum(up)",
                "--time 15",
                r#"{"resultType":"vector","result":[{"metric":{},"value":[15,"1"]}]}"#,
            ),
            (
                "1 / 0",
                "--time 0",
                r#"{"resultType":"scalar","result":[0,"+Inf"]}"#,
            ),
            (
                "up[1m]",
                "",
                r#"{"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"a"},"values":[[10,"1"],[20.5,"0"]]}]}"#,
            ),
            (
                "-up",
                "--start 10 --end 21 --step 5",
                r#"{"resultType":"matrix","result":[{"metric":{"job":"a"},"values":[[10,"-1"],[15,"-1"],[20,"-1"]]}]}"#,
            ),
        ];
        for (text, times, expected) in table {
            let expression = Expression::parse(text).unwrap();
            let found = evaluate(&expression, &series, &taken(times), "FILE");
            assert_eq!(found.unwrap_or_else(reason), expected, "{text}");
        }
    }

    #[test]
    fn what_has_no_value_says_why() {
        let series = openmetrics::parse("a 1 10\nb 1 10\n# EOF\n").unwrap();
        let found = |text: &str, series: &[Series], times: &str| {
            let expression = Expression::parse(text).unwrap();
            evaluate(&expression, series, &taken(times), "FILE").unwrap_or_else(reason)
        };
        let twice = found("-{__name__=~\"a|b\"}", &series, "");
        assert!(
            twice.contains("vector cannot contain metrics with the same labelset"),
            "{twice}"
        );
        assert!(found("a[1m]", &series, "--start 1 --end 2 --step 1").contains("gives a matrix"));
        assert!(found("a", &[], "").contains("there is no sample in it; say --time"));
    }
}
