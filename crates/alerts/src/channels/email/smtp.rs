//! One mail over one connection, step by step, so that each step has its own limit and meaning.
//!
//! lettre's transport is not used: its timeout bounds the connect only, its pool takes back a
//! connection whose `send` was cancelled half-way, and it does not look at the final code.

use std::error::Error as _;
use std::future::Future;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Code, Response};
use tokio::time::Instant;

use self::wire::Wire;
use crate::channel::Outcome;
use crate::render::fit::{Unit, fit, one_line, verbatim};

mod wire;

/// For the TCP connection.
const CONNECT: Duration = Duration::from_secs(5);
/// For each command.
const COMMAND: Duration = Duration::from_secs(30);
/// For the verdict after the content: servers scan it before they answer.
const CONTENT: Duration = Duration::from_secs(60);
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

/// How to reach the server.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: Tls,
    pub(crate) parameters: Option<TlsParameters>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) hello: ClientId,
}

/// Where an exchange is: the same failure means different things at different steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Connect,
    StartTls,
    Auth,
    Sender,
    Recipient,
    Data,
    Content,
    Noop,
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Data => "DATA",
            Self::Content => "the message",
            Self::Noop => "NOOP",
        }
    }
}

/// Sends one message to one recipient.
pub(crate) async fn send(
    server: &Server,
    from: &Address,
    to: &Address,
    message: &[u8],
    deadline: Instant,
) -> Outcome {
    match transaction(server, from, to, message, deadline).await {
        Ok(note) => Outcome::Delivered { note: Some(note) },
        Err(outcome) => outcome,
    }
}

/// Connects, encrypts, authenticates, and leaves.
pub(crate) async fn probe(server: &Server, deadline: Instant) -> Outcome {
    let result = async {
        let mut connection = open(server, deadline).await?;
        let reply = step(Step::Noop, COMMAND, deadline, connection.command(Noop)).await?;
        expect(Step::Noop, &reply, &[250])?;
        goodbye(connection, deadline).await;
        Ok(Outcome::delivered())
    };
    result.await.unwrap_or_else(|outcome| outcome)
}

