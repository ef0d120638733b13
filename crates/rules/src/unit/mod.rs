//! The tests of rules that `promtool test rules` runs, run here.

mod notation;
mod run;
mod table;

use std::time::Duration;

pub use run::Failure;
pub use table::Table;

use crate::{
    Expression, Labels,
    file::{
        Problems,
        reader::{Reader, field},
        tree::Node,
    },
};

/// A file of tests, as promtool reads it.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnitTests {
    /// The files whose rules are tested, relative to this one; patterns too.
    pub rule_files: Vec<String>,
    /// Time between two evaluations.
    interval: Duration,
    /// Groups that are evaluated first, in this order.
    order: Vec<String>,
    /// Whether floats that differ by a millionth are equal.
    fuzzy: bool,
    tests: Vec<Test>,
}

#[derive(Debug)]
struct Test {
    name: String,
    line: usize,
    interval: Duration,
    series: Vec<(Labels, Vec<Option<f64>>)>,
    alerts: Vec<AlertTest>,
    expressions: Vec<ExpressionTest>,
    external: crate::group::External,
}

/// What fires under one name at one time.
#[derive(Debug)]
struct AlertTest {
    line: usize,
    at_ms: i64,
    name: String,
    wanted: Vec<(Labels, Labels)>,
}

/// What an expression gives at one time.
#[derive(Debug)]
struct ExpressionTest {
    line: usize,
    at_ms: i64,
    expression: Expression,
    wanted: Vec<(Labels, f64)>,
}

const FILE: &[&str] = &[
    "rule_files",
    "evaluation_interval",
    "group_eval_order",
    "fuzzy_compare",
    "tests",
];
const TEST: &[&str] = &[
    "name",
    "interval",
    "input_series",
    "alert_rule_test",
    "promql_expr_test",
    "external_labels",
    "external_url",
];

impl UnitTests {
    /// Reads a file's text; `name` is what problems call it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with line, column and remedy.
    pub fn read(name: &str, text: &str) -> Result<Self, Problems> {
        let (mut reader, root) = Reader::open(name, text)?;
        let mut read = Self {
            rule_files: Vec::new(),
            interval: Duration::from_secs(60),
            order: Vec::new(),
            fuzzy: false,
            tests: Vec::new(),
        };
        if let Some(root) = &root {
            let fields = reader.fields(root, "the file", FILE);
            read.rule_files = words(&mut reader, field(&fields, "rule_files"), "rule_files");
            read.order = words(
                &mut reader,
                field(&fields, "group_eval_order"),
                "group_eval_order",
            );
            read.fuzzy =
                reader.text(field(&fields, "fuzzy_compare"), "fuzzy_compare") == Some("true");
            let interval =
                reader.duration(field(&fields, "evaluation_interval"), "evaluation_interval");
            read.interval = interval.filter(|it| !it.is_zero()).unwrap_or(read.interval);
            for node in reader.list(field(&fields, "tests"), "tests") {
                let test = test(&mut reader, node, read.interval);
                read.tests.push(test);
            }
        }
        reader.end(read)
    }

    /// How many tests it has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tests.len()
    }
}

fn words(reader: &mut Reader, node: Option<&Node>, of: &str) -> Vec<String> {
    let items = reader.list(node, of);
    items
        .iter()
        .filter_map(|it| reader.text(Some(it), of))
        .map(str::to_owned)
        .collect()
}

