//! The one place that spawns: background tasks that are named, watched and ended together.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::task::JoinSet;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    /// Runs `task` until it ends or the service stops; a panic in it is logged, not lost.
    pub(crate) fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let watched = async move {
            if let Err(panic) = bongsu_catch::future(task).await {
                tracing::error!(
                    task = name,
                    panic = panic.message(),
                    "background task panicked and is gone"
                );
            }
        };
        self.lock().spawn(watched);
    }

    /// Ends every task and waits until they are gone.
    pub(crate) async fn stop(&self) {
        let mut tasks = std::mem::take(&mut *self.lock());
        tasks.shutdown().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that is asked to end and gets its time for it, instead of being cut off.
#[cfg(any(feature = "alerts", feature = "reports"))]
#[derive(Debug)]
pub(crate) struct Stoppable {
    stop: tokio::sync::oneshot::Sender<()>,
    task: JoinSet<()>,
}

#[cfg(any(feature = "alerts", feature = "reports"))]
impl Stoppable {
    /// Starts the task that `make` makes of the future that says when to end.
    pub(crate) fn start<F>(make: impl FnOnce(StopSignal) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let mut task = JoinSet::new();
        task.spawn(make(StopSignal(stopped)));
        Self { stop, task }
    }

    /// Asks it to end, waits for so long, then cuts it off and says so.
    pub(crate) async fn finish(mut self, what: &str, patience: std::time::Duration) {
        let _ = self.stop.send(());
        let ended = async { while self.task.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!("{what}: still under way at the end; what is stored goes on next time");
        }
    }
}

/// Completes when the task is to end.
#[cfg(any(feature = "alerts", feature = "reports"))]
#[derive(Debug)]
pub(crate) struct StopSignal(tokio::sync::oneshot::Receiver<()>);

#[cfg(any(feature = "alerts", feature = "reports"))]
impl Future for StopSignal {
    type Output = ();

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<()> {
        std::pin::Pin::new(&mut self.0).poll(cx).map(drop)
    }
}
