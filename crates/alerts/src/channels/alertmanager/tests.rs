use super::*;

#[test]
fn one_peer_is_enough() {
    let peer = |outcome: Outcome| ("p".to_owned(), outcome);
    let check = |list: Vec<Outcome>, want: &str, reason: &str| {
        let got = together(list.into_iter().map(peer).collect());
        assert_eq!((got.as_str(), got.reason()), (want, reason));
    };
    let (ok, away) = (Outcome::delivered, || Outcome::transient("away"));
    let (bad, locked) = (|| Outcome::permanent("bad"), || Outcome::broken("locked"));
    check(vec![ok(), ok()], "delivered", "");
    check(vec![away(), ok()], "delivered", "p: away");
    check(vec![bad(), away()], "transient", "p: bad; p: away");
    check(vec![bad(), locked()], "broken", "p: bad; p: locked");
    check(vec![bad()], "permanent", "p: bad");
}

#[test]
fn every_wrong_url_is_named() {
    let error = AlertmanagerChannel::new(["am:9093", "http://a", "http://a/", "x y"]).unwrap_err();
    assert_eq!(error.problems.len(), 3, "{error}");
    assert!(AlertmanagerChannel::new(Vec::<String>::new()).is_err());
}
