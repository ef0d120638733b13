//! The webhook's JSON: the original's keys, and `id`, `key`, `kind`, `status`, `suppressed`,
//! `service`, `environment` besides; `host`, `url` (the console's page of the alert) and `runbook`
//! where they are known.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::channel::{DigestLine, Notification};
use crate::render::fit::{Unit, fit, verbatim};
use crate::render::runbook::Runbook;
use crate::render::view::console;

/// The most bytes of a body.
pub(crate) const MAX_BYTES: usize = 20 * 1024;

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    key: String,
    status: &'static str,
    level: &'static str,
    kind: &'a str,
    title: String,
    message: String,
    source: String,
    timestamp: String,
    metadata: Map<String, Value>,
    tags: Vec<String>,
    suppressed: u64,
    service: &'a str,
    environment: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runbook: Option<String>,
    #[serde(skip_serializing_if = "<[DigestLine]>::is_empty")]
    digest: &'a [DigestLine],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

/// The body, and whether something was cut to keep it under [`MAX_BYTES`].
#[must_use]
pub(crate) fn body(n: &Notification) -> (Vec<u8>, bool) {
    let whole = Caps {
        text: usize::MAX,
        entries: usize::MAX,
        value: usize::MAX,
    };
    let json = encode(n, whole, false);
    if json.len() <= MAX_BYTES {
        return (json, false);
    }
    // JSON may double or sextuple a hostile text, so the caps shrink until the result fits.
    let mut caps = Caps {
        text: 8 * 1024,
        entries: 40,
        value: 1024,
    };
    loop {
        let json = encode(n, caps, true);
        if json.len() <= MAX_BYTES || caps.text < 16 {
            return (json, true);
        }
        caps = Caps {
            text: caps.text / 2,
            entries: caps.entries / 2,
            value: caps.value / 2,
        };
    }
}

#[derive(Clone, Copy)]
struct Caps {
    text: usize,
    entries: usize,
    value: usize,
}

fn cut(text: &str, bytes: usize) -> String {
    fit(text, bytes, Unit::Bytes, verbatim).text
}

fn encode(n: &Notification, caps: Caps, truncated: bool) -> Vec<u8> {
    let alert = &n.alert;
    let metadata = alert
        .metadata
        .iter()
        .take(caps.entries)
        .map(|(name, value)| (cut(name, caps.value), cut_value(value, caps.value)))
        .collect();
    let body = Body {
        id: &alert.id,
        key: cut(&alert.dedup_key(), caps.value),
        status: n.status.as_str(),
        level: alert.level.as_str(),
        kind: &alert.kind,
        title: cut(&alert.title, caps.value),
        message: cut(&alert.message, caps.text),
        source: cut(&alert.source, caps.value),
        timestamp: alert.timestamp.to_string(),
        metadata,
        tags: alert
            .tags
            .iter()
            .take(caps.entries)
            .map(|tag| cut(tag, caps.value))
            .collect(),
        suppressed: n.suppressed,
        service: &n.service,
        environment: &n.environment,
        host: n.presentation.host.as_deref(),
        url: console(n),
        runbook: Runbook::of(alert, &n.presentation).map(|runbook| cut(runbook.text(), caps.value)),
        digest: &n.digest[..n.digest.len().min(caps.entries)],
        truncated,
    };
    // A struct of strings and JSON values always serializes.
    serde_json::to_vec(&body).unwrap_or_default()
}

fn cut_value(value: &Value, bytes: usize) -> Value {
    match value {
        Value::String(text) => Value::String(cut(text, bytes)),
        Value::Array(_) | Value::Object(_) => {
            let text = value.to_string();
            if text.len() <= bytes {
                value.clone()
            } else {
                Value::String(cut(&text, bytes))
            }
        }
        small => small.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    fn parse(n: &Notification) -> (Value, bool) {
        let (bytes, truncated) = body(n);
        assert!(bytes.len() <= MAX_BYTES, "{} bytes", bytes.len());
        (serde_json::from_slice(&bytes).unwrap(), truncated)
    }

    #[test]
    fn korean_goes_through_as_it_is() {
        let (bytes, truncated) = body(&samples::korean());
        assert!(!truncated);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "{\"id\":\"01JA0000000000000000000000\",\
             \"key\":\"risk_manager|거래 중단: 위험 한도 초과|critical\",\
             \"status\":\"firing\",\"level\":\"critical\",\"kind\":\"custom\",\
             \"title\":\"거래 중단: 위험 한도 초과\",\
             \"message\":\"일일 손실이 한도를 넘었습니다.\\n모든 주문을 멈춥니다.\",\
             \"source\":\"risk_manager\",\"timestamp\":\"2025-11-22T08:26:40Z\",\
             \"metadata\":{\"손실률\":-3.25,\"종목\":\"005930 삼성전자\"},\
             \"tags\":[\"trading_halt\",\"critical\"],\"suppressed\":0,\
             \"service\":\"trading-engine\",\"environment\":\"production\"}"
        );
    }

    #[test]
    fn json_needs_no_cleaning() {
        let n = samples::hostile();
        let (json, _) = parse(&n);
        assert_eq!(json["title"], n.alert.title);
        assert_eq!(json["message"], n.alert.message);
        assert_eq!(json["metadata"]["<k>&"]["a"], "<b>");
        assert_eq!(json["suppressed"], 12);
    }

    #[test]
    fn what_is_too_big_is_cut_and_says_so() {
        let (json, truncated) = parse(&samples::huge());
        assert!(truncated);
        assert_eq!(json["truncated"], true);
        assert!(json["message"].as_str().unwrap().ends_with("[truncated]"));
        assert!(json["title"].as_str().unwrap().starts_with("경보"));

        let mut controls = samples::korean();
        controls.alert.message = "\u{1}".repeat(100_000);
        controls.alert.title = "\u{1}".repeat(100_000);
        controls.alert.key = Some("\u{1}".repeat(100_000));
        assert!(parse(&controls).1);
    }

    #[test]
    fn a_digest_lists_its_lines() {
        let (json, _) = parse(&samples::digest());
        assert_eq!(json["status"], "digest");
        assert_eq!(json["digest"].as_array().unwrap().len(), 30);
        assert_eq!(json["digest"][1]["count"], 2);
    }
}
