//! Discord's message: one embed, nobody pinged.

use serde_json::{Value, json};

use crate::channel::{Content, Notification};
use crate::render::fit::{Unit, fit};
use crate::render::view::{View, colour};

const TITLE: usize = 256;
const DESCRIPTION: usize = 4_096;
const FIELDS: usize = 25;
const NAME: usize = 256;
const VALUE: usize = 1_024;
/// Of everything in the embed together.
const TOTAL: usize = 6_000;

/// Discord's markdown, escaped by a backslash.
const fn markdown(c: char) -> Option<&'static str> {
    Some(match c {
        '\\' => "\\\\",
        '*' => "\\*",
        '_' => "\\_",
        '~' => "\\~",
        '`' => "\\`",
        '|' => "\\|",
        '>' => "\\>",
        '<' => "\\<",
        '#' => "\\#",
        '[' => "\\[",
        ']' => "\\]",
        '(' => "\\(",
        ')' => "\\)",
        '@' => "\\@",
        _ => return None,
    })
}

struct Budget {
    left: usize,
    truncated: bool,
}

impl Budget {
    fn take(&mut self, text: &str, limit: usize) -> String {
        let fitted = fit(text, limit.min(self.left), Unit::Utf16, markdown);
        self.left -= Unit::Utf16.len(&fitted.text);
        self.truncated |= fitted.truncated;
        fitted.text
    }
}

/// The message, and whether something was cut.
pub(crate) fn message(n: &Notification) -> (Value, bool) {
    let view = View::of(n);
    // What is not taken from the budget below: the level, the last field's note.
    let mut budget = Budget {
        left: TOTAL - 100,
        truncated: false,
    };
    let title = budget.take(&format!("[{}] {}", view.level, view.headline), TITLE);
    let footer = budget.take(&view.footer, 200);
    let description = budget.take(&view.body, DESCRIPTION.min(3_500));
    let mut fields = vec![field("Level", view.level, true)];
    let source = budget.take(&view.source, 200);
    if !source.is_empty() {
        fields.push(field("Source", &source, true));
    }
    let tags = budget.take(&view.tags, 300);
    let room = FIELDS - fields.len() - 2;
    let mut shown = 0;
    for (name, value) in view.facts.iter().take(room) {
        let share = (budget.left / (room - shown)).max(40);
        if budget.left < 80 {
            break;
        }
        let name = budget.take(name, NAME.min(share / 2));
        let value = budget.take(value, VALUE.min(share));
        fields.push(field(&name, &value, value.chars().count() <= 40));
        shown += 1;
    }
    if shown < view.facts.len() {
        budget.truncated = true;
        let note = format!(
            "{} more facts left out [truncated]",
            view.facts.len() - shown
        );
        fields.push(field("…", &note, false));
    }
    if !tags.is_empty() {
        fields.push(field("Tags", &tags, false));
    }
    let colour = colour(n.alert.level, n.status);
    let json = json!({
        "username": "Alert Bot",
        "allowed_mentions": {"parse": []},
        "embeds": [{
            "title": title,
            "description": description,
            "color": u32::from_str_radix(colour.trim_start_matches('#'), 16).unwrap_or(0),
            "fields": fields,
            "footer": {"text": footer},
            "timestamp": view.time,
        }],
    });
    (json, budget.truncated)
}

/// A report, as text.
pub(crate) fn content(content: &Content) -> Value {
    json!({
        "username": "Daily Report Bot",
        "allowed_mentions": {"parse": []},
        "embeds": [{
            "title": fit(&content.subject, TITLE, Unit::Utf16, markdown).text,
            "description": fit(&content.text, DESCRIPTION, Unit::Utf16, markdown).text,
        }],
    })
}

/// Discord refuses an empty name or value.
fn field(name: &str, value: &str, inline: bool) -> Value {
    let filled = |text: &str| {
        if text.trim().is_empty() {
            "–".to_owned()
        } else {
            text.to_owned()
        }
    };
    json!({"name": filled(name), "value": filled(value), "inline": inline})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn korean() {
        let (message, truncated) = message(&samples::korean());
        assert!(!truncated);
        assert_eq!(
            message,
            json!({
                "username": "Alert Bot",
                "allowed_mentions": {"parse": []},
                "embeds": [{
                    "title": "\\[CRITICAL\\] 거래 중단: 위험 한도 초과",
                    "description": "일일 손실이 한도를 넘었습니다.\n모든 주문을 멈춥니다.",
                    "color": 0x0099_0000,
                    "fields": [
                        {"name": "Level", "value": "CRITICAL", "inline": true},
                        {"name": "Source", "value": "risk\\_manager", "inline": true},
                        {"name": "손실률", "value": "-3.25", "inline": true},
                        {"name": "종목", "value": "005930 삼성전자", "inline": true},
                        {"name": "Tags", "value": "trading\\_halt, critical", "inline": false},
                    ],
                    "footer": {"text": "trading-engine \\(production\\)"},
                    "timestamp": "2025-11-22T08:26:40Z",
                }],
            })
        );
    }

    #[test]
    fn hostile_text_is_inert() {
        let (message, _) = message(&samples::hostile());
        let description = message["embeds"][0]["description"].as_str().unwrap();
        assert!(
            description.contains("\\[x\\]\\(http://evil\\) \\*b\\*"),
            "{description}"
        );
        assert!(description.contains("\\@everyone"));
    }

    #[test]
    fn limits() {
        for n in [
            samples::huge(),
            samples::digest(),
            samples::resolved(),
            samples::hostile(),
        ] {
            let (message, _) = message(&n);
            let embed = &message["embeds"][0];
            let len = |value: &Value| Unit::Utf16.len(value.as_str().unwrap());
            let fields = embed["fields"].as_array().unwrap();
            assert!(fields.len() <= FIELDS && len(&embed["title"]) <= TITLE);
            assert!(len(&embed["description"]) <= DESCRIPTION);
            let mut total =
                len(&embed["title"]) + len(&embed["description"]) + len(&embed["footer"]["text"]);
            for field in fields {
                assert!((1..=NAME).contains(&len(&field["name"])));
                assert!((1..=VALUE).contains(&len(&field["value"])));
                total += len(&field["name"]) + len(&field["value"]);
            }
            assert!(total <= TOTAL, "{total}");
        }
        assert!(message(&samples::huge()).1);
    }
}
