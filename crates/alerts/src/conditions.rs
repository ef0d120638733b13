//! Conditions by state: whoever watches something says what is so now, not what changed.

use std::collections::HashSet;
use std::sync::Arc;

use crate::alert::Alert;
use crate::channel::AlertStatus;
use crate::engine::{Difference, SendError};
use crate::manager::AlertManager;

/// What holds now, as far as one watcher knows; see [`Conditions::sync`].
#[derive(Debug, Clone, Default)]
pub struct Holding {
    alerts: Vec<Alert>,
    ends: Vec<Alert>,
    unsure: HashSet<String>,
}

impl Holding {
    /// Nothing holds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// This holds. Its key is what tells it from others.
    #[must_use]
    pub fn holds(mut self, alert: Alert) -> Self {
        self.alerts.push(alert);
        self
    }

    /// Nobody knows yet whether the alert of this key still holds: what fires goes on firing.
    #[must_use]
    pub fn unsure(mut self, key: impl Into<String>) -> Self {
        self.unsure.insert(key.into());
        self
    }

    /// The words in which its end is told, if the alert of the same key fires and holds no more.
    /// Default: its own.
    #[must_use]
    pub fn over(mut self, alert: Alert) -> Self {
        self.ends.push(alert);
        self
    }
}

/// What came of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Synced {
    /// Alerts that began, or changed their level.
    pub sent: usize,
    /// Alerts that ended.
    pub resolved: usize,
}

/// The conditions of one watcher, such as the health checks; see [`AlertManager::conditions`].
#[derive(Debug, Clone)]
pub struct Conditions {
    alerts: AlertManager,
    scope: Arc<str>,
}

impl AlertManager {
    /// The conditions of a watcher, told from those of others by a name. What it once said to hold,
    /// and holds no more, is resolved, also after a restart.
    ///
    /// Several watchers may hold one key: its alert is as bad as the worst of them says, names them in the
    /// fact `watchers`, and is over when the last of them holds it no more. What one of them gives up is told when
    /// another has looked since, so that an end which one sees first is told once.
    ///
    /// ```
    /// use bongsu_alerts::channels::LogChannel;
    /// use bongsu_alerts::{AlertLevel, AlertManager, Holding, templates};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (alerts, _dispatcher) =
    /// #     AlertManager::builder("orders", "test").channel(LogChannel::new()).build()?;
    /// let disks = alerts.conditions("disks");
    /// let full = templates::resource("disk", AlertLevel::Critical, 97.0, 95.0);
    /// disks.sync(Holding::new().holds(full.clone())).await?;
    /// // The same again is no news.
    /// assert_eq!(disks.sync(Holding::new().holds(full)).await?.sent, 0);
    /// assert_eq!(disks.sync(Holding::new()).await?.resolved, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn conditions(&self, scope: impl Into<String>) -> Conditions {
        Conditions {
            alerts: self.clone(),
            scope: Arc::from(scope.into()),
        }
    }
}

impl Conditions {
    /// Makes what fires equal to what holds: opens what is new, raises and lowers what changed its
    /// level, resolves what this watcher said before and says no more. Called as often as one likes;
    /// the same again changes nothing.
    ///
    /// # Errors
    /// As [`AlertManager::send_alert`], of the first that could not be taken in; the others are
    /// tried all the same, and the next call tries again.
    pub async fn sync(&self, now_holding: Holding) -> Result<Synced, SendError> {
        let Holding {
            alerts,
            mut ends,
            unsure,
        } = now_holding;
        let core = &self.alerts.core;
        let now = core.clock.now();
        let Difference { send, over } = core.engine().compare(now, &self.scope, alerts, &unsure);
        let mut synced = Synced::default();
        let mut failed = None;
        for (scope, alert) in send {
            match self.accept(alert, AlertStatus::Firing, &scope).await {
                Ok(()) => synced.sent += 1,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        for fired in over {
            let words = ends.iter().position(|end| end.dedup_key() == fired.key);
            let mut end = words.map_or(fired.alert, |place| ends.swap_remove(place));
            end.key = Some(fired.key);
            end.timestamp = core.clock.now().wall;
            match self.accept(end, AlertStatus::Resolved, &self.scope).await {
                Ok(()) => synced.resolved += 1,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(synced), Err)
    }

    async fn accept(
        &self,
        alert: Alert,
        status: AlertStatus,
        scope: &Arc<str>,
    ) -> Result<(), SendError> {
        let taken = self.alerts.accept(alert, status, Some(scope));
        taken.await.map(drop)
    }
}
