//! What an alert is about among the figures, and where its limit lies.

use std::collections::BTreeMap;

use bongsu_ops::RuleFigure;
use jiff::Timestamp;
use serde_json::Value;

use crate::AlertDetail;

/// Why a page of trends was opened: the alert that leads there.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    /// What the alert goes by.
    pub key: String,
    /// Its title.
    pub title: String,
    /// When it began.
    pub since: Timestamp,
    /// The name of the figure where it has no chart of its own.
    pub name: String,
    /// The figure that it is about, if it is one of those that are kept.
    pub(crate) figure: Option<Figure>,
    /// Its limit.
    pub(crate) limit: Option<f64>,
    /// The rule that it is of, and what tells it from others of the rule.
    rule_of: Option<(String, BTreeMap<String, String>)>,
    /// What that rule compares; whoever knows the rules fills it in.
    pub rule: Option<RuleFigure>,
}

/// A figure that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Figure {
    Drawdown,
    /// `cpu`, `memory` or `disk`.
    Resource(String),
    /// The answer time of that name.
    Dependency(String),
}

impl Lead {
    /// The lead of an alert by what it says.
    #[must_use]
    pub fn new(key: &str, title: &str, since: Timestamp, detail: &AlertDetail) -> Self {
        let text = |name: &str| detail.metadata.get(name).and_then(Value::as_str);
        let number = |name: &str| detail.metadata.get(name).and_then(Value::as_f64);
        let mut lead = Self {
            key: key.to_owned(),
            title: title.to_owned(),
            since,
            name: title.to_owned(),
            figure: None,
            limit: number("threshold"),
            rule_of: None,
            rule: None,
        };
        match detail.kind.as_str() {
            "resource" => {
                // A file system is told apart behind the name.
                let of = text("resource").and_then(|it| it.split_whitespace().next());
                lead.figure = of.map(|it| Figure::Resource(it.to_lowercase()));
            }
            "health" => {
                lead.figure = text("dependency").map(|it| Figure::Dependency(it.to_owned()));
                lead.limit = number("threshold_ms");
            }
            "trading_halt" if number("drawdown").is_some() => {
                lead.figure = Some(Figure::Drawdown);
            }
            "risk" if text("violation_type").is_some_and(|it| it.contains("drawdown")) => {
                lead.figure = Some(Figure::Drawdown);
                // A drawdown is kept as a positive number.
                lead.limit = lead.limit.map(f64::abs);
            }
            "rule" => {
                let name = text("alertname").map(str::to_owned);
                let labels = detail
                    .metadata
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
                lead.name = name.clone().unwrap_or_else(|| title.to_owned());
                lead.rule_of = name.map(|name| (name, labels.collect()));
            }
            _ => {}
        }
        lead
    }

    /// The rule that it is of, with what tells it from others of the rule.
    #[must_use]
    pub fn rule_of(&self) -> Option<(&str, &BTreeMap<String, String>)> {
        let (name, labels) = self.rule_of.as_ref()?;
        Some((name, labels))
    }

    /// There is a figure to be seen.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.figure.is_some() || self.rule_of.is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(kind: &str, facts: Value, figure: Option<Figure>, limit: Option<f64>) {
        let facts = facts.as_object().unwrap().clone();
        let detail = AlertDetail {
            kind: kind.to_owned(),
            metadata: facts.into_iter().collect(),
            ..AlertDetail::default()
        };
        let lead = Lead::new("k", "t", Timestamp::UNIX_EPOCH, &detail);
        assert_eq!(
            (lead.figure.clone(), lead.limit),
            (figure.clone(), limit),
            "{kind}"
        );
        assert_eq!(lead.is_known(), figure.is_some());
    }

    #[test]
    fn which_figure_an_alert_is_about() {
        let disk = Some(Figure::Resource("disk".to_owned()));
        let facts = json!({"resource": "disk", "value": 97.0, "threshold": 95.0});
        check("resource", facts, disk, Some(95.0));
        let broker = || Some(Figure::Dependency("broker".to_owned()));
        let facts = json!({"dependency": "broker", "threshold_ms": 200.0});
        check("health", facts, broker(), Some(200.0));
        check("health", json!({"dependency": "broker"}), broker(), None);
        let drawdown = || Some(Figure::Drawdown);
        let facts = json!({"violation_type": "max_drawdown", "threshold": -20.0});
        check("risk", facts, drawdown(), Some(20.0));
        let facts = json!({"violation_type": "var", "threshold": 3.8});
        check("risk", facts, None, Some(3.8));
        let facts = json!({"reason": "drawdown", "drawdown": 28.5});
        check("trading_halt", facts, drawdown(), None);
        check("trading_halt", json!({"reason": "by hand"}), None, None);
        check("error", json!({"error_type": "x"}), None, None);
    }

    #[test]
    fn an_alert_of_a_rule_leads_to_its_rule() {
        let detail = AlertDetail {
            kind: "rule".to_owned(),
            metadata: [
                ("alertname".to_owned(), json!("StaleFeed")),
                ("venue".to_owned(), json!("KRX")),
                ("n".to_owned(), json!(1)),
            ]
            .into(),
            ..AlertDetail::default()
        };
        let lead = Lead::new("k", "t", Timestamp::UNIX_EPOCH, &detail);
        let (name, labels) = lead.rule_of().unwrap();
        assert_eq!((name, labels["venue"].as_str()), ("StaleFeed", "KRX"));
        assert!(!labels.contains_key("n") && lead.is_known());
    }
}
