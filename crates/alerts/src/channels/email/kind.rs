//! Mail as an operator asks for it.

use super::super::kind::{ChannelKind, ChannelVariable, Given, Make, Remark};

pub(super) const KIND: ChannelKind = ChannelKind {
    name: "email",
    variables: VARIABLES,
    min_level: Some("ALERT_EMAIL_MIN_LEVEL"),
    review,
    make: MAKE,
};

const VARIABLES: &[ChannelVariable] = &[
    ChannelVariable::new(
        "SMTP_HOST",
        "host",
        "mail server; with `ALERT_EMAIL_FROM` and `ALERT_EMAIL_TO` it turns email on",
    )
    .shared(),
    ChannelVariable::new("SMTP_PORT", "port", "its port")
        .shared()
        .checked("587", |text| port(text).map(drop)),
    ChannelVariable::new(
        "BONGSU_SMTP_TLS",
        "tls_mode",
        "`starttls` (required), `implicit` (unset on port 465) or `none`",
    )
    .checked("starttls", encryption),
    ChannelVariable::new(
        "SMTP_USERNAME",
        "username",
        "user, together with `SMTP_PASSWORD`",
    )
    .shared(),
    ChannelVariable::new("SMTP_PASSWORD", "password", "password")
        .secret()
        .shared(),
    ChannelVariable::new(
        "ALERT_EMAIL_FROM",
        "from",
        "sender; required with `SMTP_HOST`",
    ),
    ChannelVariable::new(
        "ALERT_EMAIL_TO",
        "to",
        "recipients, separated by commas or semicolons, e.g. `\"Kim, Cheolsu\" <kim@example.com>; desk@example.com`; required with `SMTP_HOST`, unless `REPORT_EMAIL_TO` is set",
    ),
    ChannelVariable::new(
        "REPORT_EMAIL_TO",
        "report_to",
        "who gets the report by mail; default `ALERT_EMAIL_TO`",
    ),
    ChannelVariable::new(
        "BONGSU_SMTP_HELO",
        "hello",
        "full host name said to the mail server; default the sender's domain",
    ),
];

const STARTTLS: &str = "starttls";
const IMPLICIT: &str = "implicit";
/// The port that speaks TLS from the first byte.
const SMTPS: u16 = 465;
const SUBMISSION: u16 = 587;

fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port) if port != 0 => Ok(port),
        _ => Err(format!("{text:?} is not a port from 1 to 65535")),
    }
}

fn encryption(text: &str) -> Result<(), String> {
    let known = [STARTTLS, IMPLICIT, "none"];
    match known.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        true => Ok(()),
        false => Err(format!("{text:?} is not one of {}", known.join(", "))),
    }
}

/// The port in force.
fn port_of(given: &Given) -> u16 {
    let port = given.text("SMTP_PORT").and_then(|text| port(text).ok());
    port.unwrap_or(SUBMISSION)
}

/// Mail needs a server, a sender and recipients. A server alone is the service's own.
fn review(given: &mut Given) -> Vec<Remark> {
    let has = |name: &str| given.text(name).is_some();
    let (from, to) = (has("ALERT_EMAIL_FROM"), has("ALERT_EMAIL_TO"));
    let ours = from || to || has("REPORT_EMAIL_TO");
    let Some(found) = given.found("SMTP_HOST") else {
        let addresses = ["ALERT_EMAIL_FROM", "ALERT_EMAIL_TO", "REPORT_EMAIL_TO"];
        // The variable, or its place in the file.
        let set: Vec<&str> = addresses.iter().filter_map(|it| given.found(it)).collect();
        let message = format!("is not set, but {} is", set.join(" and "));
        let problem = Remark::Problem("SMTP_HOST", message);
        return if ours { vec![problem] } else { Vec::new() };
    };
    if !ours && found == "SMTP_HOST" {
        let message = "is set without ALERT_EMAIL_FROM and ALERT_EMAIL_TO: no alert goes by mail; \
                       set both, or BONGSU_SMTP_HOST=none";
        let warning = Remark::Warning("SMTP_HOST".to_owned(), message.to_owned());
        given.remove("SMTP_HOST");
        return vec![warning];
    }
    let mut remarks = vec![Remark::Ours("SMTP_PORT")];
    let mut problem = |name, message: &str| remarks.push(Remark::Problem(name, message.to_owned()));
    if let Some(message) = given.text("SMTP_HOST").and_then(judge_host) {
        problem("SMTP_HOST", &message);
    }
    if !from {
        problem("ALERT_EMAIL_FROM", "is not set; SMTP_HOST needs it");
    }
    if !to && !has("REPORT_EMAIL_TO") {
        problem("ALERT_EMAIL_TO", "is not set; SMTP_HOST needs it");
    }
    match (has("SMTP_USERNAME"), has("SMTP_PASSWORD")) {
        (true, false) => problem("SMTP_PASSWORD", "is not set; SMTP_USERNAME needs it"),
        (false, true) => problem("SMTP_USERNAME", "is not set; SMTP_PASSWORD needs it"),
        _ => {}
    }
    remarks.extend(port_and_encryption(given));
    remarks
}

