use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU8, Ordering::Relaxed},
};

use axum::extract::MatchedPath;
use http::Method;

use super::{access_log::Lines, layer::Settings};

/// The label of a request that no route matched: raw paths would be unbounded.
const UNMATCHED: &str = "unmatched";

/// The nine standard methods; every other one is `other`, for the label must stay bounded.
const METHODS: [&str; 10] = [
    "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE", "other",
];

/// The place of a method in [`METHODS`].
fn place(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::POST => 1,
        Method::PUT => 2,
        Method::DELETE => 3,
        Method::HEAD => 4,
        Method::OPTIONS => 5,
        Method::PATCH => 6,
        Method::CONNECT => 7,
        Method::TRACE => 8,
        _ => 9,
    }
}

/// Whose requests those of an endpoint are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// None was answered yet.
    Unknown,
    Users,
    Operations,
}

/// What is the same for all requests of one method to one route, found out by the first of them.
#[derive(Debug)]
pub(super) struct Endpoint {
    route: Option<MatchedPath>,
    pub(super) method: &'static str,
    /// Method and route, the message of the access line.
    pub(super) title: String,
    pub(super) lines: Lines,
    pub(super) settings: Arc<Settings>,
    kind: AtomicU8,
    /// Where users' requests are recorded, once there was one.
    #[cfg(feature = "metrics")]
    metrics: OnceLock<Option<bongsu_metrics::HttpRoute>>,
}

impl Endpoint {
    fn new(method: usize, route: Option<MatchedPath>, settings: &Arc<Settings>) -> Arc<Self> {
        let name = name(route.as_ref());
        let method = METHODS[method];
        Arc::new(Self {
            method,
            title: format!("{method} {name}"),
            lines: Lines::new(&settings.access_log, name),
            settings: Arc::clone(settings),
            kind: AtomicU8::new(Kind::Unknown as u8),
            #[cfg(feature = "metrics")]
            metrics: OnceLock::new(),
            route,
        })
    }

    pub(super) fn kind(&self) -> Kind {
        match self.kind.load(Relaxed) {
            0 => Kind::Unknown,
            1 => Kind::Users,
            _ => Kind::Operations,
        }
    }

    pub(super) fn is(&self, kind: Kind) {
        if self.kind() != kind {
            self.kind.store(kind as u8, Relaxed);
        }
    }

    #[cfg(feature = "metrics")]
    pub(super) fn metrics(&self) -> Option<&bongsu_metrics::HttpRoute> {
        let make = || {
            let metrics = self.settings.metrics.as_ref()?;
            Some(metrics.http_route(self.method, self.name()))
        };
        self.metrics.get_or_init(make).as_ref()
    }

    /// The matched route. A nested service that is no router has none that axum would tell.
    pub(super) fn name(&self) -> &str {
        name(self.route.as_ref())
    }
}

fn name(route: Option<&MatchedPath>) -> &str {
    route.map_or(UNMATCHED, MatchedPath::as_str)
}

/// The endpoints behind one [`Monitor`](super::Monitor), by method. axum lays a layer on each route by
/// itself, so that there is one route here; the first to come is kept, others are looked up anew. Only a
/// cache: axum makes its routes again whenever it pleases.
#[derive(Debug, Default)]
pub(super) struct Endpoints([OnceLock<Arc<Endpoint>>; METHODS.len()]);

impl Endpoints {
    pub(super) fn of(
        &self,
        method: &Method,
        route: Option<&MatchedPath>,
        settings: &Arc<Settings>,
    ) -> Arc<Endpoint> {
        let place = place(method);
        let make = || Endpoint::new(place, route.cloned(), settings);
        let known = self.0[place].get_or_init(make);
        if known.route.as_ref().map(MatchedPath::as_str) == route.map(MatchedPath::as_str) {
            Arc::clone(known)
        } else {
            make()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_find_their_names() {
        for (i, name) in METHODS.into_iter().enumerate() {
            let method = Method::from_bytes(name.as_bytes()).unwrap();
            assert_eq!(place(&method), i, "{name}");
        }
    }
}
