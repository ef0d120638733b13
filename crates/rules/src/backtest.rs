//! What rules would have done over samples that are there already.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use crate::{
    External, Labels, Memory, RuleFile, RuleSet, Sample, Selected, Selector, Series, SeriesSource,
    Storage, file::Does,
};

/// Most bytes of the series that rules record on the way.
const RECORDED: usize = 256 << 20;

/// One time that an alert would have fired.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Fired {
    /// The alert's labels.
    pub labels: Labels,
    /// Since when it held, in milliseconds since 1970.
    pub since_ms: i64,
    /// When it began to fire.
    pub from_ms: i64,
    /// When it was over; none while it fires at the end.
    pub until_ms: Option<i64>,
}

/// What one alerting rule would have done.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Backtested {
    /// The rule's file.
    pub file: String,
    /// Its group.
    pub group: String,
    /// Its name.
    pub name: String,
    /// Each time it would have fired, in the order of time.
    pub fired: Vec<Fired>,
    /// What an evaluation failed with, and how many did.
    pub failed: Option<(String, usize)>,
}

impl Backtested {
    /// How long each time was that ended, the shortest first.
    #[must_use]
    pub fn lengths(&self) -> Vec<Duration> {
        let ended = self.fired.iter().filter_map(|it| {
            let length = it.until_ms?.saturating_sub(it.from_ms);
            Some(Duration::from_millis(u64::try_from(length).unwrap_or(0)))
        });
        let mut lengths: Vec<Duration> = ended.collect();
        lengths.sort_unstable();
        lengths
    }
}

/// Evaluates the rules at every step from one time to another, in milliseconds since 1970, as a service would
/// have that began at the first; what rules record is made anew, whatever `series` has of it. Gives every
/// alerting rule, in the order of the files.
///
/// ```
/// use std::time::Duration;
///
/// use bongsu_rules::{RuleFile, backtest, openmetrics};
///
/// let rules = "groups:\n- name: g\n  rules:\n  - {alert: Slow, expr: 'seconds > 1', for: 30s}\n";
/// let rules = RuleFile::read("desk.yml", rules)?;
/// let series = openmetrics::parse("seconds 0 0\nseconds 3 30\nseconds 3 60\nseconds 0 90\n# EOF\n")?;
/// let done = backtest(vec![rules], &series, 0, 120_000, Duration::from_secs(15));
/// assert_eq!((done[0].fired[0].from_ms, done[0].fired[0].until_ms), (60_000, Some(90_000)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn backtest(
    files: Vec<RuleFile>,
    series: &[Series],
    from_ms: i64,
    to_ms: i64,
    every: Duration,
) -> Vec<Backtested> {
    let mut names: Vec<&str> = vec!["ALERTS", "ALERTS_FOR_STATE"];
    let all = files.iter().flat_map(|file| &file.groups);
    let rules = all.flat_map(|group| &group.rules);
    names.extend(rules.filter_map(|rule| match rule.does {
        Does::Record => Some(rule.name.as_str()),
        Does::Alert(_) => None,
    }));
    let given = series
        .iter()
        .filter(|it| !names.contains(&it.labels.get("__name__")));
    let mut by_name: HashMap<&str, Vec<&Series>> = HashMap::new();
    for series in given {
        let name = series.labels.get("__name__");
        by_name.entry(name).or_default().push(series);
    }
    let mut there = There {
        given: by_name,
        recorded: Memory::new(RECORDED),
    };
    let mut rules = RuleSet::new(files, External::default());
    let reach = u64::try_from(rules.reach_ms()).unwrap_or(0);
    there.recorded.set_reach(Duration::from_millis(reach));
    let mut told = Told::new(&rules);
    let step_ms = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
    let mut next = Some(from_ms);
    while let Some(now_ms) = next.filter(|now_ms| *now_ms <= to_ms) {
        if rules.evaluate(&mut there, now_ms, every) {
            told.look(&rules, now_ms);
        }
        // What is too old goes.
        there.recorded.sample(now_ms, |_| {});
        next = now_ms.checked_add(step_ms);
    }
    told.rules
}

/// The series that are given, and those that are recorded on the way.
struct There<'a> {
    given: HashMap<&'a str, Vec<&'a Series>>,
    recorded: Memory,
}

impl SeriesSource for There<'_> {
    fn select(&self, selector: &Selector, from_ms: i64, to_ms: i64) -> Vec<Selected<'_>> {
        let mut found = self.recorded.select(selector, from_ms, to_ms);
        let given = match selector.name() {
            Some(name) => vec![self.given.get(name)],
            None => self.given.values().map(Some).collect(),
        };
        for series in given.into_iter().flatten().flatten() {
            found.extend(std::slice::from_ref(*series).select(selector, from_ms, to_ms));
        }
        found
    }
}

