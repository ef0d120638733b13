//! Protocol Buffers, as far as OTLP needs them written: five kinds of fields, and one small answer read.
//!
//! <https://protobuf.dev/programming-guides/encoding/>

/// A message under way. A field that has its default is left out, save where its being there says something.
#[derive(Debug, Default)]
pub(crate) struct Message(pub(crate) Vec<u8>);

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;
const FIXED32: u32 = 5;

impl Message {
    /// What a closure writes.
    pub(crate) fn of(write: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut message = Self::default();
        write(&mut message);
        message.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn tag(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    /// A whole number; 0 is left out.
    pub(crate) fn uint(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.always(field, value);
        }
    }

    /// A whole number, 0 too.
    pub(crate) fn always(&mut self, field: u32, value: u64) {
        self.tag(field, VARINT);
        self.varint(value);
    }

    pub(crate) fn fixed32(&mut self, field: u32, value: u32) {
        self.tag(field, FIXED32);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn fixed64(&mut self, field: u32, value: u64) {
        self.tag(field, FIXED64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn double(&mut self, field: u32, value: f64) {
        self.fixed64(field, value.to_bits());
    }

    /// Numbers of 64 bits behind each other.
    pub(crate) fn packed(&mut self, field: u32, values: impl ExactSizeIterator<Item = u64>) {
        self.tag(field, LENGTH);
        self.varint(8 * values.len() as u64);
        for value in values {
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    pub(crate) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.tag(field, LENGTH);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// A text; an empty one is left out.
    pub(crate) fn text(&mut self, field: u32, text: &str) {
        if !text.is_empty() {
            self.bytes(field, text.as_bytes());
        }
    }

    /// A message within this one.
    pub(crate) fn inside(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        // Nearly all of them are shorter than 128 bytes: the length has one byte, or is made room for.
        self.tag(field, LENGTH);
        let at = self.0.len();
        self.0.push(0);
        write(self);
        let end = self.0.len();
        let mut length = end - at - 1;
        let further = (length.max(1).ilog2() / 7) as usize;
        if further > 0 {
            self.0.resize(end + further, 0);
            self.0.copy_within(at + 1..end, at + 1 + further);
        }
        for byte in &mut self.0[at..at + further] {
            *byte = length as u8 | 0x80;
            length >>= 7;
        }
        self.0[at + further] = length as u8;
    }
}

/// The fields of a message that are numbers or bytes, in order; none past what is no message.
pub(crate) fn fields(mut bytes: &[u8]) -> impl Iterator<Item = (u32, Field<'_>)> {
    std::iter::from_fn(move || {
        let tag = read_varint(&mut bytes)?;
        let field = u32::try_from(tag >> 3).ok()?;
        let value = match tag as u32 & 7 {
            VARINT => Field::Number(read_varint(&mut bytes)?),
            FIXED64 => Field::Bytes(take(&mut bytes, 8)?),
            FIXED32 => Field::Bytes(take(&mut bytes, 4)?),
            LENGTH => {
                let length = usize::try_from(read_varint(&mut bytes)?).ok()?;
                Field::Bytes(take(&mut bytes, length)?)
            }
            _ => return None,
        };
        Some((field, value))
    })
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_published() {
        // The examples of the specification.
        assert_eq!(Message::of(|m| m.uint(1, 150)), [0x08, 0x96, 0x01]);
        let text = [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67];
        assert_eq!(Message::of(|m| m.text(2, "testing")), text);
        let inside = [0x1a, 0x03, 0x08, 0x96, 0x01];
        assert_eq!(Message::of(|m| m.inside(3, |m| m.uint(1, 150))), inside);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, long in 0_usize..40_000) {
            let text = "x".repeat(long);
            let written = Message::of(|m| {
                m.always(1, number);
                m.inside(2, |m| m.bytes(7, text.as_bytes()));
                m.fixed64(500, number);
            });
            let read: Vec<_> = fields(&written).collect();
            prop_assert_eq!(read[0], (1, Field::Number(number)));
            let (2, Field::Bytes(inside)) = read[1] else { panic!("{read:?}") };
            prop_assert_eq!(fields(inside).next(), Some((7, Field::Bytes(text.as_bytes()))));
            prop_assert_eq!(read[2], (500, Field::Bytes(&number.to_le_bytes())));
        }

        #[test]
        fn anything_ends(bytes: Vec<u8>) {
            prop_assert!(fields(&bytes).count() <= bytes.len());
        }
    }
}
