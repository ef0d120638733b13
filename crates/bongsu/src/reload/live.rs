//! What of the running service the file has a say in, and how it is given another one.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bongsu_alerts::{AlertManager, Defaults, Presentation};
use bongsu_desks::Desks;
use bongsu_setup::alerts as setup;

use super::Reloaded;
use crate::{
    Config,
    config::{ConfigError, Problem},
    parts::Parts,
    tasks::Tasks,
};

/// The parts that follow the file. What the service's code has set instead, told by its being another than the
/// configuration's at the start, stays.
#[derive(Debug)]
pub(super) struct Live {
    alerts: AlertManager,
    /// As they were at the start: the configuration's, or the code's.
    defaults: Defaults,
    presentation: Presentation,
    on_errors: Arc<AtomicBool>,
    desks: Desks,
    #[cfg(feature = "health")]
    health: bongsu_health::HealthCheck,
    #[cfg(feature = "health")]
    tasks: crate::tasks::WeakTasks,
    #[cfg(feature = "metrics")]
    metrics: bongsu_metrics::ServiceMetrics,
    #[cfg(feature = "resources")]
    resources: bongsu_resources::ResourceMonitor,
    #[cfg(feature = "resources")]
    own_thresholds: bool,
    #[cfg(feature = "axum")]
    layer: bongsu_axum_glue::MonitorLayer,
    #[cfg(feature = "axum")]
    own_access_log: bool,
    #[cfg(feature = "reports")]
    reports: crate::parts::reports::Joined,
    /// The channels of the file that carry the report.
    #[cfg(feature = "reports")]
    carriers: std::sync::Mutex<Vec<String>>,
}

impl Live {
    pub(super) fn new(config: &Config, parts: &Parts, tasks: &Tasks) -> Self {
        // What is asked of them depends on the features.
        let _ = (config, tasks);
        Self {
            defaults: parts.alerts.defaults(),
            presentation: (*parts.alerts.presentation()).clone(),
            alerts: parts.alerts.clone(),
            on_errors: parts.on_errors.clone(),
            desks: parts.desks.clone(),
            #[cfg(feature = "health")]
            health: parts.health.clone(),
            #[cfg(feature = "health")]
            tasks: tasks.weak(),
            #[cfg(feature = "metrics")]
            metrics: parts.metrics.clone(),
            #[cfg(feature = "resources")]
            own_thresholds: parts.resources.thresholds()
                != bongsu_setup::resources::thresholds(&config.resources),
            #[cfg(feature = "resources")]
            resources: parts.resources.clone(),
            #[cfg(feature = "axum")]
            own_access_log: parts.http.layer.current_access_log()
                != bongsu_setup::http::access_log(config),
            #[cfg(feature = "axum")]
            layer: parts.http.layer.clone(),
            #[cfg(feature = "reports")]
            carriers: std::sync::Mutex::new(match &parts.reports {
                Some(_) => names(
                    &crate::bridge::reports::carriers(config, &parts.alerts).unwrap_or_default(),
                ),
                None => Vec::new(),
            }),
            #[cfg(feature = "reports")]
            reports: parts.reports.clone(),
        }
    }

    /// Takes up `fresh` in place of `holds`. Everything is looked at before anything is changed; what can still fail
    /// then is changed first, and fails as a whole.
    pub(super) fn take(
        &self,
        started: &Config,
        holds: &Config,
        fresh: &Config,
    ) -> Result<Reloaded, ConfigError> {
        // What is asked of it depends on the features.
        let _ = holds;
        let routed = setup::routes(fresh, &self.alerts.channel_ids())?;
        let (rules, silences) = (routed.routing.rules.len(), routed.routing.silences.len());
        let mut warnings: Vec<String> = routed.warnings.iter().map(Problem::to_string).collect();
        let routing = routed
            .routing
            .defaults(self.defaults(started, fresh, &mut warnings)?);
        self.alerts
            .check_routing(&routing)
            .map_err(|error| wrong(started, &error))?;
        #[cfg(feature = "resources")]
        let limits = bongsu_setup::resources::thresholds(&fresh.resources);
        #[cfg(feature = "resources")]
        limits.validate().map_err(|error| wrong(started, &error))?;
        #[cfg(feature = "reports")]
        let carriers = match &self.reports {
            Some(_) => crate::bridge::reports::carriers(fresh, &self.alerts)
                .map_err(|error| wrong(started, &error))?,
            None => Vec::new(),
        };
        #[cfg(feature = "health")]
        self.exchange_checks(holds, fresh)?;
        #[cfg(feature = "reports")]
        self.exchange_carriers(carriers)
            .map_err(|error| wrong(started, &error))?;
        #[cfg(feature = "resources")]
        if !self.own_thresholds {
            self.resources
                .set_thresholds(limits)
                .map_err(|error| wrong(started, &error))?;
        } else if limits != bongsu_setup::resources::thresholds(&started.resources) {
            warnings.push(stays("thresholds"));
        }
        self.look(started, fresh, &mut warnings);
        #[cfg(feature = "axum")]
        self.lines(started, fresh, &mut warnings);
        #[cfg(feature = "metrics")]
        if fresh.halt_percent != holds.halt_percent {
            let line = fresh.halt_percent.unwrap_or(f64::NAN);
            self.metrics.update_halt_drawdown(line);
        }
        self.on_errors.store(fresh.alerts.on_errors, Relaxed);
        self.desks
            .set_settings(crate::bridge::operator::settings(fresh));
        self.alerts
            .reroute(routing)
            .map_err(|error| wrong(started, &error))?;
        Ok(Reloaded {
            file: started.loaded().name().to_owned(),
            rules,
            silences,
            warnings,
        })
    }

