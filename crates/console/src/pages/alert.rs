//! One alert: what it says, who was told, what holds it back, and what can be done.

use askama::Template;
use jiff::Timestamp;

use super::{
    Chrome, Place,
    alerts::{Row, SilenceRow, row, silence_row},
    forms::{Action, Choice, Form, Typed},
    overview::glyph,
    rendered,
    trends::Lead,
};
use crate::{
    ActiveSilence, AlertDetail, AlertRecord, Explained, FiringAlert, Lang, OpsError,
    SilencePreview, format,
};

/// What the page of one alert shows.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The key that was asked for.
    pub key: &'a str,
    /// The alert, if it fires.
    pub firing: Option<&'a FiringAlert>,
    /// What was sent of it, and what became of that, the newest first.
    pub history: &'a Result<Vec<AlertRecord>, OpsError>,
    /// What would become of it if it were sent again.
    pub explained: Option<&'a Explained>,
    /// The silences that have not ended.
    pub silences: &'a [ActiveSilence],
    /// What can be silenced, each with what that would hold.
    pub scopes: &'a [(Scope, SilencePreview)],
}

/// What a silence that is made here is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// This alert alone.
    Key,
    /// This alert, until it gets worse.
    Milder,
    /// Everything from its source.
    Source,
    /// Everything with one of its tags.
    Tag(String),
}

impl Scope {
    /// The word in a form.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Key => "key".to_owned(),
            Self::Milder => "milder".to_owned(),
            Self::Source => "source".to_owned(),
            Self::Tag(tag) => format!("tag:{tag}"),
        }
    }

    /// The scope of that word; an alert alone where there is none.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match (word, word.strip_prefix("tag:")) {
            (_, Some(tag)) => Self::Tag(tag.to_owned()),
            ("milder", _) => Self::Milder,
            ("source", _) => Self::Source,
            _ => Self::Key,
        }
    }

    fn words(&self, alert: &FiringAlert, l: Lang) -> String {
        let of = |en: &str, ko: &str, what: &str| format!("{} {what}", l.pick(en, ko));
        match self {
            Self::Key => l.pick("this alert", "이 알림").to_owned(),
            Self::Milder => {
                let level = format::level(alert.level, l);
                match l {
                    Lang::En => format!("this alert, unless it gets worse than {level}"),
                    Lang::Ko => format!("이 알림 ({level} 수준까지)"),
                }
            }
            Self::Source => of("everything from", "출처 전체:", &alert.source),
            Self::Tag(tag) => of("everything tagged", "태그:", tag),
        }
    }
}

/// The address of an alert's own page.
#[must_use]
pub fn address(key: &str) -> String {
    format!("/console/alerts?key={}", format::query(key))
}

/// The page.
#[must_use]
pub fn page(chrome: &Chrome, now: Timestamp, subject: &Subject<'_>) -> String {
    let l = chrome.lang;
    rendered(&Page {
        c: chrome.at(Place::Alerts),
        l,
        key: subject.key,
        firing: subject
            .firing
            .map(|alert| Now::new(alert, subject, now, chrome)),
        rows: match subject.history {
            Ok(records) => Ok(records.iter().map(|it| row(it, l)).collect()),
            Err(why) => Err(why.to_string()),
        },
    })
}

#[derive(Template)]
#[template(path = "alert.html")]
struct Page<'a> {
    c: Chrome,
    l: Lang,
    key: &'a str,
    firing: Option<Now<'a>>,
    rows: Result<Vec<Row<'a>>, String>,
}

