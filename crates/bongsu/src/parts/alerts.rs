//! Alerts: the manager, its running dispatcher, and trying the channels.

use std::{sync::Arc, time::Duration};

use bongsu_alerts::{
    Alert, AlertManager, AlertManagerBuilder, AlertRule, Channel, Explanation, Outcome, Rehearsal,
};
use bongsu_desks::Part;
use bongsu_setup::alerts::{self, Code};

use super::{Parts, Start, adjust::Adjust};
use crate::{Bongsu, Builder, Config, Error, config::Problem, doctor::Finding, tasks::Stoppable};

pub(crate) type Offer = AlertManager;

/// How long accepted alerts may take to be delivered at the end.
const FLUSH: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(crate) struct Settings {
    channels: Vec<Arc<dyn Channel>>,
    rules: Vec<AlertRule>,
    builder: Adjust<AlertManagerBuilder>,
}

impl Settings {
    fn code(self) -> Code {
        let builder = self.builder;
        Code {
            channels: self.channels,
            rules: self.rules,
            change: Some(Box::new(|to| builder.apply(to))),
        }
    }
}

pub(crate) async fn start(cx: &mut Start<'_>, settings: Settings) -> Result<Offer, Error> {
    let built = alerts::build(cx.config, settings.code()).await?;
    for warning in built.warnings {
        tracing::warn!("{warning}");
    }
    for (name, work) in built.background {
        cx.tasks.spawn(name, work);
    }
    let (manager, dispatcher) = (built.manager, built.dispatcher);
    let (late, tasks) = (dispatcher.clone(), cx.tasks.clone());
    let running = Stoppable::start(|stop| dispatcher.run(stop));
    cx.ends.push(async move {
        running.finish("alerts", FLUSH).await;
        // Work that goes on after the end is heard too.
        tasks.outlive(late.run(std::future::pending::<()>()));
    });
    Ok(manager)
}

/// What an operator meets of it.
pub(crate) fn desk(_: &Config, parts: &Parts) -> Option<Box<dyn Part>> {
    let desk = bongsu_desks::Alerts::new(parts.alerts.clone());
    #[cfg(feature = "health")]
    let desk = desk.with_readiness(Arc::new(Readiness(parts.health.clone())));
    Some(match &parts.reload {
        Some(reload) => Box::new(desk.with_reload(Arc::new(reload.clone()))),
        None => Box::new(desk),
    })
}

/// What answers `/ready`.
#[cfg(feature = "health")]
#[derive(Debug)]
struct Readiness(bongsu_health::HealthCheck);

#[cfg(feature = "health")]
impl bongsu_desks::Readiness for Readiness {
    fn look(&self, alerts: &AlertManager) {
        bongsu_bridge::maintenance::tell(alerts, &self.0);
    }
}

/// Whether each channel's far side is there and takes the credentials.
pub(crate) async fn doctor(config: &Config, settings: Settings) -> Vec<Finding> {
    alerts::doctor(config, settings.channels).await
}

impl Bongsu {
    /// Where alerts are sent from.
    #[must_use]
    pub fn alerts(&self) -> &AlertManager {
        &self.0.parts.alerts
    }
}

impl Builder {
    /// Adds an alert channel beside those that the configuration names.
    pub fn channel(mut self, channel: impl Channel) -> Self {
        self.settings.alerts.channels.push(Arc::new(channel));
        self
    }

    /// Routes alerts. Without any rule every alert goes to every channel.
    pub fn rule(mut self, rule: AlertRule) -> Self {
        self.settings.alerts.rules.push(rule);
        self
    }

    /// Changes how alerts are handled: inhibition, flapping, digests, retries, a fallback channel.
    pub fn alerts(
        mut self,
        change: impl FnOnce(AlertManagerBuilder) -> AlertManagerBuilder + Send + Sync + 'static,
    ) -> Self {
        self.settings.alerts.builder.push(change);
        self
    }

    /// Sends a marked test message through `channel`, or through every channel but the log, and
    /// gives what came of each recipient. Nothing is started and nothing stored: it is safe beside
    /// the running service.
    ///
    /// # Errors
    ///
    /// When there is no channel at all, or none of that name.
    pub async fn test_alerts(self, channel: Option<&str>) -> Result<Vec<TestedTarget>, Error> {
        let manager = alerts::detached(&self.config, self.settings.alerts.channels)?;
        let manager = manager.ok_or_else(|| {
            Error::setup("alerts", "no channel is configured: set SMTP_HOST, SLACK_WEBHOOK_URL, ALERT_WEBHOOK_URLS or another channel's variables")
        })?;
        let channels = channel.map_or_else(|| manager.channel_ids(), |one| vec![one.to_owned()]);
        let mut tested = Vec::new();
        for channel in channels {
            let targets = manager.test_targets(&channel).await;
            let targets = targets.map_err(|error| Error::setup("alerts", error))?;
            tested.extend(targets.into_iter().map(|(target, outcome)| TestedTarget {
                channel: channel.clone(),
                target: target.0,
                outcome,
            }));
        }
        Ok(tested)
    }
}

impl Builder {
    /// Whether the rules and silences of the file can be used, with the channels that there are: what of them
    /// would be left out. Nothing is started, sent or stored.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, each with its place.
    pub fn check_alerts(self) -> Result<Vec<Problem>, Error> {
        Ok(alerts::check(&self.config, self.settings.alerts.code())?)
    }

    /// What would become of an alert by the configuration, the added channels and the rules: nothing is
    /// started, sent or stored. What fires and what is silenced at present only the running service knows.
    ///
    /// # Errors
    ///
    /// When channels or rules cannot be used as they are.
    pub fn explain_alert(self, alert: &Alert) -> Result<Explanation, Error> {
        let (manager, _) = alerts::deciding(&self.config, self.settings.alerts.code())?;
        Ok(manager.explain(alert))
    }

    /// What the routes of the configuration and of the service's code would do, at times of one's own: see
    /// [`Rehearsal`]. Channels that the file or `also` names are taken for there, configured or not, so that routes
    /// can be tested where no credentials are.
    ///
    /// # Errors
    ///
    /// When channels or rules cannot be used as they are.
    pub fn rehearsal(self, begin: jiff::Timestamp, also: &[String]) -> Result<Rehearsal, Error> {
        let code = self.settings.alerts.code();
        Ok(alerts::rehearsal(&self.config, code, begin, also)?)
    }
}

/// What came of a test message to one recipient; see [`Builder::test_alerts`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestedTarget {
    /// The channel.
    pub channel: String,
    /// Its recipient: an address, a chat.
    pub target: String,
    /// What came of it.
    pub outcome: Outcome,
}
