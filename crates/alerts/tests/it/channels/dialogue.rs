//! Mail servers as they are met in the world, said word by word: what each of them says to a command,
//! as bytes, and what comes of it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use bongsu_alerts::channels::{EmailChannel, EmailConfig, Tls};
use bongsu_alerts::{Channel, Outcome, Secret};

use super::rig::{PATIENCE, attempt, firing};

/// "존재하지 않는 사용자입니다" in EUC-KR.
const NO_SUCH_USER: &[u8] = b"\xc1\xb8\xc0\xe7\xc7\xcf\xc1\xf6 \xbe\xca\xb4\xc2 \xbb\xe7\xbf\xeb\xc0\xda\xc0\xd4\xb4\xcf\xb4\xd9";

/// What a server says to commands that begin with a word; of several lines for one word the last
/// counts.
type Script = Vec<(&'static str, Vec<u8>)>;

fn ordinary() -> Script {
    let line = |word, answer: &str| (word, answer.as_bytes().to_vec());
    vec![
        line("GREETING", "220 mail.test ESMTP\r\n"),
        line("EHLO", "250-mail.test\r\n250 AUTH PLAIN LOGIN\r\n"),
        line("HELO", "250 mail.test\r\n"),
        line("AUTH PLAIN", "235 2.7.0 welcome\r\n"),
        line("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n"),
        line("MAIL", "250 2.1.0 OK\r\n"),
        line("RCPT", "250 2.1.5 OK\r\n"),
        line("DATA", "354 go on\r\n"),
        line(".", "250 2.0.0 queued\r\n"),
        line("RSET", "250 2.0.0 OK\r\n"),
        line("QUIT", "221 bye\r\n"),
    ]
}

struct Server {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(changes: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (log, mut script) = (Arc::clone(&heard), ordinary());
        script.extend(changes);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let _ = converse(client, &script, &log);
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn config(&self, to: &[&str]) -> EmailConfig {
        EmailConfig {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            username: Some("alerts".to_owned()),
            password: Secret::new("pass"),
            from: "봉수 <alerts@bongsu.test>".to_owned(),
            to: to.iter().map(|&to| to.to_owned()).collect(),
            tls: Tls::None,
            ..EmailConfig::default()
        }
    }
}

fn converse(client: TcpStream, script: &Script, heard: &Mutex<Vec<String>>) -> std::io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let answer = |command: &str| -> &[u8] {
        let known = script.iter().rev();
        let mut known = known.filter(|(word, _)| command.starts_with(word));
        known
            .next()
            .map_or(b"334 UGFzc3dvcmQ6\r\n", |(_, answer)| answer)
    };
    let lines = BufReader::new(client.try_clone()?).split(b'\n');
    let mut client = client;
    client.write_all(answer("GREETING"))?;
    let (mut content, mut prompts) = (false, 0);
    for line in lines {
        let line = String::from_utf8_lossy(&line?).trim_end().to_owned();
        if content && line != "." {
            continue;
        }
        heard.lock().unwrap().push(line.clone());
        // The name and the password of AUTH LOGIN are no commands.
        let reply = match prompts {
            2 => b"334 UGFzc3dvcmQ6\r\n",
            1 => answer("AUTH PLAIN"),
            _ => answer(&line),
        };
        prompts = match prompts {
            0 if line == "AUTH LOGIN" => 2,
            0 => 0,
            left => left - 1,
        };
        client.write_all(reply)?;
        content = line == "DATA" && reply.starts_with(b"354");
        if line == "QUIT" || reply.starts_with(b"421") {
            break;
        }
    }
    Ok(())
}

async fn deliver(config: EmailConfig) -> Outcome {
    let channel = EmailChannel::new(config).unwrap();
    let n = firing();
    let message = channel.render(&n, &channel.targets()[0]).unwrap();
    channel.deliver(&attempt(&n, 1, PATIENCE), &message).await
}

fn said(code: &str, text: &[u8]) -> Vec<u8> {
    [code.as_bytes(), b" ", text, b"\r\n"].concat()
}

#[tokio::test]
async fn replies_in_any_charset_mean_what_their_code_means() {
    let korean = |code| said(code, NO_SUCH_USER);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("GREETING", korean("220"), "delivered"),
        (
            "GREETING",
            [b"220-\xb9\xdd\xb0\xa9\r\n".to_vec(), korean("220")].concat(),
            "delivered",
        ),
        (
            "EHLO",
            [
                b"250-".to_vec(),
                NO_SUCH_USER.to_vec(),
                b"\r\n250 AUTH PLAIN\r\n".to_vec(),
            ]
            .concat(),
            "delivered",
        ),
        ("MAIL", korean("250"), "delivered"),
        (".", korean("250"), "delivered"),
        ("RCPT", korean("550"), "permanent"),
        ("RCPT", korean("450"), "transient"),
        ("AUTH PLAIN", korean("535"), "broken"),
        ("GREETING", korean("554"), "broken"),
        (".", korean("451"), "transient"),
        (".", korean("554"), "permanent"),
        // Latin-1, and bytes of no charset at all.
        ("RCPT", said("550", b"utilisateur \xe9tranger"), "permanent"),
        ("RCPT", said("450", b"\xff\xfe\x00\x80"), "transient"),
    ];
    for (word, answer, want) in cases {
        let server = Server::start(vec![(word, answer.clone())]);
        let outcome = deliver(server.config(&["desk@x.test"])).await;
        let context = format!("{word} {}: {outcome:?}", String::from_utf8_lossy(&answer));
        assert_eq!(outcome.as_str(), want, "{context}");
        if want != "delivered" {
            let code = String::from_utf8_lossy(&answer[..3]).into_owned();
            assert!(outcome.reason().contains(&code), "{context}");
        }
        if let Outcome::Transient {
            maybe_delivered, ..
        } = outcome
        {
            assert!(!maybe_delivered, "{context}");
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_as_one_by_the_probe_too() {
    let server = Server::start(vec![("AUTH PLAIN", said("535", NO_SUCH_USER))]);
    let channel = EmailChannel::new(server.config(&["desk@x.test"])).unwrap();
    let outcome = channel.probe().await;
    assert_eq!(outcome.as_str(), "broken", "{outcome:?}");
    assert!(outcome.reason().starts_with("AUTH: 535"), "{outcome:?}");
}

#[tokio::test]
async fn servers_that_know_no_ehlo_are_greeted_the_old_way() {
    for code in ["502", "500"] {
        let server = Server::start(vec![("EHLO", said(code, b"unknown command"))]);
        let config = EmailConfig {
            username: None,
            password: Secret::default(),
            ..server.config(&["desk@x.test"])
        };
        let outcome = deliver(config).await;
        assert!(outcome.is_delivered(), "{code}: {outcome:?}");
        assert_eq!(
            server.heard()[..2],
            ["EHLO bongsu.test", "HELO bongsu.test"]
        );
    }
    // Who greets the old way offers no login, and that is said.
    let server = Server::start(vec![("EHLO", said("502", b"no"))]);
    let outcome = deliver(server.config(&["desk@x.test"])).await;
    assert_eq!(outcome.as_str(), "broken", "{outcome:?}");
    assert!(outcome.reason().contains("offers none"), "{outcome:?}");
}

#[tokio::test]
async fn offers_in_any_case_and_the_old_form() {
    let offers: [(&str, &str, &str); 5] = [
        (
            "250-mail.test\r\n250 auth plain login\r\n",
            "delivered",
            "AUTH PLAIN",
        ),
        (
            "250-mail.test\r\n250 AUTH=LOGIN PLAIN\r\n",
            "delivered",
            "AUTH PLAIN",
        ),
        (
            "250-mail.test\r\n250 AUTH=LOGIN\r\n",
            "delivered",
            "AUTH LOGIN",
        ),
        (
            "250-mail.test\r\n250-AUTH=LOGIN\r\n250 Auth Login\r\n",
            "delivered",
            "AUTH LOGIN",
        ),
        (
            "250-mail.test\r\n250 AUTH CRAM-MD5 XOAUTH2\r\n",
            "broken",
            "",
        ),
    ];
    for (ehlo, want, command) in offers {
        let server = Server::start(vec![("EHLO", ehlo.as_bytes().to_vec())]);
        let outcome = deliver(server.config(&["desk@x.test"])).await;
        assert_eq!(outcome.as_str(), want, "{ehlo}: {outcome:?}");
        let heard = server.heard();
        assert_eq!(
            heard.iter().any(|line| line.starts_with("AUTH")),
            !command.is_empty()
        );
        assert!(
            heard.iter().any(|line| line.starts_with(command)),
            "{ehlo}: {heard:?}"
        );
        if want == "broken" {
            assert!(
                outcome.reason().contains("CRAM-MD5, XOAUTH2"),
                "{outcome:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_said_against_the_greeting_is_no_fault_of_the_mail() {
    let helo = b"5.5.2 <vm>: Helo command rejected: need fully-qualified hostname";
    for (word, code, want) in [
        ("RCPT", "504", "broken"),
        ("RCPT", "550", "broken"),
        ("MAIL", "504", "broken"),
        ("EHLO", "550", "broken"),
        ("EHLO", "501", "broken"),
        ("RCPT", "450", "transient"),
    ] {
        let server = Server::start(vec![(word, said(code, helo))]);
        let config = server.config(&["desk@x.test"]);
        let outcome = deliver(config.clone()).await;
        assert_eq!(outcome.as_str(), want, "{word} {code}: {outcome:?}");
        let probed = EmailChannel::new(config).unwrap().probe().await;
        assert_eq!(probed.as_str(), want, "the probe goes as far: {probed:?}");
    }
}

#[tokio::test]
async fn the_name_said_in_ehlo_is_the_one_that_was_set() {
    let server = Server::start(Vec::new());
    let config = EmailConfig {
        hello: Some("engine.corp.example".to_owned()),
        ..server.config(&["desk@x.test"])
    };
    assert!(deliver(config).await.is_delivered());
    assert_eq!(server.heard()[0], "EHLO engine.corp.example");
    let bad = EmailConfig {
        hello: Some("two words".to_owned()),
        ..server.config(&["desk@x.test"])
    };
    let error = EmailChannel::new(bad).unwrap_err();
    assert_eq!(error.problems[0].field, "hello");
}

#[tokio::test]
async fn a_probe_names_every_recipient_and_sends_nothing() {
    let server = Server::start(vec![(
        "RCPT TO:<bad@x.test>",
        said("550", b"5.1.1 User unknown"),
    )]);
    let config = server.config(&["a@x.test", "bad@x.test", "c@x.test"]);
    let outcome = EmailChannel::new(config).unwrap().probe().await;
    assert_eq!(outcome.as_str(), "permanent", "{outcome:?}");
    assert!(outcome.reason().contains("<bad@x.test>"), "{outcome:?}");
    let heard = server.heard();
    for line in ["RCPT TO:<a@x.test>", "RCPT TO:<c@x.test>", "RSET", "QUIT"] {
        assert!(heard.iter().any(|said| said == line), "{line}: {heard:?}");
    }
    assert!(!heard.iter().any(|line| line == "DATA"), "{heard:?}");
}

#[tokio::test]
async fn recipients_as_people_write_them() {
    let server = Server::start(Vec::new());
    let config = server.config(&["\"Kim, Cheolsu\" <kim@x.test>, lee@x.test; desk@봉수.한국"]);
    let channel = EmailChannel::new(config).unwrap();
    let targets: Vec<String> = channel
        .targets()
        .into_iter()
        .map(|target| target.0)
        .collect();
    assert_eq!(
        targets,
        ["kim@x.test", "lee@x.test", "desk@xn--9n3bo6g.xn--3e0b707e"]
    );
    let n = firing();
    for target in channel.targets() {
        let message = channel.render(&n, &target).unwrap();
        let outcome = channel.deliver(&attempt(&n, 1, PATIENCE), &message).await;
        assert!(outcome.is_delivered(), "{target}: {outcome:?}");
    }
    let rcpt = "RCPT TO:<desk@xn--9n3bo6g.xn--3e0b707e>".to_owned();
    assert!(server.heard().contains(&rcpt), "{:?}", server.heard());
}

/// An address of this machine in brackets, as it is written before a port.
#[tokio::test]
async fn an_address_in_brackets() {
    let Ok(listener) = TcpListener::bind(("::1", 0)) else {
        // A machine without IPv6 has nobody to ask.
        let config = Server::start(Vec::new()).config(&["desk@x.test"]);
        assert!(
            EmailChannel::new(EmailConfig {
                host: "[::1]".to_owned(),
                ..config
            })
            .is_ok()
        );
        return;
    };
    let (port, script) = (listener.local_addr().unwrap().port(), ordinary());
    std::thread::spawn(move || {
        let heard = Mutex::new(Vec::new());
        for client in listener.incoming().map_while(Result::ok) {
            let _ = converse(client, &script, &heard);
        }
    });
    let unused = Server::start(Vec::new());
    let config = EmailConfig {
        host: "[::1]".to_owned(),
        port,
        ..unused.config(&["desk@x.test"])
    };
    let outcome = deliver(config).await;
    assert!(outcome.is_delivered(), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_speaks_another_language_or_none() {
    for answer in ["HTTP/1.1 400 Bad Request\r\n", "+OK POP3 ready\r\n", "\r\n"] {
        let server = Server::start(vec![("GREETING", answer.as_bytes().to_vec())]);
        let outcome = deliver(server.config(&["desk@x.test"])).await;
        assert_eq!(outcome.as_str(), "transient", "{answer:?}: {outcome:?}");
        assert!(
            outcome.reason().contains("not an SMTP reply"),
            "{outcome:?}"
        );
    }
    let endless = [b"220-more\r\n".repeat(20_000), b"220 end\r\n".to_vec()].concat();
    let server = Server::start(vec![("GREETING", endless)]);
    let outcome = deliver(server.config(&["desk@x.test"])).await;
    assert_eq!(outcome.as_str(), "transient", "{outcome:?}");
}
