//! One attempt among several replicas: who makes it, and for how long it is reserved.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bongsu_secret::Secret;
use tokio::time::Instant;

use crate::AlertLevel;
use crate::channel::Outcome;
use crate::core::Core;
use crate::engine::{Job, SharedAsk};
use crate::manager::SHARED_PATIENCE;
use crate::shared::{LOOK_AGAIN, Reservation, SharedError, SharedState, Topic};

/// What the other replicas say to an attempt.
#[derive(Debug)]
pub(crate) enum Asked {
    /// It is made here.
    Go(Way),
    /// Another makes it just now.
    Wait(Duration),
    /// Another made it.
    Told,
    /// Another said since what is so, by this replica's knowledge.
    Overtaken(Option<AlertLevel>),
}

/// On what grounds an attempt is made here.
#[derive(Debug)]
pub(crate) enum Way {
    /// There are no others.
    Alone,
    /// They are out of reach: this one decides alone, and they may decide the same.
    Unheard,
    /// It is reserved.
    Mine(Lease),
}

/// A message that is this replica's to tell.
#[derive(Debug)]
pub(crate) struct Lease {
    replicas: Arc<dyn SharedState>,
    topic: Topic,
    cooldown: Duration,
    length: Duration,
    asked_at: Instant,
    /// It is ours at least until then.
    until: Instant,
    lost: bool,
}

/// Asks for a message before an attempt.
pub(crate) async fn ask(core: &Core, job: &Job) -> Asked {
    let (Some(replicas), Some(ask)) = (&core.replicas, &job.shared) else {
        return Asked::Go(Way::Alone);
    };
    let topic = topic(core, job, ask);
    let asked_at = Instant::now();
    match in_time(replicas.reserve(&topic, core.lease)).await {
        Ok(Reservation::Mine) => Asked::Go(Way::Mine(Lease {
            replicas: Arc::clone(replicas),
            topic,
            cooldown: ask.cooldown,
            length: core.lease,
            asked_at,
            until: asked_at + core.lease,
            lost: false,
        })),
        Ok(Reservation::Theirs(wait)) => Asked::Wait(wait.min(LOOK_AGAIN)),
        Ok(Reservation::Told) => Asked::Told,
        Ok(Reservation::Overtaken) => Asked::Overtaken(topic.so),
        Err(error) => {
            unreachable(core, &error);
            Asked::Go(Way::Unheard)
        }
    }
}

fn topic(core: &Core, job: &Job, ask: &SharedAsk) -> Topic {
    let channel = &core.channels[job.channel];
    Topic {
        key: ask.key.to_string(),
        channel: channel.id().to_owned(),
        target: place(job.target.as_str(), core.far_sides[job.channel]),
        level: ask.level,
        resolved: ask.resolved,
        falls: ask.falls,
        so: ask.so,
        age: ask.age,
    }
}

/// A target as all replicas name it that reach the same: two hooks of one service are two places.
fn place(target: &str, far_side: Option<u64>) -> String {
    match far_side {
        Some(hash) => format!("{target}@{hash:08x}"),
        None => target.to_owned(),
    }
}

/// Half of a hash: enough to tell two far sides apart, and too little to say anything of a secret.
pub(crate) fn far_side_hash(secret: &Secret) -> u64 {
    bongsu_trace::fnv(secret.expose().as_bytes()) >> 32
}

/// Lets the others know what a digest told, if it arrived.
pub(crate) async fn note_gathered(core: &Core, job: &Job, outcome: &Outcome) {
    let (Some(replicas), Outcome::Delivered { .. }) = (&core.replicas, outcome) else {
        return;
    };
    let Some(SharedAsk { cooldown, .. }) = job.gathered.first() else {
        return;
    };
    let topics = job.gathered.iter().map(|ask| topic(core, job, ask));
    let topics: Vec<Topic> = topics.collect();
    if let Err(error) = in_time(replicas.gathered(&topics, *cooldown)).await {
        unreachable(core, &error);
    }
}

