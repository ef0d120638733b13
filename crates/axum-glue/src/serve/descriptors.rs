//! How many connections there may be, for there are only so many descriptors.

use std::fmt;

/// The file descriptors of this process: sockets are among them, and so are the log, the stores and the ways
/// out of the alerts, which connections must not use up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Descriptors {
    /// How many it may have.
    pub limit: usize,
    /// How many it has.
    pub open: usize,
}

/// There is no room for connections beside what the process needs for itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "too few file descriptors: {limit} allowed, {open} open, {needed} needed; raise the limit (ulimit -n, LimitNOFILE=)"
)]
pub struct TooFewDescriptors {
    /// How many the process may have.
    pub limit: usize,
    /// How many it has.
    pub open: usize,
    /// How many it needs to serve anybody.
    pub needed: usize,
}

/// What a process comes to have open for itself, the stores and the sampled files above all: some of it only
/// after it has begun to serve.
const AT_WORK: usize = 48;
/// Connections without which serving makes no sense.
const LEAST: usize = 4;

impl Descriptors {
    /// Raises the limit as far as this process may, and counts what is open. Where the system does not tell,
    /// there is no limit.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            limit: raise(),
            open: std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
        }
    }

    /// Whether there is room for a service and its operations.
    ///
    /// # Errors
    ///
    /// When there is not: how many there are and how many there should be.
    pub fn suffice(&self) -> Result<(), TooFewDescriptors> {
        let Self { limit, open } = *self;
        let needed = open + self.reserve() + self.operations() + LEAST;
        if needed <= limit {
            return Ok(());
        }
        Err(TooFewDescriptors {
            limit,
            open,
            needed,
        })
    }

    /// For the log, the stores, the checks and the channels.
    fn reserve(&self) -> usize {
        (self.limit / 8).clamp(6, 128)
    }

    /// For each listener of operations.
    fn operations(&self) -> usize {
        (self.limit / 16).clamp(4, 64)
    }

    /// How many connections each listener may have, given which of them are for operations.
    pub(super) fn shares(&self, operations: impl Iterator<Item = bool>) -> Vec<usize> {
        let operations: Vec<bool> = operations.collect();
        let theirs = operations.iter().filter(|theirs| **theirs).count();
        let ours = (operations.len() - theirs).max(1);
        let at_work = self.open.max(AT_WORK.min(self.limit / 3 * 2));
        let kept = at_work + self.reserve() + theirs * self.operations();
        let share = self.limit.saturating_sub(kept) / ours;
        let shares = operations.iter().map(|theirs| match theirs {
            true => self.operations(),
            false => share.max(LEAST),
        });
        shares.collect()
    }
}

impl fmt::Display for Descriptors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} file descriptors open", self.open, self.limit)
    }
}

#[cfg(unix)]
fn raise() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    // Some systems call this no limit and take no more: then it stays as it was.
    let wanted = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    current.map_or(usize::MAX, |most| {
        usize::try_from(most).unwrap_or(usize::MAX)
    })
}

#[cfg(not(unix))]
fn raise() -> usize {
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_the_rest() {
        let check = |limit, listeners: &[bool], want: &[usize]| {
            let shares = Descriptors { limit, open: 40 }.shares(listeners.iter().copied());
            assert_eq!(shares, want, "{limit} {listeners:?}");
        };
        check(1_024, &[false], &[848]);
        check(1_024, &[false, true], &[784, 64]);
        check(1_024, &[false, false, true], &[392, 392, 64]);
        check(128, &[false, true], &[56, 8]);
        check(64, &[false, true], &[10, 4]);
        check(48, &[false, true], &[4, 4]);
        let unlimited = Descriptors {
            limit: usize::MAX,
            open: 40,
        };
        assert!(unlimited.shares([false].into_iter())[0] > 1 << 40);
    }

    #[test]
    fn what_is_opened_later_finds_room_however_early_was_counted() {
        for limit in [96, 128, 256, 1_024] {
            let [early, late] = [12, 45].map(|open| {
                let shares = Descriptors { limit, open }.shares([false, true].into_iter());
                shares.iter().sum::<usize>()
            });
            assert_eq!(early, late, "{limit}");
            assert!(45 + early < limit, "{limit}: {early} connections");
        }
    }

    #[test]
    fn too_few_are_told_with_how_many_it_takes() {
        let of = |limit, open| Descriptors { limit, open }.suffice();
        assert_eq!(of(1_024, 40), Ok(()));
        assert_eq!(of(64, 40), Ok(()));
        let error = of(32, 25).unwrap_err();
        assert_eq!(error.needed, 39);
        assert!(error.to_string().contains("32 allowed, 25 open, 39 needed"));
    }
}
