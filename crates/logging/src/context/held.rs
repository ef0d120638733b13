//! Contexts in force, and their memory.
//!
//! A service sets one for every request, so the memory of one that ended is kept on its thread for the
//! next: in the long run neither the ids nor their rendering allocate.

use super::LogContext;
use super::rendered::Rendered;
use bongsu_trace::{Propagation, TraceParent};
use pin_project_lite::pin_project;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Places of the ids, in the order of [`crate::scheme::CONTEXT`].
pub(super) const REQUEST_ID: usize = 0;
pub(super) const USER_ID: usize = 1;
pub(super) const SESSION_ID: usize = 2;
pub(super) const TRACE_ID: usize = 3;
const SPAN_ID: usize = 4;

/// Ended contexts whose memory a thread keeps, and the longest buffer that is kept.
const SPARES: usize = 64;
const SPARE_BYTES: usize = 1024;

thread_local! {
    /// The context in force.
    static CURRENT: RefCell<Option<Box<Scope>>> = const { RefCell::new(None) };

    #[expect(clippy::vec_box, reason = "a context stays in its box when it is put in force")]
    static ENDED: RefCell<Vec<Box<Scope>>> = const { RefCell::new(Vec::new()) };
}

/// A context on its way into or out of force, for middleware that has its ids as text already and wants
/// the context back when the handler is done.
///
/// ```
/// use bongsu_logging::{HeldContext, LogContext};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let context = HeldContext::of_request("3f2a…", 0x0af7651916cd43dd8448eb211c80319c, 0xb7ad6b7169203331);
/// let mut handler = std::pin::pin!(context.scope(async {
///     bongsu_logging::set_user_id("kim");
/// }));
/// handler.as_mut().await;
/// let mut context = handler.finish();
/// context.within(|| {
///     tracing::info!("done");
///     assert_eq!(LogContext::current().unwrap().user_id.as_deref(), Some("kim"));
/// });
/// # });
/// ```
#[derive(Debug, Default)]
pub struct HeldContext(Option<Box<Scope>>);

/// What is behind a context: the ids, and their rendering for the layer that asked last.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) ids: RefCell<Ids>,
    pub(super) rendered: RefCell<Rendered>,
}

/// The five ids. One that is not set keeps its memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    texts: [String; 5],
    /// A bit each, for the texts.
    set: u8,
    /// The trace as it came: its ids, where no text was set instead, and all that goes with a call.
    trace: Option<Propagation>,
}

/// One of them.
pub(super) enum Id<'a> {
    Text(&'a str),
    /// To be written as 32 hex digits.
    Trace(u128),
    /// To be written as 16.
    Span(u64),
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Text(text) => f.write_str(text),
            Id::Trace(id) => write!(f, "{id:032x}"),
            Id::Span(id) => write!(f, "{id:016x}"),
        }
    }
}

impl HeldContext {
    /// The context of a request that belongs to a trace, written as 32 and 16 hex digits.
    #[must_use]
    pub fn of_request(request_id: &str, trace_id: u128, span_id: u64) -> HeldContext {
        HeldContext::of_call(request_id, TraceParent::new(trace_id, span_id, true))
    }

    /// The same with all that the calls made in it pass on: see [`propagation`].
    #[must_use]
    pub fn of_call(request_id: &str, trace: impl Into<Propagation>) -> HeldContext {
        let mut scope = empty();
        let ids = scope.ids.get_mut();
        ids.copy(REQUEST_ID, request_id);
        ids.trace = Some(trace.into());
        HeldContext(Some(scope))
    }

    /// A copy of the context in force, for work that goes on elsewhere; an empty one where there is none.
    ///
    /// ```
    /// # use bongsu_logging::{HeldContext, LogContext};
    /// # LogContext::new().request_id("r-1").sync_scope(|| {
    /// let mut context = HeldContext::current();
    /// std::thread::spawn(move || context.within(|| tracing::info!("with the request's ids")));
    /// # });
    /// ```
    #[must_use]
    pub fn current() -> HeldContext {
        HeldContext(with_current(|scope| {
            let copy = Scope::default();
            copy.ids.borrow_mut().clone_from(&scope.ids.borrow());
            Box::new(copy)
        }))
    }

    /// Runs a future with this context; the one outside is back in force after it.
    pub fn scope<F: Future>(self, future: F) -> InContext<F> {
        InContext {
            future: Some(future),
            context: self,
        }
    }

    /// As [`scope`](Self::scope) for a future that is yet to be made, by [`InContext::begin`]; pending
    /// until then.
    pub fn scope_later<F: Future>(self) -> InContext<F> {
        InContext {
            future: None,
            context: self,
        }
    }

    /// Runs a closure with this context, which keeps what it sets.
    pub fn within<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let _in_force = InForce::new(&mut self.0);
        f()
    }
}

