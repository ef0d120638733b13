use std::time::Duration;

use super::*;

fn judge(status: u16, body: &str) -> Outcome {
    let cx = Attempt::trial(Duration::ZERO);
    outcome(&Answer::new(status, body), &cx, true)
}

#[test]
fn the_outcome_table() {
    let check = |status, body: &str, want: &str| {
        let got = judge(status, body);
        assert_eq!(got.as_str(), want, "{status} {body}");
        got
    };
    check(200, r#"{"ok":true,"result":{}}"#, "delivered");
    check(200, "<html>", "delivered");
    check(200, r#"{"ok":false,"description":"odd"}"#, "permanent");
    let limited = check(
        429,
        r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#,
        "transient",
    );
    assert!(
        matches!(limited, Outcome::Transient { retry_after: Some(after), .. } if after == Duration::from_secs(7))
    );
    check(502, "", "transient");
    check(404, "<html>no route</html>", "transient");
    check(302, "", "transient");
    let told = |code: u16, words: &str| {
        let body = json!({"ok": false, "error_code": code, "description": words}).to_string();
        judge(code, &body)
    };
    for (code, words, want) in [
        (400, "Bad Request: can't parse entities: …", "degrade"),
        (400, "Bad Request: message is too long", "degrade"),
        (400, "Bad Request: message text is empty", "permanent"),
        (401, "Unauthorized", "broken"),
        (404, "Not Found", "broken"),
        // What one chat says is about that chat.
        (400, "Bad Request: chat not found", "target_broken"),
        (
            400,
            "Bad Request: message thread not found",
            "target_broken",
        ),
        (
            400,
            "Bad Request: not enough rights to send text messages to the chat",
            "target_broken",
        ),
        (
            403,
            "Forbidden: bot was kicked from the group chat",
            "target_broken",
        ),
        (
            403,
            "Forbidden: bot was blocked by the user",
            "target_broken",
        ),
    ] {
        let got = told(code, words);
        assert_eq!(got.as_str(), want, "{words}");
        assert!(
            got.reason().contains(words.trim_end_matches('…').trim()),
            "{got:?}"
        );
    }
}

#[test]
fn every_wrong_field_is_named() {
    let error = TelegramChannel::new("secret", ["my chat", "5", "5"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "channel telegram is misconfigured: token is malformed: as in 123456:ABC-DEF; \
         chat is malformed: a number or @name; chat is given twice: \"5\""
    );
    let none = TelegramChannel::new("1:a", Vec::<String>::new()).unwrap_err();
    assert!(none.to_string().ends_with("chat is missing"));
}

#[test]
fn a_topic_is_named_in_the_message() {
    let channel = TelegramChannel::new("1:a", ["-1005/42", "-1005"]).unwrap();
    let n = crate::render::samples::korean();
    let thread = |target: &Target| {
        let body = channel.render(&n, target).unwrap().body;
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        (body["chat_id"].clone(), body["message_thread_id"].clone())
    };
    let targets = channel.targets();
    assert_eq!(thread(&targets[0]), (json!(-1005), json!(42)));
    assert_eq!(thread(&targets[1]), (json!(-1005), json!(null)));
    assert!(channel.render(&n, &Target::new("7")).is_err());
}
