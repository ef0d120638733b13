//! Rules of alerting: which files, how often, and how much is remembered for them.

use std::time::Duration;

use super::{
    value::{boolean, list, number, put, seconds, time},
    variables::{Unit, Variable},
};

/// Which rules are evaluated, and over what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RulesConfig {
    /// Paths and patterns; `shipped` for bongsu's own. Empty: none.
    pub files: Vec<String>,
    /// Time between two evaluations, where a group does not say.
    pub interval: Duration,
    /// Time between two samples of the service's own metrics.
    pub step: Duration,
    /// Most that the samples may take, in MiB.
    pub memory_mib: usize,
    /// Whether a Prometheus evaluates bongsu's own rules already, and tells of checks and thresholds.
    pub prometheus: bool,
}

impl Default for RulesConfig {
    fn default() -> Self {
        Self {
            files: vec![SHIPPED.to_owned()],
            interval: Duration::from_secs(15),
            step: Duration::from_secs(5),
            memory_mib: 64,
            prometheus: false,
        }
    }
}

/// What stands for bongsu's own rules among the files.
pub const SHIPPED: &str = "shipped";

pub(super) const VARS: &[Variable] = &[
    Variable::new(
        "BONGSU_RULES",
        SHIPPED,
        "Prometheus' rule files, as paths or patterns with commas between, `shipped` for bongsu's own among them, or `none`",
        set_files,
        |c| Some(if c.rules.files.is_empty() { "none".to_owned() } else { c.rules.files.join(",") }),
    )
    .needs("rules"),
    Variable::new(
        "BONGSU_RULES_INTERVAL_SECONDS",
        "15",
        "time between two evaluations of a group of rules that does not say itself",
        |c, v| put(&mut c.rules.interval, time(v, (1.0, 3_600.0))),
        |c| seconds(c.rules.interval),
    )
    .counts(Unit::Seconds)
    .needs("rules"),
    Variable::new(
        "BONGSU_RULES_STEP_SECONDS",
        "5",
        "time between two samples of the service's own metrics, which rules are evaluated over",
        |c, v| put(&mut c.rules.step, time(v, (1.0, 300.0))),
        |c| seconds(c.rules.step),
    )
    .counts(Unit::Seconds)
    .needs("rules"),
    Variable::new(
        "BONGSU_RULES_MEMORY_MIB",
        "64",
        "most that these samples may take in memory, in MiB; the oldest beyond it are forgotten",
        |c, v| put(&mut c.rules.memory_mib, memory(v)),
        |c| Some(c.rules.memory_mib.to_string()),
    )
    .needs("rules"),
    Variable::new(
        "BONGSU_PROMETHEUS",
        "false",
        "whether a Prometheus beside the service evaluates bongsu's own rules: `shipped` is then none here, and checks and thresholds, which it tells of, become no alerts here",
        |c, v| put(&mut c.rules.prometheus, boolean(v)),
        |c| Some(c.rules.prometheus.to_string()),
    )
    .needs("rules"),
];

fn memory(text: &str) -> Result<usize, String> {
    let form = "a whole number from 1 to 4096";
    let mib = number(text, form)?;
    if (1..=4_096).contains(&mib) {
        Ok(mib)
    } else {
        Err(format!("{text:?} is not {form}"))
    }
}

fn set_files(config: &mut super::Config, text: &str) -> Result<(), String> {
    config.rules.files = if text == "none" {
        Vec::new()
    } else {
        list(text)
    };
    Ok(())
}
