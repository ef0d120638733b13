//! Mail to a server with STARTTLS, AUTH and faults.

use std::process::{Command, Stdio};
use std::time::Duration;

use bongsu_alerts::channels::{EmailChannel, EmailConfig, Tls};
use bongsu_alerts::{
    Alert, AlertLevel, AlertStatus, Channel, Content, InlinePart, Notification, Outcome, Secret,
    Target,
};
use serde_json::Value;

use super::rig::{
    Certificates, Guard, Lines, PATIENCE, attempt, firing, free_port, notification, parse_mail,
    python, script,
};

pub(crate) struct Server {
    child: Guard,
    port: u16,
    pub(crate) mails: Lines,
}

impl Server {
    pub(crate) fn start(certificates: &Certificates, arguments: &[&str]) -> Self {
        let mut command = Command::new(python());
        command
            .arg(script("smtp_server.py"))
            .arg("--cert")
            .arg(certificates.path("leaf.pem"))
            .arg("--key")
            .arg(certificates.path("leaf.key"))
            .args(arguments)
            .stdout(Stdio::piped());
        let mut child = Guard::start(&mut command, "python3");
        let mails = Lines::of(child.0.stdout.take().unwrap());
        let port = mails.json()["port"].as_u64().unwrap() as u16;
        Self { child, port, mails }
    }

    pub(crate) fn config(&self, certificates: &Certificates, to: &[&str]) -> EmailConfig {
        EmailConfig {
            host: "localhost".to_owned(),
            port: self.port,
            username: Some("alerts".to_owned()),
            password: Secret::new("pass"),
            from: "봉수 <alerts@bongsu.test>".to_owned(),
            to: to.iter().map(|&to| to.to_owned()).collect(),
            ca_pem: Some(certificates.ca_pem()),
            ..EmailConfig::default()
        }
    }
}

pub(crate) fn decode(mail: &Value) -> Value {
    let hex = mail["mail"].as_str().unwrap().as_bytes();
    let digit = |c: u8| (c as char).to_digit(16).unwrap() as u8;
    let bytes: Vec<u8> = hex
        .chunks(2)
        .map(|pair| digit(pair[0]) * 16 + digit(pair[1]))
        .collect();
    parse_mail(&bytes)
}

async fn deliver(channel: &EmailChannel, n: &Notification, to: &str, within: Duration) -> Outcome {
    let rendered = channel.render(n, &Target::new(to)).unwrap();
    channel.deliver(&attempt(n, 1, within), &rendered).await
}

#[tokio::test]
async fn a_korean_mail_arrives_encrypted_and_authenticated() {
    let certificates = Certificates::new();
    let server = Server::start(&certificates, &["--auth"]);
    let channel = EmailChannel::new(server.config(
        &certificates,
        &["데스크 <desk@bongsu.test>", "risk@bongsu.test"],
    ))
    .unwrap();
    let n = firing();
    assert_eq!(
        channel.targets(),
        [
            Target::new("desk@bongsu.test"),
            Target::new("risk@bongsu.test")
        ]
    );
    for target in channel.targets() {
        let rendered = channel.render(&n, &target).unwrap();
        assert_eq!(
            rendered,
            channel.render(&n, &target).unwrap(),
            "rendering is pure"
        );
        let outcome = channel.deliver(&attempt(&n, 1, PATIENCE), &rendered).await;
        assert!(outcome.is_delivered(), "{outcome:?}");
        let mail = server.mails.json();
        assert_eq!(
            mail["to"],
            serde_json::json!([target.as_str()]),
            "one envelope a recipient"
        );
        assert_eq!(mail["from"], "alerts@bongsu.test");
        assert_eq!(
            (&mail["tls"], &mail["user"]),
            (&Value::Bool(true), &"alerts".into())
        );

        let parsed = decode(&mail);
        let headers = &parsed["headers"];
        assert_eq!(parsed["defects"], serde_json::json!([]));
        assert_eq!(
            headers["subject"],
            format!("[CRITICAL] trading-engine/test: {}", n.alert.title)
        );
        assert_eq!(headers["from"], "봉수 <alerts@bongsu.test>");
        assert_eq!(
            headers["message-id"],
            format!("<{}@bongsu.test>", n.delivery_id)
        );
        assert_eq!(headers["auto-submitted"], "auto-generated");
        assert_eq!(headers["x-priority"], "1");
        let tree = &parsed["tree"];
        assert_eq!(tree["type"], "multipart/alternative");
        assert_eq!(tree["parts"][0]["type"], "text/plain");
        assert_eq!(tree["parts"][1]["type"], "text/html");
        let plain = tree["parts"][0]["text"].as_str().unwrap();
        assert!(
            plain.contains(&n.alert.message) && plain.contains("손실률: -3.25"),
            "{plain}"
        );
        let html = tree["parts"][1]["text"].as_str().unwrap();
        assert!(
            html.contains("&amp; &lt;b&gt;") && html.contains("손실률"),
            "{html}"
        );
    }
    assert!(channel.probe().await.is_delivered());
    assert!(server.mails.rest().is_empty(), "a probe sends no mail");
}

