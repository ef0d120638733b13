use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use super::exchange::{End, Exchange};

/// Which requests have their line in the access log at level INFO; the lines of the others are at DEBUG.
///
/// Nothing that fails is left out: a status of 500 and above and a client that left are at WARN. Only a
/// route that is [`quiet`](Self::quiet) may say 503 and be left quietly, which is what probes do.
/// Requests that no route matched go by the name `unmatched`.
///
/// ```
/// use bongsu_axum_glue::{AccessLog, MonitorLayer};
///
/// let access_log = AccessLog::default()
///     .quiet("/internal/ping")
///     .one_in("/quotes/{symbol}", 100);
/// let layer = MonitorLayer::new().access_log(access_log);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AccessLog {
    routes: Vec<(String, Sampling)>,
    others: Sampling,
    operations: Sampling,
}

/// Which of a route's requests have a line at INFO.
#[derive(Clone, Debug)]
pub(super) enum Sampling {
    All,
    Quiet,
    /// The first of so many, with the number of those before.
    OneIn(u32, Arc<AtomicU32>),
}

/// By what is asked for, however many requests have come.
impl PartialEq for Sampling {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::OneIn(n, _), Self::OneIn(other, _)) => n == other,
            (Self::All, Self::All) | (Self::Quiet, Self::Quiet) => true,
            _ => false,
        }
    }
}

/// A line for everything but [`Operations`](crate::Operations), which are quiet: they are asked all the time,
/// and what an operator does is told under the target `audit`. That a service is not ready is logged once, when
/// it changes, by the health checks.
impl Default for AccessLog {
    fn default() -> Self {
        Self {
            operations: Sampling::Quiet,
            ..Self::everything()
        }
    }
}

impl AccessLog {
    /// A line for every request, operations too.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            routes: Vec::new(),
            others: Sampling::All,
            operations: Sampling::All,
        }
    }

    /// No line for requests to this route, as it was given to the router, unless they fail.
    #[must_use]
    pub fn quiet(mut self, endpoint: &str) -> Self {
        self.routes.push((endpoint.to_owned(), Sampling::Quiet));
        self
    }

    /// A line for the first of every `n` requests to this route, and for those that fail. 0 and 1 stand
    /// for every request.
    #[must_use]
    pub fn one_in(mut self, endpoint: &str, n: u32) -> Self {
        self.routes.push((endpoint.to_owned(), one_in(n)));
        self
    }

    /// A line for the first of every `n` requests to the routes not named here, and for those that fail.
    #[must_use]
    pub fn others_one_in(mut self, n: u32) -> Self {
        self.others = one_in(n);
        self
    }

    /// What was said last about the route: of users' requests, and in place of it for operations.
    fn of(&self, endpoint: &str) -> (Sampling, Sampling) {
        let named = self.named(endpoint);
        let or = |others: &Sampling| named.unwrap_or(others).clone();
        (or(&self.others), or(&self.operations))
    }

    fn named(&self, endpoint: &str) -> Option<&Sampling> {
        let mut said = self.routes.iter().rev();
        said.find(|(name, _)| name == endpoint)
            .map(|(_, sampling)| sampling)
    }
}

/// The policy in force, which may be replaced while requests come.
#[derive(Debug, Default)]
pub(super) struct InForce {
    policy: RwLock<AccessLog>,
    /// How often it was replaced.
    turn: AtomicU32,
}

impl InForce {
    pub(super) fn new(policy: AccessLog) -> Self {
        Self {
            policy: RwLock::new(policy),
            turn: AtomicU32::new(0),
        }
    }

    pub(super) fn policy(&self) -> AccessLog {
        let policy = self.policy.read().unwrap_or_else(PoisonError::into_inner);
        policy.clone()
    }

    pub(super) fn replace(&self, policy: AccessLog) {
        let mut held = self.policy.write().unwrap_or_else(PoisonError::into_inner);
        *held = policy;
        self.turn.fetch_add(1, Relaxed);
    }

    /// What it says of a route, with the turn of which that is.
    fn of(&self, endpoint: &str) -> Known {
        let policy = self.policy.read().unwrap_or_else(PoisonError::into_inner);
        let (users, operations) = policy.of(endpoint);
        Known {
            turn: self.turn.load(Relaxed),
            users,
            operations,
        }
    }
}

#[derive(Debug)]
struct Known {
    turn: u32,
    users: Sampling,
    operations: Sampling,
}

/// What the policy says of one route, looked up once a turn.
#[derive(Debug)]
pub(super) struct Lines(RwLock<Known>);

impl Lines {
    pub(super) fn new(policy: &InForce, endpoint: &str) -> Self {
        Self(RwLock::new(policy.of(endpoint)))
    }

    fn loudness(
        &self,
        policy: &InForce,
        endpoint: &str,
        operations: bool,
        end: (u16, bool),
    ) -> Loudness {
        let mut known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.turn != policy.turn.load(Relaxed) {
            drop(known);
            let fresh = policy.of(endpoint);
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
            known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        }
        let sampling = match operations {
            true => &known.operations,
            false => &known.users,
        };
        loudness(sampling, end.0, end.1)
    }
}

fn one_in(n: u32) -> Sampling {
    match n {
        0 | 1 => Sampling::All,
        n => Sampling::OneIn(n, Arc::default()),
    }
}

/// How loud a line is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Loudness {
    Debug,
    Info,
    Warn,
}

