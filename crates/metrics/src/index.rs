//! From label values to a series, without a lock for those who read, and the series in order.
//!
//! Series are written one after the other into a slab of words that only grows: a header, then what
//! the series stands for, then its label values. Tables of `tag | offset` slots point into it. A table
//! that gets full is copied into one of twice the size, published by one store; the old one stays, so
//! that a reader never sees memory go away. Readers that miss ask again under the writer's lock.
//!
//! The page is written from the slab as well: there is no second copy of the labels.
//!
//! Series are never removed: a family's budget bounds them.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sync::{AtomicU64, AtomicUsize, FIRST_TABLE, Mutex, OnceLock, SLAB_CHUNK, TABLES};
use crate::text;

/// Longest label value, in bytes. Longer ones are counted as overflow.
pub(crate) const MAX_VALUE: usize = 1024;
/// Most labels a family may have.
pub(crate) const MAX_LABELS: usize = 8;

/// Header bit: a label value holds a character that must be escaped.
const ESCAPED: u64 = 1 << 48;

/// A map from label values to a cell and `V` words more, given at insertion.
pub(crate) struct Index<const V: usize> {
    seed: u64,
    slab: Box<[OnceLock<Box<[AtomicU64; SLAB_CHUNK]>>]>,
    tables: [OnceLock<Box<[AtomicU64]>>; TABLES],
    current: AtomicUsize,
    /// Entries that a reader may walk over.
    len: AtomicUsize,
    /// First free word of the slab.
    next: Mutex<usize>,
}

/// What a series stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found<const V: usize> {
    /// Its first cell.
    pub(crate) cell: u32,
    pub(crate) more: [u64; V],
}

/// Most words of label values that are kept to be compared; longer ones are taken apart once more.
const KEPT: usize = 8;

/// The words of label values.
type Words = [u64; KEPT];

impl<const V: usize> Index<V> {
    /// An index for at most `entries` entries.
    pub(crate) fn new(seed: u64, entries: usize) -> Self {
        // Entries of more than 32 words on average are refused by `get_or_insert` when the slab is full.
        let chunks =
            (entries.saturating_mul(32) / SLAB_CHUNK + 1).min(u32::MAX as usize / SLAB_CHUNK);
        Self {
            seed,
            slab: (0..chunks).map(|_| OnceLock::new()).collect(),
            tables: std::array::from_fn(|_| OnceLock::new()),
            current: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            next: Mutex::new(0),
        }
    }

    /// Fills in the words that the values are stored as, and says how many there are and what they hash to.
    ///
    /// In place: words that are stored one by one and then moved two by two make the processor wait.
    #[inline(always)]
    fn encode(&self, values: &[&str], words: &mut Words) -> (usize, u32) {
        let heads = values.len().div_ceil(4);
        let (mut hash, mut len, mut lengths) = (self.seed, heads, 0_u128);
        for value in values {
            lengths = lengths << 16 | value.len() as u128;
            value_words(value.as_bytes(), |word| {
                hash = mix(hash, word);
                if let Some(kept) = words.get_mut(len) {
                    *kept = word;
                }
                len += 1;
            });
        }
        // The lengths keep `ab`,`c` and `a`,`bc` apart.
        if heads > 1 {
            let second = 16 * (values.len() - 4);
            words[1] = lengths as u64 & (u64::MAX >> (64 - second));
            hash = mix(hash, words[1]);
            lengths >>= second;
        }
        words[0] = if heads > 0 { lengths as u64 } else { words[0] };
        hash = mix(hash, lengths as u64);
        (len, (hash >> 32) as u32 ^ hash as u32)
    }