fn port_and_encryption(given: &Given) -> Option<Remark> {
    let said = given.text("BONGSU_SMTP_TLS");
    let is = |word: &str| said.is_some_and(|said| said.eq_ignore_ascii_case(word));
    match port_of(given) {
        SMTPS if is(STARTTLS) => Some(Remark::Problem(
            "BONGSU_SMTP_TLS",
            "port 465 speaks TLS from the first byte: set BONGSU_SMTP_TLS=implicit, or SMTP_PORT=587"
                .to_owned(),
        )),
        SMTPS if said.is_none() => Some(Remark::Warning(
            "SMTP_PORT".to_owned(),
            "465 speaks TLS from the first byte, so BONGSU_SMTP_TLS=implicit is taken; set it"
                .to_owned(),
        )),
        SUBMISSION if is(IMPLICIT) => Some(Remark::Warning(
            "BONGSU_SMTP_TLS".to_owned(),
            "implicit is what port 465 speaks; port 587 wants starttls".to_owned(),
        )),
        _ => None,
    }
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

#[cfg(not(feature = "email"))]
const MAKE: Option<Make> = None;
#[cfg(feature = "email")]
const MAKE: Option<Make> = Some(|asked, made| {
    use super::super::kind::Purpose;
    use crate::channels::{EmailChannel, EmailConfig, Tls, addresses};

    let given = asked.given;
    let text = |name| given.text(name).map(str::to_owned);
    let (Some(host), Some(from)) = (text("SMTP_HOST"), text("ALERT_EMAIL_FROM")) else {
        return;
    };
    let own = text("REPORT_EMAIL_TO").filter(|_| asked.purpose == Purpose::Reports);
    let field = if own.is_some() { "report_to" } else { "to" };
    let to = own.or_else(|| text("ALERT_EMAIL_TO"));
    let to = addresses(&to.unwrap_or_default());
    if to.is_empty() {
        return;
    }
    let port = port_of(given);
    let tls = match given.text("BONGSU_SMTP_TLS") {
        Some(said) if said.eq_ignore_ascii_case(IMPLICIT) => Tls::Implicit,
        Some(said) if said.eq_ignore_ascii_case(STARTTLS) => Tls::StartTls,
        Some(_) => Tls::None,
        None if port == SMTPS => Tls::Implicit,
        None => Tls::StartTls,
    };
    let channel = EmailChannel::new(EmailConfig {
        host,
        port,
        username: text("SMTP_USERNAME"),
        password: given.secret("SMTP_PASSWORD").cloned().unwrap_or_default(),
        from,
        to,
        tls,
        ca_pem: asked.way.ca_pem.clone(),
        hello: text("BONGSU_SMTP_HELO"),
    });
    // Whose recipients they are decides which variable is wrong.
    let channel = channel.map_err(|mut error| {
        for problem in error.problems.iter_mut().filter(|it| it.field == "to") {
            problem.field = field;
        }
        error
    });
    made.keep(VARIABLES, channel);
});
