//! When the supervisor wants the service to end.

/// Completes on SIGTERM or Ctrl-C: for a service that has no `Bongsu::serve` to wait in.
///
/// ```no_run
/// # async fn run() -> Result<(), bongsu::Error> {
/// let bongsu = bongsu::Bongsu::from_env().await?;
/// bongsu.spawn("work", async { /* what the service does */ });
/// bongsu::stop_signal().await;
/// bongsu.shutdown().await;
/// # Ok(()) }
/// ```
pub async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot watch for SIGTERM, only Ctrl-C stops the service");
                let _ = tokio::signal::ctrl_c().await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}