impl Storage for There<'_> {
    fn append(&mut self, labels: &Labels, sample: Sample) {
        self.recorded.append(labels, sample);
    }
}

/// What was seen so far.
struct Told {
    rules: Vec<Backtested>,
    /// Where each alert that fires stands: by the number of its rule and its labels.
    firing: BTreeMap<(usize, Labels), usize>,
}

impl Told {
    fn new(rules: &RuleSet) -> Self {
        let alerting = rules
            .seen()
            .filter(|it| matches!(it.rule.does, Does::Alert(_)));
        let rules = alerting.map(|it| Backtested {
            file: it.file.to_owned(),
            group: it.group.name.clone(),
            name: it.rule.name.clone(),
            fired: Vec::new(),
            failed: None,
        });
        Self {
            rules: rules.collect(),
            firing: BTreeMap::new(),
        }
    }

    fn look(&mut self, rules: &RuleSet, now_ms: i64) {
        let alerting = rules
            .seen()
            .filter(|it| matches!(it.rule.does, Does::Alert(_)));
        let mut over = std::mem::take(&mut self.firing);
        for ((number, seen), told) in alerting.enumerate().zip(&mut self.rules) {
            if let (Some(error), Some(at)) = (seen.error, seen.last_ms)
                && at == now_ms
            {
                let (_, times) = told.failed.get_or_insert((error.to_owned(), 0));
                *times += 1;
            }
            for active in seen.active {
                let Some(from_ms) = active.firing_ms else {
                    continue;
                };
                let key = (number, active.labels.clone());
                let place = over.remove(&key).unwrap_or_else(|| {
                    told.fired.push(Fired {
                        labels: active.labels.clone(),
                        since_ms: active.since_ms,
                        from_ms,
                        until_ms: None,
                    });
                    told.fired.len() - 1
                });
                self.firing.insert(key, place);
            }
        }
        for ((number, _), place) in over {
            if let Some(fired) = self
                .rules
                .get_mut(number)
                .and_then(|it| it.fired.get_mut(place))
            {
                fired.until_ms = Some(now_ms);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openmetrics;

    fn done(rules: &str, samples: &str, to_ms: i64) -> Vec<Backtested> {
        let rules = format!("groups:\n- name: g\n  rules:\n{rules}");
        let rules = RuleFile::read("x.yml", &rules).unwrap();
        let series = openmetrics::parse(&format!("{samples}# EOF\n")).unwrap();
        backtest(vec![rules], &series, 0, to_ms, Duration::from_secs(10))
    }

    #[test]
    fn each_time_it_fires_is_told() {
        let samples: String = [5, 5, 0, 0, 5, 5, 5, 0, 5]
            .iter()
            .enumerate()
            .map(|(at, value)| format!("x{{venue=\"KRX\"}} {value} {}\n", at * 10))
            .collect();
        let rules = "  - {alert: High, expr: 'x > 1'}\n  - {alert: Held, expr: 'x > 1', for: 20s}\n  \
                     - {record: 'y', expr: 'x * 2'}\n  - {alert: Twice, expr: 'y > 9'}\n";
        let told = done(rules, &samples, 80_000);
        let times = |at: usize| -> Vec<(i64, Option<i64>)> {
            let fired = told[at].fired.iter();
            fired.map(|it| (it.from_ms, it.until_ms)).collect()
        };
        let high = [(0, Some(20_000)), (40_000, Some(70_000)), (80_000, None)];
        assert_eq!(times(0), high);
        assert_eq!(times(1), [(60_000, Some(70_000))]);
        assert_eq!(told[1].fired[0].since_ms, 40_000);
        assert_eq!((times(2), told.len()), (high.to_vec(), 3));
        let lengths = [20, 30].map(Duration::from_secs);
        assert_eq!(told[0].lengths(), lengths);
        assert_eq!(told[0].fired[0].labels.get("venue"), "KRX");
    }

    #[test]
    fn what_fails_is_counted() {
        let told = done(
            "  - {alert: A, expr: 'x / on () x'}\n",
            "x{a=\"1\"} 1 0\nx{a=\"2\"} 1 0\n",
            20_000,
        );
        let (why, times) = told[0].failed.as_ref().unwrap();
        assert_eq!((*times, told[0].fired.len()), (3, 0));
        assert!(why.contains("duplicate series"), "{why}");
    }
}
