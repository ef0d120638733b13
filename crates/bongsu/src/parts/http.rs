//! HTTP: the policy of the operations endpoints, and what a handler's panic is told to.

use std::{fmt, sync::Arc};

use bongsu_axum_glue::{MonitorLayer, OpsPolicy, PanicEvent, Peer};
use bongsu_setup::http;
use tokio::sync::watch;

use super::{Parts, Start, adjust::Adjust};
use crate::{Builder, Config, Error, doctor::Finding};

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
    let policies = http::policies(cx.config);
    Ok(Joined {
        ops_token: policies.token,
        local: policies.local,
        on_panic: None,
        layer: settings.layer.apply(http::layer(cx.config)),
        own_routes: settings.own_routes,
        listening: watch::Sender::default(),
    })
}

/// Whether the addresses can be listened on.
pub(crate) async fn doctor(config: &Config, _: Settings) -> Vec<Finding> {
    http::doctor(config)
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
