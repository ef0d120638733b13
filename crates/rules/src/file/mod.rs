//! The rule files of Prometheus, read as strictly as Prometheus reads them.

mod duration;
mod load;
mod problem;
pub(crate) mod reader;
pub(crate) mod tree;

use std::{sync::Arc, time::Duration};

pub(crate) use duration::duration;
pub use load::{LoadError, LoadProblem, find, load};
pub use problem::{Problem, Problems};
use reader::{Fields, Reader, field};
use tree::Node;

use crate::{Expression, Kind, Template};

/// What one file says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RuleFile {
    /// The file, as it was named.
    pub name: String,
    /// Its groups, in its order.
    pub groups: Vec<Group>,
}

/// Rules that are evaluated one after another, at one time.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Group {
    /// Unique in its file.
    pub name: String,
    /// Time between two evaluations, where it is not everybody's.
    pub interval: Option<Duration>,
    /// How far behind the time of evaluation it looks.
    pub query_offset: Duration,
    /// Most alerts or series that one rule may have; zero: any number.
    pub limit: usize,
    /// In the order in which they see each other's series.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rule {
    /// Of the alert, or of the recorded series.
    pub name: String,
    /// What it is about: a vector or a scalar.
    pub expression: Arc<Expression>,
    /// Labels it adds, by name; those of a recording rule are no templates.
    pub labels: Vec<(String, Template)>,
    /// What becomes of what the expression gives.
    pub does: Does,
    /// Where it begins in its file, from 1.
    pub line: usize,
    /// What tells it from the others of its group, whatever its expression becomes.
    pub(crate) key: String,
}

/// What becomes of what a rule's expression gives.
#[derive(Debug, Clone)]
pub enum Does {
    /// Series of the rule's name.
    Record,
    /// An alert for each element.
    Alert(Alerting),
}

/// How an alert begins and ends, and what it says.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Alerting {
    /// How long it has to hold before it fires (`for`).
    pub hold: Duration,
    /// How long it goes on firing when it holds no more (`keep_firing_for`).
    pub keep: Duration,
    /// What it says, by name.
    pub annotations: Vec<(String, Template)>,
}

impl RuleFile {
    /// Reads a file's text; `name` is what problems call it.
    ///
    /// ```
    /// use bongsu_rules::RuleFile;
    ///
    /// let text = "
    /// groups:
    ///   - name: desk
    ///     rules:
    ///       - alert: NoTrades
    ///         expr: increase(trades_executed_total[5m]) == 0
    ///         labelz: {severity: warning}
    /// ";
    /// let problems = RuleFile::read("desk.yml", text).unwrap_err();
    /// let first = problems.iter().next().unwrap();
    /// assert_eq!((first.line, first.column), (7, 9));
    /// assert_eq!(first.what, "a rule has no field \"labelz\"");
    /// ```
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with line, column and remedy.
    pub fn read(name: &str, text: &str) -> Result<Self, Problems> {
        let (mut reader, root) = Reader::open(name, text)?;
        let mut groups: Vec<Group> = Vec::new();
        if let Some(root) = &root {
            let fields = reader.fields(root, "the file", &["groups"]);
            for node in reader.list(field(&fields, "groups"), "groups") {
                let group = group(&mut reader, node);
                if groups.iter().any(|it| it.name == group.name) && !group.name.is_empty() {
                    let what = format!("a second group is named {:?}", group.name);
                    reader.wrong(node.at, what, "give each group of a file a name of its own");
                }
                groups.push(group);
            }
        }
        reader.end(Self {
            name: name.to_owned(),
            groups,
        })
    }

    /// How many rules it has.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.groups.iter().map(|group| group.rules.len()).sum()
    }
}

impl Rule {
    /// How far back of the time of its evaluation it may look, in milliseconds.
    #[must_use]
    pub fn reach_ms(&self) -> i64 {
        let reach = self.expressions().map(Expression::reach_ms);
        reach.max().unwrap_or(0)
    }

