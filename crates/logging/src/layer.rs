//! The `tracing` layer: events into lines, lines into the sink.

use crate::clock;
use crate::config::{ErrorLine, OnError};
use crate::context;
use crate::daemon::Daemon;
use crate::filter::Filter;
use crate::json::line::{Line, TAIL};
use crate::json::time;
use crate::limit::{Limiter, Rate};
use crate::local;
use crate::panic::Patience;
use crate::recent::Recent;
use crate::scheme::{Layout, Scheme};
use crate::sink::Sink;
use crate::site::{Origin, Site, Sites, hash};
use crate::span::{Own, SpanCtx};
use crate::visit::Visitor;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::subscriber::Interest;
use tracing_core::{Event, Level, LevelFilter, Metadata, Subscriber};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Limits and switches of one layer.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Longest line, newline included.
    pub(crate) line: usize,
    /// Longest rendered value.
    pub(crate) value: usize,
    pub(crate) rate: Option<Rate>,
    pub(crate) backtrace: bool,
    pub(crate) offset_seconds: i64,
}

/// What the layer, the handle and the panic hook share.
#[derive(Debug)]
pub(crate) struct Core {
    /// Unique in the process, so that threads can tell two layers apart.
    pub(crate) id: u64,
    pub(crate) scheme: Arc<Scheme>,
    pub(crate) limits: Limits,
    pub(crate) filter: Filter,
    pub(crate) sink: Sink,
    pub(crate) daemon: Option<Daemon>,
    pub(crate) recent: Option<Arc<Recent>>,
    on_error: Option<OnError>,
    pub(crate) rate_limited: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) panic_patience: Patience,
    sites: Sites,
    /// `log` records share one callsite a level: they are limited by where they come from.
    log_limiters: Box<[Limiter]>,
}

const LOG_LIMITERS: usize = 256;

impl Core {
    pub(crate) fn new(
        scheme: Arc<Scheme>,
        limits: Limits,
        filter: Filter,
        sink: Sink,
        daemon: Option<Daemon>,
        recent: Option<Arc<Recent>>,
        on_error: Option<OnError>,
    ) -> Core {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Core {
            id: NEXT.fetch_add(1, Relaxed),
            scheme,
            limits,
            filter,
            sink,
            daemon,
            recent,
            on_error,
            rate_limited: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            panic_patience: Patience::default(),
            sites: Sites::new(),
            log_limiters: (0..LOG_LIMITERS).map(|_| Limiter::default()).collect(),
        }
    }

    /// Waits until everything so far is written; false when time ran out.
    pub(crate) fn flush(&self, within: Duration) -> bool {
        let sent = self.daemon.as_ref().is_none_or(|to| to.flush(within));
        self.sink.flush(within) && sent
    }

    /// Where values must stop in a line.
    fn value_ceiling(&self) -> usize {
        self.limits.line - TAIL
    }
}

/// A span's fields in the registry.
struct Fields {
    layer: u64,
    ctx: Arc<SpanCtx>,
    /// Those of other bongsu layers over the same registry.
    others: Vec<(u64, Arc<SpanCtx>)>,
}

impl Fields {
    fn get(&self, layer: u64) -> Option<&Arc<SpanCtx>> {
        if self.layer == layer {
            return Some(&self.ctx);
        }
        self.others
            .iter()
            .find(|(l, _)| *l == layer)
            .map(|(_, c)| c)
    }

    fn set(&mut self, layer: u64, ctx: Arc<SpanCtx>) {
        if self.layer == layer {
            self.ctx = ctx;
        } else if let Some(slot) = self.others.iter_mut().find(|(l, _)| *l == layer) {
            slot.1 = ctx;
        } else {
            self.others.push((layer, ctx));
        }
    }
}

/// bongsu's layer. Made by [`Logging::into_layer`](crate::Logging::into_layer) or installed by
/// [`Logging::install`](crate::Logging::install).
pub struct LogLayer {
    pub(crate) core: Arc<Core>,
}

impl fmt::Debug for LogLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogLayer").finish_non_exhaustive()
    }
}

