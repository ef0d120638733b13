//! The handler's future inside the request's log context, where there is one to set.

#[cfg(feature = "logging")]
mod with_context {
    use std::{future::Future, pin::Pin};

    use bongsu_logging::LogContext;

    use crate::monitor::exchange::Exchange;

    type Finished<T> = (T, Option<LogContext>);

    /// Ends with the context as the handler left it: the access line names the user it found.
    pub(in crate::monitor) type Scoped<T> = Pin<Box<dyn Future<Output = Finished<T>> + Send>>;

    pub(in crate::monitor) fn scoped<F>(exchange: &Exchange, future: F) -> Scoped<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let context = LogContext::new()
            .request_id(exchange.id.as_str())
            .trace_id(exchange.trace.trace_id_hex())
            .span_id(exchange.trace.span_id_hex());
        Box::pin(context.scope(async move {
            let output = future.await;
            (output, LogContext::current())
        }))
    }

    pub(in crate::monitor) fn finish<T>(
        exchange: &mut Exchange,
        (output, context): Finished<T>,
    ) -> T {
        exchange.context = context;
        output
    }
}

#[cfg(not(feature = "logging"))]
mod without_context {
    use std::{future::Future, pin::Pin};

    use crate::monitor::exchange::Exchange;

    pub(in crate::monitor) type Scoped<T> = Pin<Box<dyn Future<Output = T> + Send>>;

    pub(in crate::monitor) fn scoped<F>(_: &Exchange, future: F) -> Scoped<F::Output>
    where
        F: Future + Send + 'static,
    {
        Box::pin(future)
    }

    pub(in crate::monitor) fn finish<T>(_: &mut Exchange, output: T) -> T {
        output
    }
}

#[cfg(feature = "logging")]
pub(super) use with_context::{Scoped, finish, scoped};
#[cfg(not(feature = "logging"))]
pub(super) use without_context::{Scoped, finish, scoped};
