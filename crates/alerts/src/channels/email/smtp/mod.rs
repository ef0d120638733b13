//! One mail over one connection, step by step, so that each step has its own limit and meaning.
//!
//! No ready-made client is used: what a server says in EUC-KR, in lower case or in the old form
//! `AUTH=` must not keep a mail from going out, a cancelled exchange must never be taken up again, and
//! the final code decides.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bongsu_secret::Secret;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::Instant;

use self::connection::{Connection, Failure};
use self::meaning::{Step, clip, failure, late, refusal};
use self::offers::{Mechanism, Offers};
use self::reply::Reply;
use crate::channel::Outcome;

mod connection;
mod meaning;
mod offers;
mod reply;
pub(super) mod tls;

/// For the TCP connection.
const CONNECT: Duration = Duration::from_secs(5);
/// For each command.
const COMMAND: Duration = Duration::from_secs(30);
/// For the verdict after the content: servers scan it before they answer.
const VERDICT: Duration = Duration::from_secs(60);
/// For a farewell nobody waits for.
const GOODBYE: Duration = Duration::from_secs(1);

/// When the connection becomes encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tls {
    /// Plain at first, then STARTTLS or nothing: a server without it is refused. Port 587.
    #[default]
    StartTls,
    /// From the first byte. Port 465.
    Implicit,
    /// Never. Credentials are then allowed to this machine only.
    None,
}

/// Whom to trust, and the name that the certificate must carry.
pub(super) type Trust = (Arc<ClientConfig>, ServerName<'static>);

/// How to reach the server.
#[derive(Clone)]
pub(super) struct Server {
    /// A name or an address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) trust: Option<Trust>,
    pub(super) login: Option<(String, Secret)>,
    /// The name said in EHLO.
    pub(super) hello: String,
}

/// From whom to whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Envelope<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
}

/// Sends one message to one recipient.
pub(super) async fn send(
    server: &Server,
    envelope: Envelope<'_>,
    message: &[u8],
    deadline: Instant,
) -> Outcome {
    match transaction(server, envelope, message, deadline).await {
        Ok(note) => Outcome::delivered_with(note),
        Err(outcome) => outcome,
    }
}

/// As far as a mail goes without one being sent: sender and every recipient are named, then taken
/// back. The first recipient that is refused is told.
pub(super) async fn probe(
    server: &Server,
    from: &str,
    recipients: &[&str],
    deadline: Instant,
) -> Outcome {
    let result = async {
        let mut session = Session::open(server, deadline).await?;
        let mut refused = None;
        for &to in recipients {
            let envelope = Envelope { from, to };
            session.address(envelope, &[]).await.or_else(|outcome| {
                // The channel itself: nobody else is to be asked.
                let fatal = matches!(outcome, Outcome::ChannelBroken { .. });
                refused.get_or_insert(outcome.clone());
                if fatal { Err(outcome) } else { Ok(()) }
            })?;
            session.step(Step::Reset, "RSET", &[250], None).await?;
        }
        session.goodbye().await;
        Ok::<_, Outcome>(refused.unwrap_or_else(Outcome::delivered))
    };
    result.await.unwrap_or_else(|outcome| outcome)
}

async fn transaction(
    server: &Server,
    envelope: Envelope<'_>,
    message: &[u8],
    deadline: Instant,
) -> Result<String, Outcome> {
    let mut session = Session::open(server, deadline).await?;
    session.address(envelope, message).await?;
    session.step(Step::Data, "DATA", &[354], None).await?;
    let content = stuffed(message);
    let write = session.connection.write(&content);
    within(Step::Content, COMMAND, deadline, write).await?;
    let write = session.connection.write(b".\r\n");
    within(Step::Verdict, COMMAND, deadline, write).await?;
    let verdict = session.connection.reply();
    let reply = within(Step::Verdict, VERDICT, deadline, verdict).await?;
    expect(Step::Verdict, &reply, &[250], Some(envelope.to))?;
    session.goodbye().await;
    Ok(clip(&reply.text()))
}

/// A connection that has been greeted.
struct Session {
    connection: Connection,
    offers: Offers,
    deadline: Instant,
}

impl Session {
    /// Connects, encrypts as asked for, and authenticates.
    async fn open(server: &Server, deadline: Instant) -> Result<Self, Outcome> {
        let connect = Connection::open(&server.host, server.port, CONNECT);
        let connect = async { connect.await.map_err(Failure::Lost) };
        let mut connection = within(Step::Connect, COMMAND, deadline, connect).await?;
        if server.tls == Tls::Implicit {
            connection = encrypted(server, Step::Connect, connection, deadline).await?;
        }
        let greeting = within(Step::Connect, COMMAND, deadline, connection.reply()).await?;
        expect(Step::Connect, &greeting, &[220], None)?;
        let mut session = Self {
            connection,
            offers: Offers::default(),
            deadline,
        };
        session.hello(server).await?;
        if server.tls == Tls::StartTls {
            if !session.offers.start_tls {
                return Err(Outcome::broken("the server does not offer STARTTLS"));
            }
            session
                .step(Step::StartTls, "STARTTLS", &[220], None)
                .await?;
            if session.connection.has_unread() {
                let words =
                    "STARTTLS: there was more behind the answer, as if somebody had slipped it in";
                return Err(Outcome::broken(words));
            }
            session.connection =
                encrypted(server, Step::StartTls, session.connection, deadline).await?;
            session.hello(server).await?;
        }
        if server.tls != Tls::None && !session.connection.is_encrypted() {
            return Err(Outcome::broken("the connection is not encrypted"));
        }
        if let Some((user, password)) = &server.login {
            session.authenticate(user, password).await?;
        }
        Ok(session)
    }

