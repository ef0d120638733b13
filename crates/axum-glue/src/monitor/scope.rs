//! The handler's future inside the request's log context, where there is one to set.

#[cfg(feature = "logging")]
mod with_context {
    use std::pin::Pin;

    use bongsu_logging::{HeldContext, InContext};

    use crate::{TraceContext, monitor::exchange::Exchange};

    pub(in crate::monitor) type Scoped<F> = InContext<F>;

    /// The context after the handler.
    pub(in crate::monitor) type Left = HeldContext;

    pub(in crate::monitor) fn enter<F: Future>(
        exchange: &Exchange,
        trace: &TraceContext,
        future: F,
    ) -> Scoped<F> {
        let (id, trace_id) = (exchange.id.as_str(), &exchange.trace_id);
        HeldContext::of_request(id, trace_id, &trace.span_id_hex()).scope(future)
    }

    pub(in crate::monitor) fn leave<F>(scoped: Pin<&mut Scoped<F>>) -> Left {
        scoped.finish()
    }

    pub(in crate::monitor) fn within(context: &mut Left, f: impl FnOnce()) {
        context.within(f);
    }
}

#[cfg(not(feature = "logging"))]
mod without_context {
    use std::pin::Pin;

    use crate::{TraceContext, monitor::exchange::Exchange};

    pub(in crate::monitor) type Scoped<F> = F;

    #[derive(Debug, Default)]
    pub(in crate::monitor) struct Left;

    pub(in crate::monitor) fn enter<F: Future>(
        _: &Exchange,
        _: &TraceContext,
        future: F,
    ) -> Scoped<F> {
        future
    }

    pub(in crate::monitor) fn leave<F>(_: Pin<&mut Scoped<F>>) -> Left {
        Left
    }

    pub(in crate::monitor) fn within(_: &mut Left, f: impl FnOnce()) {
        f();
    }
}

#[cfg(feature = "logging")]
pub(super) use with_context::{Left, Scoped, enter, leave, within};
#[cfg(not(feature = "logging"))]
pub(super) use without_context::{Left, Scoped, enter, leave, within};
