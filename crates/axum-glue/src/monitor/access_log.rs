use std::{num::NonZeroU32, sync::atomic::Ordering::Relaxed};

use super::exchange::{End, Exchange};

/// Routes that are asked all the time: their answers are only worth a line when somebody debugs
/// them. That a service is not ready is logged once, when it changes, by the health checks.
const PROBES: [&str; 5] = ["/health", "/ready", "/liveness", "/startup", "/metrics"];

/// Which requests have their line in the access log at level INFO; the lines of the others are at DEBUG.
///
/// Nothing that fails is left out: a status of 500 and above and a client that left are at WARN. Only a
/// route that is [`quiet`](Self::quiet) may say 503 and be left quietly, which is what probes do.
///
/// ```
/// use bongsu_axum_glue::{AccessLog, MonitorLayer};
///
/// let access_log = AccessLog::default()
///     .quiet("/internal/ping")
///     .one_in("/quotes/{symbol}", 100);
/// let layer = MonitorLayer::new().access_log(access_log);
/// ```
#[derive(Clone, Debug)]
pub struct AccessLog {
    routes: Vec<(String, Sampling)>,
    others: Sampling,
}

/// Which of a route's requests have a line at INFO.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sampling {
    /// None.
    Quiet,
    /// The first of so many.
    OneIn(NonZeroU32),
}

impl Sampling {
    const ALL: Self = Self::OneIn(NonZeroU32::MIN);
}

/// A line for everything but the probes and scrapes of `/health`, `/ready`, `/liveness`, `/startup` and
/// `/metrics`, which are quiet.
impl Default for AccessLog {
    fn default() -> Self {
        PROBES.into_iter().fold(Self::everything(), Self::quiet)
    }
}

impl AccessLog {
    /// A line for every request, probes too.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            routes: Vec::new(),
            others: Sampling::ALL,
        }
    }

    /// No line for requests to this route, as it was given to the router, unless they fail.
    #[must_use]
    pub fn quiet(mut self, endpoint: &str) -> Self {
        self.routes.push((endpoint.to_owned(), Sampling::Quiet));
        self
    }

    /// A line for the first of every `n` requests to this route, and for those that fail. 0 and 1 stand
    /// for every request. Counted for each method by itself.
    #[must_use]
    pub fn one_in(mut self, endpoint: &str, n: u32) -> Self {
        self.routes.push((endpoint.to_owned(), one_in(n)));
        self
    }

    /// A line for the first of every `n` requests to each route not named here, and for those that fail.
    #[must_use]
    pub fn others_one_in(mut self, n: u32) -> Self {
        self.others = one_in(n);
        self
    }

    /// What was said last about the route.
    pub(super) fn of(&self, endpoint: &str) -> Sampling {
        let mut said = self.routes.iter().rev();
        said.find(|(name, _)| name == endpoint)
            .map_or(self.others, |(_, sampling)| *sampling)
    }
}

fn one_in(n: u32) -> Sampling {
    NonZeroU32::new(n).map_or(Sampling::ALL, Sampling::OneIn)
}

/// How loud a line is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Loudness {
    Debug,
    Info,
    Warn,
}

/// The loudness of the line about a request that ended so; `count` are those before it that did well.
fn loudness(
    sampling: Sampling,
    status: u16,
    aborted: bool,
    count: impl FnOnce() -> u32,
) -> Loudness {
    match sampling {
        Sampling::Quiet if status < 500 || status == 503 => Loudness::Debug,
        Sampling::Quiet => Loudness::Warn,
        Sampling::OneIn(_) if status >= 500 || aborted => Loudness::Warn,
        Sampling::OneIn(NonZeroU32::MIN) => Loudness::Info,
        Sampling::OneIn(n) if count().is_multiple_of(n.get()) => Loudness::Info,
        Sampling::OneIn(_) => Loudness::Debug,
    }
}

/// Writes the one line of an exchange. The query is left out: it may carry secrets.
pub(super) fn write(exchange: &Exchange, end: &End) {
    let endpoint = &*exchange.endpoint;
    // `event!` needs its level as a constant, so each level is a callsite of its own.
    macro_rules! access {
        ($level:ident, $($ids:tt)*) => {
            tracing::$level!(
                target: "access",
                method = endpoint.method,
                endpoint = endpoint.name(),
                path = exchange.path(),
                status = end.status,
                duration_ms = end.elapsed.as_micros() as f64 / 1e3,
                request_bytes = exchange.request_bytes,
                response_bytes = exchange.response_bytes,
                aborted = end.aborted,
                $($ids)*
                "{} {} {}",
                endpoint.method,
                exchange.path(),
                end.status,
            )
        };
    }
    // The log context has the ids where there is one.
    #[cfg(feature = "logging")]
    macro_rules! line {
        ($level:ident) => {
            access!($level,)
        };
    }
    #[cfg(not(feature = "logging"))]
    macro_rules! line {
        ($level:ident) => {
            access!(
                $level,
                request_id = exchange.id.as_str(),
                trace_id = &*exchange.trace.trace_id_hex(),
            )
        };
    }
    let count = || endpoint.lines.fetch_add(1, Relaxed);
    match loudness(endpoint.sampling, end.status, end.aborted, count) {
        Loudness::Debug => line!(debug),
        Loudness::Info => line!(info),
        Loudness::Warn => line!(warn),
    }
}

#[cfg(test)]
mod tests {
    use super::{Loudness::*, *};

    #[test]
    fn loudness_table() {
        let all = AccessLog::everything().of("/x");
        let quiet = AccessLog::default().of("/ready");
        let tenth = AccessLog::default().one_in("/x", 10).of("/x");
        for (sampling, status, aborted, count, want) in [
            (all, 200, false, 3, Info),
            (all, 404, false, 3, Info),
            (all, 500, false, 3, Warn),
            (all, 200, true, 3, Warn),
            (quiet, 200, false, 0, Debug),
            (quiet, 503, false, 0, Debug),
            (quiet, 200, true, 0, Debug),
            (quiet, 500, false, 0, Warn),
            (quiet, 502, false, 0, Warn),
            (tenth, 200, false, 0, Info),
            (tenth, 200, false, 9, Debug),
            (tenth, 200, false, 10, Info),
            (tenth, 503, false, 9, Warn),
            (tenth, 200, true, 9, Warn),
        ] {
            let got = loudness(sampling, status, aborted, || count);
            assert_eq!(got, want, "{sampling:?} {status} {aborted} {count}");
        }
    }

    #[test]
    fn the_last_word_on_a_route_counts() {
        let policy = AccessLog::default().one_in("/health", 1).others_one_in(5);
        assert_eq!(policy.of("/health"), Sampling::ALL);
        assert_eq!(policy.of("/metrics"), Sampling::Quiet);
        assert_eq!(policy.of("/orders"), one_in(5));
        assert_eq!(one_in(0), Sampling::ALL);
    }
}
