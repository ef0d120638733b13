//! Helpers for the events every service has, as macros: they keep the caller's file and line.

use std::error::Error;

/// An operation took so long: `operation`, `duration_ms`, `metric_type="performance"`, level INFO.
///
/// ```
/// bongsu_logging::log_performance!("fetch_prices", 12.5, symbol = "005930", cached = false);
/// ```
#[macro_export]
macro_rules! log_performance {
    ($operation:expr, $duration_ms:expr $(, $($fields:tt)*)?) => {
        $crate::__private::tracing::info!(
            message = "performance",
            operation = ::core::convert::AsRef::<str>::as_ref(&$operation),
            duration_ms = $duration_ms,
            metric_type = "performance",
            $($($fields)*)?
        )
    };
}

/// Something the business cares for happened: `event_type`, `metric_type="business_event"`, level INFO.
///
/// ```
/// bongsu_logging::log_business_event!("order_filled", symbol = "005930", quantity = 10);
/// ```
#[macro_export]
macro_rules! log_business_event {
    ($event_type:expr $(, $($fields:tt)*)?) => {
        $crate::__private::tracing::info!(
            message = "business event",
            event_type = ::core::convert::AsRef::<str>::as_ref(&$event_type),
            metric_type = "business_event",
            $($($fields)*)?
        )
    };
}

/// An error was caught: `error_type`, `error_message`, `metric_type="error"` and the exception with the
/// chain of its causes, level ERROR. Takes a reference to a sized error or to a `dyn Error`.
///
/// ```
/// let error = "x".parse::<u32>().unwrap_err();
/// bongsu_logging::log_error!(&error, order_id = 7);
/// ```
#[macro_export]
macro_rules! log_error {
    ($error:expr $(, $($fields:tt)*)?) => {
        match $error {
            error => {
                let shown: &(dyn ::std::error::Error + 'static) = error;
                $crate::__private::tracing::error!(
                    message = %shown,
                    error_type = $crate::__private::error_type(::std::any::type_name_of_val(error), shown).as_str(),
                    error_message = %shown,
                    metric_type = "error",
                    exception = shown,
                    $($($fields)*)?
                )
            }
        }
    };
}

/// An alert was raised: `alert_type`, `severity`, `metric_type="alert"`. The level follows the severity:
/// `critical` and `error` → ERROR, `warning` → WARN, anything else → INFO.
///
/// ```
/// bongsu_logging::log_alert!("drawdown", "warning", "drawdown past 5 %", percent = 5.2);
/// ```
#[macro_export]
macro_rules! log_alert {
    ($alert_type:expr, $severity:expr, $message:expr $(, $($fields:tt)*)?) => {
        match (&$alert_type, &$severity) {
            (alert_type, severity) => {
                let alert_type = ::core::convert::AsRef::<str>::as_ref(alert_type);
                let severity = ::core::convert::AsRef::<str>::as_ref(severity);
                match $crate::__private::severity(severity) {
                    $crate::__private::Severity::Error => $crate::__private::tracing::error!(
                        message = %$message, alert_type, severity, metric_type = "alert", $($($fields)*)?
                    ),
                    $crate::__private::Severity::Warning => $crate::__private::tracing::warn!(
                        message = %$message, alert_type, severity, metric_type = "alert", $($($fields)*)?
                    ),
                    $crate::__private::Severity::Info => $crate::__private::tracing::info!(
                        message = %$message, alert_type, severity, metric_type = "alert", $($($fields)*)?
                    ),
                }
            }
        }
    };
}

/// The level an alert is logged at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Severity {
    /// `critical`, `error` and their synonyms.
    Error,
    /// `warning`, `warn`.
    Warning,
    /// The rest.
    Info,
}

/// Reads a severity.
#[doc(hidden)]
#[must_use]
pub fn severity(text: &str) -> Severity {
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(text));
    if is(&["critical", "error", "fatal", "emergency"]) {
        Severity::Error
    } else if is(&["warning", "warn"]) {
        Severity::Warning
    } else {
        Severity::Info
    }
}

/// An error's type without its path and parameters; behind `dyn Error` the name its `Debug` starts with.
#[doc(hidden)]
#[must_use]
pub fn error_type(type_name: &str, error: &(dyn Error + 'static)) -> String {
    if type_name.starts_with("dyn ") || type_name.starts_with("alloc::boxed::Box<dyn ") {
        let named = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            crate::visit::debug_name(error)
        }));
        return named.ok().flatten().unwrap_or_else(|| "Error".to_owned());
    }
    let bare = type_name.split('<').next().unwrap_or(type_name);
    bare.rsplit("::").next().unwrap_or(bare).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names() {
        let parse = "x".parse::<u32>().unwrap_err();
        let io = std::io::Error::from(std::io::ErrorKind::NotFound);
        for (name, error, want) in [
            (
                "core::num::error::ParseIntError",
                &parse as &(dyn Error + 'static),
                "ParseIntError",
            ),
            ("my::Wrapped<core::fmt::Error>", &parse, "Wrapped"),
            ("dyn core::error::Error", &parse, "ParseIntError"),
            ("dyn core::error::Error", &io, "Kind"),
        ] {
            assert_eq!(error_type(name, error), want);
        }
    }

    #[test]
    fn severities() {
        for (text, want) in [
            ("critical", Severity::Error),
            ("ERROR", Severity::Error),
            ("Warning", Severity::Warning),
            ("info", Severity::Info),
            ("whatever", Severity::Info),
        ] {
            assert_eq!(severity(text), want, "{text}");
        }
    }
}
