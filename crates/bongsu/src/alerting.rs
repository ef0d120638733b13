//! The alert manager as the configuration asks for it.

use std::sync::Arc;

use bongsu_alerts::{
    AlertManager, AlertManagerBuilder, AlertRule, Channel, Dispatcher, channels::LogChannel,
};

use crate::{Config, Error, config::Problem, tasks::Tasks};

/// The manager with every configured channel, the log channel first, and its dispatcher; `change`
/// is what the service's code has to say.
#[allow(
    unused_variables,
    reason = "which channels run in the background depends on the features"
)]
pub(crate) async fn build(
    config: &Config,
    added: Vec<Arc<dyn Channel>>,
    rules: Vec<AlertRule>,
    change: impl FnOnce(AlertManagerBuilder) -> AlertManagerBuilder,
    tasks: &Tasks,
) -> Result<(AlertManager, Dispatcher), Error> {
    let configured = channels(config);
    if !configured.problems.is_empty() {
        return Err(crate::config::ConfigError::new(configured.problems).into());
    }
    let service = &config.service;
    let mut builder = AlertManager::builder(&service.name, &service.environment)
        .cooldown(config.alerts.cooldown)
        .channel(LogChannel::new());
    #[cfg(feature = "sqlite")]
    {
        builder = builder.store(store(config).await?);
    }
    #[cfg(feature = "redis")]
    if let Some(url) = &config.redis_url {
        let url = bongsu_alerts::Secret::new(url.expose());
        let shared = bongsu_alerts::shared::RedisShared::new(&url, &config.service.name)
            .map_err(|error| Error::setup("alerts", error))?;
        builder = builder.replicas(shared);
    }
    for channel in configured.channels.into_iter().chain(added) {
        builder = builder.shared_channel(channel);
    }
    for rule in rules {
        builder = builder.rule(rule);
    }
    let (manager, dispatcher) = change(builder)
        .build()
        .map_err(|error| Error::setup("alerts", error))?;
    #[cfg(feature = "alertmanager")]
    if let Some(peers) = configured.alertmanager {
        adopt(&peers, &manager, config);
        tasks.spawn("alertmanager-refresh", peers.refresh());
    }
    #[cfg(feature = "heartbeat")]
    if let Some(heartbeat) = configured.heartbeat {
        tasks.spawn("heartbeat", heartbeat.run());
    }
    Ok((manager, dispatcher))
}

/// A manager of every channel but the log, with nothing behind it: no store and no dispatcher, so
/// that a tool can try the channels beside the running service. None when there is no channel.
pub(crate) fn detached(
    config: &Config,
    added: Vec<Arc<dyn Channel>>,
) -> Result<Option<AlertManager>, Error> {
    let configured = channels(config).channels;
    if configured.is_empty() && added.is_empty() {
        return Ok(None);
    }
    let service = &config.service;
    let (manager, _) = configured
        .into_iter()
        .chain(added)
        .fold(
            AlertManager::builder(&service.name, &service.environment),
            bongsu_alerts::AlertManagerBuilder::shared_channel,
        )
        .build()
        .map_err(|error| Error::setup("alerts", error))?;
    Ok(Some(manager))
}

/// Off the runtime: it reads what the last run left, and may wait for another process's lock.
#[cfg(feature = "sqlite")]
async fn store(config: &Config) -> Result<bongsu_alerts::store::SqliteStore, Error> {
    config
        .create_data_dir()
        .map_err(|error| Error::setup("alerts", error))?;
    let path = config.data_dir.join("alerts.db");
    tokio::task::spawn_blocking(|| bongsu_alerts::store::SqliteStore::open(path))
        .await
        .map_err(|error| Error::setup("alerts", error))?
        .map_err(|error| Error::setup("alerts", error))
}

/// What still fires from before a restart is repeated to Alertmanager from now on.
#[cfg(feature = "alertmanager")]
fn adopt(
    peers: &bongsu_alerts::channels::AlertmanagerChannel,
    manager: &AlertManager,
    config: &Config,
) {
    use bongsu_alerts::{AlertStatus, Notification};
    let (service, presentation) = (&config.service, manager.presentation());
    for active in manager.active() {
        let status = AlertStatus::Firing;
        let notification =
            Notification::new(active.alert, status, &service.name, &service.environment);
        peers.adopt(&notification.presentation(std::sync::Arc::clone(&presentation)));
    }
}

/// What is wrong with the configured channels.
pub(crate) fn problems(config: &Config) -> Vec<Problem> {
    channels(config).problems
}

