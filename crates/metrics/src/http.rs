//! HTTP requests: everything about one (method, route) in one run of cells.
//!
//! A request touches a counter and three histograms. Their cells lie together, so that one look-up
//! serves all four, and none is needed when the route was resolved beforehand ([`HttpRoute`]).

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::bounds::{Bounds, Scale};
use crate::catalog::{Id, SIZE_BUCKETS};
use crate::cells::{CHUNK, CellSpace, Writer};
use crate::exemplar::{Exemplar, Exemplars};
use crate::family::{Family, OTHER};
use crate::index::{Entry, Found, Index, MAX_VALUE};
use crate::registry::Registry;
use crate::service_metrics::{nanos, unix_now};
use crate::status::{self, STATUSES};

/// The `endpoint` of a request that matched no route.
pub const UNMATCHED: &str = "unmatched";

const METHODS: [&str; 9] = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE",
];

const REQUEST: usize = 0;
const RESPONSE: usize = REQUEST + SIZE_BUCKETS.len() + 2;
const STATUS: usize = RESPONSE + SIZE_BUCKETS.len() + 2;
/// Last, for the service may choose its buckets.
const DURATION: usize = STATUS + STATUSES.len();
/// Most routes whose cells are allocated together.
const BLOCK: usize = 8;

/// One of a route's histograms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Duration,
    RequestSize,
    ResponseSize,
}

impl Part {
    pub(crate) fn offset(self) -> usize {
        match self {
            Self::Duration => DURATION,
            Self::RequestSize => REQUEST,
            Self::ResponseSize => RESPONSE,
        }
    }
}

/// All routes.
pub(crate) struct Http {
    index: Index<1>,
    /// First cell of the block that the next route goes to.
    block_base: AtomicU32,
    full: AtomicBool,
    routes: Box<[OnceLock<Arc<Route>>]>,
    pub(crate) durations: Bounds,
    pub(crate) sizes: Bounds,
    /// Cells of a route.
    stride: usize,
    budget: usize,
}

/// What is known of one (method, route).
pub(crate) struct Route {
    base: u32,
    endpoint: Box<str>,
    method: Box<str>,
    exemplars: Exemplars,
}

/// One finished request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) status: u16,
    pub(crate) duration: Duration,
    pub(crate) request_size: u64,
    pub(crate) response_size: u64,
}

impl Http {
    pub(crate) fn new(budget: usize, durations: &[f64]) -> Self {
        let room = budget + METHODS.len() + 1;
        let durations = Bounds::new(durations, Scale::Nanos);
        Self {
            index: Index::new(0x5851_F42D_4C95_7F2D, room),
            block_base: AtomicU32::new(0),
            full: AtomicBool::new(false),
            routes: (0..room).map(|_| OnceLock::new()).collect(),
            stride: DURATION + durations.buckets() + 1,
            durations,
            sizes: Bounds::new(SIZE_BUCKETS, Scale::Whole),
            budget,
        }
    }

    /// The (cells, number) of a route, made when it is new.
    #[inline]
    fn resolve(
        &self,
        cells: &CellSpace,
        counted: &Family,
        method: &str,
        endpoint: &str,
    ) -> Option<Found<1>> {
        let values = [endpoint, method];
        match self.index.get(&values) {
            Some(found) => Some(found),
            None => self.resolve_slow(cells, counted, method, endpoint),
        }
    }

    #[cold]
    fn resolve_slow(
        &self,
        cells: &CellSpace,
        counted: &Family,
        method: &str,
        endpoint: &str,
    ) -> Option<Found<1>> {
        // Clients may invent methods; a label must not grow with them.
        let method = METHODS.into_iter().find(|m| *m == method).unwrap_or(OTHER);
        let values = [endpoint, method];
        if let Some(found) = self.index.get(&values) {
            return Some(found);
        }
        if endpoint.len() <= MAX_VALUE
            && !self.full.load(Relaxed)
            && let Some(found) = self.insert(cells, method, endpoint, self.budget)
        {
            return Some(found);
        }
        counted.count_overflow();
        let other = [OTHER, method];
        match self.index.get(&other) {
            Some(found) => Some(found),
            None => self.insert(cells, method, OTHER, self.routes.len()),
        }
    }

    fn insert(
        &self,
        cells: &CellSpace,
        method: &str,
        endpoint: &str,
        budget: usize,
    ) -> Option<Found<1>> {
        let values = [endpoint, method];
        self.index.get_or_insert(&values, |number| {
            if number >= budget {
                self.full.store(true, Relaxed);
                return None;
            }
            let block = BLOCK.min(CHUNK / self.stride);
            if number % block == 0 {
                let base = cells.alloc(block * self.stride)?;
                self.block_base.store(base, Relaxed);
            }
            let cell = self.block_base.load(Relaxed) + (number % block * self.stride) as u32;
            let _ = self.routes.get(number)?.set(Arc::new(Route {
                base: cell,
                endpoint: endpoint.into(),
                method: method.into(),
                exemplars: Exemplars::new(self.durations.buckets(), crate::timing::now()),
            }));
            Some(Found {
                cell,
                more: [number as u64],
            })
        })
    }