/// Has put a context in force; the one outside waits in its place.
struct InForce<'a>(&'a mut Option<Box<Scope>>);

impl<'a> InForce<'a> {
    #[inline]
    fn new(context: &'a mut Option<Box<Scope>>) -> InForce<'a> {
        swap(context);
        InForce(context)
    }
}

impl Drop for InForce<'_> {
    #[inline]
    fn drop(&mut self) {
        swap(self.0);
    }
}

#[inline]
fn swap(context: &mut Option<Box<Scope>>) {
    let _thread_is_ending =
        CURRENT.try_with(|current| std::mem::swap(&mut *current.borrow_mut(), context));
}

impl From<LogContext> for HeldContext {
    fn from(context: LogContext) -> HeldContext {
        let mut scope = empty();
        let ids = scope.ids.get_mut();
        let given = [
            context.request_id,
            context.user_id,
            context.session_id,
            context.trace_id,
            context.span_id,
        ];
        for (place, id) in given.into_iter().enumerate() {
            if let Some(id) = id {
                ids.take(place, id);
            }
        }
        HeldContext(Some(scope))
    }
}

impl Drop for HeldContext {
    #[inline]
    fn drop(&mut self) {
        let Some(mut scope) = self.0.take() else {
            return;
        };
        let _thread_is_ending = ENDED.try_with(|ended| {
            let mut ended = ended.borrow_mut();
            if ended.len() < SPARES && scope.let_go() {
                ended.push(scope);
            }
        });
    }
}

/// Nothing set; an ended context's memory if there is one.
fn empty() -> Box<Scope> {
    ENDED
        .try_with(|ended| ended.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_default()
}

impl Scope {
    /// Forgets everything but its memory; false when that is too much to keep.
    fn let_go(&mut self) -> bool {
        let (ids, rendered) = (self.ids.get_mut(), self.rendered.get_mut());
        ids.set = 0;
        ids.trace = None;
        rendered.forget();
        let short = |text: &String| text.capacity() <= SPARE_BYTES;
        ids.texts.iter().all(short) && rendered.capacity() <= 2 * SPARE_BYTES
    }
}

impl Ids {
    fn copy(&mut self, place: usize, id: &str) {
        self.texts[place].clear();
        self.texts[place].push_str(id);
        self.set |= 1 << place;
    }

    fn take(&mut self, place: usize, id: String) {
        self.texts[place] = id;
        self.set |= 1 << place;
    }

    pub(super) fn get(&self, place: usize) -> Option<Id<'_>> {
        if self.set & 1 << place != 0 {
            return Some(Id::Text(&self.texts[place]));
        }
        let parent = self.trace.as_ref()?.parent;
        match place {
            TRACE_ID => Some(Id::Trace(parent.trace_id)),
            SPAN_ID => Some(Id::Span(parent.span_id)),
            _ => None,
        }
    }
}

pin_project! {
    /// A future that runs with a context in force, of [`LogContext::scope`] and [`HeldContext::scope`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InContext<F> {
        #[pin]
        future: Option<F>,
        context: HeldContext,
    }

    impl<F> PinnedDrop for InContext<F> {
        fn drop(this: Pin<&mut Self>) {
            this.end();
        }
    }
}

impl<F> InContext<F> {
    /// Makes the future, with the context in force: a call may log before there is a future. When it
    /// panics there is none, and the context is as the call left it.
    pub fn begin(&mut self, make: impl FnOnce() -> F) {
        let InContext { future, context } = self;
        context.within(|| *future = Some(make()));
    }

    /// Drops the future, if it has not ended by itself, and gives the context as it left it; an empty one
    /// the second time.
    pub fn finish(mut self: Pin<&mut Self>) -> HeldContext {
        self.as_mut().end();
        std::mem::take(self.project().context)
    }

    /// Drops the future: what its destructors log is within the context too.
    fn end(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.future.is_some() {
            this.context.within(|| this.future.set(None));
        }
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.context.within(|| {
            let Some(future) = this.future.as_mut().as_pin_mut() else {
                // Not begun, or polled after its end, against the contract of `Future`.
                return Poll::Pending;
            };
            let polled = future.poll(cx);
            if polled.is_ready() {
                this.future.set(None);
            }
            polled
        })
    }
}

pub(super) fn with_current<R>(f: impl FnOnce(&Scope) -> R) -> Option<R> {
    CURRENT
        .try_with(|current| current.borrow().as_deref().map(f))
        .ok()
        .flatten()
}

/// A copy of the context in force.
pub(super) fn current() -> Option<LogContext> {
    with_current(|scope| {
        let ids = scope.ids.borrow();
        let id = |place| ids.get(place).map(|id| id.to_string());
        LogContext {
            request_id: id(REQUEST_ID),
            user_id: id(USER_ID),
            session_id: id(SESSION_ID),
            trace_id: id(TRACE_ID),
            span_id: id(SPAN_ID),
        }
    })
}

