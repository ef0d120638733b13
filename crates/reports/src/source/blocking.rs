//! Blocking reads on a thread of their own, never on the runtime.

use super::SourceError;

/// Runs `work` on a named thread and waits for it without blocking.
///
/// Dropping the future leaves the thread to finish its bounded work; its answer is thrown away.
pub(crate) async fn run<T, F>(work: F) -> Result<T, SourceError>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let (answer, wait) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("bongsu-report".to_owned())
        .spawn(move || drop(answer.send(work())))
        .map_err(|cause| SourceError::Unreachable {
            what: "starting the reading thread".to_owned(),
            cause: cause.into(),
        })?;
    wait.await.map_err(|_| SourceError::Stopped)
}
