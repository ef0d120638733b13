//! One check's state machine: results in, status out. Pure; time is a [`Duration`] since the
//! health value was built.
//!
//! | result | from | to |
//! | --- | --- | --- |
//! | up | unknown | healthy |
//! | up | degraded | healthy after `rise` ups in a row |
//! | up | unhealthy | healthy after `rise` ups in a row, until then unhealthy |
//! | slow | unknown, healthy, degraded | degraded |
//! | slow | unhealthy | degraded after `rise` successes in a row |
//! | down | not unhealthy | degraded, unhealthy after `fall` failures in a row |
//! | none for `stale_after` | any | unknown |

use std::time::Duration;

use crate::status::HealthStatus;

/// What one run said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Up,
    Slow,
    Down,
}

/// The numbers that the state machine goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Failures in a row that make it unhealthy.
    pub(crate) fall: u32,
    /// Successes in a row that make it healthy again.
    pub(crate) rise: u32,
    /// Age past which the last result is no longer believed.
    pub(crate) stale_after: Duration,
}

impl Rules {
    /// `3 × interval + timeout`: two lost runs are tolerated, a third is not.
    pub(crate) fn stale_after(interval: Duration, timeout: Duration) -> Duration {
        interval.saturating_mul(3).saturating_add(timeout)
    }
}

/// What a check's results so far amount to.
#[derive(Debug, Clone)]
pub(crate) struct Tracker {
    status: HealthStatus,
    failures: u32,
    ups: u32,
    successes: u32,
    ever_succeeded: bool,
    finished: Option<Duration>,
    born: Duration,
}

/// The status at one moment, staleness included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) status: HealthStatus,
    /// True when the result (or the absence of a first one) is too old.
    pub(crate) stale: bool,
}

impl Tracker {
    pub(crate) fn new(born: Duration) -> Self {
        Self {
            status: HealthStatus::Unknown,
            failures: 0,
            ups: 0,
            successes: 0,
            ever_succeeded: false,
            finished: None,
            born,
        }
    }

    /// Takes in a run that ended at `now`.
    pub(crate) fn observe(&mut self, rules: &Rules, verdict: Verdict, now: Duration) {
        // Results from before a silence say nothing about now: begin again.
        if self.standing(rules, now).stale {
            self.status = HealthStatus::Unknown;
            (self.failures, self.ups, self.successes) = (0, 0, 0);
        }
        self.finished = Some(now);
        match verdict {
            Verdict::Up => {
                self.failures = 0;
                self.ups = self.ups.saturating_add(1);
                self.successes = self.successes.saturating_add(1);
            }
            Verdict::Slow => {
                self.failures = 0;
                self.ups = 0;
                self.successes = self.successes.saturating_add(1);
            }
            Verdict::Down => {
                self.failures = self.failures.saturating_add(1);
                self.ups = 0;
                self.successes = 0;
            }
        }
        self.ever_succeeded |= verdict != Verdict::Down;
        self.status = self.next(rules, verdict);
    }

    fn next(&self, rules: &Rules, verdict: Verdict) -> HealthStatus {
        use HealthStatus::{Degraded, Healthy, Unhealthy, Unknown};
        match (verdict, self.status) {
            (Verdict::Up, Unknown | Healthy) => Healthy,
            (Verdict::Up, Degraded | Unhealthy) if self.ups >= rules.rise => Healthy,
            (Verdict::Slow, Unknown | Healthy) => Degraded,
            (Verdict::Up | Verdict::Slow, Degraded) => Degraded,
            (Verdict::Up | Verdict::Slow, Unhealthy) if self.successes >= rules.rise => Degraded,
            (Verdict::Up | Verdict::Slow, Unhealthy) => Unhealthy,
            (Verdict::Down, Unhealthy) => Unhealthy,
            (Verdict::Down, _) if self.failures >= rules.fall => Unhealthy,
            (Verdict::Down, _) => Degraded,
        }
    }

    /// The status at `now`.
    pub(crate) fn standing(&self, rules: &Rules, now: Duration) -> Standing {
        let stale = now > self.stale_at(rules);
        Standing {
            status: if stale {
                HealthStatus::Unknown
            } else {
                self.status
            },
            stale,
        }
    }

    /// The last moment at which the current result is still believed.
    pub(crate) fn stale_at(&self, rules: &Rules) -> Duration {
        self.finished
            .unwrap_or(self.born)
            .saturating_add(rules.stale_after)
    }

    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    pub(crate) fn ever_succeeded(&self) -> bool {
        self.ever_succeeded
    }

