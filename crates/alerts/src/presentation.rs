//! How messages speak to their readers: language, time zone, host, links.

use bongsu_lang::Lang;
use jiff::tz::TimeZone;

/// How messages speak to their readers. Fields left alone have defaults that fit a service in Seoul.
///
/// ```
/// use bongsu_alerts::Presentation;
///
/// let here = Presentation::default()
///     .host("engine-2")
///     .public_url("https://ops.example.com");
/// assert_eq!(here.host.as_deref(), Some("engine-2"));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Presentation {
    /// The language of the words around what the caller wrote. Default English.
    pub language: Lang,
    /// The zone of every time that people read, named beside it. Default Asia/Seoul.
    pub zone: TimeZone,
    /// The machine or replica that speaks. Default none.
    pub host: Option<String>,
    /// Where the service's console is reached from outside. Default none: no link to it.
    pub public_url: Option<String>,
    /// What a runbook's name is appended to. Default none: a runbook is named without a link.
    pub runbooks: Option<String>,
}

impl Default for Presentation {
    fn default() -> Self {
        Self {
            language: Lang::default(),
            zone: seoul(),
            host: None,
            public_url: None,
            runbooks: None,
        }
    }
}

/// Where the machine has no data for it: as it has been since 1988.
fn seoul() -> TimeZone {
    TimeZone::get("Asia/Seoul")
        .or_else(|_| TimeZone::posix("KST-9"))
        .unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(9)))
}

impl Presentation {
    /// Sets the language. Default English.
    #[must_use]
    pub const fn language(mut self, language: Lang) -> Self {
        self.language = language;
        self
    }

    /// Sets the zone. Default Asia/Seoul.
    #[must_use]
    pub fn zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Sets the machine or replica that speaks. Default none.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Sets where the console is reached from outside: `https://ops.example.com`. Default none.
    #[must_use]
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Sets what a runbook's name is appended to: `https://wiki.example.com/runbooks/`. Default none.
    #[must_use]
    pub fn runbooks(mut self, url: impl Into<String>) -> Self {
        self.runbooks = Some(url.into());
        self
    }
}
