//! The loop that sends what waits.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::attempt;
use crate::channel::{Attempt, Outcome, Rendered};
use crate::core::Core;
use crate::engine::Job;
use crate::replicas::{self, Asked, Way, in_time};

/// Makes the attempts: one future, to be spawned by whoever owns the runtime. Without it alerts are
/// taken in and kept, and nothing goes out. A clone is for running it again after an end.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    core: Arc<Core>,
}

/// How long an attempt waits for its record to be durable.
const DISK_PATIENCE: Duration = Duration::from_secs(5);

type Running = FuturesUnordered<Pin<Box<dyn Future<Output = ()> + Send>>>;

impl Dispatcher {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Delivers until `shutdown` completes, then as long as something is due, at most the drain time
    /// (10 s by default). What is still waiting then stays in the store for the next run.
    pub fn run<F>(self, shutdown: F) -> impl Future<Output = ()> + Send + 'static
    where
        F: Future + Send + 'static,
    {
        run(self.core, async move {
            shutdown.await;
        })
    }
}

/// Says that nobody dispatches any more, however the loop ends.
struct Dispatching<'a>(&'a Core);

impl Drop for Dispatching<'_> {
    fn drop(&mut self) {
        self.0.dispatching.store(false, Ordering::Relaxed);
    }
}

async fn run(core: Arc<Core>, shutdown: impl Future<Output = ()> + Send + 'static) {
    core.dispatching.store(true, Ordering::Relaxed);
    let flag = Arc::clone(&core);
    let _dispatching = Dispatching(&flag);
    let mut shutdown = pin!(shutdown);
    let mut running: Running = FuturesUnordered::new();
    let mut give_up: Option<Instant> = None;
    loop {
        let now = core.clock.now();
        let work = core.engine().poll(now);
        core.write(work.effects);
        for job in work.jobs {
            running.push(Box::pin(make_attempt(Arc::clone(&core), job)));
        }
        for key in work.escalations {
            running.push(Box::pin(escalate(Arc::clone(&core), key)));
        }
        let wake = core.clock.instant(work.wake);
        if let Some(end) = give_up {
            let idle = running.is_empty() && work.wake > now.tick;
            if idle || Instant::now() >= end {
                break;
            }
        }
        let until = give_up.map_or(wake, |end| end.min(wake));
        tokio::select! {
            biased;
            () = &mut shutdown, if give_up.is_none() => {
                give_up = Some(Instant::now() + core.drain);
            }
            Some(()) = running.next(), if !running.is_empty() => {}
            () = core.wake.notified() => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }
    // The last outcomes are on their way to the store.
    core.write_and_wait(Vec::new(), DISK_PATIENCE).await;
}

async fn make_attempt(core: Arc<Core>, mut job: Job) {
    let id = job.id;
    let Some(mut way) = way(&core, &job).await else {
        return;
    };
    let outcome = match prepare(&core, &mut job).await {
        Ok(message) => {
            // What was so before the message was ready may not be so any more.
            if way.is_over() {
                let Some(again) = self::way(&core, &job).await else {
                    return;
                };
                way = again;
            }
            way.attempt(&core, deliver(&core, &job, &message)).await
        }
        Err(reason) => Outcome::Permanent { reason },
    };
    let outcome = way.end(&core, outcome).await;
    replicas::note_gathered(&core, &job, &outcome).await;
    let now = core.clock.now();
    let effects = core.engine().settle(now, id, outcome);
    core.write(effects);
}

/// How the attempt is made; none: not here, not now.
async fn way(core: &Arc<Core>, job: &Job) -> Option<Way> {
    if let Some(key) = &job.repeats
        && let Some(by) = known_elsewhere(core, key).await
    {
        let now = core.clock.now();
        let effects = core.engine().acknowledged_elsewhere(now, job.id, &by);
        core.write(effects);
        return None;
    }
    let asked = replicas::ask(core, job).await;
    let now = core.clock.now();
    match asked {
        Asked::Go(way) => Some(way),
        Asked::Wait(wait) => {
            core.engine().wait_for_replica(now, job.id, wait);
            None
        }
        Asked::Told => {
            let effects = core.engine().told_elsewhere(now, job.id);
            core.write(effects);
            None
        }
        Asked::Overtaken(so) => {
            let effects = core.engine().overtaken(now, job.id, so);
            core.write(effects);
            None
        }
    }
}

/// The bytes to send, durable before the first attempt.
async fn prepare(core: &Arc<Core>, job: &mut Job) -> Result<Arc<Rendered>, String> {
    if let Some(message) = job.message.take() {
        return Ok(message);
    }
    let channel = &core.channels[job.channel];
    let message = attempt::render(channel, &job.notification, &job.target)?;
    let message = Arc::new(message);
    let now = core.clock.now();
    let changes = core.engine().rendered(now, job.id, &message);
    core.write_and_wait(changes, DISK_PATIENCE).await;
    Ok(message)
}

async fn deliver(core: &Core, job: &Job, message: &Rendered) -> Outcome {
    let cx = Attempt::new(
        job.notification.delivery_id.clone(),
        core.clock.now().wall,
        Instant::now() + core.attempt_time,
    )
    .attempt(job.attempt);
    let channel = &core.channels[job.channel];
    let tried = attempt::within(cx.deadline, channel.deliver(&cx, message)).await;
    if tried.panicked {
        core.engine().counters.panics += 1;
    }
    tried.outcome
}

async fn escalate(core: Arc<Core>, key: Arc<str>) {
    let known = known_elsewhere(&core, &key).await;
    let now = core.clock.now();
    let effects = match known {
        Some(by) => core
            .engine()
            .acknowledge(now, &key, &by)
            .unwrap_or_default(),
        None => core.engine().escalate(now, &key),
    };
    core.write(effects);
}

/// Who told another replica that he knows of a key.
async fn known_elsewhere(core: &Core, key: &str) -> Option<String> {
    let replicas = core.replicas.as_ref()?;
    match in_time(replicas.acknowledged(key)).await {
        Ok(by) => by,
        Err(error) => {
            replicas::unreachable(core, &error);
            None
        }
    }
}