    /// Every expression of it: what it is about, and what its templates ask.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let annotations = match &self.does {
            Does::Alert(alerting) => alerting.annotations.as_slice(),
            Does::Record => &[],
        };
        let templates = self.labels.iter().chain(annotations);
        let asked = templates.flat_map(|(_, template)| template.queries());
        std::iter::once(&*self.expression).chain(asked)
    }
}

const GROUP: &[&str] = &[
    "name",
    "interval",
    "query_offset",
    "limit",
    "labels",
    "rules",
];
const RULE: &[&str] = &[
    "record",
    "alert",
    "expr",
    "for",
    "keep_firing_for",
    "labels",
    "annotations",
];

fn group(reader: &mut Reader, node: &Node) -> Group {
    let fields = reader.fields(node, "a group", GROUP);
    let name = reader
        .text(field(&fields, "name"), "the group's name")
        .unwrap_or_default();
    if name.is_empty() {
        reader.wrong(
            node.at,
            "a group has no name",
            "give it one: `name: trading`",
        );
    }
    let limit = reader.text(field(&fields, "limit"), "limit").unwrap_or("0");
    let limit = limit.parse::<i64>().unwrap_or_else(|_| {
        let at = field(&fields, "limit").map_or(node.at, |it| it.at);
        reader.wrong(
            at,
            format!("limit {limit:?} is no whole number"),
            "write 0 for none",
        );
        0
    });
    let shared: Vec<_> = labels(reader, &fields, false);
    let mut rules = Vec::new();
    for node in reader.list(field(&fields, "rules"), "rules") {
        if let Some(mut rule) = rule(reader, node) {
            for (name, text) in &shared {
                if rule.labels.iter().all(|(own, _)| own != name) {
                    rule.labels.push((name.clone(), text.clone()));
                }
            }
            rule.labels.sort_by(|a, b| a.0.cmp(&b.0));
            rule.key = key(&rule, &rules);
            rules.push(rule);
        }
    }
    Group {
        name: name.to_owned(),
        interval: reader
            .duration(field(&fields, "interval"), "interval")
            .filter(|it| !it.is_zero()),
        query_offset: reader
            .duration(field(&fields, "query_offset"), "query_offset")
            .unwrap_or_default(),
        limit: usize::try_from(limit).unwrap_or(0),
        rules,
    }
}

/// Name and labels, and how many of the rules before it have the same.
fn key(rule: &Rule, before: &[Rule]) -> String {
    let labels = rule
        .labels
        .iter()
        .map(|(name, text)| format!("{name}={:?}", text.text()));
    let key = format!("{}{{{}}}", rule.name, labels.collect::<Vec<_>>().join(","));
    let same = before
        .iter()
        .filter(|it| it.key.rsplit_once('#').is_some_and(|(it, _)| it == key));
    format!("{key}#{}", same.count())
}

