//! Teams' message: an Adaptive Card of rich text, in which nothing is markup.

use serde_json::{Value, json};

use crate::AlertLevel;
use crate::channel::{AlertStatus, Content, Notification};
use crate::render::fit::{Unit, fit, verbatim};
use crate::render::view::View;

/// Of the whole JSON.
pub(crate) const MAX_BYTES: usize = 20 * 1024;

/// The card, and whether something was cut.
pub(crate) fn message(n: &Notification) -> (Value, bool) {
    let view = View::of(n);
    for (text, facts, value) in [
        (8 * 1024, 30, 1_024),
        (4 * 1024, 15, 256),
        (2 * 1024, 5, 128),
    ] {
        let (card, cut) = card(n, &view, text, facts, value);
        if card.to_string().len() <= MAX_BYTES {
            return (card, cut);
        }
    }
    (smaller(n), true)
}

/// The title and the beginning of the text, for when the card was too big after all.
pub(crate) fn smaller(n: &Notification) -> Value {
    card(n, &View::of(n), 1_024, 0, 0).0
}

/// A report, as text.
pub(crate) fn content(content: &Content) -> Value {
    let subject = fit(&content.subject, 400, Unit::Bytes, verbatim).text;
    let text = fit(&content.text, 8 * 1024, Unit::Bytes, verbatim).text;
    wrap(json!([
        heading(&subject, "Default"),
        rich(vec![run(&text)])
    ]))
}

fn card(n: &Notification, view: &View, text: usize, facts: usize, value: usize) -> (Value, bool) {
    let mut cut = false;
    let mut take = |text: &str, limit: usize| {
        let fitted = fit(text, limit, Unit::Bytes, verbatim);
        cut |= fitted.truncated;
        fitted.text
    };
    let title = take(&format!("[{}] {}", view.level, view.headline), 800);
    let body = take(&view.body, text);
    let words = view.words;
    let mut lines = vec![
        (words.source().to_owned(), take(&view.source, 300)),
        (words.time().to_owned(), view.time.clone()),
    ];
    for (name, text) in view.facts.iter().take(facts) {
        lines.push((take(name, value.min(200)), take(text, value)));
    }
    for (label, value) in view.tail() {
        if label != words.console() {
            lines.push((label.to_owned(), take(value, 300)));
        }
    }
    let footer = take(&view.footer, 300);
    if view.facts.len() > facts {
        cut = true;
        lines.push(("…".to_owned(), words.left_out(view.facts.len() - facts)));
    }
    let mut runs = Vec::new();
    for (at, (name, value)) in lines.iter().enumerate() {
        let start = if at == 0 { "" } else { "\n" };
        runs.push(
            json!({"type": "TextRun", "text": format!("{start}{name}: "), "weight": "Bolder"}),
        );
        runs.push(run(value));
    }
    let mut blocks = vec![heading(&title, colour(n))];
    if !body.is_empty() {
        blocks.push(rich(vec![run(&body)]));
    }
    blocks.push(rich(runs));
    blocks.push(rich(vec![
        json!({"type": "TextRun", "text": footer, "isSubtle": true, "size": "Small"}),
    ]));
    let mut card = wrap(Value::Array(blocks));
    if let Some(url) = &view.console {
        let open = json!({"type": "Action.OpenUrl", "title": words.console(), "url": url});
        card["attachments"][0]["content"]["actions"] = json!([open]);
    }
    (card, cut)
}

fn heading(text: &str, colour: &str) -> Value {
    rich(vec![
        json!({"type": "TextRun", "text": text, "weight": "Bolder", "size": "Large", "color": colour}),
    ])
}

fn run(text: &str) -> Value {
    json!({"type": "TextRun", "text": text})
}

fn rich(inlines: Vec<Value>) -> Value {
    json!({"type": "RichTextBlock", "inlines": inlines})
}

const fn colour(n: &Notification) -> &'static str {
    match (n.status, n.alert.level) {
        (AlertStatus::Resolved, _) => "Good",
        (_, AlertLevel::Info) => "Accent",
        (_, AlertLevel::Warning) => "Warning",
        (_, AlertLevel::Error | AlertLevel::Critical) => "Attention",
    }
}

fn wrap(body: Value) -> Value {
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
                "msteams": {"width": "Full"},
            },
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn korean() {
        let (message, truncated) = message(&samples::korean());
        assert!(!truncated);
        let body = &message["attachments"][0]["content"]["body"];
        assert_eq!(
            *body,
            json!([
                {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "[CRITICAL] trading-engine/production: 거래 중단: 위험 한도 초과", "weight": "Bolder", "size": "Large", "color": "Attention"}]},
                {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "일일 손실이 한도를 넘었습니다.\n모든 주문을 멈춥니다."}]},
                {"type": "RichTextBlock", "inlines": [
                    {"type": "TextRun", "text": "Source: ", "weight": "Bolder"}, {"type": "TextRun", "text": "risk_manager"},
                    {"type": "TextRun", "text": "\nTime: ", "weight": "Bolder"}, {"type": "TextRun", "text": "2025-11-22 17:26:40 KST"},
                    {"type": "TextRun", "text": "\n손실률: ", "weight": "Bolder"}, {"type": "TextRun", "text": "-3.25"},
                    {"type": "TextRun", "text": "\n종목: ", "weight": "Bolder"}, {"type": "TextRun", "text": "005930 삼성전자"},
                    {"type": "TextRun", "text": "\nTags: ", "weight": "Bolder"}, {"type": "TextRun", "text": "trading_halt, critical"},
                ]},
                {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "trading-engine (production)", "isSubtle": true, "size": "Small"}]},
            ])
        );
    }

    #[test]
    fn limits() {
        for n in [samples::huge(), samples::digest(), samples::hostile()] {
            assert!(message(&n).0.to_string().len() <= MAX_BYTES);
            assert!(smaller(&n).to_string().len() <= 5 * 1024);
        }
        let (message, truncated) = message(&samples::huge());
        assert!(truncated && message.to_string().contains("[truncated]"));
    }

    #[test]
    fn no_block_reads_markup() {
        let text = message(&samples::hostile()).0.to_string();
        assert!(
            !text.contains("TextBlock\"")
                || text.matches("TextBlock\"").count() == text.matches("RichTextBlock\"").count()
        );
    }
}
