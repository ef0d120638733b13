//! Every channel that is configured, or what is wrong with it, under its variable's name.

use std::sync::Arc;

use bongsu_alerts::Channel;

use crate::{Config, config::Problem};

/// Who is written to: the channels are the same for both, the recipients of mail may not be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    Alerts,
    #[allow(dead_code, reason = "reports are a feature")]
    Reports,
}

#[derive(Default)]
pub(crate) struct Built {
    pub(crate) channels: Vec<Arc<dyn Channel>>,
    pub(crate) problems: Vec<Problem>,
    #[cfg(feature = "alertmanager")]
    pub(crate) alertmanager: Option<bongsu_alerts::channels::AlertmanagerChannel>,
    #[cfg(feature = "heartbeat")]
    pub(crate) heartbeat: Option<bongsu_alerts::heartbeat::Heartbeat>,
}

/// Every channel of the configuration.
#[allow(
    unused_variables,
    unused_mut,
    reason = "which channels exist depends on the features"
)]
pub(crate) fn configured(config: &Config, purpose: Purpose) -> Built {
    let mut built = Built::default();
    let alerts = &config.alerts;
    #[cfg(feature = "email")]
    email::add(config, purpose, &mut built);
    #[cfg(feature = "_http")]
    {
        let options = http_options(config);
        over_http(config, &options, &mut built);
    }
    built
}

#[cfg(feature = "_http")]
#[allow(
    unused_variables,
    reason = "which channels exist depends on the features"
)]
fn over_http(config: &Config, options: &bongsu_alerts::channels::HttpOptions, built: &mut Built) {
    let alerts = &config.alerts;
    #[cfg(feature = "slack")]
    if let Some(urls) = &alerts.slack {
        let rooms = alerts
            .slack_channel
            .as_deref()
            .map(items)
            .unwrap_or_default();
        built.several(urls, &SLACK, |url, id| {
            let slack = bongsu_alerts::channels::SlackChannel::with_rooms(url, rooms.clone())?;
            slack.with_id(id).with_http(options)
        });
    }
    #[cfg(feature = "webhook")]
    for (index, url) in alerts.webhooks.iter().enumerate() {
        let secret = alerts.webhook_secret.clone();
        let webhook = bongsu_alerts::channels::WebhookChannel::new(url.clone(), secret);
        let webhook =
            webhook.and_then(|it| it.with_id(numbered("webhook", index)).with_http(options));
        built.add(&WEBHOOK, webhook);
    }
    #[cfg(feature = "telegram")]
    if let (Some(token), Some(chats)) = (&alerts.telegram, &alerts.telegram_chat) {
        let telegram = bongsu_alerts::channels::TelegramChannel::new(token.clone(), items(chats));
        built.add(&TELEGRAM, telegram.and_then(|it| it.with_http(options)));
    }
    #[cfg(feature = "discord")]
    if let Some(urls) = &alerts.discord {
        built.several(urls, &DISCORD, |url, id| {
            let discord = bongsu_alerts::channels::DiscordChannel::new(url)?;
            discord.with_id(id).with_http(options)
        });
    }
    #[cfg(feature = "pagerduty")]
    if let Some(keys) = &alerts.pagerduty {
        built.several(keys, &PAGERDUTY, |key, id| {
            let pagerduty = bongsu_alerts::channels::PagerDutyChannel::new(key)?;
            pagerduty.with_id(id).with_http(options)
        });
    }
    #[cfg(feature = "teams")]
    if let Some(urls) = &alerts.teams {
        built.several(urls, &TEAMS, |url, id| {
            let teams = bongsu_alerts::channels::TeamsChannel::new(url)?;
            teams.with_id(id).with_http(options)
        });
    }
    #[cfg(feature = "alertmanager")]
    if !alerts.alertmanagers.is_empty() {
        let urls = alerts.alertmanagers.iter().cloned();
        let peers = bongsu_alerts::channels::AlertmanagerChannel::new(urls);
        let peers = peers.and_then(|it| it.with_http(options));
        built.alertmanager = peers.as_ref().ok().cloned();
        built.add(&ALERTMANAGER, peers);
    }
    #[cfg(feature = "heartbeat")]
    if let Some(url) = &alerts.heartbeat {
        let heartbeat = bongsu_alerts::heartbeat::Heartbeat::new(url.clone());
        match heartbeat.and_then(|it| it.with_http(options)) {
            Ok(heartbeat) => built.heartbeat = Some(heartbeat),
            Err(error) => built.refuse(&HEARTBEAT, &error),
        }
    }
}

