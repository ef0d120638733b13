//! The one way in which channels speak HTTP: bounded in time and size, never following a redirect,
//! never naming a URL in an error.

use std::error::Error as _;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, Method, Url, redirect};

use super::error::Problem;
use crate::channel::Outcome;
use crate::render::fit::{Unit, fit, one_line, verbatim};
use crate::secret::Secret;

/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 64 * 1024;
const USER_AGENT: &str = concat!("bongsu-alerts/", env!("CARGO_PKG_VERSION"));

/// How a channel connects.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpOptions {
    /// For the TCP and TLS handshakes. Default 5 s.
    pub connect_timeout: Duration,
    /// For a whole attempt. Default 15 s.
    pub timeout: Duration,
    /// A certificate authority to trust besides the machine's, PEM. Default none.
    pub ca_pem: Option<Vec<u8>>,
    /// A proxy's URL; may hold credentials. Default none: the environment is not read.
    pub proxy: Option<Secret>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            ca_pem: None,
            proxy: None,
        }
    }
}

impl HttpOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limit of the handshakes. Default 5 s.
    #[must_use]
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets the limit of a whole attempt. Default 15 s.
    #[must_use]
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Trusts one more certificate authority (PEM).
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_pem = Some(pem.into());
        self
    }

    /// Goes through a proxy.
    #[must_use]
    pub fn proxy(mut self, url: Secret) -> Self {
        self.proxy = Some(url);
        self
    }
}

/// A client of one channel. Clients are not shared: a connection belongs to its runtime.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    timeout: Duration,
}

/// An answer, its body cut at [`MAX_ANSWER`].
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
    /// Whether all of the body, or as much as is ever read, arrived.
    pub(crate) complete: bool,
}

/// What goes out.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) content_type: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn new(options: &HttpOptions) -> Result<Self, Problem> {
        let tls = |error: reqwest::Error| Problem::Tls(words(&error.without_url()));
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            // Alerts are rare: a connection kept for the next one is mostly dead by then.
            .pool_max_idle_per_host(0);
        if let Some(pem) = &options.ca_pem {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(tls)?;
            if certificates.is_empty() {
                return Err(Problem::Tls("no certificate in the PEM".to_owned()));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        if let Some(proxy) = &options.proxy {
            let proxy = reqwest::Proxy::all(proxy.expose())
                .map_err(|_| Problem::Malformed("proxy is not a URL"))?;
            builder = builder.proxy(proxy);
        }
        Ok(Self {
            client: builder.build().map_err(tls)?,
            timeout: options.timeout,
        })
    }

    /// One exchange, over by `deadline`. The error is the outcome of an attempt without an answer.
    pub(crate) async fn send(
        &self,
        request: Request<'_>,
        now: Timestamp,
        deadline: tokio::time::Instant,
    ) -> Result<Answer, Outcome> {
        let end = deadline.min(tokio::time::Instant::now() + self.timeout);
        match tokio::time::timeout_at(end, self.exchange(request, now)).await {
            Ok(result) => result,
            Err(_) => Err(Outcome::Transient {
                reason: "no answer in time".to_owned(),
                retry_after: None,
                maybe_delivered: true,
            }),
        }
    }

    async fn exchange(&self, request: Request<'_>, now: Timestamp) -> Result<Answer, Outcome> {
        let mut builder = self
            .client
            .request(request.method, request.url.clone())
            .body(request.body);
        if !request.content_type.is_empty() {
            builder = builder.header("content-type", request.content_type);
        }
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        let mut response = builder.send().await.map_err(no_answer)?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value, now));
        let mut body = Vec::new();
        let complete = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = MAX_ANSWER - body.len();
                    body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    if body.len() == MAX_ANSWER {
                        break true;
                    }
                }
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        Ok(Answer {
            status,
            retry_after,
            body,
            complete,
        })
    }
}

fn no_answer(error: reqwest::Error) -> Outcome {
    // A request that never left cannot have arrived.
    let unsent = error.is_connect() || error.is_builder();
    let error = error.without_url();
    let reason = if error.is_timeout() {
        if unsent {
            "no connection in time".to_owned()
        } else {
            "no answer in time".to_owned()
        }
    } else {
        words(&error)
    };
    Outcome::Transient {
        reason,
        retry_after: None,
        maybe_delivered: !unsent,
    }
}

/// An error's causes in one line. The URL is gone before this is called.
fn words(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    clip(&text)
}

fn clip(text: &str) -> String {
    fit(&one_line(text), 300, Unit::Chars, verbatim).text
}

impl Answer {
    pub(crate) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// `HTTP 400: what it said`, with everything in `secrets` taken out: servers like to quote.
    pub(crate) fn reason<S: AsRef<str>>(&self, secrets: &[S]) -> String {
        let mut said = self.text().into_owned();
        for secret in secrets {
            said = said.replace(secret.as_ref(), "[redacted]");
        }
        let said = fit(&one_line(&said), 200, Unit::Chars, verbatim).text;
        if said.is_empty() {
            format!("HTTP {}", self.status)
        } else {
            format!("HTTP {}: {said}", self.status)
        }
    }

