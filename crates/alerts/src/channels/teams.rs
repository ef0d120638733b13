//! Microsoft Teams, by a workflow's webhook.

use async_trait::async_trait;
use reqwest::Method;

use super::error::{ChannelConfigError, Problems};
use super::http::{self, Answer, Http, HttpOptions, Request, SecretUrl};
use crate::channel::{
    Attempt, Channel, Content, Degrade, Limits, Notification, Outcome, RenderError, Rendered,
    Target,
};
use crate::render::teams::{content, message, smaller};
use bongsu_secret::Secret;

const JSON: &str = "application/json";

/// Posts Adaptive Cards to one workflow.
///
/// ```
/// use bongsu_alerts::{Channel, channels::TeamsChannel};
///
/// let teams = TeamsChannel::new("https://prod-1.koreacentral.logic.azure.com/workflows/1?sig=x")?;
/// assert_eq!(teams.id(), "teams");
/// # Ok::<(), bongsu_alerts::channels::ChannelConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TeamsChannel {
    id: String,
    url: SecretUrl,
    http: Http,
}

impl TeamsChannel {
    /// The workflow's URL is its credential.
    ///
    /// # Errors
    /// When the URL cannot be right.
    pub fn new(url: impl Into<Secret>) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("teams");
        let url = problems.keep("url", SecretUrl::parse(&url.into()));
        let http = problems.keep("tls", Http::new(&HttpOptions::default()));
        let (url, http) = problems.finish(url.zip(http))?;
        Ok(Self {
            id: "teams".to_owned(),
            url,
            http,
        })
    }

    /// Sets the name in rules and metrics; default `teams`.
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
        let mut problems = Problems::of("teams");
        let http = problems.keep("http", Http::new(options));
        self.http = problems.finish(http)?;
        Ok(self)
    }

    async fn post(&self, cx: &Attempt, body: Vec<u8>, has_smaller: bool) -> Outcome {
        let request = Request {
            method: Method::POST,
            url: &self.url.0,
            content_type: JSON,
            headers: &[],
            body,
        };
        match self.http.send(request, cx.now, cx.deadline).await {
            Ok(answer) => outcome(&answer, has_smaller, &http::secrets_of(&self.url.0)),
            Err(outcome) => outcome,
        }
    }
}

#[async_trait]
impl Channel for TeamsChannel {
    fn id(&self) -> &str {
        &self.id
    }

    /// Below the four a second at which Teams begins to refuse.
    fn limits(&self) -> Limits {
        Limits::new(1.0, 3)
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("workflow")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let (json, truncated) = message(n);
        Ok(Rendered::new(target.clone(), JSON, json.to_string())
            .plain(smaller(n).to_string())
            .truncated(truncated))
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        self.post(cx, message.body.clone(), message.plain.is_some())
            .await
    }

    /// The text, cut to one card.
    async fn deliver_content(&self, cx: &Attempt, _: &Target, report: &Content) -> Outcome {
        self.post(cx, content(report).to_string().into_bytes(), false)
            .await
    }
}

fn outcome(answer: &Answer, has_smaller: bool, secrets: &[String]) -> Outcome {
    match answer.status {
        // The older connectors answer 200 and tell of the failure in words.
        200 if answer.text().contains("failed with error") => {
            Outcome::transient(answer.reason(secrets))
        }
        200..=299 => Outcome::delivered(),
        401 | 403 | 404 => Outcome::broken(answer.reason(secrets)),
        413 if has_smaller => Outcome::Degrade {
            to: Degrade::Smaller,
            reason: answer.reason(secrets),
        },
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
        let check = |status, body: &str, want: &str| {
            let answer = Answer {
                status,
                retry_after: None,
                body: body.as_bytes().to_vec(),
                complete: true,
            };
            assert_eq!(
                outcome(&answer, true, &[]).as_str(),
                want,
                "{status} {body}"
            );
        };
        check(202, "", "delivered");
        check(200, "1", "delivered");
        check(
            200,
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429",
            "transient",
        );
        check(429, "", "transient");
        check(503, "", "transient");
        check(400, "", "permanent");
        check(413, "", "degrade");
        check(401, "", "broken");
        check(403, "", "broken");
        check(404, "", "broken");
        check(302, "", "permanent");
    }
}
