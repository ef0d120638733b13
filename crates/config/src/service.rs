//! The service itself: its name, where it listens, how it ends, who may look.

use std::{path::PathBuf, time::Duration};

use super::{
    Bind, Config, Proxies, Secret,
    reader::Findings,
    value::{boolean, choice, masked, port, put, seconds, time, word},
    variables::{Unit, Variable},
};

/// Who is speaking: on every log line, metric and alert.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// `SERVICE_NAME`.
    pub name: String,
    /// `ENVIRONMENT`.
    pub environment: String,
    /// The service's own version; set it with `Builder::version`.
    pub version: String,
}

/// Where the service listens and how it ends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Where `Bongsu::serve` listens.
    pub bind: Bind,
    /// A separate port for health, metrics and admin.
    pub ops_port: Option<u16>,
    /// Whether `/metrics` is there.
    pub metrics: bool,
    /// How long readiness says no before the end.
    pub drain: Duration,
    /// How long open requests may take at the end.
    pub grace: Duration,
    /// How long a connection may be idle between two requests.
    pub keep_alive: Duration,
    /// The certificates that TLS is spoken with, in PEM, the service's own first.
    pub tls_certificate: Option<PathBuf>,
    /// Their key, in PEM.
    pub tls_key: Option<PathBuf>,
    /// Token for the operations endpoints.
    pub ops_token: Option<Secret>,
    /// Proxies before the service that are believed; nothing said: none.
    pub trusted_proxies: Option<Proxies>,
    /// Whether access lines name the client.
    pub name_clients: bool,
    /// Who sees the dependencies in `/health`.
    pub health_detail: HealthDetail,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            bind: Bind::default(),
            ops_port: None,
            metrics: true,
            drain: Duration::from_secs(5),
            grace: Duration::from_secs(25),
            keep_alive: Duration::from_secs(75),
            tls_certificate: None,
            tls_key: None,
            ops_token: None,
            trusted_proxies: None,
            name_clients: false,
            health_detail: HealthDetail::Always,
        }
    }
}

/// Who sees the dependencies in `/health`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum HealthDetail {
    /// Nobody.
    Never,
    /// Everybody.
    #[default]
    Always,
    /// Who has the token.
    Token,
    /// Who asks from the machine itself.
    Loopback,
}

const DETAIL: [(&str, HealthDetail); 4] = [
    ("always", HealthDetail::Always),
    ("never", HealthDetail::Never),
    ("token", HealthDetail::Token),
    ("loopback", HealthDetail::Loopback),
];

/// Letters of a token below which it is refused, and below which it is worth a word.
const TOKEN: (usize, usize) = (8, 16);
/// Letters of a name: it stands on every line, metric and alert.
const LONGEST_NAME: usize = 128;

pub(super) const VARS: &[Variable] = &[
    Variable::new(
        "SERVICE_NAME",
        "",
        "name of the service; required, e.g. `trading_engine`",
        |c, v| put(&mut c.service.name, name(v)),
        |c| Some(c.service.name.clone()),
    ),
    Variable::new(
        "ENVIRONMENT",
        "development",
        "e.g. `production`; in `development` a stop does not wait for load balancers",
        |c, v| put(&mut c.service.environment, name(v)),
        |c| Some(c.service.environment.clone()),
    ),
    Variable::new(
        "BONGSU_CONFIG",
        "",
        "file of what no variable can say, above all which alerts go where (docs/configuration.md); unset: `bongsu.toml` in the working directory, if it is there",
        |c, v| put(&mut c.file, Ok(Some(PathBuf::from(v)))),
        |c| path(c.file.as_ref()),
    ),
    Variable::new(
        "BONGSU_BIND",
        "0.0.0.0:8000",
        "address and port that `serve` listens on, or a port alone; port 0 takes a free one; or `unix:/path`, `fd:3`, an open descriptor, or `systemd`, the sockets of its unit (`LISTEN_FDS`)",
        |c, v| put(&mut c.http.bind, v.parse()),
        |c| Some(c.http.bind.to_string()),
    )
    .also(&["PORT"]),
    Variable::new(
        "METRICS_PORT",
        "",
        "port for health, metrics, admin and the console; unset or the service's own port: they are on the service",
        |c, v| put(&mut c.http.ops_port, port(v).map(Some)),
        |c| c.http.ops_port.map(|port| port.to_string()),
    ),
    Variable::new(
        "BONGSU_DATA_DIR",
        "bongsu-data",
        "folder for the alert store, the report archive and the console's history; one process at a time",
        |c, v| put(&mut c.data_dir, Ok(PathBuf::from(v))),
        |c| Some(c.data_dir.display().to_string()),
    ),
    Variable::new(
        "BONGSU_DRAIN_SECONDS",
        "5",
        "how long `/ready` says 503 before the service stops accepting; unset in `development`: 0",
        |c, v| put(&mut c.http.drain, time(v, (0.0, 3_600.0))),
        |c| seconds(c.http.drain),
    )
    .counts(Unit::Seconds),
    Variable::new(
        "BONGSU_GRACE_SECONDS",
        "25",
        "how long open requests, and work under `spawn`, may then take",
        |c, v| put(&mut c.http.grace, time(v, (0.0, 86_400.0))),
        |c| seconds(c.http.grace),
    )
    .counts(Unit::Seconds),
    Variable::new(
        "BONGSU_KEEP_ALIVE_SECONDS",
        "75",
        "how long a connection may be idle between two requests; longer than the load balancer in front keeps its own",
        |c, v| put(&mut c.http.keep_alive, time(v, (1.0, 86_400.0))),
        |c| seconds(c.http.keep_alive),
    )
    .counts(Unit::Seconds),
    Variable::new(
        "BONGSU_TLS_CERT",
        "",
        "file with the certificate in PEM that `serve` speaks TLS with, read anew when it changes; together with `BONGSU_TLS_KEY`",
        |c, v| put(&mut c.http.tls_certificate, Ok(Some(PathBuf::from(v)))),
        |c| path(c.http.tls_certificate.as_ref()),
    )
    .needs("tls"),
    Variable::new(
        "BONGSU_TLS_KEY",
        "",
        "file with its key in PEM",
        |c, v| put(&mut c.http.tls_key, Ok(Some(PathBuf::from(v)))),
        |c| path(c.http.tls_key.as_ref()),
    )
    .needs("tls"),
    Variable::new(
        "BONGSU_OPS_TOKEN",
        "",
        "bearer token for `/metrics`, admin and the console, and for health detail where `BONGSU_HEALTH_DETAIL=token`; unset: metrics open, admin and console from this machine only",
        |c, v| put(&mut c.http.ops_token, token(v).map(Some)),
        |c| masked(c.http.ops_token.as_ref()),
    )
    .secret(),
    Variable::new(
        "BONGSU_TRUSTED_PROXIES",
        "",
        "proxies that are believed when they say whom they ask for: addresses and networks separated by commas, `unix` for whoever connects to the Unix socket, `forwarded` where they write `Forwarded` (RFC 7239) and not `X-Forwarded-For`, or `none`",
        |c, v| put(&mut c.http.trusted_proxies, v.parse().map(Some)),
        |c| c.http.trusted_proxies.as_ref().map(Proxies::to_string),
    )
    .needs("axum"),
    Variable::new(
        "BONGSU_LOG_CLIENT",
        "false",
        "whether access lines name the client's address and its user agent, which are personal data",
        |c, v| put(&mut c.http.name_clients, boolean(v)),
        |c| Some(c.http.name_clients.to_string()),
    )
    .needs("axum"),
    Variable::new(
        "BONGSU_HEALTH_DETAIL",
        "always",
        "who sees dependencies in `/health`: `never`, `always`, `token` or `loopback`",
        |c, v| put(&mut c.http.health_detail, choice(v, &DETAIL)),
        |c| word(&c.http.health_detail, &DETAIL),
    ),
    Variable::new(
        "BONGSU_CONSOLE_HISTORY",
        "false",
        "whether the console's 24 hours outlive a restart, in a file of the data folder; needs the feature `sqlite`",
        |c, v| put(&mut c.console_history, boolean(v)),
        |c| Some(c.console_history.to_string()),
    )
    .needs("console"),
];

