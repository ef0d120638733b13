//! Slack's message: the original's attachment, escaped and under Slack's limits.

use serde_json::{Map, Value, json};

use crate::channel::Notification;
use crate::render::fit::{Unit, fit, slack};
use crate::render::view::{View, colour};

const TITLE: usize = 150;
const TEXT: usize = 3_000;
const FIELDS: usize = 10;
const FIELD: usize = 2_000;
/// Characters of the whole message, JSON's own left out.
const TOTAL: usize = 9_000;

/// A message and the form that takes its place when Slack refuses it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    /// The full form.
    pub(crate) json: Value,
    /// Text only.
    pub(crate) plain: Value,
    /// Whether something was cut.
    pub(crate) truncated: bool,
}

/// Counts what may still be said.
struct Budget {
    left: usize,
    truncated: bool,
}

impl Budget {
    fn take(&mut self, text: &str, limit: usize) -> String {
        let fitted = fit(text, limit.min(self.left), Unit::Chars, slack);
        self.left -= Unit::Chars.len(&fitted.text);
        self.truncated |= fitted.truncated;
        fitted.text
    }
}

/// The message for `channel`, or for the webhook's own.
#[must_use]
pub(crate) fn message(n: &Notification, channel: Option<&str>) -> Message {
    let view = View::of(n);
    let mut budget = Budget {
        left: TOTAL,
        truncated: false,
    };
    let title = budget.take(&view.headline, TITLE);
    let fallback = budget.take(&format!("[{}] {}", view.level, view.headline), TITLE);
    let footer = budget.take(&view.footer, TITLE);
    let text = budget.take(&view.body, TEXT);

    let words = view.words;
    let mut fields = vec![
        field(words.level(), view.level_name, true),
        field(words.source(), &budget.take(&view.source, 200), true),
        field(words.time(), &view.time, true),
    ];
    budget.left = budget.left.saturating_sub(60);
    // The title is the link to the console.
    let tail: Vec<(&str, String)> = view
        .tail()
        .into_iter()
        .filter(|(label, _)| *label != words.console())
        .map(|(label, value)| (label, budget.take(value, 300)))
        .collect();
    let room = FIELDS - fields.len() - tail.len();
    let fits = view.facts.len() <= room;
    let shown = if fits { view.facts.len() } else { room - 1 };
    for (at, (name, value)) in view.facts.iter().take(shown).enumerate() {
        // What is left is shared, so that one long value does not starve the rest.
        let share = (budget.left / (shown - at)).saturating_sub(60);
        let name = budget.take(name, 60);
        let value = budget.take(value, FIELD.min(share));
        fields.push(field(&name, &value, Unit::Chars.len(&value) <= 40));
    }
    if !fits {
        budget.truncated = true;
        let more = words.left_out(view.facts.len() - shown);
        fields.push(field("…", &more, false));
    }
    for (label, value) in &tail {
        fields.push(field(label, value, false));
    }

    let mut attachment = json!({
        "color": colour(n.alert.level, n.status),
        "fallback": fallback,
        "title": title,
        "text": text,
        "fields": fields,
        "footer": footer,
        "ts": n.alert.timestamp.as_second(),
        // Nothing of what the caller wrote is markup.
        "mrkdwn_in": [],
    });
    if let Some(url) = &view.console {
        attachment["title_link"] = json!(url);
    }
    let mut json = envelope(channel);
    json.insert("attachments".to_owned(), json!([attachment]));
    let mut plain = envelope(channel);
    let link = view.console.as_deref().unwrap_or_default();
    let whole = format!(
        "[{}] {}\n{}\n{}\n{link}",
        view.level, view.headline, view.body, view.footer
    );
    plain.insert(
        "text".to_owned(),
        Value::String(fit(&whole, TEXT, Unit::Chars, slack).text),
    );
    plain.insert("mrkdwn".to_owned(), Value::Bool(false));
    Message {
        json: Value::Object(json),
        plain: Value::Object(plain),
        truncated: budget.truncated,
    }
}

