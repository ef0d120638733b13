//! Who a line is about: request, user, session and trace, set once and carried across awaits.

use crate::json::line::Line;
use crate::scheme::Scheme;
use crate::site::Site;
use crate::span::Seg;
use crate::trace_context::TraceParent;
use std::cell::RefCell;
use std::future::Future;
use tracing::Instrument as _;

tokio::task_local! {
    static CURRENT: Scope;
}

/// Ids put on every line logged inside [`LogContext::scope`].
///
/// An id that is not set leaves no key. An event's own field of the same name wins over the context,
/// the context wins over the fields of spans.
///
/// ```
/// use bongsu_logging::LogContext;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// LogContext::new()
///     .request_id("3f2a…")
///     .scope(async {
///         bongsu_logging::set_user_id("kim");
///         assert_eq!(LogContext::current().unwrap().user_id.as_deref(), Some("kim"));
///     })
///     .await;
/// assert!(LogContext::current().is_none());
/// # });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogContext {
    /// The request's id, `X-Request-ID`.
    pub request_id: Option<String>,
    /// The authenticated user.
    pub user_id: Option<String>,
    /// The session.
    pub session_id: Option<String>,
    /// W3C trace id, 32 hex digits.
    pub trace_id: Option<String>,
    /// W3C span id, 16 hex digits.
    pub span_id: Option<String>,
}

/// A context in force, with its rendering for the layer that asked last.
#[derive(Debug)]
struct Scope {
    context: RefCell<LogContext>,
    rendered: RefCell<Rendered>,
}

/// The fields as one layer writes them.
#[derive(Debug, Default)]
struct Rendered {
    /// The layer's number; 0 is stale.
    layer: u64,
    bytes: Vec<u8>,
    segs: Vec<Seg>,
    /// Bytes that go outside a preset's nested object.
    outer: Vec<u8>,
    /// Which of the five are there, a bit each.
    present: u8,
}

impl Scope {
    fn new(context: LogContext) -> Scope {
        Scope {
            context: RefCell::new(context),
            rendered: RefCell::default(),
        }
    }
}

impl LogContext {
    /// An empty context.
    #[must_use]
    pub fn new() -> LogContext {
        LogContext::default()
    }

    /// Sets the request id.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Sets the user id.
    #[must_use]
    pub fn user_id(mut self, id: impl Into<String>) -> Self {
        self.user_id = Some(id.into());
        self
    }

    /// Sets the session id.
    #[must_use]
    pub fn session_id(mut self, id: impl Into<String>) -> Self {
        self.session_id = Some(id.into());
        self
    }

    /// Sets the trace id.
    #[must_use]
    pub fn trace_id(mut self, id: impl Into<String>) -> Self {
        self.trace_id = Some(id.into());
        self
    }

    /// Sets the span id.
    #[must_use]
    pub fn span_id(mut self, id: impl Into<String>) -> Self {
        self.span_id = Some(id.into());
        self
    }

    /// Sets trace and span id from a W3C `traceparent`.
    #[must_use]
    pub fn trace(self, parent: &TraceParent) -> Self {
        self.trace_id(parent.trace_id()).span_id(parent.span_id())
    }

    /// Runs a future with this context; the one outside is back in force after it.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(Scope::new(self), future)
    }

    /// Runs a closure with this context; for threads without a runtime.
    pub fn sync_scope<R>(self, f: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(Scope::new(self), f)
    }

    /// A copy of the context in force.
    #[must_use]
    pub fn current() -> Option<LogContext> {
        CURRENT
            .try_with(|scope| scope.context.borrow().clone())
            .ok()
    }

    fn values(&self) -> [Option<&str>; 5] {
        [
            self.request_id.as_deref(),
            self.user_id.as_deref(),
            self.session_id.as_deref(),
            self.trace_id.as_deref(),
            self.span_id.as_deref(),
        ]
    }
}

/// Carries the context in force, and the current span, into a future that will be spawned:
/// `tokio::spawn(in_current_context(work()))`. The task gets a copy: what it sets later stays its own.
pub fn in_current_context<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let context = LogContext::current();
    let future = future.in_current_span();
    async move {
        match context {
            Some(context) => context.scope(future).await,
            None => future.await,
        }
    }
}

