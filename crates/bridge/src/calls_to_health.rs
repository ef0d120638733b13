//! How the calls that the service makes go, in `/health`: nothing is asked for it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bongsu_health::{Check, CheckError, CheckOutput, DependencyType, Importance, Probe};
use bongsu_outgoing::CallEnd;
use tokio::time::Instant;

/// The check's name.
const NAME: &str = "outgoing";
const EVERY: Duration = Duration::from_secs(5);
/// A count covers so long, and what is looked at is the last two.
const SPAN: Duration = Duration::from_secs(30);
/// Fewer failures may be chance.
const FAILURES: u32 = 3;
/// Most that are told of one by one.
const SHOWN: usize = 20;
/// Most that are watched: their names are bounded already.
const MOST: usize = 300;

/// Calls and failures.
type Count = (u32, u32);

/// What was called lately, and how it went.
#[derive(Debug, Default)]
struct Calls(BTreeMap<String, Lately>);

#[derive(Debug)]
struct Lately {
    since: Instant,
    now: Count,
    before: Count,
}

impl Calls {
    fn add(&mut self, name: &str, now: Instant, failed: bool) {
        if !self.0.contains_key(name) {
            if self.0.len() >= MOST {
                return;
            }
            let none = Lately {
                since: now,
                now: (0, 0),
                before: (0, 0),
            };
            self.0.insert(name.to_owned(), none);
        }
        if let Some(lately) = self.0.get_mut(name) {
            lately.turn(now);
            lately.now.0 = lately.now.0.saturating_add(1);
            lately.now.1 = lately.now.1.saturating_add(u32::from(failed));
        }
    }

    /// What fails at least every second time, in words; each with its counts.
    fn judge(&mut self, now: Instant) -> (Vec<String>, Vec<(String, Count)>) {
        let (mut failing, mut all) = (Vec::new(), Vec::new());
        for (name, lately) in &mut self.0 {
            lately.turn(now);
            let calls = lately.now.0.saturating_add(lately.before.0);
            let failed = lately.now.1.saturating_add(lately.before.1);
            if failed >= FAILURES && failed >= calls - failed {
                failing.push(format!("{name}: {failed} of {calls} calls failed"));
            }
            all.push((name.clone(), (calls, failed)));
        }
        (failing, all)
    }
}

impl Lately {
    /// Begins a new count when the time of this one is over.
    fn turn(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        if passed < SPAN {
            return;
        }
        self.before = match passed < SPAN * 2 {
            true => self.now,
            false => (0, 0),
        };
        (self.now, self.since) = ((0, 0), now);
    }
}

/// Asks what is known.
struct Known(Arc<Mutex<Calls>>);

#[async_trait]
impl Probe for Known {
    async fn check(&self) -> Result<CheckOutput, CheckError> {
        let (failing, all) = lock(&self.0).judge(Instant::now());
        let output = match failing.is_empty() {
            true => CheckOutput::ok(),
            false => CheckOutput::degraded(failing.join("; ")),
        };
        let shown = all.into_iter().take(SHOWN);
        Ok(shown.fold(output, |output, (name, (calls, failed))| {
            output.metadata(name, format!("{calls} calls, {failed} failed"))
        }))
    }

    fn is_used(&self) -> bool {
        !lock(&self.0).0.is_empty()
    }
}

fn lock(calls: &Mutex<Calls>) -> std::sync::MutexGuard<'_, Calls> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The check, and what is told of each call's end for it. It is there from the first call on, and degraded while half
/// of the calls to one of those called fail.
pub fn check() -> (Check, impl Fn(&CallEnd<'_>) + Send + Sync + use<>) {
    let calls = Arc::<Mutex<Calls>>::default();
    let known = Known(Arc::clone(&calls));
    let tell = move |end: &CallEnd<'_>| {
        let (now, failed) = (Instant::now(), end.status.is_failure());
        lock(&calls).add(end.target.dependency(), now, failed);
    };
    let check = Check::from_probe(NAME, DependencyType::ExternalApi, known);
    (
        check.importance(Importance::Degrading).interval(EVERY),
        tell,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn half_of_the_calls_failing_is_told_and_forgotten() {
        let mut calls = Calls::default();
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let words = |calls: &mut Calls, seconds: u64| calls.judge(at(seconds)).0.join("; ");
        for failed in [true, true] {
            calls.add("broker:443", at(0), failed);
        }
        assert_eq!(words(&mut calls, 1), "", "two may be chance");
        calls.add("broker:443", at(29), true);
        calls.add("sqlite", at(29), false);
        assert_eq!(words(&mut calls, 29), "broker:443: 3 of 3 calls failed");
        for _ in 0..4 {
            calls.add("broker:443", at(31), false);
        }
        assert_eq!(words(&mut calls, 32), "", "fewer than half");
        calls.add("broker:443", at(33), true);
        assert_eq!(words(&mut calls, 34), "broker:443: 4 of 8 calls failed");
        assert_eq!(words(&mut calls, 62), "", "what was before is over");
        assert_eq!(calls.judge(at(500)).1[0], ("broker:443".to_owned(), (0, 0)));
    }

    #[test]
    fn no_more_are_watched_than_there_is_room_for() {
        let mut calls = Calls::default();
        for n in 0..MOST + 5 {
            calls.add(&n.to_string(), Instant::now(), false);
        }
        assert_eq!(calls.0.len(), MOST);
    }
}
