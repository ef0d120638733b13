//! Mail over SMTP: required TLS, one envelope a recipient.

use std::collections::BTreeSet;

use async_trait::async_trait;
use lettre::message::Mailbox;
use rustls::pki_types::ServerName;

pub use self::addresses::addresses;
use self::addresses::mailbox;
use self::render as mail;
use self::render::Addresses;
pub use self::smtp::Tls;
use self::smtp::{Envelope, Server};
use super::error::{ChannelConfigError, Problem, Problems};
use crate::channel::{
    Attempt, Carries, Channel, Content, Limits, Notification, Outcome, RenderError, Rendered,
    ReportForm, Target,
};
use bongsu_secret::Secret;

mod addresses;
mod render;
mod smtp;

const HOST: &str = "a name or an address, no URL";

/// Where mail goes and by what way.
///
/// ```
/// use bongsu_alerts::{Secret, channels::{EmailChannel, EmailConfig}};
///
/// let email = EmailChannel::new(EmailConfig {
///     host: "smtp.example.com".to_owned(),
///     username: Some("alerts".to_owned()),
///     password: Secret::new("…"),
///     from: "봉수 <alerts@example.com>".to_owned(),
///     to: vec!["desk@example.com".to_owned(), "risk@example.com".to_owned()],
///     ..EmailConfig::default()
/// })?;
/// # Ok::<(), bongsu_alerts::channels::ChannelConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct EmailConfig {
    /// The server's name, which its certificate must carry.
    pub host: String,
    /// Default 587.
    pub port: u16,
    /// Default none: no AUTH.
    pub username: Option<String>,
    /// Goes with the user's name.
    pub password: Secret,
    /// `alerts@example.com` or `Name <alerts@example.com>`.
    pub from: String,
    /// The recipients, one or several an entry (see [`addresses`]); each gets a mail of its own.
    pub to: Vec<String>,
    /// Default [`Tls::StartTls`], required.
    pub tls: Tls,
    /// Certificate authorities to trust besides the machine's, PEM. Default none.
    pub ca_pem: Option<Vec<u8>>,
    /// The name said in EHLO: a full one, as servers ask for. Default the sender's domain.
    pub hello: Option<String>,
}

impl Default for EmailConfig {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            username: None,
            password: Secret::default(),
            from: String::new(),
            to: Vec::new(),
            tls: Tls::StartTls,
            ca_pem: None,
            hello: None,
        }
    }
}

/// Sends mail. Each recipient is a target of its own: one refused address holds nobody else up.
#[derive(Clone)]
pub struct EmailChannel {
    id: String,
    server: Server,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl std::fmt::Debug for EmailChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmailChannel")
            .field("id", &self.id)
            .field("host", &self.server.host)
            .field("port", &self.server.port)
            .field("tls", &self.server.tls)
            .field("recipients", &self.to.len())
            .finish_non_exhaustive()
    }
}

impl EmailChannel {
    /// Checks every field and sets up TLS; connects to nothing.
    ///
    /// # Errors
    /// Lists every field that cannot be right.
    pub fn new(config: EmailConfig) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("email");
        // `[::1]` is how an address is written before a port.
        let host = config.host.trim();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host).to_owned();
        let is_host = !host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@');
        if host.is_empty() {
            problems.add("host", Problem::Missing);
        } else if !is_host {
            problems.add("host", Problem::Malformed(HOST));
        }
        if config.port == 0 {
            problems.add("port", Problem::OutOfRange("1 to 65535"));
        }
        let username = config.username.filter(|name| !name.is_empty());
        if username.is_some() && config.password.is_empty() {
            problems.add("password", Problem::Missing);
        }
        if username.is_none() && !config.password.is_empty() {
            problems.add("username", Problem::Missing);
        }
        if username.is_some() && config.tls == Tls::None && !is_local(&host) {
            problems.add("password", Problem::Plaintext);
        }
        let from = problems.keep("from", mailbox(&config.from));
        let to = recipients(&config.to, &mut problems);
        let trust = match config.tls {
            Tls::None => None,
            Tls::StartTls | Tls::Implicit if host.is_empty() => None,
            Tls::StartTls | Tls::Implicit => {
                let trusted = problems.keep("tls", smtp::tls::trust(config.ca_pem.as_deref()));
                let name = ServerName::try_from(host.clone());
                if name.is_err() && is_host {
                    problems.add("host", Problem::Malformed(HOST));
                }
                trusted.zip(name.ok())
            }
        };
        let hello = match &config.hello {
            Some(name) => problems.keep("hello", hello(name)),
            None => from.as_ref().map(own_name),
        };
        let (from, hello) = problems.finish(from.zip(hello))?;
        Ok(Self {
            id: "email".to_owned(),
            server: Server {
                host,
                port: config.port,
                tls: config.tls,
                trust,
                login: username.map(|name| (name, config.password)),
                hello,
            },
            from,
            to,
        })
    }

    /// Sets the name in rules and metrics; default `email`.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    fn recipient(&self, target: &Target) -> Result<&Mailbox, RenderError> {
        self.to
            .iter()
            .find(|to| AsRef::<str>::as_ref(&to.email) == target.as_str())
            .ok_or_else(|| RenderError::new(format!("{target} is not a recipient of this channel")))
    }

    async fn send(&self, cx: &Attempt, to: &Mailbox, message: &[u8]) -> Outcome {
        let envelope = Envelope {
            from: self.from.email.as_ref(),
            to: to.email.as_ref(),
        };
        smtp::send(&self.server, envelope, message, cx.deadline).await
    }

    fn addresses(&self, target: &Target) -> Result<Addresses<'_>, RenderError> {
        Ok(Addresses {
            from: &self.from,
            to: self.recipient(target)?,
        })
    }
}

