//! Lines of each preset, held against what the stores publish that they take: names, types, nesting.

use bongsu_logging::{Capture, LogContext, Preset};
use serde_json::{Map, Value};
use tracing::{Level, info_span};

use crate::lines::{config, parse};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

/// Lines with all that bongsu writes itself, what services write most, and names that stores have given away: a line a
/// level, then one of an error alone.
fn lines(preset: Preset) -> Vec<Value> {
    let capture = Capture::new();
    let config = config(&capture).preset(preset).gcp_project("desk-1");
    config.build().unwrap().with_default(|| {
        let context = LogContext::new()
            .request_id("req-1")
            .user_id("kim")
            .session_id("s-1")
            .trace_id(TRACE)
            .span_id(SPAN);
        context.sync_scope(|| {
            let _span = info_span!("fill", order.id = 7, user = "kim", http.response = 1).entered();
            macro_rules! line {
                ($level:ident) => {
                    tracing::event!(
                        Level::$level,
                        method = "GET",
                        path = "/orders/7",
                        status = 503,
                        duration_ms = 1.25,
                        client_address = "203.0.113.9",
                        user_agent = "desk/1",
                        aborted = false,
                        error = %Refused,
                        service = "s",
                        host = "h",
                        source = "s",
                        labels = "l",
                        event = "filled",
                        log.origin = "o",
                        http.request.body = "b",
                        process.thread = 3,
                        tags = "t",
                        severity = "low",
                        time = 3,
                        timestamp = 4,
                        "@timestamp" = 5,
                        date = 6,
                        httpRequest = "GET /",
                        "logging.googleapis.com/labels" = "x",
                        "logging.googleapis.com/operation" = "x",
                        "of them"
                    )
                };
            }
            line!(TRACE);
            line!(DEBUG);
            line!(INFO);
            line!(WARN);
            line!(ERROR);
            tracing::error!(error = &Refused as &dyn std::error::Error, "failed");
        });
    });
    parse(&capture)
}

/// What a store takes under a name.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Number,
    Time,
    Address,
    Object,
    /// Letters of hex.
    Hex(usize),
    /// A number of 64 bits as digits.
    Digits,
    OneOf(&'static [&'static str]),
}

impl Kind {
    fn takes(self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Text => text.is_some(),
            Self::Number => value.is_i64() || value.is_u64(),
            Self::Time => text.is_some_and(is_rfc_3339),
            Self::Address => text.is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok()),
            Self::Object => value.is_object(),
            Self::Hex(letters) => text.is_some_and(|text| {
                text.len() == letters && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            }),
            Self::Digits => text.is_some_and(|text| text.parse::<u64>().is_ok()),
            Self::OneOf(words) => text.is_some_and(|text| words.contains(&text)),
        }
    }
}

/// A time of RFC 3339, in UTC.
fn is_rfc_3339(text: &str) -> bool {
    let form = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
    let form: Vec<u8> = text.bytes().map(form).collect();
    form.starts_with(b"0000-00-00T00:00:00.000") && form.ends_with(b"0Z")
}

/// What is there under a name with dots, or with slashes within one.
fn find<'a>(line: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(line, |value, name| value.get(name))
}

#[track_caller]
fn check(line: &Value, path: &[&str], kind: Kind) {
    let value = find(line, path).unwrap_or_else(|| panic!("no {path:?} in {line}"));
    assert!(kind.takes(value), "{path:?} is no {kind:?}: {value}");
}

/// As Elasticsearch and Datadog read names with dots: as objects in objects.
fn unfolded(line: &Value) -> Value {
    let mut all = Map::new();
    for (key, value) in line.as_object().unwrap() {
        let mut place = &mut all;
        let (path, last) = key.rsplit_once('.').unwrap_or(("", key));
        for name in path.split('.').filter(|name| !name.is_empty()) {
            let inner = place.entry(name).or_insert_with(|| Map::new().into());
            place = inner
                .as_object_mut()
                .unwrap_or_else(|| panic!("{key} lies in a text: {line}"));
        }
        let before = place.insert(last.to_owned(), value.clone());
        assert!(before.is_none(), "{key} is there twice: {line}");
    }
    all.into()
}

