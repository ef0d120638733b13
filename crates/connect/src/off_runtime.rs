//! Blocking calls, away from the runtime and never more than one at a time.
//!
//! An own thread rather than the runtime's blocking pool: a call stuck on a dead mount would hold up
//! the runtime's shutdown. While one is stuck no other is started, so what hangs for a week has cost one
//! thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

/// The right to one thread at a time.
#[derive(Debug, Clone, Default)]
pub struct OffRuntime {
    busy: Arc<AtomicBool>,
}

/// Why a blocking call has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OffRuntimeError {
    /// The last call has not come back yet.
    #[error("an earlier attempt is still stuck")]
    Stuck,
    /// The system gave no thread.
    #[error("no thread could be started")]
    NoThread,
    /// The call panicked.
    #[error("the attempt panicked")]
    Panicked,
}

/// Gives the right back when the thread ends, however it ends.
struct Busy(Arc<AtomicBool>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl OffRuntime {
    /// Runs `work` on a thread of its own. Dropping the future leaves the thread to finish alone.
    ///
    /// # Errors
    /// Without the result when an earlier call is stuck, there is no thread, or `work` panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, OffRuntimeError> {
        if self.busy.swap(true, Ordering::Acquire) {
            return Err(OffRuntimeError::Stuck);
        }
        let busy = Busy(Arc::clone(&self.busy));
        let (send, receive) = oneshot::channel();
        let thread = std::thread::Builder::new().name("bongsu-off".to_owned());
        let body = move || {
            let result = work();
            // Free before the answer is out: whoever has it may ask again at once.
            drop(busy);
            let _ = send.send(result);
        };
        thread.spawn(body).map_err(|_| OffRuntimeError::NoThread)?;
        receive.await.map_err(|_| OffRuntimeError::Panicked)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn answers() {
        let off = OffRuntime::default();
        for n in 0..50 {
            assert_eq!(off.run(move || n).await, Ok(n));
        }
    }

    #[tokio::test]
    async fn a_stuck_call_costs_one_thread_and_then_heals() {
        let off = OffRuntime::default();
        let (release, stuck) = mpsc::channel::<()>();
        let first = off.run(move || stuck.recv());
        assert!(
            tokio::time::timeout(Duration::from_millis(20), first)
                .await
                .is_err()
        );
        for _ in 0..100 {
            assert_eq!(off.run(|| ()).await, Err(OffRuntimeError::Stuck));
        }
        drop(release);
        let healed = async {
            while off.run(|| ()).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), healed)
            .await
            .expect("the stuck call has ended");
    }

    #[tokio::test]
    async fn a_panic_frees_the_place() {
        let off = OffRuntime::default();
        let answer: Result<(), _> = off.run(|| panic!("boom")).await;
        assert_eq!(answer, Err(OffRuntimeError::Panicked));
        assert_eq!(off.run(|| 1).await, Ok(1));
    }
}
