//! The `tracing` layer: events into lines, lines into the sink.

use crate::clock;
use crate::context;
use crate::filter::Filter;
use crate::json::line::{Line, TAIL};
use crate::json::time::{self, Second};
use crate::limit::{Limiter, Rate};
use crate::scheme::{Layout, Scheme};
use crate::sink::Sink;
use crate::site::{Origin, Site, Sites, hash};
use crate::span::{Own, Seg, SpanCtx, Tree};
use crate::visit::Visitor;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::subscriber::Interest;
use tracing_core::{Event, LevelFilter, Metadata, Subscriber};
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
    pub(crate) rate_limited: AtomicU64,
    pub(crate) panics: AtomicU64,
    sites: Sites,
    /// `log` records share one callsite a level: they are limited by where they come from.
    log_limiters: Box<[Limiter]>,
}

const LOG_LIMITERS: usize = 256;

impl Core {
    pub(crate) fn new(scheme: Arc<Scheme>, limits: Limits, filter: Filter, sink: Sink) -> Core {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Core {
            id: NEXT.fetch_add(1, Relaxed),
            scheme,
            limits,
            filter,
            sink,
            rate_limited: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            sites: Sites::new(),
            log_limiters: (0..LOG_LIMITERS).map(|_| Limiter::default()).collect(),
        }
    }

    /// Where values must stop in a line.
    fn value_ceiling(&self) -> usize {
        self.limits.line - TAIL
    }
}

/// A line that bongsu itself has to say, in the scheme's shape.
pub(crate) fn own_line(
    scheme: &Scheme,
    offset_seconds: i64,
    level: tracing_core::Level,
    message: &str,
    fields: &[(&str, u64)],
) -> Vec<u8> {
    let origin = Origin {
        target: "bongsu_logging",
        ..Origin::default()
    };
    let mut line = Line::new(Vec::new(), usize::MAX);
    let (seconds, micros) = time::split(clock::now());
    line.raw(&scheme.start);
    line.raw(
        &Second::EMPTY
            .clone()
            .render(seconds + offset_seconds, micros),
    );
    line.raw(&scheme.head(level, &origin));
    if scheme.layout == Layout::Json {
        line.raw(&scheme.key_chunk(scheme.keys.message, crate::site::Kind::Message));
        line.raw(&crate::scheme::quoted(message));
    } else {
        line.text(message, usize::MAX);
    }
    line.raw(&scheme.open(&origin));
    for (key, value) in fields {
        line.raw(&scheme.key_chunk(key, crate::site::Kind::Plain));
        line.u64(*value);
    }
    if scheme.keys.nested.is_some() {
        line.byte(b'}');
    }
    line.raw(&scheme.tail(&origin));
    line.buf
}

/// A span that was entered on this thread.
struct Entered {
    layer: u64,
    id: u64,
    /// Filled by the first event inside.
    ctx: Option<Arc<SpanCtx>>,
}

/// What a thread keeps. No borrow of it is held while user code runs.
struct Local {
    buf: Cell<Vec<u8>>,
    segs: Cell<Vec<Seg>>,
    second: Cell<Second>,
    entered: RefCell<Vec<Entered>>,
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            buf: Cell::new(Vec::new()),
            segs: Cell::new(Vec::new()),
            second: Cell::new(Second::EMPTY),
            entered: RefCell::new(Vec::new()),
        }
    };
}

