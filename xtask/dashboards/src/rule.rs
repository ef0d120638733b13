//! Alerting and recording rules, each with the cases that prove it.

use crate::{
    RULES,
    text::{Language, Text},
    yaml::{self, Yaml},
};

/// Where `runbook_url` points; the section is the alert's name in lower case.
pub const RUNBOOKS: &str = "docs/runbooks.md";

/// Rules of one file.
#[derive(Debug, Clone)]
pub struct Group {
    /// The file's name without its ending, and the group's.
    pub name: &'static str,
    /// What the alerts of this group have in common.
    pub about: &'static str,
    /// Series that are computed beforehand: name and expression.
    pub recorded: Vec<(&'static str, String)>,
    /// The alerts.
    pub alerts: Vec<Alert>,
}

/// How urgent an alert is; Alertmanager routes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Money or service is being lost: wakes somebody.
    Critical,
    /// To be looked at today.
    Warning,
    /// For machines: the dead man's switch.
    None,
}

impl Severity {
    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::None => "none",
        }
    }
}

/// One alerting rule.
#[derive(Debug, Clone)]
pub struct Alert {
    /// `alertname`.
    pub name: &'static str,
    /// What must hold.
    pub expr: String,
    /// For how long before it fires.
    pub pending: &'static str,
    /// How long it goes on firing after it has ended, where it would flap.
    pub keep: Option<&'static str>,
    /// The label.
    pub severity: Severity,
    /// One line, with `{{ $labels.x }}`.
    pub summary: Text,
    /// The section of the runbook: what it means, where to look, what to do.
    pub runbook: [&'static str; 3],
    /// Must fire.
    pub fires: Vec<Case>,
    /// Must not.
    pub silent: Vec<Case>,
}

/// Series as they come in, one value a minute, and what is true at a time.
#[derive(Debug, Clone)]
pub struct Case {
    /// Series and values in promtool's notation.
    pub input: Vec<(String, String)>,
    /// When to look, since the start.
    pub at: &'static str,
    /// Labels of the alert that fires, beside its name and severity.
    pub labels: Vec<(&'static str, &'static str)>,
}

/// What stands between asterisks, save in code: the names of panels in a runbook.
pub fn emphasised(text: &str) -> impl Iterator<Item = &str> {
    let plain = text.split('`').step_by(2);
    plain.flat_map(|part| part.split('*').skip(1).step_by(2))
}

impl Group {
    pub(crate) fn new(name: &'static str, about: &'static str, alerts: Vec<Alert>) -> Self {
        Self {
            name,
            about,
            recorded: Vec::new(),
            alerts,
        }
    }

    /// The rule file.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let recorded = self.recorded.iter().map(|(name, expr)| {
            Yaml::Map(vec![
                ("record", (*name).into()),
                ("expr", expr.clone().into()),
            ])
        });
        let rules = recorded
            .chain(self.alerts.iter().map(Alert::yaml))
            .collect();
        yaml::file(&Yaml::Map(vec![(
            "groups",
            Yaml::List(vec![Yaml::Map(vec![
                ("name", format!("bongsu-{}", self.name).into()),
                ("rules", Yaml::List(rules)),
            ])]),
        )]))
    }

    /// Its tests, for `promtool test rules`.
    #[must_use]
    pub fn tests_to_yaml(&self) -> String {
        let cases = self.alerts.iter().flat_map(|alert| {
            let fires = alert.fires.iter().map(|case| case.yaml(alert, true));
            let routed = alert.fires.iter().filter_map(|case| case.of_a_team());
            let routed = routed.map(|case| case.yaml(alert, true));
            let silent = alert.silent.iter().map(|case| case.yaml(alert, false));
            fires.chain(routed).chain(silent)
        });
        yaml::file(&Yaml::Map(vec![
            (
                "rule_files",
                Yaml::List(vec![format!("../{}.yml", self.name).into()]),
            ),
            ("evaluation_interval", "1m".into()),
            ("tests", Yaml::List(cases.collect())),
        ]))
    }

    /// The rule file's path.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{RULES}/{}.yml", self.name)
    }
}

impl Alert {
    pub(crate) fn new(name: &'static str, severity: Severity, expr: impl Into<String>) -> Self {
        Self {
            name,
            expr: expr.into(),
            pending: "5m",
            keep: None,
            severity,
            summary: Text { en: "", ko: "" },
            runbook: [""; 3],
            fires: Vec::new(),
            silent: Vec::new(),
        }
    }

    pub(crate) fn pending(mut self, time: &'static str) -> Self {
        self.pending = time;
        self
    }

    pub(crate) fn keep(mut self, time: &'static str) -> Self {
        self.keep = Some(time);
        self
    }

