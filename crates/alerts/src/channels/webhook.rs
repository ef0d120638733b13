//! A webhook: JSON to any URL, signed when there is a secret.

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde_json::json;

use super::error::{ChannelConfigError, Problem, Problems};
use super::http::{self, Answer, Http, HttpOptions, Request};
use crate::channel::{
    Attempt, Channel, Content, Limits, Notification, Outcome, RenderError, Rendered, Target,
};
use crate::render::webhook::body;
use crate::signature::{ID_HEADER, SIGNATURE_HEADER, SigningKeys, TIMESTAMP_HEADER};
use bongsu_secret::Secret;

const JSON: &str = "application/json";
/// The most bytes of a report.
const MAX_CONTENT: usize = 4 * 1024 * 1024;

/// Posts JSON to one URL. Every request carries `webhook-id`, the same on every attempt, and
/// `webhook-timestamp`; with a secret also `webhook-signature` (see [`crate::signature`]).
///
/// ```
/// use bongsu_alerts::{Channel, Secret, channels::WebhookChannel};
///
/// let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
/// let webhook = WebhookChannel::new("https://ops.example/alerts?team=3", Some(secret))?;
/// assert_eq!(webhook.targets()[0].as_str(), "ops.example");
/// # Ok::<(), bongsu_alerts::channels::ChannelConfigError>(())
/// ```
#[derive(Clone)]
pub struct WebhookChannel {
    id: String,
    url: Url,
    keys: Option<SigningKeys>,
    http: Http,
}

impl std::fmt::Debug for WebhookChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookChannel")
            .field("id", &self.id)
            .field("host", &http::host(&self.url))
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl WebhookChannel {
    /// The URL may hold a credential. The secret is `whsec_…`, or two separated by a space while
    /// one replaces the other.
    ///
    /// # Errors
    /// When the URL or the secret cannot be right; both are looked at.
    pub fn new(url: impl Into<Secret>, secret: Option<Secret>) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("webhook");
        let url = problems.keep("url", http::url(url.into().expose()));
        let keys = secret.and_then(|secret| {
            problems.keep(
                "secret",
                SigningKeys::parse(&secret).map_err(|error| Problem::Signing(error.to_string())),
            )
        });
        let http = problems.keep("tls", Http::new(&HttpOptions::default()));
        let (url, http) = problems.finish(url.zip(http))?;
        Ok(Self {
            id: "webhook".to_owned(),
            url,
            keys,
            http,
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
        let mut problems = Problems::of("webhook");
        let http = problems.keep("http", Http::new(options));
        self.http = problems.finish(http)?;
        Ok(self)
    }

    async fn post(&self, cx: &Attempt, id: &str, body: Vec<u8>) -> Outcome {
        let seconds = cx.now.as_second();
        let timestamp = seconds.to_string();
        let signature = self.keys.as_ref().map(|keys| keys.sign(id, seconds, &body));
        let mut headers = vec![(ID_HEADER, id), (TIMESTAMP_HEADER, timestamp.as_str())];
        if let Some(signature) = &signature {
            headers.push((SIGNATURE_HEADER, signature));
        }
        let request = Request {
            method: Method::POST,
            url: &self.url,
            content_type: JSON,
            headers: &headers,
            body,
        };
        match self.http.send(request, cx.now, cx.deadline).await {
            Ok(answer) => outcome(&answer, &http::secrets_of(&self.url)),
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

    fn targets(&self) -> Vec<Target> {
        vec![Target::new(http::host(&self.url))]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let (bytes, truncated) = body(n);
        Ok(Rendered::new(target.clone(), JSON, bytes).truncated(truncated))
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        self.post(cx, &cx.delivery_id, message.body.clone()).await
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
        self.post(cx, id, body.into_bytes()).await
    }

    /// Whether anything answers `HEAD`: a webhook has no way to check a credential without content.
    async fn probe(&self) -> Outcome {
        let cx = super::probe_attempt();
        let request = Request {
            method: Method::HEAD,
            url: &self.url,
            content_type: "",
            headers: &[],
            body: Vec::new(),
        };
        match self.http.send(request, cx.now, cx.deadline).await {
            Ok(answer) => match outcome(&answer, &[]) {
                Outcome::Permanent { reason } => Outcome::Delivered { note: Some(reason) },
                other => other,
            },
            Err(outcome) => outcome,
        }
    }
}

fn outcome(answer: &Answer, secrets: &[String]) -> Outcome {
    match answer.status {
        200..=299 => Outcome::delivered(),
        401 | 403 | 410 => Outcome::broken(answer.reason(secrets)),
        _ => answer
            .common(secrets)
            .unwrap_or_else(|| Outcome::permanent(answer.reason(secrets))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_table() {
        let table: &[(&[u16], &str)] = &[
            (&[200, 201, 202, 204], "delivered"),
            (&[408, 425, 429, 500, 502, 503, 504], "transient"),
            (&[400, 404, 405, 413, 422, 301, 302, 307, 308], "permanent"),
            (&[401, 403, 410], "broken"),
        ];
        for (statuses, want) in table {
            for &status in *statuses {
                let answer = Answer {
                    status,
                    retry_after: None,
                    body: Vec::new(),
                    complete: true,
                };
                assert_eq!(outcome(&answer, &[]).as_str(), *want, "{status}");
            }
        }
    }

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