#[async_trait]
impl Channel for EmailChannel {
    fn id(&self) -> &str {
        &self.id
    }

    fn limits(&self) -> Limits {
        Limits::new(2.0, 10)
    }

    fn carries(&self) -> Carries {
        Carries::reports(ReportForm::Html)
    }

    fn targets(&self) -> Vec<Target> {
        self.to
            .iter()
            .map(|to| Target::new(to.email.to_string()))
            .collect()
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let (message, truncated) = mail::alert(n, self.addresses(target)?)?;
        Ok(Rendered::new(target.clone(), "message/rfc822", message).truncated(truncated))
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        match self.recipient(&message.target) {
            Ok(to) => self.send(cx, to, &message.body).await,
            Err(error) => Outcome::permanent(error.reason),
        }
    }

    /// `alternative(plain, related(html, pictures))`.
    async fn deliver_content(&self, cx: &Attempt, target: &Target, content: &Content) -> Outcome {
        let id = match content.message_id.as_str() {
            "" => &cx.delivery_id,
            id => id,
        };
        let message = self.addresses(target).and_then(|addresses| {
            Ok((addresses.to, mail::content(content, id, cx.now, addresses)?))
        });
        match message {
            Ok((to, bytes)) => self.send(cx, to, &bytes).await,
            Err(error) => Outcome::permanent(error.reason),
        }
    }

    /// As far as a mail goes without one being sent: connects, encrypts, authenticates, names the
    /// sender and each recipient. The first that is refused is told.
    async fn probe(&self) -> Outcome {
        let deadline = Attempt::trial(super::PROBE).deadline;
        let to: Vec<&str> = self.to.iter().map(|to| to.email.as_ref()).collect();
        smtp::probe(&self.server, self.from.email.as_ref(), &to, deadline).await
    }
}

fn recipients(to: &[String], problems: &mut Problems) -> Vec<Mailbox> {
    if to.is_empty() {
        problems.add("to", Problem::Missing);
    }
    let mut seen = BTreeSet::new();
    let mut list = Vec::new();
    for text in to.iter().flat_map(|entry| match addresses(entry) {
        // Said to be missing, not passed over.
        list if list.is_empty() => vec![String::new()],
        list => list,
    }) {
        if let Some(to) = problems.keep("to", mailbox(&text)) {
            if !seen.insert(to.email.to_string()) {
                problems.add("to", Problem::Repeated(to.email.to_string()));
            }
            list.push(to);
        }
    }
    list
}

/// A name to be said in EHLO: letters, digits, dots and dashes, or an address in brackets.
fn hello(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    let ascii = idna::domain_to_ascii(name).ok();
    let ascii = if name.starts_with('[') {
        Some(name.to_owned())
    } else {
        ascii
    };
    match ascii {
        Some(name) if !name.is_empty() && name.len() <= 255 && name.chars().all(legal) => Ok(name),
        _ => Err(Problem::Malformed(
            "a host's full name, as in engine.example.com",
        )),
    }
}

/// The sender's domain: a full name, known to the world, the same in every container.
fn own_name(from: &Mailbox) -> String {
    match from.email.domain() {
        domain if domain.contains('.') && !domain.starts_with('[') => domain.to_owned(),
        _ => "[127.0.0.1]".to_owned(),
    }
}

fn is_local(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}
