//! The parts of a monitored service: a file each, behind one attribute. What is not compiled in is
//! `absent.rs` under its name, so that nothing else here asks which parts there are.
#![allow(
    clippy::duplicate_mod,
    clippy::unit_arg,
    reason = "one file stands for every part that is not there, and a part may have no settings"
)]

mod adjust;
#[cfg_attr(not(feature = "alerts"), path = "absent.rs")]
pub(crate) mod alerts;
#[cfg_attr(not(feature = "console"), path = "absent.rs")]
pub(crate) mod console;
#[cfg_attr(not(feature = "health"), path = "absent.rs")]
pub(crate) mod health;
#[cfg_attr(not(feature = "axum"), path = "absent.rs")]
pub(crate) mod http;
#[cfg_attr(not(feature = "logging"), path = "absent.rs")]
pub(crate) mod logging;
#[cfg_attr(not(feature = "metrics"), path = "absent.rs")]
pub(crate) mod metrics;
#[cfg_attr(not(feature = "otlp"), path = "absent.rs")]
pub(crate) mod otlp;
#[cfg_attr(not(feature = "outgoing"), path = "absent.rs")]
pub(crate) mod outgoing;
#[cfg_attr(not(feature = "reports"), path = "absent.rs")]
pub(crate) mod reports;
#[cfg_attr(not(feature = "resources"), path = "absent.rs")]
pub(crate) mod resources;
#[cfg_attr(not(feature = "rules"), path = "absent.rs")]
pub(crate) mod rules;

#[cfg(feature = "alerts")]
use std::sync::{Arc, atomic::AtomicBool};
use std::{fmt, pin::Pin};

use bongsu_bridge::runtime::Runtime;
use bongsu_desks::Desks;

use crate::{Config, Error, bridge, tasks::Tasks};

/// What the service's code says about each part, beside the configuration.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) alerts: alerts::Settings,
    pub(crate) console: console::Settings,
    pub(crate) health: health::Settings,
    pub(crate) http: http::Settings,
    pub(crate) logging: logging::Settings,
    pub(crate) metrics: metrics::Settings,
    pub(crate) otlp: otlp::Settings,
    pub(crate) outgoing: outgoing::Settings,
    pub(crate) reports: reports::Settings,
    pub(crate) resources: resources::Settings,
    pub(crate) rules: rules::Settings,
}

/// What each part offers to the service and to the other parts.
#[derive(Debug)]
#[allow(dead_code, reason = "what is absent is asked by nobody")]
pub(crate) struct Parts {
    pub(crate) logs: logging::Offer,
    pub(crate) metrics: metrics::Offer,
    pub(crate) otlp: otlp::Offer,
    pub(crate) outgoing: outgoing::Offer,
    pub(crate) runtime: Runtime,
    pub(crate) alerts: alerts::Offer,
    /// Whether lines at ERROR become alerts.
    #[cfg(feature = "alerts")]
    pub(crate) on_errors: Arc<AtomicBool>,
    #[cfg(feature = "alerts")]
    pub(crate) reload: Option<crate::reload::Reload>,
    pub(crate) health: health::Offer,
    pub(crate) resources: resources::Offer,
    pub(crate) rules: rules::Offer,
    pub(crate) reports: reports::Joined,
    pub(crate) http: http::Joined,
    pub(crate) console: console::Joined,
    pub(crate) desks: Desks,
}

/// What a part starts with.
#[allow(dead_code, reason = "what a part uses of it depends on the features")]
pub(crate) struct Start<'a> {
    pub(crate) config: &'a mut Config,
    pub(crate) tasks: &'a Tasks,
    pub(crate) ends: &'a mut Ends,
}

/// Starts every part in the order in which they need each other, the log first.
pub(crate) async fn start(
    mut config: Config,
    settings: Settings,
    tasks: &Tasks,
) -> Result<(Config, Parts, Ends), Error> {
    let mut ends = Ends::default();
    let mut cx = Start {
        config: &mut config,
        tasks,
        ends: &mut ends,
    };
    let otlp = otlp::start(&mut cx, settings.otlp).await?;
    #[cfg(all(feature = "logging", feature = "otlp"))]
    let (layer, settings) = {
        let (layer, mut settings) = (bridge::logs_to_otlp::layer(&otlp), settings);
        settings.logging.add(layer.clone());
        (layer, settings)
    };
    let logs = logging::start(&mut cx, settings.logging).await?;
    #[cfg(all(feature = "logging", feature = "otlp"))]
    bridge::logs_to_otlp::begin(layer.as_ref(), &logs.handle);
    otlp::run(&mut cx, &otlp);
    for unread in &cx.config.unread {
        tracing::warn!(variable = unread.name, "{unread}");
    }
    for warning in &cx.config.warnings {
        tracing::warn!(variable = warning.variable, "{warning}");
    }
    let metrics = metrics::start(&mut cx, settings.metrics).await?;
    #[cfg(feature = "alerts")]
    let hangups = cx.config.file.as_ref().map(|_| crate::reload::hangups());
    let alerts = alerts::start(&mut cx, settings.alerts).await?;
    let rules = rules::start(&mut cx, settings.rules).await?;
    let mut outgoing = outgoing::start(&mut cx, settings.outgoing).await?;
    let (runtime, looking) = bongsu_bridge::runtime::watch();
    tasks.spawn("runtime", looking);
    let health = bridge::health::checks(settings.health, &alerts, &mut outgoing, &runtime);
    let mut parts = Parts {
        logs,
        metrics,
        otlp,
        outgoing,
        runtime,
        alerts,
        #[cfg(feature = "alerts")]
        on_errors: Arc::new(cx.config.alerts.on_errors.into()),
        #[cfg(feature = "alerts")]
        reload: None,
        health: health::start(&mut cx, health).await?,
        resources: resources::start(&mut cx, settings.resources).await?,
        rules,
        reports: Default::default(),
        http: Default::default(),
        console: Default::default(),
        desks: bridge::operator::service(cx.config),
    };
    parts.reports = reports::join(&mut cx, settings.reports, &parts).await?;
    parts.http = http::join(&mut cx, settings.http, &parts).await?;
    for connect in bridge::ALL {
        connect(&mut parts, cx.config, tasks);
    }
    #[cfg(feature = "alerts")]
    {
        parts.reload = crate::reload::Reload::new(cx.config, &parts, tasks);
        if let (Some(reload), Some(hangups)) = (&parts.reload, hangups) {
            reload.follow(tasks, hangups);
        }
    }
    parts.desks = bridge::operator::desks(cx.config, &parts);
    parts.console = console::join(&mut cx, settings.console, &parts).await?;
    tracing::info!(
        version = config.service.version,
        features = crate::features().collect::<Vec<_>>().join(","),
        "monitoring started"
    );
    Ok((config, parts, ends))
}

type End = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What has to be ended, in the order in which it was started. What is dropped instead is cut off.
#[derive(Default)]
pub(crate) struct Ends(Vec<End>);

impl Ends {
    #[allow(dead_code, reason = "which parts need an end depends on the features")]
    pub(crate) fn push(&mut self, end: impl Future<Output = ()> + Send + 'static) {
        self.0.push(Box::pin(end));
    }

    /// Ends all, the last first.
    pub(crate) async fn finish(self) {
        for end in self.0.into_iter().rev() {
            end.await;
        }
    }
}

impl fmt::Debug for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ends", self.0.len())
    }
}
