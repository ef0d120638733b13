//! A channel, or a target, that fails again and again is left alone for a while.

use std::time::Duration;

use crate::clock::Tick;

/// When a channel is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Failures in a row that open it. Default: 5.
    pub failures: u32,
    /// How long it stays open the first time; doubles while the one attempt after it fails.
    /// Default: 30 s.
    pub open: Duration,
    /// The longest it stays open. Default: 10 min.
    pub longest: Duration,
    /// How long a channel that says it is broken is left alone. Default: 15 min.
    pub broken: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures: 5,
            open: Duration::from_secs(30),
            longest: Duration::from_secs(600),
            broken: Duration::from_secs(900),
        }
    }
}

/// Whether a channel may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Freely.
    Open,
    /// Once, to see.
    Probe,
    /// One such attempt is under way.
    Wait,
    /// Not before this.
    Shut(Tick),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Tick },
    Probing,
}

/// Closed → open after failures in a row → one probe → closed, or open for twice as long.
#[derive(Debug)]
pub(crate) struct Breaker {
    config: BreakerConfig,
    state: State,
    failures: u32,
    opened: u32,
    broken: bool,
}

impl Breaker {
    pub(crate) const fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            state: State::Closed,
            failures: 0,
            opened: 0,
            broken: false,
        }
    }

    pub(crate) fn gate(&self, tick: Tick) -> Gate {
        match self.state {
            State::Closed => Gate::Open,
            State::Open { until } if tick >= until => Gate::Probe,
            State::Open { until } => Gate::Shut(until),
            State::Probing => Gate::Wait,
        }
    }

    /// An attempt begins; after [`Gate::Probe`] it is the only one.
    pub(crate) fn begin(&mut self, tick: Tick) {
        if self.gate(tick) == Gate::Probe {
            self.state = State::Probing;
        }
    }

    /// True: it had been open.
    pub(crate) fn success(&mut self) -> bool {
        let was_open = self.state != State::Closed;
        self.state = State::Closed;
        self.failures = 0;
        self.opened = 0;
        self.broken = false;
        was_open
    }

    /// True: it opens by this.
    pub(crate) fn failure(&mut self, tick: Tick) -> bool {
        self.failures = self.failures.saturating_add(1);
        match self.state {
            State::Closed if self.failures >= self.config.failures => {
                self.open(tick);
                true
            }
            State::Closed | State::Open { .. } => false,
            State::Probing => {
                self.open(tick);
                false
            }
        }
    }

    /// The channel says that it is broken. True: that is news.
    pub(crate) fn broken(&mut self, tick: Tick) -> bool {
        let news = !self.broken;
        self.broken = true;
        self.opened = self.opened.saturating_add(1);
        self.state = State::Open {
            until: tick.after(self.config.broken),
        };
        news
    }

    /// An attempt ended without telling anything of the channel's health.
    pub(crate) fn neutral(&mut self, tick: Tick) {
        if self.state == State::Probing {
            self.state = State::Open { until: tick };
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    pub(crate) fn is_probing(&self) -> bool {
        self.state == State::Probing
    }

    /// Its last attempt failed.
    pub(crate) fn is_troubled(&self) -> bool {
        self.failures > 0 || self.is_open()
    }

    pub(crate) const fn is_broken(&self) -> bool {
        self.broken
    }

    fn open(&mut self, tick: Tick) {
        let wait = self
            .config
            .open
            .saturating_mul(1_u32.checked_shl(self.opened.min(31)).unwrap_or(u32::MAX))
            .min(self.config.longest);
        self.opened = self.opened.saturating_add(1);
        self.state = State::Open {
            until: tick.after(wait),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Tick {
        Tick(seconds * 1_000)
    }

    #[test]
    fn opens_probes_doubles_and_closes() {
        let mut breaker = Breaker::new(BreakerConfig::default());
        for _ in 0..4 {
            assert!(!breaker.failure(at(0)));
        }
        assert!(breaker.failure(at(0)));
        assert_eq!(breaker.gate(at(29)), Gate::Shut(at(30)));
        let (mut now, mut waits) = (30, Vec::new());
        for _ in 0..6 {
            assert_eq!(breaker.gate(at(now)), Gate::Probe);
            breaker.begin(at(now));
            assert_eq!(breaker.gate(at(now)), Gate::Wait);
            assert!(!breaker.failure(at(now)));
            let Gate::Shut(until) = breaker.gate(at(now)) else {
                panic!("must be shut");
            };
            waits.push(until.0 / 1_000 - now);
            now = until.0 / 1_000;
        }
        assert_eq!(waits, [60, 120, 240, 480, 600, 600]);
        breaker.begin(at(now));
        assert!(breaker.success());
        assert_eq!(breaker.gate(at(now)), Gate::Open);
        assert!(!breaker.success());
    }

    #[test]
    fn broken_is_news_once() {
        let mut breaker = Breaker::new(BreakerConfig::default());
        assert!(breaker.broken(at(0)));
        assert!(!breaker.broken(at(900)));
        assert_eq!(breaker.gate(at(1_799)), Gate::Shut(at(1_800)));
        breaker.success();
        assert!(breaker.broken(at(2_000)));
    }

    #[test]
    fn a_probe_that_tells_nothing_may_be_repeated() {
        let mut breaker = Breaker::new(BreakerConfig::default());
        breaker.broken(at(0));
        breaker.begin(at(900));
        breaker.neutral(at(901));
        assert_eq!(breaker.gate(at(901)), Gate::Probe);
    }
}
