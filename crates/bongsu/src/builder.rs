use std::sync::Arc;

use crate::{Bongsu, Config, Error, handle::Inner, parts::Parts, tasks::Tasks};

/// Adds what a configuration cannot say: the version, checks, channels, rules.
///
/// ```no_run
/// use bongsu::{Bongsu, Config, health::{Check, CheckOutput, DependencyType}};
///
/// # async fn run() -> Result<(), bongsu::Error> {
/// let broker = Check::new("broker", DependencyType::ExternalApi, || async {
///     Ok(CheckOutput::ok())
/// });
/// let bongsu = Bongsu::builder(Config::from_env()?)
///     .version(env!("CARGO_PKG_VERSION"))
///     .check(broker)
///     .start()
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "call start()"]
pub struct Builder {
    pub(crate) config: Config,
    #[cfg(feature = "reports")]
    pub(crate) report_schedule: bool,
    #[cfg(feature = "health")]
    pub(crate) checks: Vec<bongsu_health::Check>,
    #[cfg(feature = "alerts")]
    pub(crate) channels: Vec<Arc<dyn bongsu_alerts::Channel>>,
    #[cfg(feature = "alerts")]
    pub(crate) rules: Vec<bongsu_alerts::AlertRule>,
}

/// What came of a test message to one recipient; see [`Builder::test_alerts`].
#[cfg(feature = "alerts")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestedTarget {
    /// The channel.
    pub channel: String,
    /// Its recipient: an address, a chat.
    pub target: String,
    /// What came of it.
    pub outcome: bongsu_alerts::Outcome,
}

impl Builder {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            #[cfg(feature = "reports")]
            report_schedule: true,
            #[cfg(feature = "health")]
            checks: Vec::new(),
            #[cfg(feature = "alerts")]
            channels: Vec::new(),
            #[cfg(feature = "alerts")]
            rules: Vec::new(),
        }
    }

    /// The service's own version, shown in `/health` and `service_info`. Default: `unknown`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.config.service.version = version.into();
        self
    }

    /// Whether this process sends the daily report on its schedule. Default: it does. A tool that
    /// makes one report by hand says no.
    #[cfg(feature = "reports")]
    pub fn report_schedule(mut self, on: bool) -> Self {
        self.report_schedule = on;
        self
    }

    /// Watches a dependency beside those that the configuration names.
    #[cfg(feature = "health")]
    pub fn check(mut self, check: bongsu_health::Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds an alert channel beside those that the configuration names.
    #[cfg(feature = "alerts")]
    pub fn channel(mut self, channel: impl bongsu_alerts::Channel) -> Self {
        self.channels.push(Arc::new(channel));
        self
    }

    /// Routes alerts. Without any rule every alert goes to every channel.
    #[cfg(feature = "alerts")]
    pub fn rule(mut self, rule: bongsu_alerts::AlertRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Sends a marked test message through `channel`, or through every channel but the log, and
    /// gives what came of each recipient. Nothing is started and nothing stored: it is safe beside
    /// the running service.
    ///
    /// # Errors
    ///
    /// When there is no channel at all, or none of that name.
    #[cfg(feature = "alerts")]
    pub async fn test_alerts(self, channel: Option<&str>) -> Result<Vec<TestedTarget>, Error> {
        let manager = crate::alerting::detached(&self.config, self.channels)?;
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

    /// Builds every part, installs the log and the metrics recorder, and starts what runs in
    /// the background.
    ///
    /// # Errors
    ///
    /// When a part refuses its settings; nothing is left running then.
    pub async fn start(self) -> Result<Bongsu, Error> {
        let tasks = Tasks::default();
        match Parts::build(self, &tasks).await {
            Ok((config, parts, ends)) => {
                Ok(Bongsu(Arc::new(Inner::new(config, parts, ends, tasks))))
            }
            Err(error) => {
                tasks.stop().await;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Builder;

    #[test]
    fn a_start_may_be_spawned() {
        fn sent<T: Send>(_: T) {}
        let _ = |builder: Builder| sent(builder.start());
    }
}
