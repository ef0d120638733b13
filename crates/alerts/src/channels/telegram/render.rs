//! Telegram's message: HTML mode, under 4,096 UTF-16 units.

use serde_json::{Value, json};

use super::chat::Chat;
use crate::AlertLevel;
use crate::channel::{Content, Notification};
use crate::render::fit::{Escape, Unit, fit, html, one_line, verbatim};
use crate::render::view::View;

const TOTAL: usize = 4_096;
const TITLE: usize = 256;
const BODY: usize = 1_900;

/// The message with markup, and whether something was cut.
pub(crate) fn message(n: &Notification, chat: &Chat) -> (Value, bool) {
    let (text, truncated) = compose(&View::of(n), html, ("<b>", "</b>"), TOTAL);
    let mut message = envelope(chat, text, n.alert.level == AlertLevel::Info);
    message["parse_mode"] = json!("HTML");
    (message, truncated)
}

/// The message without markup, for when Telegram cannot parse the other.
pub(crate) fn plain(n: &Notification, chat: &Chat) -> Value {
    let (text, _) = compose(&View::of(n), verbatim, ("", ""), TOTAL - 1_000);
    envelope(chat, text, n.alert.level == AlertLevel::Info)
}

/// A report, as text.
pub(crate) fn content(content: &Content, chat: &Chat) -> Value {
    let text = format!("{}\n\n{}", one_line(&content.subject), content.text);
    let text = fit(&text, TOTAL, Unit::Utf16, verbatim).text;
    envelope(chat, text, true)
}

fn envelope(chat: &Chat, text: String, quiet: bool) -> Value {
    let mut message = json!({
        "chat_id": chat.id(),
        "text": text,
        "disable_notification": quiet,
        "link_preview_options": {"is_disabled": true},
    });
    if let Some(topic) = chat.topic() {
        message["message_thread_id"] = json!(topic);
    }
    message
}

/// The same message for another chat.
pub(super) fn elsewhere(body: &[u8], chat: i64) -> Option<Vec<u8>> {
    let mut message: Value = serde_json::from_slice(body).ok()?;
    *message.get_mut("chat_id")? = json!(chat);
    Some(message.to_string().into_bytes())
}

fn compose(view: &View, escape: Escape, bold: (&str, &str), total: usize) -> (String, bool) {
    let mut cut = false;
    let mut take = |text: &str, limit: usize| {
        let fitted = fit(text, limit, Unit::Utf16, escape);
        cut |= fitted.truncated;
        fitted.text
    };
    let (open, close) = bold;
    let mut text = format!(
        "{open}[{}] {}{close}",
        view.level,
        take(&view.headline, TITLE)
    );
    let body = take(&view.body, BODY.min(total / 2));
    if !body.is_empty() {
        text.push_str("\n\n");
        text.push_str(&body);
    }
    let words = view.words;
    text.push_str(&format!(
        "\n\n{}: {}\n{}: {}",
        words.source(),
        take(&view.source, 200),
        words.time(),
        view.time
    ));
    let mut tail = String::new();
    for (label, value) in view.tail() {
        tail.push_str(&format!("\n{label}: {}", take(value, 300)));
    }
    tail.push_str(&format!("\n{}", take(&view.footer, 200)));
    let note = |shown: usize| format!("\n… {}", words.left_out(view.facts.len() - shown));
    let room = total - Unit::Utf16.len(&tail) - Unit::Utf16.len(&note(0));
    let mut used = Unit::Utf16.len(&text);
    for (shown, (name, value)) in view.facts.iter().enumerate() {
        let line = format!("\n{}: {}", take(name, 100), take(value, 400));
        used += Unit::Utf16.len(&line);
        if used > room {
            text.push_str(&note(shown));
            cut = true;
            break;
        }
        text.push_str(&line);
    }
    text.push_str(&tail);
    (text, cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    fn chat(name: &str) -> Chat {
        Chat::parse(name).unwrap()
    }

    #[test]
    fn korean() {
        let (message, truncated) = message(&samples::korean(), &chat("-100123"));
        assert!(!truncated);
        assert_eq!(
            message,
            json!({
                "chat_id": -100_123,
                "text": "<b>[CRITICAL] trading-engine/production: 거래 중단: 위험 한도 초과</b>\n\n일일 손실이 한도를 넘었습니다.\n모든 주문을 멈춥니다.\n\nSource: risk_manager\nTime: 2025-11-22 17:26:40 KST\n손실률: -3.25\n종목: 005930 삼성전자\nTags: trading_halt, critical\ntrading-engine (production)",
                "parse_mode": "HTML",
                "disable_notification": false,
                "link_preview_options": {"is_disabled": true},
            })
        );
    }

    #[test]
    fn hostile_text_is_inert_and_the_plain_form_unescaped() {
        let n = samples::hostile();
        let html = message(&n, &chat("@desk")).0;
        let text = html["text"].as_str().unwrap();
        assert!(text.starts_with("<b>[ERROR] trading-engine/production: &lt;script&gt;alert(1)&lt;/script&gt; Bcc: thief@example.com</b>\n\n&lt;!channel&gt;"), "{text}");
        assert_eq!(text.matches('<').count(), 2, "{text}");
        let plain = plain(&n, &chat("@desk"));
        assert_eq!(plain["chat_id"], "@desk");
        assert!(plain["text"].as_str().unwrap().contains("<script>"));
        assert!(plain.get("parse_mode").is_none());
    }

    #[test]
    fn limits() {
        for n in [samples::huge(), samples::digest(), samples::resolved()] {
            let (message, _) = message(&n, &chat("1"));
            assert!(Unit::Utf16.len(message["text"].as_str().unwrap()) <= TOTAL);
            assert!(Unit::Utf16.len(plain(&n, &chat("1"))["text"].as_str().unwrap()) <= TOTAL);
        }
        let (message, truncated) = message(&samples::huge(), &chat("1"));
        assert!(truncated);
        let text = message["text"].as_str().unwrap();
        assert!(text.contains("[truncated]") && text.ends_with("trading-engine (production)"));
    }
}