async fn transaction(
    server: &Server,
    from: &Address,
    to: &Address,
    message: &[u8],
    deadline: Instant,
) -> Result<String, Outcome> {
    let mut connection = open(server, deadline).await?;
    let mut options = Vec::new();
    if !(AsRef::<str>::as_ref(from).is_ascii() && AsRef::<str>::as_ref(to).is_ascii()) {
        if !connection
            .server_info()
            .supports_feature(Extension::SmtpUtfEight)
        {
            return Err(Outcome::permanent("the server takes ASCII addresses only"));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !message.is_ascii() {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let mail = Mail::new(Some(from.clone()), options);
    let reply = step(Step::Sender, COMMAND, deadline, connection.command(mail)).await?;
    expect(Step::Sender, &reply, &[250])?;
    let rcpt = Rcpt::new(to.clone(), Vec::new());
    let reply = step(Step::Recipient, COMMAND, deadline, connection.command(rcpt)).await?;
    expect(Step::Recipient, &reply, &[250, 251, 252])?;
    let reply = step(Step::Data, COMMAND, deadline, connection.command(Data)).await?;
    expect(Step::Data, &reply, &[354])?;
    let reply = step(
        Step::Content,
        CONTENT,
        deadline,
        connection.message(message),
    )
    .await?;
    expect(Step::Content, &reply, &[250])?;
    let note = said(&reply);
    goodbye(connection, deadline).await;
    Ok(note)
}

async fn open(server: &Server, deadline: Instant) -> Result<AsyncSmtpConnection, Outcome> {
    let mut connection = match server.tls {
        Tls::StartTls => upgrade(server, deadline).await?,
        Tls::Implicit | Tls::None => {
            let address = (server.host.as_str(), server.port);
            let parameters = server.parameters.clone();
            let connect = AsyncSmtpConnection::connect_tokio1(
                address,
                Some(CONNECT),
                &server.hello,
                parameters,
                None,
            );
            step(Step::Connect, COMMAND, deadline, connect).await?
        }
    };
    if server.tls != Tls::None && !connection.is_encrypted() {
        return Err(Outcome::broken("the connection is not encrypted"));
    }
    if let Some(credentials) = &server.credentials {
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        let auth = connection.auth(&mechanisms, credentials);
        let reply = step(Step::Auth, COMMAND, deadline, auth).await?;
        expect(Step::Auth, &reply, &[235])?;
    }
    Ok(connection)
}

/// In the clear up to STARTTLS and no byte further.
async fn upgrade(server: &Server, deadline: Instant) -> Result<AsyncSmtpConnection, Outcome> {
    let connect = Wire::connect(&server.host, server.port, CONNECT);
    let (wire, encrypted) = tokio::time::timeout_at(deadline, connect)
        .await
        .map_err(|_| Outcome::transient("no connection in time"))?
        .map_err(|error| Outcome::transient(format!("connecting: {error}")))?;
    let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &server.hello);
    let mut connection = step(Step::Connect, COMMAND, deadline, greeting).await?;
    let parameters = match &server.parameters {
        Some(parameters) if connection.can_starttls() => parameters.clone(),
        _ => return Err(Outcome::broken("the server does not offer STARTTLS")),
    };
    let upgrade = connection.starttls(parameters, &server.hello);
    step(Step::StartTls, COMMAND, deadline, upgrade).await?;
    encrypted.set();
    Ok(connection)
}

/// The message is delivered already: nothing that happens here matters.
async fn goodbye(mut connection: AsyncSmtpConnection, deadline: Instant) {
    let end = deadline.min(Instant::now() + GOODBYE);
    let _ = tokio::time::timeout_at(end, connection.quit()).await;
}

async fn step<T>(
    step: Step,
    limit: Duration,
    deadline: Instant,
    work: impl Future<Output = Result<T, Error>> + Send,
) -> Result<T, Outcome> {
    let end = deadline.min(Instant::now() + limit);
    match tokio::time::timeout_at(end, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failure(step, &error)),
        // The connection is dropped with its future: half an exchange is never reused.
        Err(_) => Err(Outcome::Transient {
            reason: format!("no answer to {} in time", step.name()),
            retry_after: None,
            maybe_delivered: step == Step::Content,
        }),
    }
}

/// A reply to something else means that the two sides are out of step.
fn expect(step: Step, reply: &Response, codes: &[u16]) -> Result<(), Outcome> {
    let code = u16::from(reply.code());
    if codes.contains(&code) {
        return Ok(());
    }
    Err(Outcome::Transient {
        reason: format!(
            "unexpected answer to {}: {code} {}",
            step.name(),
            said(reply)
        ),
        retry_after: None,
        maybe_delivered: step == Step::Content,
    })
}

fn said(reply: &Response) -> String {
    let lines: Vec<&str> = reply.message().collect();
    clip(&lines.join(" "))
}

/// What a failed step means.
fn failure(step: Step, error: &Error) -> Outcome {
    let reason = format!("{}: {}", step.name(), words(error));
    match error.status().map(number) {
        Some(code) => refusal(step, code, reason),
        None if matches!(step, Step::Connect | Step::StartTls) && is_handshake(error) => {
            Outcome::broken(reason)
        }
        // Nothing was sent: no mechanism in common, or TLS could not be set up.
        None if error.is_client() && step != Step::Content => Outcome::broken(reason),
        None => Outcome::Transient {
            reason,
            retry_after: None,
            maybe_delivered: step == Step::Content,
        },
    }
}

/// What a 4yz or 5yz means at a step.
pub(crate) fn refusal(step: Step, code: u16, reason: String) -> Outcome {
    match (code, step) {
        // 535 is "permanent" to the protocol, yet it is the channel that is wrong, not the mail.
        (530 | 534 | 535 | 538, _) => Outcome::broken(reason),
        (400..=499, _) => Outcome::transient(reason),
        // Nobody gets past these, whatever the mail.
        (500..=599, Step::Connect | Step::StartTls | Step::Auth) => Outcome::broken(reason),
        _ => Outcome::permanent(reason),
    }
}

fn number(code: Code) -> u16 {
    u16::from(code)
}

/// Whether TLS itself said no: rustls reports it as invalid data below the error, and none of
/// lettre's own predicates tells.
fn is_handshake(error: &Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return io.kind() == std::io::ErrorKind::InvalidData
                && !io.to_string().contains("UTF-8");
        }
        source = cause.source();
    }
    error.is_tls()
}

fn words(error: &Error) -> String {
    clip(&bongsu_text::chain(error))
}

fn clip(text: &str) -> String {
    fit(&one_line(text), 300, Unit::Chars, verbatim).text
}

#[cfg(test)]
mod tests;
