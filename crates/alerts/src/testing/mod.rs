//! Doubles for tests: a channel that remembers, and one that does as it is told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::AlertLevel;
use crate::channel::{
    AlertStatus, Attempt, Channel, Content, Limits, Notification, Outcome, RenderError, Rendered,
    Target,
};

/// A message that arrived at a double.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The idempotency key.
    pub delivery_id: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// Whom it was for.
    pub target: String,
    /// The alert's level.
    pub level: AlertLevel,
    /// How it came about.
    pub status: AlertStatus,
    /// The alert's title.
    pub title: String,
    /// Alerts of the key held back before it.
    pub suppressed: u64,
    /// Lines of a digest.
    pub lines: usize,
    /// Alerts that a digest's lines count.
    pub counted: u64,
    /// The bytes.
    pub body: Vec<u8>,
    /// The wall clock at the start of the attempt.
    pub at: Timestamp,
}

/// What a [`ScriptedChannel`] does with the next attempt.
#[derive(Debug, Clone)]
pub enum Step {
    /// Answers with this.
    Answer(Outcome),
    /// Answers with this after a while.
    After(Duration, Outcome),
    /// Never answers.
    Hang,
    /// Panics.
    Panic,
}

#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    attempts: Vec<Received>,
    contents: Vec<Content>,
    script: VecDeque<Step>,
    otherwise: Option<Step>,
    by_target: HashMap<String, Outcome>,
}

/// A channel that does as it is told, and remembers every attempt. Clones share everything.
///
/// ```
/// use bongsu_alerts::Outcome;
/// use bongsu_alerts::testing::{ScriptedChannel, Step};
///
/// let channel = ScriptedChannel::new("pager")
///     .step(Step::Answer(Outcome::transient("503")))
///     .otherwise(Step::Answer(Outcome::delivered()));
/// assert!(channel.received().is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct ScriptedChannel {
    id: String,
    targets: Vec<Target>,
    limits: Limits,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

impl ScriptedChannel {
    /// A channel with one target of its own name that takes everything, as fast as it comes.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            targets: vec![Target::new(id.clone())],
            id,
            limits: Limits::new(1e6, 1_000_000),
            state: Arc::default(),
            changed: Arc::default(),
        }
    }

    /// Sets the targets.
    #[must_use]
    pub fn targets<I, S>(mut self, targets: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.targets = targets.into_iter().map(Target::new).collect();
        self
    }

    /// Sets the limits. Default: a million at once.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds what happens to one more attempt.
    #[must_use]
    pub fn step(self, step: Step) -> Self {
        self.lock().script.push_back(step);
        self
    }

    /// What happens once the script is at its end. Default: delivery.
    #[must_use]
    pub fn otherwise(self, step: Step) -> Self {
        self.set_otherwise(step);
        self
    }

    /// Changes what happens once the script is at its end.
    pub fn set_otherwise(&self, step: Step) {
        self.lock().otherwise = Some(step);
    }

    /// Answers every attempt at a target with this, whatever the script says.
    pub fn answer_target(&self, target: impl Into<String>, outcome: Outcome) {
        self.lock().by_target.insert(target.into(), outcome);
    }

    /// What was delivered.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.lock().received.clone()
    }

    /// Every attempt, whatever came of it.
    #[must_use]
    pub fn attempts(&self) -> Vec<Received> {
        self.lock().attempts.clone()
    }

    /// The neutral contents delivered.
    #[must_use]
    pub fn contents(&self) -> Vec<Content> {
        self.lock().contents.clone()
    }

    /// Waits until `count` messages were delivered; false when that took longer than `patience`.
    pub async fn wait_for(&self, count: usize, patience: Duration) -> bool {
        self.wait_until(patience, |channel| channel.lock().received.len() >= count)
            .await
    }

    /// Waits for this many attempts; false when that took longer than `patience`.
    pub async fn wait_for_attempts(&self, count: usize, patience: Duration) -> bool {
        self.wait_until(patience, |channel| channel.lock().attempts.len() >= count)
            .await
    }

    async fn wait_until(&self, patience: Duration, met: impl Fn(&Self) -> bool) -> bool {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if met(self) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(patience, waiting).await.is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_step(&self) -> Step {
        let mut state = self.lock();
        let next = state.script.pop_front();
        next.or_else(|| state.otherwise.clone())
            .unwrap_or_else(|| Step::Answer(Outcome::delivered()))
    }

    async fn play(&self) -> Outcome {
        match self.next_step() {
            Step::Answer(outcome) => outcome,
            Step::After(wait, outcome) => {
                tokio::time::sleep(wait).await;
                outcome
            }
            Step::Hang => std::future::pending().await,
            Step::Panic => panic!("the script says so"),
        }
    }
}

#[async_trait]
impl Channel for ScriptedChannel {
    fn id(&self) -> &str {
        &self.id
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn targets(&self) -> Vec<Target> {
        self.targets.clone()
    }

    fn render(
        &self,
        notification: &Notification,
        target: &Target,
    ) -> Result<Rendered, RenderError> {
        let alert = &notification.alert;
        let body = serde_json::json!({
            "alert": alert,
            "status": notification.status,
            "suppressed": notification.suppressed,
            "digest": notification.digest,
        });
        Ok(
            Rendered::new(target.clone(), "application/json", body.to_string())
                .plain(alert.title.clone()),
        )
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        let received = received(cx, message);
        self.lock().attempts.push(received.clone());
        self.changed.notify_waiters();
        let fixed = self.lock().by_target.get(message.target.as_str()).cloned();
        let outcome = match fixed {
            Some(outcome) => outcome,
            None => self.play().await,
        };
        if outcome.is_delivered() {
            self.lock().received.push(received);
            self.changed.notify_waiters();
        }
        outcome
    }

    async fn deliver_content(&self, _cx: &Attempt, _target: &Target, content: &Content) -> Outcome {
        let outcome = self.play().await;
        if outcome.is_delivered() {
            self.lock().contents.push(content.clone());
        }
        outcome
    }

    async fn probe(&self) -> Outcome {
        self.play().await
    }
}

fn received(cx: &Attempt, message: &Rendered) -> Received {
    let body: serde_json::Value = serde_json::from_slice(&message.body).unwrap_or_default();
    let text = |pointer: &str| body.pointer(pointer).and_then(|value| value.as_str());
    let lines = body["digest"].as_array().cloned().unwrap_or_default();
    Received {
        delivery_id: cx.delivery_id.clone(),
        attempt: cx.attempt,
        target: message.target.as_str().to_owned(),
        level: text("/alert/level")
            .and_then(|level| level.parse().ok())
            .unwrap_or(AlertLevel::Info),
        status: serde_json::from_value(body["status"].clone()).unwrap_or(AlertStatus::Firing),
        title: text("/alert/title").map_or_else(
            || String::from_utf8_lossy(&message.body).into_owned(),
            str::to_owned,
        ),
        suppressed: body["suppressed"].as_u64().unwrap_or(0),
        lines: lines.len(),
        counted: lines.iter().filter_map(|line| line["count"].as_u64()).sum(),
        body: message.body.clone(),
        at: cx.now,
    }
}

/// A channel that takes everything and remembers it: a [`ScriptedChannel`] without a script.
pub type RecordingChannel = ScriptedChannel;