    pub(crate) fn says(mut self, en: &'static str, ko: &'static str) -> Self {
        self.summary = Text { en, ko };
        self
    }

    pub(crate) fn runbook(
        mut self,
        means: &'static str,
        look: &'static str,
        act: &'static str,
    ) -> Self {
        self.runbook = [means, look, act];
        self
    }

    pub(crate) fn fires(
        mut self,
        at: &'static str,
        labels: &[(&'static str, &'static str)],
        input: &[(&str, &str)],
    ) -> Self {
        self.fires.push(Case::new(at, labels, input));
        self
    }

    pub(crate) fn silent(mut self, at: &'static str, input: &[(&str, &str)]) -> Self {
        self.silent.push(Case::new(at, &[], input));
        self
    }

    /// The first panel that the runbook names, under Grafana's address.
    fn panel_url(&self) -> Option<String> {
        let dashboards = crate::dashboards(Language::English);
        let place = |name: &str| {
            dashboards.iter().find_map(|dashboard| {
                let panel = dashboard.panels.iter().find(|panel| panel.title == name)?;
                let (uid, id) = (&dashboard.uid, panel.id);
                Some(format!(
                    "/d/{uid}?viewPanel={id}&var-job={{{{ $labels.job }}}}"
                ))
            })
        };
        self.runbook
            .iter()
            .flat_map(|text| emphasised(text))
            .find_map(place)
    }

    fn yaml(&self) -> Yaml {
        let mut rule = vec![
            ("alert", self.name.into()),
            ("expr", self.expr.clone().into()),
            ("for", self.pending.into()),
        ];
        if let Some(keep) = self.keep {
            rule.push(("keep_firing_for", keep.into()));
        }
        let url = format!("{RUNBOOKS}#{}", self.name.to_ascii_lowercase());
        rule.push((
            "labels",
            Yaml::Map(vec![("severity", self.severity.as_str().into())]),
        ));
        let mut annotations = vec![
            ("summary", self.summary.en.into()),
            ("summary_ko", self.summary.ko.into()),
            ("description", self.runbook[0].into()),
            ("runbook_url", url.into()),
        ];
        if let Some(panel) = self.panel_url() {
            annotations.push(("panel_url", panel.into()));
        }
        rule.push(("annotations", Yaml::Map(annotations)));
        Yaml::Map(rule)
    }
}

impl Case {
    fn new(
        at: &'static str,
        labels: &[(&'static str, &'static str)],
        input: &[(&str, &str)],
    ) -> Self {
        let owned = input
            .iter()
            .map(|(s, v)| ((*s).to_owned(), (*v).to_owned()));
        Self {
            input: owned.collect(),
            at,
            labels: labels.to_vec(),
        }
    }

    /// The same with a label of the target's, which the alert must keep: people route by it. `None` for what
    /// fires because there is no series.
    fn of_a_team(&self) -> Option<Self> {
        let instance = self.labels.iter().find(|(name, _)| *name == "job")?.1;
        let mut case = self.clone();
        for (series, _) in &mut case.input {
            if !series.contains(&format!("job={instance:?}")) {
                return None;
            }
            *series = series.replacen('{', "{team=\"trading\",", 1);
        }
        case.labels.push(("team", "trading"));
        Some(case)
    }

    fn yaml(&self, alert: &Alert, fires: bool) -> Yaml {
        let input = self.input.iter().map(|(series, values)| {
            Yaml::Map(vec![
                ("series", series.clone().into()),
                ("values", values.clone().into()),
            ])
        });
        let mut samples = Vec::new();
        if fires {
            let mut labels = vec![
                ("alertname", alert.name),
                ("alertstate", "firing"),
                ("severity", alert.severity.as_str()),
            ];
            labels.extend(&self.labels);
            labels.sort_unstable();
            let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v:?}")).collect();
            samples.push(Yaml::Map(vec![
                ("labels", format!("ALERTS{{{}}}", labels.join(", ")).into()),
                ("value", Yaml::Number(1)),
            ]));
        }
        let word = if fires { "fires" } else { "is silent" };
        let expr = format!(
            "ALERTS{{alertname={:?}, alertstate=\"firing\"}}",
            alert.name
        );
        Yaml::Map(vec![
            ("name", format!("{} {word}", alert.name).into()),
            ("interval", "1m".into()),
            ("input_series", Yaml::List(input.collect())),
            (
                "promql_expr_test",
                Yaml::List(vec![Yaml::Map(vec![
                    ("expr", expr.into()),
                    ("eval_time", self.at.into()),
                    ("exp_samples", Yaml::List(samples)),
                ])]),
            ),
        ])
    }
}
