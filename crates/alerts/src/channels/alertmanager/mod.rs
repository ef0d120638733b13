//! Prometheus Alertmanager's API v2: every peer of a cluster, alerts repeated while they fire.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::Instant;

use self::firing::{Firing, Times, Wire};
use self::outcome::{outcome, together};
use self::render::alert;
use super::error::{ChannelConfigError, Problem, Problems};
use crate::channel::{
    Attempt, Channel, Limits, Notification, Outcome, RenderError, Rendered, Target,
};
use crate::http::{Endpoint, HttpOptions, Request};
use bongsu_secret::Secret;

mod firing;
mod outcome;
mod render;

const JSON: &str = "application/json";
/// Alerts in one request.
const BATCH: usize = 500;

/// Hands alerts to a cluster of Alertmanagers, which tell replicas' duplicates apart.
///
/// Peers do not pass alerts on, so each message goes to every one; it counts as delivered when one
/// took it. [`AlertmanagerChannel::refresh`] has to run beside the manager: it repeats what fires
/// before its end comes, and a resolve for five minutes, so that a peer that was away catches up.
/// When the service dies, its alerts end by themselves. A report is no alert: content is unsupported.
///
/// ```
/// use bongsu_alerts::{Channel, channels::AlertmanagerChannel};
///
/// let channel = AlertmanagerChannel::new(["http://am-0:9093", "http://am-1:9093"])?;
/// let refresh = channel.refresh(); // to be spawned
/// # drop(refresh);
/// # Ok::<(), bongsu_alerts::channels::ChannelConfigError>(())
/// ```
#[derive(Clone)]
pub struct AlertmanagerChannel {
    id: String,
    peers: Vec<Endpoint>,
    ttl: Duration,
    hold: Duration,
    firing: Arc<Mutex<Firing>>,
    refreshing: Arc<AtomicBool>,
}

impl std::fmt::Debug for AlertmanagerChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let peers: Vec<String> = self.peers.iter().map(Endpoint::host).collect();
        f.debug_struct("AlertmanagerChannel")
            .field("id", &self.id)
            .field("peers", &peers)
            .finish_non_exhaustive()
    }
}