fn name(text: &str) -> Result<String, String> {
    if text.chars().count() > LONGEST_NAME {
        return Err(format!("is longer than {LONGEST_NAME} letters"));
    }
    if text.chars().any(char::is_control) {
        return Err("has a control character in it".to_owned());
    }
    Ok(text.to_owned())
}

fn path(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

fn token(text: &str) -> Result<Secret, String> {
    let (refused, _) = TOKEN;
    if text.chars().count() < refused {
        return Err(format!(
            "is shorter than {refused} letters; `openssl rand -hex 32` makes a good one"
        ));
    }
    Ok(Secret::new(text))
}

pub(super) fn check(config: &mut Config, findings: &mut Findings) {
    if config.service.name.is_empty() && !findings.has_problem("SERVICE_NAME") {
        let message = "is not set; give the service a name, e.g. trading_engine";
        findings.problem("SERVICE_NAME", message);
    }
    let http = &mut config.http;
    match (&http.tls_certificate, &http.tls_key) {
        (Some(_), None) => {
            findings.problem("BONGSU_TLS_KEY", "is not set; BONGSU_TLS_CERT needs it")
        }
        (None, Some(_)) => {
            findings.problem("BONGSU_TLS_CERT", "is not set; BONGSU_TLS_KEY needs it")
        }
        _ => {}
    }
    if let Some(proxies) = &http.trusted_proxies {
        let variable = "BONGSU_TRUSTED_PROXIES";
        if proxies.is_everybody() {
            let message = "believes everybody, so that any client may pass for any other";
            findings.warning(variable, message);
        }
        if matches!(http.bind, Bind::Unix(_)) && !proxies.unix {
            let message =
                "does not name `unix`, and BONGSU_BIND is a Unix socket: no proxy is believed";
            findings.warning(variable, message);
        }
    }
    http.ops_port = http.ops_port.filter(|port| Some(*port) != http.bind.port());
    if config.service.environment == "development"
        && !config.given.contains_key("BONGSU_DRAIN_SECONDS")
    {
        // Nobody's load balancer has to hear of the end first.
        config.http.drain = Duration::ZERO;
    }
    match &config.http.ops_token {
        Some(token) if token.expose().chars().count() < TOKEN.1 => findings.warning(
            "BONGSU_OPS_TOKEN",
            format!(
                "is shorter than {} letters; `openssl rand -hex 32` makes a good one",
                TOKEN.1
            ),
        ),
        None if config.http.health_detail == HealthDetail::Token
            && !findings.has_problem("BONGSU_OPS_TOKEN") =>
        {
            let message = "is not set; BONGSU_HEALTH_DETAIL=token needs it";
            findings.problem("BONGSU_OPS_TOKEN", message);
        }
        _ => {}
    }
    if config.console_history && crate::has_feature("console") && !crate::has_feature("sqlite") {
        let message = "is set, but bongsu was built without feature `sqlite`";
        findings.problem("BONGSU_CONSOLE_HISTORY", message);
    }
}
