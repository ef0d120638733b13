//! Slack's incoming webhooks.

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};

use super::error::{ChannelConfigError, Problem, Problems};
use super::http::{Answer, Http, HttpOptions, Request, SecretUrl};
use crate::channel::{
    Attempt, Channel, Content, Degrade, Limits, Notification, Outcome, RenderError, Rendered,
    Target,
};
use crate::render::fit::{Unit, escape, fit, slack, verbatim};
use crate::render::slack::message;
use bongsu_secret::Secret;

const JSON: &str = "application/json";

/// Posts to one incoming webhook.
///
/// ```
/// use bongsu_alerts::{Channel, Secret, channels::SlackChannel};
///
/// let slack = SlackChannel::new(Secret::new("https://hooks.slack.com/services/T0/B0/x"), None)?;
/// assert_eq!(slack.id(), "slack");
/// # Ok::<(), bongsu_alerts::channels::ChannelConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SlackChannel {
    id: String,
    url: SecretUrl,
    channel: Option<String>,
    http: Http,
}

impl SlackChannel {
    /// The webhook's URL is its credential. `channel` (`#alerts`) is for webhooks that may choose.
    ///
    /// # Errors
    /// When the URL or the room's name cannot be right.
    pub fn new(
        url: impl Into<Secret>,
        channel: Option<String>,
    ) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("slack");
        let url = problems.keep("url", SecretUrl::parse(&url.into()));
        let channel = channel.map(|name| name.trim().to_owned());
        if let Some(name) = &channel
            && (name.is_empty() || name.len() > 80 || name.chars().any(char::is_whitespace))
        {
            problems.add(
                "channel",
                Problem::Malformed("a room's name, as in #alerts"),
            );
        }
        let http = problems.keep("tls", Http::new(&HttpOptions::default()));
        let (url, http) = problems.finish(url.zip(http))?;
        Ok(Self {
            id: "slack".to_owned(),
            url,
            channel,
            http,
        })
    }

    /// Sets the name in rules and metrics; default `slack`.
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
        let mut problems = Problems::of("slack");
        let http = problems.keep("http", Http::new(options));
        self.http = problems.finish(http)?;
        Ok(self)
    }

    async fn post(&self, cx: &Attempt, body: Vec<u8>) -> Result<Answer, Outcome> {
        let request = Request {
            method: Method::POST,
            url: &self.url.0,
            content_type: JSON,
            headers: &[],
            body,
        };
        self.http.send(request, cx.now, cx.deadline).await
    }
}

#[async_trait]
impl Channel for SlackChannel {
    fn id(&self) -> &str {
        &self.id
    }

    /// One a second, as Slack asks, with a little burst that it tolerates.
    fn limits(&self) -> Limits {
        Limits::new(1.0, 3)
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new(self.channel.as_deref().unwrap_or("webhook"))]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let message = message(n, self.channel.as_deref());
        Ok(
            Rendered::new(target.clone(), JSON, message.json.to_string())
                .plain(message.plain.to_string())
                .truncated(message.truncated),
        )
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        match self.post(cx, message.body.clone()).await {
            Ok(answer) => outcome(&answer, message.plain.is_some()),
            Err(outcome) => outcome,
        }
    }

    /// Blocks, or a whole message, when there is one; the text otherwise.
    async fn deliver_content(&self, cx: &Attempt, _: &Target, content: &Content) -> Outcome {
        let body = content_body(content, self.channel.as_deref());
        match self.post(cx, body.to_string().into_bytes()).await {
            Ok(answer) => outcome(&answer, false),
            Err(outcome) => outcome,
        }
    }

    /// A message without text is refused with `no_text` by a webhook that works.
    async fn probe(&self) -> Outcome {
        let cx = super::probe_attempt();
        match self.post(&cx, br#"{"text":""}"#.to_vec()).await {
            Ok(answer) => match outcome(&answer, false) {
                Outcome::Permanent { .. } if answer.text().trim() == "no_text" => {
                    Outcome::delivered()
                }
                other => other,
            },
            Err(outcome) => outcome,
        }
    }
}

fn content_body(content: &Content, channel: Option<&str>) -> Value {
    let subject = fit(&content.subject, 150, Unit::Chars, slack).text;
    let mut body = match &content.slack_blocks {
        Some(message @ Value::Object(_)) => message.clone(),
        Some(blocks @ Value::Array(_)) => json!({"text": subject, "blocks": blocks}),
        _ => {
            let text = fit(&escape(&content.text, slack), 9_000, Unit::Chars, verbatim).text;
            json!({"text": format!("{subject}\n{text}")})
        }
    };
    if let Value::Object(body) = &mut body {
        body.entry("username")
            .or_insert_with(|| json!("Daily Report Bot"));
        body.entry("icon_emoji")
            .or_insert_with(|| json!(":bar_chart:"));
        if let Some(channel) = channel {
            body.entry("channel").or_insert_with(|| json!(channel));
        }
    }
    body
}

/// Slack's words decide before its status does.
fn outcome(answer: &Answer, has_plain: bool) -> Outcome {
    let text = answer.text();
    let word = text.trim();
    if answer.status == 200 && answer.complete {
        let said_ok = word == "ok" || answer.json().is_some_and(|json| json["ok"] == true);
        return if said_ok {
            Outcome::delivered()
        } else {
            Outcome::Transient {
                reason: "HTTP 200, but the answer is not ok".to_owned(),
                retry_after: None,
                maybe_delivered: true,
            }
        };
    }
    // Only Slack's own words are repeated: anything else may quote the URL.
    let known = !word.is_empty()
        && word.len() <= 60
        && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let reason = if known {
        format!("HTTP {}: {word}", answer.status)
    } else {
        format!("HTTP {}", answer.status)
    };
    match (answer.status, word) {
        (
            _,
            "action_prohibited"
            | "invalid_token"
            | "token_revoked"
            | "channel_not_found"
            | "channel_is_archived"
            | "no_service"
            | "no_service_id"
            | "no_team"
            | "no_active_hooks"
            | "team_disabled"
            | "posting_to_general_channel_denied",
        ) => Outcome::broken(reason),
        (200, _) | (_, "rollup_error") => Outcome::Transient {
            reason,
            retry_after: answer.retry_after,
            maybe_delivered: answer.status == 200,
        },
        (
            400,
            "invalid_payload" | "invalid_blocks" | "invalid_attachments" | "too_many_attachments",
        ) if has_plain => Outcome::Degrade {
            to: Degrade::Plain,
            reason,
        },
        (413, _) if has_plain => Outcome::Degrade {
            to: Degrade::Smaller,
            reason,
        },
        (401 | 403 | 404 | 410, _) => Outcome::broken(reason),
        (408 | 425 | 429 | 500..=599, _) => Outcome::Transient {
            reason,
            retry_after: answer.retry_after,
            maybe_delivered: matches!(answer.status, 500 | 502 | 504),
        },
        _ => Outcome::permanent(reason),
    }
}

#[cfg(test)]
mod tests;
