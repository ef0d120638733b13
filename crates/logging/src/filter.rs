//! Which events are logged: `EnvFilter` syntax, checked strictly, changeable at run time.

use crate::LoggingError;
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use tracing_subscriber::filter::EnvFilter;

/// A filter and the text it came from.
#[derive(Debug)]
pub(crate) struct Directives {
    pub(crate) spec: String,
    pub(crate) env: EnvFilter,
}

impl Directives {
    /// Parses a filter. `EnvFilter` takes any word for a target, so `LOG_LEVEL=verbose` would silence
    /// the service; here a word alone must be a level. Python's names are understood.
    pub(crate) fn parse(spec: &str) -> Result<Directives, LoggingError> {
        let mut parts = Vec::new();
        for part in spec
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            parts.push(directive(part)?);
        }
        if parts.is_empty() {
            return Err(LoggingError::Level {
                given: spec.to_owned(),
            });
        }
        let text = parts.join(",");
        let env = EnvFilter::builder()
            .parse(&text)
            .map_err(|source| LoggingError::Filter {
                given: spec.to_owned(),
                source,
            })?;
        Ok(Directives { spec: text, env })
    }

    /// Span directives need the span hooks and a look at every event.
    fn is_dynamic(&self) -> bool {
        self.spec.contains('[')
    }
}

fn level(text: &str) -> Option<&'static str> {
    Some(match text.to_ascii_lowercase().as_str() {
        "trace" => "trace",
        "debug" => "debug",
        "info" | "notice" => "info",
        "warn" | "warning" => "warn",
        "error" | "critical" | "fatal" => "error",
        "off" | "none" => "off",
        _ => return None,
    })
}

fn directive(part: &str) -> Result<Cow<'_, str>, LoggingError> {
    let unknown = || LoggingError::Level {
        given: part.to_owned(),
    };
    let after_span = part.rfind(']').map_or(0, |i| i + 1);
    match part[after_span..].rfind('=') {
        Some(at) => {
            let (target, level_text) = part.split_at(after_span + at);
            let level = level(level_text[1..].trim()).ok_or_else(unknown)?;
            if target.trim().is_empty() {
                return Err(unknown());
            }
            Ok(format!("{}={level}", target.trim()).into())
        }
        None if part.contains('[') => Ok(part.into()),
        None => level(part).map(Cow::from).ok_or_else(unknown),
    }
}

/// The filter in force.
#[derive(Debug)]
pub(crate) struct Filter {
    current: RwLock<Arc<Directives>>,
    dynamic: AtomicBool,
}

impl Filter {
    pub(crate) fn new(directives: Directives) -> Filter {
        Filter {
            dynamic: AtomicBool::new(directives.is_dynamic()),
            current: RwLock::new(Arc::new(directives)),
        }
    }

    pub(crate) fn current(&self) -> Arc<Directives> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The filter, if it needs to hear of spans.
    #[inline(always)]
    pub(crate) fn dynamic(&self) -> Option<Arc<Directives>> {
        self.dynamic.load(Relaxed).then(|| self.current())
    }

    /// Puts another filter in force for every callsite.
    pub(crate) fn set(&self, directives: Arc<Directives>) {
        let dynamic = directives.is_dynamic();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = directives;
        self.dynamic.store(dynamic, Relaxed);
        tracing_core::callsite::rebuild_interest_cache();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, want: Option<&str>) {
        let got = Directives::parse(given).map(|d| d.spec).ok();
        assert_eq!(got.as_deref(), want, "{given}");
    }

    #[test]
    fn levels_and_filters() {
        check("info", Some("info"));
        check(" WARNING ", Some("warn"));
        check("CRITICAL", Some("error"));
        check(
            "info, my_crate::db = debug,hyper=WARN",
            Some("info,my_crate::db=debug,hyper=warn"),
        );
        check(
            "info,[request{user=a}]=TRACE",
            Some("info,[request{user=a}]=trace"),
        );
        check("verbose", None);
        check("inf", None);
        check("info,my_crate", None);
        check("my_crate=loud", None);
        check("=debug", None);
        check("", None);
        check(" , ", None);
    }

    #[test]
    fn the_error_lists_the_levels() {
        let error = Directives::parse("verbose").unwrap_err().to_string();
        for level in ["verbose", "trace", "debug", "info", "warn", "error", "off"] {
            assert!(error.contains(level), "{error}");
        }
    }
}
