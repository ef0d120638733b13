//! Lower-case hexadecimal digits, both ways.

use std::fmt;
use std::ops::Deref;

/// The last `N` hexadecimal digits of a number; text that needs no allocation.
///
/// ```
/// use bongsu_trace::Hex;
///
/// assert_eq!(&*Hex::<8>::of(0xbeef), "0000beef");
/// ```
#[derive(Clone, Copy, Eq, PartialEq, Hash)]
pub struct Hex<const N: usize>([u8; N]);

impl<const N: usize> Hex<N> {
    /// The digits of `number`.
    #[inline]
    #[must_use]
    pub fn of(number: u128) -> Self {
        const { assert!(N <= 32, "a number has 32 digits") };
        let mut all = [0; 32];
        all[..16].copy_from_slice(&digits((number >> 64) as u64));
        all[16..].copy_from_slice(&digits(number as u64));
        let mut last = [0; N];
        last.copy_from_slice(&all[32 - N..]);
        Self(last)
    }
}

impl<const N: usize> Deref for Hex<N> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        // Only digits are ever put in.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl<const N: usize> AsRef<str> for Hex<N> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl<const N: usize> From<Hex<N>> for String {
    fn from(hex: Hex<N>) -> Self {
        (*hex).to_owned()
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// The sixteen lower-case digits of a word, the highest first; all at once.
#[inline]
#[must_use]
pub fn digits(word: u64) -> [u8; 16] {
    let mut text = [0; 16];
    for (half, at) in text.as_chunks_mut::<8>().0.iter_mut().zip([32, 0]) {
        *half = eight((word >> at) as u32).to_be_bytes();
    }
    text
}

/// The digits of a half: each nibble into a byte of its own, each byte into a digit.
#[inline]
fn eight(half: u32) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut nibbles = u64::from(half);
    nibbles = (nibbles | nibbles << 16) & 0x0000_ffff_0000_ffff;
    nibbles = (nibbles | nibbles << 8) & 0x00ff_00ff_00ff_00ff;
    nibbles = (nibbles | nibbles << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // One in each byte that is ten or more: those are letters.
    let letters = (nibbles + ONES * 6) >> 4 & ONES;
    nibbles + ONES * u64::from(b'0') + letters * u64::from(b'a' - b'0' - 10)
}

/// The number of some lower-case digits, at most 32 of them.
#[inline]
pub(crate) fn number(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |acc: u128, b| {
        let digit = match b {
            b'0'..=b'9' => b - b'0',
            b'a'..=b'f' => b - b'a' + 10,
            _ => return None,
        };
        Some(acc << 4 | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_the_formatter_has_them(id: u128, word: u64) {
            prop_assert_eq!(Hex::<32>::of(id).to_string(), format!("{id:032x}"));
            prop_assert_eq!(Hex::<16>::of(word.into()).to_string(), format!("{word:016x}"));
            prop_assert_eq!(number(Hex::<32>::of(id).as_bytes()), Some(id));
        }
    }
}
