//! Random expressions over random series, held against a real Prometheus: equal to the last bit, but for the
//! order in which floats are added and for the last digits of powers, logarithms and angles.
//!
//! `BONGSU_TEST_PROMQL_EXPRESSIONS=10000` asks as many; `BONGSU_TEST_PROMQL_SEED=7` begins elsewhere. What is
//! found here becomes a named row in `known.rs`.

mod answer;
mod generate;
mod known;
mod server;
mod steps;
mod world;

use bongsu_rules::{Expression, Series};

use answer::Answer;
use generate::{Generator, Question};
use server::Server;

/// A number from the environment.
#[expect(clippy::disallowed_methods, reason = "a test's own parameters")]
fn parameter(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text:?} is no number"))
    })
}

/// What we answer; an error of either kind is an error.
fn ours(question: &Question, series: &[Series]) -> Answer {
    let Ok(expression) = Expression::parse(&question.text) else {
        return Answer::Error;
    };
    match question.step_ms {
        None => Answer::of_value(expression.evaluate(series, question.start_ms)),
        Some(step) => {
            Answer::of_range(expression.range(series, question.start_ms, question.end_ms, step))
        }
    }
}

#[test]
fn expressions_are_evaluated_as_prometheus_evaluates_them() {
    let Some(server) = Server::start() else {
        return;
    };
    let series = world::all();
    let count = parameter("BONGSU_TEST_PROMQL_EXPRESSIONS", 300);
    let seed = parameter("BONGSU_TEST_PROMQL_SEED", 1);
    let (mut differences, mut with_values, mut errors) = (Vec::new(), 0, 0);
    for number in 0..count {
        let question = Generator::new(seed.wrapping_mul(1_000_003) + number).question();
        let (theirs, ours) = (server.ask(&question), ours(&question, &series));
        with_values += u64::from(theirs.has_values());
        errors += u64::from(theirs == Answer::Error);
        // Which of equal ones is kept hangs on the order of the series in Prometheus' blocks.
        let chooses = ["topk", "bottomk"]
            .iter()
            .any(|it| question.text.contains(it));
        if let Some(difference) = theirs.difference(&ours)
            && !(chooses && theirs.chose_of_equals(&ours))
        {
            differences.push(format!("{question}\n    {difference}"));
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {count} differ:\n{}",
        differences.len(),
        differences[..differences.len().min(40)].join("\n")
    );
    println!("{count} expressions, {with_values} with values, {errors} errors on both sides");
    assert!(
        with_values * 2 > count,
        "only {with_values} of {count} had values to compare"
    );
}
