//! Microsoft Teams, by a workflow's webhook.

use async_trait::async_trait;

use self::render::{content, message, smaller};
use super::error::{ChannelConfigError, Problems};
use crate::channel::{
    Attempt, Carries, Channel, Content, Degrade, Limits, Notification, Outcome, RenderError,
    Rendered, ReportForm, Target,
};
use crate::http::{Answer, Endpoint, HttpOptions, Request};
use bongsu_secret::Secret;

pub(crate) mod render;

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
    endpoint: Endpoint,
}

impl TeamsChannel {
    /// The workflow's URL is its credential.
    ///
    /// # Errors
    /// When the URL cannot be right.
    pub fn new(url: impl Into<Secret>) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("teams");
        let endpoint = problems.keep("url", Endpoint::secret(url));
        Ok(Self {
            id: "teams".to_owned(),
            endpoint: problems.finish(endpoint)?,
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
        self.endpoint = Problems::connected("teams", self.endpoint, options)?;
        Ok(self)
    }

    async fn post(&self, cx: &Attempt, request: Request, has_smaller: bool) -> Outcome {
        match self.endpoint.send(cx, request).await {
            Ok(answer) => outcome(&answer, cx, has_smaller),
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

    fn carries(&self) -> Carries {
        Carries::reports(ReportForm::Text)
    }

    fn far_side(&self) -> Option<Secret> {
        Some(self.endpoint.far_side())
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
        let has_smaller = message.plain.is_some();
        self.post(cx, Request::of(message), has_smaller).await
    }

    /// The text, cut to one card.
    async fn deliver_content(&self, cx: &Attempt, _: &Target, report: &Content) -> Outcome {
        self.post(cx, Request::json(&content(report)), false).await
    }
}

fn outcome(answer: &Answer, cx: &Attempt, has_smaller: bool) -> Outcome {
    match inner_status(answer).unwrap_or(answer.status) {
        413 if has_smaller => Outcome::Degrade {
            to: Degrade::Smaller,
            reason: answer.reason(),
        },
        status if status == answer.status => answer.outcome(cx),
        // Taken by the connector, refused by Teams: a failure for sure.
        429 | 500..=599 => Outcome::Transient {
            reason: answer.reason(),
            retry_after: answer.retry_after,
            maybe_delivered: false,
        },
        401 | 403 | 404 | 410 => Outcome::broken(answer.reason()),
        400..=499 => Outcome::permanent(answer.reason()),
        _ => Outcome::transient(answer.reason()),
    }
}

/// The older connectors answer 200 and tell of the failure in words: `… returned HTTP error 413`.
fn inner_status(answer: &Answer) -> Option<u16> {
    let text = answer.text();
    if !answer.is_success() || !text.contains("failed with error") {
        return None;
    }
    let said = text.split("HTTP error ").nth(1).unwrap_or_default();
    let digits: String = said.chars().take_while(char::is_ascii_digit).collect();
    Some(digits.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests;
