//! Configuration: read once, checked whole, then handed to the crates as plain values.
//!
//! ```
//! use std::collections::BTreeMap;
//! use bongsu::config::Config;
//!
//! let vars = BTreeMap::from([
//!     ("SERVICE_NAME", "trading_engine".to_owned()),
//!     ("CPU_WARNING_THRESHOLD", "hot".to_owned()),
//! ]);
//! let error = Config::from_vars(&vars).unwrap_err();
//! assert_eq!(error.problems()[0].variable, "CPU_WARNING_THRESHOLD");
//! ```

mod env;
mod error;
mod reader;
mod unread;
pub mod variables;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use jiff::civil::Time;

pub use bongsu_secret::Secret;
pub use env::{DotEnvError, EnvWithFile, ProcessEnv, Vars};
pub use error::{ConfigError, Problem};
use reader::Reader;
pub use unread::UnreadVariable;

/// Everything that [`Bongsu`](crate::Bongsu) needs to know.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Name, environment and version of the service.
    pub service: ServiceInfo,
    /// Where it listens and how it ends.
    pub http: HttpConfig,
    /// Folder for what must survive a restart.
    pub data_dir: PathBuf,
    /// `sqlite:<path>` or `postgres://…`.
    pub database_url: Option<Secret>,
    /// `redis://…`.
    pub redis_url: Option<Secret>,
    /// CPU, memory and disk.
    pub resources: ResourceConfig,
    /// Level, format and folder of the log.
    pub log: LogConfig,
    /// Cooldown and channels.
    pub alerts: AlertConfig,
    /// The daily report.
    pub report: ReportConfig,
    /// Whether the console's history outlives a restart, in a file of the data folder.
    pub console_history: bool,
    /// Variables that are set, look like one of these, and are none: said at start and by the doctor.
    pub unread: Vec<UnreadVariable>,
}

/// Who is speaking: on every log line, metric and alert.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// `SERVICE_NAME`.
    pub name: String,
    /// `ENVIRONMENT`.
    pub environment: String,
    /// The service's own version; set it with [`Builder::version`](crate::Builder::version).
    pub version: String,
}

/// Where the service listens and how it ends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpConfig {
    /// The service's address.
    pub bind: SocketAddr,
    /// A separate port for health, metrics and admin.
    pub ops_port: Option<u16>,
    /// Whether `/metrics` is there.
    pub metrics: bool,
    /// How long readiness says no before the end.
    pub drain: Duration,
    /// How long open requests may take at the end.
    pub grace: Duration,
    /// Token for the operations endpoints.
    pub ops_token: Option<Secret>,
    /// Who sees the dependencies in `/health`.
    pub health_detail: HealthDetail,
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

/// CPU, memory and disk: how often and which limits, in percent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResourceConfig {
    /// Time between samples.
    pub interval: Duration,
    /// Path on the watched file system.
    pub disk_path: PathBuf,
    /// Warning and critical.
    pub cpu: (f64, f64),
    /// Warning and critical.
    pub memory: (f64, f64),
    /// Warning and critical.
    pub disk: (f64, f64),
}

/// Level, format and folder of the log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogConfig {
    /// `EnvFilter` directives.
    pub level: String,
    /// `json` or `pretty`.
    pub format: String,
    /// Folder of the log file.
    pub dir: Option<PathBuf>,
}

/// Cooldown and channels.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AlertConfig {
    /// How long a repeat is held back.
    pub cooldown: Duration,
    /// Whether a line logged at ERROR is an alert too.
    pub on_errors: bool,
    /// Email, when `SMTP_HOST` is set.
    pub email: Option<EmailVars>,
    /// Slack webhook and the channel that overrides its own.
    pub slack: Option<(Secret, Option<String>)>,
    /// Webhook URLs.
    pub webhooks: Vec<Secret>,
    /// Secret that signs them.
    pub webhook_secret: Option<Secret>,
    /// Bot token and chat.
    pub telegram: Option<(Secret, String)>,
    /// Discord webhook.
    pub discord: Option<Secret>,
    /// PagerDuty routing key.
    pub pagerduty: Option<Secret>,
    /// Teams workflow.
    pub teams: Option<Secret>,
    /// Alertmanager peers.
    pub alertmanagers: Vec<String>,
    /// Dead-man's switch.
    pub heartbeat: Option<Secret>,
}

