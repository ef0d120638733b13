//! The handler's future inside the request's log context, where there is one to set.

#[cfg(feature = "logging")]
mod with_context {
    use std::pin::Pin;

    use bongsu_logging::{HeldContext, InContext};

    use bongsu_trace::Propagation;

    use crate::RequestId;

    pub(in crate::monitor) type Scoped<F> = InContext<F>;

    /// The context outside of the handler's future.
    pub(in crate::monitor) type Left = HeldContext;

    pub(in crate::monitor) fn begin(id: &RequestId, trace: impl FnOnce() -> Propagation) -> Left {
        HeldContext::of_call(id.as_str(), trace())
    }

    /// What the panic said that runs the destructor at hand.
    pub(in crate::monitor) fn panic_message() -> Option<String> {
        bongsu_logging::take_panic()
    }

    pub(in crate::monitor) fn enter<F: Future>(context: Left) -> Scoped<F> {
        context.scope_later()
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
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use pin_project_lite::pin_project;

    use bongsu_trace::Propagation;

    use crate::RequestId;

    pin_project! {
        pub(in crate::monitor) struct Scoped<F> {
            #[pin]
            future: Option<F>,
        }
    }

    impl<F> Scoped<F> {
        pub(in crate::monitor) fn begin(&mut self, make: impl FnOnce() -> F) {
            self.future = Some(make());
        }
    }

    impl<F: Future> Future for Scoped<F> {
        type Output = F::Output;

        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
            match self.project().future.as_pin_mut() {
                Some(future) => future.poll(cx),
                None => Poll::Pending,
            }
        }
    }

    #[derive(Debug, Default)]
    pub(in crate::monitor) struct Left;

    pub(in crate::monitor) fn begin(_: &RequestId, _: impl FnOnce() -> Propagation) -> Left {
        Left
    }

    pub(in crate::monitor) fn panic_message() -> Option<String> {
        None
    }

    pub(in crate::monitor) fn enter<F: Future>(_: Left) -> Scoped<F> {
        Scoped { future: None }
    }

    pub(in crate::monitor) fn leave<F>(scoped: Pin<&mut Scoped<F>>) -> Left {
        scoped.project().future.set(None);
        Left
    }

    pub(in crate::monitor) fn within<R>(_: &mut Left, f: impl FnOnce() -> R) -> R {
        f()
    }
}

#[cfg(feature = "logging")]
pub(super) use with_context::{Left, Scoped, begin, enter, leave, panic_message, within};
#[cfg(not(feature = "logging"))]
pub(super) use without_context::{Left, Scoped, begin, enter, leave, panic_message, within};
