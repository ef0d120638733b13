//! The shape of every line: names, layout, and the parts rendered once per callsite.

use crate::json::escape;
use crate::json::time::zone_suffix;
use crate::preset::{self, Keys, Place, Preset};
use crate::redact::Redactor;
use crate::site::{Kind, Origin, hash};
use tracing_core::Level;

/// JSON lines or text for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Json,
    Pretty { ansi: bool },
}

/// The names under which context fields are given by users.
pub(crate) const CONTEXT: [&str; 5] =
    ["request_id", "user_id", "session_id", "trace_id", "span_id"];

#[derive(Debug)]
pub(crate) struct Scheme {
    pub(crate) preset: Preset,
    pub(crate) keys: &'static Keys,
    pub(crate) layout: Layout,
    pub(crate) redactor: Redactor,
    /// JSON, and no value is looked at for secrets.
    pub(crate) direct: bool,
    /// The event's own fields go into an object of their own.
    pub(crate) nested: bool,
    /// What the line starts with, up to the timestamp's digits.
    pub(crate) start: Start,
    /// Service and environment, rendered.
    identity: Vec<u8>,
    zone: String,
    pub(crate) context: [ContextKey; 5],
}

/// A context field's rendered key.
#[derive(Debug)]
pub(crate) struct ContextKey {
    /// Everything up to the id: the key, a quote, what goes before a trace id.
    pub(crate) start: Box<[u8]>,
    pub(crate) hash: u64,
}

/// The first bytes of a line, to be copied by one fixed-size move.
#[derive(Debug)]
pub(crate) struct Start {
    chunk: [u8; 32],
    len: usize,
}

impl Start {
    /// The longest timestamp key leaves room to spare.
    fn new(text: &[u8]) -> Start {
        let mut chunk = [0; 32];
        chunk[..text.len()].copy_from_slice(text);
        Start {
            chunk,
            len: text.len(),
        }
    }

    #[inline(always)]
    pub(crate) fn write(&self, line: &mut crate::json::line::Line) {
        line.chunk(&self.chunk, self.len);
    }
}

/// What a scheme is made of.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) preset: Preset,
    pub(crate) layout: Layout,
    pub(crate) redactor: Redactor,
    pub(crate) service: &'a str,
    pub(crate) environment: &'a str,
    pub(crate) offset_minutes: i32,
    pub(crate) gcp_project: Option<&'a str>,
}

/// A JSON string with its quotes.
pub(crate) fn quoted(s: &str) -> Vec<u8> {
    let mut out = vec![b'"'];
    escape::push_escaped(&mut out, s, usize::MAX);
    out.push(b'"');
    out
}

fn pair(key: &str, value: &str) -> Vec<u8> {
    [b",", &quoted(key)[..], b":", &quoted(value)].concat()
}

const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

