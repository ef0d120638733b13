//! Mail over SMTP: required TLS, one envelope a recipient.

use std::collections::BTreeSet;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use self::render as mail;
use self::render::Addresses;
use self::smtp::Server;
pub use self::smtp::Tls;
use super::error::{ChannelConfigError, Problem, Problems};
use crate::channel::{
    Attempt, Carries, Channel, Content, Limits, Notification, Outcome, RenderError, Rendered,
    ReportForm, Target,
};
use bongsu_secret::Secret;

mod render;
mod smtp;

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
    /// The recipients; each gets a mail of its own.
    pub to: Vec<String>,
    /// Default [`Tls::StartTls`], required.
    pub tls: Tls,
    /// A certificate authority to trust besides the machine's, PEM. Default none.
    pub ca_pem: Option<Vec<u8>>,
    /// The name said in EHLO. Default this machine's.
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
        let host = config.host.trim().to_owned();
        if host.is_empty() {
            problems.add("host", Problem::Missing);
        } else if host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@') {
            problems.add("host", Problem::Malformed("a name or an address, no URL"));
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
        let parameters = match config.tls {
            Tls::None => None,
            Tls::StartTls | Tls::Implicit if host.is_empty() => None,
            Tls::StartTls | Tls::Implicit => {
                problems.keep("tls", parameters(&host, config.ca_pem.as_deref()))
            }
        };
        let from = problems.finish(from)?;
        Ok(Self {
            id: "email".to_owned(),
            server: Server {
                host,
                port: config.port,
                tls: config.tls,
                parameters,
                credentials: username
                    .map(|name| Credentials::new(name, config.password.expose().to_owned())),
                hello: config
                    .hello
                    .map_or_else(ClientId::default, ClientId::Domain),
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
            Ok(to) => {
                let (from, to) = (&self.from.email, &to.email);
                smtp::send(&self.server, from, to, &message.body, cx.deadline).await
            }
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
            Ok((
                addresses.to,
                mail::content(content, id, cx.now.into(), addresses)?,
            ))
        });
        match message {
            Ok((to, bytes)) => {
                let (from, to) = (&self.from.email, &to.email);
                smtp::send(&self.server, from, to, &bytes, cx.deadline).await
            }
            Err(error) => Outcome::permanent(error.reason),
        }
    }

    /// Connects, encrypts, authenticates, and leaves without a mail.
    async fn probe(&self) -> Outcome {
        smtp::probe(&self.server, Attempt::trial(super::PROBE).deadline).await
    }
}

fn mailbox(text: &str) -> Result<Mailbox, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::Missing);
    }
    text.parse()
        .map_err(|error: lettre::address::AddressError| Problem::Address {
            given: text.chars().take(100).collect(),
            reason: error.to_string(),
        })
}

fn recipients(to: &[String], problems: &mut Problems) -> Vec<Mailbox> {
    if to.is_empty() {
        problems.add("to", Problem::Missing);
    }
    let mut seen = BTreeSet::new();
    let mut list = Vec::new();
    for text in to {
        if let Some(to) = problems.keep("to", mailbox(text)) {
            if !seen.insert(to.email.to_string()) {
                problems.add("to", Problem::Repeated(to.email.to_string()));
            }
            list.push(to);
        }
    }
    list
}

fn parameters(host: &str, ca_pem: Option<&[u8]>) -> Result<TlsParameters, Problem> {
    let tls = |error: lettre::transport::smtp::Error| Problem::Tls(error.to_string());
    let builder = TlsParameters::builder(host.to_owned());
    let Some(pem) = ca_pem else {
        return builder.build_rustls().map_err(tls);
    };
    // lettre takes a text without any certificate for an empty list.
    if !String::from_utf8_lossy(pem).contains("-----BEGIN CERTIFICATE-----") {
        return Err(Problem::Tls("no certificate in the PEM".to_owned()));
    }
    let certificate = Certificate::from_pem(pem).map_err(tls)?;
    builder
        .add_root_certificate(certificate.clone())
        .build_rustls()
        .or_else(|_| {
            // A slim container has no certificates of its own: the given one is then all there is.
            TlsParameters::builder(host.to_owned())
                .certificate_store(CertificateStore::None)
                .add_root_certificate(certificate)
                .build_rustls()
        })
        .map_err(tls)
}

fn is_local(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}
