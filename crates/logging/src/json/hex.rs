//! Hexadecimal digits of a word, all sixteen at once.

/// The lower-case digits, the highest first.
pub(crate) fn digits(word: u64) -> [u8; 16] {
    let mut text = [0; 16];
    for (half, at) in text.as_chunks_mut::<8>().0.iter_mut().zip([32, 0]) {
        *half = eight((word >> at) as u32).to_be_bytes();
    }
    text
}

/// The digits of a half: each nibble into a byte of its own, each byte into a digit.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_formatter_has_them() {
        let mut word = 0x0123_4567_89ab_cdef_u64;
        for _ in 0..10_000 {
            assert_eq!(digits(word), format!("{word:016x}").as_bytes());
            word = word.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        for word in [0, 9, 10, 15, 16, u64::MAX] {
            assert_eq!(digits(word), format!("{word:016x}").as_bytes());
        }
    }
}
