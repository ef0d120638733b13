//! Names with values, kept in the form in which they are sent.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use crate::wire::Message;

/// Attributes that one thing may have, and bytes of a text among them; what is more is counted, or cut.
const MOST: usize = 128;
const LONGEST: usize = 4_096;

/// What is over leaves its memory to what its thread begins next: so many, of so many bytes at most.
const SPARES: usize = 64;
const SPARE_BYTES: usize = 4_096;

thread_local! {
    static OVER: RefCell<Vec<Memory>> = const { RefCell::new(Vec::new()) };
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Several texts.
    Texts(&'a [&'a str]),
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Value<'_> {
    /// Past what 63 bits hold it is a float, as near as that goes.
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Float(value as f64), Self::Int)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl Value<'_> {
    fn write(&self, m: &mut Message) {
        match self {
            Self::Text(text) => m.bytes(1, cut(text).as_bytes()),
            Self::Bool(value) => m.always(2, u64::from(*value)),
            Self::Int(value) => m.always(3, value.cast_unsigned()),
            Self::Float(value) => m.double(4, *value),
            Self::Texts(texts) => m.inside(5, |m| {
                for text in texts.iter().take(MOST) {
                    m.inside(1, |m| m.bytes(1, cut(text).as_bytes()));
                }
            }),
        }
    }
}

pub(crate) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// Names with values: a name counts once, what was said last of it. Bounded.
#[derive(Clone, Default, PartialEq)]
pub struct Attributes {
    memory: Memory,
    dropped: u32,
}

#[derive(Clone, Default, PartialEq)]
struct Memory {
    /// `KeyValue` messages, one after the other.
    bytes: Vec<u8>,
    /// Of each, where it ends and how long its name is.
    ends: Vec<(usize, usize)>,
}

impl Attributes {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        let memory = OVER.try_with(|over| over.borrow_mut().pop());
        Self {
            memory: memory.ok().flatten().unwrap_or_default(),
            dropped: 0,
        }
    }

    /// One more, or another value of one that is there.
    pub fn set<'a>(&mut self, name: impl AsRef<str>, value: impl Into<Value<'a>>) {
        let name = cut(name.as_ref());
        if self.has_room(name.as_bytes()) {
            self.memory.push(name, &value.into());
        }
    }

    /// All of the others, which were said later.
    pub(crate) fn take(&mut self, later: &Self) {
        for ((from, to, name), text) in later.memory.places().zip(later.names()) {
            if self.has_room(text) {
                self.memory
                    .bytes
                    .extend_from_slice(&later.memory.bytes[from..to]);
                self.memory.ends.push((self.memory.bytes.len(), name));
            }
        }
        self.dropped += later.dropped;
    }

    /// Whether there is room for a value of this name. The one that is there makes it.
    fn has_room(&mut self, name: &[u8]) -> bool {
        let there = self.names().position(|there| there == name);
        if let Some(place) = there {
            self.memory.remove(place);
        } else if self.memory.ends.len() >= MOST {
            self.dropped += 1;
            return false;
        }
        true
    }

    /// [`set`](Self::set), chained.
    #[must_use]
    pub fn with<'a>(mut self, name: impl AsRef<str>, value: impl Into<Value<'a>>) -> Self {
        self.set(name, value);
        self
    }

    pub(crate) fn write(&self, m: &mut Message, field: u32, dropped: Option<u32>) {
        for (from, to, _) in self.memory.places() {
            m.bytes(field, &self.memory.bytes[from..to]);
        }
        if let Some(field) = dropped {
            m.uint(field, self.dropped.into());
        }
    }

    fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.memory.places().map(|(from, _, name)| {
            // A tag, and a length of one byte or two.
            let at = from + if name < 0x80 { 2 } else { 3 };
            match name {
                0 => &[],
                _ => &self.memory.bytes[at..at + name],
            }
        })
    }
}

