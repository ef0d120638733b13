//! An alert channel of one's own: a pager that takes JSON over HTTP.
//!
//! `SERVICE_NAME=desk PAGER_URL=http://127.0.0.1:9000/page cargo run -p bongsu --example custom_channel`
//!
//! A channel renders, which is pure, and makes one attempt. What is hard stays with the dispatcher:
//! the message is stored before it is sent, what fails for the moment is tried again with the same
//! bytes and the same key, and a dead pager holds up no other channel.

use std::{process::ExitCode, time::Duration};

use async_trait::async_trait;
use bongsu::{
    Bongsu, Config, Error,
    alerts::{
        AlertLevel, AlertRule, Attempt, Channel, Limits, Notification, Outcome, RenderError,
        Rendered, Secret, Target, templates,
    },
    config::env_var,
};
use reqwest::{Client, Response, StatusCode, header};
use serde_json::json;

/// The pager shows so many characters.
const SCREEN: usize = 120;

/// Calls people out of bed.
#[derive(Debug)]
struct PagerChannel {
    /// The URL is the credential: it is never shown.
    url: Secret,
    client: Client,
}

impl PagerChannel {
    fn new(url: impl Into<Secret>) -> Self {
        Self {
            url: url.into(),
            client: Client::new(),
        }
    }

    async fn answer(sent: Result<Response, reqwest::Error>) -> Outcome {
        match sent {
            Ok(response) => outcome(response.status(), retry_after(&response)),
            // A request that timed out may have been read; one that never connected was not. The
            // error's own text holds the URL, so it is not repeated.
            Err(error) => Outcome::Transient {
                reason: if error.is_connect() {
                    "cannot connect to the pager".to_owned()
                } else {
                    "the pager did not answer".to_owned()
                },
                retry_after: None,
                maybe_delivered: !error.is_connect(),
            },
        }
    }
}

#[async_trait]
impl Channel for PagerChannel {
    fn id(&self) -> &str {
        "pager"
    }

    fn limits(&self) -> Limits {
        Limits::new(0.2, 5)
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("on-call")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let text = format!("[{}] {}: {}", n.service, n.alert.title, n.alert.message);
        let shown: String = text.chars().take(SCREEN).collect();
        let body = json!({ "urgency": n.alert.level.as_str(), "text": shown });
        Ok(
            Rendered::new(target.clone(), "application/json", body.to_string())
                .truncated(shown.len() < text.len()),
        )
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        let request = self
            .client
            .post(self.url.expose())
            .timeout(cx.deadline.duration_since(tokio::time::Instant::now()))
            .header(header::CONTENT_TYPE, message.content_type.as_ref())
            .header("idempotency-key", &cx.delivery_id)
            .body(message.body.clone());
        Self::answer(request.send().await).await
    }

    async fn probe(&self) -> Outcome {
        let request = self.client.head(self.url.expose());
        Self::answer(request.timeout(Duration::from_secs(5)).send().await).await
    }
}

/// What the pager's answer means for the message, and for those that come after it.
fn outcome(status: StatusCode, retry_after: Option<Duration>) -> Outcome {
    let reason = format!("the pager answered {status}");
    match status.as_u16() {
        200..=299 => Outcome::delivered(),
        // It wants to be left alone for a while: the whole channel pauses.
        429 | 503 => Outcome::Transient {
            reason,
            retry_after,
            maybe_delivered: false,
        },
        500..=599 => Outcome::transient(reason),
        // No message will pass until somebody mends the URL.
        401 | 403 | 404 | 410 => Outcome::broken(reason),
        _ => Outcome::permanent(reason),
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    seconds.parse().ok().map(Duration::from_secs)
}

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), Error> {
    let url = env_var("PAGER_URL").ok_or_else(|| Error::service("PAGER_URL is not set"))?;
    let bongsu = Bongsu::builder(Config::from_env()?)
        .channel(PagerChannel::new(url))
        // What cannot wait goes to the pager; the log gets everything.
        .rule(
            AlertRule::new("wake somebody")
                .min_level(AlertLevel::Critical)
                .channels(["pager", "log"]),
        )
        .rule(AlertRule::new("the rest").channels(["log"]))
        .start()
        .await?;
    let alerts = bongsu.alerts();

    let reachable = alerts.probe("pager").await.map_err(Error::service)?;
    tracing::info!(outcome = reachable.as_str(), "pager probed");

    let slow = templates::performance(
        "order_ack",
        Duration::from_millis(900),
        Duration::from_millis(250),
    );
    let halt = templates::trading_halt("drawdown limit", Some(8.2));
    for alert in [slow, halt] {
        let receipt = alerts.send_alert(alert).await.map_err(Error::service)?;
        tracing::info!(?receipt, "accepted");
    }

    // What was accepted gets its chance to be delivered; the rest is stored for the next start.
    bongsu.shutdown().await;
    Ok(())
}