/// Changes the context in force; gives false outside of one.
fn change(f: impl FnOnce(&mut LogContext)) -> bool {
    CURRENT
        .try_with(|scope| {
            f(&mut scope.context.borrow_mut());
            scope.rendered.borrow_mut().layer = 0;
        })
        .is_ok()
}

/// Sets the request id of the context in force; false when there is none.
pub fn set_request_id(id: impl Into<String>) -> bool {
    let id = id.into();
    change(|context| context.request_id = Some(id))
}

/// Sets the user id of the context in force; false when there is none.
pub fn set_user_id(id: impl Into<String>) -> bool {
    let id = id.into();
    change(|context| context.user_id = Some(id))
}

/// Sets the session id of the context in force; false when there is none.
pub fn set_session_id(id: impl Into<String>) -> bool {
    let id = id.into();
    change(|context| context.session_id = Some(id))
}

/// The keys written.
#[derive(Debug, Default)]
pub(crate) struct Appended {
    pub(crate) present: u8,
    hashes: [u64; 5],
}

impl Appended {
    pub(crate) fn has(&self, hash: u64) -> bool {
        self.hashes.contains(&hash)
    }
}

/// Appends the context in force to an event's line.
#[inline]
pub(crate) fn append(line: &mut Line, scheme: &Scheme, layer: u64, site: &Site) -> Appended {
    CURRENT
        .try_with(|scope| {
            let mut rendered = scope.rendered.borrow_mut();
            if rendered.layer != layer {
                *rendered = render(&scope.context.borrow(), scheme, layer);
            }
            let mut appended = Appended {
                present: rendered.present,
                hashes: [0; 5],
            };
            for (slot, seg) in appended.hashes.iter_mut().zip(&rendered.segs) {
                *slot = seg.hash;
            }
            if rendered.present & site.context == 0 && line.room(rendered.bytes.len()) {
                line.raw(&rendered.bytes);
                return appended;
            }
            let mut from = 0;
            for seg in &rendered.segs {
                let field = &rendered.bytes[from..seg.end as usize];
                from = seg.end as usize;
                if site.owns(seg.hash) {
                    continue;
                }
                if line.room(field.len()) {
                    line.raw(field);
                } else {
                    line.truncated = true;
                }
            }
            appended
        })
        .unwrap_or_default()
}

/// How many bytes the context has for outside the nested object of a preset that has one.
pub(crate) fn outer_len(scheme: &Scheme, layer: u64) -> usize {
    CURRENT
        .try_with(|scope| {
            let mut rendered = scope.rendered.borrow_mut();
            if rendered.layer != layer {
                *rendered = render(&scope.context.borrow(), scheme, layer);
            }
            rendered.outer.len()
        })
        .unwrap_or(0)
}

/// Appends them.
pub(crate) fn append_outer(line: &mut Line, layer: u64) {
    let _outside_of_a_scope = CURRENT.try_with(|scope| {
        let rendered = scope.rendered.borrow();
        if rendered.layer == layer {
            line.raw(&rendered.outer);
        }
    });
}

/// Longest id written; longer ones are cut.
const ID_LIMIT: usize = 256;

fn render(context: &LogContext, scheme: &Scheme, layer: u64) -> Rendered {
    let mut rendered = Rendered {
        layer,
        ..Rendered::default()
    };
    for (i, value) in context.values().into_iter().enumerate() {
        let Some(value) = value else { continue };
        let key = &scheme.context[i];
        let prefix = if i == 3 {
            scheme.trace_prefix.as_str()
        } else {
            ""
        };
        let value = &value[..value.floor_char_boundary(ID_LIMIT)];
        let mut text = crate::scheme::quoted(&format!("{prefix}{value}"));
        text.splice(0..0, key.chunk.iter().copied());
        if scheme.nested && i >= 3 {
            rendered.outer.extend(text);
        } else {
            rendered.bytes.extend(text);
            rendered.segs.push(Seg {
                hash: key.hash,
                end: rendered.bytes.len() as u32,
            });
            rendered.present |= 1 << i;
        }
    }
    rendered
}
