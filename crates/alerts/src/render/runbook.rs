//! Where it is written what to do about an alert.

use super::fit::one_line;
use super::view::escaped;
use crate::alert::Alert;
use crate::presentation::Presentation;

/// Where it is written what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Runbook {
    /// What it goes by.
    pub name: String,
    /// Where it is, if that is known.
    pub url: Option<String>,
}

impl Runbook {
    /// The runbook that an alert names, or the one of its kind.
    #[must_use]
    pub fn of(alert: &Alert, here: &Presentation) -> Option<Self> {
        let named = alert.runbook.as_deref().map(one_line);
        let name = match named.filter(|name| !name.is_empty()) {
            Some(name) => name,
            None => of_kind(alert)?.to_owned(),
        };
        let is_url = name.starts_with("https://") || name.starts_with("http://");
        let url = match &here.runbooks {
            _ if is_url => Some(name.clone()),
            None => None,
            // Headings of a page are anchors in lower case.
            Some(base) if base.ends_with('#') => {
                Some(format!("{base}{}", escaped(&name).to_lowercase()))
            }
            Some(base) if base.ends_with(['/', '=']) => Some(format!("{base}{}", escaped(&name))),
            Some(base) => Some(format!("{base}/{}", escaped(&name))),
        };
        Some(Self { name, url })
    }

    /// The link, or the name alone.
    #[must_use]
    pub fn text(&self) -> &str {
        self.url.as_deref().unwrap_or(&self.name)
    }
}

/// The headings of `docs/runbooks.md` for the alerts that a service raises by itself.
fn of_kind(alert: &Alert) -> Option<&'static str> {
    Some(match alert.kind.as_str() {
        "error" | "log" => "HighErrorRate",
        "panic" => "PanicsCaught",
        "risk" => "RiskViolation",
        "trading_halt" => "TradingHalt",
        "performance" => "HighLatency",
        "health" => "DependencyDown",
        "report" => "ReportMissed",
        "alerting" => "AlertDeliveryFailing",
        "digest" => "AlertsWaiting",
        "resource" => match alert
            .metadata
            .get("resource")
            .and_then(|name| name.as_str())
        {
            Some("cpu") => "HighCPUUsage",
            Some("memory") => "HighMemoryUsage",
            Some("disk") => "DiskAlmostFull",
            _ => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{AlertLevel, templates};

    /// Each alert that the templates make has a runbook, and the page has its heading.
    #[test]
    fn own_alerts_have_runbooks_that_exist() {
        let page = include_str!("../../../../docs/runbooks.md");
        let second = Duration::from_secs(1);
        let mut alerts = vec![
            templates::error_text("db", "timeout", "gone"),
            templates::risk("max_drawdown", 31.0, 28.0),
            templates::trading_halt("max_drawdown", None),
            templates::performance("match", second, second),
        ];
        for resource in ["cpu", "memory", "disk"] {
            alerts.push(templates::resource(
                resource,
                AlertLevel::Warning,
                90.0,
                80.0,
            ));
        }
        for kind in ["log", "panic", "health", "report", "alerting", "digest"] {
            alerts.push(Alert::new(AlertLevel::Error, "t", "m", "s").kind(kind));
        }
        for alert in alerts {
            let runbook = Runbook::of(&alert, &Presentation::default()).unwrap();
            let heading = format!("### {}\n", runbook.name);
            assert!(page.contains(&heading), "{heading}");
            assert_eq!(runbook.url, None);
        }
    }

    #[test]
    fn names_become_links() {
        let check = |name: &str, base: Option<&str>, want: Option<&str>| {
            let alert = Alert::new(AlertLevel::Error, "t", "m", "s").runbook(name);
            let here = Presentation {
                runbooks: base.map(str::to_owned),
                ..Presentation::default()
            };
            let runbook = Runbook::of(&alert, &here);
            assert_eq!(
                runbook.as_ref().and_then(|runbook| runbook.url.as_deref()),
                want,
                "{name}"
            );
        };
        check("TradingHalt", None, None);
        check(
            "TradingHalt",
            Some("https://x/runbooks.md#"),
            Some("https://x/runbooks.md#tradinghalt"),
        );
        check(
            "high disk",
            Some("https://x/r"),
            Some("https://x/r/high%20disk"),
        );
        check(
            "high-disk",
            Some("https://x/r/"),
            Some("https://x/r/high-disk"),
        );
        check(
            "high-disk",
            Some("https://x/?page="),
            Some("https://x/?page=high-disk"),
        );
        check(
            "https://elsewhere/y",
            Some("https://x/r/"),
            Some("https://elsewhere/y"),
        );
        check(" ", Some("https://x/r/"), None);
    }
}
