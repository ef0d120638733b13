//! Samples packed as Facebook's Gorilla packs them: the change of the change of the time, and the bits in
//! which a value differs from the one before it.

use crate::Sample;

/// Samples that were packed one after another.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Chunk {
    bits: Vec<u8>,
    /// Bits of the last byte that are taken.
    used: u8,
    count: u16,
    first_ms: i64,
    last: Last,
}

/// What the next sample is compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Last {
    time_ms: i64,
    delta: i64,
    bits: u64,
    leading: u8,
    /// Zero: no window yet.
    meaning: u8,
}

/// Samples of one chunk: ten minutes of one every five seconds.
pub(super) const SAMPLES: u16 = 120;

/// How many bits a change of the change of time takes after its mark; the mark is as many ones, and a zero.
const TIMES: [u32; 3] = [7, 12, 20];

impl Chunk {
    pub(super) fn is_full(&self) -> bool {
        self.count >= SAMPLES
    }

    pub(super) fn first_ms(&self) -> i64 {
        self.first_ms
    }

    pub(super) fn last_ms(&self) -> i64 {
        self.last.time_ms
    }

    pub(super) fn count(&self) -> usize {
        usize::from(self.count)
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.bits.capacity()
    }

    /// No sample will follow.
    pub(super) fn close(&mut self) {
        self.bits.shrink_to_fit();
    }

    /// Takes a sample that is later than those in it.
    pub(super) fn push(&mut self, sample: Sample) {
        let bits = sample.value.to_bits();
        if self.count == 0 {
            self.first_ms = sample.time_ms;
            self.last = Last {
                time_ms: sample.time_ms,
                bits,
                ..Last::default()
            };
            self.write(sample.time_ms as u64, 64);
            self.write(bits, 64);
        } else {
            let delta = sample.time_ms.wrapping_sub(self.last.time_ms);
            self.write_time(delta.wrapping_sub(self.last.delta));
            (self.last.time_ms, self.last.delta) = (sample.time_ms, delta);
            self.write_value(bits);
        }
        self.count += 1;
    }

    fn write_time(&mut self, change: i64) {
        if change == 0 {
            return self.write(0, 1);
        }
        for (more, width) in (1..).zip(TIMES) {
            let half = 1_i64 << (width - 1);
            if (-half..half).contains(&change) {
                self.write((1 << (more + 1)) - 2, more + 1);
                return self.write(change as u64, width);
            }
        }
        self.write(0b1111, 4);
        self.write(change as u64, 64);
    }

    fn write_value(&mut self, bits: u64) {
        let differs = bits ^ self.last.bits;
        self.last.bits = bits;
        if differs == 0 {
            return self.write(0, 1);
        }
        // Thirty-one fit into five bits.
        let leading = differs.leading_zeros().min(31) as u8;
        let trailing = differs.trailing_zeros() as u8;
        let Last {
            leading: window,
            meaning,
            ..
        } = self.last;
        let window_trailing = 64_u8.saturating_sub(window + meaning);
        if meaning > 0 && leading >= window && trailing >= window_trailing {
            self.write(0b10, 2);
            return self.write(differs >> window_trailing, u32::from(meaning));
        }
        let meaning = 64 - leading - trailing;
        self.write(0b11, 2);
        self.write(u64::from(leading), 5);
        self.write(u64::from(meaning) - 1, 6);
        self.write(differs >> trailing, u32::from(meaning));
        (self.last.leading, self.last.meaning) = (leading, meaning);
    }

    /// Appends the lowest bits of a number, the highest of them first.
    fn write(&mut self, value: u64, mut width: u32) {
        while width > 0 {
            if self.used == 8 || self.bits.is_empty() {
                self.bits.push(0);
                self.used = 0;
            }
            let free = 8 - u32::from(self.used);
            let take = free.min(width);
            let part = (value >> (width - take)) & ((1 << take) - 1);
            if let Some(last) = self.bits.last_mut() {
                *last |= (part << (free - take)) as u8;
            }
            self.used += take as u8;
            width -= take;
        }
    }

    /// Its samples, in their order.
    pub(super) fn samples(&self) -> Samples<'_> {
        Samples {
            bits: &self.bits,
            at: 0,
            left: self.count,
            last: None,
        }
    }

    /// Its bytes, for a file, with the number of its samples.
    pub(super) fn packed(&self) -> (&[u8], u16) {
        (&self.bits, self.count)
    }
}