/// The loudness of the line about a request that ended so.
fn loudness(sampling: &Sampling, status: u16, unfinished: bool) -> Loudness {
    match sampling {
        Sampling::Quiet if status < 500 || status == 503 => Loudness::Debug,
        Sampling::Quiet => Loudness::Warn,
        _ if status >= 500 || unfinished => Loudness::Warn,
        Sampling::All => Loudness::Info,
        Sampling::OneIn(n, before) if before.fetch_add(1, Relaxed).is_multiple_of(*n) => {
            Loudness::Info
        }
        Sampling::OneIn(..) => Loudness::Debug,
    }
}

/// Writes the one line of an exchange. The query is left out: it may carry secrets.
pub(super) fn write(exchange: &Exchange, end: &End) {
    let endpoint = &*exchange.endpoint;
    let (client, agent) = exchange.client();
    // `event!` needs its level as a constant, so each level is a callsite of its own.
    macro_rules! access {
        ($level:ident, $target:literal, $($ids:tt)*) => {
            tracing::$level!(
                target: $target,
                method = endpoint.method,
                endpoint = endpoint.name(),
                path = exchange.path(),
                status = end.status,
                duration_ms = milliseconds(end.elapsed),
                request_bytes = exchange.request_bytes,
                response_bytes = exchange.response_bytes,
                aborted = end.aborted,
                grpc_status = exchange.grpc_status,
                client_address = client.map(tracing::field::display),
                user_agent = agent,
                $($ids)*
                message = endpoint.title.as_str(),
            )
        };
    }
    // The log context has the ids where there is one.
    #[cfg(feature = "logging")]
    macro_rules! line {
        ($level:ident, $target:literal) => {
            access!($level, $target,)
        };
    }
    #[cfg(not(feature = "logging"))]
    macro_rules! line {
        ($level:ident, $target:literal) => {
            access!(
                $level,
                $target,
                request_id = exchange.id.as_str(),
                trace_id = &*exchange.trace.trace_id_hex(),
            )
        };
    }
    let operations = exchange.operations();
    let loudness = endpoint.lines.loudness(
        &endpoint.settings.access_log,
        endpoint.name(),
        operations,
        (end.status, end.aborted || end.failed),
    );
    if operations {
        match loudness {
            Loudness::Debug => line!(debug, "operations"),
            Loudness::Info => line!(info, "operations"),
            Loudness::Warn => line!(warn, "operations"),
        }
    } else {
        match loudness {
            Loudness::Debug => line!(debug, "access"),
            Loudness::Info => line!(info, "access"),
            Loudness::Warn => line!(warn, "access"),
        }
    }
}

/// To the microsecond.
fn milliseconds(elapsed: Duration) -> f64 {
    let micros = u64::from((elapsed.subsec_nanos() + 500) / 1_000);
    (elapsed.as_secs() * 1_000_000 + micros) as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::{Loudness::*, *};

    #[test]
    fn loudness_table() {
        let all = AccessLog::everything().of("/x").0;
        let quiet = AccessLog::default().of("/ready").1;
        let third = AccessLog::default().one_in("/x", 3).of("/x").0;
        for (sampling, status, aborted, want) in [
            (&all, 200, false, Info),
            (&all, 404, false, Info),
            (&all, 500, false, Warn),
            (&all, 200, true, Warn),
            (&quiet, 200, false, Debug),
            (&quiet, 503, false, Debug),
            (&quiet, 200, true, Debug),
            (&quiet, 500, false, Warn),
            (&quiet, 502, false, Warn),
            (&third, 200, false, Info),
            (&third, 200, false, Debug),
            (&third, 503, false, Warn),
            (&third, 200, true, Warn),
            (&third, 200, false, Debug),
            (&third, 200, false, Info),
        ] {
            let got = loudness(sampling, status, aborted);
            assert_eq!(got, want, "{sampling:?} {status} {aborted}");
        }
    }

    #[test]
    fn the_last_word_on_a_route_counts() {
        let policy = AccessLog::default().one_in("/health", 1).others_one_in(5);
        assert!(matches!(policy.of("/health").1, Sampling::All));
        assert!(matches!(policy.of("/metrics").1, Sampling::Quiet));
        assert!(matches!(policy.of("/metrics").0, Sampling::OneIn(5, _)));
        assert!(matches!(policy.of("/orders").0, Sampling::OneIn(5, _)));
        assert!(matches!(one_in(0), Sampling::All));
    }

    #[test]
    fn what_is_sampled_is_counted_over_all_clones() {
        let policy = AccessLog::default().one_in("/x", 2);
        let (one, other) = (policy.of("/x").0, policy.clone().of("/x").0);
        assert_eq!(loudness(&one, 200, false), Info);
        assert_eq!(loudness(&other, 200, false), Debug);
    }

    #[test]
    fn a_policy_that_is_replaced_holds_for_routes_that_are_known() {
        let policy = InForce::new(AccessLog::default());
        let lines = Lines::new(&policy, "/x");
        let loud = |operations| lines.loudness(&policy, "/x", operations, (200, false));
        assert_eq!((loud(false), loud(true)), (Info, Debug));
        policy.replace(AccessLog::everything().quiet("/x"));
        assert_eq!((loud(false), loud(true)), (Debug, Debug));
        policy.replace(AccessLog::everything().one_in("/x", 2));
        assert_eq!((loud(false), loud(true), loud(false)), (Info, Debug, Info));
    }

    #[test]
    fn policies_are_equal_by_what_they_ask_for() {
        let third = || AccessLog::default().one_in("/x", 3);
        let counted = third();
        loudness(&counted.of("/x").0, 200, false);
        assert_eq!(counted, third());
        assert_ne!(counted, third().others_one_in(2));
        assert_ne!(AccessLog::default(), AccessLog::everything());
    }
}