#[tokio::test]
async fn every_fault_has_its_outcome() {
    let certificates = Certificates::new();
    let server = Server::start(&certificates, &["--auth"]);
    let recipients = [
        ("rcpt550@x.test", "permanent", false),
        ("rcpt450@x.test", "transient", false),
        ("data451@x.test", "transient", false),
        ("data452@x.test", "transient", false),
        ("data550@x.test", "permanent", false),
        ("data554@x.test", "permanent", false),
        ("drop@x.test", "transient", true),
        ("half@x.test", "transient", true),
        ("stray@x.test", "transient", true),
        ("slow120@x.test", "transient", true),
    ];
    let mut to: Vec<&str> = recipients.iter().map(|(to, ..)| *to).collect();
    to.push("fine@x.test");
    let channel = EmailChannel::new(server.config(&certificates, &to)).unwrap();
    for (to, want, maybe) in recipients {
        let n = firing();
        let within = if to.starts_with("slow") {
            Duration::from_secs(3)
        } else {
            PATIENCE
        };
        let outcome = deliver(&channel, &n, to, within).await;
        assert_eq!(outcome.as_str(), want, "{to}: {outcome:?}");
        if let Outcome::Transient {
            maybe_delivered, ..
        } = &outcome
        {
            assert_eq!(*maybe_delivered, maybe, "{to}: {outcome:?}");
        }
        // Whatever happened before, the next mail gets an answer of its own.
        let n = firing();
        let outcome = deliver(&channel, &n, "fine@x.test", PATIENCE).await;
        assert!(outcome.is_delivered(), "after {to}: {outcome:?}");
        assert_eq!(outcome.reason(), "2.0.0 OK: queued");
        let parsed = decode(&server.mails.json());
        assert_eq!(
            parsed["headers"]["message-id"],
            format!("<{}@bongsu.test>", n.delivery_id)
        );
    }
    assert!(server.mails.rest().is_empty());
}

#[tokio::test]
async fn a_cancelled_delivery_leaves_nothing_behind() {
    let certificates = Certificates::new();
    let server = Server::start(&certificates, &["--auth"]);
    let channel =
        EmailChannel::new(server.config(&certificates, &["data550@x.test", "fine@x.test"]))
            .unwrap();
    for millis in [0, 1, 3, 10, 30, 60] {
        let n = firing();
        let rendered = channel.render(&n, &Target::new("data550@x.test")).unwrap();
        let cx = attempt(&n, 1, PATIENCE);
        let _ = tokio::time::timeout(
            Duration::from_millis(millis),
            channel.deliver(&cx, &rendered),
        )
        .await;
        let outcome = deliver(&channel, &firing(), "fine@x.test", PATIENCE).await;
        assert!(outcome.is_delivered(), "{outcome:?}");
        server.mails.json();
    }
}

