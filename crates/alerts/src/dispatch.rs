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
use crate::channel::{Attempt, Outcome};
use crate::core::Core;
use crate::engine::{Job, SharedAsk};
use crate::manager::SHARED_PATIENCE;
use crate::shared::{Reservation, Topic};

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

async fn make_attempt(core: Arc<Core>, job: Job) {
    let id = job.id;
    let topic = match ask_replicas(&core, &job).await {
        Asked::Alone => None,
        Asked::Mine(topic, cooldown) => Some((topic, cooldown)),
        Asked::Wait(wait) => {
            let now = core.clock.now();
            core.engine().wait_for_replica(now, id, wait);
            return;
        }
        Asked::Told => {
            let now = core.clock.now();
            let effects = core.engine().told_elsewhere(now, id);
            core.write(effects);
            return;
        }
    };
    let outcome = deliver(&core, job).await;
    if let Some((topic, cooldown)) = topic {
        tell_replicas(&core, &topic, cooldown, &outcome).await;
    }
    let now = core.clock.now();
    let effects = core.engine().settle(now, id, outcome);
    core.write(effects);
}

async fn deliver(core: &Arc<Core>, job: Job) -> Outcome {
    let channel = &core.channels[job.channel];
    let message = match job.message {
        Some(message) => message,
        None => match attempt::render(channel, &job.notification, &job.target) {
            Ok(message) => {
                let message = Arc::new(message);
                let now = core.clock.now();
                let changes = core.engine().rendered(now, job.id, &message);
                core.write_and_wait(changes, DISK_PATIENCE).await;
                message
            }
            Err(reason) => return Outcome::Permanent { reason },
        },
    };
    let cx = Attempt::new(
        job.notification.delivery_id,
        core.clock.now().wall,
        Instant::now() + core.attempt_time,
    )
    .attempt(job.attempt);
    let tried = attempt::within(cx.deadline, channel.deliver(&cx, &message)).await;
    if tried.panicked {
        core.engine().counters.panics += 1;
    }
    tried.outcome
}

enum Asked {
    /// No replicas, or out of reach.
    Alone,
    Mine(Topic, Duration),
    Wait(Duration),
    Told,
}

async fn ask_replicas(core: &Arc<Core>, job: &Job) -> Asked {
    let (Some(replicas), Some(ask)) = (&core.replicas, &job.shared) else {
        return Asked::Alone;
    };
    let SharedAsk {
        key,
        level,
        resolved,
        cooldown,
    } = ask;
    let topic = Topic {
        key: key.to_string(),
        channel: core.channels[job.channel].id().to_owned(),
        target: job.target.as_str().to_owned(),
        level: *level,
        resolved: *resolved,
    };
    let asked = tokio::time::timeout(SHARED_PATIENCE, replicas.reserve(&topic, core.lease)).await;
    match asked {
        Ok(Ok(Reservation::Mine)) => Asked::Mine(topic, *cooldown),
        Ok(Ok(Reservation::Theirs(wait))) => Asked::Wait(wait),
        Ok(Ok(Reservation::Told)) => Asked::Told,
        Ok(Err(error)) => {
            alone(core, &error.to_string());
            Asked::Alone
        }
        Err(_) => {
            alone(core, "no answer in time");
            Asked::Alone
        }
    }
}

fn alone(core: &Core, reason: &str) {
    let mut engine = core.engine();
    engine.counters.shared_unreachable += 1;
    let first = engine.counters.shared_unreachable.is_power_of_two();
    drop(engine);
    if first {
        tracing::warn!(target: "bongsu_alerts", reason, "the shared alert state is out of reach, this replica decides alone");
    }
}

async fn tell_replicas(core: &Arc<Core>, topic: &Topic, cooldown: Duration, outcome: &Outcome) {
    let Some(replicas) = &core.replicas else {
        return;
    };
    let told = match outcome {
        Outcome::Delivered { .. } => {
            tokio::time::timeout(SHARED_PATIENCE, replicas.told(topic, cooldown)).await
        }
        Outcome::Permanent { .. }
        | Outcome::Unsupported
        | Outcome::TargetBroken { .. }
        | Outcome::ChannelBroken { .. } => {
            tokio::time::timeout(SHARED_PATIENCE, replicas.release(topic)).await
        }
        // Kept for the retry.
        Outcome::Transient { .. } | Outcome::Degrade { .. } => return,
    };
    match told {
        Ok(Ok(())) => {}
        Ok(Err(error)) => alone(core, &error.to_string()),
        Err(_) => alone(core, "no answer in time"),
    }
}

async fn escalate(core: Arc<Core>, key: Arc<str>) {
    if let Some(replicas) = &core.replicas {
        match tokio::time::timeout(SHARED_PATIENCE, replicas.acknowledged(&key)).await {
            Ok(Ok(Some(by))) => {
                let now = core.clock.now();
                let effects = core.engine().acknowledge(now, &key, &by);
                core.write(effects.unwrap_or_default());
                return;
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => alone(&core, &error.to_string()),
            Err(_) => alone(&core, "no answer in time"),
        }
    }
    let now = core.clock.now();
    let effects = core.engine().escalate(now, &key);
    core.write(effects);
}
