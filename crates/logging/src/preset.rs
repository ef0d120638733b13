//! Field names of the log stores a service may feed; a choice made once, at build time.

use crate::LoggingError;
use std::str::FromStr;
use tracing_core::Level;

mod ecs;

/// Which names the fixed parts of a JSON line carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preset {
    /// The keys of the Python original: `timestamp level service_name environment logger message file …`.
    #[default]
    Bongsu,
    /// Elastic Common Schema 8: `@timestamp`, `log.level`, `service.name`, … A field with the name of a field
    /// set, which is an object there (`user`, `service`, `event`), goes under `labels.`; `error` is
    /// `error.message`.
    Ecs,
    /// OpenTelemetry log data model: `Timestamp`, `SeverityText`, `Body`, `Attributes {…}`.
    Otel,
    /// Google Cloud Logging: `time`, `severity`, `logging.googleapis.com/…`.
    Gcp,
    /// Datadog: `timestamp`, `status`, `service`, `env`, `dd.trace_id`, … Ids are the decimal digits of their
    /// low 64 bits; a field with a name of Datadog's own gets `field_` before it, `error` is `error.message`.
    Datadog,
}

impl FromStr for Preset {
    type Err = LoggingError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s.trim().to_ascii_lowercase().as_str() {
            "bongsu" => Ok(Preset::Bongsu),
            "ecs" => Ok(Preset::Ecs),
            "otel" | "opentelemetry" => Ok(Preset::Otel),
            "gcp" => Ok(Preset::Gcp),
            "datadog" => Ok(Preset::Datadog),
            _ => Err(LoggingError::Preset {
                given: s.to_owned(),
            }),
        }
    }
}

/// How the place in the source is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// One string, `"file":"f.rs:13"`.
    Joined(&'static str),
    /// Two keys.
    Split(&'static str, &'static str),
    /// `"key":{"file":…,"line":"13"}`.
    Object(&'static str),
}

/// How a caught error is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exception {
    /// `"exception":{"type":…,"message":…,"chain":[…],"backtrace":…}`.
    Object(&'static str),
    /// Flat keys: type, message, chain, stack.
    Flat([&'static str; 4]),
}

/// The names of one preset.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) timestamp: &'static str,
    pub(crate) level: &'static str,
    pub(crate) message: &'static str,
    pub(crate) logger: &'static str,
    pub(crate) place: Place,
    pub(crate) function: &'static str,
    /// request, user, session, trace, span.
    pub(crate) context: [&'static str; 5],
    pub(crate) exception: Exception,
    /// The object that holds the event's own fields, when they are nested.
    pub(crate) nested: Option<&'static str>,
    /// Other fixed keys, which a field may not take either.
    pub(crate) fixed: &'static [&'static str],
    /// Names that are objects in the store, which refuses a document that has a text there.
    pub(crate) objects: &'static [&'static str],
    /// What the store calls a field of these names.
    pub(crate) renamed: &'static [(&'static str, &'static str)],
    /// Where a field goes whose name is not to be had.
    pub(crate) aside: &'static str,
    /// The store makes objects of the dots in names.
    pub(crate) dotted: bool,
    /// Ids are decimal numbers of 64 bits.
    pub(crate) decimal_ids: bool,
}

/// Name spaces of Datadog's standard attributes.
const DATADOG_OBJECTS: &[&str] = &[
    "db", "dd", "error", "evt", "geoip", "http", "logger", "network", "syslog", "usr",
];

const BONGSU: Keys = Keys {
    timestamp: "timestamp",
    level: "level",
    message: "message",
    logger: "logger",
    place: Place::Joined("file"),
    function: "function",
    context: ["request_id", "user_id", "session_id", "trace_id", "span_id"],
    exception: Exception::Object("exception"),
    nested: None,
    fixed: &["service_name", "environment"],
    objects: &[],
    renamed: &[],
    aside: "field_",
    dotted: false,
    decimal_ids: false,
};

const ECS: Keys = Keys {
    timestamp: "@timestamp",
    level: "log.level",
    message: "message",
    logger: "log.logger",
    place: Place::Split("log.origin.file.name", "log.origin.file.line"),
    function: "log.origin.function",
    context: [
        "http.request.id",
        "user.id",
        "labels.session_id",
        "trace.id",
        "span.id",
    ],
    exception: Exception::Flat([
        "error.type",
        "error.message",
        "error.chain",
        "error.stack_trace",
    ]),
    nested: None,
    fixed: &["ecs.version", "service.name", "service.environment"],
    objects: ecs::OBJECTS,
    renamed: &[
        ("client_address", "client.address"),
        ("user_agent", "user_agent.original"),
    ],
    aside: "labels.",
    dotted: true,
    decimal_ids: false,
};

const OTEL: Keys = Keys {
    timestamp: "Timestamp",
    level: "SeverityText",
    message: "Body",
    logger: "InstrumentationScope",
    place: Place::Split("code.file.path", "code.line.number"),
    function: "code.function.name",
    context: ["request.id", "user.id", "session.id", "TraceId", "SpanId"],
    exception: Exception::Flat([
        "exception.type",
        "exception.message",
        "exception.chain",
        "exception.stacktrace",
    ]),
    nested: Some("Attributes"),
    fixed: &["SeverityNumber", "Resource", "Attributes"],
    objects: &[],
    renamed: &[
        ("client_address", "client.address"),
        ("user_agent", "user_agent.original"),
    ],
    aside: "field_",
    dotted: false,
    decimal_ids: false,
};

const GCP: Keys = Keys {
    timestamp: "time",
    level: "severity",
    message: "message",
    logger: "logger",
    place: Place::Object("logging.googleapis.com/sourceLocation"),
    function: "function",
    context: [
        "request_id",
        "user_id",
        "session_id",
        "logging.googleapis.com/trace",
        "logging.googleapis.com/spanId",
    ],
    exception: Exception::Object("exception"),
    nested: None,
    fixed: &[
        "serviceContext",
        "environment",
        "timestamp",
        "timestampSeconds",
        "timestampNanos",
    ],
    objects: &[
        "httpRequest",
        "logging.googleapis.com/labels",
        "logging.googleapis.com/operation",
    ],
    renamed: &[],
    aside: "field_",
    dotted: false,
    decimal_ids: false,
};

const DATADOG: Keys = Keys {
    timestamp: "timestamp",
    level: "status",
    message: "message",
    logger: "logger.name",
    place: Place::Split("logger.file", "logger.line"),
    function: "logger.method_name",
    context: [
        "http.request_id",
        "usr.id",
        "usr.session_id",
        "dd.trace_id",
        "dd.span_id",
    ],
    exception: Exception::Flat(["error.kind", "error.message", "error.chain", "error.stack"]),
    nested: None,
    fixed: &[
        "service",
        "env",
        "host",
        "source",
        "version",
        "date",
        "ddsource",
        "ddtags",
        "hostname",
        // Read as the time before ours.
        "@timestamp",
    ],
    objects: DATADOG_OBJECTS,
    renamed: &[
        ("client_address", "network.client.ip"),
        ("user_agent", "http.useragent"),
    ],
    aside: "field_",
    dotted: true,
    decimal_ids: true,
};

impl Preset {
    pub(crate) fn keys(self) -> &'static Keys {
        match self {
            Preset::Bongsu => &BONGSU,
            Preset::Ecs => &ECS,
            Preset::Otel => &OTEL,
            Preset::Gcp => &GCP,
            Preset::Datadog => &DATADOG,
        }
    }

    /// The level's text under this preset.
    pub(crate) fn level_text(self, level: Level) -> &'static str {
        let upper = level.as_str();
        match self {
            Preset::Bongsu | Preset::Otel => upper,
            Preset::Ecs | Preset::Datadog => lower(level),
            Preset::Gcp => match level {
                Level::ERROR => "ERROR",
                Level::WARN => "WARNING",
                Level::INFO => "INFO",
                _ => "DEBUG",
            },
        }
    }
}

