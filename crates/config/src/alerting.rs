//! Alerts: how long a repeat is held back, and what was given of the channels' variables.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Secret,
    value::{boolean, put, seconds, time},
    variables::{Unit, Variable},
};

/// Cooldown and channels.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AlertConfig {
    /// How long a repeat is held back.
    pub cooldown: Duration,
    /// Whether a line logged at ERROR is an alert too.
    pub on_errors: bool,
    /// What was given of the channels' variables, by name.
    pub channels: BTreeMap<&'static str, Secret>,
}

impl Default for AlertConfig {
    fn default() -> Self {
        Self {
            cooldown: Duration::from_secs(900),
            on_errors: false,
            channels: BTreeMap::new(),
        }
    }
}

pub(super) const VARS: &[Variable] = &[
    Variable::new(
        "BONGSU_ALERT_COOLDOWN_SECONDS",
        "900",
        "how long a repeated alert is held back",
        |c, v| put(&mut c.alerts.cooldown, time(v, (0.0, 30.0 * 86_400.0))),
        |c| seconds(c.alerts.cooldown),
    )
    .counts(Unit::Seconds)
    .needs("alerts"),
    Variable::new(
        "BONGSU_ALERT_ON_ERRORS",
        "false",
        "whether each line that the service logs at ERROR is an alert too, one a place in the code",
        |c, v| put(&mut c.alerts.on_errors, boolean(v)),
        |c| Some(c.alerts.on_errors.to_string()),
    )
    .needs("alerts"),
];
