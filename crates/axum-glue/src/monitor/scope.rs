//! The handler's future inside the request's log context, where there is one to set.

#[cfg(feature = "logging")]
mod with_context {
    use std::pin::Pin;

    use bongsu_logging::{HeldContext, InContext};

    use crate::{TraceContext, monitor::exchange::Exchange};

    pub(in crate::monitor) type Scoped<F> = InContext<F>;

    /// The context outside of the handler's future.
    pub(in crate::monitor) type Left = HeldContext;

    pub(in crate::monitor) fn begin(exchange: &Exchange, trace: &TraceContext) -> Left {
        let (id, trace_id) = (exchange.id.as_str(), &exchange.trace_id);
        HeldContext::of_request(id, trace_id, &trace.span_id_hex())
    }

    pub(in crate::monitor) fn enter<F: Future>(context: Left, future: F) -> Scoped<F> {
        context.scope(future)
    }

    pub(in crate::monitor) fn leave<F>(scoped: Pin<&mut Scoped<F>>) -> Left {
        scoped.finish()
    }

    pub(in crate::monitor) fn within<R>(context: &mut Left, f: impl FnOnce() -> R) -> R {
        context.within(f)
    }
}

#[cfg(not(feature = "logging"))]
mod without_context {
    use std::pin::Pin;

    use crate::{TraceContext, monitor::exchange::Exchange};

    pub(in crate::monitor) type Scoped<F> = F;

    #[derive(Debug, Default)]
    pub(in crate::monitor) struct Left;

    pub(in crate::monitor) fn begin(_: &Exchange, _: &TraceContext) -> Left {
        Left
    }

    pub(in crate::monitor) fn enter<F: Future>(_: Left, future: F) -> Scoped<F> {
        future
    }

    pub(in crate::monitor) fn leave<F>(_: Pin<&mut Scoped<F>>) -> Left {
        Left
    }

    pub(in crate::monitor) fn within<R>(_: &mut Left, f: impl FnOnce() -> R) -> R {
        f()
    }
}

#[cfg(feature = "logging")]
pub(super) use with_context::{Left, Scoped, begin, enter, leave, within};
#[cfg(not(feature = "logging"))]
pub(super) use without_context::{Left, Scoped, begin, enter, leave, within};