/// Every channel that is configured, or what is wrong with it, under its variable's name.
#[allow(
    unused_variables,
    unused_mut,
    reason = "which channels exist depends on the features"
)]
fn channels(config: &Config) -> Built {
    let mut built = Built::default();
    let alerts = &config.alerts;
    #[cfg(feature = "email")]
    if let (Some(host), Some(from)) = (&alerts.email.host, &alerts.email.from) {
        built.add(email_variable, email_channel(&alerts.email, host, from));
    }
    #[cfg(feature = "slack")]
    if let Some(url) = &alerts.slack {
        let channel = alerts.slack_channel.clone();
        let slack = bongsu_alerts::channels::SlackChannel::new(url.clone(), channel);
        let name = |field: &str| {
            if field == "channel" {
                "SLACK_CHANNEL"
            } else {
                "SLACK_WEBHOOK_URL"
            }
        };
        built.add(name, slack);
    }
    #[cfg(feature = "webhook")]
    for (index, url) in alerts.webhooks.iter().enumerate() {
        let webhook = bongsu_alerts::channels::WebhookChannel::new(
            url.clone(),
            alerts.webhook_secret.clone(),
        );
        let id = if index == 0 {
            "webhook".to_owned()
        } else {
            format!("webhook-{}", index + 1)
        };
        let name = |field: &str| {
            if field == "secret" {
                "ALERT_WEBHOOK_SECRET"
            } else {
                "ALERT_WEBHOOK_URLS"
            }
        };
        built.add(name, webhook.map(|webhook| webhook.with_id(id)));
    }
    #[cfg(feature = "telegram")]
    if let (Some(token), Some(chat)) = (&alerts.telegram, &alerts.telegram_chat) {
        let telegram =
            bongsu_alerts::channels::TelegramChannel::new(token.clone(), [chat.as_str()]);
        let name = |field: &str| {
            if field == "token" {
                "TELEGRAM_BOT_TOKEN"
            } else {
                "TELEGRAM_CHAT_ID"
            }
        };
        built.add(name, telegram);
    }
    #[cfg(feature = "discord")]
    if let Some(url) = &alerts.discord {
        built.add(
            |_| "DISCORD_WEBHOOK_URL",
            bongsu_alerts::channels::DiscordChannel::new(url.clone()),
        );
    }
    #[cfg(feature = "pagerduty")]
    if let Some(key) = &alerts.pagerduty {
        built.add(
            |_| "PAGERDUTY_ROUTING_KEY",
            bongsu_alerts::channels::PagerDutyChannel::new(key.clone()),
        );
    }
    #[cfg(feature = "teams")]
    if let Some(url) = &alerts.teams {
        built.add(
            |_| "TEAMS_WEBHOOK_URL",
            bongsu_alerts::channels::TeamsChannel::new(url.clone()),
        );
    }
    #[cfg(feature = "alertmanager")]
    if !alerts.alertmanagers.is_empty() {
        let urls = alerts.alertmanagers.iter().cloned();
        let peers = bongsu_alerts::channels::AlertmanagerChannel::new(urls);
        built.alertmanager = peers.as_ref().ok().cloned();
        built.add(|_| "ALERTMANAGER_URLS", peers);
    }
    #[cfg(feature = "heartbeat")]
    if let Some(url) = &alerts.heartbeat {
        match bongsu_alerts::heartbeat::Heartbeat::new(url.clone()) {
            Ok(heartbeat) => built.heartbeat = Some(heartbeat),
            Err(error) => built.refuse(|_| "BONGSU_HEARTBEAT_URL", &error),
        }
    }
    built
}

#[derive(Default)]
struct Built {
    channels: Vec<Arc<dyn Channel>>,
    problems: Vec<Problem>,
    #[cfg(feature = "alertmanager")]
    alertmanager: Option<bongsu_alerts::channels::AlertmanagerChannel>,
    #[cfg(feature = "heartbeat")]
    heartbeat: Option<bongsu_alerts::heartbeat::Heartbeat>,
}

#[cfg(feature = "_channels")]
impl Built {
    /// Keeps the channel, or its problems under the variables that their fields came from.
    #[allow(dead_code, reason = "the heartbeat alone adds no channel")]
    fn add<C: Channel>(
        &mut self,
        variable: impl Fn(&str) -> &'static str,
        channel: Result<C, bongsu_alerts::channels::ChannelConfigError>,
    ) {
        match channel {
            Ok(channel) => self.channels.push(Arc::new(channel)),
            Err(error) => self.refuse(variable, &error),
        }
    }

    fn refuse(
        &mut self,
        variable: impl Fn(&str) -> &'static str,
        error: &bongsu_alerts::channels::ChannelConfigError,
    ) {
        self.problems
            .extend(error.problems.iter().map(|found| Problem {
                variable: variable(found.field).to_owned(),
                message: found.problem.to_string(),
            }));
    }
}

#[cfg(feature = "email")]
fn email_variable(field: &str) -> &'static str {
    match field {
        "port" => "SMTP_PORT",
        "username" => "SMTP_USERNAME",
        "password" => "SMTP_PASSWORD",
        "from" => "ALERT_EMAIL_FROM",
        "to" => "ALERT_EMAIL_TO",
        _ => "SMTP_HOST",
    }
}

#[cfg(feature = "email")]
fn email_channel(
    email: &crate::config::EmailVars,
    host: &str,
    from: &str,
) -> Result<bongsu_alerts::channels::EmailChannel, bongsu_alerts::channels::ChannelConfigError> {
    use bongsu_alerts::channels::{EmailChannel, EmailConfig, Tls};

    use crate::config::SmtpTls;

    EmailChannel::new(EmailConfig {
        host: host.to_owned(),
        port: email.port,
        username: email.username.clone(),
        password: email.password.clone().unwrap_or_default(),
        from: from.to_owned(),
        to: email.to.clone(),
        tls: match email.tls {
            SmtpTls::StartTls => Tls::StartTls,
            SmtpTls::Implicit => Tls::Implicit,
            SmtpTls::None => Tls::None,
        },
        ..EmailConfig::default()
    })
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    /// One thread: whoever lets go can do so only while the store is waited for elsewhere.
    #[tokio::test]
    async fn the_store_waits_for_its_lock_off_the_runtime() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display().to_string();
        let vars = [("SERVICE_NAME", "test"), ("BONGSU_DATA_DIR", &path)];
        let config = Config::from_vars(vars).unwrap();
        let held = store(&config).await.unwrap();
        let (opened, ()) = tokio::join!(store(&config), async { drop(held) });
        opened.unwrap();
    }
}
