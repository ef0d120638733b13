//! PagerDuty's Events API v2.

use async_trait::async_trait;
use reqwest::{Method, Url};

use super::error::{ChannelConfigError, Problem, Problems};
use super::http::{self, Answer, Http, HttpOptions, Request};
use crate::channel::{
    Attempt, Channel, Limits, Notification, Outcome, RenderError, Rendered, Target,
};
use crate::render::pagerduty::event;
use bongsu_secret::Secret;

const JSON: &str = "application/json";
const API: &str = "https://events.pagerduty.com/v2/enqueue";

/// Triggers and resolves incidents of one integration. A report is no incident: content is
/// unsupported.
///
/// ```
/// use bongsu_alerts::{Channel, channels::PagerDutyChannel};
///
/// let pagerduty = PagerDutyChannel::new("R0123456789ABCDEF0123456789ABCDE")?;
/// assert_eq!(pagerduty.id(), "pagerduty");
/// # Ok::<(), bongsu_alerts::channels::ChannelConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PagerDutyChannel {
    id: String,
    routing_key: Secret,
    api: Url,
    http: Http,
}

impl PagerDutyChannel {
    /// The integration's routing key: 32 letters and digits.
    ///
    /// # Errors
    /// When the key cannot be right.
    pub fn new(routing_key: impl Into<Secret>) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("pagerduty");
        let routing_key = routing_key.into();
        let key = routing_key.expose();
        if key.is_empty() {
            problems.add("routing_key", Problem::Missing);
        } else if key.len() != 32 || !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
            problems.add("routing_key", Problem::Malformed("32 letters and digits"));
        }
        let api = problems.keep("api", http::url(API));
        let http = problems.keep("tls", Http::new(&HttpOptions::default()));
        let (api, http) = problems.finish(api.zip(http))?;
        Ok(Self {
            id: "pagerduty".to_owned(),
            routing_key,
            api,
            http,
        })
    }

    /// Sets the name in rules and metrics; default `pagerduty`.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Sets how to connect.
    ///
    /// # Errors
    /// When the certificate or the proxy cannot be used.
    pub fn with_http(mut self, options: &HttpOptions) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("pagerduty");
        let http = problems.keep("http", Http::new(options));
        self.http = problems.finish(http)?;
        Ok(self)
    }

    /// Sets where events go, for example `https://events.eu.pagerduty.com/v2/enqueue`.
    ///
    /// # Errors
    /// When it is no `https` URL (`http` to this machine is fine): the key travels with each event.
    pub fn with_api(mut self, url: &str) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("pagerduty");
        let api = problems.keep("api", http::SecretUrl::parse(&Secret::new(url)));
        self.api = problems.finish(api)?.0;
        Ok(self)
    }

    /// The stored event is an object without the key, which is put first. The key is letters and
    /// digits: nothing to escape.
    fn with_key(&self, event: &[u8]) -> Option<Vec<u8>> {
        let rest = event.strip_prefix(b"{")?;
        let mut body = format!("{{\"routing_key\":\"{}\",", self.routing_key.expose()).into_bytes();
        body.extend_from_slice(rest);
        Some(body)
    }

    async fn post(&self, cx: &Attempt, event: &[u8]) -> Outcome {
        let Some(body) = self.with_key(event) else {
            return Outcome::permanent("the stored event is not an object");
        };
        let request = Request {
            method: Method::POST,
            url: &self.api,
            content_type: JSON,
            headers: &[],
            body,
        };
        match self.http.send(request, cx.now, cx.deadline).await {
            Ok(answer) => outcome(&answer, self.routing_key.expose()),
            Err(outcome) => outcome,
        }
    }
}

#[async_trait]
impl Channel for PagerDutyChannel {
    fn id(&self) -> &str {
        &self.id
    }

    /// PagerDuty takes 120 events a minute and integration.
    fn limits(&self) -> Limits {
        Limits::new(2.0, 20)
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("integration")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let (json, truncated) = event(n);
        Ok(Rendered::new(target.clone(), JSON, json.to_string()).truncated(truncated))
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        self.post(cx, &message.body).await
    }

    /// Resolves an incident that never was: PagerDuty checks the key and drops the event.
    async fn probe(&self) -> Outcome {
        let nothing = br#"{"event_action":"resolve","dedup_key":"bongsu-probe"}"#;
        self.post(&super::probe_attempt(), nothing).await
    }
}

fn outcome(answer: &Answer, key: &str) -> Outcome {
    match answer.status {
        200..=299 => Outcome::delivered(),
        400 if names_the_key(answer) => Outcome::broken(answer.reason(&[key])),
        401 | 403 => Outcome::broken(answer.reason(&[key])),
        _ => answer
            .common(&[key])
            .unwrap_or_else(|| Outcome::permanent(answer.reason(&[key]))),
    }
}

/// An unknown key is a 400 like a bad event, told apart by its words.
fn names_the_key(answer: &Answer) -> bool {
    let text = answer.text().to_ascii_lowercase();
    text.contains("routing key") || text.contains("routing_key")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "R0123456789ABCDEF0123456789ABCDE";

    #[test]
    fn the_outcome_table() {
        let check = |status, body: &str, want: &str| {
            let answer = Answer {
                status,
                retry_after: None,
                body: body.as_bytes().to_vec(),
                complete: true,
            };
            assert_eq!(outcome(&answer, KEY).as_str(), want, "{status} {body}");
        };
        check(202, r#"{"status":"success"}"#, "delivered");
        check(429, "", "transient");
        check(500, "", "transient");
        check(
            400,
            r#"{"status":"invalid event","errors":["'payload.summary' is missing or blank"]}"#,
            "permanent",
        );
        check(
            400,
            r#"{"status":"invalid event","errors":["Invalid routing key"]}"#,
            "broken",
        );
        check(403, "", "broken");
        check(404, "", "permanent");
        check(301, "", "permanent");
    }

    #[test]
    fn the_key_is_on_the_wire_only() {
        let channel = PagerDutyChannel::new(KEY).unwrap();
        assert!(!format!("{channel:?}").contains(KEY));
        let n = crate::render::samples::korean();
        let rendered = channel.render(&n, &channel.targets()[0]).unwrap();
        let stored = String::from_utf8(rendered.body.clone()).unwrap();
        assert!(!stored.contains(KEY));
        let sent: serde_json::Value =
            serde_json::from_slice(&channel.with_key(&rendered.body).unwrap()).unwrap();
        assert_eq!(sent["routing_key"], KEY);
        assert_eq!(sent["event_action"], "trigger");
    }

    #[test]
    fn bad_keys() {
        for key in ["", "short", "R0123456789ABCDEF0123456789AB\"},"] {
            let error = PagerDutyChannel::new(key).unwrap_err();
            assert_eq!(error.problems[0].field, "routing_key");
            assert!(key.is_empty() || !error.to_string().contains(key));
        }
    }
}
