//! Random numbers for ids and for jitter; nothing is protected by their being hard to guess.
//!
//! Request, trace and span ids must not collide. So they need no system call each, only a seed from
//! the system, which is what keeps threads and processes apart.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

thread_local! {
    static STATE: Cell<Option<[u64; 4]>> = const { Cell::new(None) };
}

/// Words of this thread's generator (xoshiro256++), none of them zero: ids may not be.
#[inline]
#[must_use]
pub fn words<const N: usize>() -> [u64; N] {
    STATE
        .try_with(|state| {
            let mut generator = state.get().unwrap_or_else(seed);
            let words = std::array::from_fn(|_| not_zero(|| next(&mut generator)));
            state.set(Some(generator));
            words
        })
        // The thread is ending.
        .unwrap_or_else(|_| std::array::from_fn(|_| not_zero(|| seed()[0])))
}

#[inline]
fn not_zero(mut next: impl FnMut() -> u64) -> u64 {
    loop {
        let word = next();
        if word != 0 {
            return word;
        }
    }
}

/// Four words made of the system's randomness, which a thread asks for once.
#[cold]
fn seed() -> [u64; 4] {
    // The keys of each new state differ, so no two seeds of a thread are alike.
    let (one, two) = (RandomState::new(), RandomState::new());
    [
        one.hash_one(0_u8),
        one.hash_one(1_u8),
        two.hash_one(0_u8),
        two.hash_one(1_u8),
    ]
}

/// One step of xoshiro256++, <https://prng.di.unimi.it/xoshiro256plusplus.c>.
#[inline]
fn next(s: &mut [u64; 4]) -> u64 {
    let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
    let t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3].rotate_left(45);
    result
}

/// SplitMix64 (Steele, Lea and Flood, 2014): a sequence of its own from one seed, for jitter that a
/// test can repeat.
///
/// ```
/// use bongsu_trace::random::SplitMix;
///
/// let mut jitter = SplitMix::new(7);
/// assert!((0.0..1.0).contains(&jitter.unit()));
/// ```
#[derive(Debug, Clone)]
pub struct SplitMix(u64);

impl SplitMix {
    /// The sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A sequence that nobody has seen.
    #[must_use]
    pub fn random() -> Self {
        let [seed] = words();
        Self(seed)
    }

    /// The next word.
    #[inline]
    pub const fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, but not including, 1.
    #[inline]
    pub const fn unit(&mut self) -> f64 {
        // 53 bits fit a double.
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_reference_sequences() {
        let mut state = [1, 2, 3, 4];
        let got: [u64; 5] = std::array::from_fn(|_| next(&mut state));
        let want = [
            41_943_041,
            58_720_359,
            3_588_806_011_781_223,
            3_591_011_842_654_386,
            9_228_616_714_210_784_205,
        ];
        assert_eq!(got, want);
        let mut split = SplitMix::new(1_234_567);
        assert_eq!(split.word(), 6_457_827_717_110_365_317);
        assert_eq!(split.word(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn threads_do_not_repeat_each_other() {
        let threads: Vec<_> = (0..8)
            .map(|_| std::thread::spawn(|| [(); 1_000].map(|()| words())))
            .collect();
        let all: HashSet<[u64; 2]> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(all.len(), 8_000);
    }

    #[test]
    fn a_unit_stays_below_one() {
        let mut split = SplitMix::random();
        assert!((0..10_000).all(|_| (0.0..1.0).contains(&split.unit())));
    }
}
