//! PagerDuty's Events API v2. The routing key is not part of what is stored.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::channel::{AlertStatus, Notification};
use crate::render::fit::{Unit, fit, verbatim};
use crate::render::view::View;

/// What the key of a trial's incident begins with.
pub(super) const TRIAL: &str = "bongsu-test-";
const SUMMARY: usize = 1_024;
const FACTS: usize = 50;

/// The event without its routing key, and whether something was cut.
pub(crate) fn event(n: &Notification) -> (Value, bool) {
    let dedup_key = dedup_key(n);
    if n.status == AlertStatus::Resolved {
        return (
            json!({"event_action": "resolve", "dedup_key": dedup_key}),
            false,
        );
    }
    let view = View::of(n);
    let mut cut = false;
    // Control characters are gone, so JSON at most doubles a text: far below 512 KB.
    let mut take = |text: &str, limit: usize| {
        let fitted = fit(text, limit, Unit::Bytes, verbatim);
        cut |= fitted.truncated;
        fitted.text
    };
    let mut details = Map::new();
    details.insert("message".to_owned(), json!(take(&view.body, 32 * 1024)));
    for (name, value) in view.facts.iter().take(FACTS) {
        details
            .entry(take(name, 200))
            .or_insert_with(|| json!(take(value, 1_000)));
    }
    if !view.tags.is_empty() {
        details.insert("tags".to_owned(), json!(take(&view.tags, 1_000)));
    }
    if let Some(host) = &view.host {
        details
            .entry("host")
            .or_insert_with(|| json!(take(host, 200)));
    }
    let left_out = view.facts.len().saturating_sub(FACTS);
    if left_out > 0 {
        details.insert("…".to_owned(), json!(view.words.left_out(left_out)));
    }
    let summary = fit(&view.headline, SUMMARY, Unit::Chars, verbatim);
    let source = match take(&view.footer, 200) {
        // The API asks for one.
        source if source.is_empty() => "bongsu".to_owned(),
        source => source,
    };
    let mut event = json!({
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "client": source,
        "payload": {
            "summary": summary.text,
            "source": source,
            "severity": n.alert.level.as_str(),
            "timestamp": n.alert.timestamp.to_string(),
            "component": take(&view.source, 200),
            "group": take(&n.service, 200),
            "class": take(&n.alert.kind, 200),
            "custom_details": details,
        },
    });
    if let Some(url) = &view.console {
        event["client_url"] = json!(url);
    }
    if let Some(runbook) = &view.runbook {
        if let Some(url) = &runbook.url {
            event["links"] = json!([{"href": url, "text": runbook.name}]);
        }
        event["payload"]["custom_details"]["runbook"] = json!(runbook.text());
    }
    (event, cut || summary.truncated || left_out > 0)
}

/// A hash, so that the trigger and the resolve of one key meet, whatever the key's length. A trial
/// stands for itself; all digests of a service are one incident, unless they have keys of their own.
fn dedup_key(n: &Notification) -> String {
    let key = match (n.status, &n.alert.key) {
        (AlertStatus::Test, _) => n.delivery_id.clone(),
        (AlertStatus::Digest, None) => "bongsu|digest".to_owned(),
        _ => n.alert.dedup_key(),
    };
    let mut hash = Sha256::new();
    for part in [&n.service, &n.environment, &key] {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    let start = if n.status == AlertStatus::Test {
        TRIAL
    } else {
        ""
    };
    let bytes = hash.finalize();
    bytes.iter().fold(start.to_owned(), |mut key, byte| {
        key.push_str(&format!("{byte:02x}"));
        key
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn korean() {
        let n = samples::korean();
        let (event, truncated) = event(&n);
        assert!(!truncated);
        assert_eq!(
            event,
            json!({
                "event_action": "trigger",
                "dedup_key": dedup_key(&n),
                "client": "trading-engine (production)",
                "payload": {
                    "summary": "trading-engine/production: 거래 중단: 위험 한도 초과",
                    "source": "trading-engine (production)",
                    "severity": "critical",
                    "timestamp": "2025-11-22T08:26:40Z",
                    "component": "risk_manager",
                    "group": "trading-engine",
                    "class": "custom",
                    "custom_details": {
                        "message": "일일 손실이 한도를 넘었습니다.\n모든 주문을 멈춥니다.",
                        "손실률": "-3.25",
                        "종목": "005930 삼성전자",
                        "tags": "trading_halt, critical",
                    },
                },
            })
        );
    }

    #[test]
    fn trigger_and_resolve_meet_and_others_do_not() {
        let mut n = samples::korean();
        let firing = event(&n).0;
        n.status = AlertStatus::Resolved;
        n.delivery_id = "another".to_owned();
        let resolved = event(&n).0;
        assert_eq!(resolved["event_action"], "resolve");
        assert_eq!(firing["dedup_key"], resolved["dedup_key"]);
        assert_eq!(firing["dedup_key"].as_str().unwrap().len(), 64);
        n.environment = "staging".to_owned();
        assert_ne!(firing["dedup_key"], event(&n).0["dedup_key"]);
    }

    #[test]
    fn a_source_is_never_empty() {
        for (service, environment) in [("", ""), (" ", "\n"), ("\u{202e}", "")] {
            let mut n = samples::korean();
            (n.service, n.environment) = (service.to_owned(), environment.to_owned());
            let source = event(&n).0["payload"]["source"].clone();
            assert!(!source.as_str().unwrap().trim().is_empty(), "{source}");
        }
    }

    /// Every storm of a service is the same incident, which its end can close; a trial closes itself.
    #[test]
    fn digests_are_one_incident_and_trials_are_their_own() {
        let key = |status, id: &str, digest_key: Option<&str>| {
            let mut n = samples::digest();
            n.status = status;
            n.delivery_id = id.to_owned();
            n.alert.key = digest_key.map(str::to_owned);
            n.alert.title = format!("{id} alerts");
            event(&n).0["dedup_key"].as_str().unwrap().to_owned()
        };
        let digest = AlertStatus::Digest;
        assert_eq!(key(digest, "1", None), key(digest, "2", None));
        let own = key(digest, "1", Some("storm|x"));
        assert_eq!(own, key(AlertStatus::Resolved, "2", Some("storm|x")));
        assert_ne!(own, key(digest, "1", None));
        let trial = key(AlertStatus::Test, "1", None);
        assert!(trial.starts_with(TRIAL) && trial.len() <= 255, "{trial}");
        assert_ne!(trial, key(AlertStatus::Test, "2", None));
    }

    #[test]
    fn limits() {
        let (event, truncated) = event(&samples::huge());
        assert!(truncated && event.to_string().len() < 512 * 1024);
        let summary = event["payload"]["summary"].as_str().unwrap();
        assert!(summary.chars().count() <= SUMMARY && summary.ends_with("[truncated]"));
    }
}
