//! Alerts: the manager with its channels, rules and store.

mod doctor;
#[cfg(feature = "reports")]
mod reports;

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use bongsu_alerts::{
    AlertManager, AlertManagerBuilder, AlertRule, AlertStatus, Attempt, Channel, Dispatcher,
    Notification, Outcome, Presentation, Rehearsal, RenderError, Rendered, Target,
    channels::{LogChannel, Made, Purpose},
    schedule::SharedSchedule,
};

use bongsu_config::{
    Config, ConfigError, Problem,
    channels::{as_problems, configured},
    file::{Known, Routed},
};
use jiff::Timestamp;

pub use self::doctor::doctor;
#[cfg(feature = "reports")]
pub use self::reports::{added, for_reports};
use crate::Error;

/// What the service's code adds to the configuration.
#[derive(Default)]
pub struct Code {
    /// Channels of its own.
    pub channels: Vec<Arc<dyn Channel>>,
    /// Rules after those of the file.
    pub rules: Vec<AlertRule>,
    /// What it changes in the builder at last.
    pub change: Option<Change>,
}

/// A change to the manager in the making.
pub type Change = Box<dyn FnOnce(AlertManagerBuilder) -> AlertManagerBuilder + Send + Sync>;

impl Code {
    fn apply(change: Option<Change>, builder: AlertManagerBuilder) -> AlertManagerBuilder {
        match change {
            Some(change) => change(builder),
            None => builder,
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code")
            .field("channels", &self.channels)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// A manager that was built, and what has to be run for it.
#[non_exhaustive]
pub struct Built {
    /// The manager.
    pub manager: AlertManager,
    /// What delivers for it.
    pub dispatcher: Dispatcher,
    /// What its channels have going on beside it, by name: runs until it is dropped.
    pub background: Vec<(&'static str, Background)>,
    /// What of the file is not used, and why.
    pub warnings: Vec<Problem>,
}

/// Work that goes on until it is dropped.
pub type Background = Pin<Box<dyn Future<Output = ()> + Send>>;

impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Built")
            .field("manager", &self.manager)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// The manager with every configured channel, the log channel first, over the store and the shared state that the
/// configuration names.
///
/// # Errors
///
/// When a channel, a rule or the file cannot be used as it is, or the store cannot be opened.
pub async fn build(config: &Config, code: Code) -> Result<Built, Error> {
    let built = usable(config)?;
    let builder = base(config);
    #[cfg(feature = "sqlite")]
    let builder = builder.store(store(config).await?);
    #[cfg(feature = "redis")]
    let builder = shared(config, builder).await?;
    let channels = built.channels.into_iter().chain(code.channels).collect();
    let (builder, warnings) = routed(config, builder, channels, code.rules)?;
    let (manager, dispatcher) = Code::apply(code.change, builder)
        .build()
        .map_err(|error| Error::part("alerts", error))?;
    adopt(&manager, config);
    Ok(Built {
        manager,
        dispatcher,
        background: built.background,
        warnings,
    })
}

/// With what replicas share, where there is a Redis for it.
#[cfg(feature = "redis")]
async fn shared(
    config: &Config,
    builder: AlertManagerBuilder,
) -> Result<AlertManagerBuilder, Error> {
    let Some(url) = &config.redis_url else {
        return Ok(builder);
    };
    let shared = bongsu_alerts::shared::RedisShared::new(url, &config.service.name)
        .map_err(|error| Error::part("alerts", error))?
        .environment(&config.service.environment);
    Ok(builder.replicas(match replica(config).await {
        Some(replica) => shared.replica(&replica),
        None => shared,
    }))
}

/// Every channel that the configuration names; one that cannot be used as it is written is an error.
fn usable(config: &Config) -> Result<Made, Error> {
    let built = configured(config, Purpose::Alerts);
    if built.problems.is_empty() {
        return Ok(built);
    }
    Err(ConfigError::new(as_problems(&built)).into())
}

/// A manager that tells nobody and keeps nothing, but decides as the service's would; and what of the file is
/// not used.
///
/// # Errors
///
/// When channels or rules cannot be used as they are.
pub fn deciding(config: &Config, code: Code) -> Result<(AlertManager, Vec<Problem>), Error> {
    let built = usable(config)?;
    let channels = built.channels.into_iter().chain(code.channels).collect();
    let (builder, warnings) = routed(config, base(config), channels, code.rules)?;
    let (manager, _) = Code::apply(code.change, builder)
        .build()
        .map_err(|error| Error::part("alerts", error))?;
    Ok((manager, warnings))
}

/// Whether the rules and silences of the file can be used, and with them its heartbeats: what of them would be left
/// out.
///
/// # Errors
///
/// Everything that is wrong with them, each with its place.
pub fn check(config: &Config, code: Code) -> Result<Vec<Problem>, Error> {
    #[cfg(feature = "health")]
    crate::health::judge_heartbeats(config)?;
    let (_, warnings) = deciding(config, code)?;
    Ok(warnings)
}

/// As [`deciding`], at times of one's own from `begin` on. Channels of the names in `also` are taken for there, and
/// so is each that the file names.
///
/// # Errors
///
/// As [`deciding`].
pub fn rehearsal(
    config: &Config,
    code: Code,
    begin: Timestamp,
    also: &[String],
) -> Result<Rehearsal, Error> {
    let built = usable(config)?.channels.into_iter();
    let mut channels: Vec<_> = built.chain(code.channels).collect();
    let kinds = bongsu_alerts::channels::KINDS;
    let named = config.loaded().channels().into_iter();
    let named = named.filter(|name| kinds.iter().any(|kind| kind.name == name));
    for name in named.chain(also.iter().cloned()) {
        let there = |channel: &Arc<dyn Channel>| channel.id() == name;
        if name != LogChannel::new().id() && !channels.iter().any(there) {
            channels.push(Arc::new(StandIn(name)));
        }
    }
    let (builder, _) = routed(config, base(config), channels, code.rules)?;
    Code::apply(code.change, builder)
        .rehearsal(begin)
        .map_err(|error| Error::part("alerts", error))
}

/// A channel of which nothing but the name is known here.
#[derive(Debug)]
struct StandIn(String);

#[async_trait::async_trait]
impl Channel for StandIn {
    fn id(&self) -> &str {
        &self.0
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("not configured here")]
    }

    fn render(&self, _: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        Ok(Rendered::new(target.clone(), "text/plain", ""))
    }

    async fn deliver(&self, _: &Attempt, _: &Rendered) -> Outcome {
        Outcome::permanent("it is not configured here")
    }
}

/// What every manager that decides has: names, cooldown, the look of what is sent, the log.
fn base(config: &Config) -> AlertManagerBuilder {
    let service = &config.service;
    let builder = AlertManager::builder(&service.name, &service.environment)
        .cooldown(config.alerts.cooldown)
        .presentation(presentation(config))
        .channel(LogChannel::new());
    let builder = match config.loaded().repeat() {
        Some(every) => builder.repeat_interval(every),
        None => builder,
    };
    #[cfg(feature = "reports")]
    let builder = bongsu_bridge::market_hours::named(&config.report.calendar)
        .into_iter()
        .fold(builder, |builder, (name, hours)| builder.hours(name, hours));
    builder
}

/// The channels with their least levels, the rules of the file, and those of the service's code; and what of
/// the file is not used.
fn routed(
    config: &Config,
    mut builder: AlertManagerBuilder,
    channels: Vec<Arc<dyn Channel>>,
    rules: Vec<AlertRule>,
) -> Result<(AlertManagerBuilder, Vec<Problem>), ConfigError> {
    let ids: Vec<String> = std::iter::once(LogChannel::new().id().to_owned())
        .chain(channels.iter().map(|channel| channel.id().to_owned()))
        .collect();
    let routed = routes(config, &ids)?;
    let fallback = config.loaded().fallback(&ids);
    if let Some(fallback) = fallback.map_err(ConfigError::from)? {
        builder = builder.fallback(fallback);
    }
    builder = builder.routing(routed.routing);
    for channel in channels {
        builder = builder.shared_channel(channel);
    }
    for rule in rules {
        builder = builder.rule(rule);
    }
    Ok((builder, routed.warnings))
}

/// Rules and silences of the file, and the least level of each channel; `channels` are those that there are.
///
/// # Errors
///
/// Everything that is wrong with them, each with its place.
pub fn routes(config: &Config, channels: &[String]) -> Result<Routed, ConfigError> {
    let known = Known {
        channels: channels.to_vec(),
        hours: hours(config),
    };
    bongsu_config::file::routes(config, &known)
}

/// The hours that rules and silences may name.
#[cfg(feature = "reports")]
fn hours(config: &Config) -> Vec<(String, SharedSchedule)> {
    let named = bongsu_bridge::market_hours::named(&config.report.calendar).into_iter();
    named
        .map(|(name, hours)| (name, SharedSchedule::new(hours)))
        .collect()
}

#[cfg(not(feature = "reports"))]
fn hours(_: &Config) -> Vec<(String, SharedSchedule)> {
    Vec::new()
}

/// A manager of every channel but the log, with nothing behind it: no store and no dispatcher, so
/// that a tool can try the channels beside the running service. None when there is no channel.
///
/// # Errors
///
/// When two channels have one name.
pub fn detached(
    config: &Config,
    added: Vec<Arc<dyn Channel>>,
) -> Result<Option<AlertManager>, Error> {
    alone(config, added, Purpose::Alerts)
}

fn alone(
    config: &Config,
    added: Vec<Arc<dyn Channel>>,
    purpose: Purpose,
) -> Result<Option<AlertManager>, Error> {
    let channels = configured(config, purpose).channels;
    if channels.is_empty() && added.is_empty() {
        return Ok(None);
    }
    let service = &config.service;
    let builder = AlertManager::builder(&service.name, &service.environment)
        .presentation(presentation(config));
    let (manager, _) = channels
        .into_iter()
        .chain(added)
        .fold(builder, AlertManagerBuilder::shared_channel)
        .build()
        .map_err(|error| Error::part("alerts", error))?;
    Ok(Some(manager))
}

/// Language, zone, host and links of what is sent.
#[must_use]
pub fn presentation(config: &Config) -> Presentation {
    let look = &config.delivery;
    let mut presentation = Presentation::default().language(look.language);
    // The exchange's own is the default, and has a name there.
    if look.time_zone != "Asia/Seoul"
        && let Ok(zone) = bongsu_config::zone(&look.time_zone)
    {
        presentation = presentation.zone(zone);
    }
    presentation.host = host();
    presentation.public_url.clone_from(&look.public_url);
    presentation.runbooks.clone_from(&look.runbook_url);
    presentation
}

/// What this machine, or this container, calls itself.
#[must_use]
pub fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    (!name.is_empty() && name != "(none)").then(|| name.to_owned())
}

/// Off the runtime: it reads what the last run left, and may wait for another process's lock.
#[cfg(feature = "sqlite")]
async fn store(config: &Config) -> Result<bongsu_alerts::store::SqliteStore, Error> {
    config
        .create_data_dir()
        .map_err(|error| Error::part("alerts", error))?;
    let path = config.data_dir.join("alerts.db");
    tokio::task::spawn_blocking(|| bongsu_alerts::store::SqliteStore::open(path))
        .await
        .map_err(|error| Error::part("alerts", error))?
        .map_err(|error| Error::part("alerts", error))
}

/// Who this replica is: the same after a restart, and another on a copy of its folder elsewhere. None,
/// where it has no folder of its own.
#[cfg(feature = "redis")]
async fn replica(config: &Config) -> Option<String> {
    if !cfg!(feature = "sqlite") {
        return None;
    }
    let folder = config.data_dir.clone();
    let id = tokio::task::spawn_blocking(move || bongsu_alerts::shared::replica_id(&folder)).await;
    match id {
        Ok(Ok(id)) => Some(format!("{id}@{}", host().unwrap_or_default())),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the replica's name cannot be kept: its next start is another replica");
            None
        }
        Err(_) => None,
    }
}

/// What still fires from before a restart is handed to each channel, for those that repeat it.
fn adopt(manager: &AlertManager, config: &Config) {
    let (service, presentation) = (&config.service, manager.presentation());
    let channels = manager.channel_ids().into_iter();
    let channels: Vec<_> = channels
        .filter_map(|id| manager.channel(&id).ok())
        .collect();
    for active in manager.active() {
        let status = AlertStatus::Firing;
        let notification =
            Notification::new(active.alert, status, &service.name, &service.environment);
        let notification = notification.presentation(Arc::clone(&presentation));
        for channel in &channels {
            channel.adopt(&notification);
        }
    }
}

#[cfg(test)]
mod tests;
