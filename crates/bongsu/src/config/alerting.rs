//! Alerts: how long a repeat is held back, and each channel's variables.

use std::time::Duration;

use super::{
    Config, Secret,
    reader::Findings,
    value::{boolean, choice, list, masked, port, put, seconds, time, word},
    variables::{Unit, Variable},
};

/// Cooldown and channels.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AlertConfig {
    /// How long a repeat is held back.
    pub cooldown: Duration,
    /// Whether a line logged at ERROR is an alert too.
    pub on_errors: bool,
    /// Email, when host, sender and recipients are set.
    pub email: EmailVars,
    /// Slack webhook.
    pub slack: Option<Secret>,
    /// The channel that overrides the webhook's own.
    pub slack_channel: Option<String>,
    /// Webhook URLs.
    pub webhooks: Vec<Secret>,
    /// Secret that signs them.
    pub webhook_secret: Option<Secret>,
    /// Bot token, used with a chat.
    pub telegram: Option<Secret>,
    /// The chat that the bot writes to.
    pub telegram_chat: Option<String>,
    /// Discord webhook.
    pub discord: Option<Secret>,
    /// PagerDuty routing key.
    pub pagerduty: Option<Secret>,
    /// Teams workflow.
    pub teams: Option<Secret>,
    /// Alertmanager peers.
    pub alertmanagers: Vec<Secret>,
    /// Dead-man's switch.
    pub heartbeat: Option<Secret>,
}

impl Default for AlertConfig {
    fn default() -> Self {
        Self {
            cooldown: Duration::from_secs(900),
            on_errors: false,
            email: EmailVars::default(),
            slack: None,
            slack_channel: None,
            webhooks: Vec::new(),
            webhook_secret: None,
            telegram: None,
            telegram_chat: None,
            discord: None,
            pagerduty: None,
            teams: None,
            alertmanagers: Vec::new(),
            heartbeat: None,
        }
    }
}

/// How mail is sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EmailVars {
    /// Server.
    pub host: Option<String>,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: SmtpTls,
    /// User, with a password.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// Sender.
    pub from: Option<String>,
    /// Recipients.
    pub to: Vec<String>,
}

impl Default for EmailVars {
    fn default() -> Self {
        Self {
            host: None,
            port: 587,
            tls: SmtpTls::StartTls,
            username: None,
            password: None,
            from: None,
            to: Vec::new(),
        }
    }
}

/// Encryption of the connection to the mail server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SmtpTls {
    /// STARTTLS, required.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None: only for a relay on the same machine.
    None,
}

const TLS: [(&str, SmtpTls); 3] = [
    ("starttls", SmtpTls::StartTls),
    ("implicit", SmtpTls::Implicit),
    ("none", SmtpTls::None),
];

