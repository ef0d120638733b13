//! Telegram's Bot API.

use async_trait::async_trait;
use serde_json::json;

use self::chat::Chat;
use self::outcome::{moved_to, outcome};
use self::render::{content, message, plain};
use super::error::{ChannelConfigError, Problem, Problems};
use crate::channel::{
    Attempt, Carries, Channel, Content, Limits, Notification, Outcome, RenderError, Rendered,
    ReportForm, Target,
};
use crate::http::{Answer, Endpoint, HttpOptions, Request};
use bongsu_secret::Secret;

pub(crate) mod chat;
mod outcome;
pub(crate) mod render;

const JSON: &str = "application/json";
const API: &str = "https://api.telegram.org";

/// Writes as a bot to one or more chats; each is a target of its own.
///
/// ```
/// use bongsu_alerts::{Channel, Secret, channels::TelegramChannel};
///
/// let token = Secret::new("123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11");
/// // The second one is a topic of a group.
/// let telegram = TelegramChannel::new(token, ["@desk", "-1001234567890/42"])?;
/// assert_eq!(telegram.targets().len(), 2);
/// # Ok::<(), bongsu_alerts::channels::ChannelConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TelegramChannel {
    id: String,
    token: Secret,
    endpoint: Endpoint,
    chats: Vec<Chat>,
}

impl TelegramChannel {
    /// The bot's token, and chats by number or `@name`; `/42` behind one is a topic in it.
    ///
    /// # Errors
    /// Lists every field that cannot be right.
    pub fn new<C: Into<String>>(
        token: impl Into<Secret>,
        chats: impl IntoIterator<Item = C>,
    ) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("telegram");
        let token = token.into();
        if token.is_empty() {
            problems.add("token", Problem::Missing);
        } else if !is_token(token.expose()) {
            problems.add("token", Problem::Malformed("as in 123456:ABC-DEF"));
        }
        let mut list: Vec<Chat> = Vec::new();
        for text in chats {
            match Chat::parse(&text.into()) {
                None => problems.add("chat", Problem::Malformed("a number or @name")),
                Some(chat) if list.contains(&chat) => {
                    problems.add("chat", Problem::Repeated(chat.to_string()));
                }
                Some(chat) => list.push(chat),
            }
        }
        if list.is_empty() {
            problems.add("chat", Problem::Missing);
        }
        let endpoint = problems.keep("api", Endpoint::secret(API));
        let endpoint = problems.finish(endpoint)?.hiding(&token);
        Ok(Self {
            id: "telegram".to_owned(),
            token,
            endpoint,
            chats: list,
        })
    }

    /// Sets the name in rules and metrics; default `telegram`.
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
        self.endpoint = Problems::connected("telegram", self.endpoint, options)?;
        Ok(self)
    }

    /// Sets the Bot API server, before [`TelegramChannel::with_http`]; default
    /// `https://api.telegram.org`.
    ///
    /// # Errors
    /// When it is no `https` URL (`http` to this machine is fine).
    pub fn with_api(mut self, url: &str) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("telegram");
        let endpoint = problems.keep("api", Endpoint::secret(url));
        self.endpoint = problems.finish(endpoint)?.hiding(&self.token);
        Ok(self)
    }

    async fn call(&self, cx: &Attempt, method: &str, body: Vec<u8>) -> Result<Answer, Outcome> {
        let path = format!("/bot{}/{method}", self.token.expose());
        let request = Request::post(JSON, body).path(path);
        self.endpoint.send(cx, request).await
    }

    /// A group that has become a supergroup has a new number: it is told there, and says so.
    async fn say(&self, cx: &Attempt, body: &[u8], has_plain: bool) -> Outcome {
        let answer = match self.call(cx, "sendMessage", body.to_vec()).await {
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        let Some((moved, body)) =
            moved_to(&answer).and_then(|chat| Some((chat, render::elsewhere(body, chat)?)))
        else {
            return outcome(&answer, cx, has_plain);
        };
        let advice = format!("the chat is a supergroup now: set TELEGRAM_CHAT_ID={moved}");
        let told = match self.call(cx, "sendMessage", body).await {
            Ok(answer) => outcome(&answer, cx, has_plain),
            Err(outcome) => outcome,
        };
        match told {
            Outcome::Delivered { .. } => {
                tracing::warn!("telegram: {advice}");
                Outcome::delivered_with(advice)
            }
            other => other.map_reason(|reason| format!("{reason}; {advice}")),
        }
    }

    fn chat(&self, target: &Target) -> Result<&Chat, RenderError> {
        let known = self.chats.iter();
        let mut known = known.filter(|chat| chat.to_string() == target.as_str());
        let stranger = || RenderError::new(format!("{target} is not a chat of this channel"));
        known.next().ok_or_else(stranger)
    }
}

#[async_trait]
impl Channel for TelegramChannel {
    fn id(&self) -> &str {
        &self.id
    }

    /// One a second a chat, as Telegram asks, and never more than its 30 a second in all.
    fn limits(&self) -> Limits {
        let chats = u32::try_from(self.chats.len()).unwrap_or(20).clamp(1, 20);
        Limits::new(f64::from(chats), chats)
    }

    fn carries(&self) -> Carries {
        Carries::reports(ReportForm::Text)
    }

    fn targets(&self) -> Vec<Target> {
        let names = self.chats.iter().map(ToString::to_string);
        names.map(Target::new).collect()
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let chat = self.chat(target)?;
        let (json, truncated) = message(n, chat);
        Ok(Rendered::new(target.clone(), JSON, json.to_string())
            .plain(plain(n, chat).to_string())
            .truncated(truncated))
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        self.say(cx, &message.body, message.plain.is_some()).await
    }

    /// The text, cut to one message.
    async fn deliver_content(&self, cx: &Attempt, target: &Target, report: &Content) -> Outcome {
        match self.chat(target) {
            Ok(chat) => {
                let body = content(report, chat).to_string();
                self.say(cx, body.as_bytes(), false).await
            }
            Err(error) => Outcome::permanent(error.reason),
        }
    }

    /// Asks who the bot is, and whether it sees each chat; the one that it does not see is named.
    async fn probe(&self) -> Outcome {
        let cx = Attempt::trial(super::PROBE);
        let asked = |answer: Result<Answer, Outcome>| match answer {
            Ok(answer) => outcome(&answer, &cx, false),
            Err(outcome) => outcome,
        };
        let me = asked(self.call(&cx, "getMe", Vec::new()).await);
        if !me.is_delivered() {
            return me;
        }
        for chat in &self.chats {
            let body = json!({"chat_id": chat.id()}).to_string();
            let seen = asked(self.call(&cx, "getChat", body.into_bytes()).await);
            if !seen.is_delivered() {
                return seen.map_reason(|reason| format!("chat {chat}: {reason}"));
            }
        }
        Outcome::delivered()
    }
}

fn is_token(text: &str) -> bool {
    text.split_once(':').is_some_and(|(bot, key)| {
        !bot.is_empty()
            && bot.bytes().all(|b| b.is_ascii_digit())
            && !key.is_empty()
            && key
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    })
}

#[cfg(test)]
mod tests;