/// What a call made in the context in force passes on: the trace of the request, if it has one.
///
/// ```
/// use bongsu_logging::{HeldContext, TraceParent, propagation};
///
/// let trace: TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00".parse()?;
/// HeldContext::of_call("r-1", trace).within(|| {
///     assert_eq!(propagation().map(|passed| passed.parent), Some(trace));
/// });
/// assert_eq!(propagation(), None);
/// # Ok::<(), bongsu_logging::TraceParentError>(())
/// ```
#[must_use]
pub fn propagation() -> Option<Propagation> {
    with_current(|scope| scope.ids.borrow().trace.clone()).flatten()
}

/// The request's id of the context in force.
#[must_use]
pub fn request_id() -> Option<String> {
    with_current(|scope| Some(scope.ids.borrow().get(REQUEST_ID)?.to_string())).flatten()
}

/// Sets an id of the context in force; gives false outside of one.
pub(super) fn set(place: usize, id: String) -> bool {
    with_current(|scope| {
        scope.ids.borrow_mut().take(place, id);
        scope.rendered.borrow_mut().forget();
    })
    .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_an_ended_context_says_nothing_of_it() {
        let full = LogContext::new().user_id("kim").session_id("s-1");
        full.sync_scope(|| ());
        let mut held = HeldContext::of_request("r-2", 0xaf, 0xb7);
        held.within(|| {
            let now = LogContext::current().unwrap();
            assert_eq!(now.request_id.as_deref(), Some("r-2"));
            assert_eq!((now.user_id, now.session_id), (None, None));
            let trace_id = "000000000000000000000000000000af";
            assert_eq!(now.trace_id.as_deref(), Some(trace_id));
            assert_eq!(now.span_id.as_deref(), Some("00000000000000b7"));
        });
        drop(held);
        LogContext::new().sync_scope(|| {
            assert_eq!(LogContext::current(), Some(LogContext::new()));
        });
    }

    #[tokio::test]
    async fn a_future_that_is_dropped_ends_within_its_context() {
        struct SetsOnDrop;
        impl Drop for SetsOnDrop {
            fn drop(&mut self) {
                assert!(crate::set_user_id("kim"));
            }
        }
        let held = HeldContext::of_request("r-1", 1, 2);
        let mut future = Box::pin(held.scope(async {
            let _guard = SetsOnDrop;
            std::future::pending::<()>().await;
        }));
        let polled = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
        assert!(LogContext::current().is_none(), "not between two polls");
        let user = future.as_mut().finish().within(LogContext::current);
        assert_eq!(user.and_then(|c| c.user_id).as_deref(), Some("kim"));
        assert!(LogContext::current().is_none());
    }

    #[tokio::test]
    async fn a_future_is_made_within_its_context() {
        let held = HeldContext::of_request("r-1", 1, 2);
        let mut future = held.scope_later();
        future.begin(|| {
            assert!(crate::set_user_id("kim"));
            async { LogContext::current().and_then(|context| context.user_id) }
        });
        assert!(LogContext::current().is_none());
        assert_eq!(future.await.as_deref(), Some("kim"));
    }

    #[test]
    fn a_call_that_panics_leaves_its_context() {
        let mut future = HeldContext::of_request("r-1", 1, 2).scope_later();
        let call = || -> std::future::Ready<()> {
            crate::set_user_id("kim");
            panic!("before there is a future")
        };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| future.begin(call))).unwrap_err();
        assert!(LogContext::current().is_none());
        let user = std::pin::pin!(future).finish().within(LogContext::current);
        assert_eq!(user.and_then(|c| c.user_id).as_deref(), Some("kim"));
    }

    #[test]
    fn a_panic_puts_the_context_outside_back() {
        LogContext::new().request_id("outer").sync_scope(|| {
            let inner = || LogContext::new().sync_scope(|| panic!("within"));
            std::panic::catch_unwind(inner).unwrap_err();
            let now = LogContext::current().unwrap();
            assert_eq!(now.request_id.as_deref(), Some("outer"));
        });
    }

    #[test]
    fn memory_that_grew_too_much_is_given_back() {
        ENDED.with(|ended| ended.borrow_mut().clear());
        let long = LogContext::new().user_id("x".repeat(SPARE_BYTES + 1));
        long.sync_scope(|| ());
        assert_eq!(ENDED.with(|ended| ended.borrow().len()), 0);
        for _ in 0..2 {
            LogContext::new().user_id("kim").sync_scope(|| ());
        }
        assert_eq!(ENDED.with(|ended| ended.borrow().len()), 1);
    }
}