    /// Whether the next run should come sooner than usual: something is being confirmed.
    pub(crate) fn unsettled(&self) -> bool {
        self.status != HealthStatus::Healthy
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULES: Rules = Rules {
        fall: 2,
        rise: 2,
        stale_after: Duration::from_secs(32),
    };

    /// `script`: `u` up, `s` slow, `d` down, each 10 s apart, `.` a run that never came back.
    /// `expected`: the status after each, `h d u ?`.
    #[track_caller]
    fn check(rules: &Rules, script: &str, expected: &str) {
        let mut tracker = Tracker::new(Duration::ZERO);
        let mut seen = String::new();
        let mut now = Duration::ZERO;
        for step in script.chars() {
            match step {
                'u' => tracker.observe(rules, Verdict::Up, now),
                's' => tracker.observe(rules, Verdict::Slow, now),
                'd' => tracker.observe(rules, Verdict::Down, now),
                _ => {}
            }
            seen.push(match tracker.standing(rules, now).status {
                HealthStatus::Healthy => 'h',
                HealthStatus::Degraded => 'd',
                HealthStatus::Unhealthy => 'u',
                HealthStatus::Unknown => '?',
            });
            now += Duration::from_secs(10);
        }
        assert_eq!(seen, expected, "script {script}");
    }

    #[test]
    fn hysteresis() {
        check(&RULES, "uuu", "hhh");
        check(&RULES, "udu", "hdd");
        check(&RULES, "uduu", "hddh");
        check(&RULES, "udd", "hdu");
        check(&RULES, "uddu", "hduu");
        check(&RULES, "udduu", "hduuh");
        check(&RULES, "uddudu", "hduuuu");
        check(&RULES, "dd", "du");
        check(&RULES, "dudu", "dddd");
    }

    #[test]
    fn slowness() {
        check(&RULES, "s", "d");
        check(&RULES, "us", "hd");
        check(&RULES, "usu", "hdd");
        check(&RULES, "usuu", "hddh");
        check(&RULES, "uddss", "hduud");
        check(&RULES, "uddsu", "hduud");
        check(&RULES, "uddsuu", "hduudh");
        check(&RULES, "sdd", "ddu");
    }

    #[test]
    fn staleness() {
        check(&RULES, "u...", "hhhh");
        check(&RULES, "u....", "hhhh?");
        check(&RULES, "u....u", "hhhh?h");
        check(&RULES, "udd....u", "hduuuu?h");
        check(&RULES, "udd....d", "hduuuu?d");
        check(&RULES, ".....", "?????");
    }

    #[test]
    fn other_thresholds() {
        let once = Rules {
            fall: 1,
            rise: 1,
            ..RULES
        };
        check(&once, "udud", "huhu");
        let thrice = Rules {
            fall: 3,
            rise: 3,
            ..RULES
        };
        check(&thrice, "udddud", "hdduuu");
        check(&thrice, "uddduuu", "hdduuuh");
    }

    #[test]
    fn never_run_is_stale_only_after_the_limit() {
        let tracker = Tracker::new(Duration::from_secs(5));
        assert!(!tracker.standing(&RULES, Duration::from_secs(37)).stale);
        assert!(
            tracker
                .standing(&RULES, Duration::from_millis(37_001))
                .stale
        );
    }

    #[test]
    fn the_limit_is_three_intervals_and_a_timeout() {
        let limit = Rules::stale_after(Duration::from_secs(10), Duration::from_secs(2));
        assert_eq!(limit, Duration::from_secs(32));
        assert_eq!(
            Rules::stale_after(Duration::MAX, Duration::MAX),
            Duration::MAX
        );
    }

    /// The rules again, told from the whole history instead of from counters: `results` without
    /// silences, oldest first.
    fn told_from_history(rules: &Rules, results: &[Verdict]) -> HealthStatus {
        let trailing = |of: &[Verdict], good: fn(&Verdict) -> bool| {
            of.iter().rev().take_while(|v| good(v)).count()
        };
        let reached = |count: usize, needed: u32| count >= needed as usize;
        let mut status = HealthStatus::Unknown;
        for end in 1..=results.len() {
            let so_far = &results[..end];
            let ups = trailing(so_far, |v| *v == Verdict::Up);
            let successes = trailing(so_far, |v| *v != Verdict::Down);
            let failures = trailing(so_far, |v| *v == Verdict::Down);
            let before = status;
            let was_down = before == HealthStatus::Unhealthy;
            let was_fine = matches!(before, HealthStatus::Unknown | HealthStatus::Healthy);
            let down =
                reached(failures, rules.fall) || (was_down && !reached(successes, rules.rise));
            let well = reached(ups, rules.rise) || (was_fine && ups > 0);
            status = match (down, well) {
                (true, _) => HealthStatus::Unhealthy,
                (false, true) => HealthStatus::Healthy,
                (false, false) => HealthStatus::Degraded,
            };
        }
        status
    }

    fn verdicts() -> impl Strategy<Value = Vec<Verdict>> {
        proptest::collection::vec(
            prop_oneof![Just(Verdict::Up), Just(Verdict::Slow), Just(Verdict::Down)],
            0..40,
        )
    }

    proptest! {
        #[test]
        fn the_counters_agree_with_the_history(results in verdicts(), fall in 1_u32..5, rise in 1_u32..5) {
            let rules = Rules { fall, rise, ..RULES };
            let mut tracker = Tracker::new(Duration::ZERO);
            for (at, result) in results.iter().enumerate() {
                tracker.observe(&rules, *result, Duration::from_secs(at as u64));
            }
            let now = Duration::from_secs(results.len() as u64);
            prop_assert_eq!(tracker.standing(&rules, now).status, told_from_history(&rules, &results));
        }

        #[test]
        fn time_alone_only_ever_makes_it_unknown(results in verdicts(), wait in 0_u64..100_000) {
            let mut tracker = Tracker::new(Duration::ZERO);
            for result in &results {
                tracker.observe(&RULES, *result, Duration::ZERO);
            }
            let now = tracker.standing(&RULES, Duration::ZERO).status;
            let later = tracker.standing(&RULES, Duration::from_millis(wait));
            prop_assert_eq!(later.stale, wait > 32_000);
            prop_assert_eq!(later.status, if later.stale { HealthStatus::Unknown } else { now });
        }
    }
}
