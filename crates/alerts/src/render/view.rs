//! The parts of a message that every channel shows, before escaping.

use serde_json::Value;

use crate::AlertLevel;
use crate::channel::{AlertStatus, Notification};
use crate::render::fit::{clean, one_line};

/// A notification taken apart into clean, still unescaped text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The title with a mark when it is not a firing alert: `[RESOLVED] …`.
    pub headline: String,
    /// The message, a digest's lines, and how many were held back.
    pub body: String,
    /// `CRITICAL`, ….
    pub level: &'static str,
    /// The part of the service that speaks.
    pub source: String,
    /// RFC 3339, UTC, whole seconds.
    pub time: String,
    /// The metadata, as text.
    pub facts: Vec<(String, String)>,
    /// `a, b`; empty without tags.
    pub tags: String,
    /// `service (environment)`.
    pub footer: String,
}

impl View {
    /// Takes a notification apart.
    #[must_use]
    pub fn of(n: &Notification) -> Self {
        let alert = &n.alert;
        Self {
            headline: headline(n),
            body: body(n),
            level: alert.level.as_str_upper(),
            source: one_line(&alert.source),
            time: time(alert.timestamp),
            facts: alert
                .metadata
                .iter()
                .map(|(name, value)| (one_line(name), value_text(value)))
                .collect(),
            tags: alert
                .tags
                .iter()
                .map(|tag| one_line(tag))
                .collect::<Vec<_>>()
                .join(", "),
            footer: footer(n),
        }
    }
}

/// The mark of a message that is not a plain firing alert.
#[must_use]
pub const fn mark(status: AlertStatus) -> Option<&'static str> {
    match status {
        AlertStatus::Firing => None,
        AlertStatus::Resolved => Some("RESOLVED"),
        AlertStatus::Test => Some("TEST"),
        AlertStatus::Digest => Some("DIGEST"),
    }
}

/// The title with its mark.
#[must_use]
pub fn headline(n: &Notification) -> String {
    let title = one_line(&n.alert.title);
    let title = if title.is_empty() {
        "(no title)".to_owned()
    } else {
        title
    };
    match mark(n.status) {
        Some(mark) => format!("[{mark}] {title}"),
        None => title,
    }
}

fn body(n: &Notification) -> String {
    let mut text = clean(&n.alert.message);
    for line in &n.digest {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!(
            "• {} {} ({}) ×{}",
            line.level.as_str_upper(),
            one_line(&line.title),
            one_line(&line.source),
            line.count
        ));
        if line.first != line.last {
            text.push_str(&format!(" {} – {}", time(line.first), time(line.last)));
        }
    }
    if n.suppressed > 0 {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!(
            "+{} suppressed since the last message",
            n.suppressed
        ));
    }
    text
}

fn footer(n: &Notification) -> String {
    let (service, environment) = (one_line(&n.service), one_line(&n.environment));
    if environment.is_empty() {
        service
    } else {
        format!("{service} ({environment})")
    }
}

/// RFC 3339, UTC, whole seconds.
#[must_use]
pub fn time(at: jiff::Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_second())
        .unwrap_or(at)
        .to_string()
}

/// A fact as text: strings as they are, everything else as JSON.
#[must_use]
pub fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        other => clean(&other.to_string()),
    }
}

/// The colour of a level, as `#rrggbb`; a resolved alert is green whatever it was.
#[must_use]
pub const fn colour(level: AlertLevel, status: AlertStatus) -> &'static str {
    if matches!(status, AlertStatus::Resolved) {
        return "#36a64f";
    }
    match level {
        AlertLevel::Info => "#36a64f",
        AlertLevel::Warning => "#ff9900",
        AlertLevel::Error => "#ff0000",
        AlertLevel::Critical => "#990000",
    }
}
