//! Alerts, channels and silences as an operator meets them.

mod asked;
mod maintenance;
mod records;
mod silences;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bongsu_alerts::{AlertEvent, AlertManager, ManageError, ResolveError};
use bongsu_ops::{
    AboutAlert, Accepted, ActiveSilence, AlertDesk, AlertQuery, AlertRecord, Breaker, Channel,
    Channels, EndMaintenance, EndSilence, Explained, Figure, FiringAlert, Maintenance,
    MaintenanceNow, Missing, NewAlert, NewMaintenance, NewSilence, Operator, OpsError, OpsResult,
    Reloaded, Replay, SilencePreview, Snapshot, Tested,
};
use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;

use crate::{Follow, Part, off};

/// The alert manager, and when each channel last took something. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Alerts {
    manager: AlertManager,
    delivered: Arc<Mutex<BTreeMap<String, Timestamp>>>,
    reload: Option<Arc<dyn Reload>>,
    readiness: Option<Arc<dyn Readiness>>,
}

/// Whoever decides whether the service is ready; see [`Alerts::with_readiness`].
pub trait Readiness: fmt::Debug + Send + Sync {
    /// A maintenance may have begun or ended: looks whether there is one.
    fn look(&self, alerts: &AlertManager);
}

/// Reads the file with the routes again; see [`Alerts::with_reload`].
#[async_trait]
pub trait Reload: fmt::Debug + Send + Sync {
    /// Takes up what the file says now.
    ///
    /// # Errors
    ///
    /// [`OpsError::Invalid`] with everything that is wrong: what was in force stays.
    async fn reload(&self) -> OpsResult<Reloaded>;
}

impl Alerts {
    /// The alerts of a service. Hours that name no zone, as in a weekly silence, are of the one in which the manager
    /// tells times.
    #[must_use]
    pub fn new(manager: AlertManager) -> Self {
        Self {
            manager,
            delivered: Arc::default(),
            reload: None,
            readiness: None,
        }
    }

    /// With whoever says that the service is not ready in a maintenance: asked to look before it is answered.
    #[must_use]
    pub fn with_readiness(mut self, readiness: Arc<dyn Readiness>) -> Self {
        self.readiness = Some(readiness);
        self
    }

    fn look(&self) {
        if let Some(readiness) = &self.readiness {
            readiness.look(&self.manager);
        }
    }

    /// With the file that its routes are from.
    #[must_use]
    pub fn with_reload(mut self, reload: Arc<dyn Reload>) -> Self {
        self.reload = Some(reload);
        self
    }

    /// Where alerts go.
    fn channels(&self) -> Vec<Channel> {
        let delivered = self
            .delivered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let channels = self.manager.get_statistics().channels.into_iter();
        let channels = channels.map(|(name, counts)| Channel {
            queued: counts.pending as u64,
            delivered: counts.delivered,
            dead: counts.dead,
            last_success: Figure::from_option(delivered.get(&name).copied(), Missing::NotYet),
            breaker: match counts {
                _ if counts.disabled => Breaker::Disabled,
                _ if counts.broken => Breaker::Broken,
                _ if counts.failing => Breaker::Open,
                _ => Breaker::Closed,
            },
            name,
        });
        channels.collect()
    }
}

impl Part for Alerts {
    fn join(&self, operator: Operator) -> Operator {
        operator.with_alerts(Arc::new(self.clone()))
    }

    fn fill(&self, snapshot: &mut Snapshot) {
        snapshot.channels = Figure::Known(self.channels());
        snapshot.maintenance = maintenance::now(&self.manager);
    }

    fn fill_firing(&self, snapshot: &mut Snapshot) {
        snapshot.alerts = Figure::Known(records::active(&self.manager));
    }

    fn firing_count(&self) -> Option<usize> {
        Some(self.manager.get_statistics().active)
    }