#[tokio::test]
async fn a_broken_channel_is_told_from_a_refused_mail() {
    let certificates = Certificates::new();
    let server = Server::start(&certificates, &["--auth"]);
    let good = || server.config(&certificates, &["fine@x.test"]);
    let check = async |name: &str, config: EmailConfig, want: &str, words: &str| {
        let channel = EmailChannel::new(config).unwrap();
        for outcome in [
            deliver(&channel, &firing(), "fine@x.test", PATIENCE).await,
            channel.probe().await,
        ] {
            assert_eq!(outcome.as_str(), want, "{name}: {outcome:?}");
            assert!(outcome.reason().contains(words), "{name}: {outcome:?}");
            assert!(!outcome.reason().contains("wrong-secret"), "{outcome:?}");
        }
    };
    check(
        "wrong password",
        EmailConfig {
            password: Secret::new("wrong-secret"),
            ..good()
        },
        "broken",
        "535",
    )
    .await;
    check(
        "busy",
        EmailConfig {
            username: Some("busy".to_owned()),
            ..good()
        },
        "transient",
        "454",
    )
    .await;
    check(
        "unknown authority",
        EmailConfig {
            ca_pem: None,
            ..good()
        },
        "broken",
        "certificate",
    )
    .await;
    check(
        "nobody there",
        EmailConfig {
            port: free_port(),
            ..good()
        },
        "transient",
        "refused",
    )
    .await;

    // Without credentials the server refuses the sender: 530.
    let nobody = EmailConfig {
        username: None,
        password: Secret::default(),
        ..good()
    };
    let outcome = deliver(
        &EmailChannel::new(nobody).unwrap(),
        &firing(),
        "fine@x.test",
        PATIENCE,
    )
    .await;
    assert_eq!(outcome.as_str(), "broken", "{outcome:?}");
    assert!(outcome.reason().contains("530"), "{outcome:?}");
    assert!(server.mails.rest().is_empty());
}

/// A certificate of a trusted authority, for somebody else.
#[tokio::test]
async fn a_certificate_for_another_name_is_not_taken() {
    let certificates = Certificates::new();
    std::fs::write(
        certificates.path("leaf.ext"),
        "basicConstraints=CA:FALSE\nsubjectAltName=DNS:elsewhere.test\n",
    )
    .unwrap();
    for arguments in [
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=elsewhere.test -keyout leaf.key -out leaf.csr",
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile leaf.ext -out leaf.pem",
    ] {
        let status = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(certificates.path("."))
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "openssl {arguments}");
    }
    let server = Server::start(&certificates, &["--auth"]);
    let channel = EmailChannel::new(server.config(&certificates, &["fine@x.test"])).unwrap();
    let outcome = deliver(&channel, &firing(), "fine@x.test", PATIENCE).await;
    assert_eq!(outcome.as_str(), "broken", "{outcome:?}");
    assert!(outcome.reason().contains("certificate"), "{outcome:?}");
    assert!(server.mails.rest().is_empty());
}

#[tokio::test]
async fn tls_is_never_given_up() {
    let certificates = Certificates::new();
    let plain = Server::start(&certificates, &["--mode", "plain"]);
    let config = plain.config(&certificates, &["fine@x.test"]);
    let channel = EmailChannel::new(config.clone()).unwrap();
    let outcome = deliver(&channel, &firing(), "fine@x.test", PATIENCE).await;
    assert_eq!(
        outcome,
        Outcome::broken("the server does not offer STARTTLS")
    );
    assert!(plain.mails.rest().is_empty());

    // Implicit TLS against a server that speaks first, in the clear.
    let implicit = EmailConfig {
        tls: Tls::Implicit,
        ..config.clone()
    };
    let outcome = deliver(
        &EmailChannel::new(implicit).unwrap(),
        &firing(),
        "fine@x.test",
        Duration::from_secs(5),
    )
    .await;
    assert!(!outcome.is_delivered(), "{outcome:?}");
    assert!(plain.mails.rest().is_empty());

    // Asked for in so many words, and without credentials, plain text is possible.
    let open = EmailConfig {
        tls: Tls::None,
        username: None,
        password: Secret::default(),
        ..config
    };
    let outcome = deliver(
        &EmailChannel::new(open).unwrap(),
        &firing(),
        "fine@x.test",
        PATIENCE,
    )
    .await;
    assert!(outcome.is_delivered(), "{outcome:?}");
    assert_eq!(plain.mails.json()["tls"], false);
}

