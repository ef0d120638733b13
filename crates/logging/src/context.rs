//! Who a line is about: request, user, session and trace, set once and carried across awaits.

mod held;
mod rendered;

pub use held::{HeldContext, InContext, propagation, request_id};
pub(crate) use rendered::{Appended, append, append_outer, outer_len};

use bongsu_trace::TraceParent;
use std::future::Future;
use tracing::Span;
use tracing::instrument::{Instrument as _, Instrumented};

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
        self.trace_id(parent.trace_id_hex())
            .span_id(parent.span_id_hex())
    }

    /// Runs a future with this context; the one outside is back in force after it.
    pub fn scope<F: Future>(self, future: F) -> InContext<F> {
        HeldContext::from(self).scope(future)
    }

    /// Runs a closure with this context; for threads without a runtime.
    pub fn sync_scope<R>(self, f: impl FnOnce() -> R) -> R {
        HeldContext::from(self).within(f)
    }

    /// A copy of the context in force.
    #[must_use]
    pub fn current() -> Option<LogContext> {
        held::current()
    }
}

/// Carries the context in force, and the current span, into a future that will be spawned:
/// `tokio::spawn(in_current_context(work()))`. The task gets a copy: what it sets later stays its own.
pub fn in_current_context<F: Future>(future: F) -> impl Future<Output = F::Output> {
    HeldContext::current().scope(future.in_current_span())
}

/// Carries the context in force, and the current span, into the future of a call that comes later, on
/// another task: `upgrade.on_upgrade(with_current_context(handle_socket))`.
pub fn with_current_context<A, F: Future>(
    call: impl FnOnce(A) -> F,
) -> impl FnOnce(A) -> InContext<Instrumented<F>> {
    let (context, span) = (HeldContext::current(), Span::current());
    move |argument| {
        let mut future = context.scope_later();
        let span_of_call = span.clone();
        future.begin(|| span_of_call.in_scope(|| call(argument)).instrument(span));
        future
    }
}

/// Sets the request id of the context in force; false when there is none.
pub fn set_request_id(id: impl Into<String>) -> bool {
    held::set(held::REQUEST_ID, id.into())
}

/// Sets the user id of the context in force; false when there is none.
pub fn set_user_id(id: impl Into<String>) -> bool {
    held::set(held::USER_ID, id.into())
}

/// Sets the session id of the context in force; false when there is none.
pub fn set_session_id(id: impl Into<String>) -> bool {
    held::set(held::SESSION_ID, id.into())
}