    /// The routes in the order of their appearance; labels are `endpoint` and `method`.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.index.entries(2)
    }

    #[inline]
    fn write(&self, writer: Writer<'_>, status: Option<usize>, request: &Request) {
        let nanos = nanos(request.duration);
        if let Some(status) = status {
            writer.add(STATUS + status, 1);
        }
        writer.add(DURATION + self.durations.bucket(nanos), 1);
        writer.add(DURATION + self.durations.buckets(), nanos);
        writer.add(REQUEST + self.sizes.bucket(request.request_size), 1);
        writer.add(REQUEST + self.sizes.buckets(), request.request_size);
        writer.add(RESPONSE + self.sizes.bucket(request.response_size), 1);
        writer.add(RESPONSE + self.sizes.buckets(), request.response_size);
    }

    #[inline]
    fn record(
        &self,
        registry: &Registry,
        base: u32,
        route: impl Fn() -> Option<Arc<Route>>,
        request: &Request,
    ) {
        let status = status::slot(request.status);
        self.write(registry.cells.writer(base, self.stride), status, request);
        if status.is_none()
            && let Some(route) = route()
        {
            count_rare(registry, &route, request.status);
        }
    }

    /// The exemplars of the route with this number; routes are numbered in the order of their series.
    pub(crate) fn exemplars(&self, number: usize) -> Vec<Option<Exemplar>> {
        let route = self.routes.get(number).and_then(OnceLock::get);
        route
            .map(|route| route.exemplars.snapshot())
            .unwrap_or_default()
    }

    fn route(&self, number: u64) -> Option<Arc<Route>> {
        self.routes.get(number as usize)?.get().cloned()
    }
}

/// Counts a status without a cell of its own.
#[cold]
fn count_rare(registry: &Registry, route: &Route, status: u16) {
    let mut digits = itoa::Buffer::new();
    let values = [&*route.endpoint, &*route.method, digits.format(status)];
    registry
        .family(Id::HttpRequestsTotal)
        .add(&registry.cells, &values, 1);
}

/// Cells of the statuses of the route at `base`.
pub(crate) fn statuses(cells: &CellSpace, base: u32) -> [u64; STATUSES.len()] {
    let mut counts = [0; STATUSES.len()];
    cells.sum(base + STATUS as u32, &mut counts);
    counts
}

/// Records by strings.
#[inline]
pub(crate) fn record(registry: &Registry, method: &str, endpoint: &str, request: &Request) {
    let http = &registry.http;
    let counted = registry.family(Id::HttpRequestsTotal);
    if let Some(found) = http.resolve(&registry.cells, counted, method, endpoint) {
        http.record(registry, found.cell, || http.route(found.more[0]), request);
    }
}

/// A (method, route) resolved once, to be recorded to without a look-up. Cheap to clone; hold it
/// beside the route instead of asking for it on every request.
#[derive(Clone)]
pub struct HttpRoute {
    registry: Arc<Registry>,
    /// `None` when the cells are used up: then nothing is recorded but the overflow.
    route: Option<Arc<Route>>,
}

impl HttpRoute {
    pub(crate) fn resolve(registry: &Arc<Registry>, method: &str, endpoint: &str) -> Self {
        let http = &registry.http;
        let counted = registry.family(Id::HttpRequestsTotal);
        let found = http.resolve(&registry.cells, counted, method, endpoint);
        Self {
            registry: Arc::clone(registry),
            route: found.and_then(|found| http.route(found.more[0])),
        }
    }

    /// Records a finished request. Sizes are those of the bodies, in bytes. Does not allocate or lock.
    #[inline]
    pub fn record(&self, status: u16, duration: Duration, request_size: u64, response_size: u64) {
        let request = Request {
            status,
            duration,
            request_size,
            response_size,
        };
        match &self.route {
            Some(route) => {
                let again = || Some(Arc::clone(route));
                self.registry
                    .http
                    .record(&self.registry, route.base, again, &request);
            }
            None => self.registry.family(Id::HttpRequestsTotal).count_overflow(),
        }
    }
}

impl HttpRoute {
    /// Counts a request in `http_requests_in_flight` until [`leave`](Self::leave): the same as
    /// [`ServiceMetrics::http_in_flight`](crate::ServiceMetrics::http_in_flight), for who holds the route
    /// until the request's end anyway.
    #[inline]
    pub fn enter(&self) {
        self.registry.in_flight(1);
    }

    /// The request that [`enter`](Self::enter)ed has been answered. Once for each of them.
    #[inline]
    pub fn leave(&self) {
        self.registry.in_flight(u64::MAX);
    }

    /// [`record`](Self::record), and keeps the trace id as an exemplar of the duration's bucket, to be
    /// shown in OpenMetrics. A trace id is 1 to 64 letters, digits, `-` and `_`; others are passed over.
    /// `now` is the end of the request: a bucket's exemplar is replaced ten times a second at most, and
    /// the trace id is asked for only then.
    pub fn record_with_trace<T: AsRef<str>>(
        &self,
        status: u16,
        duration: Duration,
        request_size: u64,
        response_size: u64,
        trace_id: impl FnOnce() -> T,
        now: Instant,
    ) {
        self.record(status, duration, request_size, response_size);
        let nanos = nanos(duration);
        if let Some(route) = &self.route {
            let bounds = &self.registry.http.durations;
            let exemplar = || Exemplar::new(trace_id().as_ref(), nanos, unix_now());
            route.exemplars.offer(bounds.bucket(nanos), now, exemplar);
        }
    }
}

impl fmt::Debug for HttpRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("HttpRoute");
        if let Some(route) = &self.route {
            debug
                .field("method", &route.method)
                .field("endpoint", &route.endpoint);
        }
        debug.finish_non_exhaustive()
    }
}

/// A request being answered: counted in `http_requests_in_flight` until dropped.
pub struct InFlight {
    registry: Arc<Registry>,
}

impl InFlight {
    pub(crate) fn new(registry: &Arc<Registry>) -> Self {
        registry.in_flight(1);
        Self {
            registry: Arc::clone(registry),
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.registry.in_flight(u64::MAX);
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight").finish_non_exhaustive()
    }
}