fn test(reader: &mut Reader, node: &Node, every: Duration) -> Test {
    let fields = reader.fields(node, "a test", TEST);
    let mut test = Test {
        name: reader
            .text(field(&fields, "name"), "name")
            .unwrap_or_default()
            .to_owned(),
        line: node.at.line,
        interval: every,
        series: Vec::new(),
        alerts: Vec::new(),
        expressions: Vec::new(),
        external: crate::group::External::default(),
    };
    let interval = reader.duration(field(&fields, "interval"), "interval");
    test.interval = interval.filter(|it| !it.is_zero()).unwrap_or(every);
    let url = reader.text(field(&fields, "external_url"), "external_url");
    test.external.url = url.unwrap_or_default().to_owned();
    test.external.labels = map(reader, field(&fields, "external_labels"), "external_labels");
    for node in reader.list(field(&fields, "input_series"), "input_series") {
        let fields = reader.fields(node, "a series", &["series", "values"]);
        let labels = parsed(
            reader,
            node,
            field(&fields, "series"),
            "series",
            notation::labels,
        );
        let values = parsed(
            reader,
            node,
            field(&fields, "values"),
            "values",
            notation::values,
        );
        test.series.extend(labels.zip(values));
    }
    for node in reader.list(field(&fields, "alert_rule_test"), "alert_rule_test") {
        let fields = reader.fields(
            node,
            "a test of an alert",
            &["eval_time", "alertname", "exp_alerts"],
        );
        let name = reader
            .text(field(&fields, "alertname"), "alertname")
            .unwrap_or_default();
        if name.is_empty() {
            reader.wrong(
                node.at,
                "a test of an alert has no alertname",
                "say which alert it is about",
            );
        }
        let mut wanted = Vec::new();
        for node in reader.list(field(&fields, "exp_alerts"), "exp_alerts") {
            let fields = reader.fields(
                node,
                "an expected alert",
                &["exp_labels", "exp_annotations"],
            );
            let labels = map(reader, field(&fields, "exp_labels"), "exp_labels");
            let labels = Labels::new(labels.iter().chain([("alertname", name)]));
            wanted.push((
                labels,
                map(reader, field(&fields, "exp_annotations"), "exp_annotations"),
            ));
        }
        test.alerts.push(AlertTest {
            line: node.at.line,
            at_ms: time(reader, field(&fields, "eval_time")),
            name: name.to_owned(),
            wanted,
        });
    }
    for node in reader.list(field(&fields, "promql_expr_test"), "promql_expr_test") {
        let fields = reader.fields(
            node,
            "a test of an expression",
            &["expr", "eval_time", "exp_samples"],
        );
        let read = |text: &str| Expression::parse(text).map_err(|error| error.to_string());
        let expression = parsed(reader, node, field(&fields, "expr"), "expr", read);
        let mut wanted = Vec::new();
        for node in reader.list(field(&fields, "exp_samples"), "exp_samples") {
            let fields = reader.fields(node, "an expected sample", &["labels", "value"]);
            let labels = match field(&fields, "labels") {
                None => Some(Labels::default()),
                found => parsed(reader, node, found, "labels", notation::labels),
            };
            let number =
                |text: &str| notation::number(text).ok_or_else(|| format!("{text:?} is no number"));
            let value = match field(&fields, "value") {
                None => Some(0.0),
                found => parsed(reader, node, found, "value", number),
            };
            wanted.extend(labels.zip(value));
        }
        let at_ms = time(reader, field(&fields, "eval_time"));
        test.expressions
            .extend(expression.map(|expression| ExpressionTest {
                line: node.at.line,
                at_ms,
                expression,
                wanted,
            }));
    }
    test
}

fn time(reader: &mut Reader, node: Option<&Node>) -> i64 {
    let read = reader.duration(node, "eval_time").unwrap_or_default();
    i64::try_from(read.as_millis()).unwrap_or(i64::MAX)
}

fn map(reader: &mut Reader, node: Option<&Node>, of: &str) -> Labels {
    let texts = reader.texts(node, of);
    Labels::new(texts.into_iter().map(|(name, text, _)| (name, text)))
}

/// What `read` makes of a field that has to be there.
fn parsed<T>(
    reader: &mut Reader,
    whole: &Node,
    node: Option<&Node>,
    of: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Option<T> {
    let Some(node) = node else {
        reader.wrong(whole.at, format!("{of} is missing"), "write it");
        return None;
    };
    let text = reader.text(Some(node), of)?;
    match read(text) {
        Ok(it) => Some(it),
        Err(what) => {
            reader.wrong_within(node, 0, what, format!("mend {of}"));
            None
        }
    }
}

#[cfg(test)]
mod tests;