impl LogLayer {
    /// Visits a span's fields and gives what they became.
    fn span_fields<R>(
        &self,
        meta: &'static Metadata<'static>,
        record: impl FnOnce(&mut Visitor<'_>),
        then: impl FnOnce(Own<'_>) -> R,
    ) -> R {
        let core = &*self.core;
        let site = core.sites.get(&core.scheme, meta);
        let (buf, mut segs) = local::begin_span();
        let mut line = Line::new(buf, core.value_ceiling() / 2);
        let mut visitor = Visitor::new(&mut line, site, &core.scheme, core.limits.value);
        visitor.keep_ends(&mut segs);
        record(&mut visitor);
        let result = then(Own {
            function: &site.function,
            bytes: &line.buf,
            segs: &segs,
            truncated: line.truncated,
        });
        local::end_span(line.buf, segs);
        result
    }

    /// The span's fields, brought up to date when a span of its tree recorded something late.
    fn resolve<S>(&self, ctx: &Context<'_, S>, id: &Id) -> Option<Arc<SpanCtx>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer = self.core.id;
        let span = ctx.span(id)?;
        let known = span.extensions().get::<Fields>()?.get(layer).cloned()?;
        if known.fresh() {
            return Some(known);
        }
        let seen = known.epoch();
        let mut parent: Option<Arc<SpanCtx>> = None;
        for ancestor in span.scope().from_root() {
            let Some(old) = ancestor
                .extensions()
                .get::<Fields>()
                .and_then(|f| f.get(layer).cloned())
            else {
                continue;
            };
            let (function, bytes, segs) = old.own();
            let own = Own {
                function: &function,
                bytes: &bytes,
                segs: &segs,
                truncated: old.truncated(),
            };
            let mut fresh = SpanCtx::default();
            fresh.fill(
                &self.core.scheme,
                parent.as_deref(),
                own,
                self.core.value_ceiling(),
            );
            fresh.belong(old.tree(), seen);
            parent = Some(Arc::new(fresh));
        }
        let fresh = parent?;
        // Only this span's: a parent's own fields may have been recorded again meanwhile.
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>()
            && fields
                .get(layer)
                .is_some_and(|now| Arc::ptr_eq(now, &known))
        {
            fields.set(layer, Arc::clone(&fresh));
        }
        Some(fresh)
    }

    /// The fields a new span inherits.
    fn parent_fields<S>(&self, attrs: &Attributes<'_>, ctx: &Context<'_, S>) -> Option<Arc<SpanCtx>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if let Some(parent) = attrs.parent() {
            return self.resolve(ctx, parent);
        }
        if attrs.is_root() {
            return None;
        }
        local::with_current(
            self.core.id,
            |id| self.resolve(ctx, &Id::from_u64(id)),
            Arc::clone,
        )
        .ok()
        .flatten()
    }

    fn append_spans<S>(
        &self,
        line: &mut Line,
        site: &Site,
        context: &context::Appended,
        event: &Event<'_>,
        ctx: &Context<'_, S>,
    ) where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer = self.core.id;
        if !event.is_contextual() {
            if let Some(parent) = event.parent()
                && let Some(fields) = self.resolve(ctx, parent)
            {
                fields.append(line, site, context, event);
            }
            return;
        }
        let done = local::with_current(
            layer,
            |id| self.resolve(ctx, &Id::from_u64(id)),
            |fields| fields.append(line, site, context, event),
        );
        if done.is_err()
            && let Some(span) = ctx.lookup_current()
            && let Some(fields) = self.resolve(ctx, &span.id())
        {
            fields.append(line, site, context, event);
        }
    }

    /// The number suppressed before this event, or `None` when it is suppressed itself.
    fn admit(&self, site: &Site, event: &Event<'_>, unix: i64, micros: u32) -> Option<u64> {
        let rate = self.core.limits.rate.as_ref()?;
        let now = (unix.max(0) as u64) * 1_000_000 + u64::from(micros);
        let limiter = if site.is_log {
            let mut origin = LogOrigin::default();
            event.record(&mut origin);
            &self.core.log_limiters[origin.slot()]
        } else {
            &site.limiter
        };
        let passed = limiter.pass(rate, now);
        if passed.is_none() {
            self.core.rate_limited.fetch_add(1, Relaxed);
        }
        passed
    }
}

