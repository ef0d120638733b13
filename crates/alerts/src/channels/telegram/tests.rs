use super::*;

#[test]
fn the_outcome_table() {
    let check = |status, body: &str, want: &str| {
        let answer = Answer {
            status,
            retry_after: None,
            body: body.as_bytes().to_vec(),
            complete: true,
        };
        let got = outcome(&answer, true, "1:secret");
        assert_eq!(got.as_str(), want, "{status} {body}");
        got
    };
    check(200, r#"{"ok":true,"result":{}}"#, "delivered");
    check(200, "<html>", "transient");
    let limited = check(
        429,
        r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#,
        "transient",
    );
    assert!(
        matches!(limited, Outcome::Transient { retry_after: Some(after), .. } if after == Duration::from_secs(7))
    );
    check(502, "", "transient");
    check(
        400,
        r#"{"ok":false,"description":"Bad Request: can't parse entities: …"}"#,
        "degrade",
    );
    check(
        400,
        r#"{"ok":false,"description":"Bad Request: message is too long"}"#,
        "degrade",
    );
    check(
        400,
        r#"{"ok":false,"description":"Bad Request: message text is empty"}"#,
        "permanent",
    );
    check(
        400,
        r#"{"ok":false,"description":"Bad Request: chat not found"}"#,
        "broken",
    );
    check(
        401,
        r#"{"ok":false,"description":"Unauthorized"}"#,
        "broken",
    );
    check(
        403,
        r#"{"ok":false,"description":"Forbidden: bot was kicked"}"#,
        "broken",
    );
    let quoted = check(404, "no route /bot1:secret/sendMessage", "broken");
    assert_eq!(quoted.reason(), "HTTP 404: no route /bot***/sendMessage");
    check(302, "", "permanent");
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
