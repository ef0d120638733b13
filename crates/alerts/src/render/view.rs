//! The parts of a message that every channel shows, before escaping.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use bongsu_lang::Lang;

use super::korean;
use super::runbook::Runbook;
use super::value::fact;
use super::words::Words;
use crate::AlertLevel;
use crate::channel::{AlertStatus, Notification};
use crate::engine::ESCALATION;
use crate::render::fit::{clean, one_line};

/// The longest link to an alert.
const MAX_LINK: usize = 300;

/// A notification taken apart into clean, still unescaped text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// Who speaks and what it is about, with a mark when it is not a firing alert:
    /// `[RESOLVED] orders/production: Broker refused an order`.
    pub headline: String,
    /// The message, a digest's lines, and how many were held back.
    pub body: String,
    /// `CRITICAL`, …: what filters go by.
    pub level: &'static str,
    /// The level in the reader's language.
    pub level_name: &'static str,
    /// The part of the service that speaks.
    pub source: String,
    /// In the service's zone, whole seconds, with the zone's name: `2026-11-29 05:42:58 KST`.
    pub time: String,
    /// The metadata, as people read it.
    pub facts: Vec<(String, String)>,
    /// `a, b`; empty without tags.
    pub tags: String,
    /// The machine or replica that speaks, if known.
    pub host: Option<String>,
    /// The console's page of this alert, if it is reached from outside.
    pub console: Option<String>,
    /// The runbook.
    pub runbook: Option<Runbook>,
    /// `service (environment)`.
    pub footer: String,
    /// The words around it.
    pub words: Words,
}

impl View {
    /// Takes a notification apart.
    #[must_use]
    pub fn of(n: &Notification) -> Self {
        let (alert, here) = (&n.alert, &*n.presentation);
        let words = Words::of(here.language);
        Self {
            headline: headline(n),
            body: body(n, words),
            level: alert.level.as_str_upper(),
            level_name: words.level_name(alert.level),
            source: one_line(&alert.source),
            time: time(alert.timestamp, &here.zone),
            facts: alert
                .metadata
                .iter()
                .map(|(name, value)| (one_line(name), said_or_fact(n, name, value)))
                .collect(),
            tags: alert
                .tags
                .iter()
                .map(|tag| one_line(tag))
                .collect::<Vec<_>>()
                .join(", "),
            host: here.host.as_deref().map(one_line),
            console: console(n),
            runbook: Runbook::of(alert, here),
            footer: footer(n),
            words,
        }
    }

    /// What a channel lists below the facts: host, tags, console and runbook, as far as there are any.
    #[must_use]
    pub fn tail(&self) -> Vec<(&'static str, &str)> {
        let words = self.words;
        let tags = (!self.tags.is_empty()).then_some(self.tags.as_str());
        [
            (words.tags(), tags),
            (words.host(), self.host.as_deref()),
            (words.console(), self.console.as_deref()),
            (words.runbook(), self.runbook.as_ref().map(Runbook::text)),
        ]
        .into_iter()
        .filter_map(|(label, value)| Some((label, value?)))
        .collect()
    }
}

/// `orders/production`: whose alert it is. Empty when nobody says.
#[must_use]
pub fn identity(n: &Notification) -> String {
    let (service, environment) = (one_line(&n.service), one_line(&n.environment));
    match (service.is_empty(), environment.is_empty()) {
        (false, false) => format!("{service}/{environment}"),
        _ => service + &environment,
    }
}

/// Whose alert it is and its title, with its mark.
#[must_use]
pub fn headline(n: &Notification) -> String {
    let words = Words::of(n.presentation.language);
    let title = title(n, words);
    let whose = match identity(n) {
        whose if whose.is_empty() => title,
        whose => format!("{whose}: {title}"),
    };
    match words.mark(n.status) {
        Some(mark) => format!("[{mark}] {whose}"),
        None => whose,
    }
}

