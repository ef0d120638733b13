//! How large an alert may be. What is larger is cut, and says so.

use serde_json::Value;

use crate::alert::Alert;

/// The longest title, in bytes.
pub const MAX_TITLE: usize = 1_024;
/// The longest message, in bytes.
pub const MAX_MESSAGE: usize = 16 * 1_024;
/// The longest source, key, kind, tag or metadata name, in bytes.
pub const MAX_NAME: usize = 512;
/// The most tags.
pub const MAX_TAGS: usize = 32;
/// The most metadata entries.
pub const MAX_METADATA: usize = 64;
/// The longest metadata value, in bytes of JSON.
pub const MAX_VALUE: usize = 4 * 1_024;
/// The largest metadata, in bytes of JSON.
pub const MAX_METADATA_BYTES: usize = 16 * 1_024;

const MARK: &str = "… (truncated)";

/// Cuts an alert to size; true: something was cut, and the message says so.
pub fn fit(alert: &mut Alert) -> bool {
    let mut cut = false;
    cut |= cut_text(&mut alert.title, MAX_TITLE);
    cut |= cut_text(&mut alert.message, MAX_MESSAGE);
    cut |= cut_text(&mut alert.source, MAX_NAME);
    cut |= cut_text(&mut alert.kind, MAX_NAME);
    if let Some(runbook) = &mut alert.runbook {
        cut |= cut_text(runbook, MAX_NAME);
    }
    if let Some(key) = &mut alert.key {
        cut |= cut_key(key);
    }
    if alert.tags.len() > MAX_TAGS {
        alert.tags.truncate(MAX_TAGS);
        cut = true;
    }
    for tag in &mut alert.tags {
        cut |= cut_text(tag, MAX_NAME);
    }
    cut |= fit_metadata(alert);
    if cut && !alert.message.ends_with(MARK) {
        cut_text(&mut alert.message, MAX_MESSAGE - MARK.len() - 1);
        if !alert.message.ends_with(MARK) {
            alert.message.push_str(MARK);
        }
    }
    cut
}

fn fit_metadata(alert: &mut Alert) -> bool {
    let mut cut = false;
    while alert.metadata.len() > MAX_METADATA {
        alert.metadata.pop_last();
        cut = true;
    }
    let mut left = MAX_METADATA_BYTES;
    let mut over = Vec::new();
    for (name, value) in &mut alert.metadata {
        let size = value_weight(value);
        if size > MAX_VALUE {
            cut = true;
            let mut text = match value.take() {
                Value::String(text) => text,
                other => other.to_string(),
            };
            cut_text(&mut text, MAX_VALUE);
            *value = Value::String(text);
        }
        let size = name.len() + value_weight(value);
        if size > left || name.len() > MAX_NAME {
            over.push(name.clone());
        } else {
            left -= size;
        }
    }
    cut |= !over.is_empty();
    for name in over {
        alert.metadata.remove(&name);
    }
    cut
}

/// Cuts on a character boundary and marks the place.
fn cut_text(text: &mut String, max: usize) -> bool {
    if text.len() <= max {
        return false;
    }
    text.truncate(text.floor_char_boundary(max.saturating_sub(MARK.len())));
    text.push_str(MARK);
    true
}

/// A cut key must still tell alerts apart: the end becomes a checksum of the whole.
fn cut_key(key: &mut String) -> bool {
    if key.len() <= MAX_NAME {
        return false;
    }
    let sum = bongsu_trace::fnv(key.as_bytes());
    key.truncate(key.floor_char_boundary(MAX_NAME - 17));
    key.push_str(&format!("~{sum:016x}"));
    true
}

/// About how many bytes an alert takes.
pub(crate) fn weight(alert: &Alert) -> usize {
    let metadata: usize = alert
        .metadata
        .iter()
        .map(|(name, value)| name.len() + value_weight(value) + 64)
        .sum();
    let tags: usize = alert.tags.iter().map(|tag| tag.len() + 24).sum();
    size_of::<Alert>()
        + alert.id.len()
        + alert.title.len()
        + alert.message.len()
        + alert.source.len()
        + alert.kind.len()
        + alert.key.as_ref().map_or(0, String::len)
        + alert.runbook.as_ref().map_or(0, String::len)
        + tags
        + metadata
}

fn value_weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| value_weight(item) + 1).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| name.len() + value_weight(value) + 4)
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AlertLevel;

    #[test]
    fn a_small_alert_is_left_alone() {
        let mut alert = Alert::new(AlertLevel::Info, "t", "m", "s").metadata("k", 1);
        let before = alert.clone();
        assert!(!fit(&mut alert));
        assert_eq!(alert, before);
    }

    #[test]
    fn an_oversize_alert_is_cut_on_a_character_and_says_so() {
        let mut alert = Alert::new(
            AlertLevel::Info,
            "봉".repeat(2_000),
            "수".repeat(20_000),
            "s",
        )
        .metadata("big", "값".repeat(9_000))
        .metadata("nested", vec!["x".repeat(9_000)])
        .key("k".repeat(5_000));
        for n in 0..200 {
            alert = alert
                .tag(format!("t{n}"))
                .metadata(format!("m{n:03}"), "v".repeat(500));
        }
        assert!(fit(&mut alert));
        assert!(alert.title.len() <= MAX_TITLE && alert.title.ends_with(MARK));
        assert!(alert.message.len() <= MAX_MESSAGE && alert.message.ends_with(MARK));
        assert_eq!(alert.tags.len(), MAX_TAGS);
        assert!(alert.metadata.len() <= MAX_METADATA);
        assert!(weight(&alert) < 64 * 1_024);
        let mut other = Alert::new(AlertLevel::Info, "t", "m", "s").key("k".repeat(5_001));
        fit(&mut other);
        assert_ne!(alert.key, other.key);
    }

    #[test]
    fn whatever_was_cut_the_message_tells() {
        let mut alert = Alert::new(AlertLevel::Info, "t", "short", "s".repeat(1_000));
        assert!(fit(&mut alert));
        assert_eq!(alert.message, format!("short{MARK}"));
    }
}