/// How mail is sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EmailVars {
    /// Server.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: SmtpTls,
    /// User and password.
    pub login: Option<(String, Secret)>,
    /// Sender.
    pub from: String,
    /// Recipients.
    pub to: Vec<String>,
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

/// The daily report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReportConfig {
    /// Time of day in Asia/Seoul.
    pub time: Time,
    /// Korean instead of English.
    pub korean: bool,
}

impl Config {
    /// Reads the process environment, and a `.env` file in the working directory under it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with the variable's name; a bad `.env` file as `.env`.
    pub fn from_env() -> Result<Self, ConfigError> {
        match EnvWithFile::load(".env".as_ref()) {
            Ok(vars) => Self::from_vars(&vars),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(|e| format!(": {e}"));
                Err(ConfigError::new(vec![Problem {
                    variable: ".env".to_owned(),
                    message: format!("{error}{}", cause.unwrap_or_default()),
                }]))
            }
        }
    }

    /// Reads `vars`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with the variable's name.
    pub fn from_vars(vars: &dyn Vars) -> Result<Self, ConfigError> {
        let mut r = Reader::new(vars);
        r.refuse_missing_features(crate::FEATURES);
        let config = Self {
            service: ServiceInfo {
                name: r.required(
                    "SERVICE_NAME",
                    "give the service a name, e.g. trading_engine",
                ),
                environment: r.text_or_default("ENVIRONMENT"),
                version: "unknown".to_owned(),
            },
            http: http(&mut r),
            data_dir: r.text_or_default("BONGSU_DATA_DIR").into(),
            database_url: database(&mut r),
            redis_url: redis(&mut r),
            resources: resources(&mut r),
            log: LogConfig {
                level: r.text_or_default("LOG_LEVEL"),
                format: r.text_or_default("LOG_FORMAT").to_ascii_lowercase(),
                dir: r.text("LOG_DIR").map(PathBuf::from),
            },
            alerts: alerts(&mut r),
            report: report(&mut r),
            console_history: console_history(&mut r),
            unread: unread::among(vars.names()),
        };
        #[cfg(feature = "logging")]
        check_log(&mut r, &config);
        #[cfg(feature = "alerts")]
        for problem in crate::alerting::problems(&config) {
            // What is missing was said already; a channel says it again in other words.
            if !r.has_problem(&problem.variable) {
                r.problem(&problem.variable, problem.message);
            }
        }
        r.finish(config)
    }
}

impl Config {
    /// The file of a `database_url` that begins with `sqlite:`.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let path = self
            .database_url
            .as_ref()?
            .expose()
            .strip_prefix("sqlite:")?;
        Some(path.strip_prefix("//").unwrap_or(path).into())
    }

    /// A `database_url` of PostgreSQL.
    #[cfg(all(feature = "postgres", any(feature = "health", feature = "reports")))]
    pub(crate) fn postgres_url(&self) -> Option<&str> {
        let url = self.database_url.as_ref()?.expose();
        url.starts_with("postgres").then_some(url)
    }

    /// Makes the folder for what must survive a restart.
    #[cfg(all(
        feature = "sqlite",
        any(feature = "alerts", feature = "console", feature = "reports")
    ))]
    pub(crate) fn create_data_dir(&self) -> Result<(), String> {
        std::fs::create_dir_all(&self.data_dir).map_err(|error| {
            format!(
                "cannot create BONGSU_DATA_DIR {}: {error}",
                self.data_dir.display()
            )
        })
    }
}

/// The log's level and format are judged by the crate that will use them.
#[cfg(feature = "logging")]
fn check_log(r: &mut Reader<'_>, config: &Config) {
    use bongsu_logging::{Format, LoggingConfig};
    if let Err(error) = config.log.format.parse::<Format>() {
        r.problem("LOG_FORMAT", error.to_string());
    }
    // Without a file or standard output nothing is opened and no thread is started.
    let logging = LoggingConfig::new(&config.service.name, &config.service.environment)
        .writer(std::io::sink());
    if let Err(error) = logging.level(&config.log.level).build() {
        r.problem("LOG_LEVEL", error.to_string());
    }
}