/// Types of `generated/ecs/ecs_flat.yml` of Elastic Common Schema 9.4 (github.com/elastic/ecs): `keyword` and the kinds of
/// text are texts, `long` is a number.
#[test]
fn elasticsearch() {
    use Kind::{Number, Object, OneOf, Text, Time};
    let fields: &[(&str, Kind)] = &[
        ("@timestamp", Time),
        ("message", Text),
        ("tags", Text),
        ("labels", Object),
        (
            "log.level",
            OneOf(&["trace", "debug", "info", "warn", "error"]),
        ),
        ("log.logger", Text),
        ("log.origin.file.name", Text),
        ("log.origin.file.line", Number),
        ("log.origin.function", Text),
        ("ecs.version", Text),
        ("service.name", Text),
        ("service.environment", Text),
        ("http.request.id", Text),
        ("user.id", Text),
        ("trace.id", Kind::Hex(32)),
        ("span.id", Kind::Hex(16)),
        ("error.message", Text),
        ("client.address", Text),
        ("user_agent.original", Text),
    ];
    // Field sets, and objects within them: a text there is refused.
    let objects = [
        "agent",
        "client",
        "cloud",
        "container",
        "destination",
        "device",
        "dns",
        "ecs",
        "error",
        "event",
        "faas",
        "file",
        "group",
        "host",
        "http",
        "http.request",
        "http.request.body",
        "http.response",
        "http.response.body",
        "labels",
        "log",
        "log.file",
        "log.origin",
        "log.origin.file",
        "log.syslog",
        "network",
        "observer",
        "orchestrator",
        "organization",
        "package",
        "process",
        "process.parent",
        "process.thread",
        "process.tty",
        "registry",
        "related",
        "rule",
        "server",
        "service",
        "service.node",
        "source",
        "span",
        "threat",
        "tls",
        "trace",
        "transaction",
        "url",
        "user",
        "user.effective",
        "user_agent",
        "user_agent.os",
        "volume",
        "vulnerability",
    ];
    let lines = lines(Preset::Ecs);
    for line in &lines {
        let line = unfolded(line);
        for object in objects {
            let path: Vec<_> = object.split('.').collect();
            let there = find(&line, &path);
            assert!(there.is_none_or(Value::is_object), "{object}: {line}");
        }
        assert!(
            line["labels"]
                .as_object()
                .unwrap()
                .values()
                .all(|it| !it.is_object())
        );
    }
    for (name, kind) in fields {
        let path: Vec<_> = name.split('.').collect();
        for line in &lines[..5] {
            check(&unfolded(line), &path, *kind);
        }
    }
    let failed = unfolded(&lines[5]);
    for name in ["type", "message"] {
        check(&failed, &["error", name], Text);
    }
}

/// Reserved and standard attributes
/// (docs.datadoghq.com/logs/log_configuration/attributes_naming_convention), and ids as
/// docs.datadoghq.com/tracing/other_telemetry/connect_logs_and_traces/opentelemetry asks for them.
#[test]
fn datadog() {
    use Kind::{Address, Digits, OneOf, Text, Time};
    let fields: &[(&str, Kind)] = &[
        ("timestamp", Time),
        // The remapper of status goes by the first letters.
        (
            "status",
            OneOf(&["trace", "debug", "info", "warn", "error"]),
        ),
        ("service", Text),
        ("env", Text),
        ("message", Text),
        ("logger.name", Text),
        ("logger.method_name", Text),
        ("usr.id", Text),
        ("http.request_id", Text),
        ("http.useragent", Text),
        ("network.client.ip", Address),
        ("error.message", Text),
        ("dd.trace_id", Digits),
        ("dd.span_id", Digits),
    ];
    let lines = lines(Preset::Datadog);
    for line in &lines[..5] {
        let line = unfolded(line);
        for (name, kind) in fields {
            check(&line, &name.split('.').collect::<Vec<_>>(), *kind);
        }
        // A service's own field names no host, no source, no time.
        for name in ["host", "source", "date", "@timestamp", "ddtags", "trace_id"] {
            assert!(line.get(name).is_none(), "{name}: {line}");
        }
        assert_eq!(line["service"], "svc");
    }
    let failed = unfolded(&lines[5]);
    for name in ["kind", "message"] {
        check(&failed, &["error", name], Text);
    }
}

