//! Discord's webhooks.

use async_trait::async_trait;

use self::render::{content, message};
use super::error::{ChannelConfigError, Problems};
use crate::channel::{
    Attempt, Carries, Channel, Content, Limits, Notification, Outcome, RenderError, Rendered,
    ReportForm, Target,
};
use crate::http::{Answer, Endpoint, HttpOptions, Request};
use bongsu_secret::Secret;

pub(crate) mod render;

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
    endpoint: Endpoint,
}

impl DiscordChannel {
    /// The webhook's URL is its credential.
    ///
    /// # Errors
    /// When the URL cannot be right.
    pub fn new(url: impl Into<Secret>) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("discord");
        let endpoint = problems.keep("url", Endpoint::secret(url));
        Ok(Self {
            id: "discord".to_owned(),
            endpoint: problems.finish(endpoint)?,
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
        self.endpoint = Problems::connected("discord", self.endpoint, options)?;
        Ok(self)
    }

    async fn call(&self, cx: &Attempt, request: Request) -> Outcome {
        match self.endpoint.send(cx, request).await {
            Ok(answer) => outcome(&answer, cx),
            Err(outcome) => outcome,
        }
    }
}

/// Without it Discord answers before it looks at the message.
fn waiting(request: Request) -> Request {
    request.query("wait", "true")
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

    fn carries(&self) -> Carries {
        Carries::reports(ReportForm::Text)
    }

    fn far_side(&self) -> Option<Secret> {
        Some(self.endpoint.far_side())
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("webhook")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let (json, truncated) = message(n);
        Ok(Rendered::new(target.clone(), JSON, json.to_string()).truncated(truncated))
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        self.call(cx, waiting(Request::of(message))).await
    }

    /// The text, cut to one embed.
    async fn deliver_content(&self, cx: &Attempt, _: &Target, report: &Content) -> Outcome {
        self.call(cx, waiting(Request::json(&content(report))))
            .await
    }

    /// Discord describes a webhook to whoever holds its URL.
    async fn probe(&self) -> Outcome {
        let cx = Attempt::trial(super::PROBE);
        self.call(&cx, Request::get()).await
    }
}

fn outcome(answer: &Answer, cx: &Attempt) -> Outcome {
    let json = answer.json().unwrap_or_default();
    match answer.status {
        429 => Outcome::Transient {
            reason: answer.reason(),
            retry_after: answer.retry_after_or(json["retry_after"].as_f64()),
            maybe_delivered: false,
        },
        // Discord itself says so, in its own words: 10015 is a webhook that is gone.
        401 | 403 | 404 if json["code"].is_u64() => Outcome::broken(answer.reason()),
        _ => answer.outcome(cx),
    }
}

#[cfg(test)]
mod tests;