fn title(n: &Notification, words: Words) -> String {
    let title = in_language(n, &n.alert.title);
    match one_line(title.as_deref().unwrap_or(&n.alert.title)) {
        title if title.is_empty() => words.no_title().to_owned(),
        title => title,
    }
}

/// What bongsu itself has said in another language than English.
fn in_language(n: &Notification, text: &str) -> Option<String> {
    match n.presentation.language {
        Lang::Ko => korean::said(&n.alert.kind, text),
        Lang::En => None,
    }
}

/// A fact, in the reader's language where it is a sentence of bongsu's own.
fn said_or_fact(n: &Notification, name: &str, value: &serde_json::Value) -> String {
    let said = value.as_str().filter(|_| name == ESCALATION);
    let own = said.and_then(|text| in_language(n, text));
    own.unwrap_or_else(|| fact(name, value, n.presentation.language))
}

fn body(n: &Notification, words: Words) -> String {
    let zone = &n.presentation.zone;
    let message = in_language(n, &n.alert.message);
    let mut text = clean(message.as_deref().unwrap_or(&n.alert.message));
    let mut add = |line: String| {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    };
    for line in &n.digest {
        let korean = match n.presentation.language {
            Lang::Ko => korean::title(&line.title),
            Lang::En => None,
        };
        let mut row = format!(
            "• {} {} ({}) ×{}",
            line.level.as_str_upper(),
            one_line(korean.as_deref().unwrap_or(&line.title)),
            one_line(&line.source),
            line.count
        );
        if line.first != line.last {
            row.push_str(&format!(
                " {} – {}",
                time(line.first, zone),
                time(line.last, zone)
            ));
        }
        if let Some(ended) = line.ended {
            row.push_str(&words.ended(&time(ended, zone)));
        }
        add(row);
    }
    if n.suppressed > 0 {
        add(words.suppressed(n.suppressed));
    }
    text
}

fn footer(n: &Notification) -> String {
    let (service, environment) = (one_line(&n.service), one_line(&n.environment));
    if environment.is_empty() {
        service
    } else {
        format!("{service} ({environment})")
    }
}

/// The console's page of this alert, if it is reached from outside.
#[must_use]
pub fn console(n: &Notification) -> Option<String> {
    let base = n.presentation.public_url.as_deref()?.trim_end_matches('/');
    let page = format!("{base}/console/alerts");
    Some(match n.status {
        AlertStatus::Firing | AlertStatus::Resolved => {
            let link = format!("{page}?key={}", escaped(&n.alert.dedup_key()));
            // A link that is cut leads nowhere: the whole list does.
            if link.len() <= MAX_LINK { link } else { page }
        }
        AlertStatus::Test | AlertStatus::Digest => page,
    })
}

/// For the value of a query or a piece of a path.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// In a zone, whole seconds, with the zone's name.
#[must_use]
pub fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %Z")
        .to_string()
}

/// RFC 3339, UTC, whole seconds: for machines.
#[must_use]
pub fn machine_time(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second())
        .unwrap_or(at)
        .to_string()
}

