//! The service's own `tracing` spans and events, as they end and happen.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use bongsu_trace::{Propagation, TraceParent, random};
use jiff::Timestamp;
use tokio::time::Instant;
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes as SpanAttributes, Id, Record};
use tracing_core::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::attributes::{Attributes, Value};
use crate::live::{ByNumber, Live, Recording};
use crate::model::{LogRecord, Span, SpanKind};
use crate::{Otlp, Signal};

/// Says in which trace something happens that is in no span.
pub type ContextSource = fn() -> Option<Propagation>;

/// What is secret, as the log has it.
pub trait Redact: Send + Sync {
    /// Whether the value under this key is a secret.
    fn hides(&self, key: &str) -> bool;
    /// The text without the secrets in it, if there are any.
    fn mask(&self, text: &str) -> Option<String>;
}

const MASK: &str = "[REDACTED]";

thread_local! {
    /// The spans that this thread is in, with the registry's numbers.
    static ENTERED: RefCell<Vec<(u64, TraceParent)>> = const { RefCell::new(Vec::new()) };
    /// Where a value is formatted.
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

/// Bytes of memory for texts that a thread keeps.
const SPARE_BYTES: usize = 4_096;

/// Records spans and lines; made by [`Otlp::layer`]. Cheap to clone.
#[derive(Clone)]
pub struct TraceLayer {
    otlp: Otlp,
    context: ContextSource,
    secrets: Arc<Secrets>,
    live: Arc<Live>,
}

/// Which fields are secret, each asked for once: there are as many as the code has.
#[derive(Default)]
struct Secrets {
    redact: OnceLock<Box<dyn Redact>>,
    /// A bit a field, by the address of what is known of the span or event in the code.
    known: RwLock<HashMap<usize, u64, ByNumber>>,
}

impl fmt::Debug for TraceLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceLayer").finish_non_exhaustive()
    }
}

impl TraceLayer {
    pub(crate) fn new(otlp: Otlp, context: ContextSource) -> Self {
        Self {
            otlp,
            context,
            secrets: Arc::default(),
            live: Arc::default(),
        }
    }

    /// Says what is secret; only the first time counts.
    pub fn redact(&self, redact: impl Redact + 'static) {
        let _already = self.secrets.redact.set(Box::new(redact));
    }

    /// The innermost span of this thread that is recorded.
    #[must_use]
    pub fn current() -> Option<TraceParent> {
        innermost().map(|(_, ids)| ids)
    }

    fn redactor(&self) -> Option<&dyn Redact> {
        self.secrets.redact.get().map(|redact| &**redact)
    }

    fn visitor<'a>(
        &self,
        redact: &'a dyn Redact,
        meta: &'static Metadata<'static>,
        attributes: &'a mut Attributes,
    ) -> Visitor<'a> {
        Visitor {
            hidden: self.secrets.hidden(redact, meta),
            redact,
            attributes,
            message: None,
            name: None,
            kind: None,
        }
    }

    /// The recorded span that something happens in, with the registry's number.
    fn around<S>(
        &self,
        explicit: Option<&Id>,
        contextual: bool,
        ctx: &Context<'_, S>,
    ) -> Option<(u64, TraceParent)>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let around = match explicit {
            Some(parent) => ctx.span(parent)?,
            None if !contextual => return None,
            None => match innermost() {
                None => ctx.lookup_current()?,
                innermost => return innermost,
            },
        };
        around.scope().find_map(|span| {
            let number = span.id().into_u64();
            Some((number, self.live.ids(number)?))
        })
    }
}

/// The innermost span of this thread that is recorded.
fn innermost() -> Option<(u64, TraceParent)> {
    let last = ENTERED.try_with(|entered| entered.borrow().last().copied());
    last.ok().flatten()
}