fn rule(reader: &mut Reader, node: &Node) -> Option<Rule> {
    let fields = reader.fields(node, "a rule", RULE);
    let record = reader
        .text(field(&fields, "record"), "record")
        .unwrap_or_default();
    let alert = reader
        .text(field(&fields, "alert"), "alert")
        .unwrap_or_default();
    let name = match (record, alert) {
        ("", "") => {
            reader.wrong(
                node.at,
                "a rule has neither record nor alert",
                "give it one of them",
            );
            return None;
        }
        ("", alert) => alert,
        (record, "") => record,
        _ => {
            reader.wrong(
                node.at,
                "a rule has both record and alert",
                "make two rules of it",
            );
            return None;
        }
    };
    let records = !record.is_empty();
    if records {
        if !is_metric_name(record) {
            let at = field(&fields, "record").map_or(node.at, |it| it.at);
            let what = format!("{record:?} is no name of a metric");
            reader.wrong(
                at,
                what,
                "use letters, digits, `_` and `:`, and no digit first",
            );
        }
        for wrong in ["for", "keep_firing_for", "annotations"] {
            if let Some(found) = field(&fields, wrong) {
                // A duration of zero is as good as none.
                let zero = matches!(&found.kind, tree::Kind::Scalar(text, _)
                    if duration(text).is_some_and(|it| it.is_zero()));
                if wrong == "annotations" || !zero {
                    let what = format!("a recording rule has {wrong:?}");
                    reader.wrong(found.at, what, "leave it out, or make it an alert");
                }
            }
        }
    }
    let labels = labels(reader, &fields, !records);
    let does = if records {
        Does::Record
    } else {
        Does::Alert(Alerting {
            hold: reader
                .duration(field(&fields, "for"), "for")
                .unwrap_or_default(),
            keep: reader
                .duration(field(&fields, "keep_firing_for"), "keep_firing_for")
                .unwrap_or_default(),
            annotations: annotations(reader, &fields),
        })
    };
    let (at, expr) = (node.at, field(&fields, "expr"));
    let text = reader.text(expr, "expr").unwrap_or_default();
    let (Some(node), false) = (expr, text.trim().is_empty()) else {
        reader.wrong(
            at,
            "a rule has no expr",
            "say in PromQL what it is about: `expr: up == 0`",
        );
        return None;
    };
    match Expression::parse(text) {
        Ok(expression) if matches!(expression.kind(), Kind::Vector | Kind::Scalar) => Some(Rule {
            name: name.to_owned(),
            expression: Arc::new(expression),
            labels,
            does,
            line: at.line,
            key: String::new(),
        }),
        Ok(expression) => {
            let what = format!(
                "the expr of {name:?} gives a {}",
                expression.kind().as_str()
            );
            reader.wrong_within(node, 0, what, "an expr gives a vector or a scalar");
            None
        }
        Err(error) => {
            let before = error.position.and_then(|at| text.get(..at));
            let offset = before.map_or(0, |it| it.chars().count());
            let what = format!("the expr of {name:?} cannot be used: {error}");
            reader.wrong_within(
                node,
                offset,
                what,
                "see docs/rules.md for the PromQL that is understood",
            );
            None
        }
    }
}

fn labels(reader: &mut Reader, fields: &Fields<'_>, templates: bool) -> Vec<(String, Template)> {
    let mut labels = Vec::new();
    for (name, text, node) in reader.texts(field(fields, "labels"), "labels") {
        if !is_label_name(name) || name == "__name__" {
            let what = format!("{name:?} is no name of a label");
            reader.wrong(
                node.at,
                what,
                "use letters, digits and `_`, and no digit first",
            );
        }
        let text = if templates {
            template(reader, name, text, node)
        } else {
            Some(Template::verbatim(text))
        };
        labels.extend(text.map(|text| (name.to_owned(), text)));
    }
    labels
}

fn annotations(reader: &mut Reader, fields: &Fields<'_>) -> Vec<(String, Template)> {
    let mut annotations = Vec::new();
    for (name, text, node) in reader.texts(field(fields, "annotations"), "annotations") {
        if !is_label_name(name) {
            let what = format!("{name:?} is no name of an annotation");
            reader.wrong(
                node.at,
                what,
                "use letters, digits and `_`, and no digit first",
            );
        }
        let text = template(reader, name, text, node);
        annotations.extend(text.map(|text| (name.to_owned(), text)));
    }
    annotations
}

fn template(reader: &mut Reader, name: &str, text: &str, node: &Node) -> Option<Template> {
    match Template::parse(text) {
        Ok(template) => Some(template),
        Err(error) => {
            let what = format!("the template of {name:?} cannot be used: {}", error.what);
            let remedy = "see docs/rules.md for what a template may say";
            reader.wrong_within(node, error.offset, what, remedy);
            None
        }
    }
}

fn is_label_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|it| it.is_ascii_alphabetic() || it == b'_')
        && bytes.all(|it| it.is_ascii_alphanumeric() || it == b'_')
}

fn is_metric_name(name: &str) -> bool {
    is_label_name(&name.replace(':', "_"))
}

#[cfg(test)]
mod tests;
