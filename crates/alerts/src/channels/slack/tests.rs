use super::*;

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        retry_after: None,
        body: body.as_bytes().to_vec(),
        complete: true,
    }
}

#[test]
fn the_outcome_table() {
    let check = |status, body, want: &str| {
        assert_eq!(
            outcome(&answer(status, body), true).as_str(),
            want,
            "{status} {body}"
        );
    };
    check(200, "ok", "delivered");
    check(200, "ok\n", "delivered");
    check(200, "{\"ok\":true}", "delivered");
    check(200, "<html>welcome to the hotel wifi</html>", "transient");
    check(200, "", "transient");
    check(429, "", "transient");
    check(500, "rollup_error", "transient");
    check(503, "<html>", "transient");
    check(400, "invalid_payload", "degrade");
    check(400, "no_text", "permanent");
    check(400, "user_not_found", "permanent");
    check(403, "action_prohibited", "broken");
    check(403, "invalid_token", "broken");
    check(404, "channel_not_found", "broken");
    check(404, "no_service", "broken");
    check(410, "channel_is_archived", "broken");
    check(301, "", "permanent");
    assert_eq!(
        outcome(&answer(400, "invalid_payload"), false).as_str(),
        "permanent"
    );
}

#[test]
fn every_wrong_field_is_named_and_the_url_is_not() {
    let error =
        SlackChannel::new("http://hooks.example/T0/SECRET", Some("# x".to_owned())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "channel slack is misconfigured: url must be an https URL, or http to this machine; \
         channel is malformed: a room's name, as in #alerts"
    );
    let channel = SlackChannel::new("https://hooks.example/T0/SECRET", None).unwrap();
    assert!(!format!("{channel:?}").contains("SECRET"));
}

#[test]
fn a_report_keeps_its_blocks() {
    let mut content = Content {
        subject: "Daily <1>".to_owned(),
        text: "a & b".to_owned(),
        slack_blocks: Some(json!([{"type": "divider"}])),
        ..Content::default()
    };
    let body = content_body(&content, Some("#desk"));
    assert_eq!(
        body,
        json!({"text": "Daily &lt;1&gt;", "blocks": [{"type": "divider"}], "channel": "#desk",
               "username": "Daily Report Bot", "icon_emoji": ":bar_chart:"})
    );
    content.slack_blocks = None;
    assert_eq!(
        content_body(&content, None)["text"],
        "Daily &lt;1&gt;\na &amp; b"
    );
    content.slack_blocks = Some(json!({"blocks": [], "username": "x"}));
    assert_eq!(content_body(&content, None)["username"], "x");
}