/// Unpacks one sample after another; ends early where bits are missing.
#[derive(Debug)]
pub(super) struct Samples<'a> {
    bits: &'a [u8],
    at: usize,
    left: u16,
    last: Option<Last>,
}

impl<'a> Samples<'a> {
    /// Of bytes from a file.
    pub(super) fn of(bits: &'a [u8], count: u16) -> Self {
        Self {
            bits,
            at: 0,
            left: count,
            last: None,
        }
    }

    fn read(&mut self, width: u32) -> Option<u64> {
        let (mut value, mut left) = (0_u64, width);
        while left > 0 {
            let byte = *self.bits.get(self.at / 8)?;
            let free = 8 - (self.at % 8) as u32;
            let take = free.min(left);
            let part = (u64::from(byte) >> (free - take)) & ((1 << take) - 1);
            value = if take == 64 {
                part
            } else {
                (value << take) | part
            };
            self.at += take as usize;
            left -= take;
        }
        Some(value)
    }

    fn time(&mut self) -> Option<i64> {
        if self.read(1)? == 0 {
            return Some(0);
        }
        for width in TIMES {
            if self.read(1)? == 0 {
                let value = self.read(width)?;
                // The highest bit is the sign.
                return Some((value << (64 - width)) as i64 >> (64 - width));
            }
        }
        self.read(64).map(|it| it as i64)
    }

    fn value(&mut self, last: &mut Last) -> Option<()> {
        if self.read(1)? == 0 {
            return Some(());
        }
        if self.read(1)? == 1 {
            last.leading = self.read(5)? as u8;
            last.meaning = self.read(6)? as u8 + 1;
        }
        let shift = 64_u32.checked_sub(u32::from(last.leading + last.meaning))?;
        let differs = self.read(u32::from(last.meaning))?;
        last.bits ^= differs.checked_shl(shift)?;
        Some(())
    }
}

impl Iterator for Samples<'_> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        self.left = self.left.checked_sub(1)?;
        let last = match self.last {
            None => Last {
                time_ms: self.read(64)? as i64,
                bits: self.read(64)?,
                ..Last::default()
            },
            Some(mut last) => {
                last.delta = last.delta.wrapping_add(self.time()?);
                last.time_ms = last.time_ms.wrapping_add(last.delta);
                self.value(&mut last)?;
                last
            }
        };
        self.last = Some(last);
        Some(Sample {
            time_ms: last.time_ms,
            value: f64::from_bits(last.bits),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            Just(0.0),
            Just(crate::stale()),
            Just(f64::NAN),
            any::<u64>().prop_map(f64::from_bits),
            (0..1_000_000_u32).prop_map(f64::from),
        ]
    }

    fn step() -> impl Strategy<Value = i64> {
        prop_oneof![
            Just(5_000),
            4_900..5_100_i64,
            1..100_000_i64,
            1..i64::MAX / 1_000
        ]
    }

    proptest! {
        /// What is unpacked is what was packed, to the last bit.
        #[test]
        fn nothing_changes(start in -1_000_000..i64::MAX / 2, steps in prop::collection::vec((step(), value()), 1..120)) {
            let (mut chunk, mut time_ms, mut pushed) = (Chunk::default(), start, Vec::new());
            for (step, value) in steps {
                time_ms = time_ms.wrapping_add(step);
                chunk.push(Sample { time_ms, value });
                pushed.push((time_ms, value.to_bits()));
            }
            let found: Vec<_> = chunk.samples().map(|it| (it.time_ms, it.value.to_bits())).collect();
            prop_assert_eq!(found, pushed);
        }

        /// Bytes that are no chunk give something or nothing, and no panic.
        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..64), count in 0..500_u16) {
            prop_assert!(Samples::of(&bytes, count).count() <= usize::from(count));
        }
    }

    /// What a service has most: counters that stand or grow, gauges that move a little.
    #[test]
    fn a_sample_takes_two_bytes_at_most() {
        let bytes = |value: &dyn Fn(i64) -> f64| {
            let mut chunk = Chunk::default();
            for step in 0..i64::from(SAMPLES) {
                chunk.push(Sample {
                    time_ms: step * 5_000,
                    value: value(step),
                });
            }
            chunk.close();
            chunk.bytes() as f64 / chunk.count() as f64
        };
        assert!(bytes(&|_| 42.0) < 0.5);
        assert!(bytes(&|step| (step / 12) as f64) < 1.0);
        assert!(bytes(&|step| (1_000 + step) as f64) < 2.0);
    }
}
