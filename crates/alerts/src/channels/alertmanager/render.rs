//! Alertmanager's API v2: labels that say what an alert is, annotations for people.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::channel::{AlertStatus, Notification};
use crate::render::fit::{Unit, fit, one_line, verbatim};
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
    for (name, value) in view.facts.iter().take(50) {
        annotations
            .entry(label_name(name))
            .or_insert_with(|| take(value, 1_024));
    }
    if view.facts.len() > 50 {
        cut = true;
        let note = format!("{} more facts left out [truncated]", view.facts.len() - 50);
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
