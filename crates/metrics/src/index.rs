//! From label values to a series, without a lock for those who read.
//!
//! Keys are the label values as 8-byte words in an append-only slab; tables of `tag | offset` slots
//! point into it. A table that gets full is copied into one of twice the size, published by one store;
//! the old one stays, so a reader never sees memory go away. Readers that miss ask again under the
//! writer's lock.
//!
//! Entries are never removed: a family's budget bounds them.

use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Longest label value, in bytes. Longer ones are counted as overflow.
pub(crate) const MAX_VALUE: usize = 1024;
/// Most labels a family may have.
pub(crate) const MAX_LABELS: usize = 8;

const SLAB_CHUNK: usize = 4096;
const FIRST_TABLE: usize = 16;
const TABLES: usize = 22;

/// A map from `n` label values to `V` words, given at insertion.
pub(crate) struct Index<const V: usize> {
    seed: u64,
    slab: Box<[OnceLock<Box<[AtomicU64]>>]>,
    tables: [OnceLock<Box<[AtomicU64]>>; TABLES],
    current: AtomicUsize,
    writer: Mutex<State>,
}

struct State {
    len: usize,
    /// First free word of the slab.
    next: usize,
}

/// Label values, hashed once for look-up and insertion.
pub(crate) struct Key<'a> {
    values: &'a [&'a str],
    tag: u32,
}

impl<const V: usize> Index<V> {
    /// An index for at most `entries` entries.
    pub(crate) fn new(seed: u64, entries: usize) -> Self {
        // Entries of more than 32 words on average are refused by `insert` when the slab is full.
        let chunks =
            (entries.saturating_mul(32) / SLAB_CHUNK + 1).min(u32::MAX as usize / SLAB_CHUNK);
        Self {
            seed,
            slab: (0..chunks).map(|_| OnceLock::new()).collect(),
            tables: [const { OnceLock::new() }; TABLES],
            current: AtomicUsize::new(0),
            writer: Mutex::new(State { len: 0, next: 0 }),
        }
    }