    /// What the values stand for. They must be as many as the labels.
    #[inline]
    pub(crate) fn get(&self, values: &[&str]) -> Option<Found<V>> {
        let mut words = [0; KEPT];
        let (len, tag) = self.encode(values, &mut words);
        let table = self.tables[self.current.load(Acquire)].get()?;
        let mask = table.len() - 1;
        let mut at = tag as usize & mask;
        loop {
            let slot = table[at & mask].load(Acquire);
            if slot == 0 {
                return None;
            }
            if (slot >> 32) as u32 == tag
                && let Some(entry) = self.words(slot as u32 as usize - 1)
                && let Some(stored) = entry.get(1 + V..1 + V + len)
                && match words.get(..len) {
                    Some(words) => same(words, stored),
                    None => same_long(values, stored),
                }
            {
                return Some(Found {
                    cell: entry[0].load(Relaxed) as u32,
                    more: std::array::from_fn(|i| entry[1 + i].load(Relaxed)),
                });
            }
            at += 1;
        }
    }

    /// What the values stand for: as it was stored, or as `make` says for a new entry. `make` gets the
    /// number of entries so far and says `None` to refuse. One caller at a time.
    pub(crate) fn get_or_insert(
        &self,
        values: &[&str],
        make: impl FnOnce(usize) -> Option<Found<V>>,
    ) -> Option<Found<V>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = self.get(values) {
            return Some(found);
        }
        let (stored, tag) = self.encode(values, &mut [0; KEPT]);
        let words = 1 + V + stored;
        let room = SLAB_CHUNK - *next % SLAB_CHUNK;
        let start = if words <= room { *next } else { *next + room };
        if words > SLAB_CHUNK || (start + words).div_ceil(SLAB_CHUNK) > self.slab.len() {
            return None;
        }
        let len = self.len.load(Relaxed);
        let current = self.current.load(Relaxed);
        let table = self.tables[current].get();
        let full = table.is_none_or(|table| (len + 1) * 16 > table.len() * 13);
        if full && table.is_some() && current + 1 == TABLES {
            return None;
        }
        let found = make(len)?;
        self.write(start, words, values, &found);
        if full {
            self.grow(current);
        }
        let slot = (u64::from(tag) << 32) | (start as u64 + 1);
        if let Some(table) = self.tables[self.current.load(Relaxed)].get() {
            place(table, slot);
        }
        *next = start + words;
        self.len.store(len + 1, Release);
        Some(found)
    }

    /// Makes the next table, holding everything of the current one, and publishes it.
    fn grow(&self, current: usize) {
        let old = self.tables[current].get();
        let next = if old.is_some() { current + 1 } else { current };
        let table = self.tables[next].get_or_init(|| {
            (0..FIRST_TABLE << next)
                .map(|_| AtomicU64::new(0))
                .collect()
        });
        for slot in old.into_iter().flatten().map(|slot| slot.load(Relaxed)) {
            if slot != 0 {
                place(table, slot);
            }
        }
        self.current.store(next, Release);
    }

    #[inline]
    fn words(&self, at: usize) -> Option<&[AtomicU64]> {
        let chunk = self.slab.get(at / SLAB_CHUNK)?.get()?;
        Some(&chunk[at % SLAB_CHUNK..])
    }

    fn write(&self, at: usize, words: usize, values: &[&str], found: &Found<V>) {
        let chunk = self.slab[at / SLAB_CHUNK]
            .get_or_init(|| Box::new(std::array::from_fn(|_| AtomicU64::new(0))));
        let mut cells = chunk[at % SLAB_CHUNK..].iter();
        let mut put = |word: u64| {
            if let Some(cell) = cells.next() {
                cell.store(word, Relaxed);
            }
        };
        let escaped = values.iter().any(|value| text::needs_escape(value));
        let flag = if escaped { ESCAPED } else { 0 };
        put(u64::from(found.cell) | (words as u64) << 32 | flag);
        found.more.iter().for_each(|word| put(*word));
        each_word(values, put);
    }

    /// The entries in the order of their insertion.
    pub(crate) fn entries(&self, labels: usize) -> impl Iterator<Item = Entry<'_>> {
        let mut left = self.len.load(Acquire);
        let mut at = 0;
        std::iter::from_fn(move || {
            while left > 0 {
                let words = self.words(at)?;
                let header = words[0].load(Relaxed);
                if header == 0 {
                    // The rest of the chunk was too short for the next entry.
                    at += words.len();
                    continue;
                }
                let size = (header >> 32) as usize & 0xFFFF;
                at += size;
                left -= 1;
                return Some(Entry {
                    header,
                    lengths: &words[1 + V..1 + V + labels.div_ceil(4)],
                    values: &words[1 + V + labels.div_ceil(4)..],
                    labels,
                });
            }
            None
        })
    }

    /// Entries so far.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Acquire)
    }
}

