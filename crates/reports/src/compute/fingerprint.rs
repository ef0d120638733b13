//! What rows were there: a count and a sum of hashes, the same in whatever order they are added.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Of a set of rows. Two sets that differ in a row have, but for one case in 2⁶⁴, different ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// How many rows.
    pub rows: u64,
    /// Their hashes, added up.
    pub hash: u64,
}

impl Fingerprint {
    /// Adds a row by its hash.
    pub fn add(&mut self, hash: u64) {
        self.rows += 1;
        self.hash = self.hash.wrapping_add(hash);
    }

    /// Adds other rows.
    pub fn extend(&mut self, other: Self) {
        self.rows += other.rows;
        self.hash = self.hash.wrapping_add(other.hash);
    }
}

/// The fingerprints of a source's rows by date in Korea, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digests {
    /// A date and what was executed on it.
    pub days: Vec<(Date, Fingerprint)>,
}

impl Digests {
    /// Of dates in any order, each once or more.
    #[must_use]
    pub fn new(days: impl IntoIterator<Item = (Date, Fingerprint)>) -> Self {
        let mut sorted = std::collections::BTreeMap::<Date, Fingerprint>::new();
        for (date, fingerprint) in days {
            sorted.entry(date).or_default().extend(fingerprint);
        }
        Self {
            days: sorted.into_iter().collect(),
        }
    }

    /// Each date's fingerprint becomes that of everything up to it.
    #[must_use]
    pub(crate) fn cumulated(mut self) -> Self {
        let mut sum = Fingerprint::default();
        for (_, fingerprint) in &mut self.days {
            sum.extend(*fingerprint);
            *fingerprint = sum;
        }
        self
    }

    /// Of a cumulated list: everything up to and including a date.
    pub(crate) fn through(&self, date: Date) -> Fingerprint {
        let end = self.days.partition_point(|(day, _)| *day <= date);
        self.days[..end]
            .last()
            .map_or_else(Fingerprint::default, |(_, sum)| *sum)
    }
}

/// A hash of a row's parts (FNV-1a, finished by a multiplication that spreads every bit).
#[derive(Debug, Clone)]
pub struct RowHash(u64);

impl Default for RowHash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl RowHash {
    /// Adds a part; its length counts, so that parts do not run into one another.
    #[must_use]
    pub fn part(mut self, bytes: &[u8]) -> Self {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let word = chunk.try_into().map_or(0, u64::from_le_bytes);
            self.mix(word);
        }
        for byte in chunks.remainder() {
            self.mix(u64::from(*byte));
        }
        self.mix(bytes.len() as u64 ^ 0x5bd1_e995_0000_0000);
        self
    }

    fn mix(&mut self, word: u64) {
        self.0 = (self.0 ^ word)
            .wrapping_mul(0x0100_0000_01b3)
            .rotate_left(29);
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    }
}