    /// The outcome where every channel agrees: an overloaded or failing server, a redirect.
    pub(crate) fn common<S: AsRef<str>>(&self, secrets: &[S]) -> Option<Outcome> {
        match self.status {
            408 | 425 | 429 | 500..=599 => Some(Outcome::Transient {
                reason: self.reason(secrets),
                retry_after: self.retry_after,
                // A gateway that gave up may have passed the message on.
                maybe_delivered: matches!(self.status, 500 | 502 | 504),
            }),
            100..=199 | 300..=399 => Some(Outcome::permanent(format!(
                "HTTP {}: redirects are not followed",
                self.status
            ))),
            _ => None,
        }
    }
}

/// `Retry-After`: seconds, or one of HTTP's three date forms seen from `now`.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    const MOST: u64 = 30 * 24 * 3600;
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(MOST as f64)));
    }
    let at = jiff::fmt::rfc2822::parse(value)
        .map(|zoned| zoned.timestamp())
        .ok()
        .or_else(|| {
            ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
                .iter()
                .find_map(|format| jiff::civil::DateTime::strptime(format, value).ok())
                .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok())
                .map(|zoned| zoned.timestamp())
        })?;
    let seconds = at.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(
        u64::try_from(seconds).unwrap_or(0).min(MOST),
    ))
}

/// An `http` or `https` URL with a host.
pub(crate) fn url(text: &str) -> Result<Url, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::Missing);
    }
    // The parser's words never quote the text.
    let url = Url::parse(text).map_err(|error| Problem::InvalidUrl(error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(Problem::Scheme(other.to_owned())),
    }
}

/// A URL that is itself the credential: it does not print, and travels by `https` only.
#[derive(Clone)]
pub(crate) struct SecretUrl(pub(crate) Url);

impl std::fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl SecretUrl {
    /// `https`, or `http` to this machine.
    pub(crate) fn parse(secret: &Secret) -> Result<Self, Problem> {
        let url = url(secret.expose())?;
        if url.scheme() == "https" || is_local(&url) {
            Ok(Self(url))
        } else {
            Err(Problem::InsecureUrl)
        }
    }
}

fn is_local(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    })
}

/// `host` or `host:port`: the part of a URL that is no secret.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The parts of a URL that may be secrets, for [`Answer::reason`]: the longest first, so that no part
/// of one survives another.
pub(crate) fn secrets_of(url: &Url) -> Vec<String> {
    let query = url.query().unwrap_or_default();
    let mut parts = vec![
        url.path().trim_start_matches('/').to_owned(),
        query.to_owned(),
        url.username().to_owned(),
        url.password().unwrap_or_default().to_owned(),
    ];
    parts.extend(url.path().split('/').map(str::to_owned));
    parts.extend(query.split(['&', '=']).map(str::to_owned));
    parts.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    parts.retain(|part| part.len() > 3);
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts.dedup();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_both_ways() {
        let now = Timestamp::from_second(784_111_777).unwrap();
        let check = |value: &str, want: Option<u64>| {
            assert_eq!(
                retry_after(value, now),
                want.map(Duration::from_secs),
                "{value:?}"
            );
        };
        check("7", Some(7));
        check(" 120 ", Some(120));
        check("0", Some(0));
        check("-5", None);
        check("NaN", None);
        check("inf", Some(30 * 24 * 3600));
        check("99999999999999", Some(30 * 24 * 3600));
        check("soon", None);
        check("", None);
        check("Sun, 06 Nov 1994 08:50:37 GMT", Some(60));
        check("Sunday, 06-Nov-94 08:50:37 GMT", Some(60));
        check("Sun Nov  6 08:50:37 1994", Some(60));
        check("Sun, 06 Nov 1994 08:49:00 GMT", Some(0));
    }

    #[test]
    fn urls() {
        assert_eq!(url(" "), Err(Problem::Missing));
        assert!(matches!(
            url("hooks.slack.com/x"),
            Err(Problem::InvalidUrl(_))
        ));
        assert_eq!(url("ftp://x/y"), Err(Problem::Scheme("ftp".to_owned())));
        assert_eq!(
            SecretUrl::parse(&Secret::new("http://hooks.example/T0")).err(),
            Some(Problem::InsecureUrl)
        );
        for fine in [
            "http://127.0.0.1:1/x",
            "http://[::1]:1/x",
            "http://localhost/x",
            "https://a.b/c",
        ] {
            assert!(SecretUrl::parse(&Secret::new(fine)).is_ok(), "{fine}");
        }
    }

    #[test]
    fn a_reason_does_not_quote_the_secret() {
        let url = Url::parse("https://hooks.example/services/T0/B0/xyz?token=abcd").unwrap();
        let answer = Answer {
            status: 400,
            retry_after: None,
            body: b"cannot POST /services/T0/B0/xyz?token=abcd\r\nsorry, abcd is unknown".to_vec(),
            complete: true,
        };
        assert_eq!(
            answer.reason(&secrets_of(&url)),
            "HTTP 400: cannot POST /[redacted]?[redacted] sorry, [redacted] is unknown"
        );
    }
}