pub(super) const VARS: &[&[Variable]] = &[
    &[
        Variable::new(
            "BONGSU_ALERT_COOLDOWN_SECONDS",
            "900",
            "how long a repeated alert is held back",
            |c, v| put(&mut c.alerts.cooldown, time(v, (0.0, 30.0 * 86_400.0))),
            |c| seconds(c.alerts.cooldown),
        )
        .counts(Unit::Seconds)
        .needs("alerts"),
        Variable::new(
            "BONGSU_ALERT_ON_ERRORS",
            "false",
            "whether each line that the service logs at ERROR is an alert too, one a place in the code",
            |c, v| put(&mut c.alerts.on_errors, boolean(v)),
            |c| Some(c.alerts.on_errors.to_string()),
        )
        .needs("alerts"),
    ],
    EMAIL,
    &[
        url(
            "SLACK_WEBHOOK_URL",
            "slack",
            "incoming webhook, or several separated by commas",
            |c, v| put(&mut c.alerts.slack, Ok(Some(Secret::new(v)))),
            |c| masked(c.alerts.slack.as_ref()),
        )
        .shared(),
        Variable::new(
            "SLACK_CHANNEL",
            "",
            "overrides the webhook's channel, e.g. `#trading-alerts`; several, separated by commas, are written to each",
            |c, v| put(&mut c.alerts.slack_channel, Ok(Some(v.to_owned()))),
            |c| c.alerts.slack_channel.clone(),
        )
        .shared()
        .needs("slack"),
    ],
    &[
        url(
            "ALERT_WEBHOOK_URLS",
            "webhook",
            "URLs, separated by commas",
            |c, v| put(&mut c.alerts.webhooks, Ok(secrets(v))),
            |c| masked(c.alerts.webhooks.first()),
        ),
        Variable::new(
            "ALERT_WEBHOOK_SECRET",
            "",
            "`whsec_…`: signs the webhooks (Standard Webhooks 1.0)",
            |c, v| put(&mut c.alerts.webhook_secret, Ok(Some(Secret::new(v)))),
            |c| masked(c.alerts.webhook_secret.as_ref()),
        )
        .secret()
        .needs("webhook"),
    ],
    &[
        Variable::new(
            "TELEGRAM_BOT_TOKEN",
            "",
            "together with `TELEGRAM_CHAT_ID`",
            |c, v| put(&mut c.alerts.telegram, Ok(Some(Secret::new(v)))),
            |c| masked(c.alerts.telegram.as_ref()),
        )
        .secret()
        .shared()
        .needs("telegram"),
        Variable::new(
            "TELEGRAM_CHAT_ID",
            "",
            "chats to write to, separated by commas: `-1001234567890`, `@desk`, or `-1001234567890/42` for a topic",
            |c, v| put(&mut c.alerts.telegram_chat, Ok(Some(v.to_owned()))),
            |c| c.alerts.telegram_chat.clone(),
        )
        .shared()
        .needs("telegram"),
    ],
    &[url(
        "DISCORD_WEBHOOK_URL",
        "discord",
        "webhook, or several separated by commas",
        |c, v| put(&mut c.alerts.discord, Ok(Some(Secret::new(v)))),
        |c| masked(c.alerts.discord.as_ref()),
    )
    .shared()],
    &[url(
        "PAGERDUTY_ROUTING_KEY",
        "pagerduty",
        "Events v2 integration key, or several separated by commas",
        |c, v| put(&mut c.alerts.pagerduty, Ok(Some(Secret::new(v)))),
        |c| masked(c.alerts.pagerduty.as_ref()),
    )
    .shared()],
    &[url(
        "TEAMS_WEBHOOK_URL",
        "teams",
        "workflow URL, or several separated by commas",
        |c, v| put(&mut c.alerts.teams, Ok(Some(Secret::new(v)))),
        |c| masked(c.alerts.teams.as_ref()),
    )
    .shared()],
    &[url(
        "ALERTMANAGER_URLS",
        "alertmanager",
        "every peer, separated by commas",
        |c, v| put(&mut c.alerts.alertmanagers, Ok(secrets(v))),
        |c| masked(c.alerts.alertmanagers.first()),
    )],
    &[url(
        "BONGSU_HEARTBEAT_URL",
        "heartbeat",
        "dead-man's switch: called every minute while the service lives",
        |c, v| put(&mut c.alerts.heartbeat, Ok(Some(Secret::new(v)))),
        |c| masked(c.alerts.heartbeat.as_ref()),
    )],
];

const EMAIL: &[Variable] = &[
    Variable::new(
        "SMTP_HOST",
        "",
        "mail server; with `ALERT_EMAIL_FROM` and `ALERT_EMAIL_TO` it turns email on",
        |c, v| put(&mut c.alerts.email.host, Ok(Some(v.to_owned()))),
        |c| c.alerts.email.host.clone(),
    )
    .shared()
    .needs("email"),
    Variable::new(
        "SMTP_PORT",
        "587",
        "its port",
        |c, v| put(&mut c.alerts.email.port, port(v)),
        |c| Some(c.alerts.email.port.to_string()),
    )
    .shared()
    .needs("email"),
    Variable::new(
        "BONGSU_SMTP_TLS",
        "starttls",
        "`starttls` (required), `implicit` (unset on port 465) or `none`",
        |c, v| put(&mut c.alerts.email.tls, choice(v, &TLS)),
        |c| word(&c.alerts.email.tls, &TLS),
    )
    .needs("email"),
    Variable::new(
        "SMTP_USERNAME",
        "",
        "user, together with `SMTP_PASSWORD`",
        |c, v| put(&mut c.alerts.email.username, Ok(Some(v.to_owned()))),
        |c| c.alerts.email.username.clone(),
    )
    .shared()
    .needs("email"),
    Variable::new(
        "SMTP_PASSWORD",
        "",
        "password",
        |c, v| put(&mut c.alerts.email.password, Ok(Some(Secret::new(v)))),
        |c| masked(c.alerts.email.password.as_ref()),
    )
    .secret()
    .shared()
    .needs("email"),
    Variable::new(
        "ALERT_EMAIL_FROM",
        "",
        "sender; required with `SMTP_HOST`",
        |c, v| put(&mut c.alerts.email.from, Ok(Some(v.to_owned()))),
        |c| c.alerts.email.from.clone(),
    )
    .needs("email"),
    Variable::new(
        "ALERT_EMAIL_TO",
        "",
        "recipients, separated by commas or semicolons, e.g. `\"Kim, Cheolsu\" <kim@example.com>; desk@example.com`; required with `SMTP_HOST`, unless `REPORT_EMAIL_TO` is set",
        |c, v| put(&mut c.alerts.email.to, Ok(recipients(v))),
        |c| (!c.alerts.email.to.is_empty()).then(|| c.alerts.email.to.join(",")),
    )
    .needs("email"),
];

