//! The rules in force with what each sees now, the worst first.

use askama::Template;
use bongsu_ops::{RuleAlert, RuleGroup, RuleKind, RuleSeen, RuleState, Rules};
use jiff::Timestamp;

use super::{
    Chrome, Place,
    forms::{Action, Form, Typed},
    rendered,
};
use crate::{Lang, OpsError, format};

/// Most rules on the page.
const MOST: usize = 500;
/// Most alerts of one rule.
const MOST_ALERTS: usize = 10;

/// The page.
#[must_use]
pub fn page(chrome: &Chrome, now: Timestamp, found: &Result<Rules, OpsError>) -> String {
    let l = chrome.lang;
    rendered(&Page {
        c: chrome.at(Place::Rules),
        l,
        found: found
            .as_ref()
            .map(|rules| {
                let form = Form::new(Action::ReloadRules, l, &chrome.token, &Typed::default());
                Found {
                    counts: Counts::of(rules),
                    memory: memory(rules, l),
                    left_out: rules.memory.refused + rules.memory.forgotten > 0,
                    form: form.filter(),
                    rows: rows(rules, now, l),
                }
            })
            .map_err(ToString::to_string),
    })
}

#[derive(Template)]
#[template(path = "rules.html")]
struct Page<'a> {
    c: Chrome,
    l: Lang,
    found: Result<Found<'a>, String>,
}

struct Found<'a> {
    counts: Counts,
    memory: String,
    left_out: bool,
    form: Form,
    rows: Vec<Row<'a>>,
}

/// How many rules are how far.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    all: usize,
    firing: usize,
    pending: usize,
    failed: usize,
}

impl Counts {
    fn of(rules: &Rules) -> Self {
        let mut counts = Self::default();
        for rule in rules.groups.iter().flat_map(|group| &group.rules) {
            counts.all += 1;
            counts.firing += usize::from(rule.state == RuleState::Firing);
            counts.pending += usize::from(rule.state == RuleState::Pending);
            counts.failed += usize::from(rule.error.is_some());
        }
        counts
    }
}

fn memory(rules: &Rules, l: Lang) -> String {
    let held = &rules.memory;
    let series = format::grouped(i64::try_from(held.series).unwrap_or(i64::MAX));
    let bytes = format::bytes(held.bytes as u64);
    match l {
        Lang::En => format!("{series} series, {bytes}"),
        Lang::Ko => format!("시계열 {series}개, {bytes}"),
    }
}

struct Row<'a> {
    group: &'a RuleGroup,
    rule: &'a RuleSeen,
    is_alert: bool,
    class: &'static str,
    glyph: &'static str,
    state: &'static str,
    holds: Option<String>,
    /// How long ago it was evaluated.
    ago: Option<String>,
    alerts: Vec<AlertRow<'a>>,
    more: usize,
}

struct AlertRow<'a> {
    alert: &'a RuleAlert,
    class: &'static str,
    glyph: &'static str,
    state: &'static str,
    labels: String,
    lasts: String,
}

/// What fails and what fires before what is quiet; else in the order of the files.
fn rows(rules: &Rules, now: Timestamp, l: Lang) -> Vec<Row<'_>> {
    let groups = rules.groups.iter();
    let mut all: Vec<(&RuleGroup, &RuleSeen)> = groups
        .flat_map(|group| group.rules.iter().map(move |rule| (group, rule)))
        .collect();
    all.sort_by_key(|(_, rule)| {
        std::cmp::Reverse((rule.state.max(RuleState::Inactive), rule.error.is_some()))
    });
    let all = all.into_iter().take(MOST);
    all.map(|(group, rule)| row(group, rule, now, l)).collect()
}

fn row<'a>(group: &'a RuleGroup, rule: &'a RuleSeen, now: Timestamp, l: Lang) -> Row<'a> {
    let (class, glyph, state) = match (&rule.error, rule.kind, rule.state) {
        (Some(_), ..) => ("error", "✕", l.pick("fails", "실패")),
        (None, RuleKind::Record, RuleState::Inactive) => ("", "≡", l.pick("records", "기록")),
        (None, _, state) => shown(state, l),
    };
    let seconds = |seconds: f64| {
        let span = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
        format::span(span, l)
    };
    Row {
        group,
        is_alert: rule.kind == RuleKind::Alert,
        rule,
        class,
        glyph,
        state,
        holds: (rule.for_seconds > 0.0).then(|| seconds(rule.for_seconds)),
        ago: group.last_evaluation.map(|at| format::since(at, now, l)),
        alerts: rule
            .active
            .iter()
            .take(MOST_ALERTS)
            .map(|alert| alert_row(alert, now, l))
            .collect(),
        more: rule.active.len().saturating_sub(MOST_ALERTS) + rule.omitted,
    }
}

fn alert_row(alert: &RuleAlert, now: Timestamp, l: Lang) -> AlertRow<'_> {
    let (class, glyph, state) = shown(alert.state, l);
    let own = alert.labels.iter().filter(|(name, _)| *name != "alertname");
    let labels: Vec<String> = own
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    AlertRow {
        alert,
        class,
        glyph,
        state,
        labels: labels.join(" "),
        lasts: format::since(alert.since, now, l),
    }
}

fn shown(state: RuleState, l: Lang) -> (&'static str, &'static str, &'static str) {
    match state {
        RuleState::Firing => ("error", "▲", l.pick("fires", "발생")),
        RuleState::Pending => ("warning", "◐", l.pick("pending", "대기")),
        RuleState::Inactive => ("", "●", l.pick("quiet", "정상")),
        RuleState::Waiting => ("", "○", l.pick("not evaluated yet", "평가 전")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fires_comes_before_what_is_quiet() {
        let rule = |name: &str, state, error: Option<&str>| RuleSeen {
            state,
            error: error.map(str::to_owned),
            ..RuleSeen::new(name, RuleKind::Alert, "up == 0")
        };
        let rules = Rules {
            groups: vec![RuleGroup {
                rules: vec![
                    rule("waits", RuleState::Waiting, None),
                    rule("quiet", RuleState::Inactive, None),
                    rule("failing", RuleState::Inactive, Some("no")),
                    rule("pending", RuleState::Pending, None),
                    rule("fires", RuleState::Firing, None),
                ],
                ..RuleGroup::default()
            }],
            ..Rules::default()
        };
        let shown = rows(&rules, Timestamp::UNIX_EPOCH, Lang::En);
        let order: Vec<&str> = shown.iter().map(|row| row.rule.name.as_str()).collect();
        assert_eq!(order, ["fires", "pending", "failing", "waits", "quiet"]);
        assert_eq!(shown[2].state, "fails");
        let counts = Counts::of(&rules);
        let wanted = Counts {
            all: 5,
            firing: 1,
            pending: 1,
            failed: 1,
        };
        assert_eq!(counts, wanted);
    }
}
