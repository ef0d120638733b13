//! When the supervisor wants the service to end, and how its parts hear of it.

use tokio::sync::watch;

/// Says that the service is to end. Cheap to clone; every clone hears of it.
///
/// ```no_run
/// # async fn next_order() {}
/// # async fn send_order() {}
/// # async fn run() -> Result<(), bongsu::Error> {
/// let bongsu = bongsu::Bongsu::from_env().await?;
/// bongsu.spawn("orders", |stop| async move {
///     // Waiting ends at once; an order under way is finished first.
///     while stop.until_stopped(next_order()).await.is_some() {
///         send_order().await;
///     }
/// });
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct StopToken(watch::Sender<bool>);

impl Default for StopToken {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl StopToken {
    /// Whether the end was asked for.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes once the end is asked for.
    pub async fn stopped(&self) {
        // The sender is this very value: it is there for as long as this waits.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// The output of `work`; none, and `work` is dropped where it stands, if the end is asked for
    /// first.
    pub async fn until_stopped<F: Future>(&self, work: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            () = self.stopped() => None,
            output = work => Some(output),
        }
    }

    /// Asks for the end.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// Completes on SIGTERM or Ctrl-C: for a service that has no `Bongsu::serve` to wait in.
///
/// ```no_run
/// # async fn run() -> Result<(), bongsu::Error> {
/// let bongsu = bongsu::Bongsu::from_env().await?;
/// bongsu.spawn("work", |stop| async move { /* what the service does, until `stop` says so */ });
/// bongsu::stop_signal().await;
/// bongsu.shutdown().await;
/// # Ok(()) }
/// ```
///
/// The signals are watched for from the call on, not from when it is first waited for: one that comes between is
/// not lost, and does not end the process as if nobody watched.
///
/// # Panics
///
/// Outside of a tokio runtime with IO.
pub fn stop_signal() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    let watched = {
        use tokio::signal::unix::{SignalKind, signal};
        [SignalKind::terminate(), SignalKind::interrupt()].map(signal)
    };
    async move {
        #[cfg(unix)]
        match watched {
            [Ok(mut terminate), Ok(mut interrupt)] => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            [terminate, interrupt] => {
                let error = terminate.err().or(interrupt.err());
                let error = error.map(|error| error.to_string());
                tracing::warn!(
                    error,
                    "cannot watch for SIGTERM, only Ctrl-C stops the service"
                );
                let _ = tokio::signal::ctrl_c().await;
            }
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[tokio::test]
    async fn a_signal_before_anybody_waits_is_not_lost() {
        let stop = stop_signal();
        let kill = std::process::Command::new("kill")
            .args(["-TERM", &std::process::id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        stop.await;
    }

    #[tokio::test]
    async fn who_waits_and_who_comes_late_both_hear_of_the_end() {
        let token = StopToken::default();
        assert_eq!(token.until_stopped(async { 7 }).await, Some(7));
        let waiting = token.clone();
        let (_, ()) = tokio::join!(waiting.stopped(), async { token.stop() });
        assert!(waiting.is_stopped());
        assert_eq!(token.until_stopped(async { 7 }).await, None);
    }
}