/// A channel's name, the variable that most of its fields come from, and where the others come from.
#[cfg(feature = "_channels")]
struct Names {
    #[allow(dead_code, reason = "a channel alone needs no number")]
    id: &'static str,
    variable: &'static str,
    fields: &'static [(&'static str, &'static str)],
}

#[cfg(feature = "_channels")]
const fn names(
    id: &'static str,
    variable: &'static str,
    fields: &'static [(&'static str, &'static str)],
) -> Names {
    Names {
        id,
        variable,
        fields,
    }
}

#[cfg(feature = "slack")]
const SLACK: Names = names(
    "slack",
    "SLACK_WEBHOOK_URL",
    &[("channel", "SLACK_CHANNEL")],
);
#[cfg(feature = "webhook")]
const WEBHOOK: Names = names(
    "webhook",
    "ALERT_WEBHOOK_URLS",
    &[("secret", "ALERT_WEBHOOK_SECRET")],
);
#[cfg(feature = "telegram")]
const TELEGRAM: Names = names(
    "telegram",
    "TELEGRAM_BOT_TOKEN",
    &[("chat", "TELEGRAM_CHAT_ID")],
);
#[cfg(feature = "discord")]
const DISCORD: Names = names("discord", "DISCORD_WEBHOOK_URL", &[]);
#[cfg(feature = "pagerduty")]
const PAGERDUTY: Names = names("pagerduty", "PAGERDUTY_ROUTING_KEY", &[]);
#[cfg(feature = "teams")]
const TEAMS: Names = names("teams", "TEAMS_WEBHOOK_URL", &[]);
#[cfg(feature = "alertmanager")]
const ALERTMANAGER: Names = names("alertmanager", "ALERTMANAGER_URLS", &[]);
#[cfg(feature = "heartbeat")]
const HEARTBEAT: Names = names("heartbeat", "BONGSU_HEARTBEAT_URL", &[]);

#[cfg(feature = "_channels")]
impl Names {
    fn of(&self, field: &str) -> &'static str {
        // What concerns the way out is no channel's own.
        let shared = [("http", "BONGSU_PROXY_URL"), ("tls", "BONGSU_CA_FILE")];
        let mut known = self.fields.iter().chain(&shared);
        known
            .find(|(name, _)| *name == field)
            .map_or(self.variable, |(_, variable)| variable)
    }
}

#[cfg(feature = "_channels")]
#[allow(dead_code, reason = "each channel uses its part")]
impl Built {
    /// Keeps the channel, or its problems under the variables that their fields came from.
    fn add<C: Channel>(
        &mut self,
        names: &Names,
        channel: Result<C, bongsu_alerts::channels::ChannelConfigError>,
    ) {
        match channel {
            Ok(channel) => self.channels.push(Arc::new(channel)),
            Err(error) => self.refuse(names, &error),
        }
    }

    /// One channel for each item of a list: `slack`, `slack-2`, ….
    #[cfg(feature = "_http")]
    fn several<C: Channel>(
        &mut self,
        list: &crate::config::Secret,
        names: &Names,
        make: impl Fn(
            crate::config::Secret,
            String,
        ) -> Result<C, bongsu_alerts::channels::ChannelConfigError>,
    ) {
        for (index, item) in items(list.expose()).into_iter().enumerate() {
            let channel = make(crate::config::Secret::new(item), numbered(names.id, index));
            self.add(names, channel);
        }
    }