    /// Hashes the values.
    #[inline]
    pub(crate) fn key<'a>(&self, values: &'a [&'a str]) -> Key<'a> {
        let mut hash = self.seed;
        for value in values {
            hash = mix(hash, value.len() as u64);
            each_word(value.as_bytes(), |word| {
                hash = mix(hash, word);
                true
            });
        }
        Key {
            values,
            tag: (hash >> 32) as u32 ^ hash as u32,
        }
    }

    /// The words stored for the key.
    #[inline]
    pub(crate) fn get(&self, key: &Key<'_>) -> Option<[u64; V]> {
        let table = self.tables[self.current.load(Acquire)].get()?;
        let mask = table.len() - 1;
        let mut at = key.tag as usize & mask;
        loop {
            let slot = table[at].load(Acquire);
            if slot == 0 {
                return None;
            }
            if (slot >> 32) as u32 == key.tag
                && let Some(found) = self.read(slot as u32 as usize - 1, key.values)
            {
                return Some(found);
            }
            at = (at + 1) & mask;
        }
    }

    /// The words for the key: those stored, or those `make` gives for a new entry. `make` gets the
    /// number of entries so far and says `None` to refuse. One caller at a time.
    pub(crate) fn get_or_insert(
        &self,
        key: &Key<'_>,
        make: impl FnOnce(usize) -> Option<[u64; V]>,
    ) -> Option<[u64; V]> {
        let mut state = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = self.get(key) {
            return Some(found);
        }
        let words = 1
            + V
            + key
                .values
                .iter()
                .map(|v| v.len().div_ceil(8))
                .sum::<usize>()
            + key.values.len().div_ceil(4);
        let room = SLAB_CHUNK - state.next % SLAB_CHUNK;
        let start = if words <= room {
            state.next
        } else {
            state.next + room
        };
        if words > SLAB_CHUNK || (start + words).div_ceil(SLAB_CHUNK) > self.slab.len() {
            return None;
        }
        let current = self.current.load(Relaxed);
        let full = self.tables[current]
            .get()
            .is_none_or(|table| (state.len + 1) * 4 > table.len() * 3);
        if full && self.tables[current].get().is_some() && current + 1 == TABLES {
            return None;
        }
        let values = make(state.len)?;
        self.write(start, key.values, &values);
        state.next = start + words;
        state.len += 1;
        if full {
            self.grow(current);
        }
        let slot = (u64::from(key.tag) << 32) | (start as u64 + 1);
        if let Some(table) = self.tables[self.current.load(Relaxed)].get() {
            place(table, slot);
        }
        Some(values)
    }

    /// Makes the next table, holding everything of the current one, and publishes it.
    fn grow(&self, current: usize) {
        let next = match self.tables[current].get() {
            None => current,
            Some(_) => current + 1,
        };
        let table = self.tables[next].get_or_init(|| {
            (0..FIRST_TABLE << next)
                .map(|_| AtomicU64::new(0))
                .collect()
        });
        if next != current
            && let Some(old) = self.tables[current].get()
        {
            for slot in old
                .iter()
                .map(|slot| slot.load(Relaxed))
                .filter(|slot| *slot != 0)
            {
                place(table, slot);
            }
        }
        self.current.store(next, Release);
    }

    fn words(&self, at: usize) -> Option<&[AtomicU64]> {
        let chunk = self.slab.get(at / SLAB_CHUNK)?.get()?;
        chunk.get(at % SLAB_CHUNK..)
    }

    /// Compares the entry at `at` with the values.
    #[inline]
    fn read(&self, at: usize, values: &[&str]) -> Option<[u64; V]> {
        let words = self.words(at)?;
        let mut words = words.iter().map(|word| word.load(Relaxed));
        let found: [u64; V] = std::array::from_fn(|_| words.next().unwrap_or(0));
        for four in values.chunks(4) {
            if words.next()? != lengths(four) {
                return None;
            }
        }
        for value in values {
            if !each_word(value.as_bytes(), |word| words.next() == Some(word)) {
                return None;
            }
        }
        Some(found)
    }

    fn write(&self, at: usize, values: &[&str], found: &[u64; V]) {
        self.slab[at / SLAB_CHUNK]
            .get_or_init(|| (0..SLAB_CHUNK).map(|_| AtomicU64::new(0)).collect());
        let mut cells = self.words(at).unwrap_or_default().iter();
        let mut put = |word: u64| {
            if let Some(cell) = cells.next() {
                cell.store(word, Relaxed);
            }
            true
        };
        for word in found {
            put(*word);
        }
        for four in values.chunks(4) {
            put(lengths(four));
        }
        for value in values {
            each_word(value.as_bytes(), &mut put);
        }
    }
}

fn place(table: &[AtomicU64], slot: u64) {
    let mask = table.len() - 1;
    let mut at = (slot >> 32) as usize & mask;
    while table[at].load(Relaxed) != 0 {
        at = (at + 1) & mask;
    }
    // Release: who reads the slot reads the entry behind it.
    table[at].store(slot, Release);
}

/// The lengths of up to four values in one word.
#[inline]
fn lengths(values: &[&str]) -> u64 {
    values
        .iter()
        .fold(0, |word, value| (word << 16) | value.len() as u64)
}

/// The bytes as words. With the length, the words say the bytes exactly.
#[inline]
fn each_word(bytes: &[u8], mut visit: impl FnMut(u64) -> bool) -> bool {
    let (whole, rest) = bytes.as_chunks::<8>();
    for word in whole {
        if !visit(u64::from_le_bytes(*word)) {
            return false;
        }
    }
    rest.is_empty() || visit(tail(rest))
}

#[inline]
fn tail(rest: &[u8]) -> u64 {
    match (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
        }
        _ => match *rest {
            [a, b, c] => u64::from(a) | u64::from(b) << 8 | u64::from(c) << 16,
            [a, b] => u64::from(a) | u64::from(b) << 8,
            [a] => u64::from(a),
            _ => 0,
        },
    }
}

#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    let wide = u128::from(hash ^ word) * 0x9E37_79B9_7F4A_7C15_u128;
    (wide as u64) ^ (wide >> 64) as u64
}