impl Way {
    /// Whether its grounds may be gone: the process was stopped, or a disk took long.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self, Self::Mine(lease) if lease.is_over())
    }

    /// Makes the attempt, and keeps the message reserved meanwhile.
    pub(crate) async fn attempt(
        &mut self,
        core: &Core,
        attempt: impl Future<Output = Outcome>,
    ) -> Outcome {
        match self {
            Self::Alone | Self::Unheard => attempt.await,
            Self::Mine(lease) => lease.keep(core, attempt).await,
        }
    }

    /// Tells the others what came of it, and gives what has to be known of it here.
    pub(crate) async fn end(self, core: &Core, outcome: Outcome) -> Outcome {
        match self {
            Self::Alone => outcome,
            Self::Unheard => noted(outcome, Some(UNHEARD)),
            Self::Mine(lease) => lease.end(core, outcome).await,
        }
    }
}

impl Lease {
    fn is_over(&self) -> bool {
        self.lost || Instant::now() >= self.until
    }

    async fn keep(&mut self, core: &Core, attempt: impl Future<Output = Outcome>) -> Outcome {
        let mut attempt = pin!(attempt);
        let (replicas, topic, length) =
            (Arc::clone(&self.replicas), self.topic.clone(), self.length);
        let renew = || async {
            tokio::time::sleep(length / 3).await;
            let asked_at = Instant::now();
            (asked_at, in_time(replicas.reserve(&topic, length)).await)
        };
        let mut renewal = pin!(renew());
        loop {
            tokio::select! {
                biased;
                outcome = &mut attempt => return outcome,
                (asked_at, answer) = &mut renewal => {
                    match answer {
                        Ok(Reservation::Mine) => self.until = asked_at + length,
                        Ok(_) => self.lost = true,
                        Err(error) => unreachable(core, &error),
                    }
                    renewal.set(renew());
                }
            }
        }
    }

    async fn end(mut self, core: &Core, outcome: Outcome) -> Outcome {
        self.topic.age += self.asked_at.elapsed();
        let over = self.is_over();
        match outcome {
            Outcome::Delivered { note } => {
                let told = in_time(self.replicas.told(&self.topic, self.cooldown)).await;
                let doubt = match told {
                    Err(error) => {
                        unreachable(core, &error);
                        Some(UNHEARD)
                    }
                    Ok(()) => over.then_some(OVERTAKEN),
                };
                noted(Outcome::Delivered { note }, doubt)
            }
            // The other form goes out at once.
            Outcome::Degrade { .. } => outcome,
            _ => {
                if let Err(error) = in_time(self.replicas.release(&self.topic)).await {
                    unreachable(core, &error);
                }
                outcome
            }
        }
    }
}

/// Why other replicas may have told the same.
const UNHEARD: &str =
    "the other replicas could not be asked or told: one of them may have told it as well";
const OVERTAKEN: &str =
    "the reservation ran out before the attempt ended: another replica may have told it as well";

/// The outcome with one more note, if it is a delivery.
fn noted(outcome: Outcome, more: Option<&str>) -> Outcome {
    match (outcome, more) {
        (Outcome::Delivered { note }, Some(more)) => Outcome::delivered_with(match note {
            Some(note) => format!("{note}; {more}"),
            None => more.to_owned(),
        }),
        (outcome, _) => outcome,
    }
}

/// Waits for an answer of the shared state, not for ever.
pub(crate) async fn in_time<T>(
    call: impl Future<Output = Result<T, SharedError>>,
) -> Result<T, SharedError> {
    let answer = tokio::time::timeout(SHARED_PATIENCE, call).await;
    answer.unwrap_or_else(|_| Err(SharedError::new("no answer in time")))
}

/// Counts that the shared state is out of reach, and says so now and then.
pub(crate) fn unreachable(core: &Core, error: &SharedError) {
    let mut engine = core.engine();
    engine.counters.shared_unreachable += 1;
    let first = engine.counters.shared_unreachable.is_power_of_two();
    drop(engine);
    if first {
        tracing::warn!(target: "bongsu_alerts", reason = %error, "the shared alert state is out of reach, this replica decides alone");
    }
}
