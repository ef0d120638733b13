//! Blocking reads on the runtime's threads for them, never on those that poll.

use super::SourceError;

/// Runs `work` on a thread for blocking calls and waits for it without blocking. The steps of a report
/// follow one another within the time for which the runtime keeps such a thread.
///
/// Dropping the future leaves the thread to finish its bounded work; its answer is thrown away.
pub(crate) async fn run<T, F>(work: F) -> Result<T, SourceError>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| SourceError::Stopped)
}

/// As [`run`]; a panic of `work`'s is the caller's.
pub(crate) async fn run_loud<T, F>(work: F) -> Result<T, SourceError>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => SourceError::Stopped,
    })
}
