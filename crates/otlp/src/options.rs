//! Where to, and within which bounds.

use std::fmt;
use std::time::Duration;

use bongsu_secret::Secret;
use bongsu_trace::Sampler;

use crate::attributes::Attributes;
use crate::batch::Limits;

/// One of the three kinds of things that are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
    /// Lines of the log.
    Logs,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// The path behind a receiver's base URL.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
            Self::Logs => "v1/logs",
        }
    }

    /// The method that takes it over gRPC.
    pub(crate) const fn method(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a receiver is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Protocol Buffers over HTTP/1.1, on a receiver's port 4318 as a rule.
    #[default]
    HttpProtobuf,
    /// gRPC, on a receiver's port 4317 as a rule. The URL's path is not looked at.
    Grpc,
}

/// Who receives one of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Receiver {
    /// The whole URL; it may hold a password.
    pub url: Secret,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Headers of each request; their values are secrets.
    pub headers: Vec<(String, Secret)>,
    /// How long an answer may take. Default 10 s.
    pub timeout: Duration,
    /// Whether requests are compressed with gzip. Default no.
    pub gzip: bool,
    /// Certificates in PEM that are trusted besides the system's.
    pub certificates: Option<Vec<u8>>,
    /// What is shown to a receiver that asks who calls.
    pub identity: Option<Identity>,
}

/// A certificate of one's own and its key, both in PEM.
#[derive(Clone)]
pub struct Identity {
    pub(crate) certificates: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

impl Identity {
    /// The certificate, with those between it and the authority behind it, and its key.
    #[must_use]
    pub fn new(certificates: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        Self {
            certificates: certificates.into(),
            key: key.into(),
        }
    }
}

/// Without the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Receiver {
    /// A receiver at this URL, asked as it is.
    #[must_use]
    pub fn new(url: impl Into<Secret>) -> Self {
        Self {
            url: url.into(),
            protocol: Protocol::default(),
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            gzip: false,
            certificates: None,
            identity: None,
        }
    }

    /// The receiver of a signal at the base URL that is for all of them.
    #[must_use]
    pub fn at_base(base: &Secret, signal: Signal) -> Self {
        let base = base.expose().trim_end_matches('/');
        Self::new(Secret::new(format!("{base}/{}", signal.path())))
    }
}

/// What is exported, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Who receives spans, if anybody does.
    pub traces: Option<Receiver>,
    /// Who receives metrics.
    pub metrics: Option<Receiver>,
    /// Who receives lines of the log.
    pub logs: Option<Receiver>,
    /// What is said of the service with all of it: `service.name` and the like.
    pub resource: Attributes,
    /// Which traces are chosen at their head.
    pub sampler: Sampler,
    /// From what time on a trace is kept that was not chosen. Default 1 s.
    pub slow: Duration,
    /// The bounds of what waits.
    pub limits: Limits,
}

impl Options {
    /// Nobody receives anything yet.
    #[must_use]
    pub fn new(resource: Attributes) -> Self {
        Self {
            traces: None,
            metrics: None,
            logs: None,
            resource,
            sampler: Sampler::default(),
            slow: Duration::from_secs(1),
            limits: Limits::default(),
        }
    }

    pub(crate) const fn receiver(&self, signal: Signal) -> Option<&Receiver> {
        match signal {
            Signal::Traces => self.traces.as_ref(),
            Signal::Metrics => self.metrics.as_ref(),
            Signal::Logs => self.logs.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signals_place_below_a_base() {
        for (base, want) in [
            ("http://h:4318", "http://h:4318/v1/traces"),
            ("http://h:4318/", "http://h:4318/v1/traces"),
            ("https://h/otlp/", "https://h/otlp/v1/traces"),
        ] {
            let receiver = Receiver::at_base(&Secret::new(base), Signal::Traces);
            assert_eq!(receiver.url.expose(), want);
            assert!(!format!("{receiver:?}").contains("h:4318"));
        }
    }
}