impl Scheme {
    pub(crate) fn new(parts: Parts<'_>) -> Scheme {
        let json = parts.layout == Layout::Json;
        // The text layout has the default names whatever the preset.
        let preset = if json { parts.preset } else { Preset::Bongsu };
        let keys = preset.keys();
        let (service, environment) = (parts.service, parts.environment);
        let identity = match preset {
            _ if !json => Vec::new(),
            Preset::Bongsu => [
                pair("service_name", service),
                pair("environment", environment),
            ]
            .concat(),
            Preset::Ecs => [
                pair("ecs.version", "8.11.0"),
                pair("service.name", service),
                pair("service.environment", environment),
            ]
            .concat(),
            Preset::Otel => [
                &b",\"Resource\":{\"service.name\":"[..],
                &quoted(service),
                &pair("deployment.environment.name", environment),
                b"}",
            ]
            .concat(),
            Preset::Gcp => [
                &b",\"serviceContext\":{\"service\":"[..],
                &quoted(service),
                b"}",
                &pair("environment", environment),
            ]
            .concat(),
            Preset::Datadog => [pair("service", service), pair("env", environment)].concat(),
        };
        let mut scheme = Scheme {
            preset,
            keys,
            layout: parts.layout,
            nested: keys.nested.is_some(),
            direct: json && !parts.redactor.has_patterns(),
            redactor: parts.redactor,
            start: if json {
                Start::new(&[b"{", &quoted(keys.timestamp)[..], b":\""].concat())
            } else {
                Start::new(b"")
            },
            identity,
            zone: zone_suffix(parts.offset_minutes),
            context: std::array::from_fn(|_| ContextKey {
                start: Box::default(),
                hash: 0,
            }),
        };
        let trace_prefix = match (preset, parts.gcp_project) {
            (Preset::Gcp, Some(project)) => format!("projects/{project}/traces/"),
            _ => String::new(),
        };
        scheme.context = std::array::from_fn(|i| {
            let name = keys.context[i];
            let mut start = scheme.key_chunk(name, Kind::Plain);
            start.push(b'"');
            if CONTEXT[i] == "trace_id" {
                escape::push_escaped(&mut start, &trace_prefix, usize::MAX);
            }
            ContextKey {
                start: start.into(),
                hash: hash(name),
            }
        });
        scheme
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Scheme {
        Scheme::new(Parts {
            preset: Preset::Bongsu,
            layout: Layout::Json,
            redactor: Redactor::default(),
            service: "svc",
            environment: "test",
            offset_minutes: 0,
            gcp_project: None,
        })
    }

    /// Which of the context's keys are among these.
    pub(crate) fn context_bits(&self, hashes: impl Iterator<Item = u64>) -> u8 {
        hashes.fold(0, |bits, hash| {
            let at = self.context.iter().position(|key| key.hash == hash);
            bits | at.map_or(0, |i| 1 << i)
        })
    }

    /// The key a user's field gets: context names follow the preset, fixed keys are not for taking,
    /// and no key comes twice.
    pub(crate) fn field_name(&self, raw: &str, taken: &[String]) -> String {
        let name = match CONTEXT.iter().position(|c| *c == raw) {
            Some(i) if self.keys.nested.is_none() || i < 3 => self.keys.context[i].to_owned(),
            _ if let Some(theirs) = self.keys.renamed(raw) => theirs.to_owned(),
            // A store that makes objects of dots refuses a name with nothing between two of them.
            _ if self.keys.dotted && raw.split('.').any(str::is_empty) => {
                self.keys.aside(&raw.replace('.', "_"))
            }
            _ if self.keys.reserved(raw) => self.keys.aside(raw),
            _ => raw.to_owned(),
        };
        let clashes = |name: &str| {
            taken.iter().any(|other| self.keys.clashes(other, name)) || self.keys.reserved(name)
        };
        let mut unique = name.clone();
        // A number makes another name, but none that lies outside of an object.
        let name = match self.keys.dotted {
            true => self.keys.aside(raw),
            false => name,
        };
        let mut n = 2;
        while clashes(&unique) {
            unique = format!("{name}_{n}");
            n += 1;
        }
        unique
    }

    /// The key of an error's text, where `error` cannot be one.
    pub(crate) fn error_text(&self) -> Option<&'static str> {
        self.keys.error_text()
    }

    /// `,"key":`, or ` key=`.
    pub(crate) fn key_chunk(&self, name: &str, kind: Kind) -> Vec<u8> {
        match self.layout {
            Layout::Json => [b",", &quoted(name)[..], b":"].concat(),
            Layout::Pretty { .. } if kind == Kind::Message => Vec::new(),
            Layout::Pretty { ansi } => {
                let mut bare = Vec::new();
                escape::push_escaped(&mut bare, name, usize::MAX);
                if ansi {
                    [b" ", DIM.as_bytes(), &bare, b"=", RESET.as_bytes()].concat()
                } else {
                    [b" ", &bare[..], b"="].concat()
                }
            }
        }
    }

