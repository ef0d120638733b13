//! Every variable that is read, as data: the README's table and the checks come from here.

use std::fmt::Write as _;

/// One environment variable.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Variable {
    /// Its name; a secret `X` may also come from the file that `X_FILE` names.
    pub name: &'static str,
    /// What holds when it is unset; empty when nothing does.
    pub default: &'static str,
    /// What it means, with unit and form.
    pub help: &'static str,
    /// Never shown anywhere.
    pub secret: bool,
    /// The facade's feature that it needs, if any.
    pub feature: Option<&'static str>,
}

const fn var(name: &'static str, default: &'static str, help: &'static str) -> Variable {
    Variable {
        name,
        default,
        help,
        secret: false,
        feature: None,
    }
}

impl Variable {
    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    const fn needs(mut self, feature: &'static str) -> Self {
        self.feature = Some(feature);
        self
    }
}

/// All variables, grouped as in the README.
pub const VARIABLES: &[(&str, &[Variable])] = &[
    (
        "Service",
        &[
            var("SERVICE_NAME", "", "name of the service; required, e.g. `trading_engine`"),
            var("ENVIRONMENT", "development", "e.g. `production`"),
            var("BONGSU_BIND", "0.0.0.0:8000", "address and port that `serve` listens on"),
            var("METRICS_PORT", "", "port for health, metrics, admin and the console; unset or the service's own port: they are on the service"),
            var("BONGSU_DATA_DIR", "bongsu-data", "folder for the alert store, the report archive and the console's history; one process at a time"),
            var("BONGSU_DRAIN_SECONDS", "5", "how long `/ready` says 503 before the service stops accepting"),
            var("BONGSU_GRACE_SECONDS", "25", "how long open requests may then take"),
            var("BONGSU_OPS_TOKEN", "", "bearer token for `/metrics`, admin and the console, and for health detail where `BONGSU_HEALTH_DETAIL=token`; unset: metrics open, admin and console from this machine only").secret(),
            var("BONGSU_HEALTH_DETAIL", "always", "who sees dependencies in `/health`: `never`, `always`, `token` or `loopback`"),
            var("BONGSU_CONSOLE_HISTORY", "false", "whether the console's 24 hours outlive a restart, in a file of the data folder; needs the feature `sqlite`").needs("console"),
        ],
    ),
    (
        "Monitoring",
        &[
            var("PROMETHEUS_ENABLED", "true", "whether `/metrics` is served").needs("metrics"),
            var("DATABASE_URL", "", "`sqlite:<path>` or `postgres://…`: health check and source of the daily report").secret(),
            var("REDIS_URL", "", "`redis://[:password@]host:port`: health check and shared alert cooldown").secret().needs("redis"),
            var("BONGSU_RESOURCE_INTERVAL_SECONDS", "15", "time between two samples of CPU, memory, disk and network").needs("resources"),
            var("BONGSU_DISK_PATH", "/", "path whose file system is watched").needs("resources"),
            var("CPU_WARNING_THRESHOLD", "70", "percent").needs("resources"),
            var("CPU_CRITICAL_THRESHOLD", "90", "percent").needs("resources"),
            var("MEMORY_WARNING_THRESHOLD", "80", "percent").needs("resources"),
            var("MEMORY_CRITICAL_THRESHOLD", "95", "percent").needs("resources"),
            var("DISK_WARNING_THRESHOLD", "85", "percent").needs("resources"),
            var("DISK_CRITICAL_THRESHOLD", "95", "percent").needs("resources"),
        ],
    ),
    (
        "Logging",
        &[
            var("LOG_LEVEL", "info", "`error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,my_crate=debug`").needs("logging"),
            var("LOG_FORMAT", "json", "`json` or `pretty`").needs("logging"),
            var("LOG_DIR", "", "folder for a rotated log file beside standard output").needs("logging"),
        ],
    ),
    (
        "Alerts",
        &[
            var("BONGSU_ALERT_COOLDOWN_SECONDS", "900", "how long a repeated alert is held back").needs("alerts"),
            var("BONGSU_ALERT_ON_ERRORS", "false", "whether each line that the service logs at ERROR is an alert too, one a place in the code").needs("alerts"),
            var("SMTP_HOST", "", "mail server; set it to turn email on").needs("email"),
            var("SMTP_PORT", "587", "its port").needs("email"),
            var("BONGSU_SMTP_TLS", "starttls", "`starttls` (required), `implicit` (port 465) or `none`").needs("email"),
            var("SMTP_USERNAME", "", "user, together with `SMTP_PASSWORD`").needs("email"),
            var("SMTP_PASSWORD", "", "password").secret().needs("email"),
            var("ALERT_EMAIL_FROM", "", "sender; required with `SMTP_HOST`").needs("email"),
            var("ALERT_EMAIL_TO", "", "recipients, separated by commas; required with `SMTP_HOST`").needs("email"),
            var("SLACK_WEBHOOK_URL", "", "incoming webhook").secret().needs("slack"),
            var("SLACK_CHANNEL", "", "overrides the webhook's channel, e.g. `#trading-alerts`").needs("slack"),
            var("ALERT_WEBHOOK_URLS", "", "URLs, separated by commas").secret().needs("webhook"),
            var("ALERT_WEBHOOK_SECRET", "", "`whsec_…`: signs the webhooks (Standard Webhooks 1.0)").secret().needs("webhook"),
            var("TELEGRAM_BOT_TOKEN", "", "together with `TELEGRAM_CHAT_ID`").secret().needs("telegram"),
            var("TELEGRAM_CHAT_ID", "", "chat to write to").needs("telegram"),
            var("DISCORD_WEBHOOK_URL", "", "webhook").secret().needs("discord"),
            var("PAGERDUTY_ROUTING_KEY", "", "Events v2 integration key").secret().needs("pagerduty"),
            var("TEAMS_WEBHOOK_URL", "", "workflow URL").secret().needs("teams"),
            var("ALERTMANAGER_URLS", "", "every peer, separated by commas").needs("alertmanager"),
            var("BONGSU_HEARTBEAT_URL", "", "dead-man's switch: called every minute while the service lives").secret().needs("heartbeat"),
        ],
    ),
    (
        "Daily report",
        &[
            var("BONGSU_REPORT_TIME", "20:10", "time of day in Asia/Seoul, on session days; needs `DATABASE_URL`").needs("reports"),
            var("BONGSU_REPORT_LANGUAGE", "en", "`en` or `ko`").needs("reports"),
        ],
    ),
];

/// Every variable, in order.
pub fn all() -> impl Iterator<Item = &'static Variable> {
    VARIABLES.iter().flat_map(|(_, group)| group.iter())
}

/// The names under which `variable` is read: a secret's file has its own.
pub(super) fn names(variable: &Variable) -> impl Iterator<Item = String> + use<> {
    let file = variable.secret.then(|| format!("{}_FILE", variable.name));
    std::iter::once(variable.name.to_owned()).chain(file)
}

/// The table of the README.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::new();
    for (group, variables) in VARIABLES {
        let _ = writeln!(
            out,
            "**{group}**\n\n| variable | default | meaning |\n|---|---|---|"
        );
        for v in *variables {
            let default = if v.default.is_empty() {
                String::new()
            } else {
                format!("`{}`", v.default)
            };
            let file = if v.secret {
                format!(" (or `{}_FILE`)", v.name)
            } else {
                String::new()
            };
            let _ = writeln!(out, "| `{}`{file} | {default} | {} |", v.name, v.help);
        }
        out.push('\n');
    }
    out
}
