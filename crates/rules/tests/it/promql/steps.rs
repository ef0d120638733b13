//! A range has at each step what one evaluation at that time has: for random expressions, without a Prometheus.

use std::collections::BTreeMap;

use bongsu_rules::{Expression, Labels, Value};

use super::{generate::Generator, parameter, world};

/// Steps of each range.
const STEPS: i64 = 8;

/// Whose answer depends on the range around it, or on which of several equal ones comes first.
const OTHERWISE: &[&str] = &["start()", "end()", "topk", "bottomk", "sort"];

#[test]
fn a_range_is_what_its_steps_are() {
    let series = world::all();
    let count = parameter("BONGSU_TEST_PROMQL_STEPS", 120);
    let (mut compared, mut values) = (0, 0);
    for seed in 0..count {
        let question = Generator::new(7_919 * seed + 5).question();
        let text = &question.text;
        if OTHERWISE.iter().any(|it| text.contains(it)) {
            continue;
        }
        let Ok(expression) = Expression::parse(text) else {
            continue;
        };
        let (start, step) = (question.start_ms, 61_700);
        let end = start + (STEPS - 1) * step;
        let Ok(rows) = expression.range(&series[..], start, end, step) else {
            continue;
        };
        for now in (0..STEPS).map(|number| start + number * step) {
            let of_range: BTreeMap<&Labels, u64> = rows
                .iter()
                .filter_map(|row| {
                    let sample = row.samples.iter().find(|it| it.time_ms == now)?;
                    Some((&row.labels, sample.value.to_bits()))
                })
                .collect();
            let none = Labels::default();
            let at_once = expression.evaluate(&series[..], now);
            let of_instant: BTreeMap<&Labels, u64> = match at_once.as_ref() {
                Ok(Value::Vector(elements)) => elements
                    .iter()
                    .map(|it| (&it.labels, it.value.to_bits()))
                    .collect(),
                Ok(Value::Scalar(value)) => [(&none, value.to_bits())].into(),
                other => panic!("{question} at {now}: {other:?}"),
            };
            assert_eq!(of_range, of_instant, "{question} at {now}");
            values += of_range.len();
        }
        compared += 1;
    }
    assert!(compared * 4 > count && values > 100, "{compared}, {values}");
}
