use std::time::Duration;

use bongsu_alerts::author::serde_json::Value;
use bongsu_alerts::{Alert, AlertLevel, AlertStatus};

use super::*;

const URL: &str = "https://pigeon.example/hooks/s3cret";

#[test]
fn the_message_says_who_what_and_when() {
    let alert = Alert::new(AlertLevel::Error, "봉수", "fire", "watchtower");
    let n = Notification::new(alert, AlertStatus::Firing, "orders", "production");
    let channel = PigeonChannel::new(URL).expect("the URL is right");
    let target = &channel.targets()[0];
    let rendered = channel.render(&n, target).expect("it renders");
    let json: Value = serde_json_of(&rendered);
    let text = json["text"].as_str().expect("a text");
    assert!(
        text.starts_with("[ERROR] orders/production: 봉수\nfire\n"),
        "{text}"
    );
    assert!(!format!("{channel:?}{rendered:?}").contains("s3cret"));
}

#[test]
fn the_outcome_table() {
    let cx = Attempt::trial(Duration::ZERO);
    let check = |status, body: &str, want: &str| {
        let got = outcome(&Answer::new(status, body), &cx);
        assert_eq!(got.as_str(), want, "{status} {body}");
    };
    check(200, "{}", "delivered");
    check(429, "", "transient");
    check(503, "", "transient");
    check(401, "", "broken");
    check(400, r#"{"error":"no_such_room"}"#, "target_broken");
    check(400, "", "permanent");
}

fn serde_json_of(rendered: &Rendered) -> Value {
    bongsu_alerts::author::serde_json::from_slice(&rendered.body).expect("JSON")
}
