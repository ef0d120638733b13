//! A call or a future whose panic is a value: what a service plugs in must not take down what runs it.
//!
//! ```
//! let answer = bongsu_catch::call(|| -> u32 { panic!("no broker") });
//! assert_eq!(answer.unwrap_err().to_string(), "no broker");
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a panic said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panicked {
    message: String,
}

impl Panicked {
    /// Reads what [`std::panic::catch_unwind`] caught, and lets it go: a payload whose destructor
    /// panics must not undo the catching.
    #[must_use]
    pub fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = message(&*payload).to_owned();
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            // There is no end to what a hostile destructor could throw.
            std::mem::forget(second);
        }
        Self { message }
    }

    /// The message, or words for its absence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Panicked {}

/// What a panic's payload says; a payload that is no text gets words for that.
#[must_use]
pub fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

/// Runs `f`.
///
/// # Errors
/// When it panicked, with what it said.
#[inline]
pub fn call<T>(f: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(f)).map_err(Panicked::new)
}

/// Drives `future`; its panic, also one of its destructor, becomes a value.
pub fn future<F: Future>(future: F) -> Caught<F> {
    Caught(Some(Box::pin(future)))
}

/// The future of [`future()`]: its output, or what its panic said.
#[must_use = "a future does nothing unless it is polled"]
pub struct Caught<F>(Option<Pin<Box<F>>>);

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = self.0.as_mut() else {
            // Polled again after it was ready, against the contract of `Future`.
            return Poll::Pending;
        };
        match call(|| future.as_mut().poll(cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => {
                self.release();
                Poll::Ready(Ok(value))
            }
            Err(panic) => {
                self.release();
                Poll::Ready(Err(panic))
            }
        }
    }
}

impl<F> Caught<F> {
    /// A destructor that panics is the future's own affair: it has ended either way.
    fn release(&mut self) {
        let future = self.0.take();
        let _ = call(|| drop(future));
    }
}

impl<F> Drop for Caught<F> {
    fn drop(&mut self) {
        self.release();
    }
}

impl<F> fmt::Debug for Caught<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caught").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn an_output_passes() {
        assert_eq!(poll_once(future(async { 7 })), Poll::Ready(Ok(7)));
        assert!(poll_once(future(std::future::pending::<()>())).is_pending());
    }

    #[test]
    fn a_panic_is_a_value() {
        let check = |caught: Poll<Result<(), Panicked>>, want: &str| match caught {
            Poll::Ready(Err(panic)) => assert_eq!(panic.to_string(), want),
            other => panic!("{other:?}"),
        };
        check(
            poll_once(future(async { panic!("no broker") })),
            "no broker",
        );
        check(
            poll_once(future(async { panic!("order {}", 7) })),
            "order 7",
        );
        check(
            poll_once(future(async { std::panic::panic_any(7) })),
            "a panic without a message",
        );
    }

    #[test]
    fn a_destructor_that_panics_is_caught_too() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("in the destructor");
            }
        }
        let bomb = Bomb;
        let held = future(async move {
            let _bomb = bomb;
            std::future::pending::<()>().await;
        });
        assert!(poll_once(held).is_pending());
        let payload = call(|| std::panic::panic_any(Bomb));
        assert_eq!(
            payload,
            Err(Panicked {
                message: "a panic without a message".to_owned()
            })
        );
    }
}