/// The level in lower case.
pub(crate) fn lower(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// OpenTelemetry's SeverityNumber.
pub(crate) fn severity_number(level: Level) -> u8 {
    match level {
        Level::ERROR => 17,
        Level::WARN => 13,
        Level::INFO => 9,
        Level::DEBUG => 5,
        Level::TRACE => 1,
    }
}

impl Keys {
    /// The keys that bongsu itself writes, the context's left out.
    fn own(&self) -> impl Iterator<Item = &'static str> {
        let place = match self.place {
            Place::Joined(a) | Place::Object(a) => [a, a],
            Place::Split(a, b) => [a, b],
        };
        let exception = match self.exception {
            Exception::Object(a) => [a; 4],
            Exception::Flat(all) => all,
        };
        let first = [
            self.timestamp,
            self.level,
            self.message,
            self.logger,
            self.function,
            "truncated",
            "suppressed",
        ];
        let fixed = self.fixed.iter().copied();
        first.into_iter().chain(place).chain(exception).chain(fixed)
    }

    /// Whether a user's field may not carry this key as it is.
    pub(crate) fn reserved(&self, name: &str) -> bool {
        self.objects.contains(&name)
            || self.own().any(|key| self.clashes(key, name))
            || self.dotted
                && self
                    .context
                    .iter()
                    .any(|key| *key != name && self.clashes(key, name))
    }

    /// Whether two keys cannot stand in one document: they are the same, or one would be a text and an
    /// object at once.
    pub(crate) fn clashes(&self, one: &str, other: &str) -> bool {
        let inside = |long: &str, short: &str| {
            long.strip_prefix(short)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        one == other || self.dotted && (inside(one, other) || inside(other, one))
    }

    /// What the store calls a field of this name, if it has a name for it.
    pub(crate) fn renamed(&self, name: &str) -> Option<&'static str> {
        let mut renamed = self.renamed.iter();
        renamed
            .find(|(ours, _)| *ours == name)
            .map(|(_, theirs)| *theirs)
    }

    /// The key of a field that cannot have its own.
    pub(crate) fn aside(&self, raw: &str) -> String {
        let name = match self.dotted {
            true => raw.replace('.', "_"),
            false => raw.to_owned(),
        };
        let name = if name.is_empty() { "unnamed" } else { &name };
        format!("{}{name}", self.aside)
    }

    /// The key of an error's text in a store where `error` is an object.
    pub(crate) fn error_text(&self) -> Option<&'static str> {
        match self.exception {
            Exception::Flat([_, message, ..]) if self.objects.contains(&"error") => Some(message),
            _ => None,
        }
    }
}
