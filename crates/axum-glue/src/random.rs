//! Random numbers for ids: a generator a thread (xoshiro256++), seeded by the system.
//!
//! Request, trace and span ids must not collide; nothing is protected by their being hard to guess. So they
//! need no system call each, only a seed of 256 bits, which is what keeps threads and processes apart.

use std::cell::Cell;

use uuid::Uuid;

thread_local! {
    static STATE: Cell<Option<[u64; 4]>> = const { Cell::new(None) };
}

/// Words, none of them zero: ids may not be.
pub(crate) fn words<const N: usize>() -> [u64; N] {
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

fn not_zero(mut next: impl FnMut() -> u64) -> u64 {
    loop {
        let word = next();
        if word != 0 {
            return word;
        }
    }
}

/// Four words of the system's randomness. A UUID has six fixed bits, each in one of its halves only.
#[cold]
fn seed() -> [u64; 4] {
    std::array::from_fn(|_| {
        let (high, low) = Uuid::new_v4().as_u64_pair();
        high ^ low.rotate_left(32)
    })
}

/// One step of xoshiro256++, <https://prng.di.unimi.it/xoshiro256plusplus.c>.
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_reference_sequence() {
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
}
