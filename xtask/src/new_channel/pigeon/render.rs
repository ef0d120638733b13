//! Pigeon's message: pure, from a notification to JSON.

use bongsu_alerts::author::{Content, Notification, View, fit, json, serde_json::Value};

/// The longest text that Pigeon takes.
const TEXT: usize = 4_000;

/// The message, and whether something was cut.
pub(super) fn message(n: &Notification) -> (Value, bool) {
    let view = View::of(n);
    let mut text = format!("[{}] {}\n{}\n", view.level, view.headline, view.body);
    for (name, value) in &view.facts {
        text.push_str(&format!("\n{name}: {value}"));
    }
    text.push_str(&format!("\n{}: {}", view.words.time(), view.time));
    for (label, value) in view.tail() {
        text.push_str(&format!("\n{label}: {value}"));
    }
    // Give `fit` the escape of the far side's markup, if it reads any.
    let fitted = fit::fit(&text, TEXT, fit::Unit::Chars, fit::verbatim);
    (json!({"text": fitted.text}), fitted.truncated)
}

/// A report, as text.
pub(super) fn content(content: &Content) -> Value {
    let text = format!("{}\n{}", content.subject, content.text);
    json!({"text": fit::fit(&text, TEXT, fit::Unit::Chars, fit::verbatim).text})
}
