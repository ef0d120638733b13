//! HTTP: the policy of the operations endpoints, and what a handler's panic is told to.

use std::{fmt, sync::Arc};

use bongsu_axum_glue::{AccessLog, MonitorLayer, OpsPolicy, PanicEvent, Peer, TrustedProxies};
use bongsu_config::{AccessLines, Proxies};
use tokio::sync::watch;

use super::{Parts, Start, adjust::Adjust};
use crate::{
    Builder, Config, Error,
    config::Bind,
    doctor::{Finding, judge, probe},
};

#[derive(Debug, Default)]
pub(crate) struct Settings {
    layer: Adjust<MonitorLayer>,
    own_routes: bool,
}

/// Called when a handler panics.
type OnPanic = Arc<dyn Fn(&PanicEvent) + Send + Sync>;

/// What [`Bongsu::serve`](crate::Bongsu::serve) and its kin need.
#[derive(Default)]
pub(crate) struct Joined {
    /// The policy of `BONGSU_OPS_TOKEN`: one, so that wrong tokens are counted together.
    pub(crate) ops_token: Option<OpsPolicy>,
    /// That of the console and admin where there is no such token.
    pub(crate) local: OpsPolicy,
    /// Who wants to know when a handler panics.
    pub(crate) on_panic: Option<OnPanic>,
    /// The request middleware.
    pub(crate) layer: MonitorLayer,
    /// A route that the service has too is the service's.
    pub(crate) own_routes: bool,
    /// What is listened on, once it is.
    pub(crate) listening: watch::Sender<Vec<Peer>>,
}

impl fmt::Debug for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

pub(crate) async fn join(
    cx: &mut Start<'_>,
    settings: Settings,
    _: &Parts,
) -> Result<Joined, Error> {
    let token = cx.config.http.ops_token.as_ref();
    let layer = MonitorLayer::new().sampler(cx.config.traces.sampler());
    let layer = match cx.config.loaded().access_lines() {
        Some(lines) => layer.access_log(access_log(lines)),
        None => layer,
    };
    let layer = layer.name_clients(cx.config.http.name_clients);
    let proxies = cx.config.http.trusted_proxies.as_ref().map(trusted);
    let behind = |policy: OpsPolicy| match &proxies {
        Some(proxies) => policy.behind(proxies.clone()),
        None => policy,
    };
    let layer = layer.proxies(proxies.clone().unwrap_or_default());
    Ok(Joined {
        ops_token: token.map(|token| behind(OpsPolicy::token(token.expose()))),
        local: behind(OpsPolicy::loopback()),
        on_panic: None,
        layer: settings.layer.apply(layer),
        own_routes: settings.own_routes,
        listening: watch::Sender::default(),
    })
}

fn trusted(said: &Proxies) -> TrustedProxies {
    let mut proxies = TrustedProxies::new(said.networks.iter().copied());
    if said.unix {
        proxies = proxies.unix();
    }
    if said.rfc_7239 {
        proxies = proxies.rfc_7239();
    }
    proxies
}

fn access_log(lines: &AccessLines) -> AccessLog {
    let policy = match lines.others_one_in {
        Some(n) => AccessLog::default().others_one_in(n),
        None => AccessLog::default(),
    };
    let one_in = lines.one_in.iter();
    let policy = one_in.fold(policy, |policy, (route, n)| policy.one_in(route, *n));
    let quiet = lines.quiet.iter();
    quiet.fold(policy, |policy, route| policy.quiet(route))
}

/// Whether the addresses can be listened on.
pub(crate) async fn doctor(config: &Config, _: Settings) -> Vec<Finding> {
    let http = &config.http;
    let mut wanted = Vec::new();
    if let Some(port) = http.ops_port {
        wanted.push(("METRICS_PORT", (http.bind.ip(), port).into()));
    }
    let look = |(variable, address)| judge::port(variable, address, &probe::listen(address));
    let bind = match &http.bind {
        Bind::Address(address) => Some(look(("BONGSU_BIND", *address))),
        Bind::Unix(path) => Some(judge::socket(path, &probe::beside(path))),
        // Whoever starts the service has them, and not whoever starts the doctor.
        _ => None,
    };
    bind.into_iter()
        .chain(wanted.into_iter().map(look))
        .collect()
}

impl Joined {
    /// Who may use the console and admin.
    pub(crate) fn operators(&self) -> OpsPolicy {
        self.ops_token.clone().unwrap_or_else(|| self.local.clone())
    }
}

impl Builder {
    /// Leaves to the service what it has itself: of bongsu's routes, `/health` say, those that the service has
    /// too are left out instead of being an error. `METRICS_PORT` has all of bongsu's.
    pub fn own_routes(mut self) -> Self {
        self.settings.http.own_routes = true;
        self
    }

    /// Changes the request middleware: which requests have a line in the access log.
    ///
    /// ```no_run
    /// use bongsu::{Bongsu, Config, axum_glue::AccessLog};
    ///
    /// # async fn run() -> Result<(), bongsu::Error> {
    /// let quotes = AccessLog::default().one_in("/quotes/{symbol}", 100);
    /// let bongsu = Bongsu::builder(Config::from_env()?)
    ///     .middleware(|layer| layer.access_log(quotes))
    ///     .start()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn middleware(
        mut self,
        change: impl FnOnce(MonitorLayer) -> MonitorLayer + Send + Sync + 'static,
    ) -> Self {
        self.settings.http.layer.push(change);
        self
    }
}