    /// Remembers when each channel last took something.
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    fn follow(&self) -> Option<Follow> {
        let (mut events, delivered) = (self.manager.subscribe(), self.delivered.clone());
        Some(Box::pin(async move {
            loop {
                match events.recv().await {
                    Ok(AlertEvent::Delivered { channel, .. }) => {
                        let mut delivered =
                            delivered.lock().unwrap_or_else(PoisonError::into_inner);
                        delivered.insert(channel, Timestamp::now());
                    }
                    // What was missed is at worst an older success.
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        }))
    }
}

#[async_trait]
impl AlertDesk for Alerts {
    async fn firing(&self) -> OpsResult<Vec<FiringAlert>> {
        Ok(off(self, |desk| records::active(&desk.manager)).await)
    }

    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    async fn history(&self, query: &AlertQuery) -> OpsResult<Vec<AlertRecord>> {
        records::history(&self.manager, query, Timestamp::now()).await
    }

    async fn reload_config(&self) -> OpsResult<Reloaded> {
        let none = "BONGSU_CONFIG, or a bongsu.toml in the working directory";
        let reload = self.reload.as_ref().ok_or(OpsError::Unavailable(none))?;
        reload.reload().await
    }

    async fn send(&self, asked: &NewAlert) -> OpsResult<Accepted> {
        asked::send(&self.manager, asked).await
    }

    async fn acknowledge(&self, asked: &AboutAlert) -> OpsResult<()> {
        let known = self.manager.acknowledge(&asked.key, &asked.by).await;
        known.map_err(failed)
    }

    async fn unacknowledge(&self, asked: &AboutAlert) -> OpsResult<()> {
        let known = self.manager.unacknowledge(&asked.key, &asked.by).await;
        known.map_err(failed)
    }

    async fn explain(&self, asked: &NewAlert) -> OpsResult<Explained> {
        Ok(asked::explain(&self.manager, asked))
    }

    async fn resolve(&self, asked: &AboutAlert) -> OpsResult<usize> {
        let receipt = self.manager.resolve(&asked.key).await;
        Ok(receipt.map_err(unresolved)?.deliveries())
    }

    async fn silences(&self) -> OpsResult<Vec<ActiveSilence>> {
        let shown = |desk: &Self| {
            let silences = desk.manager.silences();
            let shown = silences
                .iter()
                .map(|one| silences::shown(&desk.manager, one));
            shown.collect()
        };
        Ok(off(self, shown).await)
    }

    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    async fn silence(&self, asked: &NewSilence) -> OpsResult<ActiveSilence> {
        silences::silence(&self.manager, asked, Timestamp::now()).await
    }

    async fn preview_silence(&self, asked: &NewSilence) -> OpsResult<SilencePreview> {
        let asked = asked.clone();
        let preview = move |desk: &Self| silences::preview(&desk.manager, &asked);
        Ok(off(self, preview).await)
    }

    async fn unsilence(&self, asked: &EndSilence) -> OpsResult<()> {
        let ended = self.manager.unsilence(&asked.id).await;
        // It may have been a maintenance.
        self.look();
        match ended {
            Ok(true) => Ok(()),
            Ok(false) => Err(OpsError::no_such("silence")),
            Err(error) => Err(failed(error)),
        }
    }

    async fn maintenance(&self) -> OpsResult<MaintenanceNow> {
        let maintenance = off(self, |desk| maintenance::now(&desk.manager)).await;
        Ok(MaintenanceNow { maintenance })
    }

    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    async fn maintain(&self, asked: &NewMaintenance) -> OpsResult<Maintenance> {
        let begun = maintenance::begin(&self.manager, asked, Timestamp::now()).await;
        self.look();
        begun
    }

    async fn preview_maintenance(&self, asked: &NewMaintenance) -> OpsResult<SilencePreview> {
        self.preview_silence(&asked.silence()).await
    }

    async fn end_maintenance(&self, _: &EndMaintenance) -> OpsResult<()> {
        let ended = maintenance::end(&self.manager).await;
        self.look();
        ended
    }

    async fn channels(&self) -> OpsResult<Channels> {
        Ok(asked::statistics(&self.manager.get_statistics()))
    }

    async fn test_channel(&self, channel: &str) -> OpsResult<Tested> {
        asked::test(&self.manager, channel).await
    }

    async fn replay(&self, asked: &Replay) -> OpsResult<usize> {
        asked::replay(&self.manager, asked).await
    }
}

fn failed(error: ManageError) -> OpsError {
    match error {
        ManageError::UnknownChannel { .. } | ManageError::NotFiring { .. } => {
            OpsError::NotFound(error.to_string())
        }
        ManageError::Silence { .. } => OpsError::Invalid(error.to_string()),
        other => OpsError::Failed(other.to_string()),
    }
}

fn unresolved(error: ResolveError) -> OpsError {
    match error {
        ResolveError::NotFiring { .. } => OpsError::NotFound(error.to_string()),
        other => OpsError::Failed(other.to_string()),
    }
}