    fn refuse(&mut self, names: &Names, error: &bongsu_alerts::channels::ChannelConfigError) {
        for found in &error.problems {
            let problem = Problem {
                variable: names.of(found.field).to_owned(),
                message: found.problem.to_string(),
            };
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }
}

#[cfg(feature = "_http")]
#[allow(dead_code, reason = "each channel uses its part")]
fn numbered(id: &str, index: usize) -> String {
    match index {
        0 => id.to_owned(),
        index => format!("{id}-{}", index + 1),
    }
}

#[cfg(feature = "_http")]
#[allow(dead_code, reason = "each channel uses its part")]
fn items(text: &str) -> Vec<String> {
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    items.map(str::to_owned).collect()
}

/// By what way requests go out. This machine itself is never reached through a proxy.
#[cfg(feature = "_http")]
fn http_options(config: &Config) -> bongsu_alerts::channels::HttpOptions {
    let way = &config.delivery;
    let mut options = bongsu_alerts::channels::HttpOptions::new();
    options.proxy.clone_from(&way.proxy);
    options.https_proxy.clone_from(&way.https_proxy);
    options.http_proxy.clone_from(&way.http_proxy);
    let others = way.no_proxy.as_deref().unwrap_or_default();
    options.no_proxy = Some(format!("localhost,127.0.0.0/8,::1,{others}"));
    options.ca_pem = authorities(config);
    options
}

/// What is in `BONGSU_CA_FILE`; the configuration has said it if it cannot be read.
#[cfg(feature = "_channels")]
fn authorities(config: &Config) -> Option<Vec<u8>> {
    std::fs::read(config.delivery.ca_file.as_ref()?).ok()
}

#[cfg(feature = "email")]
mod email {
    use bongsu_alerts::channels::{EmailChannel, EmailConfig, Tls, addresses};

    use super::{Built, Names, Purpose, authorities, names};
    use crate::{Config, config::SmtpTls};

    const EMAIL: Names = names(
        "email",
        "SMTP_HOST",
        &[
            ("port", "SMTP_PORT"),
            ("username", "SMTP_USERNAME"),
            ("password", "SMTP_PASSWORD"),
            ("from", "ALERT_EMAIL_FROM"),
            ("to", "ALERT_EMAIL_TO"),
            ("hello", "BONGSU_SMTP_HELO"),
        ],
    );
    const REPORT: Names = names("email", "SMTP_HOST", &[("to", "REPORT_EMAIL_TO")]);

    /// Mail to those whom the purpose concerns; nobody: no channel.
    pub(super) fn add(config: &Config, purpose: Purpose, built: &mut Built) {
        let email = &config.alerts.email;
        let (Some(host), Some(from)) = (&email.host, &email.from) else {
            return;
        };
        let own = config.delivery.report_email_to.as_deref().map(addresses);
        let (to, names) = match (purpose, own) {
            (Purpose::Reports, Some(own)) => (own, &REPORT),
            _ => (email.to.clone(), &EMAIL),
        };
        if to.is_empty() {
            return;
        }
        let channel = EmailChannel::new(EmailConfig {
            host: host.clone(),
            port: email.port,
            username: email.username.clone(),
            password: email.password.clone().unwrap_or_default(),
            from: from.clone(),
            to,
            tls: match email.tls {
                SmtpTls::StartTls => Tls::StartTls,
                SmtpTls::Implicit => Tls::Implicit,
                SmtpTls::None => Tls::None,
            },
            ca_pem: authorities(config),
            hello: config.delivery.smtp_helo.clone(),
        });
        built.add(names, channel);
    }
}

#[cfg(test)]
#[cfg(all(
    feature = "alertmanager",
    feature = "email",
    feature = "slack",
    feature = "telegram"
))]
mod tests {
    use super::*;

    fn config(vars: &[(&'static str, &'static str)]) -> Config {
        let vars = vars.iter().copied().chain([("SERVICE_NAME", "desk")]);
        Config::from_vars(vars).unwrap()
    }

    fn reached(config: &Config, purpose: Purpose) -> Vec<String> {
        let channels = configured(config, purpose).channels;
        let targets = channels.iter().flat_map(|channel| {
            let of = |target: bongsu_alerts::Target| format!("{}: {target}", channel.id());
            channel.targets().into_iter().map(of)
        });
        targets.collect()
    }

