//! Alertmanager's API v2: labels that say what an alert is, annotations for people.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::channel::{AlertStatus, Notification};
use crate::render::fit::{Unit, fit, one_line, verbatim};
use crate::render::runbook::Runbook;
use crate::render::view::View;

/// One alert as it is stored; its end is decided when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) key: String,
    pub(crate) status: AlertStatus,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(rename = "startsAt")]
    pub(crate) starts_at: jiff::Timestamp,
}

/// The alert, and whether something was cut.
pub(crate) fn alert(n: &Notification) -> (Stored, bool) {
    let view = View::of(n);
    let mut cut = false;
    let mut take = |text: &str, limit: usize| {
        let fitted = fit(text, limit, Unit::Bytes, verbatim);
        cut |= fitted.truncated;
        fitted.text
    };
    let key = n.alert.dedup_key();
    let title = one_line(&n.alert.title);
    let name = if title.is_empty() {
        n.alert.kind.as_str()
    } else {
        &title
    };
    // An empty label is no label.
    let labels = [
        ("alertname", take(name, 400)),
        ("severity", n.alert.level.as_str().to_owned()),
        ("service", take(&one_line(&n.service), 200)),
        ("environment", take(&one_line(&n.environment), 200)),
        ("source", take(&view.source, 400)),
        ("kind", take(&one_line(&n.alert.kind), 100)),
        ("alert_key", take(&one_line(&key), 600)),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(label, value)| (label.to_owned(), value))
    .collect();
    let mut annotations = BTreeMap::new();
    annotations.insert("summary".to_owned(), take(&view.headline, 1_024));
    annotations.insert("description".to_owned(), take(&view.body, 16 * 1024));
    if !view.tags.is_empty() {
        annotations.insert("tags".to_owned(), take(&view.tags, 1_024));
    }
    for (label, value) in [
        ("host", view.host.as_deref()),
        ("console_url", view.console.as_deref()),
        ("runbook_url", view.runbook.as_ref().map(Runbook::text)),
    ] {
        if let Some(value) = value {
            annotations.insert(label.to_owned(), take(value, 2_048));
        }
    }
    for (name, value) in view.facts.iter().take(50) {
        let label = free_name(&annotations, label_name(name));
        annotations.insert(label, take(value, 1_024));
    }
    if view.facts.len() > 50 {
        cut = true;
        let note = view.words.left_out(view.facts.len() - 50);
        annotations.insert("left_out".to_owned(), note);
    }
    let stored = Stored {
        key,
        status: n.status,
        labels,
        annotations,
        starts_at: n.alert.timestamp,
    };
    (stored, cut)
}

/// `order.id`, `order_id` and `order-id` are three facts: the later ones get a number.
fn free_name(taken: &BTreeMap<String, String>, name: String) -> String {
    if !taken.contains_key(&name) {
        return name;
    }
    let mut numbered = (2_u32..).map(|number| format!("{name}_{number}"));
    numbered
        .find(|numbered| !taken.contains_key(numbered))
        .unwrap_or(name)
}

/// Alertmanager (before UTF-8 names) takes `[a-zA-Z_][a-zA-Z0-9_]*` only.
fn label_name(name: &str) -> String {
    let mut out = String::from("fact_");
    for c in name.chars().take(100) {
        if c.is_ascii_alphanumeric() || c == '_' {
            out.push(c);
        } else if c.is_ascii() {
            out.push('_');
        } else {
            out.push_str(&format!("u{:x}", u32::from(c)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn korean() {
        let (alert, truncated) = alert(&samples::korean());
        assert!(!truncated);
        let labels: Vec<_> = alert
            .labels
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        assert_eq!(
            labels,
            [
                "alert_key=risk_manager|거래 중단: 위험 한도 초과|critical",
                "alertname=거래 중단: 위험 한도 초과",
                "environment=production",
                "kind=custom",
                "service=trading-engine",
                "severity=critical",
                "source=risk_manager",
            ]
        );
        assert_eq!(alert.annotations["fact_uc190uc2e4ub960"], "-3.25");
    }

    #[test]
    fn facts_of_like_names_are_all_there() {
        let mut n = samples::resolved();
        for (name, value) in [
            ("order.id", "a"),
            ("order_id", "b"),
            ("order-id", "c"),
            ("order id_2", "d"),
        ] {
            n.alert = n.alert.metadata(name, value);
        }
        let annotations = alert(&n).0.annotations;
        let facts = annotations
            .iter()
            .filter(|(name, _)| name.starts_with("fact_"));
        let mut values: Vec<&str> = facts.map(|(_, value)| value.as_str()).collect();
        values.sort_unstable();
        assert_eq!(values, ["a", "b", "c", "d"], "{annotations:?}");
    }

    #[test]
    fn names_are_legal_and_sizes_bounded() {
        for n in [samples::hostile(), samples::huge(), samples::digest()] {
            let (alert, _) = alert(&n);
            for name in alert.labels.keys().chain(alert.annotations.keys()) {
                assert!(
                    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
                    "{name}"
                );
            }
            assert!(serde_json::to_vec(&alert).unwrap().len() < 200_000);
        }
        assert!(alert(&samples::huge()).1);
    }
}
