//! The file as it is written. What stands where in it is said a second time, for people and editors, by
//! [`super::schema`]; a test holds the two together.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::words::{Clock, Day, Every, Hidden, Length, Level, Many, Plain, Then};

/// A text with its place.
pub(super) type Text = Spanned<String>;
/// A plain value with its place, if it is given.
pub(super) type Given = Option<Spanned<Plain>>;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) alerts: Alerts,
    pub(super) channels: BTreeMap<String, Spanned<Channel>>,
    pub(super) recipients: BTreeMap<String, Vec<Text>>,
    pub(super) rules: Vec<Spanned<Rule>>,
    pub(super) silences: Vec<Spanned<Silence>>,
    pub(super) thresholds: Thresholds,
    pub(super) portfolio: Portfolio,
    pub(super) checks: Vec<Spanned<Check>>,
    pub(super) access_log: AccessLines,
    pub(super) report: Report,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Alerts {
    pub(super) cooldown: Given,
    pub(super) on_errors: Given,
    pub(super) language: Given,
    pub(super) time_zone: Given,
    pub(super) public_url: Given,
    pub(super) runbook_url: Given,
    pub(super) repeat: Option<Every>,
    pub(super) fallback: Option<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Channel {
    pub(super) min_level: Given,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) id: Text,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(default, rename = "match")]
    pub(super) matches: Match,
    pub(super) channels: Vec<Text>,
    #[serde(default, rename = "continue")]
    pub(super) proceed: bool,
    pub(super) active: Option<Spanned<Hours>>,
    pub(super) quiet: Option<Spanned<Hours>>,
    pub(super) quiet_then: Option<Then>,
    pub(super) cooldown: Option<Length>,
    pub(super) digest: Option<Every>,
    pub(super) repeat: Option<Every>,
    pub(super) remind: Option<Every>,
    pub(super) owner: Option<String>,
    #[serde(default)]
    pub(super) escalate: Vec<Step>,
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) after: Spanned<Length>,
    pub(super) channels: Vec<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Match {
    pub(super) min_level: Option<Level>,
    pub(super) max_level: Option<Level>,
    pub(super) kind: Option<String>,
    pub(super) source: Many,
    pub(super) tag: Many,
    pub(super) key: Option<String>,
    pub(super) metadata: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Hours {
    pub(super) during: Option<Text>,
    pub(super) from: Option<Clock>,
    pub(super) to: Option<Clock>,
    pub(super) days: Vec<Day>,
    pub(super) zone: Option<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Silence {
    pub(super) id: Text,
    #[serde(default, rename = "match")]
    pub(super) matches: Match,
    pub(super) hours: Spanned<Hours>,
    #[serde(default)]
    pub(super) comment: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Thresholds {
    pub(super) hold: Given,
    pub(super) cpu: Threshold,
    pub(super) memory: Threshold,
    pub(super) disk: Threshold,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Threshold {
    pub(super) warning: Given,
    pub(super) critical: Given,
    pub(super) hold: Option<Length>,
    pub(super) margin: Option<Spanned<f64>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Portfolio {
    pub(super) halt_drawdown_percent: Option<Spanned<f64>>,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    pub(super) name: Text,
    pub(super) kind: Text,
    pub(super) url: Option<Spanned<Hidden>>,
    pub(super) address: Option<Text>,
    pub(super) path: Option<Text>,
    pub(super) status: Option<Spanned<Vec<u16>>>,
    pub(super) every: Option<Spanned<Length>>,
    pub(super) timeout: Option<Spanned<Length>>,
    pub(super) importance: Option<Text>,
    pub(super) during: Option<Text>,
    pub(super) grace: Option<Spanned<Length>>,
    pub(super) degraded_after: Option<Spanned<Length>>,
    pub(super) unhealthy_after: Option<Spanned<Length>>,
}

/// Which requests have a line in the access log.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AccessLines {
    /// Routes without a line for what went well.
    pub quiet: Vec<String>,
    /// Routes of which one request in so many has a line.
    pub one_in: BTreeMap<String, u32>,
    /// The same for every other route.
    pub others_one_in: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Report {
    pub(super) channels: Given,
    pub(super) email_to: Given,
}
