use super::*;

#[test]
fn the_outcome_table() {
    let check = |step, code, want: &str| {
        assert_eq!(
            refusal(step, code, String::new()).as_str(),
            want,
            "{step:?} {code}"
        );
    };
    check(Step::Connect, 421, "transient");
    check(Step::Connect, 554, "broken");
    check(Step::Auth, 535, "broken");
    check(Step::Auth, 534, "broken");
    check(Step::Auth, 454, "transient");
    check(Step::Sender, 530, "broken");
    check(Step::Sender, 451, "transient");
    check(Step::Sender, 553, "permanent");
    check(Step::Recipient, 450, "transient");
    check(Step::Recipient, 550, "permanent");
    check(Step::Data, 452, "transient");
    check(Step::Content, 451, "transient");
    check(Step::Content, 552, "permanent");
    check(Step::Content, 554, "permanent");
}
