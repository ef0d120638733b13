//! Any event at all, decoded from bytes; shared by the property test and the fuzz target.
//!
//! The property: an event gives exactly one line, within its length, that serde_json reads back, with no key
//! twice and the fixed keys unforged; and the event after it is none the worse.

use bongsu_logging::{Capture, LogContext, LoggingConfig, Preset};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};
use tracing_core::field::{FieldSet, Value};
use tracing_core::metadata::Kind;
use tracing_core::{Callsite, Event, Interest, Level, Metadata};

const FIELDS: usize = 5;

/// Names that mean something to somebody, and some that mean trouble.
const NAMES: &[&str] = &[
    "message",
    "timestamp",
    "level",
    "service_name",
    "environment",
    "logger",
    "file",
    "function",
    "exception",
    "error_type",
    "truncated",
    "suppressed",
    "request_id",
    "user_id",
    "trace_id",
    "span_id",
    "field_level",
    "field_level_2",
    "level_2",
    "a",
    "a",
    "b",
    "r#type",
    "password",
    "access_token",
    "Body",
    "Attributes",
    "Timestamp",
    "SeverityText",
    "@timestamp",
    "log.level",
    "service.name",
    "error.message",
    "severity",
    "time",
    "status",
    "dd.trace_id",
    "error",
    "user",
    "service",
    "logger",
    "http",
    "http.request",
    "labels",
    "usr",
    "log.target",
    "log.file",
    "log.line",
    "quote\"back\\slash",
    "new\nline",
    "열쇠",
    "",
    "a_name_that_is_longer_than_any_buffer_of_thirty_two_bytes",
];

const LEVELS: [Level; 5] = [
    Level::ERROR,
    Level::WARN,
    Level::INFO,
    Level::DEBUG,
    Level::TRACE,
];

const PRESETS: [Preset; 5] = [
    Preset::Bongsu,
    Preset::Ecs,
    Preset::Otel,
    Preset::Gcp,
    Preset::Datadog,
];

/// A user's value.
#[derive(Debug)]
enum Any {
    Absent,
    Text(String),
    /// A `Debug` that comes in pieces, and then perhaps fails or panics.
    Shown(Shown),
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F64(f64),
    Bool(bool),
    Bytes(Vec<u8>),
    Error(Chain),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Fine,
    Fails,
    Panics,
}

struct Shown {
    pieces: Vec<String>,
    end: End,
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            f.write_str(piece)?;
        }
        match self.end {
            End::Fine => Ok(()),
            End::Fails => Err(fmt::Error),
            End::Panics => panic!("a user's Debug"),
        }
    }
}

#[derive(Debug)]
struct Chain {
    shown: Shown,
    source: Option<Box<Chain>>,
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.shown, f)
    }
}

impl Error for Chain {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|c| c as &(dyn Error + 'static))
    }
}

/// Reads decisions from bytes; zeros when they run out.
struct Bytes<'a>(&'a [u8], bool);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.byte()) % from.len()]
    }

    fn number(&mut self) -> u128 {
        (0..self.byte() % 17).fold(0, |n, _| n << 8 | u128::from(self.byte()))
    }

    fn text(&mut self) -> String {
        let n = usize::from(self.byte()).min(self.0.len());
        let (text, rest) = self.0.split_at(n);
        self.0 = rest;
        let text = String::from_utf8_lossy(text).into_owned();
        // Now and then something that cannot fit.
        match self.byte() {
            0..4 => text.repeat(300),
            _ => text,
        }
    }

    fn shown(&mut self) -> Shown {
        Shown {
            pieces: (0..self.byte() % 4).map(|_| self.text()).collect(),
            end: match self.byte() {
                0..20 => End::Fails,
                20..40 if self.1 => End::Panics,
                _ => End::Fine,
            },
        }
    }

    fn any(&mut self) -> Any {
        match self.byte() % 11 {
            0 => Any::Absent,
            1 => Any::Text(self.text()),
            2 => Any::Shown(self.shown()),
            3 => Any::I64(self.number() as i64),
            4 => Any::U64(self.number() as u64),
            5 => Any::I128(self.number() as i128),
            6 => Any::U128(self.number()),
            7 => Any::F64(f64::from_bits(self.number() as u64)),
            8 => Any::Bool(self.byte() & 1 == 0),
            9 => Any::Bytes(self.text().into_bytes()),
            _ => {
                let mut chain = Chain {
                    shown: self.shown(),
                    source: None,
                };
                for _ in 0..self.byte() % 20 {
                    chain = Chain {
                        shown: self.shown(),
                        source: Some(Box::new(chain)),
                    };
                }
                Any::Error(chain)
            }
        }
    }
}