    /// Cooldown, repetition and fallback of the file.
    fn defaults(
        &self,
        started: &Config,
        fresh: &Config,
        warnings: &mut Vec<String>,
    ) -> Result<Defaults, ConfigError> {
        let own = &self.defaults;
        let channels = self.alerts.channel_ids();
        let said = |config: &Config| -> Result<Defaults, ConfigError> {
            let mut said = own.clone();
            said.cooldown = config.alerts.cooldown;
            said.repeat = config
                .loaded()
                .repeat()
                .unwrap_or(Defaults::default().repeat);
            said.fallback = config
                .loaded()
                .fallback(&channels)
                .map_err(ConfigError::from)?;
            Ok(said)
        };
        let (before, now) = (said(started)?, said(fresh)?);
        let mut kept = |name: &str, differs: bool| {
            if differs {
                warnings.push(stays(name));
            }
        };
        let mut defaults = own.clone();
        match own.cooldown == before.cooldown {
            true => defaults.cooldown = now.cooldown,
            false => kept("alerts.cooldown", now.cooldown != before.cooldown),
        }
        match own.repeat == before.repeat {
            true => defaults.repeat = now.repeat,
            false => kept("alerts.repeat", now.repeat != before.repeat),
        }
        match own.fallback == before.fallback {
            true => defaults.fallback = now.fallback,
            false => kept("alerts.fallback", now.fallback != before.fallback),
        }
        Ok(defaults)
    }

    /// Language, zone and links.
    fn look(&self, started: &Config, fresh: &Config, warnings: &mut Vec<String>) {
        let (before, now) = (setup::presentation(started), setup::presentation(fresh));
        if self.presentation == before {
            self.alerts.set_presentation(now);
        } else if now != before {
            warnings.push(stays("language, zone and links"));
        }
    }

    /// Which requests have a line in the access log.
    #[cfg(feature = "axum")]
    fn lines(&self, started: &Config, fresh: &Config, warnings: &mut Vec<String>) {
        use bongsu_setup::http::access_log;

        let (before, now) = (access_log(started), access_log(fresh));
        if self.own_access_log {
            if now != before {
                warnings.push(stays("access_log"));
            }
        } else if now != self.layer.current_access_log() {
            // What is counted of a policy that stays goes on.
            self.layer.set_access_log(now);
        }
    }

    /// Checks and heartbeats that differ are taken out and put in; the others go on.
    #[cfg(feature = "health")]
    fn exchange_checks(&self, holds: &Config, fresh: &Config) -> Result<(), ConfigError> {
        let (gone, new) = holds.loaded().changed_checks(fresh.loaded());
        let mut checks = bongsu_setup::health::checks(fresh)?;
        let mut beats = bongsu_setup::health::heartbeats(fresh, &self.health)?;
        checks.retain(|check| new.iter().any(|name| name == check.name()));
        beats.retain(|(name, _)| new.contains(name));
        let beats = beats.into_iter().map(|(_, beat)| beat).collect();
        let driven = self
            .health
            .exchange(&gone, checks, beats)
            .map_err(|error| {
                let place = fresh.loaded().check_that(|name| error.names(name));
                let place = place.unwrap_or_else(|| fresh.loaded().name().to_owned());
                ConfigError::from(Problem::new(place, error.to_string()))
            })?;
        if let Some(tasks) = self.tasks.get() {
            for check in driven {
                tasks.spawn("health", check);
            }
        }
        Ok(())
    }

    #[cfg(feature = "reports")]
    fn exchange_carriers(
        &self,
        new: Vec<bongsu_bridge::report_sink::ChannelSink>,
    ) -> Result<(), bongsu_reports::BuildError> {
        let Some(reports) = &self.reports else {
            return Ok(());
        };
        let held = self.carriers.lock();
        let mut held = held.unwrap_or_else(std::sync::PoisonError::into_inner);
        let named = names(&new);
        reports.exchange_sinks(&held, new)?;
        *held = named;
        Ok(())
    }
}

#[cfg(feature = "reports")]
fn names(sinks: &[bongsu_bridge::report_sink::ChannelSink]) -> Vec<String> {
    let names = sinks.iter().map(bongsu_reports::ReportSink::name);
    names.map(str::to_owned).collect()
}

fn wrong(started: &Config, error: &dyn Error) -> ConfigError {
    ConfigError::from(Problem::new(started.loaded().name(), error.to_string()))
}

fn stays(name: &str) -> String {
    format!("{name}: the service's code sets it; it holds as it is")
}
