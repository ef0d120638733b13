//! PagerDuty's Events API v2.

use async_trait::async_trait;
use serde_json::{Value, json};

use self::render::event;
use super::error::{ChannelConfigError, Problem, Problems};
use crate::channel::{
    Attempt, Channel, Limits, Notification, Outcome, RenderError, Rendered, Target,
};
use crate::http::{Answer, Endpoint, HttpOptions, Request};
use bongsu_secret::Secret;

pub(crate) mod render;

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
    endpoint: Endpoint,
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
        let endpoint = problems.keep("api", Endpoint::secret(API));
        let endpoint = problems.finish(endpoint)?.hiding(&routing_key);
        Ok(Self {
            id: "pagerduty".to_owned(),
            routing_key,
            endpoint,
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
        self.endpoint = Problems::connected("pagerduty", self.endpoint, options)?;
        Ok(self)
    }

    /// Sets where events go, for example `https://events.eu.pagerduty.com/v2/enqueue`; before
    /// [`PagerDutyChannel::with_http`].
    ///
    /// # Errors
    /// When it is no `https` URL (`http` to this machine is fine): the key travels with each event.
    pub fn with_api(mut self, url: &str) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("pagerduty");
        let endpoint = problems.keep("api", Endpoint::secret(url));
        self.endpoint = problems.finish(endpoint)?.hiding(&self.routing_key);
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
        let request = Request::post(JSON, body);
        match self.endpoint.send(cx, request).await {
            Ok(answer) => outcome(&answer, cx),
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

    /// A repeat has the same `dedup_key`.
    fn tells_repeats(&self) -> bool {
        true
    }

    /// All digests of a service are one incident.
    fn keeps_digests(&self) -> bool {
        true
    }

    fn far_side(&self) -> Option<Secret> {
        Some(self.routing_key.clone())
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("integration")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let (json, truncated) = event(n);
        Ok(Rendered::new(target.clone(), JSON, json.to_string()).truncated(truncated))
    }

    /// A trial's incident is resolved at once: nobody else would.
    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        let told = self.post(cx, &message.body).await;
        match trial_key(&message.body) {
            Some(key) if told.is_delivered() => {
                let end = json!({"event_action": "resolve", "dedup_key": key}).to_string();
                match self.post(cx, end.as_bytes()).await {
                    Outcome::Delivered { .. } => told,
                    other => Outcome::delivered_with(format!(
                        "its incident is still open: {}",
                        other.reason()
                    )),
                }
            }
            _ => told,
        }
    }

    /// Resolves an incident that never was: PagerDuty checks the key and drops the event.
    async fn probe(&self) -> Outcome {
        let nothing = br#"{"event_action":"resolve","dedup_key":"bongsu-probe"}"#;
        self.post(&Attempt::trial(super::PROBE), nothing).await
    }
}

/// The incident of a trial.
fn trial_key(event: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(event).ok()?;
    let key = event["dedup_key"].as_str()?;
    key.starts_with(render::TRIAL).then(|| key.to_owned())
}

fn outcome(answer: &Answer, cx: &Attempt) -> Outcome {
    match answer.status {
        400 if names_the_key(answer) => Outcome::broken(answer.reason()),
        403 => Outcome::broken(answer.reason()),
        _ => answer.outcome(cx),
    }
}

/// An unknown key is a 400 like a bad event, told apart by its words.
fn names_the_key(answer: &Answer) -> bool {
    let text = answer.text().to_ascii_lowercase();
    text.contains("routing key") || text.contains("routing_key")
}

#[cfg(test)]
mod tests;