    #[test]
    fn several_hooks_rooms_and_chats() {
        let config = config(&[
            (
                "SLACK_WEBHOOK_URL",
                "https://hooks.example/a, https://hooks.example/b",
            ),
            ("SLACK_CHANNEL", "#desk,#risk"),
            ("TELEGRAM_BOT_TOKEN", "1:a"),
            ("TELEGRAM_CHAT_ID", "-1001, @desk, -1002/42"),
            ("ALERT_WEBHOOK_URLS", "https://x/1,https://x/2"),
        ]);
        let want = [
            "slack: #desk",
            "slack: #risk",
            "slack-2: #desk",
            "slack-2: #risk",
            "webhook: x",
            "webhook-2: x",
            "telegram: -1001",
            "telegram: @desk",
            "telegram: -1002/42",
        ];
        assert_eq!(reached(&config, Purpose::Alerts), want);
    }

    #[test]
    fn recipients_of_reports_and_alerts_are_set_apart() {
        let mail = [
            ("SMTP_HOST", "mail.example.com"),
            ("ALERT_EMAIL_FROM", "alerts@example.com"),
        ];
        let (to, boss) = (
            (
                "ALERT_EMAIL_TO",
                "\"Kim, Cheolsu\" <kim@x.test>; lee@x.test",
            ),
            ("REPORT_EMAIL_TO", "boss@x.test"),
        );
        let both = config(&[mail[0], mail[1], to, boss]);
        assert_eq!(
            reached(&both, Purpose::Alerts),
            ["email: kim@x.test", "email: lee@x.test"]
        );
        assert_eq!(reached(&both, Purpose::Reports), ["email: boss@x.test"]);
        let alerts = config(&[mail[0], mail[1], to]);
        assert_eq!(reached(&alerts, Purpose::Reports).len(), 2);
        let reports = config(&[mail[0], mail[1], boss]);
        assert!(reached(&reports, Purpose::Alerts).is_empty());
        assert_eq!(reached(&reports, Purpose::Reports), ["email: boss@x.test"]);
    }

    #[test]
    fn what_is_wrong_is_told_under_its_variable() {
        let check = |vars: &[(&'static str, &'static str)], want: &str| {
            let vars = vars.iter().copied().chain([("SERVICE_NAME", "desk")]);
            let error = Config::from_vars(vars).unwrap_err();
            let named: Vec<&str> = error
                .problems()
                .iter()
                .map(|p| p.variable.as_str())
                .collect();
            assert_eq!(named, [want], "{error}");
        };
        let mail = |more| {
            [
                ("SMTP_HOST", "mail.example.com"),
                ("ALERT_EMAIL_FROM", "alerts@example.com"),
                ("ALERT_EMAIL_TO", "desk@example.com"),
                more,
            ]
        };
        check(&mail(("BONGSU_SMTP_HELO", "two words")), "BONGSU_SMTP_HELO");
        check(&mail(("REPORT_EMAIL_TO", "nobody")), "REPORT_EMAIL_TO");
        check(&[("BONGSU_CA_FILE", "/nowhere/ca.pem")], "BONGSU_CA_FILE");
        check(&[("BONGSU_LANGUAGE", "de")], "BONGSU_LANGUAGE");
        check(&[("BONGSU_TIME_ZONE", "Mars/Olympus")], "BONGSU_TIME_ZONE");
        check(
            &[("BONGSU_PUBLIC_URL", "ops.example.com")],
            "BONGSU_PUBLIC_URL",
        );
        check(&[("PAGERDUTY_MIN_LEVEL", "loud")], "PAGERDUTY_MIN_LEVEL");
    }

    #[test]
    fn peers_are_shown_without_what_they_keep_secret() {
        let config = config(&[("ALERTMANAGER_URLS", "http://kim:s3cret@am:9093")]);
        assert_eq!(reached(&config, Purpose::Alerts), ["alertmanager: cluster"]);
        let built = configured(&config, Purpose::Alerts);
        assert!(!format!("{config:?} {:?}", built.channels).contains("s3cret"));
        let settings: Vec<_> = config.settings().collect();
        assert!(!format!("{settings:?}").contains("s3cret"));
    }
}
