//! Telegram's Bot API.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::Value;

use super::error::{ChannelConfigError, Problem, Problems};
use super::http::{Answer, Http, HttpOptions, Request, SecretUrl};
use crate::channel::{
    Attempt, Channel, Content, Degrade, Limits, Notification, Outcome, RenderError, Rendered,
    Target,
};
use crate::render::telegram::{content, message, plain};
use bongsu_secret::Secret;

const JSON: &str = "application/json";
const API: &str = "https://api.telegram.org";

/// Writes as a bot to one or more chats; each is a target of its own.
///
/// ```
/// use bongsu_alerts::{Channel, Secret, channels::TelegramChannel};
///
/// let token = Secret::new("123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11");
/// let telegram = TelegramChannel::new(token, ["-1001234567890", "@desk"])?;
/// assert_eq!(telegram.targets().len(), 2);
/// # Ok::<(), bongsu_alerts::channels::ChannelConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TelegramChannel {
    id: String,
    token: Secret,
    api: SecretUrl,
    chats: Vec<String>,
    http: Http,
}

impl TelegramChannel {
    /// The bot's token, and chats by number or `@name`.
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
        let mut list: Vec<String> = Vec::new();
        for chat in chats {
            let chat = chat.into().trim().to_owned();
            if !is_chat(&chat) {
                problems.add("chat", Problem::Malformed("a number or @name"));
            } else if list.contains(&chat) {
                problems.add("chat", Problem::Repeated(chat));
            } else {
                list.push(chat);
            }
        }
        if list.is_empty() {
            problems.add("chat", Problem::Missing);
        }
        let api = problems.keep("api", SecretUrl::parse(&Secret::new(API)));
        let http = problems.keep("tls", Http::new(&HttpOptions::default()));
        let (api, http) = problems.finish(api.zip(http))?;
        Ok(Self {
            id: "telegram".to_owned(),
            token,
            api,
            chats: list,
            http,
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
        let mut problems = Problems::of("telegram");
        let http = problems.keep("http", Http::new(options));
        self.http = problems.finish(http)?;
        Ok(self)
    }

    /// Sets the Bot API server; default `https://api.telegram.org`.
    ///
    /// # Errors
    /// When it is no `https` URL (`http` to this machine is fine).
    pub fn with_api(mut self, url: &str) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("telegram");
        let api = problems.keep("api", SecretUrl::parse(&Secret::new(url)));
        self.api = problems.finish(api)?;
        Ok(self)
    }

    async fn call(&self, cx: &Attempt, method: &str, body: Vec<u8>) -> Result<Answer, Outcome> {
        let mut url = self.api.0.clone();
        url.set_path(&format!("/bot{}/{method}", self.token.expose()));
        let request = Request {
            method: Method::POST,
            url: &url,
            content_type: JSON,
            headers: &[],
            body,
        };
        self.http.send(request, cx.now, cx.deadline).await
    }

    async fn say(&self, cx: &Attempt, body: Vec<u8>, has_plain: bool) -> Outcome {
        match self.call(cx, "sendMessage", body).await {
            Ok(answer) => outcome(&answer, has_plain, self.token.expose()),
            Err(outcome) => outcome,
        }
    }
}

#[async_trait]
impl Channel for TelegramChannel {
    fn id(&self) -> &str {
        &self.id
    }

    /// One a second a chat, as Telegram asks, and never more than its 30 a second in all.
    fn limits(&self) -> Limits {
        let chats = self.chats.len().clamp(1, 20) as u32;
        Limits::new(f64::from(chats), chats)
    }

    fn targets(&self) -> Vec<Target> {
        self.chats.iter().map(Target::new).collect()
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let (json, truncated) = message(n, target.as_str());
        Ok(Rendered::new(target.clone(), JSON, json.to_string())
            .plain(plain(n, target.as_str()).to_string())
            .truncated(truncated))
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        self.say(cx, message.body.clone(), message.plain.is_some())
            .await
    }

    /// The text, cut to one message.
    async fn deliver_content(&self, cx: &Attempt, target: &Target, report: &Content) -> Outcome {
        let body = content(report, target.as_str()).to_string().into_bytes();
        self.say(cx, body, false).await
    }

    /// Asks who the bot is, and whether it sees each chat.
    async fn probe(&self) -> Outcome {
        let cx = super::probe_attempt();
        let mut calls = vec![("getMe", Vec::new())];
        for chat in &self.chats {
            calls.push((
                "getChat",
                serde_json::json!({"chat_id": chat})
                    .to_string()
                    .into_bytes(),
            ));
        }
        for (method, body) in calls {
            match self.call(&cx, method, body).await {
                Ok(answer) => match outcome(&answer, false, self.token.expose()) {
                    Outcome::Delivered { .. } => {}
                    other => return other,
                },
                Err(outcome) => return outcome,
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

fn is_chat(text: &str) -> bool {
    text.parse::<i64>().is_ok()
        || text.strip_prefix('@').is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
}

fn outcome(answer: &Answer, has_plain: bool, token: &str) -> Outcome {
    let json = answer.json().unwrap_or(Value::Null);
    if answer.status == 200 && json["ok"] == true {
        return Outcome::delivered();
    }
    let description = json["description"].as_str().unwrap_or_default();
    let lower = description.to_ascii_lowercase();
    let reason = if description.is_empty() {
        answer.reason(&[token])
    } else {
        format!(
            "HTTP {}: {}",
            answer.status,
            description.replace(token, bongsu_secret::MASK)
        )
    };
    let asked = json["parameters"]["retry_after"]
        .as_u64()
        .map(Duration::from_secs);
    match answer.status {
        200 => Outcome::Transient {
            reason: "HTTP 200, but the answer is not ok".to_owned(),
            retry_after: None,
            maybe_delivered: true,
        },
        429 => Outcome::Transient {
            reason,
            retry_after: asked.max(answer.retry_after),
            maybe_delivered: false,
        },
        400 if lower.contains("chat not found") || lower.contains("upgraded to a supergroup") => {
            Outcome::broken(reason)
        }
        400 if has_plain && lower.contains("parse") => Outcome::Degrade {
            to: Degrade::Plain,
            reason,
        },
        400 | 413 if has_plain && (lower.contains("too long") || answer.status == 413) => {
            Outcome::Degrade {
                to: Degrade::Smaller,
                reason,
            }
        }
        401 | 403 | 404 => Outcome::broken(reason),
        _ => answer
            .common(&[token])
            .unwrap_or_else(|| Outcome::permanent(reason)),
    }
}

#[cfg(test)]
mod tests;
