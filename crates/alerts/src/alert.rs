//! What a caller sends.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulid::Ulid;

use crate::AlertLevel;

/// The kind of an alert nobody classified.
pub const KIND_CUSTOM: &str = "custom";
/// How long an event counts as firing without repetition, unless it says otherwise: 30 minutes.
pub const EVENT_LASTS: Duration = Duration::from_secs(30 * 60);

/// One thing that somebody should know about.
///
/// ```
/// use bongsu_alerts::{Alert, AlertLevel};
///
/// let alert = Alert::new(AlertLevel::Error, "Broker refused an order", "code 4017", "order_router")
///     .metadata("symbol", "005930")
///     .tag("broker")
///     .key("broker/4017");
/// assert_eq!(alert.dedup_key(), "broker/4017");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// A ULID: unique, and sorts by the time it was made.
    pub id: String,
    /// How serious it is.
    pub level: AlertLevel,
    /// `error`, `risk`, `trading_halt`, `performance`, `resource` or `custom`.
    pub kind: String,
    /// One line.
    pub title: String,
    /// The text, any number of lines.
    pub message: String,
    /// The part of the service that speaks.
    pub source: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// Facts, in a stable order.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Value>,
    /// Labels for routing, in the order given, without repetition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What makes two alerts the same; unset: source, title and level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where it is written what to do: the name of a runbook, or its URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// How long an event fires without repetition; unset: a condition, which fires until it is
    /// resolved. Whole milliseconds are kept.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "lasting",
        rename = "lasts_ms"
    )]
    pub lasts: Option<Duration>,
}

/// A length in whole milliseconds.
mod lasting {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for it")]
    pub(super) fn serialize<S: Serializer>(
        lasts: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match lasts {
            Some(lasts) => {
                serializer.serialize_some(&u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX))
            }
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
}

impl Alert {
    /// An alert of kind `custom` that happened now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    pub fn new(
        level: AlertLevel,
        title: impl Into<String>,
        message: impl Into<String>,
        source: impl Into<String>,
    ) -> Self {
        Self {
            id: Ulid::new().to_string(),
            level,
            kind: KIND_CUSTOM.to_owned(),
            title: title.into(),
            message: message.into(),
            source: source.into(),
            timestamp: Timestamp::now(),
            metadata: BTreeMap::new(),
            tags: Vec::new(),
            key: None,
            runbook: None,
            lasts: None,
        }
    }

    /// Adds a fact. A later value under the same name replaces the earlier one.
    #[must_use]
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Adds a tag, once.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        let tag = tag.into();
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
        self
    }

    /// Sets what makes two alerts the same.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Names the runbook, or gives its URL; default none.
    #[must_use]
    pub fn runbook(mut self, name: impl Into<String>) -> Self {
        self.runbook = Some(name.into());
        self
    }

    /// Sets the kind; default `custom`.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = kind.into();
        self
    }

    /// Sets the time it happened; default the time it was made.
    #[must_use]
    pub fn timestamp(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = timestamp;
        self
    }

    /// Makes it an event: something that happened, and that nobody will say is over. It ends by itself
    /// [after half an hour](EVENT_LASTS) without repetition. Default: a condition.
    #[must_use]
    pub const fn event(mut self) -> Self {
        self.lasts = Some(EVENT_LASTS);
        self
    }

    /// Makes it an event that ends by itself after this long without repetition; never before a
    /// second has passed.
    #[must_use]
    pub fn lasts(mut self, lasts: Duration) -> Self {
        self.lasts = Some(lasts.max(Duration::from_secs(1)));
        self
    }

    /// Whether it ends by itself.
    #[must_use]
    pub const fn is_event(&self) -> bool {
        self.lasts.is_some()
    }

    /// When it ends if it is not repeated; none for a condition.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.timestamp.checked_add(self.lasts?).ok()
    }

    /// The key that cooldown, acknowledgment and resolve go by: the one that was set, else
    /// `source|title|level` with `|` and `\` escaped, so that no two triples meet.
    #[must_use]
    pub fn dedup_key(&self) -> String {
        match &self.key {
            Some(key) => key.clone(),
            None => default_key(&self.source, &self.title, self.level),
        }
    }
}

/// The key of an alert that sets none; see [`Alert::dedup_key`].
#[must_use]
pub fn default_key(source: &str, title: &str, level: AlertLevel) -> String {
    let mut key = String::with_capacity(source.len() + title.len() + 12);
    for part in [source, title] {
        for c in part.chars() {
            if c == '|' || c == '\\' {
                key.push('\\');
            }
            key.push(c);
        }
        key.push('|');
    }
    key.push_str(level.as_str());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_key_tells_parts_apart() {
        let a = Alert::new(AlertLevel::Info, "c", "", "a|b").dedup_key();
        let b = Alert::new(AlertLevel::Info, "b|c", "", "a").dedup_key();
        assert_ne!(a, b);
        assert_eq!(
            Alert::new(AlertLevel::Info, "t", "", "s").dedup_key(),
            "s|t|info"
        );
    }

    #[test]
    fn tags_do_not_repeat_and_json_round_trips() {
        let alert = Alert::new(AlertLevel::Critical, "거래 중단", "m", "risk")
            .tag("x")
            .tag("x")
            .metadata("손실", 3.5);
        assert_eq!(alert.tags, ["x"]);
        let json = serde_json::to_string(&alert).unwrap();
        assert_eq!(serde_json::from_str::<Alert>(&json).unwrap(), alert);
    }
}
