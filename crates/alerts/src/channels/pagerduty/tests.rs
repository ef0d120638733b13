use super::*;

const KEY: &str = "R0123456789ABCDEF0123456789ABCDE";

#[test]
fn the_outcome_table() {
    let check = |status, body: &str, want: &str| {
        let cx = Attempt::trial(std::time::Duration::ZERO);
        let got = outcome(&Answer::new(status, body), &cx);
        assert_eq!(got.as_str(), want, "{status} {body}");
    };
    check(202, r#"{"status":"success"}"#, "delivered");
    check(429, "", "transient");
    check(500, "", "transient");
    check(
        400,
        r#"{"status":"invalid event","errors":["'payload.summary' is missing or blank"]}"#,
        "permanent",
    );
    check(
        400,
        r#"{"status":"invalid event","errors":["Invalid routing key"]}"#,
        "broken",
    );
    check(403, "", "broken");
    check(404, "", "transient");
    check(301, "", "transient");
}

#[test]
fn the_key_is_on_the_wire_only() {
    let channel = PagerDutyChannel::new(KEY).unwrap();
    assert!(!format!("{channel:?}").contains(KEY));
    let n = crate::render::samples::korean();
    let rendered = channel.render(&n, &channel.targets()[0]).unwrap();
    let stored = String::from_utf8(rendered.body.clone()).unwrap();
    assert!(!stored.contains(KEY));
    let sent: serde_json::Value =
        serde_json::from_slice(&channel.with_key(&rendered.body).unwrap()).unwrap();
    assert_eq!(sent["routing_key"], KEY);
    assert_eq!(sent["event_action"], "trigger");
}

#[test]
fn bad_keys() {
    for key in ["", "short", "R0123456789ABCDEF0123456789AB\"},"] {
        let error = PagerDutyChannel::new(key).unwrap_err();
        assert_eq!(error.problems[0].field, "routing_key");
        assert!(key.is_empty() || !error.to_string().contains(key));
    }
}
