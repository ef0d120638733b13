//! The one place that spawns: background tasks that are named, watched and ended together.

use std::{
    any::Any,
    future::Future,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::{sync::watch, task::JoinSet, time::Instant};

use crate::stop::StopToken;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks(Arc<Inner>);

/// Where to spawn, as long as it is there.
#[derive(Clone, Debug)]
pub(crate) struct WeakTasks(Weak<Inner>);

impl WeakTasks {
    #[allow(dead_code, reason = "who spawns later depends on the features")]
    pub(crate) fn get(&self) -> Option<Tasks> {
        self.0.upgrade().map(Tasks)
    }
}

#[derive(Debug, Default)]
struct Inner {
    /// The facade's own: cut off at the end.
    own: Mutex<JoinSet<()>>,
    /// The service's: asked to end first.
    work: Mutex<JoinSet<()>>,
    /// What serves work that goes on after the end: cut off when the last handle is gone.
    late: Mutex<JoinSet<()>>,
    /// What others only look at: gone with the last handle.
    held: Mutex<Vec<Arc<dyn Any + Send + Sync>>>,
    stop: StopToken,
    /// When what the service spawned has had its time.
    deadline: Mutex<Option<Instant>>,
}

impl Tasks {
    /// Runs `task` until it ends or the service stops; a panic in it is logged, not lost.
    pub(crate) fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        lock(&self.0.own).spawn(watched(name, task));
    }

    /// For a task that spawns others: it keeps nothing alive.
    #[allow(dead_code, reason = "who spawns later depends on the features")]
    pub(crate) fn weak(&self) -> WeakTasks {
        WeakTasks(Arc::downgrade(&self.0))
    }

    /// Runs a task of the service, which is asked to end by [`Self::stop_token`].
    pub(crate) fn work(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        lock(&self.0.work).spawn(watched(name, task));
    }

    /// Runs `task` until the last handle is gone, whatever was ended before.
    #[allow(dead_code, reason = "what goes on depends on the features")]
    pub(crate) fn outlive(&self, task: impl Future<Output = ()> + Send + 'static) {
        lock(&self.0.late).spawn(task);
    }

    /// Keeps `value` until the last handle is gone, for whoever lives longer: the recorder of the
    /// `metrics` macros is never dropped.
    #[allow(dead_code, reason = "who looks on depends on the features")]
    pub(crate) fn hold<T: Send + Sync + 'static>(&self, value: T) -> Weak<T> {
        let value = Arc::new(value);
        let looking = Arc::downgrade(&value);
        lock(&self.0.held).push(value);
        looking
    }

    /// Calls `see` with what there is now, and with each change.
    #[allow(dead_code, reason = "who follows depends on the features")]
    pub(crate) fn follow<T: Clone + Send + Sync + 'static>(
        &self,
        name: &'static str,
        mut values: watch::Receiver<T>,
        see: impl Fn(&T) + Send + 'static,
    ) {
        self.spawn(name, async move {
            loop {
                let value = values.borrow_and_update().clone();
                see(&value);
                if values.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    /// Tells the service's tasks of the end.
    pub(crate) fn stop_token(&self) -> StopToken {
        self.0.stop.clone()
    }

    /// Asks the service's tasks to end within `grace` from the first time that this is called.
    pub(crate) fn ask(&self, grace: Duration) {
        lock(&self.0.deadline).get_or_insert_with(|| Instant::now() + grace);
        self.0.stop.stop();
    }

    /// Waits for the service's tasks until their time is over, then ends everything.
    pub(crate) async fn stop(&self) {
        self.0.stop.stop();
        let deadline = lock(&self.0.deadline).unwrap_or_else(Instant::now);
        let mut work = std::mem::take(&mut *lock(&self.0.work));
        let ended = async { while work.join_next().await.is_some() {} };
        if tokio::time::timeout_at(deadline, ended).await.is_err() {
            tracing::warn!(tasks = work.len(), "cut off after the grace period");
        }
        work.shutdown().await;
        let mut own = std::mem::take(&mut *lock(&self.0.own));
        own.shutdown().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watched(name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
    if let Err(panic) = bongsu_catch::future(task).await {
        tracing::error!(task = name, panic = %panic, "background task panicked and is gone");
    }
}

/// A task that is asked to end and gets its time for it, instead of being cut off.
#[derive(Debug)]
pub(crate) struct Stoppable {
    stop: StopToken,
    task: JoinSet<()>,
}

#[allow(dead_code, reason = "what has to be asked depends on the features")]
impl Stoppable {
    /// Starts the task that `make` makes of the future that says when to end.
    pub(crate) fn start<F>(make: impl FnOnce(BoxStop) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, mut task) = (StopToken::default(), JoinSet::new());
        let stopped = stop.clone();
        task.spawn(make(Box::pin(async move { stopped.stopped().await })));
        Self { stop, task }
    }

    /// Asks it to end, waits for so long, then cuts it off and says so.
    pub(crate) async fn finish(mut self, what: &str, patience: Duration) {
        self.stop.stop();
        let ended = async { while self.task.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!("{what}: still under way at the end; what is stored goes on next time");
        }
    }
}

/// Completes when the task is to end.
pub(crate) type BoxStop = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