/// The colour of a level, as `#rrggbb`; a resolved alert is green whatever it was.
#[must_use]
pub const fn colour(level: AlertLevel, status: AlertStatus) -> &'static str {
    if matches!(status, AlertStatus::Resolved) {
        return "#36a64f";
    }
    match level {
        AlertLevel::Info => "#36a64f",
        AlertLevel::Warning => "#ff9900",
        AlertLevel::Error => "#ff0000",
        AlertLevel::Critical => "#990000",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bongsu_lang::Lang;

    use super::*;
    use crate::presentation::Presentation;
    use crate::render::samples;

    #[test]
    fn who_speaks_stands_before_the_title() {
        let check = |service: &str, environment: &str, status: AlertStatus, want: &str| {
            let mut n = samples::resolved();
            n.alert.title = "High DISK Usage".to_owned();
            (n.service, n.environment) = (service.to_owned(), environment.to_owned());
            n.status = status;
            assert_eq!(headline(&n), want);
        };
        let firing = AlertStatus::Firing;
        check(
            "orders",
            "production",
            firing,
            "orders/production: High DISK Usage",
        );
        check(
            "orders",
            "staging",
            AlertStatus::Resolved,
            "[RESOLVED] orders/staging: High DISK Usage",
        );
        check("orders", "", firing, "orders: High DISK Usage");
        check("", "", firing, "High DISK Usage");
    }

    #[test]
    fn times_are_in_the_zone_and_name_it() {
        let check = |text: &str, zone: &TimeZone, want: &str| {
            assert_eq!(time(text.parse().unwrap(), zone), want);
        };
        let seoul = &Presentation::default().zone;
        check("2026-11-28T20:42:58.9Z", seoul, "2026-11-29 05:42:58 KST");
        check(
            "2026-11-28T20:42:58Z",
            &TimeZone::UTC,
            "2026-11-28 20:42:58 UTC",
        );
        check("1969-12-31T15:00:00Z", seoul, "1970-01-01 00:00:00 KST");
        let default = View::of(&samples::korean()).time;
        assert_eq!(default, "2025-11-22 17:26:40 KST");
    }

    #[test]
    fn links_lead_to_the_alert_and_its_runbook() {
        let mut n = samples::resolved();
        n.alert.key = Some("resource|디스크 /".to_owned());
        n.alert.runbook = Some("high-disk".to_owned());
        let mut here = Presentation::default();
        let view = |n: &Notification, here: &Presentation| {
            View::of(&n.clone().presentation(Arc::new(here.clone())))
        };
        assert_eq!(view(&n, &here).console, None);
        assert_eq!(view(&n, &here).runbook.unwrap().text(), "high-disk");
        here = here
            .public_url("https://ops.example.com/")
            .runbooks("https://wiki.example.com/r")
            .host("engine-2");
        let seen = view(&n, &here);
        assert_eq!(
            seen.console.as_deref(),
            Some(
                "https://ops.example.com/console/alerts?key=resource%7C%EB%94%94%EC%8A%A4%ED%81%AC%20%2F"
            )
        );
        assert_eq!(
            seen.runbook.as_ref().unwrap().text(),
            "https://wiki.example.com/r/high-disk"
        );
        assert_eq!(seen.tail().len(), 3);
        n.alert.runbook = Some("https://elsewhere/x".to_owned());
        assert_eq!(
            view(&n, &here).runbook.unwrap().text(),
            "https://elsewhere/x"
        );
        n.status = AlertStatus::Digest;
        assert_eq!(
            view(&n, &here).console.as_deref(),
            Some("https://ops.example.com/console/alerts")
        );
    }

    #[test]
    fn a_digest_says_of_each_line_whether_it_is_over() {
        let mut n = samples::digest();
        n.digest.truncate(2);
        n.digest[0].ended = Some(samples::at(60));
        let lines = |n: &Notification| -> Vec<String> {
            let body = View::of(n).body;
            body.lines().map(str::to_owned).collect()
        };
        let english = lines(&n);
        assert_eq!(
            english[0],
            "• CRITICAL 주문 거절 <0> (order_router) ×1, ended 2025-11-22 17:27:40 KST"
        );
        assert!(!english[1].contains("ended"), "{english:?}");
        let here = Presentation::default().language(Lang::Ko);
        let korean = lines(&n.presentation(Arc::new(here)));
        assert!(
            korean[0].ends_with("×1, 2025-11-22 17:27:40 KST 해소"),
            "{korean:?}"
        );
    }

    #[test]
    fn korean_words() {
        let here = Presentation::default().language(Lang::Ko);
        let mut n = samples::resolved().presentation(Arc::new(here));
        n.suppressed = 3;
        let view = View::of(&n);
        assert!(
            view.headline
                .starts_with("[해소] trading-engine/production: "),
            "{view:?}"
        );
        assert!(view.body.contains("3건"), "{view:?}");
        assert_eq!((view.level, view.level_name), ("WARNING", "WARNING (주의)"));
        assert_eq!(view.words.time(), "시각");
    }
}