impl Any {
    fn with<R>(&self, f: impl FnOnce(Option<&dyn Value>) -> R) -> R {
        match self {
            Any::Absent => f(None),
            Any::Text(v) => f(Some(v)),
            Any::Shown(v) => f(Some(&tracing_core::field::debug(v))),
            Any::I64(v) => f(Some(v)),
            Any::U64(v) => f(Some(v)),
            Any::I128(v) => f(Some(v)),
            Any::U128(v) => f(Some(v)),
            Any::F64(v) => f(Some(v)),
            Any::Bool(v) => f(Some(v)),
            Any::Bytes(v) => f(Some(&v.as_slice())),
            Any::Error(v) => f(Some(&(v as &(dyn Error + 'static)))),
        }
    }
}

/// A callsite made at run time. It is never freed, as callsites never are; there is a bound on them.
struct Made(OnceLock<Metadata<'static>>);

impl Callsite for Made {
    fn set_interest(&self, _: Interest) {}
    fn metadata(&self) -> &Metadata<'_> {
        self.0.get().expect("set when made")
    }
}

type Shape = (bool, Level, [&'static str; FIELDS]);

fn callsite(shape: Shape) -> &'static Metadata<'static> {
    const MOST: usize = 20_000;
    static ALL: Mutex<Option<HashMap<Shape, &'static Metadata<'static>>>> = Mutex::new(None);
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.get_or_insert_default();
    if let Some(known) = all.get(&shape) {
        return known;
    }
    if all.len() >= MOST
        && let Some(other) = all.values().find(|m| m.is_span() == shape.0)
    {
        return other;
    }
    let (span, level, names) = shape;
    let made: &'static Made = Box::leak(Box::new(Made(OnceLock::new())));
    let fields = FieldSet::new(
        Box::leak(Box::new(names)),
        tracing_core::identify_callsite!(made),
    );
    let kind = if span { Kind::SPAN } else { Kind::EVENT };
    let meta = made.0.get_or_init(|| {
        Metadata::new(
            "any \"name\"",
            "any\ntarget",
            level,
            Some("any.rs"),
            Some(7),
            None,
            fields,
            kind,
        )
    });
    all.insert(shape, meta);
    meta
}

/// Calls `f` with the values set on the callsite's fields.
fn with_values<R>(
    meta: &'static Metadata<'static>,
    values: &[Any; FIELDS],
    f: impl FnOnce(&tracing_core::field::ValueSet<'_>) -> R,
) -> R {
    let fields: Vec<_> = meta.fields().iter().collect();
    let [f0, f1, f2, f3, f4] = fields.as_slice() else {
        unreachable!("every made callsite has five fields")
    };
    let [a, b, c, d, e] = values;
    a.with(|a| {
        b.with(|b| {
            c.with(|c| {
                d.with(|d| {
                    e.with(|e| {
                        f(&meta
                            .fields()
                            .value_set(&[(f0, a), (f1, b), (f2, c), (f3, d), (f4, e)]))
                    })
                })
            })
        })
    })
}

/// An object with its keys as they come.
struct Pairs(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// Logs what the bytes say and checks the property.
pub(crate) fn check(bytes: &[u8], may_panic: bool) {
    let mut bytes = Bytes(bytes, may_panic);
    let preset = bytes.pick(&PRESETS);
    let level = bytes.pick(&LEVELS);
    let names = |bytes: &mut Bytes<'_>| std::array::from_fn(|_| bytes.pick(NAMES));
    let span = callsite((true, Level::INFO, names(&mut bytes)));
    let event = callsite((false, level, names(&mut bytes)));
    let level = *event.level();
    let limit = 1_024 + usize::from(bytes.byte()) * 64;
    let with_patterns = bytes.byte() & 7 == 0;
    let context = LogContext {
        request_id: (bytes.byte() & 1 == 0).then(|| bytes.text()),
        trace_id: (bytes.byte() & 1 == 0).then(|| bytes.text()),
        ..LogContext::new()
    };
    let span_values: [Any; FIELDS] = std::array::from_fn(|_| bytes.any());
    let event_values: [Any; FIELDS] = std::array::from_fn(|_| bytes.any());

    let capture = Capture::new();
    let mut config = LoggingConfig::new("svc", "test")
        .level("trace")
        .preset(preset)
        .max_line_bytes(limit)
        .buffer_bytes(1 << 20)
        .capture(&capture);
    if with_patterns {
        config = config.redact_pattern("S3CRET[0-9]+");
    }
    config.build().expect("valid").with_default(|| {
        let span = with_values(span, &span_values, |v| tracing::Span::new(span, v));
        context.sync_scope(|| {
            span.in_scope(|| with_values(event, &event_values, |v| Event::dispatch(event, v)));
        });
        tracing::info!("after");
    });

    let text = capture.text();
    let lines: Vec<&str> = text.split_terminator('\n').collect();
    assert_eq!(lines.len(), 2, "{text}");
    for (line, level) in lines.iter().zip([level, Level::INFO]) {
        assert!(
            line.len() < limit,
            "{} bytes of {limit}: {line}",
            line.len()
        );
        check_line(line, preset, level);
    }
    let after: Json = serde_json::from_str(lines[1]).expect("checked");
    let message = if preset == Preset::Otel {
        "Body"
    } else {
        "message"
    };
    assert_eq!(after[message], "after", "{text}");
}

fn check_line(line: &str, preset: Preset, level: Level) {
    let Pairs(pairs) = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    let unique = |pairs: &[(String, Json)]| {
        let mut keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        assert!(keys.is_sorted_by(|a, b| a < b), "a key comes twice: {line}");
    };
    unique(&pairs);
    if matches!(preset, Preset::Ecs | Preset::Datadog) {
        for (one, _) in &pairs {
            let inside = format!("{one}.");
            let clash = pairs.iter().find(|(other, _)| other.starts_with(&inside));
            assert_eq!(clash, None, "{one} is a text and an object: {line}");
        }
    }
    let get = |name: &str| {
        let found = pairs.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value)
            .unwrap_or_else(|| panic!("no {name}: {line}"))
    };
    if preset == Preset::Otel {
        let start = line.find("\"Attributes\":").expect("always there") + "\"Attributes\":".len();
        let mut inner = serde_json::Deserializer::from_str(&line[start..]);
        let Pairs(inner) = Pairs::deserialize(&mut inner).expect("an object");
        unique(&inner);
    }
    let (stamp, level_key, service_key) = match preset {
        Preset::Ecs => ("@timestamp", "log.level", "service.name"),
        Preset::Otel => ("Timestamp", "SeverityText", "Resource"),
        Preset::Gcp => ("time", "severity", "serviceContext"),
        Preset::Datadog => ("timestamp", "status", "service"),
        _ => ("timestamp", "level", "service_name"),
    };
    assert!(
        get(stamp)
            .as_str()
            .is_some_and(|s| s.len() == 27 && s.ends_with('Z')),
        "{line}"
    );
    let want = match (preset, level) {
        (Preset::Gcp, Level::WARN) => "WARNING".to_owned(),
        (Preset::Gcp, Level::TRACE) => "DEBUG".to_owned(),
        (Preset::Ecs | Preset::Datadog, level) => level.to_string().to_lowercase(),
        (_, level) => level.to_string(),
    };
    assert_eq!(get(level_key), &Json::from(want), "{line}");
    let service = get(service_key);
    let name = service.as_str().or_else(|| {
        service
            .get("service")
            .or_else(|| service.get("service.name"))
            .and_then(Json::as_str)
    });
    assert_eq!(name, Some("svc"), "{line}");
}
