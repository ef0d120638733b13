//! Ready-made alerts for what goes wrong in a trading service, each with a key that tells different
//! things apart, and a `…_resolved` twin of the same key for
//! [`AlertManager::send_resolved`](crate::AlertManager::send_resolved).
//!
//! Add context with [`Alert::metadata`]:
//!
//! ```
//! use bongsu_alerts::{AlertLevel, templates};
//!
//! let alert = templates::risk("max_drawdown", 30.9, 28.0).metadata("portfolio_id", "main");
//! assert_eq!(alert.level, AlertLevel::Critical);
//! assert_eq!(alert.title, "Risk Threshold Breach: max_drawdown");
//! ```

use std::error::Error;
use std::time::Duration;

use crate::AlertLevel;
use crate::alert::Alert;

/// A risk value this many times over its threshold is CRITICAL.
const RISK_CRITICAL_FACTOR: f64 = 1.1;
/// Causes of an error that are kept.
const MAX_CAUSES: usize = 8;

/// ERROR "Error in {source}", with the error's type and causes in the metadata.
#[must_use]
pub fn error<E: Error + ?Sized>(source: &str, error: &E) -> Alert {
    let name = std::any::type_name::<E>();
    let error_type = if name.starts_with("dyn ") {
        "error"
    } else {
        short(name)
    };
    let mut alert = error_text(source, error_type, &error.to_string());
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let (Some(found), true) = (cause, causes.len() < MAX_CAUSES) {
        causes.push(serde_json::Value::from(found.to_string()));
        cause = found.source();
    }
    if !causes.is_empty() {
        alert = alert.metadata("causes", causes);
    }
    alert
}

/// ERROR "Error in {source}" from plain words. The key is the source, the error type and the message
/// with its digits masked, so that "order 17 refused" repeats "order 16 refused", and "broker down"
/// does not.
#[must_use]
pub fn error_text(source: &str, error_type: &str, message: &str) -> Alert {
    Alert::new(
        AlertLevel::Error,
        format!("Error in {source}"),
        format!("{error_type}: {message}"),
        source,
    )
    .kind("error")
    .metadata("error_type", error_type)
    .tag("error")
    .tag(source)
    .key(error_key(source, error_type, message))
    .event()
}

/// The end of [`error_text`] with the same arguments.
#[must_use]
pub fn error_resolved(source: &str, error_type: &str, message: &str) -> Alert {
    Alert::new(
        AlertLevel::Info,
        format!("Resolved: error in {source}"),
        format!("{error_type}: {message}"),
        source,
    )
    .kind("error")
    .metadata("error_type", error_type)
    .tag("error")
    .tag(source)
    .key(error_key(source, error_type, message))
}

/// "Risk Threshold Breach: {type}": CRITICAL when the value is past the threshold by more than a tenth
/// of it, else WARNING. A negative threshold, such as a loss limit, is passed downwards.
///
/// A value or a threshold that is not a number is no breach: it makes an ERROR of another key,
/// "Risk Value Unknown: {type}", an event.
#[must_use]
pub fn risk(violation_type: &str, current: f64, threshold: f64) -> Alert {
    if current.is_nan() || threshold.is_nan() {
        return risk_unknown(violation_type, current, threshold);
    }
    let downwards = threshold < 0.0 || (threshold == 0.0 && current < 0.0);
    let far = threshold * RISK_CRITICAL_FACTOR;
    let critical = if downwards {
        current < far
    } else {
        current > far
    };
    let level = if critical {
        AlertLevel::Critical
    } else {
        AlertLevel::Warning
    };
    let past = if downwards { "is below" } else { "exceeds" };
    risk_alert(
        level,
        format!("Risk Threshold Breach: {violation_type}"),
        format!("current value {current:.2} {past} the threshold {threshold:.2}"),
        violation_type,
        (current, threshold),
    )
    .key(key(["risk", violation_type]))
}

fn risk_unknown(violation_type: &str, current: f64, threshold: f64) -> Alert {
    let what = match (current.is_nan(), threshold.is_nan()) {
        (true, true) => "neither the current value nor the threshold is known",
        (true, false) => "the current value is not known",
        _ => "the threshold is not known",
    };
    risk_alert(
        AlertLevel::Error,
        format!("Risk Value Unknown: {violation_type}"),
        format!("{what} (not a number), so whether the limit holds is not known either"),
        violation_type,
        (current, threshold),
    )
    .key(key(["risk_unknown", violation_type]))
    .event()
}

fn risk_alert(
    level: AlertLevel,
    title: String,
    message: String,
    violation_type: &str,
    (current, threshold): (f64, f64),
) -> Alert {
    Alert::new(level, title, message, "risk_manager")
        .kind("risk")
        .metadata("violation_type", violation_type)
        .metadata("current_value", number(current))
        .metadata("threshold", number(threshold))
        .tag("risk")
        .tag(violation_type)
}

/// JSON has no word for what is not finite; a reader shall see it all the same.
fn number(value: f64) -> serde_json::Value {
    if value.is_finite() {
        value.into()
    } else {
        value.to_string().into()
    }
}

