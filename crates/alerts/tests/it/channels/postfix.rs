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
    // The probe goes as far as the recipients, and names the one that there is not.
    let refused = eventually("postfix answers", || async {
        let outcome = channel.probe().await;
        (outcome.as_str() == "permanent").then_some(outcome)
    })
    .await;
    assert!(
        refused.reason().contains("<nobody@bongsu.test>"),
        "{refused:?}"
    );

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
        format!("[CRITICAL] trading-engine/test: {}", n.alert.title)
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

/// A server that wants full names in the greeting, as many do: the sender's domain is one, a
/// container's short name is not, and then it is the channel that has to be mended.
#[tokio::test]
async fn a_server_that_wants_full_names_in_the_greeting() {
    let certificates = Certificates::new();
    let strict = "smtpd_helo_required = yes\nsmtpd_helo_restrictions = reject_non_fqdn_helo_hostname, reject_invalid_helo_hostname";
    let postfix = Postfix::start_with(&certificates, strict);
    let config = EmailConfig {
        host: "localhost".to_owned(),
        port: postfix.port(),
        from: "봉수 <alerts@bongsu.test>".to_owned(),
        to: vec!["desk@bongsu.test".to_owned()],
        ca_pem: Some(certificates.ca_pem()),
        ..EmailConfig::default()
    };
    let channel = EmailChannel::new(config.clone()).unwrap();
    eventually("postfix answers", || async {
        channel.probe().await.is_delivered().then_some(())
    })
    .await;
    let n = firing();
    let message = channel.render(&n, &channel.targets()[0]).unwrap();
    let outcome = channel.deliver(&attempt(&n, 1, PATIENCE), &message).await;
    assert!(outcome.is_delivered(), "{outcome:?}\n{}", postfix.log());

    let short = EmailChannel::new(EmailConfig {
        hello: Some("vm".to_owned()),
        ..config
    })
    .unwrap();
    for outcome in [
        short.probe().await,
        short.deliver(&attempt(&n, 1, PATIENCE), &message).await,
    ] {
        assert_eq!(outcome.as_str(), "broken", "{outcome:?}");
        assert!(outcome.reason().contains("504"), "{outcome:?}");
        assert!(
            outcome.reason().contains("Helo command rejected"),
            "{outcome:?}"
        );
    }
}
