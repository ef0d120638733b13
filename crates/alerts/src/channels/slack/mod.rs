//! Slack's incoming webhooks, and what speaks like them.

use async_trait::async_trait;
use serde_json::{Value, json};

use self::outcome::outcome;
use self::render::message;
use super::error::{ChannelConfigError, Problem, Problems};
use crate::channel::{
    Attempt, Carries, Channel, Content, Limits, Notification, Outcome, RenderError, Rendered,
    ReportForm, Target,
};
use crate::http::{Endpoint, HttpOptions, Request};
use crate::render::fit::{Unit, escape, fit, slack, verbatim};
use bongsu_secret::Secret;

mod outcome;
pub(crate) mod render;

const JSON: &str = "application/json";
/// The one target of a webhook that chooses its room itself.
const OWN_ROOM: &str = "webhook";

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
    endpoint: Endpoint,
    rooms: Vec<String>,
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
        Self::with_rooms(url, channel)
    }

    /// Writes to several rooms through a webhook that may choose; each is a target of its own.
    ///
    /// # Errors
    /// When the URL or a room's name cannot be right.
    pub fn with_rooms(
        url: impl Into<Secret>,
        rooms: impl IntoIterator<Item = String>,
    ) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("slack");
        let endpoint = problems.keep("url", Endpoint::secret(url));
        let mut list: Vec<String> = Vec::new();
        for room in rooms {
            let room = room.trim().to_owned();
            if room.is_empty() || room.len() > 80 || room.chars().any(char::is_whitespace) {
                let form = "a room's name, as in #alerts";
                problems.add("channel", Problem::Malformed(form));
            } else if list.contains(&room) {
                problems.add("channel", Problem::Repeated(room));
            } else {
                list.push(room);
            }
        }
        Ok(Self {
            id: "slack".to_owned(),
            endpoint: problems.finish(endpoint)?,
            rooms: list,
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
        self.endpoint = Problems::connected("slack", self.endpoint, options)?;
        Ok(self)
    }

    /// The room that a target stands for.
    fn room<'a>(&self, target: &'a Target) -> Option<&'a str> {
        (!self.rooms.is_empty()).then_some(target.as_str())
    }

    async fn post(&self, cx: &Attempt, request: Request, has_plain: bool) -> Outcome {
        match self.endpoint.send(cx, request).await {
            Ok(answer) => outcome(&answer, cx, has_plain),
            Err(outcome) => outcome,
        }
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

    fn carries(&self) -> Carries {
        Carries::reports(ReportForm::Blocks)
    }

    fn far_side(&self) -> Option<Secret> {
        Some(self.endpoint.far_side())
    }

    fn targets(&self) -> Vec<Target> {
        if self.rooms.is_empty() {
            return vec![Target::new(OWN_ROOM)];
        }
        self.rooms.iter().map(Target::new).collect()
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let message = message(n, self.room(target));
        Ok(
            Rendered::new(target.clone(), JSON, message.json.to_string())
                .plain(message.plain.to_string())
                .truncated(message.truncated),
        )
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        let has_plain = message.plain.is_some();
        self.post(cx, Request::of(message), has_plain).await
    }

    /// Blocks, or a whole message, when there is one; the text otherwise, and when Slack refuses the
    /// blocks.
    async fn deliver_content(&self, cx: &Attempt, target: &Target, content: &Content) -> Outcome {
        let room = self.room(target);
        let rich = content.slack_blocks.is_some();
        let request = Request::json(&content_body(content, room));
        match self.post(cx, request, rich).await {
            Outcome::Degrade { reason, .. } => {
                let request = Request::json(&content_text(content, room));
                match self.post(cx, request, false).await {
                    Outcome::Delivered { .. } => {
                        Outcome::delivered_with(format!("as text only: {reason}"))
                    }
                    other => other,
                }
            }
            other => other,
        }
    }

    /// A message without text is refused with `no_text` by a webhook that works.
    async fn probe(&self) -> Outcome {
        let cx = Attempt::trial(super::PROBE);
        let request = Request::post(JSON, *br#"{"text":""}"#);
        match self.endpoint.send(&cx, request).await {
            Ok(answer) if answer.text().trim() == "no_text" => Outcome::delivered(),
            Ok(answer) => outcome(&answer, &cx, false),
            Err(outcome) => outcome,
        }
    }
}

fn content_body(content: &Content, room: Option<&str>) -> Value {
    let subject = fit(&content.subject, 150, Unit::Chars, slack).text;
    let body = match &content.slack_blocks {
        Some(message @ Value::Object(_)) => message.clone(),
        Some(blocks @ Value::Array(_)) => json!({"text": subject, "blocks": blocks}),
        _ => return content_text(content, room),
    };
    report_envelope(body, room)
}

fn content_text(content: &Content, room: Option<&str>) -> Value {
    let subject = fit(&content.subject, 150, Unit::Chars, slack).text;
    let text = fit(&escape(&content.text, slack), 9_000, Unit::Chars, verbatim).text;
    report_envelope(json!({"text": format!("{subject}\n{text}")}), room)
}

fn report_envelope(mut body: Value, room: Option<&str>) -> Value {
    if let Value::Object(body) = &mut body {
        body.entry("username")
            .or_insert_with(|| json!("Daily Report Bot"));
        body.entry("icon_emoji")
            .or_insert_with(|| json!(":bar_chart:"));
        if let Some(room) = room {
            body.entry("channel").or_insert_with(|| json!(room));
        }
    }
    body
}

#[cfg(test)]
mod tests;
