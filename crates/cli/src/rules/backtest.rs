//! `rules backtest`: what rules would have done over samples that are there; without rule files, what routes would
//! have made of the alerts of the past.

use std::{fs, time::Duration};

use bongsu::{Config, Error, rules::load};
use bongsu_rules::{
    Backtested, Memory, Segments, Selector, Series, SeriesSource as _, backtest, openmetrics,
};
use jiff::{SignedDuration, Timestamp};

use super::{eval::length, found, remote, routes, words};
use crate::{Failure, line::Line, say};

/// So far back a Prometheus is asked where nothing is said.
const A_DAY_MS: i64 = 86_400_000;
/// More than any memory of a service holds.
const MEMORY: usize = 4 << 30;

pub(super) async fn run(mut line: Line) -> Result<(), Failure> {
    let file = line.option("--openmetrics")?;
    let url = line.option("--prometheus")?;
    let length_of = |text: Option<String>, name: &str| {
        let length = text.map(|text| length(name, &text));
        length.transpose()
    };
    let since = length_of(line.option("--since")?, "--since")?;
    let every = length_of(line.option("--every")?, "--every")?.unwrap_or(15_000);
    let files = words(line)?;
    if files.is_empty() {
        return match (file, url) {
            (None, None) => routes::backtest(since),
            _ => Err(Failure::Usage("say which rule files".to_owned())),
        };
    }
    let rules = load(&found(&files)?).map_err(|error| Failure::undone(error.to_string()))?;
    let since = since.or_else(|| url.as_ref().map(|_| A_DAY_MS));
    let series = match (&file, &url) {
        (Some(_), Some(_)) => {
            let message = "either --openmetrics or --prometheus".to_owned();
            return Err(Failure::Usage(message));
        }
        (Some(file), None) => samples(file)?,
        (None, Some(url)) => remote::samples(url, &rules, since.unwrap_or(A_DAY_MS)).await?,
        (None, None) => remembered()?,
    };
    let Some((first, last)) = ends(&series) else {
        return Err(Failure::undone("there is no sample"));
    };
    let from = since.map_or(first, |since| first.max(last.saturating_sub(since)));
    let every = Duration::from_millis(u64::try_from(every).unwrap_or(15_000));
    let done = backtest(rules, &series, from, last, every);
    say(&format!("{} to {}", moment(from), moment(last)));
    for rule in &done {
        say(&told(rule));
    }
    Ok(())
}

fn samples(file: &str) -> Result<Vec<Series>, Failure> {
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| Failure::Wrong(format!("--openmetrics {file}: {error}")))?;
    openmetrics::parse(&text)
        .map_err(|error| Failure::Wrong(format!("--openmetrics {file}, {error}")))
}

/// What the service itself remembers of its metrics.
fn remembered() -> Result<Vec<Series>, Failure> {
    let config = Config::from_env().map_err(Error::from)?;
    let folder = config.data_dir.join("rules");
    if !folder.is_dir() {
        return Err(Failure::undone(format!(
            "{}: there is no memory of a service here; say --openmetrics FILE",
            folder.display()
        )));
    }
    let mut memory = Memory::new(MEMORY);
    Segments::open(&folder, &mut memory)
        .map_err(|error| Failure::undone(format!("{}: {error}", folder.display())))?;
    let found = memory.select(&Selector::any(), i64::MIN, i64::MAX);
    let series = found.into_iter().map(|it| Series {
        labels: it.labels,
        samples: it.samples.into_owned(),
    });
    Ok(series.collect())
}

/// The times of the oldest and of the newest sample.
fn ends(series: &[Series]) -> Option<(i64, i64)> {
    let first = series.iter().filter_map(|it| it.samples.first());
    let last = series.iter().filter_map(|it| it.samples.last());
    Some((
        first.map(|it| it.time_ms).min()?,
        last.map(|it| it.time_ms).max()?,
    ))
}

fn told(rule: &Backtested) -> String {
    let mut text = format!("{}: ", rule.name);
    match rule.fired.len() {
        0 => text.push_str("never"),
        1 => text.push_str("once"),
        times => text.push_str(&format!("{times} times")),
    }
    let lengths = rule.lengths();
    if let (Some(median), Some(longest)) = (lengths.get(lengths.len() / 2), lengths.last()) {
        text.push_str(&format!(
            ", median {}, longest {}",
            span(*median),
            span(*longest)
        ));
    }
    if let Some(fired) = rule.fired.last() {
        text.push_str(&format!(", last at {}", moment(fired.from_ms)));
    }
    let still = rule.fired.iter().filter(|it| it.until_ms.is_none()).count();
    if still > 0 {
        text.push_str(&format!(", {still} to the end"));
    }
    if let Some((why, times)) = &rule.failed {
        text.push_str(&format!("; failed {times} times: {why}"));
    }
    text
}

fn moment(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).map(|at| at.to_string());
    at.unwrap_or_else(|_| format!("{ms} ms"))
}

pub(super) fn span(length: Duration) -> String {
    SignedDuration::try_from(length).map_or_else(|_| format!("{length:?}"), |it| format!("{it:#}"))
}

#[cfg(test)]
mod tests {
    use bongsu::rules::RuleFile;

    use super::*;

    #[test]
    fn a_rule_is_told_in_a_line() {
        let samples: String = [0, 9, 9, 0, 9, 0, 9]
            .iter()
            .enumerate()
            .map(|(at, value)| format!("x {value} {}\n", at * 60))
            .collect();
        let series = openmetrics::parse(&format!("{samples}# EOF\n")).unwrap();
        let rules = "groups:\n- name: g\n  rules:\n  - {alert: High, expr: 'x > 1'}\n  - {alert: Low, expr: 'x < 0'}\n";
        let rules = RuleFile::read("x.yml", rules).unwrap();
        let (first, last) = ends(&series).unwrap();
        let done = backtest(vec![rules], &series, first, last, Duration::from_secs(60));
        assert_eq!(
            told(&done[0]),
            "High: 3 times, median 2m, longest 2m, last at 1970-01-01T00:06:00Z, 1 to the end"
        );
        assert_eq!(told(&done[1]), "Low: never");
    }
}