/// An address that is a secret.
const fn url(
    name: &'static str,
    feature: &'static str,
    help: &'static str,
    set: super::variables::Set,
    show: super::variables::Show,
) -> Variable {
    Variable::new(name, "", help, set, show)
        .secret()
        .needs(feature)
}

/// Mail addresses, whose names may hold commas.
fn recipients(text: &str) -> Vec<String> {
    #[cfg(feature = "email")]
    {
        bongsu_alerts::channels::addresses(text)
    }
    #[cfg(not(feature = "email"))]
    {
        list(text)
    }
}

fn secrets(text: &str) -> Vec<Secret> {
    list(text).into_iter().map(Secret::new).collect()
}

/// What is wrong with a mail server's name or address. What else stands in it may be a secret.
fn judge_host(text: &str) -> Option<String> {
    if text.contains("://") || text.contains('@') {
        return Some("is a URL; name the host alone, e.g. smtp.example.com".to_owned());
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => Some(format!(
            "{text:?} has a port in it; set SMTP_HOST={host} and SMTP_PORT={port}"
        )),
        _ => None,
    }
}

pub(super) fn check(config: &mut Config, findings: &mut Findings) {
    email(config, findings);
    pairs(config, findings);
    // What is missing was said already; a channel says it again in other words.
    for problem in crate::parts::alerts::problems(config) {
        if !findings.has_problem(&problem.variable) {
            findings.problems.push(problem);
        }
    }
}

/// Mail needs a server, a sender and recipients. A server alone is the service's own.
fn email(config: &mut Config, findings: &mut Findings) {
    let reports = config.delivery.report_email_to.is_some();
    let email = &mut config.alerts.email;
    let ours = email.from.is_some() || !email.to.is_empty() || reports;
    let Some(host) = config.given.get("SMTP_HOST") else {
        if ours && !findings.has_problem("SMTP_HOST") {
            findings.problem(
                "SMTP_HOST",
                "is not set, but ALERT_EMAIL_FROM or ALERT_EMAIL_TO is",
            );
        }
        return;
    };
    if !ours && host == "SMTP_HOST" {
        let message = "is set without ALERT_EMAIL_FROM and ALERT_EMAIL_TO: no alert goes by mail; \
                       set both, or BONGSU_SMTP_HOST=none";
        findings.warning("SMTP_HOST", message);
        email.host = None;
        return;
    }
    findings.insist(&["SMTP_PORT"]);
    if let Some(message) = email.host.as_deref().and_then(judge_host) {
        findings.problem("SMTP_HOST", message);
    }
    if email.from.is_none() {
        findings.problem("ALERT_EMAIL_FROM", "is not set; SMTP_HOST needs it");
    }
    if email.to.is_empty() && !reports {
        findings.problem("ALERT_EMAIL_TO", "is not set; SMTP_HOST needs it");
    }
    match (&email.username, &email.password) {
        (Some(_), None) => findings.problem("SMTP_PASSWORD", "is not set; SMTP_USERNAME needs it"),
        (None, Some(_)) => findings.problem("SMTP_USERNAME", "is not set; SMTP_PASSWORD needs it"),
        _ => {}
    }
    let tls_given = config.given.contains_key("BONGSU_SMTP_TLS");
    match (email.port, email.tls) {
        (465, SmtpTls::StartTls) if tls_given => findings.problem(
            "BONGSU_SMTP_TLS",
            "port 465 speaks TLS from the first byte: set BONGSU_SMTP_TLS=implicit, or SMTP_PORT=587",
        ),
        (465, SmtpTls::StartTls) => {
            email.tls = SmtpTls::Implicit;
            findings.warning(
                "SMTP_PORT",
                "465 speaks TLS from the first byte, so BONGSU_SMTP_TLS=implicit is taken; set it",
            );
        }
        (587, SmtpTls::Implicit) => findings.warning(
            "BONGSU_SMTP_TLS",
            "implicit is what port 465 speaks; port 587 wants starttls",
        ),
        _ => {}
    }
}

/// Variables that mean nothing without another one.
fn pairs(config: &Config, findings: &mut Findings) {
    const PAIRS: [(&str, &str); 4] = [
        ("SLACK_CHANNEL", "SLACK_WEBHOOK_URL"),
        ("ALERT_WEBHOOK_SECRET", "ALERT_WEBHOOK_URLS"),
        ("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID"),
        ("TELEGRAM_CHAT_ID", "TELEGRAM_BOT_TOKEN"),
    ];
    for (name, needed) in PAIRS {
        let given = config.given.get(name);
        if let Some(given) = given.filter(|_| !config.given.contains_key(needed)) {
            let message = format!("is set without {needed} and does nothing; set that too");
            findings.warning(given, message);
        }
    }
}