    /// From the timestamp's last digit to the first field.
    pub(crate) fn head(&self, level: Level, origin: &Origin<'_>) -> Vec<u8> {
        let mut out = self.zone.clone().into_bytes();
        if let Layout::Pretty { ansi } = self.layout {
            let colour = match level {
                Level::ERROR => "\x1b[31m",
                Level::WARN => "\x1b[33m",
                Level::INFO => "\x1b[32m",
                Level::DEBUG => "\x1b[34m",
                Level::TRACE => "\x1b[35m",
            };
            let mut target = Vec::new();
            escape::push_escaped(&mut target, origin.target, usize::MAX);
            let level = format!("{:>5}", level.as_str());
            out.push(b' ');
            if ansi {
                out.extend([colour, &level, RESET, " ", DIM].concat().bytes());
                out.extend(target);
                out.extend([":", RESET, " "].concat().bytes());
            } else {
                out.extend(level.bytes());
                out.push(b' ');
                out.extend(target);
                out.extend(b": ");
            }
            return out;
        }
        out.push(b'"');
        out.extend(pair(self.keys.level, self.preset.level_text(level)));
        if self.preset == Preset::Otel {
            out.extend(format!(",\"SeverityNumber\":{}", preset::severity_number(level)).bytes());
        }
        out.extend(&self.identity);
        if self.preset == Preset::Otel {
            out.extend(b",\"InstrumentationScope\":{\"name\":");
            out.extend(quoted(origin.target));
            out.push(b'}');
        } else {
            out.extend(pair(self.keys.logger, origin.target));
            out.extend(self.place(origin));
        }
        out
    }

    fn place(&self, origin: &Origin<'_>) -> Vec<u8> {
        let Some(file) = origin.file else {
            return Vec::new();
        };
        let line = origin.line.unwrap_or(0);
        match self.keys.place {
            Place::Joined(key) => pair(key, &format!("{file}:{line}")),
            Place::Split(file_key, line_key) => [
                pair(file_key, file),
                [
                    b",",
                    &quoted(line_key)[..],
                    b":",
                    line.to_string().as_bytes(),
                ]
                .concat(),
            ]
            .concat(),
            Place::Object(key) => [
                b",",
                &quoted(key)[..],
                b":{\"file\":",
                &quoted(file),
                format!(",\"line\":\"{line}\"}}").as_bytes(),
            ]
            .concat(),
        }
    }

    /// Opens the object of the event's own fields, with a first key in it, when the preset nests them.
    pub(crate) fn open(&self, origin: &Origin<'_>) -> Vec<u8> {
        let Some(nested) = self.keys.nested else {
            return Vec::new();
        };
        let first = if origin.file.is_some() {
            self.place(origin)
        } else {
            pair("code.namespace", origin.target)
        };
        [b",", &quoted(nested)[..], b":{", &first[1..]].concat()
    }

    /// Closes the line.
    pub(crate) fn tail(&self, origin: &Origin<'_>) -> Vec<u8> {
        let Layout::Pretty { ansi } = self.layout else {
            return b"}\n".to_vec();
        };
        let Some(file) = origin.file else {
            return b"\n".to_vec();
        };
        let mut place = Vec::new();
        escape::push_escaped(&mut place, file, usize::MAX);
        place.extend(format!(":{}", origin.line.unwrap_or(0)).bytes());
        if ansi {
            [b" ", DIM.as_bytes(), &place, RESET.as_bytes(), b"\n"].concat()
        } else {
            [b" (", &place[..], b")\n"].concat()
        }
    }

    /// The innermost span's name, as the function.
    pub(crate) fn function(&self, span: &str) -> Vec<u8> {
        match self.layout {
            Layout::Json => pair(self.keys.function, span),
            Layout::Pretty { .. } => {
                let mut out = self.key_chunk("in", Kind::Plain);
                escape::push_escaped(&mut out, span, usize::MAX);
                out
            }
        }
    }
}
