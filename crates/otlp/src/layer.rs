//! The service's own `tracing` spans and events, as they end and happen.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use bongsu_trace::{Propagation, TraceParent, random};
use jiff::Timestamp;
use tokio::time::Instant;
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes as SpanAttributes, Id, Record};
use tracing_core::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::model::{Attributes, LogRecord, Span, SpanKind, Value};
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
}

/// Records spans and lines; made by [`Otlp::layer`]. Cheap to clone.
#[derive(Clone)]
pub struct TraceLayer {
    otlp: Otlp,
    context: ContextSource,
    secrets: Arc<Secrets>,
}

/// Which names are secret, each asked for once: there are as many as the code has.
#[derive(Default)]
struct Secrets {
    redact: OnceLock<Box<dyn Redact>>,
    known: RwLock<HashMap<&'static str, bool>>,
}

impl fmt::Debug for TraceLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceLayer").finish_non_exhaustive()
    }
}

/// A span under way.
struct Recording {
    ids: TraceParent,
    parent: Option<u64>,
    /// Nothing of the trace is around it in this process.
    root: bool,
    begun: Instant,
    name: Option<String>,
    kind: SpanKind,
    attributes: Attributes,
    error: Option<String>,
}

impl TraceLayer {
    pub(crate) fn new(otlp: Otlp, context: ContextSource) -> Self {
        Self {
            otlp,
            context,
            secrets: Arc::default(),
        }
    }

    /// Says what is secret; only the first time counts.
    pub fn redact(&self, redact: impl Redact + 'static) {
        let _already = self.secrets.redact.set(Box::new(redact));
    }

    /// The innermost span of this thread that is recorded.
    #[must_use]
    pub fn current() -> Option<TraceParent> {
        let last = ENTERED.try_with(|entered| entered.borrow().last().map(|(_, ids)| *ids));
        last.ok().flatten()
    }

    fn redactor(&self) -> Option<&dyn Redact> {
        self.secrets.redact.get().map(|redact| &**redact)
    }

    fn visitor<'a>(
        &'a self,
        redact: &'a dyn Redact,
        attributes: &'a mut Attributes,
    ) -> Visitor<'a> {
        Visitor {
            secrets: &self.secrets,
            redact,
            attributes,
            message: None,
            name: None,
            kind: None,
        }
    }

    /// The span around a new one.
    fn parent<S>(&self, attrs: &SpanAttributes<'_>, ctx: &Context<'_, S>) -> Option<TraceParent>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let around = match attrs.parent() {
            Some(parent) => ctx.span(parent),
            None if attrs.is_contextual() => ctx.lookup_current(),
            None => return None,
        };
        let recorded = around.and_then(|span| {
            let mut scope = span.scope();
            scope.find_map(|span| span.extensions().get::<Recording>().map(|own| own.ids))
        });
        recorded.or_else(|| (self.context)().map(|passed| passed.parent))
    }
}

impl<S> Layer<S> for TraceLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attrs: &SpanAttributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(redact) = self.redactor() else {
            return;
        };
        if !self.otlp.records() || is_ours(attrs.metadata().target()) {
            return;
        }
        let Some(span) = ctx.span(id) else { return };
        let around = self.parent(attrs, &ctx);
        let [span_id, high, low] = random::words();
        let ids = match around {
            Some(around) => around.child(span_id),
            None => {
                let trace_id = u128::from(high) << 64 | u128::from(low);
                let sampled = self.otlp.0.options.sampler.decide(trace_id, None);
                TraceParent::new(trace_id, span_id, sampled)
            }
        };
        let meta = attrs.metadata();
        let mut attributes = Attributes::new().with("code.namespace", meta.target());
        let mut visitor = self.visitor(redact, &mut attributes);
        attrs.record(&mut visitor);
        let (name, kind) = (visitor.name.take(), visitor.kind);
        span.extensions_mut().insert(Recording {
            ids,
            parent: around.map(|around| around.span_id),
            root: around.is_none(),
            begun: Instant::now(),
            name,
            kind: kind.unwrap_or_default(),
            attributes,
            error: None,
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let (Some(redact), Some(span)) = (self.redactor(), ctx.span(id)) else {
            return;
        };
        let mut extensions = span.extensions_mut();
        let Some(recording) = extensions.get_mut::<Recording>() else {
            return;
        };
        let mut visitor = self.visitor(redact, &mut recording.attributes);
        values.record(&mut visitor);
        let (name, kind) = (visitor.name.take(), visitor.kind);
        recording.name = name.or_else(|| recording.name.take());
        recording.kind = kind.unwrap_or(recording.kind);
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(recording) = span.extensions().get::<Recording>()
        {
            let entry = (id.into_u64(), recording.ids);
            let _thread_is_ending = ENTERED.try_with(|entered| entered.borrow_mut().push(entry));
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
        let mut visitor = self.visitor(redact, &mut attributes);
        event.record(&mut visitor);
        let message = visitor.message.take().unwrap_or_default();
        let mut ids = None;
        if let Some(scope) = ctx.event_scope(event) {
            for span in scope {
                if let Some(recording) = span.extensions_mut().get_mut::<Recording>() {
                    ids = Some(recording.ids);
                    if failed {
                        recording.error.get_or_insert_with(|| message.clone());
                    }
                    break;
                }
            }
        }
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

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(&id) else { return };
        let Some(recording) = span.extensions_mut().remove::<Recording>() else {
            return;
        };
        let name: Cow<'static, str> = match recording.name {
            Some(name) => name.into(),
            None => span.name().into(),
        };
        let (end, elapsed) = (Timestamp::now(), recording.begun.elapsed());
        let mut over = Span::new(recording.ids, name, end, elapsed);
        over.parent = recording.parent;
        over.kind = recording.kind;
        over.attributes = recording.attributes;
        over.error = recording.error;
        if recording.root {
            self.otlp.record_root(&over);
        } else {
            self.otlp.record(&over);
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

struct Visitor<'a> {
    secrets: &'a Secrets,
    redact: &'a dyn Redact,
    attributes: &'a mut Attributes,
    message: Option<String>,
    /// `otel.name` and `otel.kind`, as `tracing-opentelemetry` has them.
    name: Option<String>,
    kind: Option<SpanKind>,
}

impl Secrets {
    fn hides(&self, redact: &dyn Redact, name: &'static str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(hides) = known.get(name) {
            return *hides;
        }
        drop(known);
        let hides = redact.hides(name);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(name, hides);
        hides
    }
}

impl Visitor<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        let name = field.name();
        let name = name.strip_prefix("r#").unwrap_or(name);
        if self.secrets.hides(self.redact, name) {
            self.attributes.set(name, MASK);
        } else {
            self.attributes.set(name, value);
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
        self.text(field, &format!("{value:?}"));
    }
}
