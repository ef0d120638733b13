//! What an alert of a rule is about: the figure that is compared, and its limit, over a stretch.

use std::collections::BTreeMap;

use bongsu_ops::{RuleFigure, RuleFigureQuery};
use bongsu_rules::{Does, Memory, RuleSet, Series};
use jiff::Timestamp;

/// The figure of the rule's alert that has these labels; none where the rule is not there, or compares nothing.
pub(super) fn of(
    rules: &RuleSet,
    memory: &Memory,
    query: &RuleFigureQuery,
) -> Result<Option<RuleFigure>, String> {
    let mut all = rules.seen();
    let found =
        all.find(|seen| seen.rule.name == query.name && matches!(seen.rule.does, Does::Alert(_)));
    let (since, until) = (query.since.as_millisecond(), query.until.as_millisecond());
    let columns = i64::try_from(query.columns).unwrap_or(i64::MAX).max(1);
    let step = until.saturating_sub(since) / columns;
    let (Some(seen), true) = (found, step > 0) else {
        return Ok(None);
    };
    // From the end backwards, so that the last moment is the end.
    let first = until.saturating_sub(step.saturating_mul(columns - 1));
    let compared = seen.rule.expression.compared(memory, first, until, step);
    let compared = compared.map_err(|error| error.to_string())?;
    Ok(compared.map(|both| RuleFigure {
        expression: seen.rule.expression.text().to_owned(),
        measured: points(&both.measured, &query.labels),
        limit: points(&both.limit, &query.labels),
    }))
}

/// Of the series those of the alert: nothing that they say of themselves is otherwise in it.
fn points(series: &[Series], labels: &BTreeMap<String, String>) -> Vec<(Timestamp, f64)> {
    let of_it = |series: &&Series| {
        series.labels.iter().all(|(name, value)| {
            name == "__name__" || labels.get(name).is_none_or(|said| said == value)
        })
    };
    let samples = series.iter().find(of_it).map(|it| it.samples.iter());
    let known = samples
        .into_iter()
        .flatten()
        .filter(|it| it.value.is_finite());
    known
        .filter_map(|it| Some((Timestamp::from_millisecond(it.time_ms).ok()?, it.value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bongsu_rules::{External, Labels, RuleFile};

    use super::*;

    #[test]
    fn the_figure_of_one_alert_among_several() {
        let text = "groups:\n- name: desk\n  rules:\n  - {alert: Full, expr: 'used > 90'}\n  \
                    - {alert: Line, expr: 'used > on () line'}\n  - {alert: Gone, expr: 'absent(gone)'}\n";
        let file = RuleFile::read("desk.yml", text).unwrap();
        let rules = RuleSet::new(vec![file], External::default());
        let mut memory = Memory::new(1 << 20);
        memory.set_reach(Duration::from_secs(600));
        for n in 0..6_i32 {
            memory.sample(i64::from(n) * 10_000, |round| {
                for (disk, from) in [("a", 90.0), ("b", 10.0)] {
                    let labels = Labels::new([("__name__", "used"), ("disk", disk)]);
                    round.see(&labels, from + f64::from(n));
                }
                round.see(&Labels::new([("__name__", "line")]), 50.0 + f64::from(n));
            });
        }
        let figure = |name: &str, disk: &str, columns| {
            let query = RuleFigureQuery {
                name: name.to_owned(),
                labels: [("disk", disk), ("alertname", name)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
                since: Timestamp::from_second(20).unwrap(),
                until: Timestamp::from_second(50).unwrap(),
                columns,
            };
            of(&rules, &memory, &query).unwrap()
        };
        let values = |points: &[(Timestamp, f64)]| -> Vec<(i64, f64)> {
            let points = points.iter();
            points.map(|(at, value)| (at.as_second(), *value)).collect()
        };
        let full = figure("Full", "b", 3).unwrap();
        assert_eq!(full.expression, "used > 90");
        assert_eq!(values(&full.measured), [(30, 13.0), (40, 14.0), (50, 15.0)]);
        assert_eq!(values(&full.limit), [(30, 90.0), (40, 90.0), (50, 90.0)]);
        let line = figure("Line", "a", 1).unwrap();
        assert_eq!(values(&line.measured), [(50, 95.0)]);
        assert_eq!(values(&line.limit), [(50, 55.0)]);
        assert_eq!(figure("Gone", "a", 3), None);
        assert_eq!(figure("None", "a", 3), None);
    }
}
