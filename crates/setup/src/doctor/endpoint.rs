//! The HTTP endpoints of the configuration, asked for nothing but their time: a `HEAD` of the root,
//! so that no path, which may be a secret, is ever sent for it.

use std::time::Duration;

use bongsu_alerts::channels::KINDS;
use bongsu_config::{
    Config,
    doctor::{Finding, judge},
};
use jiff::Timestamp;
use reqwest::{Client, Url, redirect::Policy};

use super::Told;

/// Who gave its time first, in the order of the configuration; and whether the dead-man's switch,
/// which must not be pressed for a trial, is there.
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn look(config: &Config) -> (Option<Told>, Option<Finding>) {
    let first = async {
        for origin in origins(config) {
            if let Answer::Date(Some(theirs)) = ask(&origin).await {
                return Some((host(&origin), theirs, Timestamp::now()));
            }
        }
        None
    };
    let server = tokio::time::timeout(super::PATIENCE, first).await;
    let mut heartbeat = None;
    let url = config.alerts.channels.get("BONGSU_HEARTBEAT_URL");
    if let Some(origin) = url.and_then(|url| origin(url.expose())) {
        let (host, answer) = (host(&origin), ask(&origin).await);
        heartbeat = Some(judge::heartbeat(&host, answer.silent()));
    }
    (server.ok().flatten(), heartbeat)
}

const PATIENCE: Duration = Duration::from_secs(5);

/// Scheme, host and port of every endpoint, each once.
fn origins(config: &Config) -> Vec<Url> {
    let given = bongsu_config::channels::given(config);
    let variables = KINDS.iter().flat_map(|kind| kind.variables);
    let of = variables.filter(|variable| variable.urls);
    let urls = of.flat_map(|variable| given.items(variable.name));
    let mut origins: Vec<Url> = urls.filter_map(|url| origin(&url)).collect();
    let mut seen = std::collections::BTreeSet::new();
    origins.retain(|origin| seen.insert(origin.to_string()));
    origins
}

/// The URL without credentials, path and query.
fn origin(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    url.host_str()?;
    Url::parse(&url.origin().ascii_serialization()).ok()
}

/// What an endpoint says about itself.
#[derive(Debug)]
enum Answer {
    /// Some status, and the time if it told one.
    Date(Option<Timestamp>),
    /// None at all, and why.
    Silent(String),
}

impl Answer {
    /// Why there was none.
    fn silent(&self) -> Option<&str> {
        match self {
            Self::Date(_) => None,
            Self::Silent(why) => Some(why),
        }
    }
}

/// Asks one endpoint.
async fn ask(origin: &Url) -> Answer {
    let client = Client::builder()
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .build();
    let asked = match client {
        Ok(client) => client.head(origin.clone()).send().await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(response) => {
            let date = response.headers().get(reqwest::header::DATE);
            Answer::Date(date.and_then(|date| http_date(date.to_str().ok()?)))
        }
        Err(error) if error.is_timeout() => Answer::Silent("no answer in time".to_owned()),
        Err(error) if error.is_connect() => Answer::Silent("cannot connect".to_owned()),
        Err(_) => Answer::Silent("no HTTP answer".to_owned()),
    }
}

/// `Tue, 24 Nov 2026 13:22:25 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|zoned| zoned.timestamp())
}

/// The host and port, for people.
fn host(origin: &Url) -> String {
    let host = origin.host_str().unwrap_or_default();
    origin
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, want: Option<(&str, &str)>) {
        let origin = origin(url);
        let got = origin.as_ref().map(|o| (o.as_str(), host(o)));
        let got = got.as_ref().map(|(url, host)| (*url, host.as_str()));
        assert_eq!(got, want);
    }

    #[test]
    fn nothing_secret_is_left_of_a_url() {
        check(
            "https://hooks.example.com/services/T0/B0/xyz?k=v",
            Some(("https://hooks.example.com/", "hooks.example.com")),
        );
        check(
            "http://user:pass@127.0.0.1:9093/api#f",
            Some(("http://127.0.0.1:9093/", "127.0.0.1:9093")),
        );
        check("mailto:a@example.com", None);
        check("nonsense", None);
    }

    #[test]
    fn http_dates() {
        let at = http_date("Tue, 24 Nov 2026 13:22:25 GMT").unwrap();
        assert_eq!(at.to_string(), "2026-11-24T13:22:25Z");
        assert_eq!(http_date("soon"), None);
    }
}
