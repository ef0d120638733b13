//! HTTP: the request middleware, who may use the operations, and the sockets.

#[cfg(feature = "health")]
use bongsu_axum_glue::DetailPolicy;
use bongsu_axum_glue::{AccessLog, MonitorLayer, OpsPolicy, TrustedProxies};
#[cfg(feature = "health")]
use bongsu_config::HealthDetail;
use bongsu_config::{
    Bind, Config, Proxies,
    doctor::{Finding, judge},
};

use crate::doctor::{beside, listen};
pub use crate::listen::{operations, service};

/// The request middleware.
#[must_use]
pub fn layer(config: &Config) -> MonitorLayer {
    MonitorLayer::new()
        .sampler(config.traces.sampler())
        .name_clients(config.http.name_clients)
        .proxies(proxies(config).unwrap_or_default())
        .access_log(access_log(config))
}

/// Who may use the operations.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policies {
    /// Who has the token of `BONGSU_OPS_TOKEN`: one, so that wrong tokens are counted together.
    pub token: Option<OpsPolicy>,
    /// The machine itself, where there is no such token.
    pub local: OpsPolicy,
}

/// Who may use the operations, behind the proxies that are trusted.
#[must_use]
pub fn policies(config: &Config) -> Policies {
    let behind = |policy: OpsPolicy| match proxies(config) {
        Some(proxies) => policy.behind(proxies),
        None => policy,
    };
    let token = config.http.ops_token.as_ref();
    Policies {
        token: token.map(|token| behind(OpsPolicy::token(token.expose()))),
        local: behind(OpsPolicy::loopback()),
    }
}

/// Who sees of `/health` more than its status.
#[cfg(feature = "health")]
#[must_use]
pub fn detail(asked: HealthDetail, token: Option<&OpsPolicy>) -> DetailPolicy {
    match asked {
        HealthDetail::Always => DetailPolicy::Always,
        HealthDetail::Never => DetailPolicy::Never,
        HealthDetail::Loopback => DetailPolicy::Only(OpsPolicy::loopback()),
        HealthDetail::Token => token
            .cloned()
            .map_or(DetailPolicy::Never, DetailPolicy::Only),
    }
}

fn proxies(config: &Config) -> Option<TrustedProxies> {
    config.http.trusted_proxies.as_ref().map(trusted)
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

/// Which requests have a line in the access log.
#[must_use]
pub fn access_log(config: &Config) -> AccessLog {
    let lines = config.loaded().access_lines();
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
#[must_use]
pub fn doctor(config: &Config) -> Vec<Finding> {
    let http = &config.http;
    let mut wanted = Vec::new();
    if let Some(port) = http.ops_port {
        wanted.push(("METRICS_PORT", (http.bind.ip(), port).into()));
    }
    let look = |(variable, address)| judge::port(variable, address, &listen(address));
    let bind = match &http.bind {
        Bind::Address(address) => Some(look(("BONGSU_BIND", *address))),
        Bind::Unix(path) => Some(judge::socket(path, &beside(path))),
        // Whoever starts the service has them, and not whoever starts the doctor.
        _ => None,
    };
    bind.into_iter()
        .chain(wanted.into_iter().map(look))
        .collect()
}