/// The end of [`risk`].
#[must_use]
pub fn risk_resolved(violation_type: &str, current: f64, threshold: f64) -> Alert {
    risk_alert(
        AlertLevel::Info,
        format!("Resolved: risk threshold {violation_type}"),
        format!("current value {current:.2} is back within the threshold {threshold:.2}"),
        violation_type,
        (current, threshold),
    )
    .key(key(["risk", violation_type]))
}

/// CRITICAL "TRADING HALT".
#[must_use]
pub fn trading_halt(reason: &str, drawdown_percent: Option<f64>) -> Alert {
    let message = match drawdown_percent {
        Some(drawdown) => format!("trading halted: {reason} (drawdown {drawdown:.2}%)"),
        None => format!("trading halted: {reason}"),
    };
    let alert = Alert::new(
        AlertLevel::Critical,
        "TRADING HALT",
        message,
        "risk_manager",
    )
    .kind("trading_halt")
    .metadata("reason", reason)
    .tag("trading_halt")
    .tag("critical")
    .key(key(["trading_halt", reason]));
    match drawdown_percent {
        Some(drawdown) => alert.metadata("drawdown", drawdown),
        None => alert,
    }
}

/// The end of [`trading_halt`].
#[must_use]
pub fn trading_halt_resolved(reason: &str) -> Alert {
    Alert::new(
        AlertLevel::Info,
        "TRADING RESUMED",
        format!("the halt is over: {reason}"),
        "risk_manager",
    )
    .kind("trading_halt")
    .metadata("reason", reason)
    .tag("trading_halt")
    .key(key(["trading_halt", reason]))
}

/// WARNING "Slow Performance: {operation}".
#[must_use]
pub fn performance(operation: &str, took: Duration, threshold: Duration) -> Alert {
    performance_alert(
        AlertLevel::Warning,
        format!("Slow Performance: {operation}"),
        "took",
        operation,
        took,
        threshold,
    )
}

/// The end of [`performance`].
#[must_use]
pub fn performance_resolved(operation: &str, took: Duration, threshold: Duration) -> Alert {
    performance_alert(
        AlertLevel::Info,
        format!("Resolved: slow {operation}"),
        "takes",
        operation,
        took,
        threshold,
    )
}

fn performance_alert(
    level: AlertLevel,
    title: String,
    verb: &str,
    operation: &str,
    took: Duration,
    threshold: Duration,
) -> Alert {
    let (took, threshold) = (took.as_secs_f64() * 1e3, threshold.as_secs_f64() * 1e3);
    Alert::new(
        level,
        title,
        format!("{operation} {verb} {took:.1} ms (threshold {threshold:.1} ms)"),
        "performance_monitor",
    )
    .kind("performance")
    .metadata("operation", operation)
    .metadata("duration_ms", took)
    .metadata("threshold_ms", threshold)
    .tag("performance")
    .tag(operation)
    .key(key(["performance", operation]))
}

/// "High {RESOURCE} Usage" at the level of the threshold that was crossed.
#[must_use]
pub fn resource(resource: &str, level: AlertLevel, percent: f64, threshold: f64) -> Alert {
    Alert::new(
        level,
        format!("High {} Usage", resource.to_uppercase()),
        format!("{resource} usage is {percent:.1}% (threshold {threshold:.1}%)"),
        "resource_monitor",
    )
    .kind("resource")
    .metadata("resource", resource)
    .metadata("value", percent)
    .metadata("threshold", threshold)
    .tag("resource")
    .tag(resource)
    .key(key(["resource", resource]))
}

/// The end of [`resource`].
#[must_use]
pub fn resource_resolved(resource: &str, percent: f64, threshold: f64) -> Alert {
    Alert::new(
        AlertLevel::Info,
        format!("{} Usage Back to Normal", resource.to_uppercase()),
        format!("{resource} usage is {percent:.1}% (threshold {threshold:.1}%)"),
        "resource_monitor",
    )
    .kind("resource")
    .metadata("resource", resource)
    .metadata("value", percent)
    .metadata("threshold", threshold)
    .tag("resource")
    .tag(resource)
    .key(key(["resource", resource]))
}

fn error_key(source: &str, error_type: &str, message: &str) -> String {
    key(["error", source, error_type, &mask_digits(message)])
}

fn key<const N: usize>(parts: [&str; N]) -> String {
    parts.map(escape).join("|")
}

fn escape(part: &str) -> String {
    part.replace('\\', "\\\\").replace('|', "\\|")
}

/// Every run of digits becomes one `#`.
fn mask_digits(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.chars() {
        let digit = c.is_ascii_digit();
        if !digit {
            masked.push(c);
        } else if !in_run {
            masked.push('#');
        }
        in_run = digit;
    }
    masked
}