impl<S> Layer<S> for TraceLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attrs: &SpanAttributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(redact) = self.redactor() else {
            return;
        };
        let meta = attrs.metadata();
        if !self.otlp.records() || is_ours(meta.target()) {
            return;
        }
        let around = self.around(attrs.parent(), attrs.is_contextual(), &ctx);
        let around = match around {
            Some((_, ids)) => Some(ids),
            None if attrs.is_root() => None,
            None => (self.context)().map(|passed| passed.parent),
        };
        let [span_id, high, low] = random::words();
        let ids = match around {
            Some(around) => around.child(span_id),
            None => {
                let trace_id = u128::from(high) << 64 | u128::from(low);
                let sampled = self.otlp.0.options.sampler.decide(trace_id, None);
                TraceParent::new(trace_id, span_id, sampled)
            }
        };
        // When it is over is not known yet.
        let mut span = Span::new(ids, meta.name(), Timestamp::UNIX_EPOCH, Duration::ZERO);
        span.parent = around.map(|around| around.span_id);
        span.attributes.set("code.namespace", meta.target());
        let mut recording = Recording {
            span,
            root: around.is_none(),
            begun: Instant::now(),
        };
        let mut visitor = self.visitor(redact, meta, &mut recording.span.attributes);
        attrs.record(&mut visitor);
        let said = visitor.said();
        recording.span.hear(said);
        self.live.begin(id.into_u64(), recording);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let (Some(redact), Some(meta)) = (self.redactor(), ctx.metadata(id)) else {
            return;
        };
        let mut attributes = Attributes::new();
        // What formats a field may begin spans of its own.
        let mut visitor = self.visitor(redact, meta, &mut attributes);
        values.record(&mut visitor);
        let said = visitor.said();
        self.live.change(id.into_u64(), |recording| {
            recording.span.attributes.take(&attributes);
            recording.span.hear(said);
        });
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        let number = id.into_u64();
        if let Some(ids) = self.live.ids(number) {
            let _thread_is_ending =
                ENTERED.try_with(|entered| entered.borrow_mut().push((number, ids)));
        }
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        let _thread_is_ending = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            if let Some(at) = entered
                .iter()
                .rposition(|(number, _)| *number == id.into_u64())
            {
                entered.remove(at);
            }
        });
    }

    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let Some(redact) = self.redactor() else {
            return;
        };
        let meta = event.metadata();
        let failed = *meta.level() == Level::ERROR && self.otlp.records();
        if is_ours(meta.target()) || !(failed || self.otlp.exports(Signal::Logs)) {
            return;
        }
        let mut attributes = Attributes::new().with("code.namespace", meta.target());
        let mut visitor = self.visitor(redact, meta, &mut attributes);
        event.record(&mut visitor);
        let message = visitor.message.take().unwrap_or_default();
        let around = self.around(event.parent(), event.is_contextual(), &ctx);
        if failed && let Some((number, _)) = around {
            self.live.change(number, |recording| {
                recording.span.error.get_or_insert_with(|| message.clone());
            });
        }
        let ids = around.map(|(_, ids)| ids);
        let ids = ids.or_else(|| (self.context)().map(|passed| passed.parent));
        if failed
            && let Some(ids) = ids
            && !ids.sampled
        {
            self.otlp.keep(ids.trace_id);
        }
        let mut record = LogRecord::new(Timestamp::now(), severity(*meta.level()), message);
        record.attributes = attributes;
        record.ids = ids;
        self.otlp.record_log(&record);
    }

    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    fn on_close(&self, id: Id, _: Context<'_, S>) {
        let Some(Recording {
            mut span,
            root,
            begun,
        }) = self.live.end(id.into_u64())
        else {
            return;
        };
        (span.end, span.elapsed) = (Timestamp::now(), begun.elapsed());
        if root {
            self.otlp.record_root(&span);
        } else {
            self.otlp.record(&span);
        }
    }
}

/// What is said about the export would be exported, and so on.
fn is_ours(target: &str) -> bool {
    target.starts_with("bongsu_otlp")
}

/// OpenTelemetry's number and word.
fn severity(level: Level) -> (u8, &'static str) {
    match level {
        Level::ERROR => (17, "ERROR"),
        Level::WARN => (13, "WARN"),
        Level::INFO => (9, "INFO"),
        Level::DEBUG => (5, "DEBUG"),
        Level::TRACE => (1, "TRACE"),
    }
}

/// What a span says of itself besides its fields: `otel.name` and `otel.kind`, as `tracing-opentelemetry` has them.
type Said = (Option<String>, Option<SpanKind>);

impl Span {
    fn hear(&mut self, (name, kind): Said) {
        if let Some(name) = name {
            self.name = name.into();
        }
        self.kind = kind.unwrap_or(self.kind);
    }
}

struct Visitor<'a> {
    /// A bit a field.
    hidden: u64,
    redact: &'a dyn Redact,
    attributes: &'a mut Attributes,
    message: Option<String>,
    name: Option<String>,
    kind: Option<SpanKind>,
}

impl Secrets {
    /// Which of the fields are secret, a bit each.
    fn hidden(&self, redact: &dyn Redact, meta: &'static Metadata<'static>) -> u64 {
        let address = std::ptr::from_ref(meta).addr();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(hidden) = known.get(&address) {
            return *hidden;
        }
        drop(known);
        let hidden = meta.fields().iter().fold(0, |hidden, field| {
            hidden | u64::from(redact.hides(plain(&field))) << (field.index() & 63)
        });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(address, hidden);
        hidden
    }
}

fn plain(field: &Field) -> &'static str {
    let name = field.name();
    name.strip_prefix("r#").unwrap_or(name)
}

impl Visitor<'_> {
    fn said(self) -> Said {
        (self.name, self.kind)
    }

    fn put<'v>(&mut self, field: &Field, value: impl Into<Value<'v>>) {
        // A field has at most 64 before it, or shares its bit with the one that is so many before.
        if self.hidden >> (field.index() & 63) & 1 == 1 {
            self.attributes.set(plain(field), MASK);
        } else {
            self.attributes.set(plain(field), value);
        }
    }

    fn text(&mut self, field: &Field, text: &str) {
        let masked = self.redact.mask(text);
        let text = masked.as_deref().unwrap_or(text);
        match field.name() {
            "message" => self.message = Some(text.to_owned()),
            "otel.name" => self.name = Some(text.to_owned()),
            "otel.kind" => {
                self.kind = match text.to_ascii_lowercase().as_str() {
                    "server" => Some(SpanKind::Server),
                    "client" => Some(SpanKind::Client),
                    _ => None,
                };
            }
            _ => self.put(field, text),
        }
    }
}

impl Visit for Visitor<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.text(field, &bongsu_text::chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = TEXT.try_with(Cell::take).unwrap_or_default();
        text.clear();
        // A value that cannot be shown is shown as far as it can.
        let _shown = write!(text, "{value:?}");
        self.text(field, &text);
        if text.capacity() <= SPARE_BYTES {
            let _thread_is_ending = TEXT.try_with(|spare| spare.set(text));
        }
    }
}