fn http(r: &mut Reader<'_>) -> HttpConfig {
    let bind_text = r.text_or_default("BONGSU_BIND");
    let bind: SocketAddr = bind_text.parse().unwrap_or_else(|_| {
        r.problem(
            "BONGSU_BIND",
            format!("{bind_text:?} is not address:port, e.g. 0.0.0.0:8000"),
        );
        SocketAddr::from(([0, 0, 0, 0], 0))
    });
    let ops_port: Option<u16> = r.text("METRICS_PORT").and_then(|text| match text.parse() {
        Ok(port) if port != 0 => Some(port),
        _ => {
            r.problem(
                "METRICS_PORT",
                format!("{text:?} is not a port from 1 to 65535"),
            );
            None
        }
    });
    let ops_token = r.secret("BONGSU_OPS_TOKEN");
    let detail = match r.choice(
        "BONGSU_HEALTH_DETAIL",
        &["always", "never", "token", "loopback"],
    ) {
        1 => HealthDetail::Never,
        2 => HealthDetail::Token,
        3 => HealthDetail::Loopback,
        _ => HealthDetail::Always,
    };
    if detail == HealthDetail::Token && ops_token.is_none() {
        r.problem(
            "BONGSU_OPS_TOKEN",
            "is not set; BONGSU_HEALTH_DETAIL=token needs it",
        );
    }
    HttpConfig {
        bind,
        ops_port: ops_port.filter(|port| *port != bind.port()),
        metrics: r.boolean("PROMETHEUS_ENABLED"),
        drain: r.seconds("BONGSU_DRAIN_SECONDS"),
        grace: r.seconds("BONGSU_GRACE_SECONDS"),
        ops_token,
        health_detail: detail,
    }
}

fn database(r: &mut Reader<'_>) -> Option<Secret> {
    let url = r.secret("DATABASE_URL")?;
    let text = url.expose();
    let feature = if text.starts_with("sqlite:") {
        "sqlite"
    } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        "postgres"
    } else {
        r.problem("DATABASE_URL", "must begin with sqlite: or postgres://");
        return None;
    };
    if !crate::FEATURES.contains(&feature) {
        r.problem(
            "DATABASE_URL",
            format!("needs bongsu's feature `{feature}`"),
        );
    }
    // The parser's error repeats parts of the URL, which holds the password.
    #[cfg(feature = "postgres")]
    if feature == "postgres" && text.parse::<sqlx::postgres::PgConnectOptions>().is_err() {
        r.problem("DATABASE_URL", "is not a valid postgres:// URL");
    }
    Some(url)
}

/// The URL, judged by whoever will use it.
fn redis(r: &mut Reader<'_>) -> Option<Secret> {
    let url = r.secret("REDIS_URL")?;
    #[allow(unused_mut, reason = "who uses it depends on the features")]
    let mut judgements: Vec<String> = Vec::new();
    #[cfg(all(feature = "redis", feature = "alerts"))]
    {
        let secret = bongsu_alerts::Secret::new(url.expose());
        let shared = bongsu_alerts::shared::RedisShared::new(&secret, "");
        judgements.extend(shared.err().map(|error| error.to_string()));
    }
    #[cfg(all(feature = "redis", feature = "health"))]
    {
        let check = bongsu_health::checks::redis("redis", url.expose());
        judgements.extend(check.err().map(|error| error.to_string()));
    }
    if let Some(problem) = judgements.into_iter().next() {
        r.problem("REDIS_URL", problem);
    }
    Some(url)
}

fn resources(r: &mut Reader<'_>) -> ResourceConfig {
    let mut pair = |name: &str| {
        let (warning, critical) = (
            format!("{name}_WARNING_THRESHOLD"),
            format!("{name}_CRITICAL_THRESHOLD"),
        );
        let limits = (r.percent(&warning), r.percent(&critical));
        if limits.0 >= limits.1 {
            r.problem(
                &warning,
                format!("{} must be below {critical} ({})", limits.0, limits.1),
            );
        }
        limits
    };
    let (cpu, memory, disk) = (pair("CPU"), pair("MEMORY"), pair("DISK"));
    let interval = r.seconds("BONGSU_RESOURCE_INTERVAL_SECONDS");
    if interval.is_zero() {
        r.problem("BONGSU_RESOURCE_INTERVAL_SECONDS", "must be more than 0");
    }
    ResourceConfig {
        interval,
        disk_path: r.text_or_default("BONGSU_DISK_PATH").into(),
        cpu,
        memory,
        disk,
    }
}