/// Where a `log` record comes from.
#[derive(Default)]
struct LogOrigin {
    target: String,
    file: Option<String>,
    line: Option<u32>,
}

impl LogOrigin {
    fn slot(&self) -> usize {
        let mixed = hash(&self.target)
            ^ hash(self.file.as_deref().unwrap_or_default()).rotate_left(17)
            ^ u64::from(self.line.unwrap_or(0)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 32)) as usize % LOG_LIMITERS
    }
}

impl Visit for LogOrigin {
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "log.target" => value.clone_into(&mut self.target),
            "log.file" => self.file = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "log.line" {
            self.line = u32::try_from(value).ok();
        }
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn register_callsite(&self, meta: &'static Metadata<'static>) -> Interest {
        let filter = self.core.filter.current();
        <EnvFilter as Layer<S>>::register_callsite(&filter.env, meta)
    }

    fn enabled(&self, meta: &Metadata<'_>, ctx: Context<'_, S>) -> bool {
        self.core.filter.current().env.enabled(meta, ctx)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.core.filter.current().env.max_level_hint()
    }

    fn on_new_span(&self, attrs: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        if let Some(filter) = self.core.filter.dynamic() {
            filter.env.on_new_span(attrs, id, ctx.clone());
        }
        let Some(span) = ctx.span(id) else { return };
        let layer = self.core.id;
        let parent = self.parent_fields(attrs, &ctx);
        let fields = self.span_fields(
            attrs.metadata(),
            |visitor| attrs.record(visitor),
            |own| {
                let mut fields = local::spare();
                // A spare one is nobody else's.
                if let Some(unshared) = Arc::get_mut(&mut fields) {
                    unshared.fill(
                        &self.core.scheme,
                        parent.as_deref(),
                        own,
                        self.core.value_ceiling(),
                    );
                }
                fields
            },
        );
        local::made(layer, id.into_u64(), &fields);
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<Fields>() {
            Some(known) => known.set(layer, fields),
            None => extensions.insert(Fields {
                layer,
                ctx: fields,
                others: Vec::new(),
            }),
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(filter) = self.core.filter.dynamic() {
            filter.env.on_record(id, values, ctx.clone());
        }
        let Some(span) = ctx.span(id) else { return };
        let layer = self.core.id;
        self.span_fields(
            span.metadata(),
            |visitor| values.record(visitor),
            |late| {
                let mut extensions = span.extensions_mut();
                let Some(fields) = extensions.get_mut::<Fields>() else {
                    return;
                };
                let Some(known) = fields.get(layer).cloned() else {
                    return;
                };
                let (function, bytes, segs) = known.own_after(&late);
                let own = Own {
                    function: &function,
                    bytes: &bytes,
                    segs: &segs,
                    truncated: late.truncated || known.truncated(),
                };
                let mut renewed = SpanCtx::default();
                renewed.fill(&self.core.scheme, None, own, self.core.value_ceiling());
                // Stale from birth: the next event puts it together with its parents.
                renewed.belong(known.tree(), u64::MAX);
                fields.set(layer, Arc::new(renewed));
                known.advance();
            },
        );
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, S>) {
        if let Some(filter) = self.core.filter.dynamic() {
            filter.env.on_enter(id, ctx);
        }
        local::enter(self.core.id, id.into_u64());
    }

    fn on_exit(&self, id: &Id, ctx: Context<'_, S>) {
        if let Some(filter) = self.core.filter.dynamic() {
            filter.env.on_exit(id, ctx);
        }
        local::exit(self.core.id, id.into_u64());
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let layer = self.core.id;
        let closed = ctx.span(&id).and_then(|span| {
            let mut extensions = span.extensions_mut();
            // Shared with another layer of ours, it goes with the span.
            let alone = extensions
                .get_mut::<Fields>()
                .is_some_and(|f| f.layer == layer && f.others.is_empty());
            alone.then(|| extensions.remove::<Fields>()).flatten()
        });
        if let Some(fields) = closed {
            local::recycle(fields.ctx, layer, id.into_u64());
        }
        if let Some(filter) = self.core.filter.dynamic() {
            filter.env.on_close(id, ctx);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let core = &*self.core;
        let meta = event.metadata();
        let site = core.sites.get(&core.scheme, meta);
        let (unix, micros) = time::split(clock::now());
        let mut suppressed = 0;
        if core.limits.rate.is_some() {
            match self.admit(site, event, unix, micros) {
                Some(n) => suppressed = n,
                None => return,
            }
        }
        let seconds = unix + core.limits.offset_seconds;
        let (buf, stamp) = local::begin(seconds, micros);
        let mut line = Line::new(buf, core.value_ceiling());
        core.scheme.start.write(&mut line);
        line.raw(&stamp);
        let mut dynamic_tail = None;
        if site.is_log {
            let mut log = LogOrigin::default();
            event.record(&mut log);
            let origin = Origin {
                target: &log.target,
                file: log.file.as_deref(),
                line: log.line,
            };
            line.raw(&core.scheme.head(*meta.level(), &origin));
            dynamic_tail = Some(core.scheme.tail(&origin));
        } else {
            line.raw(&site.head);
        }

        let nested = core.scheme.nested;
        let mut outer = 0;
        if nested {
            outer = context::outer_len(&core.scheme, core.id);
            // Ids that would crowd out the event are not ids.
            if outer > line.limit / 4 {
                outer = 0;
                line.truncated = true;
            }
            line.limit -= outer;
        }
        let mut visitor = Visitor::new(&mut line, site, &core.scheme, core.limits.value);
        visitor.backtrace = core.limits.backtrace;
        event.record(&mut visitor);
        visitor.open_nested();
        let late_message = visitor.late_message.take();

        let context = context::append(&mut line, &core.scheme, core.id, site, event);
        self.append_spans(&mut line, site, &context, event, &ctx);

        if line.truncated || suppressed > 0 {
            notes(&mut line, core, suppressed);
        }
        if nested {
            line.byte(b'}');
            if let Some(message) = late_message {
                line.raw(&message);
            }
            if outer > 0 {
                context::append_outer(&mut line, core.id);
            }
        }
        if core.scheme.layout == Layout::Json {
            line.raw(b"}\n");
        } else {
            line.raw(dynamic_tail.as_deref().unwrap_or(&site.tail));
        }
        core.sink.push(*meta.level(), &line.buf);
        if let Some(daemon) = &core.daemon {
            daemon.push(*meta.level(), &line.buf);
        }
        if *meta.level() == Level::ERROR
            && let Some(on_error) = &core.on_error
        {
            tell(on_error, event, site.is_log, &line.buf);
        }
        local::end(line.buf);
    }
}

/// Hands an ERROR line on.
#[cold]
fn tell(on_error: &OnError, event: &Event<'_>, is_log: bool, text: &[u8]) {
    let meta = event.metadata();
    let mut log = LogOrigin::default();
    let line = if is_log {
        event.record(&mut log);
        ErrorLine {
            logger: &log.target,
            file: log.file.as_deref(),
            line: log.line,
            text,
        }
    } else {
        ErrorLine {
            logger: meta.target(),
            file: meta.file(),
            line: meta.line(),
            text,
        }
    };
    (on_error.0)(&line);
}

/// What the line has to say about itself.
#[cold]
fn notes(line: &mut Line, core: &Core, suppressed: u64) {
    use crate::site::Kind::Plain;
    if line.truncated {
        line.raw(&core.scheme.key_chunk("truncated", Plain));
        line.raw(b"true");
    }
    if suppressed > 0 {
        line.raw(&core.scheme.key_chunk("suppressed", Plain));
        line.u64(suppressed);
    }
}