/// `a::b::Error<c::D>` → `Error`.
fn short(name: &str) -> &str {
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read tick 17")]
    struct Outer(#[source] std::fmt::Error);

    #[test]
    fn an_error_names_its_type_and_causes() {
        let alert = error("feed", &Outer(std::fmt::Error));
        assert_eq!(alert.level, AlertLevel::Error);
        assert_eq!(alert.title, "Error in feed");
        assert_eq!(alert.tags, ["error", "feed"]);
        assert_eq!(alert.metadata["error_type"], "Outer");
        assert!(alert.metadata["causes"][0].as_str().is_some());
        let boxed: Box<dyn Error> = Box::new(Outer(std::fmt::Error));
        assert_eq!(error("feed", &*boxed).metadata["error_type"], "error");
    }

    #[test]
    fn different_errors_of_one_source_differ_and_numbers_do_not() {
        let of = |message: &str| error_text("broker", "E", message).dedup_key();
        assert_eq!(of("order 16 refused"), of("order 2017 refused"));
        assert_ne!(of("tick rounding"), of("BROKER DOWN"));
        assert_eq!(
            error_resolved("broker", "E", "order 1 refused").dedup_key(),
            of("order 16 refused")
        );
    }

    #[test]
    fn risk_turns_critical_above_eleven_tenths() {
        assert_eq!(risk("var", 110.0, 100.0).level, AlertLevel::Warning);
        assert_eq!(risk("var", 110.1, 100.0).level, AlertLevel::Critical);
        assert_eq!(
            risk("var", 110.0, 100.0).dedup_key(),
            risk("var", 200.0, 100.0).dedup_key()
        );
        assert_ne!(
            risk("var", 1.0, 1.0).dedup_key(),
            risk("dd", 1.0, 1.0).dedup_key()
        );
    }

    #[track_caller]
    fn check_risk(current: f64, threshold: f64, level: AlertLevel, says: &str) {
        let alert = risk("pnl", current, threshold);
        assert_eq!(alert.level, level, "{current} past {threshold}");
        assert!(alert.message.contains(says), "{}", alert.message);
        assert!(!alert.metadata["current_value"].is_null());
        assert!(!alert.metadata["threshold"].is_null());
    }

    #[test]
    fn d12_a_loss_limit_is_passed_downwards_and_nan_is_no_breach() {
        use AlertLevel::{Critical, Error, Warning};
        check_risk(-3.1, -3.0, Warning, "-3.10 is below the threshold -3.00");
        check_risk(-9.0, -3.0, Critical, "-9.00 is below the threshold -3.00");
        check_risk(3.1, 3.0, Warning, "exceeds");
        check_risk(9.0, 3.0, Critical, "exceeds");
        check_risk(0.5, 0.0, Critical, "exceeds");
        check_risk(-0.5, 0.0, Critical, "is below");
        check_risk(f64::INFINITY, 3.0, Critical, "exceeds");
        check_risk(f64::NEG_INFINITY, -3.0, Critical, "is below");
        check_risk(f64::NAN, 28.0, Error, "the current value is not known");
        check_risk(1.0, f64::NAN, Error, "the threshold is not known");
        check_risk(f64::NAN, f64::NAN, Error, "neither");
        let unknown = risk("pnl", f64::NAN, 28.0);
        assert!(unknown.is_event());
        assert_ne!(unknown.dedup_key(), risk("pnl", 30.0, 28.0).dedup_key());
        assert_eq!(unknown.metadata["current_value"], "NaN");
    }

    #[test]
    fn errors_are_events_and_what_can_end_is_a_condition() {
        let second = Duration::from_secs(1);
        assert!(error_text("s", "E", "m").is_event());
        assert!(error("s", &std::fmt::Error).is_event());
        for condition in [
            risk("v", 2.0, 1.0),
            trading_halt("r", None),
            performance("op", second, second),
            resource("cpu", AlertLevel::Critical, 99.0, 90.0),
        ] {
            assert!(!condition.is_event(), "{}", condition.title);
        }
    }

    #[test]
    fn every_resolve_has_the_key_of_its_alert() {
        let second = Duration::from_secs(1);
        for (alert, resolved) in [
            (risk("v", 2.0, 1.0), risk_resolved("v", 0.5, 1.0)),
            (trading_halt("r", Some(3.0)), trading_halt_resolved("r")),
            (
                performance("op", second, second),
                performance_resolved("op", second, second),
            ),
            (
                resource("cpu", AlertLevel::Critical, 99.0, 90.0),
                resource_resolved("cpu", 10.0, 90.0),
            ),
        ] {
            assert_eq!(alert.dedup_key(), resolved.dedup_key());
            assert_eq!(alert.kind, resolved.kind);
        }
    }

    #[test]
    fn the_titles_of_the_original() {
        let second = Duration::from_secs(1);
        assert_eq!(trading_halt("r", None).title, "TRADING HALT");
        assert_eq!(trading_halt("r", None).tags, ["trading_halt", "critical"]);
        assert_eq!(
            performance("load", second, second).title,
            "Slow Performance: load"
        );
        assert_eq!(
            resource("cpu", AlertLevel::Warning, 1.0, 1.0).title,
            "High CPU Usage"
        );
    }
}