/// A buffer that grew past this is not kept.
const KEEP: usize = 64 * 1024;

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
        let (buf, mut segs) = LOCAL
            .try_with(|local| (local.buf.take(), local.segs.take()))
            .unwrap_or_default();
        segs.clear();
        let mut line = Line::new(buf, core.value_ceiling() / 2);
        let mut visitor = Visitor::new(&mut line, site, &core.scheme, core.limits.value);
        visitor.segs = Some(&mut segs);
        record(&mut visitor);
        let result = then(Own {
            function: &site.function,
            bytes: &line.buf,
            segs: &segs,
            truncated: line.truncated,
        });
        give_back(line.buf);
        let _thread_is_ending = LOCAL.try_with(|local| local.segs.set(segs));
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
        let seen = known.tree.now();
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
            let fresh = Arc::new(SpanCtx::child(
                parent.as_deref(),
                own,
                Arc::clone(&old.tree),
                seen,
                self.core.value_ceiling(),
            ));
            parent = Some(fresh);
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
        let taken = site.mask | context.mask;
        let is_taken = |hash| site.owns(hash) || context.has(hash);
        if !event.is_contextual() {
            if let Some(parent) = event.parent()
                && let Some(fields) = self.resolve(ctx, parent)
            {
                fields.append(line, taken, is_taken);
            }
            return;
        }
        let done = LOCAL.try_with(|local| {
            let mut entered = local.entered.borrow_mut();
            let Some(top) = entered.iter_mut().rev().find(|e| e.layer == layer) else {
                return;
            };
            if !top.ctx.as_ref().is_some_and(|c| c.fresh()) {
                top.ctx = self.resolve(ctx, &Id::from_u64(top.id));
            }
            if let Some(fields) = &top.ctx {
                fields.append(line, taken, is_taken);
            }
        });
        if done.is_err()
            && let Some(span) = ctx.lookup_current()
            && let Some(fields) = self.resolve(ctx, &span.id())
        {
            fields.append(line, taken, is_taken);
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

#[inline]
fn give_back(buf: Vec<u8>) {
    if buf.capacity() <= KEEP {
        let _thread_is_ending = LOCAL.try_with(|local| local.buf.set(buf));
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
        let parent = span
            .parent()
            .and_then(|parent| self.resolve(&ctx, &parent.id()));
        let layer = self.core.id;
        let fields = self.span_fields(
            attrs.metadata(),
            |visitor| attrs.record(visitor),
            |own| {
                let tree = parent
                    .as_ref()
                    .map_or_else(Arc::default, |p| Arc::clone(&p.tree));
                let seen = Tree::now(&tree);
                Arc::new(SpanCtx::child(
                    parent.as_deref(),
                    own,
                    tree,
                    seen,
                    self.core.value_ceiling(),
                ))
            },
        );
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
                // Stale from birth: the next event puts it together with its parents.
                let own = Own {
                    function: &function,
                    bytes: &bytes,
                    segs: &segs,
                    truncated: late.truncated || known.truncated(),
                };
                let ctx = SpanCtx::child(
                    None,
                    own,
                    Arc::clone(&known.tree),
                    u64::MAX,
                    self.core.value_ceiling(),
                );
                fields.set(layer, Arc::new(ctx));
                known.tree.advance();
            },
        );
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, S>) {
        if let Some(filter) = self.core.filter.dynamic() {
            filter.env.on_enter(id, ctx);
        }
        let _thread_is_ending = LOCAL.try_with(|local| {
            local.entered.borrow_mut().push(Entered {
                layer: self.core.id,
                id: id.into_u64(),
                ctx: None,
            });
        });
    }

    fn on_exit(&self, id: &Id, ctx: Context<'_, S>) {
        if let Some(filter) = self.core.filter.dynamic() {
            filter.env.on_exit(id, ctx);
        }
        let (layer, id) = (self.core.id, id.into_u64());
        let _thread_is_ending = LOCAL.try_with(|local| {
            let mut entered = local.entered.borrow_mut();
            if let Some(at) = entered.iter().rposition(|e| e.id == id && e.layer == layer) {
                entered.remove(at);
            }
        });
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
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
        let (buf, stamp) = LOCAL
            .try_with(|local| {
                let mut second = local.second.get();
                let stamp = second.render(seconds, micros);
                local.second.set(second);
                (local.buf.take(), stamp)
            })
            .unwrap_or_else(|_| (Vec::new(), Second::EMPTY.clone().render(seconds, micros)));

        let mut line = Line::new(buf, core.value_ceiling());
        line.raw(&core.scheme.start);
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

        let mut visitor = Visitor::new(&mut line, site, &core.scheme, core.limits.value);
        visitor.backtrace = core.limits.backtrace;
        event.record(&mut visitor);
        visitor.open_nested();
        let late_message = visitor.late_message.take();

        let context = context::append(&mut line, &core.scheme, core.id, site);
        self.append_spans(&mut line, site, &context, event, &ctx);

        if line.truncated || suppressed > 0 {
            notes(&mut line, core, suppressed);
        }
        if core.scheme.keys.nested.is_some() {
            line.byte(b'}');
            if let Some(message) = late_message {
                line.raw(&message);
            }
            context::append_outer(&mut line, core.id);
        }
        line.raw(dynamic_tail.as_deref().unwrap_or(&site.tail));
        core.sink.push(*meta.level(), &line.buf);
        give_back(line.buf);
    }
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
