//! Discord's webhooks.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;

use super::error::{ChannelConfigError, Problems};
use super::http::{self, Answer, Http, HttpOptions, Request, SecretUrl};
use crate::channel::{
    Attempt, Channel, Content, Limits, Notification, Outcome, RenderError, Rendered, Target,
};
use crate::render::discord::{content, message};
use bongsu_secret::Secret;

const JSON: &str = "application/json";

/// Posts embeds to one webhook.
///
/// ```
/// use bongsu_alerts::{Channel, channels::DiscordChannel};
///
/// let discord = DiscordChannel::new("https://discord.com/api/webhooks/1/abc")?;
/// assert_eq!(discord.id(), "discord");
/// # Ok::<(), bongsu_alerts::channels::ChannelConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct DiscordChannel {
    id: String,
    url: SecretUrl,
    http: Http,
}

impl DiscordChannel {
    /// The webhook's URL is its credential.
    ///
    /// # Errors
    /// When the URL cannot be right.
    pub fn new(url: impl Into<Secret>) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("discord");
        let url = problems.keep("url", SecretUrl::parse(&url.into()));
        let http = problems.keep("tls", Http::new(&HttpOptions::default()));
        let (url, http) = problems.finish(url.zip(http))?;
        Ok(Self {
            id: "discord".to_owned(),
            url,
            http,
        })
    }

    /// Sets the name in rules and metrics; default `discord`.
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
        let mut problems = Problems::of("discord");
        let http = problems.keep("http", Http::new(options));
        self.http = problems.finish(http)?;
        Ok(self)
    }

    async fn call(&self, cx: &Attempt, method: Method, body: Vec<u8>) -> Outcome {
        let mut url = self.url.0.clone();
        if method == Method::POST && !url.query_pairs().any(|(name, _)| name == "wait") {
            // Without it Discord answers before it looks at the message.
            url.query_pairs_mut().append_pair("wait", "true");
        }
        let content_type = if body.is_empty() { "" } else { JSON };
        let request = Request {
            method,
            url: &url,
            content_type,
            headers: &[],
            body,
        };
        match self.http.send(request, cx.now, cx.deadline).await {
            Ok(answer) => outcome(&answer, &http::secrets_of(&self.url.0)),
            Err(outcome) => outcome,
        }
    }
}

#[async_trait]
impl Channel for DiscordChannel {
    fn id(&self) -> &str {
        &self.id
    }

    /// Five in two seconds is what Discord grants a webhook; this stays below it.
    fn limits(&self) -> Limits {
        Limits::new(0.5, 4)
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("webhook")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let (json, truncated) = message(n);
        Ok(Rendered::new(target.clone(), JSON, json.to_string()).truncated(truncated))
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        self.call(cx, Method::POST, message.body.clone()).await
    }

    /// The text, cut to one embed.
    async fn deliver_content(&self, cx: &Attempt, _: &Target, report: &Content) -> Outcome {
        self.call(cx, Method::POST, content(report).to_string().into_bytes())
            .await
    }

    /// Discord describes a webhook to whoever holds its URL.
    async fn probe(&self) -> Outcome {
        self.call(&super::probe_attempt(), Method::GET, Vec::new())
            .await
    }
}

fn outcome(answer: &Answer, secrets: &[String]) -> Outcome {
    match answer.status {
        200..=299 => Outcome::delivered(),
        429 => {
            let asked = answer
                .json()
                .and_then(|json| json["retry_after"].as_f64())
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            Outcome::Transient {
                reason: answer.reason(secrets),
                retry_after: asked.max(answer.retry_after),
                maybe_delivered: false,
            }
        }
        401 | 403 | 404 => Outcome::broken(answer.reason(secrets)),
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
            let got = outcome(&answer, &[]);
            assert_eq!(got.as_str(), want, "{status} {body}");
            got
        };
        check(200, "{}", "delivered");
        check(204, "", "delivered");
        let limited = check(
            429,
            r#"{"message":"You are being rate limited.","retry_after":1.337,"global":false}"#,
            "transient",
        );
        assert!(
            matches!(limited, Outcome::Transient { retry_after: Some(after), .. } if after == Duration::from_millis(1_337))
        );
        check(429, r#"{"retry_after":-1}"#, "transient");
        check(500, "", "transient");
        check(400, r#"{"embeds":["0"]}"#, "permanent");
        check(401, "", "broken");
        check(403, "", "broken");
        check(
            404,
            r#"{"message":"Unknown Webhook","code":10015}"#,
            "broken",
        );
        check(308, "", "permanent");
    }
}