    /// EHLO; HELO to whoever does not know it.
    async fn hello(&mut self, server: &Server) -> Result<(), Outcome> {
        let reply = self
            .ask(Step::Hello, &format!("EHLO {}", server.hello))
            .await?;
        if matches!(reply.code, 500 | 502) {
            let old = format!("HELO {}", server.hello);
            self.step(Step::Hello, &old, &[250], Some(&server.hello))
                .await?;
            self.offers = Offers::default();
            return Ok(());
        }
        expect(Step::Hello, &reply, &[250], Some(&server.hello))?;
        self.offers = Offers::of(&reply);
        Ok(())
    }

    async fn authenticate(&mut self, user: &str, password: &Secret) -> Result<(), Outcome> {
        let encoded = |text: &str| STANDARD.encode(text);
        match self.offers.mechanism() {
            Some(Mechanism::Plain) => {
                let both = encoded(&format!("\0{user}\0{}", password.expose()));
                let command = format!("AUTH PLAIN {both}");
                self.step(Step::Auth, &command, &[235], None).await?;
            }
            Some(Mechanism::Login) => {
                self.step(Step::Auth, "AUTH LOGIN", &[334], None).await?;
                self.step(Step::Auth, &encoded(user), &[334], None).await?;
                let password = encoded(password.expose());
                self.step(Step::Auth, &password, &[235], None).await?;
            }
            None => {
                let offered = match self.offers.auth.join(", ") {
                    list if list.is_empty() => "none".to_owned(),
                    list => list,
                };
                return Err(Outcome::broken(clip(&format!(
                    "AUTH: PLAIN and LOGIN are spoken here, the server offers {offered}"
                ))));
            }
        }
        Ok(())
    }

    /// Names the sender and the recipient.
    async fn address(&mut self, envelope: Envelope<'_>, message: &[u8]) -> Result<(), Outcome> {
        let Envelope { from, to } = envelope;
        let mut mail = format!("MAIL FROM:<{from}>");
        if !(from.is_ascii() && to.is_ascii()) {
            if !self.offers.utf8_addresses {
                return Err(Outcome::permanent(format!(
                    "the server takes ASCII addresses only, not <{to}>"
                )));
            }
            mail.push_str(" SMTPUTF8");
        }
        if !message.is_ascii() && self.offers.eight_bit {
            mail.push_str(" BODY=8BITMIME");
        }
        self.step(Step::Sender, &mail, &[250], Some(from)).await?;
        let rcpt = format!("RCPT TO:<{to}>");
        self.step(Step::Recipient, &rcpt, &[250, 251, 252], Some(to))
            .await
    }

    async fn ask(&mut self, step: Step, command: &str) -> Result<Reply, Outcome> {
        let work = self.connection.command(command);
        within(step, COMMAND, self.deadline, work).await
    }

    async fn step(
        &mut self,
        step: Step,
        command: &str,
        codes: &[u16],
        about: Option<&str>,
    ) -> Result<(), Outcome> {
        let reply = self.ask(step, command).await?;
        expect(step, &reply, codes, about)
    }

    /// The message is delivered already: nothing that happens here matters.
    async fn goodbye(&mut self) {
        let end = self.deadline.min(Instant::now() + GOODBYE);
        let _ = tokio::time::timeout_at(end, self.connection.command("QUIT")).await;
    }
}

async fn encrypted(
    server: &Server,
    step: Step,
    connection: Connection,
    deadline: Instant,
) -> Result<Connection, Outcome> {
    let Some((config, name)) = &server.trust else {
        return Err(Outcome::broken("TLS is not set up"));
    };
    let handshake = connection.encrypt(Arc::clone(config), name.clone());
    within(step, COMMAND, deadline, handshake).await
}

/// The connection is dropped with its future: half an exchange is never reused.
async fn within<T>(
    step: Step,
    limit: Duration,
    deadline: Instant,
    work: impl Future<Output = Result<T, Failure>> + Send,
) -> Result<T, Outcome> {
    let end = deadline.min(Instant::now() + limit);
    match tokio::time::timeout_at(end, work).await {
        Ok(result) => result.map_err(|error| failure(step, error)),
        Err(_) => Err(late(step)),
    }
}

fn expect(step: Step, reply: &Reply, codes: &[u16], about: Option<&str>) -> Result<(), Outcome> {
    if codes.contains(&reply.code) {
        return Ok(());
    }
    Err(refusal(step, reply, about))
}

/// With every line that begins with a dot given another, and an end to the last line.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::stuffed;

    #[test]
    fn dots_and_the_last_line() {
        let check = |message: &str, want: &str| {
            assert_eq!(
                String::from_utf8(stuffed(message.as_bytes())).unwrap(),
                want
            );
        };
        check("a\r\n.\r\n..x\r\nb.\r\n", "a\r\n..\r\n...x\r\nb.\r\n");
        check(".", "..\r\n");
        check("", "\r\n");
    }
}