/// How it stands.
struct Now<'a> {
    alert: &'a FiringAlert,
    class: &'static str,
    glyph: &'static str,
    level: &'static str,
    since: String,
    age: String,
    /// Half an hour before its beginning, and after it.
    around: (String, String),
    has_figure: bool,
    /// The request and the trace that it says it is of.
    ids: Vec<(&'static str, &'a str)>,
    is_rule: bool,
    told: String,
    held: Option<String>,
    ends: Option<String>,
    facts: Vec<(&'a str, String)>,
    runbook: Option<(&'a str, bool)>,
    rules: Vec<String>,
    next: Vec<String>,
    silences: Vec<SilenceRow<'a>>,
    forms: [Form; 3],
}

impl<'a> Now<'a> {
    fn new(alert: &'a FiringAlert, subject: &Subject<'a>, now: Timestamp, chrome: &Chrome) -> Self {
        let l = chrome.lang;
        let typed = || {
            let key = alert.key.as_str();
            Typed::default().with("key", key).with("back", "alert")
        };
        let form = |action| Form::new(action, l, &chrome.token, &typed());
        let standing = &alert.standing;
        let AlertDetail { metadata, .. } = &alert.detail;
        let facts = metadata.iter();
        let facts = facts.map(|(name, value)| (name.as_str(), format::fact(name, value)));
        let told = match standing.channels.is_empty() {
            true => l.pick("nobody yet", "아직 없음").to_owned(),
            false => standing.channels.join(", "),
        };
        let held = standing.held.as_deref().map(|reason| {
            let reason = held(reason, l);
            match standing.held_until.filter(|until| *until > now) {
                Some(until) => format!(
                    "{reason} ({} {})",
                    format::day_time(until),
                    l.pick("at the latest", "까지")
                ),
                None => reason.to_owned(),
            }
        });
        let explained = subject.explained;
        let mut rules: Vec<String> = explained.map_or_else(Vec::new, |explained| {
            let chosen = explained.channels.iter();
            chosen.filter_map(|channel| channel.rule.clone()).collect()
        });
        rules.sort_unstable();
        rules.dedup();
        let steps = explained.map_or(&[][..], |explained| &explained.escalations);
        let next = steps.iter().map(|step| {
            let after = format::span(std::time::Duration::from_secs(step.after_seconds), l);
            format!("{after} → {}", step.channels.join(", "))
        });
        let silences = subject.silences.iter();
        let silences = silences.filter(|silence| silence.holds.contains(&alert.key));
        Self {
            class: alert.level.as_str(),
            glyph: glyph(alert.level),
            level: format::level(alert.level, l),
            since: format::full(alert.since),
            age: format::since(alert.since, now, l),
            around: {
                let half = std::time::Duration::from_secs(1_800);
                let until = (alert.since + half).min(now);
                ((alert.since - half).to_string(), until.to_string())
            },
            ids: ["request_id", "trace_id"]
                .into_iter()
                .filter_map(|name| Some((name, metadata.get(name)?.as_str()?)))
                .collect(),
            is_rule: alert.detail.kind == "rule",
            has_figure: Lead::new(&alert.key, &alert.title, alert.since, &alert.detail).is_known(),
            told,
            held,
            ends: standing.ends.map(format::full),
            facts: facts.collect(),
            runbook: standing.runbook.as_deref().map(|runbook| {
                let is_url = runbook.starts_with("https://") || runbook.starts_with("http://");
                (runbook, is_url)
            }),
            rules,
            next: next.collect(),
            silences: silences
                .map(|silence| silence_row(silence, typed(), chrome, now))
                .collect(),
            forms: [
                match alert.acknowledged_by {
                    None => form(Action::Acknowledge),
                    Some(_) => form(Action::Unacknowledge),
                },
                form(Action::Silence).of(scopes(subject, alert, l), l),
                form(Action::Resolve),
            ],
            alert,
        }
    }
}

/// What can be silenced, this alert alone first.
fn scopes(subject: &Subject<'_>, alert: &FiringAlert, l: Lang) -> Vec<Choice> {
    let all = subject.scopes.iter().enumerate();
    all.map(|(at, (scope, preview))| Choice {
        value: scope.word(),
        words: scope.words(alert, l),
        held: preview.held,
        holds: preview.holds.clone(),
        chosen: at == 0,
    })
    .collect()
}

/// Why nobody is told, in words.
pub(super) fn held(reason: &str, l: Lang) -> &str {
    match reason {
        "silence" => l.pick("silenced", "멈춤"),
        "quiet" => l.pick("quiet time", "조용한 시간"),
        "inhibited" => l.pick(
            "hidden by a critical alert of its source",
            "같은 출처의 위험 알림에 가려짐",
        ),
        "flapping" => l.pick("it comes and goes", "반복 발생으로 보류"),
        "disabled" => l.pick("the channel is switched off", "채널 꺼짐"),
        "acknowledged" => l.pick("somebody knows", "확인됨"),
        "cooldown" => l.pick("told a short while ago", "방금 알림"),
        "replica" => l.pick("another replica told it", "다른 복제본이 알림"),
        other => other,
    }
}
