use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// Most alerts of one rule that are shown.
pub const MOST_RULE_ALERTS: usize = 100;

/// The rules in force, and what they are evaluated over.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rules {
    /// In the order of the files.
    pub groups: Vec<RuleGroup>,
    /// The samples they see.
    pub memory: RuleMemory,
}

/// Rules that are evaluated one after another, at one time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RuleGroup {
    /// The file, as it was named; `shipped` for bongsu's own.
    pub file: String,
    /// Unique in its file.
    pub name: String,
    /// Time between two evaluations.
    pub interval_seconds: f64,
    /// When it was last evaluated; none before the first time.
    pub last_evaluation: Option<Timestamp>,
    /// In their order.
    pub rules: Vec<RuleSeen>,
}

/// One rule, and what it sees.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleSeen {
    /// Of the alert, or of the recorded series.
    pub name: String,
    /// What it makes of what it sees.
    pub kind: RuleKind,
    /// Where it begins in its file.
    pub line: usize,
    /// In PromQL.
    pub expression: String,
    /// How long it has to hold before it fires.
    pub for_seconds: f64,
    /// How long it goes on firing when it holds no more.
    pub keep_firing_for_seconds: f64,
    /// Labels it adds.
    pub labels: BTreeMap<String, String>,
    /// The furthest of its alerts; of a recording rule whether it was evaluated.
    pub state: RuleState,
    /// How many elements its expression gave when it was last evaluated.
    pub elements: usize,
    /// What its last evaluation failed with.
    pub error: Option<String>,
    /// Its alerts that are pending or fire, at most [`MOST_RULE_ALERTS`].
    pub active: Vec<RuleAlert>,
    /// How many more there are.
    pub omitted: usize,
}

/// What a rule makes of what it sees.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleKind {
    /// Alerts.
    Alert,
    /// Series of its name.
    Record,
}

/// How far a rule or one of its alerts is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleState {
    /// It was not evaluated yet.
    Waiting,
    /// Nothing is pending or fires.
    Inactive,
    /// It holds, but not for as long as it has to.
    Pending,
    /// It fires.
    Firing,
}

/// One alert of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleAlert {
    /// What tells it from others.
    pub labels: BTreeMap<String, String>,
    /// What the expression gave when it last held: a number, `NaN`, `inf` or `-inf`.
    pub value: String,
    /// [`RuleState::Pending`] or [`RuleState::Firing`].
    pub state: RuleState,
    /// Since when it holds.
    pub since: Timestamp,
    /// Since when it fires.
    pub firing_since: Option<Timestamp>,
    /// What it says in short.
    pub summary: Option<String>,
}

/// Which of a rule's alerts, over which stretch.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleFigureQuery {
    /// The rule's name.
    pub name: String,
    /// What tells the alert from others of the rule; what more the alert says is passed over.
    pub labels: BTreeMap<String, String>,
    /// From when on.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// At how many moments, evenly spaced, the last at the end.
    pub columns: usize,
}

/// What a rule compares, with what it is held against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleFigure {
    /// The rule's expression.
    pub expression: String,
    /// What is measured; a moment without a value is left out.
    pub measured: Vec<(Timestamp, f64)>,
    /// Its limit at the same moments.
    pub limit: Vec<(Timestamp, f64)>,
}

/// The samples that rules see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct RuleMemory {
    /// Series.
    pub series: usize,
    /// Samples.
    pub samples: usize,
    /// Bytes, about.
    pub bytes: usize,
    /// How far back the rules look.
    pub reach_seconds: f64,
    /// Samples of new series that found no room, since the start.
    pub refused: u64,
    /// Parts of series that were forgotten before their time for want of room, since the start.
    pub forgotten: u64,
}

impl RuleSeen {
    /// A rule of which nothing is known yet.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: RuleKind, expression: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            line: 1,
            expression: expression.into(),
            for_seconds: 0.0,
            keep_firing_for_seconds: 0.0,
            labels: BTreeMap::new(),
            state: RuleState::Waiting,
            elements: 0,
            error: None,
            active: Vec::new(),
            omitted: 0,
        }
    }
}
