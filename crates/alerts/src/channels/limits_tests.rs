//! Whatever a caller writes, every renderer stays under its service's limits and never panics.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

use super::telegram::render as telegram;
use super::{discord, pagerduty, slack, teams, webhook};
use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::{AlertStatus, Notification};
use crate::render::fit::Unit;
use crate::render::samples;

fn text() -> impl Strategy<Value = String> {
    let hostile = "[<>&\"'\\\\*_`|#@:\\[\\]()\u{0}\u{1b}\r\n\t\u{202e}\u{2028}가힣😀\u{1100}\u{1161} a-z]{0,200}";
    let grown = (hostile, 1_usize..60).prop_map(|(text, times)| text.repeat(times));
    prop_oneof![Just(String::new()), "\\PC{0,60}", grown]
}

fn notifications() -> impl Strategy<Value = Notification> {
    let status = prop_oneof![
        Just(AlertStatus::Firing),
        Just(AlertStatus::Resolved),
        Just(AlertStatus::Test)
    ];
    let facts = btree_map(text(), text(), 0..40);
    let words = (text(), text(), text(), vec(text(), 0..10));
    (0_usize..4, status, words, facts, any::<u64>()).prop_map(
        |(level, status, (title, message, source, tags), facts, suppressed)| {
            let level = AlertLevel::from_index(level);
            let mut alert = Alert::new(level, title, message, source);
            alert.tags = tags;
            alert.metadata = facts
                .into_iter()
                .map(|(k, v)| (k, Value::String(v)))
                .collect();
            let mut n = samples::notification(alert, status);
            n.suppressed = suppressed;
            n
        },
    )
}

/// The length of every text inside, keys left out.
fn total(value: &Value, unit: Unit) -> usize {
    match value {
        Value::String(text) => unit.len(text),
        Value::Array(list) => list.iter().map(|value| total(value, unit)).sum(),
        Value::Object(map) => map.values().map(|value| total(value, unit)).sum(),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_message_is_under_its_limit(n in notifications()) {
        let message = slack::render::message(&n, Some("#alerts"));
        prop_assert!(total(&message.json["attachments"], Unit::Chars) <= 9_200);
        prop_assert!(message.json["attachments"][0]["fields"].as_array().unwrap().len() <= 10);
        let says = message.json.to_string();
        prop_assert!(!says.contains('<') && !says.contains('>'));
        prop_assert!(Unit::Chars.len(message.plain["text"].as_str().unwrap()) <= 3_000);

        let chat = super::telegram::chat::Chat::parse("1").unwrap();
        let (json, _) = telegram::message(&n, &chat);
        prop_assert!(Unit::Utf16.len(json["text"].as_str().unwrap()) <= 4_096);
        prop_assert_eq!(json["text"].as_str().unwrap().matches('<').count(), 2);
        let plain = telegram::plain(&n, &chat);
        prop_assert!(Unit::Utf16.len(plain["text"].as_str().unwrap()) <= 4_096);

        let (json, _) = discord::render::message(&n);
        let embed = &json["embeds"][0];
        let counted = total(&embed["title"], Unit::Utf16)
            + total(&embed["description"], Unit::Utf16)
            + total(&embed["fields"], Unit::Utf16)
            + total(&embed["footer"], Unit::Utf16);
        prop_assert!(counted <= 6_000);
        prop_assert!(embed["fields"].as_array().unwrap().len() <= 25);
        for field in embed["fields"].as_array().unwrap() {
            prop_assert!((1..=256).contains(&total(&field["name"], Unit::Utf16)));
            prop_assert!((1..=1_024).contains(&total(&field["value"], Unit::Utf16)));
        }

        let (json, _) = pagerduty::render::event(&n);
        prop_assert!(json.to_string().len() < 512 * 1024);
        prop_assert!(json["dedup_key"].as_str().unwrap().len() <= 255);
        prop_assert!(total(&json["payload"]["summary"], Unit::Chars) <= 1_024);

        prop_assert!(teams::render::message(&n).0.to_string().len() <= teams::render::MAX_BYTES);
        let (body, _) = webhook::render::body(&n);
        prop_assert!(body.len() <= webhook::render::MAX_BYTES);
        prop_assert!(serde_json::from_slice::<Value>(&body).is_ok());
    }
}
