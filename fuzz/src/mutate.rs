//! Inputs from inputs.

/// A plain generator of numbers: the same seed gives the same run.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.word() % end.max(1) as u64) as usize
    }

    pub(crate) fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}

/// Longest input.
const LONGEST: usize = 8 * 1024;

/// What has meant trouble to some parser before.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\r\n",
    b"\r\n\r\n",
    b"\n\n",
    b"%00",
    b"%2e%2e%2f",
    b"../",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "\u{202e}".as_bytes(),
    "\u{2028}".as_bytes(),
    "봉수".as_bytes(),
    b"-1",
    b"0",
    b"1e308",
    b"NaN",
    b"9223372036854775808",
    b"18446744073709551616",
    b"00000000000000000000000000000000",
    b"<script>",
    b"\x1b[31m",
    b"\"",
    b"'",
    b"\\",
    b"{\"a\":",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b";q=0.5",
    b"*/*",
    b"Transfer-Encoding: chunked",
    b"Content-Length: 99999999999999999999",
    b"Host: evil.example",
];

/// A changed copy of `input`; `other` is one of the same target, `words` are its own.
pub(crate) fn mutate(input: &[u8], other: &[u8], words: &[&[u8]], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=chance.below(5) {
        step(&mut bytes, other, words, chance);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn step(bytes: &mut Vec<u8>, other: &[u8], words: &[&[u8]], chance: &mut Chance) {
    let at = chance.below(bytes.len() + 1);
    let end = (at + chance.below(32)).min(bytes.len());
    match chance.below(9) {
        0 | 1 => {
            let own = !words.is_empty() && chance.below(3) > 0;
            let word = chance.of(if own { words } else { WORDS });
            bytes.splice(at..at, word.copied().unwrap_or_default().iter().copied());
        }
        2 => {
            let word = chance.of(WORDS).copied().unwrap_or_default();
            bytes.splice(at..end, word.iter().copied());
        }
        3 => drop(bytes.drain(at..end)),
        4 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << chance.below(8);
            }
        }
        5 => {
            let byte = chance.word().to_le_bytes()[0];
            bytes.insert(at, byte);
        }
        6 => {
            let again = bytes[at..end].to_vec();
            for _ in 0..=chance.below(64) {
                if bytes.len() > LONGEST {
                    break;
                }
                bytes.splice(at..at, again.iter().copied());
            }
        }
        7 => bytes.truncate(at),
        _ => {
            let from = chance.below(other.len() + 1);
            bytes.splice(at.., other[from..].iter().copied());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_run_and_inputs_stay_short() {
        let run = || {
            let mut chance = Chance::new(7);
            let mut input = b"GET / HTTP/1.1".to_vec();
            let mut all = Vec::new();
            for _ in 0..2_000 {
                input = mutate(&input, b"POST", &[b"Accept: "], &mut chance);
                assert!(input.len() <= LONGEST);
                all.push(input.clone());
            }
            all
        };
        let all = run();
        assert_eq!(all, run());
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert!(different.len() > 1_000, "{}", different.len());
    }
}
