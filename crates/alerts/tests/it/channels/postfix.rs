//! A mail through a real MTA.

use bongsu_alerts::channels::{EmailChannel, EmailConfig};
use bongsu_alerts::{Channel, Target};
use bongsu_testkit::servers::Postfix;

use super::rig::{Certificates, PATIENCE, attempt, eventually, firing, parse_mail};

#[tokio::test]
async fn a_korean_mail_lands_in_a_mailbox() {
    let certificates = Certificates::new();
    let postfix = Postfix::start(&certificates);
    let channel = EmailChannel::new(EmailConfig {
        host: "localhost".to_owned(),
        port: postfix.port(),
        from: "봉수 <alerts@bongsu.test>".to_owned(),
        to: vec![
            "desk@bongsu.test".to_owned(),
            "nobody@bongsu.test".to_owned(),
        ],
        ca_pem: Some(certificates.ca_pem()),
        hello: Some("engine.bongsu.test".to_owned()),
        ..EmailConfig::default()
    })
    .unwrap();
    eventually("postfix answers", || async {
        channel.probe().await.is_delivered().then_some(())
    })
    .await;

    let n = firing();
    let desk = channel
        .render(&n, &Target::new("desk@bongsu.test"))
        .unwrap();
    let outcome = channel.deliver(&attempt(&n, 1, PATIENCE), &desk).await;
    assert!(outcome.is_delivered(), "{outcome:?}\n{}", postfix.log());
    assert!(outcome.reason().contains("queued as"), "{outcome:?}");

    let new = postfix.mailbox("desk");
    let mail = eventually("the mail is in the mailbox", || async {
        let entry = std::fs::read_dir(&new).ok()?.next()?.ok()?;
        std::fs::read(entry.path()).ok()
    })
    .await;
    let parsed = parse_mail(&mail);
    assert_eq!(
        parsed["headers"]["subject"],
        format!("[CRITICAL] {}", n.alert.title)
    );
    assert_eq!(
        parsed["headers"]["message-id"],
        format!("<{}@bongsu.test>", n.delivery_id)
    );
    let plain = parsed["tree"]["parts"][0]["text"].as_str().unwrap();
    assert!(plain.contains(&n.alert.message), "{plain}");
    assert!(
        parsed["headers"]["received"]
            .as_str()
            .unwrap()
            .contains("with ESMTPS"),
        "{parsed}"
    );

    let refused = channel
        .render(&n, &Target::new("nobody@bongsu.test"))
        .unwrap();
    let outcome = channel.deliver(&attempt(&n, 1, PATIENCE), &refused).await;
    assert_eq!(outcome.as_str(), "permanent", "{outcome:?}");
    assert!(outcome.reason().contains("550"), "{outcome:?}");
}