/// A series as it lies in the slab.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    header: u64,
    lengths: &'a [AtomicU64],
    /// The values, and what follows them in the slab.
    values: &'a [AtomicU64],
    labels: usize,
}

impl Entry<'_> {
    pub(crate) fn cell(&self) -> u32 {
        self.header as u32
    }

    /// The lengths of the values.
    #[inline]
    fn lengths(&self) -> impl Iterator<Item = usize> {
        let mut words = self.lengths.iter();
        let mut word = 0;
        (0..self.labels).map(move |label| {
            if label % 4 == 0 {
                word = words.next().map_or(0, |word| word.load(Relaxed));
                word <<= 16 * (4 - (self.labels - label).min(4));
            }
            let length = (word >> 48) as usize;
            word <<= 16;
            length
        })
    }

    /// Calls `value` with each label value, in the order of the labels.
    pub(crate) fn each_value(&self, mut value: impl FnMut(&[u8])) {
        let mut words = self.values.iter();
        let mut raw = [[0; 8]; MAX_VALUE / 8];
        for length in self.lengths() {
            for (place, word) in raw.iter_mut().zip(words.by_ref().take(length.div_ceil(8))) {
                *place = word.load(Relaxed).to_le_bytes();
            }
            value(&raw.as_flattened()[..length]);
        }
    }

    /// Appends `a="1",b="2"`, escaped.
    pub(crate) fn write_labels(&self, out: &mut Vec<u8>, labels: &[impl AsRef<str>]) {
        let mut labels = labels.iter();
        let mut comma: &[u8] = b"";
        self.each_value(|value| {
            if let Some(label) = labels.next() {
                out.extend_from_slice(comma);
                out.extend_from_slice(label.as_ref().as_bytes());
                out.extend_from_slice(b"=\"");
                text::escape_bytes(out, value, true);
                out.push(b'"');
                comma = b",";
            }
        });
    }

    /// Writes the line up to the value into `line`, by words; the answer is where it ends. `None` when
    /// something must be escaped. A line that ends past [`LINE`] came out wrong.
    ///
    /// Runs of one length are copied and the next piece is written over what was too much: a copy of a
    /// length known beforehand is a few moves, one of the exact length is a call and a branch or two.
    #[inline(never)]
    pub(crate) fn write_line(&self, head: &Template, line: &mut [u8; ROOM]) -> Option<usize> {
        if self.header & ESCAPED != 0 {
            return None;
        }
        for (place, run) in line.as_chunks_mut().0.iter_mut().zip(&head.start) {
            *place = *run;
        }
        let mut at = head.start_len;
        let mut words = self.values;
        for (pieces, lengths) in head.pieces.chunks(4).zip(self.lengths) {
            let mut lengths = lengths.load(Relaxed) << (16 * (4 - pieces.len()));
            for piece in pieces {
                let length = (lengths >> 48) as usize;
                lengths <<= 16;
                let end = at + length;
                let mut values = words;
                loop {
                    let four = match values.split_first_chunk::<4>() {
                        Some((four, rest)) => {
                            values = rest;
                            four.each_ref().map(|word| word.load(Relaxed))
                        }
                        // The end of the slab's chunk.
                        None => {
                            std::array::from_fn(|i| values.get(i).map_or(0, |w| w.load(Relaxed)))
                        }
                    };
                    for (place, word) in run::<RUN>(line, at)
                        .as_chunks_mut::<8>()
                        .0
                        .iter_mut()
                        .zip(four)
                    {
                        *place = word.to_le_bytes();
                    }
                    at += RUN;
                    if at >= end {
                        break;
                    }
                }
                words = words.get(length.div_ceil(8)..)?;
                *run(line, end) = piece.text;
                at = end + piece.len;
            }
        }
        Some(at)
    }
}