fn envelope(channel: Option<&str>) -> Map<String, Value> {
    let mut map = Map::new();
    if let Some(channel) = channel {
        map.insert("channel".to_owned(), Value::String(channel.to_owned()));
    }
    map.insert("username".to_owned(), json!("Alert Bot"));
    map.insert("icon_emoji".to_owned(), json!(":rotating_light:"));
    map
}

fn field(title: &str, value: &str, short: bool) -> Value {
    json!({"title": title, "value": value, "short": short})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    fn attachment(n: &Notification) -> Value {
        message(n, None).json["attachments"][0].clone()
    }

    #[test]
    fn the_originals_shape() {
        let message = message(&samples::korean(), Some("#alerts"));
        assert_eq!(
            message.json,
            json!({
                "channel": "#alerts",
                "username": "Alert Bot",
                "icon_emoji": ":rotating_light:",
                "attachments": [{
                    "color": "#990000",
                    "fallback": "[CRITICAL] trading-engine/production: 거래 중단: 위험 한도 초과",
                    "title": "trading-engine/production: 거래 중단: 위험 한도 초과",
                    "text": "일일 손실이 한도를 넘었습니다.\n모든 주문을 멈춥니다.",
                    "fields": [
                        {"title": "Level", "value": "CRITICAL", "short": true},
                        {"title": "Source", "value": "risk_manager", "short": true},
                        {"title": "Time", "value": "2025-11-22 17:26:40 KST", "short": true},
                        {"title": "손실률", "value": "-3.25", "short": true},
                        {"title": "종목", "value": "005930 삼성전자", "short": true},
                        {"title": "Tags", "value": "trading_halt, critical", "short": false},
                    ],
                    "footer": "trading-engine (production)",
                    "ts": 1_763_800_000,
                    "mrkdwn_in": [],
                }],
            })
        );
        assert!(!message.truncated);
    }

    #[test]
    fn hostile_text_is_inert() {
        let attachment = attachment(&samples::hostile());
        assert_eq!(
            attachment["title"],
            "trading-engine/production: &lt;script&gt;alert(1)&lt;/script&gt; Bcc: thief@example.com"
        );
        assert_eq!(
            attachment["text"],
            "&lt;!channel&gt; &lt;@U123&gt; @everyone [x](http://evil) *b* _i_ `c` &amp; \"q\" 'a'txt.exe[31m\n+12 suppressed since the last message"
        );
        assert_eq!(attachment["fields"][3]["title"], "&lt;k&gt;&amp;");
        assert_eq!(attachment["fields"][3]["value"], "{\"a\":\"&lt;b&gt;\"}");
    }

    #[test]
    fn limits_hold_and_the_cut_is_told() {
        for n in [samples::huge(), samples::digest(), samples::resolved()] {
            let message = message(&n, None);
            let attachment = &message.json["attachments"][0];
            let len = |value: &Value| Unit::Chars.len(value.as_str().unwrap_or_default());
            let fields = attachment["fields"].as_array().unwrap();
            assert!(fields.len() <= FIELDS);
            assert!(len(&attachment["title"]) <= TITLE && len(&attachment["text"]) <= TEXT);
            let total: usize = fields
                .iter()
                .map(|f| len(&f["title"]) + len(&f["value"]))
                .sum::<usize>()
                + len(&attachment["title"])
                + len(&attachment["text"])
                + len(&attachment["footer"])
                + len(&attachment["fallback"]);
            assert!(total <= TOTAL + 100, "{total}");
            assert!(len(&message.plain["text"]) <= TEXT);
        }
        let huge = message(&samples::huge(), None);
        assert!(huge.truncated);
        let fields = huge.json["attachments"][0]["fields"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!(fields[8]["value"], "395 more facts left out [truncated]");
    }

    #[test]
    fn a_resolve_is_green() {
        let attachment = attachment(&samples::resolved());
        assert_eq!(attachment["color"], "#36a64f");
        assert_eq!(
            attachment["title"],
            "[RESOLVED] trading-engine/production: High CPU Usage"
        );
    }
}
