//! The async runtime under the service: its own figures at every scrape, how late it runs what is due, and which
//! of its workers a task holds.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::{Handle, RuntimeMetrics},
    time::Instant,
};

/// How often the workers are looked at, and how late a timer is.
const BEAT: Duration = Duration::from_millis(100);
/// From here on a task has held its worker too long.
const HELD: Duration = Duration::from_millis(250);
/// Between two lines.
const QUIET: Duration = Duration::from_secs(10);
/// What is remembered of it.
const LATELY: Duration = Duration::from_secs(60);
/// Held for so long in that time, all together, it lasts: a busy machine alone does not come to that.
const LONG: Duration = Duration::from_secs(5);
/// Most that are remembered.
const MOST: usize = 100;

/// One look at a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    /// Time that it spent with tasks.
    busy: Duration,
    /// How often it began and ended to wait: even while it is at work.
    parks: u64,
}

impl Look {
    fn at(metrics: &RuntimeMetrics, worker: usize) -> Self {
        Self {
            busy: metrics.worker_total_busy_duration(worker),
            parks: metrics.worker_park_unpark_count(worker),
        }
    }

    fn waits(self) -> bool {
        self.parks % 2 == 1
    }
}

/// A worker, and since when nothing of it has changed.
#[derive(Clone, Copy, Debug)]
struct Worker {
    last: Look,
    since: Instant,
}

/// What is known of the workers.
#[derive(Debug)]
struct Watch {
    workers: Vec<Worker>,
    /// When a worker was free again, and for how long it was held.
    held: Vec<(Instant, Duration)>,
    /// The latest that a timer was since this was asked last.
    latest: Duration,
    /// How late timers were lately, the latest first: each later, but less late than those before it.
    late: VecDeque<(Instant, Duration)>,
    told: Option<Instant>,
    /// It lasted at least once.
    lasted: bool,
}

/// A line about a held worker.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    worker: usize,
    held: Duration,
    over: bool,
}

impl Watch {
    fn new(looks: &[Look], now: Instant) -> Self {
        Self {
            workers: looks
                .iter()
                .map(|&last| Worker { last, since: now })
                .collect(),
            held: Vec::new(),
            latest: Duration::ZERO,
            late: VecDeque::new(),
            told: None,
            lasted: false,
        }
    }

    /// Looks at every worker. One that is at work and whose figures do not move is held by a task: figures move when it
    /// has gone through its tasks, or through sixty of them.
    fn look(&mut self, looks: &[Look], now: Instant, late: Duration) -> Option<Line> {
        self.latest = self.latest.max(late);
        self.late
            .retain(|(at, less)| *less > late && now.saturating_duration_since(*at) < LATELY);
        self.late.push_back((now, late));
        let mut line = None;
        // Who looked late does not know what several workers did meanwhile; a single one is what made it late.
        let unseen = match looks.len() {
            0 | 1 => Duration::ZERO,
            _ => late,
        };
        for (place, (worker, &look)) in self.workers.iter_mut().zip(looks).enumerate() {
            let held = now.saturating_duration_since(worker.since);
            let held = held.saturating_sub(unseen);
            let (moved, was_at_work) = (look != worker.last, !worker.last.waits());
            if moved {
                // The time that it was seen to be busy is less than that of a hold that fell between two looks.
                let busy = look.busy.saturating_sub(worker.last.busy);
                let held = held.min(busy);
                if was_at_work && held >= HELD {
                    if self.held.len() >= MOST {
                        self.held.remove(0);
                    }
                    self.held.push((now, held));
                    line = longer(
                        line,
                        Line {
                            worker: place,
                            held,
                            over: true,
                        },
                    );
                }
                *worker = Worker {
                    last: look,
                    since: now,
                };
            } else if was_at_work && held >= LONG {
                line = longer(
                    line,
                    Line {
                        worker: place,
                        held,
                        over: false,
                    },
                );
            }
        }
        self.lasted |= self.trouble(now).is_some();
        let line = line?;
        let quiet = self
            .told
            .is_some_and(|told| now.saturating_duration_since(told) < QUIET);
        if quiet {
            return None;
        }
        self.told = Some(now);
        Some(line)
    }

    /// The latest that a timer was since this was asked before.
    fn take_latest(&mut self) -> Duration {
        std::mem::take(&mut self.latest)
    }