fn console_history(r: &mut Reader<'_>) -> bool {
    let on = r.boolean("BONGSU_CONSOLE_HISTORY");
    if on && cfg!(all(feature = "console", not(feature = "sqlite"))) {
        r.problem(
            "BONGSU_CONSOLE_HISTORY",
            "is set, but bongsu was built without feature `sqlite`",
        );
    }
    on
}

fn alerts(r: &mut Reader<'_>) -> AlertConfig {
    let slack_url = r.secret("SLACK_WEBHOOK_URL");
    let slack_channel = r.text("SLACK_CHANNEL");
    let telegram = match (r.secret("TELEGRAM_BOT_TOKEN"), r.text("TELEGRAM_CHAT_ID")) {
        (Some(token), Some(chat)) => Some((token, chat)),
        (None, None) => None,
        (Some(_), None) => {
            r.problem(
                "TELEGRAM_CHAT_ID",
                "is not set; TELEGRAM_BOT_TOKEN needs it",
            );
            None
        }
        (None, Some(_)) => {
            r.problem(
                "TELEGRAM_BOT_TOKEN",
                "is not set; TELEGRAM_CHAT_ID needs it",
            );
            None
        }
    };
    AlertConfig {
        cooldown: r.seconds("BONGSU_ALERT_COOLDOWN_SECONDS"),
        on_errors: r.boolean("BONGSU_ALERT_ON_ERRORS"),
        email: email(r),
        slack: slack_url.map(|url| (url, slack_channel)),
        webhooks: r
            .list("ALERT_WEBHOOK_URLS")
            .into_iter()
            .map(Secret::new)
            .collect(),
        webhook_secret: r.secret("ALERT_WEBHOOK_SECRET"),
        telegram,
        discord: r.secret("DISCORD_WEBHOOK_URL"),
        pagerduty: r.secret("PAGERDUTY_ROUTING_KEY"),
        teams: r.secret("TEAMS_WEBHOOK_URL"),
        alertmanagers: r.list("ALERTMANAGER_URLS"),
        heartbeat: r.secret("BONGSU_HEARTBEAT_URL"),
    }
}

fn email(r: &mut Reader<'_>) -> Option<EmailVars> {
    let port = r.parsed("SMTP_PORT", "a port from 1 to 65535");
    let tls = match r.choice("BONGSU_SMTP_TLS", &["starttls", "implicit", "none"]) {
        1 => SmtpTls::Implicit,
        2 => SmtpTls::None,
        _ => SmtpTls::StartTls,
    };
    let (username, password) = (r.text("SMTP_USERNAME"), r.secret("SMTP_PASSWORD"));
    let Some(host) = r.text("SMTP_HOST") else {
        if username.is_some() || r.text("ALERT_EMAIL_TO").is_some() {
            r.problem("SMTP_HOST", "is not set, but other mail settings are");
        }
        return None;
    };
    let login = match (username, password) {
        (Some(username), Some(password)) => Some((username, password)),
        (None, None) => None,
        (Some(_), None) => {
            r.problem("SMTP_PASSWORD", "is not set; SMTP_USERNAME needs it");
            None
        }
        (None, Some(_)) => {
            r.problem("SMTP_USERNAME", "is not set; SMTP_PASSWORD needs it");
            None
        }
    };
    let from = r.required("ALERT_EMAIL_FROM", "SMTP_HOST needs it");
    let to = r.list("ALERT_EMAIL_TO");
    if to.is_empty() {
        r.problem("ALERT_EMAIL_TO", "is not set; SMTP_HOST needs it");
    }
    Some(EmailVars {
        host,
        port,
        tls,
        login,
        from,
        to,
    })
}

fn report(r: &mut Reader<'_>) -> ReportConfig {
    let time = r.text_or_default("BONGSU_REPORT_TIME");
    ReportConfig {
        time: Time::strptime("%H:%M", &time).unwrap_or_else(|_| {
            r.problem(
                "BONGSU_REPORT_TIME",
                format!("{time:?} is not a time of day, e.g. 20:10"),
            );
            Time::midnight()
        }),
        korean: r.choice("BONGSU_REPORT_LANGUAGE", &["en", "ko"]) == 1,
    }
}

#[cfg(test)]
mod tests;
