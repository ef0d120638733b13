//! The configuration as resolved, one line a variable, secrets masked.

use bongsu_secret::MASK;

use super::{
    Config,
    variables::{self, Variable},
};

/// A variable and what holds for it. Never a secret's value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Setting {
    /// The variable.
    pub variable: &'static Variable,
    /// The value in force, as it would be written; none when nothing is.
    pub value: Option<String>,
    /// The name under which it was set; none when it was not.
    pub given: Option<String>,
}

impl Config {
    /// Every variable with its value in force.
    pub fn settings(&self) -> impl Iterator<Item = Setting> {
        variables::all().map(|variable| {
            let value = variable.show(self).filter(|value| !value.is_empty());
            Setting {
                variable,
                value: match value {
                    Some(_) if variable.secret => Some(MASK.to_owned()),
                    value => value,
                },
                given: self.given.get(variable.name).cloned(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown_and_what_was_set_says_so() {
        // A word that no other value has, and that each secret's form accepts.
        let secrets = variables::all().filter(|variable| variable.secret);
        let vars = secrets
            .map(|variable| match variable.name {
                "DATABASE_URL" => (variable.name, "sqlite:s3cret.db"),
                "REDIS_URL" => (variable.name, "redis://:s3cret@h:6379"),
                "ALERT_WEBHOOK_SECRET" => (variable.name, "whsec_s3cretAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                "OTEL_EXPORTER_OTLP_HEADERS" => (variable.name, "api-key=s3cret"),
                "ALERTMANAGER_URLS" => (variable.name, "http://u:s3cret@h:9093"),
                name => (name, "https://h/s3cret-and-longer"),
            })
            .chain([("SERVICE_NAME", "desk"), ("TELEGRAM_CHAT_ID", "1")]);
        let vars: Vec<_> = vars.filter(|(name, _)| usable(name)).collect();
        let count = vars.len();
        let config = Config::from_vars(vars).unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
        let settings: Vec<Setting> = config.settings().collect();
        assert!(!format!("{settings:?}").contains("s3cret"));
        let given = settings.iter().filter(|setting| setting.given.is_some());
        assert_eq!(given.clone().count(), count);
        for setting in given {
            assert!(setting.value.is_some(), "{setting:?}");
        }
    }

    /// What can be set in this build without more than its name.
    fn usable(name: &str) -> bool {
        let variable = variables::all().find(|variable| variable.name == name);
        let alone = ![
            "SMTP_PASSWORD",
            "TELEGRAM_BOT_TOKEN",
            "PAGERDUTY_ROUTING_KEY",
        ]
        .contains(&name);
        let stores = name != "DATABASE_URL" || crate::has_feature("sqlite");
        let compiled = variable
            .and_then(|v| v.feature)
            .is_none_or(crate::has_feature);
        alone && stores && compiled
    }
}
