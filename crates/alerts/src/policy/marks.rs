//! The keys of which something was told. Bounded; the longest untouched goes first.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;

use super::key::KeyState;
use super::mark::Mark;

/// The keys.
#[derive(Debug)]
pub(super) struct Marks {
    /// Each key's place.
    places: HashTable<usize>,
    known: Vec<Known>,
    hasher: RandomState,
    max_keys: usize,
    /// The place whose turn it is to be forgotten: round and round, so that the order costs nothing.
    next: usize,
    evicted: u64,
}

#[derive(Debug)]
struct Known {
    key: Arc<str>,
    state: KeyState,
    /// It was asked for since its turn came last.
    touched: bool,
}

/// Recently touched keys passed over before one is forgotten all the same.
const SECOND_CHANCES: usize = 4;

impl Marks {
    pub(super) fn new(max_keys: usize) -> Self {
        Self {
            places: HashTable::new(),
            known: Vec::new(),
            hasher: RandomState::new(),
            max_keys: max_keys.max(1),
            next: 0,
            evicted: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) const fn evicted(&self) -> u64 {
        self.evicted
    }

    fn place(&self, key: &str) -> Option<usize> {
        let hash = self.hasher.hash_one(key);
        let is = |place: &usize| *self.known[*place].key == *key;
        self.places.find(hash, is).copied()
    }

    /// What is known of a key, and the key as it is kept.
    pub(super) fn entry(&mut self, key: &str) -> (Arc<str>, &mut KeyState) {
        let hash = self.hasher.hash_one(key);
        let is = |place: &usize| *self.known[*place].key == *key;
        let found = self.places.find(hash, is).copied();
        let place = match found {
            Some(place) => {
                self.known[place].touched = true;
                place
            }
            None => self.take_in(hash, Arc::from(key)),
        };
        let Known { key, state, .. } = &mut self.known[place];
        (Arc::clone(key), state)
    }

    fn take_in(&mut self, hash: u64, key: Arc<str>) -> usize {
        let known = Known {
            key,
            state: KeyState::default(),
            touched: false,
        };
        let place = if self.known.len() < self.max_keys {
            self.known.push(known);
            self.known.len() - 1
        } else {
            let place = self.forget();
            self.known[place] = known;
            place
        };
        let (known, hasher) = (&self.known, &self.hasher);
        let hash_of = |place: &usize| hasher.hash_one(&*known[*place].key);
        self.places.insert_unique(hash, place, hash_of);
        place
    }

    /// Forgets a key; gives its place.
    fn forget(&mut self) -> usize {
        for _ in 0..SECOND_CHANCES {
            if !std::mem::take(&mut self.known[self.next].touched) {
                break;
            }
            self.next = (self.next + 1) % self.known.len();
        }
        let place = self.next;
        self.next = (place + 1) % self.known.len();
        let hash = self.hasher.hash_one(&*self.known[place].key);
        if let Ok(found) = self.places.find_entry(hash, |it| *it == place) {
            found.remove();
        }
        self.evicted = self.evicted.saturating_add(1);
        place
    }

    pub(super) fn get(&self, key: &str) -> Option<&KeyState> {
        Some(&self.known[self.place(key)?].state)
    }

    pub(super) fn peek(&self, key: &str, channel: usize) -> Option<&Mark> {
        self.get(key)?.mark(channel)
    }

    pub(super) fn mark(&mut self, key: &str, channel: usize) -> Option<&mut Mark> {
        let place = self.place(key)?;
        self.known[place].state.mark_mut(channel)
    }

    /// Whether a digest tells a channel's readers of any key that fires still.
    pub(super) fn any_in_digest(&self, channel: usize) -> bool {
        let mut known = self.known.iter();
        known.any(|known| known.state.is_in_digest(channel))
    }
}
