use super::*;

fn judge(status: u16, body: &str, has_smaller: bool) -> Outcome {
    let cx = Attempt::trial(std::time::Duration::ZERO);
    outcome(&Answer::new(status, body), &cx, has_smaller)
}

#[test]
fn the_outcome_table() {
    let check = |status, body: &str, want: &str| {
        let got = judge(status, body, true);
        assert_eq!(got.as_str(), want, "{status} {body}");
    };
    check(202, "", "delivered");
    check(200, "1", "delivered");
    check(429, "", "transient");
    check(503, "", "transient");
    check(400, "", "permanent");
    check(413, "", "degrade");
    check(401, "", "broken");
    check(404, "", "transient");
    check(302, "", "transient");
    assert_eq!(judge(413, "", false).as_str(), "permanent");
}

#[test]
fn a_failure_told_in_a_200_means_what_its_own_status_means() {
    let said = |code: &str| {
        format!(
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {code} with ContextId tcid=0"
        )
    };
    for (code, want) in [
        ("413", "degrade"),
        ("429", "transient"),
        ("503", "transient"),
        ("403", "broken"),
        ("404", "broken"),
        ("400", "permanent"),
        ("", "transient"),
    ] {
        assert_eq!(judge(200, &said(code), true).as_str(), want, "{code}");
    }
    assert_eq!(judge(200, &said("413"), false).as_str(), "permanent");
}
