//! JSON string escaping, fast for the usual string that needs none.

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Whether `s` can be copied as it is between two quotes.
#[inline]
pub(crate) fn is_clean(s: &[u8]) -> bool {
    let n = s.len();
    if n >= 16 {
        let (chunks, tail) = s.as_chunks::<16>();
        let mut bad = false;
        for chunk in chunks {
            bad |= dirty16(chunk);
        }
        // The last sixteen bytes overlap what was seen: no byte loop for the rest.
        if !tail.is_empty()
            && let Some(last) = s.last_chunk::<16>()
        {
            bad |= dirty16(last);
        }
        !bad
    } else if let (Some(a), Some(b)) = (s.first_chunk::<8>(), s.last_chunk::<8>()) {
        (dirty8(u64::from_le_bytes(*a)) | dirty8(u64::from_le_bytes(*b))) == 0
    } else {
        dirty8(word(s) | FILL[n]) == 0
    }
}

/// A fold without early exit, which the compiler turns into vector code.
#[inline(always)]
fn dirty16(chunk: &[u8; 16]) -> bool {
    let mut bad = 0u8;
    for &b in chunk {
        bad |= u8::from(b < 0x20) | u8::from(b == b'"') | u8::from(b == b'\\');
    }
    bad != 0
}

/// Eight bytes at once; non-zero when one of them needs an escape.
#[inline(always)]
fn dirty8(w: u64) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero_byte = |x: u64| x.wrapping_sub(LOW) & !x & HIGH;
    let control = w.wrapping_sub(LOW * 0x20) & !w & HIGH;
    control | zero_byte(w ^ (LOW * b'"' as u64)) | zero_byte(w ^ (LOW * b'\\' as u64))
}

/// Up to eight bytes as one number, read by overlapping fixed-size loads.
#[inline(always)]
fn word(s: &[u8]) -> u64 {
    let n = s.len();
    if let (Some(a), Some(b)) = (s.first_chunk::<4>(), s.last_chunk::<4>()) {
        let (a, b) = (u32::from_le_bytes(*a), u32::from_le_bytes(*b));
        return u64::from(a) | u64::from(b) << (8 * (n - 4));
    }
    let (Some(first), Some(last)) = (s.first(), s.last()) else {
        return 0;
    };
    let middle = u64::from(s[n / 2]) << (8 * (n / 2));
    u64::from(*first) | middle | u64::from(*last) << (8 * (n - 1))
}

/// Appends the first `n` bytes of a number: one fixed-size move and a new length.
#[inline(always)]
fn push_word(out: &mut Vec<u8>, word: u64, n: usize) {
    let start = out.len();
    out.extend_from_slice(&word.to_le_bytes());
    out.truncate(start + n);
}

/// Appends a slice that is mostly short.
#[inline(always)]
pub(crate) fn push_short(out: &mut Vec<u8>, s: &[u8]) {
    let n = s.len();
    if n <= 8 {
        push_word(out, word(s), n);
    } else if let (true, Some(a), Some(b)) = (n <= 16, s.first_chunk::<8>(), s.last_chunk::<8>()) {
        push_word(out, u64::from_le_bytes(*a), n - 8);
        out.extend_from_slice(b);
    } else {
        out.extend_from_slice(s);
    }
}

/// Appends text that needs no escape and gives true, or leaves everything as it is.
#[inline(always)]
pub(crate) fn push_clean(out: &mut Vec<u8>, s: &[u8]) -> bool {
    let n = s.len();
    if n <= 8 {
        let word = word(s);
        // The bytes past the text are zeros: filled up, or they would count as control characters.
        let clean = dirty8(word | FILL[n]) == 0;
        if clean {
            push_word(out, word, n);
        }
        return clean;
    }
    if let (true, Some(a), Some(b)) = (n <= 16, s.first_chunk::<8>(), s.last_chunk::<8>()) {
        let (a, b) = (u64::from_le_bytes(*a), u64::from_le_bytes(*b));
        let clean = (dirty8(a) | dirty8(b)) == 0;
        if clean {
            push_word(out, a, n - 8);
            out.extend_from_slice(&b.to_le_bytes());
        }
        return clean;
    }
    let clean = is_clean(s);
    if clean {
        out.extend_from_slice(s);
    }
    clean
}

/// Harmless bytes from the n-th on.
const FILL: [u64; 9] = {
    let mut fill = [0; 9];
    let mut n = 0;
    while n < 8 {
        fill[n] = (u64::MAX << (8 * n)) & 0x2020_2020_2020_2020;
        n += 1;
    }
    fill
};

/// Appends `s` escaped, without quotes, up to `end` bytes of `out` in all.
/// Gives false when it did not fit; what was written is whole characters.
#[cold]
#[inline(never)]
pub(crate) fn push_escaped(out: &mut Vec<u8>, s: &str, end: usize) -> bool {
    for c in s.chars() {
        let mut utf8 = [0u8; 4];
        let mut control = *b"\\u0000";
        let piece: &[u8] = match c {
            '"' => b"\\\"",
            '\\' => b"\\\\",
            '\n' => b"\\n",
            '\r' => b"\\r",
            '\t' => b"\\t",
            '\u{8}' => b"\\b",
            '\u{c}' => b"\\f",
            // Not asked for by JSON, but they break lines in viewers (and C1 controls drive terminals).
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                let code = c as u32;
                for (i, d) in control[2..].iter_mut().enumerate() {
                    *d = HEX[(code >> (12 - 4 * i)) as usize & 15];
                }
                &control
            }
            _ => c.encode_utf8(&mut utf8).as_bytes(),
        };
        if out.len() + piece.len() > end {
            return false;
        }
        out.extend_from_slice(piece);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(s: &str) -> String {
        let mut out = Vec::new();
        if !push_clean(&mut out, s.as_bytes()) {
            assert!(out.is_empty());
            assert!(push_escaped(&mut out, s, usize::MAX));
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_length_and_place_of_a_dirty_byte_is_found() {
        for len in 0..70 {
            let clean = "x".repeat(len);
            assert!(is_clean(clean.as_bytes()), "{len}");
            for at in 0..len {
                for dirty in [0u8, 0x1f, b'"', b'\\', b'\n'] {
                    let mut bytes = clean.clone().into_bytes();
                    bytes[at] = dirty;
                    assert!(!is_clean(&bytes), "length {len}, byte {dirty} at {at}");
                    let mut out = Vec::new();
                    assert!(!push_clean(&mut out, &bytes) && out.is_empty());
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_stops_at_a_whole_character() {
        let mut out = Vec::new();
        assert!(!push_escaped(&mut out, "가나다", 7));
        assert_eq!(String::from_utf8(out).unwrap(), "가나");
    }

    proptest! {
        #[test]
        fn reads_back_as_the_same_text(s in any::<String>()) {
            let read: String = serde_json::from_str(&format!("\"{}\"", escaped(&s))).unwrap();
            prop_assert_eq!(read, s);
        }

        #[test]
        fn short_copies_are_exact(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut out = b"before".to_vec();
            push_short(&mut out, &bytes);
            prop_assert_eq!(&out[6..], &bytes[..]);
        }
    }
}
