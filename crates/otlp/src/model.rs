//! What is sent, and its form on the wire: the messages of `opentelemetry/proto/{trace,metrics,logs}/v1`.

use std::borrow::Cow;
use std::time::Duration;

use bongsu_trace::TraceParent;
use jiff::Timestamp;

use crate::attributes::{Attributes, cut};
use crate::wire::Message;

/// Whose work a span is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpanKind {
    /// The service's own.
    #[default]
    Internal,
    /// A request that it answers.
    Server,
    /// A call that it makes.
    Client,
}

/// One step of a trace, over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Span {
    /// Trace and span, and whether the trace was chosen at its head.
    pub ids: TraceParent,
    /// The span around it.
    pub parent: Option<u64>,
    /// Whether that one is another service's.
    pub remote_parent: bool,
    /// A few words without ids in them.
    pub name: Cow<'static, str>,
    /// Whose work it is.
    pub kind: SpanKind,
    /// When it was over.
    pub end: Timestamp,
    /// How long it took.
    pub elapsed: Duration,
    /// What is known of it.
    pub attributes: Attributes,
    /// Why it failed; an empty text where that is not known.
    pub error: Option<String>,
}

impl Span {
    /// A span that went well and of which nothing more is known.
    #[must_use]
    pub fn new(
        ids: TraceParent,
        name: impl Into<Cow<'static, str>>,
        end: Timestamp,
        elapsed: Duration,
    ) -> Self {
        Self {
            ids,
            parent: None,
            remote_parent: false,
            name: name.into(),
            kind: SpanKind::default(),
            end,
            elapsed,
            attributes: Attributes::new(),
            error: None,
        }
    }

    /// Field 2 of `ScopeSpans`.
    pub(crate) fn write(&self, m: &mut Message) {
        let end = nanos(self.end);
        let took = u64::try_from(self.elapsed.as_nanos()).unwrap_or(u64::MAX);
        m.inside(2, |m| {
            m.bytes(1, &self.ids.trace_id.to_be_bytes());
            m.bytes(2, &self.ids.span_id.to_be_bytes());
            if let Some(parent) = self.parent {
                m.bytes(4, &parent.to_be_bytes());
            }
            m.text(5, cut(&self.name));
            m.uint(
                6,
                match self.kind {
                    SpanKind::Internal => 1,
                    SpanKind::Server => 2,
                    SpanKind::Client => 3,
                },
            );
            m.fixed64(7, end.saturating_sub(took));
            m.fixed64(8, end);
            self.attributes.write(m, 9, Some(10));
            if let Some(error) = &self.error {
                m.inside(15, |m| {
                    m.text(2, cut(error));
                    m.uint(3, 2);
                });
            }
            // Bit 8 says that bit 9 is known: whether the parent is somebody else's.
            let remote = if self.remote_parent { 0x300 } else { 0x100 };
            m.fixed32(16, remote | u32::from(self.ids.sampled));
        });
    }
}

/// A line of the log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogRecord {
    /// When it was written.
    pub at: Timestamp,
    /// OpenTelemetry's number, 1 to 24, and the level's word.
    pub severity: (u8, &'static str),
    /// The message.
    pub body: String,
    /// The fields.
    pub attributes: Attributes,
    /// The span that it was written in.
    pub ids: Option<TraceParent>,
}

impl LogRecord {
    /// A line of which nothing more is known.
    #[must_use]
    pub fn new(at: Timestamp, severity: (u8, &'static str), body: impl Into<String>) -> Self {
        Self {
            at,
            severity,
            body: body.into(),
            attributes: Attributes::new(),
            ids: None,
        }
    }

    /// Field 2 of `ScopeLogs`.
    pub(crate) fn write(&self, m: &mut Message) {
        m.inside(2, |m| {
            m.fixed64(1, nanos(self.at));
            m.uint(2, self.severity.0.into());
            m.text(3, self.severity.1);
            m.inside(5, |m| m.bytes(1, cut(&self.body).as_bytes()));
            self.attributes.write(m, 6, Some(7));
            if let Some(ids) = &self.ids {
                m.fixed32(8, u32::from(ids.sampled));
                m.bytes(9, &ids.trace_id.to_be_bytes());
                m.bytes(10, &ids.span_id.to_be_bytes());
            }
            m.fixed64(11, nanos(self.at));
        });
    }
}

/// Nanoseconds since 1970; none before.
pub(crate) fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or(0)
}

/// What all of the service's things belong to: `Resource` and `InstrumentationScope`, and the request around them.
#[derive(Debug)]
pub(crate) struct Envelope {
    /// Field 1 of `ResourceSpans` and its kin.
    resource: Vec<u8>,
    /// Field 1 of `ScopeSpans` and its kin.
    scope: Vec<u8>,
}

/// The semantic conventions that the names are of.
const CONVENTIONS: &str = "https://opentelemetry.io/schemas/1.37.0";

impl Envelope {
    pub(crate) fn new(resource: &Attributes) -> Self {
        Self {
            resource: Message::of(|m| m.inside(1, |m| resource.write(m, 1, Some(2)))),
            scope: Message::of(|m| {
                m.inside(1, |m| {
                    m.text(1, "bongsu");
                    m.text(2, env!("CARGO_PKG_VERSION"));
                });
            }),
        }
    }

    /// The request that exports such items, of any of the three kinds: their messages have the same shape.
    pub(crate) fn around(&self, items: &[u8]) -> Vec<u8> {
        Message::of(|m| {
            m.inside(1, |m| {
                m.0.extend_from_slice(&self.resource);
                m.inside(2, |m| {
                    m.0.extend_from_slice(&self.scope);
                    m.0.extend_from_slice(items);
                });
                m.text(3, CONVENTIONS);
            });
        })
    }
}
