//! FNV-1a: short names for short texts. No defence against who chooses the text.

use std::hash::Hasher;

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The FNV-1a hash of some bytes.
///
/// ```
/// assert_eq!(bongsu_trace::fnv(b"foobar"), 0x8594_4171_f739_67e8);
/// ```
#[inline]
#[must_use]
pub const fn fnv(bytes: &[u8]) -> u64 {
    add(BASIS, bytes)
}

#[inline]
const fn add(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(PRIME);
        at += 1;
    }
    hash
}

/// [`fnv`] as a hasher of maps whose keys are short and the service's own, and of texts in parts.
#[derive(Debug, Clone)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(BASIS)
    }
}

impl Hasher for Fnv {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0 = add(self.0, bytes);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_published() {
        // Vectors of the algorithm's authors.
        assert_eq!(fnv(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(b"a"), 0xaf63_dc4c_8601_ec8c);
        let mut parts = Fnv::default();
        parts.write(b"foo");
        parts.write(b"bar");
        assert_eq!(parts.finish(), fnv(b"foobar"));
    }
}
