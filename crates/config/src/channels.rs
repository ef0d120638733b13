//! The channels that come with the alerts, as the configuration asks for them.

use bongsu_alerts::channels::{
    Asked, ChannelKind, ChannelVariable, Given, KINDS, Made, Purpose, Remark, WayOut,
};

use crate::{Config, Findings, Problem, Variable, variables::Place};

/// Their variables, as the table of the configuration has them: those of a kind, then its least level.
pub(crate) const VARIABLES: &[Variable] = &table::<{ count() }>();

const fn count() -> usize {
    let (mut count, mut kind) = (0, 0);
    while kind < KINDS.len() {
        count += KINDS[kind].variables.len() + KINDS[kind].min_level.is_some() as usize;
        kind += 1;
    }
    count
}

const fn table<const N: usize>() -> [Variable; N] {
    let mut table = [variable(&KINDS[0], &KINDS[0].variables[0]); N];
    let (mut at, mut kind) = (0, 0);
    while kind < KINDS.len() {
        let of = &KINDS[kind];
        let mut one = 0;
        while one < of.variables.len() {
            table[at] = variable(of, &of.variables[one]);
            (at, one) = (at + 1, one + 1);
        }
        if let Some(name) = of.min_level {
            table[at] = min_level(of, name);
            at += 1;
        }
        kind += 1;
    }
    table
}

const fn variable(kind: &ChannelKind, of: &ChannelVariable) -> Variable {
    let mut variable = Variable::kept(of.name, of.default, of.help, Place::Channel(of.check));
    (variable.secret, variable.shared) = (of.secret, of.shared);
    variable.needs(kind.name)
}

const fn min_level(kind: &ChannelKind, name: &'static str) -> Variable {
    let help = "least level that goes there: `info`, `warning`, `error` or `critical`";
    Variable::kept(name, "info", help, Place::MinLevel(kind.name)).needs(kind.name)
}

/// Every channel of the configuration.
#[must_use]
pub fn configured(config: &Config, purpose: Purpose) -> Made {
    let (given, way) = (given(config), way(config));
    let asked = Asked {
        given: &given,
        way: &way,
        purpose,
    };
    let mut made = Made::default();
    for kind in KINDS {
        kind.make(&asked, &mut made);
    }
    made
}

/// What was given of their variables.
#[must_use]
pub fn given(config: &Config) -> Given {
    let mut given = Given::default();
    for (name, value) in &config.alerts.channels {
        let found = config.given.get(name).map_or(*name, String::as_str);
        given.set(name, found.to_owned(), value.clone());
    }
    given
}

/// By what way requests go out.
fn way(config: &Config) -> WayOut {
    let delivery = &config.delivery;
    let mut way = WayOut::default();
    way.proxy.clone_from(&delivery.proxy);
    way.https_proxy.clone_from(&delivery.https_proxy);
    way.http_proxy.clone_from(&delivery.http_proxy);
    way.no_proxy.clone_from(&delivery.no_proxy);
    // The configuration has said it if it cannot be read.
    let authorities = delivery.ca_file.as_ref().map(std::fs::read);
    way.ca_pem = authorities.and_then(Result::ok);
    way
}

/// What is wrong with the channels' variables, and what there is to say about them.
pub(crate) fn check(config: &mut Config, findings: &mut Findings) {
    let mut given = given(config);
    for remark in KINDS.iter().flat_map(|kind| kind.review(&mut given)) {
        match remark {
            Remark::Problem(variable, _) if findings.has_problem(variable) => {}
            Remark::Problem(variable, message) => findings.problem(variable, message),
            Remark::Warning(variable, message) => findings.warning(&variable, message),
            Remark::Ours(variable) => findings.insist(&[variable]),
            _ => {}
        }
    }
    config
        .alerts
        .channels
        .retain(|name, _| given.text(name).is_some());
    // What is missing was said already; a channel says it again in other words.
    for problem in problems(config) {
        if !findings.has_problem(&problem.variable) {
            findings.problems.push(problem);
        }
    }
}

/// What is wrong with the configured channels, whoever they write to.
fn problems(config: &Config) -> Vec<Problem> {
    let mut found: Vec<Problem> = Vec::new();
    for purpose in [Purpose::Alerts, Purpose::Reports] {
        for problem in as_problems(&configured(config, purpose)) {
            if !found.contains(&problem) {
                found.push(problem);
            }
        }
    }
    found
}

/// What could not be made, under the names of the variables.
#[must_use]
pub fn as_problems(made: &Made) -> Vec<Problem> {
    let made = made.problems.iter();
    made.map(|(variable, message)| Problem::new(*variable, message))
        .collect()
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
