//! The configuration as resolved, one line a variable, secrets masked.

use bongsu_console::Setting;
use bongsu_secret::MASK;

use crate::config::{Config, HealthDetail, Secret, SmtpTls, variables};

/// Every variable with its value in force.
pub(super) fn settings(config: &Config) -> Vec<Setting> {
    let settings = variables::all().map(|variable| {
        let value = value(config, variable.name);
        Setting {
            name: variable.name.to_owned(),
            set: value.as_deref().unwrap_or_default() != variable.default,
            value: match value {
                Some(_) if variable.secret => Some(MASK.to_owned()),
                value => value,
            },
            help: variable.help.to_owned(),
        }
    });
    settings.collect()
}

/// The value in force, as it would be written in the environment; none when nothing is.
fn value(config: &Config, name: &str) -> Option<String> {
    let (http, alerts, resources) = (&config.http, &config.alerts, &config.resources);
    let secret = |secret: &Option<Secret>| secret.as_ref().map(|_| MASK.to_owned());
    let email = alerts.email.as_ref();
    let seconds = |time: std::time::Duration| Some(time.as_secs_f64().to_string());
    match name {
        "SERVICE_NAME" => Some(config.service.name.clone()),
        "ENVIRONMENT" => Some(config.service.environment.clone()),
        "BONGSU_BIND" => Some(http.bind.to_string()),
        "METRICS_PORT" => http.ops_port.map(|port| port.to_string()),
        "BONGSU_DATA_DIR" => Some(config.data_dir.display().to_string()),
        "BONGSU_DRAIN_SECONDS" => seconds(http.drain),
        "BONGSU_GRACE_SECONDS" => seconds(http.grace),
        "BONGSU_OPS_TOKEN" => secret(&http.ops_token),
        "BONGSU_HEALTH_DETAIL" => Some(
            match http.health_detail {
                HealthDetail::Never => "never",
                HealthDetail::Always => "always",
                HealthDetail::Token => "token",
                HealthDetail::Loopback => "loopback",
            }
            .to_owned(),
        ),
        "BONGSU_CONSOLE_HISTORY" => Some(config.console_history.to_string()),
        "PROMETHEUS_ENABLED" => Some(http.metrics.to_string()),
        "DATABASE_URL" => secret(&config.database_url),
        "REDIS_URL" => secret(&config.redis_url),
        "BONGSU_RESOURCE_INTERVAL_SECONDS" => seconds(resources.interval),
        "BONGSU_DISK_PATH" => Some(resources.disk_path.display().to_string()),
        "CPU_WARNING_THRESHOLD" => Some(resources.cpu.0.to_string()),
        "CPU_CRITICAL_THRESHOLD" => Some(resources.cpu.1.to_string()),
        "MEMORY_WARNING_THRESHOLD" => Some(resources.memory.0.to_string()),
        "MEMORY_CRITICAL_THRESHOLD" => Some(resources.memory.1.to_string()),
        "DISK_WARNING_THRESHOLD" => Some(resources.disk.0.to_string()),
        "DISK_CRITICAL_THRESHOLD" => Some(resources.disk.1.to_string()),
        "LOG_LEVEL" => Some(config.log.level.clone()),
        "LOG_FORMAT" => Some(config.log.format.clone()),
        "LOG_DIR" => config.log.dir.as_ref().map(|dir| dir.display().to_string()),
        "BONGSU_ALERT_COOLDOWN_SECONDS" => seconds(alerts.cooldown),
        "BONGSU_ALERT_ON_ERRORS" => Some(alerts.on_errors.to_string()),
        "SMTP_HOST" => email.map(|email| email.host.clone()),
        "SMTP_PORT" => email.map(|email| email.port.to_string()),
        "BONGSU_SMTP_TLS" => email.map(|email| {
            match email.tls {
                SmtpTls::StartTls => "starttls",
                SmtpTls::Implicit => "implicit",
                SmtpTls::None => "none",
            }
            .to_owned()
        }),
        "SMTP_USERNAME" => email.and_then(|email| Some(email.login.as_ref()?.0.clone())),
        "SMTP_PASSWORD" => email.and_then(|email| email.login.as_ref().map(|_| MASK.to_owned())),
        "ALERT_EMAIL_FROM" => email.map(|email| email.from.clone()),
        "ALERT_EMAIL_TO" => email.map(|email| email.to.join(",")),
        "SLACK_WEBHOOK_URL" => alerts.slack.as_ref().map(|_| MASK.to_owned()),
        "SLACK_CHANNEL" => alerts
            .slack
            .as_ref()
            .and_then(|(_, channel)| channel.clone()),
        "ALERT_WEBHOOK_URLS" => (!alerts.webhooks.is_empty()).then(|| MASK.to_owned()),
        "ALERT_WEBHOOK_SECRET" => secret(&alerts.webhook_secret),
        "TELEGRAM_BOT_TOKEN" => alerts.telegram.as_ref().map(|_| MASK.to_owned()),
        "TELEGRAM_CHAT_ID" => alerts.telegram.as_ref().map(|(_, chat)| chat.clone()),
        "DISCORD_WEBHOOK_URL" => secret(&alerts.discord),
        "PAGERDUTY_ROUTING_KEY" => secret(&alerts.pagerduty),
        "TEAMS_WEBHOOK_URL" => secret(&alerts.teams),
        "ALERTMANAGER_URLS" => {
            (!alerts.alertmanagers.is_empty()).then(|| alerts.alertmanagers.join(","))
        }
        "BONGSU_HEARTBEAT_URL" => secret(&alerts.heartbeat),
        "BONGSU_REPORT_TIME" => Some(config.report.time.strftime("%H:%M").to_string()),
        "BONGSU_REPORT_LANGUAGE" => Some(if config.report.korean { "ko" } else { "en" }.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_variable_with_a_default_shows_it() {
        let vars = BTreeMap::from([("SERVICE_NAME", "x".to_owned())]);
        let settings = settings(&Config::from_vars(&vars).unwrap());
        let all: Vec<_> = variables::all().collect();
        assert_eq!(settings.len(), all.len());
        for (setting, variable) in settings.iter().zip(all) {
            // Mail's own defaults hold once there is a mail server.
            let of_mail = ["SMTP_PORT", "BONGSU_SMTP_TLS"].contains(&variable.name);
            if !variable.default.is_empty() && !of_mail {
                assert_eq!(
                    setting.value.as_deref(),
                    Some(variable.default),
                    "{setting:?}"
                );
                assert!(!setting.set, "{setting:?}");
            }
        }
        assert!(settings[0].set && settings[0].value.as_deref() == Some("x"));
    }

    #[test]
    fn no_variable_is_forgotten() {
        // One without a default would otherwise show as unset for ever.
        let source = include_str!("settings.rs");
        for variable in variables::all() {
            let arm = format!("\"{}\" =>", variable.name);
            assert!(source.contains(&arm), "{}", variable.name);
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let vars = BTreeMap::from([
            ("SERVICE_NAME", "x".to_owned()),
            ("BONGSU_OPS_TOKEN", "s3cret".to_owned()),
            ("DATABASE_URL", "sqlite:s3cret.db".to_owned()),
        ]);
        let Ok(config) = Config::from_vars(&vars) else {
            return; // a build without SQLite refuses the address
        };
        let settings = settings(&config);
        assert!(!format!("{settings:?}").contains("s3cret"));
        let token = settings
            .iter()
            .find(|s| s.name == "BONGSU_OPS_TOKEN")
            .unwrap();
        assert_eq!((token.value.as_deref(), token.set), (Some("***"), true));
    }
}