impl Memory {
    /// Where each begins and ends, and how long its name is.
    fn places(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let mut from = 0;
        self.ends.iter().map(move |(end, name)| {
            let place = (from, *end, *name);
            from = *end;
            place
        })
    }

    fn push(&mut self, name: &str, value: &Value<'_>) {
        let mut m = Message(std::mem::take(&mut self.bytes));
        write(&mut m, name, value);
        self.bytes = m.0;
        self.ends.push((self.bytes.len(), name.len()));
    }

    fn remove(&mut self, place: usize) {
        let from = place.checked_sub(1).map_or(0, |before| self.ends[before].0);
        let (to, _) = self.ends.remove(place);
        self.bytes.drain(from..to);
        for (end, _) in &mut self.ends[place..] {
            *end -= to - from;
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        let mut memory = std::mem::take(&mut self.memory);
        if !(1..=SPARE_BYTES).contains(&memory.bytes.capacity()) {
            return;
        }
        let _thread_is_ending = OVER.try_with(|over| {
            let mut over = over.borrow_mut();
            if over.len() < SPARES {
                memory.bytes.clear();
                memory.ends.clear();
                over.push(memory);
            }
        });
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names().map(String::from_utf8_lossy);
        f.debug_list().entries(names).finish()
    }
}

/// `KeyValue`.
fn write(m: &mut Message, name: &str, value: &Value<'_>) {
    m.text(1, name);
    m.inside(2, |m| value.write(m));
}

pub(crate) fn attribute(m: &mut Message, field: u32, name: &str, value: &Value<'_>) {
    m.inside(field, |m| write(m, cut(name), value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Field, fields};
    use proptest::prelude::*;

    /// Names and texts as they are sent, and how many were left out.
    fn read(attributes: &Attributes) -> (Vec<(String, String)>, u64) {
        let mut m = Message::default();
        attributes.write(&mut m, 9, Some(10));
        let (mut pairs, mut dropped) = (Vec::new(), 0);
        for field in fields(&m.0) {
            match field {
                (9, Field::Bytes(pair)) => {
                    let (mut name, mut text) = (String::new(), String::new());
                    for field in fields(pair) {
                        match field {
                            (1, Field::Bytes(bytes)) => {
                                name = String::from_utf8_lossy(bytes).into()
                            }
                            (2, Field::Bytes(value)) => {
                                let Some((1, Field::Bytes(bytes))) = fields(value).next() else {
                                    panic!("no text");
                                };
                                text = String::from_utf8_lossy(bytes).into();
                            }
                            other => panic!("{other:?}"),
                        }
                    }
                    pairs.push((name, text));
                }
                (10, Field::Number(number)) => dropped = number,
                other => panic!("{other:?}"),
            }
        }
        (pairs, dropped)
    }

    proptest! {
        #[test]
        fn a_name_counts_once_and_what_is_too_much_is_counted(
            said in prop::collection::vec((0_usize..200, 0_usize..3, 0_usize..300), 0..300),
        ) {
            let mut attributes = Attributes::new();
            let mut taken = Attributes::new();
            let (mut model, mut dropped) = (Vec::<(String, String)>::new(), 0);
            for (name, long, text) in said {
                // No name at all, short ones, and some whose length takes two bytes.
                let name = if name == 0 { String::new() } else { format!("{name}{}", "n".repeat(long * 70)) };
                let text = "t".repeat(text);
                attributes.set(&name, &*text);
                taken.take(&Attributes::new().with(&name, &*text));
                let place = model.iter().position(|(there, _)| *there == name);
                match place {
                    Some(place) => { model.remove(place); }
                    None if model.len() == MOST => { dropped += 1; continue; }
                    None => {}
                }
                model.push((name, text));
            }
            prop_assert_eq!(read(&attributes), (model, dropped));
            prop_assert_eq!(&attributes, &taken);
            prop_assert_eq!(read(&Attributes::new()), (Vec::new(), 0), "nothing of another's is left");
        }
    }
}
