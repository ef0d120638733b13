use super::*;
use crate::http::Answer;

fn judge(status: u16, body: &str, has_plain: bool) -> Outcome {
    let cx = Attempt::trial(std::time::Duration::ZERO);
    outcome(&Answer::new(status, body), &cx, has_plain)
}

#[test]
fn the_outcome_table() {
    let check = |status, body, want: &str| {
        let got = judge(status, body, true);
        assert_eq!(got.as_str(), want, "{status} {body}");
    };
    check(200, "ok", "delivered");
    check(200, "ok\n", "delivered");
    check(200, "{\"ok\":true}", "delivered");
    check(429, "", "transient");
    check(500, "rollup_error", "transient");
    check(503, "<html>", "transient");
    check(400, "invalid_payload", "degrade");
    check(400, "invalid_blocks", "degrade");
    check(400, "no_text", "permanent");
    check(400, "user_not_found", "permanent");
    check(403, "action_prohibited", "broken");
    check(403, "invalid_token", "broken");
    check(404, "channel_not_found", "target_broken");
    check(404, "no_service", "broken");
    check(410, "channel_is_archived", "target_broken");
    check(404, "<html>ingress", "transient");
    check(301, "", "transient");
    assert_eq!(judge(400, "invalid_payload", false).as_str(), "permanent");
}

/// Whoever answers 2xx in words of their own took it: another attempt would be another message.
#[test]
fn a_success_in_other_words_is_a_delivery_with_a_note() {
    for body in [
        "{\"success\":true}",
        "",
        "<html>welcome to the hotel wifi</html>",
        "1",
        "null",
        "[]",
    ] {
        for status in [200, 201, 202, 204] {
            let got = judge(status, body, true);
            assert!(got.is_delivered(), "{status} {body}: {got:?}");
            let noted = body != "{\"success\":true}";
            assert_eq!(!got.reason().is_empty(), noted, "{status} {body}: {got:?}");
        }
    }
}

/// A refusal inside of a 200 says its word, and is no reason to try for three days.
#[test]
fn a_refusal_inside_of_a_success() {
    let check = |body: &str, want: &str, word: &str| {
        let got = judge(200, body, true);
        assert_eq!(got.as_str(), want, "{body}");
        assert!(got.reason().contains(word), "{got:?}");
    };
    let said = |word: &str| format!("{{\"ok\":false,\"error\":\"{word}\"}}");
    check(
        &said("channel_not_found"),
        "target_broken",
        "channel_not_found",
    );
    check(&said("invalid_auth"), "broken", "invalid_auth");
    check(&said("invalid_blocks"), "degrade", "invalid_blocks");
    check(&said("ratelimited"), "transient", "ratelimited");
    check(&said("restricted_action"), "permanent", "restricted_action");
    check(
        "{\"success\":false,\"error\":\"Hook says https://x/T0/SECRET\"}",
        "permanent",
        "HTTP 200",
    );
    check("{\"ok\":false}", "permanent", "HTTP 200");
    let quoted = judge(200, "{\"ok\":false,\"error\":\"SECRET Words\"}", true);
    assert!(!quoted.reason().contains("SECRET"), "{quoted:?}");
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
fn several_rooms_are_several_targets() {
    let rooms = ["#desk", "#risk"].map(str::to_owned);
    let channel = SlackChannel::with_rooms("https://hooks.example/T0", rooms).unwrap();
    let n = crate::render::samples::korean();
    let said: Vec<Value> = channel
        .targets()
        .iter()
        .map(|target| serde_json::from_slice(&channel.render(&n, target).unwrap().body).unwrap())
        .collect();
    assert_eq!(said[0]["channel"], "#desk");
    assert_eq!(said[1]["channel"], "#risk");
    let own = SlackChannel::new("https://hooks.example/T0", None).unwrap();
    let own = own.render(&n, &own.targets()[0]).unwrap();
    assert!(!String::from_utf8(own.body).unwrap().contains("\"channel\""));
}

#[test]
fn a_report_keeps_its_blocks() {
    let mut content = Content::new("Daily <1>", "a & b").slack_blocks(json!([{"type": "divider"}]));
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