#[tokio::test]
async fn words_slipped_in_before_tls_are_not_believed_after_it() {
    let certificates = Certificates::new();
    let mut command = Command::new(python());
    command
        .arg(script("injector.py"))
        .arg(certificates.path("leaf.pem"))
        .arg(certificates.path("leaf.key"))
        .stdout(Stdio::piped());
    let mut server = Guard::start(&mut command, "python3");
    let said = Lines::of(server.0.stdout.take().unwrap());
    let channel = EmailChannel::new(EmailConfig {
        host: "localhost".to_owned(),
        port: said.next().parse().unwrap(),
        from: "a@x.test".to_owned(),
        to: vec!["b@x.test".to_owned()],
        ca_pem: Some(certificates.ca_pem()),
        ..EmailConfig::default()
    })
    .unwrap();
    let outcome = deliver(&channel, &firing(), "b@x.test", Duration::from_secs(10)).await;
    assert_eq!(outcome.as_str(), "broken", "{outcome:?}");
    assert!(outcome.reason().starts_with("STARTTLS: "), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_is_stopped_and_goes_on() {
    let certificates = Certificates::new();
    let server = Server::start(&certificates, &["--auth"]);
    let channel = EmailChannel::new(server.config(&certificates, &["fine@x.test"])).unwrap();
    let signal = |name: &str| {
        let pid = server.child.0.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    };
    signal("-STOP");
    let outcome = deliver(&channel, &firing(), "fine@x.test", Duration::from_secs(2)).await;
    assert!(
        matches!(
            outcome,
            Outcome::Transient {
                maybe_delivered: false,
                ..
            }
        ),
        "{outcome:?}"
    );
    signal("-CONT");
    let n = firing();
    let outcome = deliver(&channel, &n, "fine@x.test", PATIENCE).await;
    assert!(outcome.is_delivered(), "{outcome:?}");
    let parsed = decode(&server.mails.json());
    let id = format!("<{}@bongsu.test>", n.delivery_id);
    assert_eq!(parsed["headers"]["message-id"], id);
    assert!(
        server.mails.rest().is_empty(),
        "the first one never got that far"
    );
}

#[tokio::test]
async fn implicit_tls() {
    let certificates = Certificates::new();
    let server = Server::start(&certificates, &["--mode", "implicit", "--auth"]);
    let config = EmailConfig {
        tls: Tls::Implicit,
        ..server.config(&certificates, &["fine@x.test"])
    };
    let channel = EmailChannel::new(config.clone()).unwrap();
    let outcome = deliver(&channel, &firing(), "fine@x.test", PATIENCE).await;
    assert!(outcome.is_delivered(), "{outcome:?}");
    let mail = server.mails.json();
    assert_eq!(
        (&mail["tls"], &mail["user"]),
        (&Value::Bool(true), &"alerts".into())
    );

    let stranger = EmailChannel::new(EmailConfig {
        ca_pem: None,
        ..config
    })
    .unwrap();
    let outcome = deliver(&stranger, &firing(), "fine@x.test", PATIENCE).await;
    assert_eq!(outcome.as_str(), "broken", "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_in_time() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let certificates = Certificates::new();
    let channel = EmailChannel::new(EmailConfig {
        host: "localhost".to_owned(),
        port: listener.local_addr().unwrap().port(),
        from: "a@x.test".to_owned(),
        to: vec!["b@x.test".to_owned()],
        ca_pem: Some(certificates.ca_pem()),
        ..EmailConfig::default()
    })
    .unwrap();
    let outcome = deliver(&channel, &firing(), "b@x.test", Duration::from_secs(1)).await;
    assert!(
        matches!(&outcome, Outcome::Transient { maybe_delivered: false, reason, .. } if reason == "no answer to connecting in time"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn hostile_text_adds_no_header_and_no_markup() {
    let certificates = Certificates::new();
    let server = Server::start(&certificates, &["--auth"]);
    let channel = EmailChannel::new(server.config(&certificates, &["fine@x.test"])).unwrap();
    let alert = Alert::new(
        AlertLevel::Error,
        "x\r\nBcc: thief@x.test\r\n\r\n<script>alert(1)</script>",
        "=_bongsu_ .\r\n.\r\nQUIT\r\n--=_bongsu_\r\n<img src=x onerror=alert(1)>\u{0}\u{1b}[31m",
        "\"><svg/onload=1>",
    )
    .metadata("<k>", "</td></table><b>");
    let mut n = notification(alert, AlertStatus::Resolved);
    n.delivery_id = "01ABC>\r\nBcc: thief@x.test".to_owned();
    let outcome = deliver(&channel, &n, "fine@x.test", PATIENCE).await;
    assert!(outcome.is_delivered(), "{outcome:?}");
    let parsed = decode(&server.mails.json());
    assert_eq!(parsed["defects"], serde_json::json!([]));
    assert_eq!(
        parsed["headers"]["subject"],
        "[ERROR] [RESOLVED] trading-engine/test: x Bcc: thief@x.test <script>alert(1)</script>"
    );
    let names = parsed["names"].as_array().unwrap();
    assert!(!names.contains(&"bcc".into()), "{names:?}");
    assert_eq!(parsed["tree"]["parts"].as_array().unwrap().len(), 2);
    let html = parsed["tree"]["parts"][1]["text"].as_str().unwrap();
    for forbidden in ["<script", "<img", "<svg", "<k>", "<b>", "\u{1b}"] {
        assert!(!html.contains(forbidden), "{forbidden}: {html}");
    }
    let plain = parsed["tree"]["parts"][0]["text"].as_str().unwrap();
    assert!(
        plain.contains("\n.\nQUIT\n--=_bongsu_\n<img src=x onerror=alert(1)>"),
        "{plain}"
    );
}

#[tokio::test]
async fn a_report_carries_its_pictures() {
    let certificates = Certificates::new();
    let server = Server::start(&certificates, &["--auth"]);
    let channel = EmailChannel::new(server.config(&certificates, &["fine@x.test"])).unwrap();
    let picture: Vec<u8> = (0..=255).collect();
    let mut content = Content::new(
        "Daily Trading Summary - 2026-11-23 손익",
        "순손익 +1,234,000원",
    )
    .html("<p>순손익</p><img src=\"cid:equity\">")
    .inline(InlinePart::new(
        "equity",
        "image/png",
        "equity.png",
        picture.clone(),
    ))
    .message_id("report-2026-11-23");
    let target = Target::new("fine@x.test");
    let cx = attempt(&firing(), 1, PATIENCE);
    let outcome = channel.deliver_content(&cx, &target, &content).await;
    assert!(outcome.is_delivered(), "{outcome:?}");
    let parsed = decode(&server.mails.json());
    assert_eq!(parsed["defects"], serde_json::json!([]));
    assert_eq!(parsed["headers"]["subject"], content.subject);
    assert_eq!(
        parsed["headers"]["message-id"],
        "<report-2026-11-23@bongsu.test>"
    );
    let tree = &parsed["tree"];
    assert_eq!(tree["type"], "multipart/alternative");
    assert_eq!(
        tree["parts"][0]["text"].as_str().unwrap().trim_end(),
        content.text
    );
    let related = &tree["parts"][1];
    assert_eq!(related["type"], "multipart/related");
    assert_eq!(related["parts"][0]["type"], "text/html");
    let image = &related["parts"][1];
    assert_eq!(image["cid"], "<equity>");
    assert_eq!(
        (&image["file"], &image["disposition"]),
        (&"equity.png".into(), &"inline".into())
    );
    assert_eq!(image["bytes"], serde_json::json!(picture));

    content.inline.clear();
    content.html = None;
    assert!(
        channel
            .deliver_content(&cx, &target, &content)
            .await
            .is_delivered()
    );
    assert_eq!(
        decode(&server.mails.json())["tree"]["parts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let untyped = InlinePart::new("x", "no type", "x", []);
    content.inline.push(untyped);
    content.html = Some(String::new());
    let outcome = channel.deliver_content(&cx, &target, &content).await;
    assert_eq!(outcome.as_str(), "permanent", "{outcome:?}");
    let stranger = channel
        .deliver_content(&cx, &Target::new("x@y.test"), &content)
        .await;
    assert_eq!(stranger.as_str(), "permanent", "{stranger:?}");
}

#[test]
fn every_wrong_field_is_named() {
    let error = EmailChannel::new(EmailConfig {
        host: "smtp://x".to_owned(),
        port: 0,
        username: Some("alerts".to_owned()),
        from: "nobody".to_owned(),
        to: vec![
            "a@x.test".to_owned(),
            "b@".to_owned(),
            "A <a@x.test>".to_owned(),
        ],
        ca_pem: Some(b"no pem".to_vec()),
        ..EmailConfig::default()
    })
    .unwrap_err();
    let fields: Vec<&str> = error.problems.iter().map(|problem| problem.field).collect();
    assert_eq!(
        fields,
        ["host", "port", "password", "from", "to", "to", "tls"],
        "{error}"
    );

    let clear = EmailConfig {
        host: "smtp.example.com".to_owned(),
        username: Some("alerts".to_owned()),
        password: Secret::new("hunter2"),
        from: "a@x.test".to_owned(),
        to: vec!["b@x.test".to_owned()],
        tls: Tls::None,
        ..EmailConfig::default()
    };
    let error = EmailChannel::new(clear.clone()).unwrap_err().to_string();
    assert_eq!(
        error,
        "channel email is misconfigured: password would cross the network without TLS"
    );
    let text = format!(
        "{:?}",
        EmailChannel::new(EmailConfig {
            tls: Tls::StartTls,
            ..clear
        })
    );
    assert!(!text.contains("hunter2"), "{text}");
}