impl AlertmanagerChannel {
    /// The peers' base URLs, with credentials inside if they ask for any.
    ///
    /// # Errors
    /// Lists every URL that cannot be right.
    pub fn new<U: Into<Secret>>(
        peers: impl IntoIterator<Item = U>,
    ) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("alertmanager");
        let mut list: Vec<Endpoint> = Vec::new();
        for url in peers {
            let peer = Endpoint::open(url).map(|peer| peer.below("/api/v2/"));
            if let Some(peer) = problems.keep("url", peer) {
                if list.iter().any(|known| known.url() == peer.url()) {
                    problems.add("url", Problem::Repeated(peer.host()));
                }
                list.push(peer);
            }
        }
        if list.is_empty() {
            problems.add("url", Problem::Missing);
        }
        Ok(Self {
            id: "alertmanager".to_owned(),
            peers: problems.finish(Some(list))?,
            ttl: Duration::from_secs(300),
            hold: Duration::from_secs(3_600),
            firing: Arc::default(),
            refreshing: Arc::default(),
        })
    }

    /// Sets the name in rules and metrics; default `alertmanager`.
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
        let peers = self.peers.into_iter();
        let connected = peers.map(|peer| Problems::connected("alertmanager", peer, options));
        self.peers = connected.collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Sets how far ahead a refresh announces the end; default 5 min, at least 1 s. A refresh comes
    /// five times as often.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl.max(Duration::from_secs(1));
        self
    }

    /// Sets how long an alert fires that is neither repeated nor resolved; default 1 h. Errors are
    /// events: nobody resolves them.
    #[must_use]
    pub const fn with_hold(mut self, hold: Duration) -> Self {
        self.hold = hold;
        self
    }

    /// Sets the link back to the service that each alert carries; default none.
    #[must_use]
    pub fn with_generator_url(self, url: impl Into<String>) -> Self {
        self.lock().set_generator_url(url.into());
        self
    }

    /// How many alerts are being repeated.
    #[must_use]
    pub fn repeated(&self) -> usize {
        self.lock().len()
    }

    /// How many alerts were sent once only because 10,000 others were being repeated.
    #[must_use]
    pub fn not_repeated(&self) -> u64 {
        self.lock().not_repeated()
    }

    /// Repeats what fires. Never ends; stops when dropped.
    pub fn refresh(&self) -> impl Future<Output = ()> + Send + 'static {
        let channel = self.clone();
        async move {
            channel.refreshing.store(true, Ordering::Relaxed);
            let _on = Refreshing(Arc::clone(&channel.refreshing));
            let mut ticks = tokio::time::interval(channel.ttl / 5);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                channel.round().await;
            }
        }
    }

    /// Repeats everything once, a part at a time: nobody waits for the lock meanwhile.
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    async fn round(&self) {
        let mut last: Option<String> = None;
        loop {
            let now = Timestamp::now();
            let (wires, more) = self.lock().refresh(last.as_deref(), now, self.times());
            for batch in wires.chunks(BATCH) {
                self.repeat(batch, now).await;
            }
            if more.is_none() {
                return;
            }
            last = more;
        }
    }

    async fn repeat(&self, wires: &[Wire], now: Timestamp) {
        let cx = Attempt::new("refresh", now, Instant::now() + self.ttl / 5);
        let outcome = self.post(&cx, wires).await;
        if !outcome.is_delivered() {
            tracing::warn!(reason = outcome.reason(), "alertmanager: refresh failed");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Firing> {
        self.firing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn times(&self) -> Times {
        Times {
            ttl: self.ttl,
            hold: self.hold,
            refreshing: self.refreshing.load(Ordering::Relaxed),
        }
    }

    async fn post(&self, cx: &Attempt, wires: &[Wire]) -> Outcome {
        match serde_json::to_vec(wires) {
            Ok(body) => {
                self.everywhere(cx, "alerts", &Request::post(JSON, body))
                    .await
            }
            Err(error) => Outcome::permanent(error.to_string()),
        }
    }

    /// One exchange with every peer at the same time.
    async fn everywhere(&self, cx: &Attempt, path: &str, request: &Request) -> Outcome {
        let exchanges = self.peers.iter().map(|peer| async move {
            let place = format!("{}{path}", peer.url().path());
            match peer.send(cx, request.clone().path(place)).await {
                Ok(answer) => (peer.host(), outcome(&answer, cx)),
                Err(outcome) => (peer.host(), outcome),
            }
        });
        together(join_all(exchanges).await)
    }
}

/// Says that nobody refreshes any more, however the future ends.
struct Refreshing(Arc<AtomicBool>);

impl Drop for Refreshing {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[async_trait]
impl Channel for AlertmanagerChannel {
    fn id(&self) -> &str {
        &self.id
    }

    fn limits(&self) -> Limits {
        Limits::new(50.0, 100)
    }

    /// The same labels are the same alert.
    fn tells_repeats(&self) -> bool {
        true
    }

    /// One: the cluster. A peer that is away must not hold up the others.
    fn far_side(&self) -> Option<Secret> {
        let peers = self.peers.iter().map(Endpoint::far_side);
        let mut peers: Vec<_> = peers.map(|peer| peer.expose().to_owned()).collect();
        peers.sort_unstable();
        Some(Secret::new(peers.join(" ")))
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("cluster")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let (stored, truncated) = alert(n);
        let body = serde_json::to_vec(&stored).map_err(|e| RenderError::new(e.to_string()))?;
        Ok(Rendered::new(target.clone(), JSON, body).truncated(truncated))
    }

    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    fn adopt(&self, n: &Notification) {
        let (stored, _) = alert(n);
        let _ = self.lock().accept(stored, Timestamp::now(), self.times());
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        let stored = match serde_json::from_slice(&message.body) {
            Ok(stored) => stored,
            Err(error) => return Outcome::permanent(format!("the stored alert: {error}")),
        };
        let wires = self.lock().accept(stored, cx.now, self.times());
        if wires.is_empty() {
            return Outcome::Delivered {
                note: Some("resolved before it was sent".to_owned()),
            };
        }
        self.post(cx, &wires).await
    }

    /// Asks every peer for its status.
    async fn probe(&self) -> Outcome {
        let cx = Attempt::trial(super::PROBE);
        self.everywhere(&cx, "status", &Request::get()).await
    }
}

#[cfg(test)]
mod tests;
