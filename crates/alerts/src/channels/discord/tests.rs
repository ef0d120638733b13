use std::time::Duration;

use super::*;

#[test]
fn the_outcome_table() {
    let cx = Attempt::trial(Duration::ZERO);
    let check = |status, body: &str, want: &str| {
        let got = outcome(&Answer::new(status, body), &cx);
        assert_eq!(got.as_str(), want, "{status} {body}");
        got
    };
    check(200, "{}", "delivered");
    check(204, "", "delivered");
    let limited = check(
        429,
        r#"{"message":"You are being rate limited.","retry_after":1.337,"global":false}"#,
        "transient",
    );
    assert!(
        matches!(limited, Outcome::Transient { retry_after: Some(after), .. } if after == Duration::from_millis(1_337))
    );
    check(429, r#"{"retry_after":-1}"#, "transient");
    check(500, "", "transient");
    check(400, r#"{"embeds":["0"]}"#, "permanent");
    check(401, "", "broken");
    check(
        403,
        r#"{"message":"Missing Access","code":50001}"#,
        "broken",
    );
    check(
        404,
        r#"{"message":"Unknown Webhook","code":10015}"#,
        "broken",
    );
    check(404, "<html>no such page</html>", "transient");
    check(308, "", "transient");
}