    /// The latest that a timer was in the last minute; none before the first look.
    fn worst_lately(&self) -> Option<Duration> {
        self.late.front().map(|(_, late)| *late)
    }

    /// What is so now, in words, while it lasts.
    fn trouble(&self, now: Instant) -> Option<String> {
        let lately = |at: Instant| now.saturating_duration_since(at) < LATELY;
        let ended = self.held.iter().filter(|(at, _)| lately(*at));
        let working = self.workers.iter().filter(|worker| !worker.last.waits());
        let current = working.map(|worker| now.saturating_duration_since(worker.since));
        let holds = ended.map(|(_, held)| *held);
        let holds = holds.chain(current.filter(|held| *held >= HELD));
        let (mut total, mut longest) = (Duration::ZERO, Duration::ZERO);
        for held in holds {
            total += held;
            longest = longest.max(held);
        }
        let (all, one) = (total.as_secs_f64(), longest.as_secs_f64());
        (total >= LONG).then(|| {
            format!(
                "tasks held workers of the runtime for {all:.1} s of the last minute, up to {one:.1} s at once"
            )
        })
    }

    /// Whether it lasted at least once.
    fn lasted(&self) -> bool {
        self.lasted
    }
}

fn longer(line: Option<Line>, other: Line) -> Option<Line> {
    match line {
        Some(line) if line.held >= other.held => Some(line),
        _ => Some(other),
    }
}

/// What is known of the runtime, for whoever asks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Runtime(Arc<Mutex<Watch>>);

impl Runtime {
    /// The latest that a timer was since this was asked before.
    #[must_use]
    pub fn take_latest(&self) -> Duration {
        self.lock().take_latest()
    }

    /// The latest that a timer was in the last minute; none before the first look.
    #[must_use]
    pub fn worst_lately(&self) -> Option<Duration> {
        self.lock().worst_lately()
    }

    /// What is so now, in words, while tasks hold workers for long.
    #[must_use]
    pub fn trouble(&self, now: Instant) -> Option<String> {
        self.lock().trouble(now)
    }

    /// Whether that was so at least once.
    #[must_use]
    pub fn lasted(&self) -> bool {
        self.lock().lasted()
    }

