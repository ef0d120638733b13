//! Spans under way, by the registry's numbers.
//!
//! The registry would box what a layer keeps with a span, each time; here the next span takes the last one's place.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bongsu_trace::TraceParent;
use tokio::time::Instant;

use crate::model::Span;

/// A power of two: threads seldom meet in one of them.
const SHARDS: usize = 32;

/// A span under way.
pub(crate) struct Recording {
    pub(crate) span: Span,
    /// Nothing of the trace is around it in this process.
    pub(crate) root: bool,
    pub(crate) begun: Instant,
}

type Shard = HashMap<u64, Recording, ByNumber>;

#[derive(Default)]
pub(crate) struct Live([Mutex<Shard>; SHARDS]);

impl Live {
    fn shard(&self, number: u64) -> MutexGuard<'_, Shard> {
        // Bits that the map within does not look at.
        let shard = &self.0[(mixed(number) >> 40) as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(&self, number: u64, recording: Recording) {
        self.shard(number).insert(number, recording);
    }

    pub(crate) fn ids(&self, number: u64) -> Option<TraceParent> {
        let shard = self.shard(number);
        shard.get(&number).map(|recording| recording.span.ids)
    }

    /// Changes one, which must begin no other: its shard is locked.
    pub(crate) fn change(&self, number: u64, f: impl FnOnce(&mut Recording)) {
        if let Some(recording) = self.shard(number).get_mut(&number) {
            f(recording);
        }
    }

    pub(crate) fn end(&self, number: u64) -> Option<Recording> {
        self.shard(number).remove(&number)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

/// For numbers that nobody outside chooses.
pub(crate) type ByNumber = BuildHasherDefault<Mix>;

/// Hashes one number.
#[derive(Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mixed(self.0 ^ number);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Every bit of the number in every bit of the outcome: both halves of a product.
const fn mixed(number: u64) -> u64 {
    let product = (number as u128 ^ 0x2d35_8dcc_aa6c_78a5) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn numbers_that_lie_close_do_not_meet() {
        // As a slab numbers its places: by thread, by place, and how often it was taken.
        let numbers = (0..8_u64).flat_map(|thread| {
            (0..64).flat_map(move |place| (0..8).map(move |turn| turn << 51 | thread << 38 | place))
        });
        let hashes: Vec<u64> = numbers.map(mixed).collect();
        for bits in [|hash: u64| hash >> 52, |hash| hash & 0xfff] {
            let different: HashSet<u64> = hashes.iter().map(|hash| bits(*hash)).collect();
            // 4,096 at random in as many places fill 63 % of them.
            assert!(different.len() > 2_300, "{}", different.len());
        }
    }
}
