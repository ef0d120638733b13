//! The configuration as the console shows it.

use bongsu_ops::Setting;

use crate::config::Config;

/// Every variable with its value in force, secrets masked.
pub(super) fn settings(config: &Config) -> Vec<Setting> {
    let settings = config.settings().map(|setting| Setting {
        name: setting.variable.name.to_owned(),
        set: setting.given.is_some(),
        value: setting.value,
        help: setting.variable.help.to_owned(),
    });
    settings.collect()
}