/// Longest line that is written by words.
pub(crate) const LINE: usize = 511;
/// What is written over behind the beginning of such a line.
pub(crate) const ROOM: usize = LINE + 1 + RUN;

/// Bytes copied at a time.
const RUN: usize = 32;

/// The run at `at`, somewhere else when that is past [`LINE`]: so no check is needed before each copy,
/// only one of the line's length in the end.
#[inline]
pub(crate) fn run<const N: usize>(line: &mut [u8; ROOM], at: usize) -> &mut [u8; N] {
    const { assert!(N <= RUN && (LINE + 1).is_power_of_two()) };
    match line[at & LINE..].first_chunk_mut() {
        Some(run) => run,
        None => unreachable!("a run fits behind the longest line"),
    }
}

/// The text around a family's label values.
#[derive(Debug)]
pub(crate) struct Template {
    /// Up to the first value.
    start: Vec<[u8; RUN]>,
    start_len: usize,
    /// What follows each value.
    pieces: Vec<Piece>,
}

#[derive(Debug)]
struct Piece {
    text: [u8; RUN],
    /// Past [`LINE`] for a text that is longer than a run.
    len: usize,
}

impl Template {
    /// For lines of `name` with these labels.
    pub(crate) fn new(name: &str, labels: &[impl AsRef<str>]) -> Self {
        let mut start = String::from(name);
        let mut pieces = Vec::new();
        match labels.split_first() {
            None => start.push(' '),
            Some((first, rest)) => {
                start.extend(["{", first.as_ref(), "=\""]);
                for label in rest {
                    pieces.push(Piece::new(&format!("\",{}=\"", label.as_ref())));
                }
                pieces.push(Piece::new("\"} "));
            }
        }
        let mut runs = start.as_bytes().to_vec();
        runs.resize(start.len().next_multiple_of(RUN), 0);
        Self {
            start: runs.as_chunks().0.to_vec(),
            start_len: start.len(),
            pieces,
        }
    }
}

impl Piece {
    fn new(piece: &str) -> Self {
        let mut text = [0; RUN];
        for (place, byte) in text.iter_mut().zip(piece.bytes()) {
            *place = byte;
        }
        let long = piece.len() > RUN;
        Self {
            text,
            len: if long { LINE + 1 } else { piece.len() },
        }
    }
}

#[inline]
fn same(words: &[u64], stored: &[AtomicU64]) -> bool {
    let mut pairs = words.iter().zip(stored);
    pairs.all(|(word, stored)| stored.load(Relaxed) == *word)
}

/// The same for values of many words.
#[cold]
fn same_long(values: &[&str], stored: &[AtomicU64]) -> bool {
    let (mut stored, mut same) = (stored.iter(), true);
    each_word(values, |word| {
        same &= stored
            .next()
            .is_some_and(|stored| stored.load(Relaxed) == word);
    });
    same
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

/// The words that label values are hashed, stored and compared as: their lengths, four to a word, then their
/// bytes.
#[inline]
fn each_word(values: &[&str], mut word: impl FnMut(u64)) {
    values.chunks(4).for_each(|four| word(lengths(four)));
    for value in values {
        value_words(value.as_bytes(), &mut word);
    }
}

/// The words of one value.
#[inline]
fn value_words(mut value: &[u8], mut word: impl FnMut(u64)) {
    while let Some((whole, rest)) = value.split_first_chunk::<8>() {
        word(u64::from_le_bytes(*whole));
        value = rest;
    }
    if !value.is_empty() {
        word(tail(value));
    }
}

/// The lengths of up to four values in one word.
#[inline]
fn lengths(values: &[&str]) -> u64 {
    values
        .iter()
        .fold(0, |word, value| (word << 16) | value.len() as u64)
}

/// Up to seven bytes as a word, filled up with zeros.
#[inline]
pub(crate) fn tail(rest: &[u8]) -> u64 {
    match (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            let high = u64::from(u32::from_le_bytes(*last)) << (8 * (rest.len() - 4));
            u64::from(u32::from_le_bytes(*first)) | high
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