/// The special fields of structured logging (docs.cloud.google.com/logging/docs/agent/logging/configuration#special-fields),
/// with the types of LogEntry (docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry).
#[test]
fn google_cloud() {
    use Kind::{Digits, Hex, Object, OneOf, Text, Time};
    let special = "logging.googleapis.com/";
    let severities = OneOf(&[
        "DEFAULT",
        "DEBUG",
        "INFO",
        "NOTICE",
        "WARNING",
        "ERROR",
        "CRITICAL",
        "ALERT",
        "EMERGENCY",
    ]);
    for line in lines(Preset::Gcp) {
        check(&line, &["time"], Time);
        check(&line, &["severity"], severities);
        check(&line, &["message"], Text);
        check(&line, &["serviceContext", "service"], Text);
        let place = format!("{special}sourceLocation");
        check(&line, &[&place, "file"], Text);
        check(&line, &[&place, "line"], Digits);
        check(&line, &[&format!("{special}spanId")], Hex(16));
        let trace = line[&format!("{special}trace")].as_str().unwrap();
        assert_eq!(trace, format!("projects/desk-1/traces/{TRACE}"));
        for object in [
            "httpRequest",
            "logging.googleapis.com/labels",
            "logging.googleapis.com/operation",
        ] {
            let there = line.get(object);
            assert!(there.is_none_or(|it| Object.takes(it)), "{object}: {line}");
        }
        // Other words for the time, which an agent would read.
        for name in ["timestamp", "timestampSeconds", "timestampNanos"] {
            assert!(line.get(name).is_none(), "{name}: {line}");
        }
    }
}

/// The fields of the log data model (opentelemetry.io/docs/specs/otel/logs/data-model), attributes by the semantic
/// conventions 1.37.
#[test]
fn opentelemetry() {
    use Kind::{Hex, Number, Object, OneOf, Text, Time};
    let lines = lines(Preset::Otel);
    for line in &lines {
        check(line, &["Timestamp"], Time);
        let words = OneOf(&["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]);
        check(line, &["SeverityText"], words);
        check(line, &["SeverityNumber"], Number);
        check(line, &["Body"], Text);
        check(line, &["Resource", "service.name"], Text);
        check(line, &["InstrumentationScope", "name"], Text);
        check(line, &["TraceId"], Hex(32));
        check(line, &["SpanId"], Hex(16));
        check(line, &["Attributes"], Object);
        check(line, &["Attributes", "code.file.path"], Text);
        check(line, &["Attributes", "code.line.number"], Number);
        check(line, &["Attributes", "user.id"], Text);
        check(line, &["Attributes", "session.id"], Text);
        let known = [
            "Timestamp",
            "SeverityText",
            "SeverityNumber",
            "Body",
            "Resource",
            "InstrumentationScope",
            "TraceId",
            "SpanId",
            "Attributes",
        ];
        let strangers = line.as_object().unwrap().keys();
        let mut strangers = strangers.filter(|key| !known.contains(&key.as_str()));
        assert_eq!(strangers.next(), None, "{line}");
    }
    for line in &lines[..5] {
        check(line, &["Attributes", "client.address"], Kind::Address);
        check(line, &["Attributes", "user_agent.original"], Text);
    }
    let numbers = lines[..5]
        .iter()
        .map(|line| line["SeverityNumber"].as_u64());
    assert!(numbers.eq([1, 5, 9, 13, 17].map(Some)));
    check(&lines[5], &["Attributes", "exception.type"], Text);
}

/// The names that Loki's parser `json` makes labels of: letters, digits and underscores, no two alike
/// (grafana.com/docs/loki/latest/query/log_queries/#json).
#[test]
fn loki() {
    let lines = lines(Preset::Bongsu);
    for line in &lines {
        check(line, &["timestamp"], Kind::Time);
        let object = line.as_object().unwrap();
        let labels = object
            .iter()
            .flat_map(|(key, value)| match value.as_object() {
                Some(inner) => inner.keys().map(|name| format!("{key}_{name}")).collect(),
                None => vec![key.clone()],
            });
        let mut labels: Vec<String> = labels
            .map(|key| key.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"))
            .collect();
        labels.sort();
        let all = labels.len();
        labels.dedup();
        assert_eq!(labels.len(), all, "{line}");
        assert!(
            labels
                .iter()
                .all(|label| !label.starts_with(|c: char| c.is_ascii_digit()))
        );
    }
    let words = Kind::OneOf(&["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]);
    for line in &lines {
        // Its detection of levels knows these words.
        check(line, &["level"], words);
        check(line, &["service_name"], Kind::Text);
    }
}