    fn lock(&self) -> MutexGuard<'_, Watch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of the runtime that this is called in, and what looks at it.
pub fn watch() -> (Runtime, impl Future<Output = ()> + Send + use<>) {
    let runtime = Handle::current().metrics();
    let look = move || -> Vec<Look> {
        let workers = 0..runtime.num_workers();
        workers.map(|worker| Look::at(&runtime, worker)).collect()
    };
    let known = Runtime(Arc::new(Mutex::new(Watch::new(&look(), Instant::now()))));
    let kept = known.clone();
    let looking = async move {
        loop {
            let due = Instant::now() + BEAT;
            tokio::time::sleep_until(due).await;
            let now = Instant::now();
            let line = kept.lock().look(&look(), now, now - due);
            let Some(Line { worker, held, over }) = line else {
                continue;
            };
            let held_ms = u64::try_from(held.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(
                worker,
                held_ms,
                over,
                "a task held a worker of the runtime for {held_ms} ms, by computing or by a call that blocks; such work \
                 belongs into spawn_blocking"
            );
        }
    };
    (known, looking)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_work(busy_ms: u64, parks: u64) -> Look {
        Look {
            busy: Duration::from_millis(busy_ms),
            parks: parks * 2,
        }
    }

    fn waiting(busy_ms: u64, parks: u64) -> Look {
        Look {
            parks: parks * 2 + 1,
            ..at_work(busy_ms, 0)
        }
    }

    /// What is said of a runtime of two workers, of which the first waits, at each of these looks.
    fn said(looks: &[(u64, u64, Look)]) -> (Watch, Instant, Vec<Option<(u64, bool)>>) {
        let start = Instant::now();
        let mut watch = Watch::new(&[waiting(0, 0), waiting(0, 0)], start);
        let mut now = start;
        let mut lines = Vec::new();
        for &(at, late, second) in looks {
            now = start + Duration::from_millis(at);
            let late = Duration::from_millis(late);
            let line = watch.look(&[waiting(0, 0), second], now, late);
            lines.push(line.map(|line| {
                assert_eq!(line.worker, 1);
                (u64::try_from(line.held.as_millis()).unwrap(), line.over)
            }));
        }
        (watch, now, lines)
    }

    #[test]
    fn a_worker_that_a_task_held_is_told_with_how_long() {
        // Parked, at work from 50 ms on, free again at 390.
        let looks = [
            (100, 0, at_work(0, 1)),
            (200, 0, at_work(0, 1)),
            (300, 0, at_work(0, 1)),
            (400, 0, waiting(340, 1)),
        ];
        let (watch, now, lines) = said(&looks);
        assert_eq!(lines, [None, None, None, Some((300, true))]);
        assert_eq!(watch.trouble(now), None, "once does not last");
    }

    #[test]
    fn the_worst_of_the_last_minute_is_remembered_and_no_more() {
        let mut watch = Watch::new(&[], Instant::now());
        assert_eq!(watch.worst_lately(), None);
        let start = Instant::now();
        let mut worst = |second: u64, late_ms: u64| {
            let late = Duration::from_millis(late_ms);
            watch.look(&[], start + Duration::from_secs(second), late);
            watch.worst_lately().map(|late| late.as_millis())
        };
        assert_eq!(worst(0, 5), Some(5));
        assert_eq!(worst(10, 40), Some(40));
        assert_eq!(worst(20, 7), Some(40));
        assert_eq!(worst(50, 9), Some(40));
        assert_eq!(worst(71, 1), Some(9));
        assert_eq!(worst(111, 2), Some(2));
    }

    #[test]
    fn many_small_tasks_hold_nothing() {
        let busy = (1..20).map(|n| (n * 100, 0, at_work(n * 100, 1)));
        let (watch, now, lines) = said(&busy.collect::<Vec<_>>());
        assert!(lines.iter().all(Option::is_none), "{lines:?}");
        assert_eq!((watch.trouble(now), watch.lasted()), (None, false));
        // The machine was away for a second: nobody knows what the worker did.
        let (_, _, lines) = said(&[(100, 0, at_work(0, 1)), (1_200, 1_000, at_work(1_100, 1))]);
        assert_eq!(lines, [None, None]);
        // A worker with nothing to do does not move either.
        let (_, _, lines) = said(&[(100, 0, waiting(5, 1)), (9_000, 0, waiting(5, 1))]);
        assert_eq!(lines, [None, None]);
    }

    #[test]
    fn one_that_is_held_for_long_is_told_while_it_lasts() {
        let mut looks: Vec<_> = (1..=60).map(|n| (n * 100, 0, at_work(0, 1))).collect();
        let (watch, now, lines) = said(&looks);
        let told: Vec<_> = lines.into_iter().flatten().collect();
        assert_eq!(told, [(5_000, false)], "once in a while");
        let words =
            "tasks held workers of the runtime for 5.9 s of the last minute, up to 5.9 s at once";
        assert_eq!(watch.trouble(now).as_deref(), Some(words));
        looks.push((6_200, 0, waiting(6_000, 1)));
        let (watch, now, _) = said(&looks);
        assert!(watch.trouble(now).is_some());
        assert_eq!(watch.trouble(now + LATELY), None, "it is over");
        assert!(watch.lasted());
    }

    #[test]
    fn again_and_again_lasts_too() {
        let mut looks = Vec::new();
        for n in 0..20 {
            looks.push((n * 1_000 + 100, 0, at_work(n * 300, n + 1)));
            looks.push((n * 1_000 + 400, 0, waiting(n * 300 + 300, n + 1)));
        }
        let (watch, now, lines) = said(&looks);
        assert_eq!(lines.iter().flatten().count(), 2, "a line in ten seconds");
        let words =
            "tasks held workers of the runtime for 6.0 s of the last minute, up to 0.3 s at once";
        assert_eq!(watch.trouble(now).as_deref(), Some(words));
    }

    /// The real one, with the single worker of a test.
    #[tokio::test]
    async fn a_task_that_blocks_is_seen() {
        let (known, looking) = watch();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(looking);
        // It looks, then waits for its time while this blocks.
        bongsu_testkit::eventually("a look", async || {
            tokio::time::sleep(BEAT).await;
            std::thread::sleep(HELD * 2);
            (!known.lock().held.is_empty()).then_some(())
        })
        .await;
        assert!(known.take_latest() >= HELD);
        assert_eq!(known.take_latest(), Duration::ZERO);
    }
}
