//! Which lane the current thread writes to.

use std::cell::Cell;
use std::sync::{LazyLock, PoisonError};

use crate::sync::Mutex;

/// Exclusive lanes at most. Worker threads are few; blocking pools may have hundreds of threads, and
/// those beyond the bound share [`SHARED`].
pub(crate) const EXCLUSIVE: usize = 64;
/// The lane of everybody who found no free one. Written by atomic read-modify-write only.
pub(crate) const SHARED: usize = EXCLUSIVE;
const UNSET: usize = usize::MAX;

/// The lanes nobody holds.
#[derive(Debug)]
pub(crate) struct Pool {
    free: Mutex<Free>,
}

#[derive(Debug)]
struct Free {
    /// Lanes from here on were never handed out.
    next: usize,
    limit: usize,
    returned: Vec<usize>,
}

impl Pool {
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "the model test makes its own pool")
    )]
    pub(crate) fn with_limit(limit: usize) -> Self {
        Self {
            free: Mutex::new(Free {
                next: 0,
                limit,
                returned: Vec::new(),
            }),
        }
    }

    /// An exclusive lane, the lowest that is free, or `None` when all are held.
    pub(crate) fn take(&self) -> Option<usize> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = free.returned.pop() {
            return Some(lane);
        }
        if free.next < free.limit {
            free.next += 1;
            return Some(free.next - 1);
        }
        None
    }

    pub(crate) fn give_back(&self, lane: usize) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.returned.push(lane);
    }
}

static POOL: LazyLock<Pool> = LazyLock::new(|| Pool::with_limit(EXCLUSIVE));

/// Gives the lane back when its thread ends.
struct Lease(Option<usize>);

impl Drop for Lease {
    fn drop(&mut self) {
        // Whatever still records on this thread after this destructor writes atomically.
        LANE.set(SHARED);
        if let Some(lane) = self.0.take() {
            POOL.give_back(lane);
        }
    }
}

thread_local! {
    // Without a destructor of its own, so that reading it is one load.
    static LANE: Cell<usize> = const { Cell::new(UNSET) };
    static LEASE: Lease = Lease(POOL.take());
}

/// The lane of this thread, or no lane's number while it has not claimed one.
#[inline]
pub(crate) fn known() -> usize {
    LANE.get()
}

/// The lane of this thread, [`SHARED`] when no exclusive one is free.
#[inline]
pub(crate) fn current() -> usize {
    let lane = LANE.get();
    if lane == UNSET { claim() } else { lane }
}

#[cold]
fn claim() -> usize {
    let lane = LEASE.try_with(|lease| lease.0).ok().flatten();
    let lane = lane.unwrap_or(SHARED);
    LANE.set(lane);
    lane
}
