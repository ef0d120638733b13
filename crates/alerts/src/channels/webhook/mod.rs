//! A webhook: JSON to any URL, signed when there is a secret.

use async_trait::async_trait;
use serde_json::json;

use self::render::body;
use super::error::{ChannelConfigError, Problem, Problems};
use crate::channel::{
    Attempt, Carries, Channel, Content, Limits, Notification, Outcome, RenderError, Rendered,
    ReportForm, Target,
};
use crate::http::{Endpoint, HttpOptions, Request};
use crate::signature::{ID_HEADER, SIGNATURE_HEADER, SigningKeys, TIMESTAMP_HEADER};
use bongsu_secret::Secret;

pub(crate) mod render;

const JSON: &str = "application/json";
/// The name under which receivers of many makers look for the idempotency key.
const IDEMPOTENCY_HEADER: &str = "idempotency-key";
/// The most bytes of a report.
const MAX_CONTENT: usize = 4 * 1024 * 1024;

/// Posts JSON to one URL. Every request carries `webhook-id` and `idempotency-key`, the same on
/// every attempt, and `webhook-timestamp`; with a secret also `webhook-signature` (see [`crate::signature`]).
///
/// ```
/// use bongsu_alerts::{Channel, Secret, channels::WebhookChannel};
///
/// let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
/// let webhook = WebhookChannel::new("https://ops.example/alerts?team=3", Some(secret))?;
/// assert_eq!(webhook.targets()[0].as_str(), "ops.example");
/// # Ok::<(), bongsu_alerts::channels::ChannelConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct WebhookChannel {
    id: String,
    endpoint: Endpoint,
    keys: Option<SigningKeys>,
}

impl WebhookChannel {
    /// The URL may hold a credential. The secret is `whsec_…`, or two separated by a space while
    /// one replaces the other.
    ///
    /// # Errors
    /// When the URL or the secret cannot be right; both are looked at.
    pub fn new(url: impl Into<Secret>, secret: Option<Secret>) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("webhook");
        let endpoint = problems.keep("url", Endpoint::open(url));
        let keys = secret.and_then(|secret| {
            problems.keep(
                "secret",
                SigningKeys::parse(&secret).map_err(|error| Problem::Signing(error.to_string())),
            )
        });
        Ok(Self {
            id: "webhook".to_owned(),
            endpoint: problems.finish(endpoint)?,
            keys,
        })
    }

    /// Sets the name in rules and metrics; default `webhook`. A second webhook needs one.
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
        self.endpoint = Problems::connected("webhook", self.endpoint, options)?;
        Ok(self)
    }

    async fn post(&self, cx: &Attempt, id: &str, body: Request, bytes: &[u8]) -> Outcome {
        let seconds = cx.now.as_second();
        let mut request = body
            .header(ID_HEADER, id)
            .header(IDEMPOTENCY_HEADER, format!("\"{id}\""))
            .header(TIMESTAMP_HEADER, seconds.to_string());
        if let Some(keys) = &self.keys {
            request = request.header(SIGNATURE_HEADER, keys.sign(id, seconds, bytes));
        }
        match self.endpoint.send(cx, request).await {
            Ok(answer) => answer.outcome(cx),
            Err(outcome) => outcome,
        }
    }
}

#[async_trait]
impl Channel for WebhookChannel {
    fn id(&self) -> &str {
        &self.id
    }

    fn limits(&self) -> Limits {
        Limits::new(10.0, 20)
    }

    /// Every attempt carries the same `webhook-id`.
    fn tells_repeats(&self) -> bool {
        true
    }

    fn carries(&self) -> Carries {
        Carries::reports(ReportForm::Json).if_asked()
    }

    fn far_side(&self) -> Option<Secret> {
        Some(self.endpoint.far_side())
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new(self.endpoint.host())]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let (bytes, truncated) = body(n);
        Ok(Rendered::new(target.clone(), JSON, bytes).truncated(truncated))
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        let request = Request::of(message);
        self.post(cx, &cx.delivery_id, request, &message.body).await
    }

    /// The JSON when there is one, else `{subject, text}`.
    async fn deliver_content(&self, cx: &Attempt, _: &Target, content: &Content) -> Outcome {
        let body = match &content.json {
            Some(json) => json.to_string(),
            None => json!({"subject": content.subject, "text": content.text}).to_string(),
        };
        if body.len() > MAX_CONTENT {
            return Outcome::permanent(format!("{} bytes are too many for a webhook", body.len()));
        }
        let id = match content.message_id.as_str() {
            "" => &cx.delivery_id,
            id => id,
        };
        let request = Request::post(JSON, body.clone());
        self.post(cx, id, request, body.as_bytes()).await
    }

    /// Whether anything answers `HEAD`: a webhook has no way to check a credential without content.
    async fn probe(&self) -> Outcome {
        let cx = Attempt::trial(super::PROBE);
        match self.endpoint.send(&cx, Request::head()).await {
            // Who knows no HEAD is there all the same.
            Ok(answer) => match answer.outcome(&cx) {
                Outcome::Permanent { reason } => Outcome::delivered_with(reason),
                _ if matches!(answer.status, 403..=405) => Outcome::delivered_with(answer.reason()),
                other => other,
            },
            Err(outcome) => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_wrong_fields_are_named() {
        let error = WebhookChannel::new("nope", Some(Secret::new("hunter2"))).unwrap_err();
        assert_eq!(error.problems.len(), 2);
        let text = error.to_string();
        assert!(
            text.contains("whsec_") && !text.contains("hunter2"),
            "{text}"
        );
    }
}
