//! Values of the file: what each accepts, and how it says what would be right.

use std::{fmt, time::Duration};

use bongsu_secret::Secret;
use bongsu_severity::Severity;
use jiff::civil::{Time, Weekday};
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

use crate::value::{choice, time};

/// The longest wait that a rule may ask for: a quarter.
const LONGEST: f64 = 92.0 * 86_400.0;

/// `"5m"`, `"1h30m"`, or seconds as a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Length(pub(super) Duration);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Plain(text) = Plain::deserialize(from)?;
        let length = time(&text, (0.0, LONGEST)).map_err(D::Error::custom)?;
        Ok(Self(length))
    }
}

/// A length of time, or `"never"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Every(pub(super) Option<Duration>);

impl<'de> Deserialize<'de> for Every {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Plain(text) = Plain::deserialize(from)?;
        if text == "never" {
            return Ok(Self(None));
        }
        let length = time(&text, (1.0, LONGEST));
        let length = length.map_err(|error| D::Error::custom(format!("{error}, or \"never\"")))?;
        Ok(Self(Some(length)))
    }
}

/// `"error"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Level(pub(super) Severity);

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let words = Severity::ALL.map(|level| (level.as_str(), level));
        choice(&text, &words).map(Self).map_err(D::Error::custom)
    }
}

/// `"22:00"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Clock(pub(super) Time);

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        // As everybody writes the end of a day.
        let whole = text == "24:00";
        let read = Time::strptime("%H:%M", if whole { "00:00" } else { &text });
        let wrong = |_| D::Error::custom(format!("{text:?} is no time of day, e.g. \"22:00\""));
        read.map(Self).map_err(wrong)
    }
}

pub(super) const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// `"mon"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Day(pub(super) Weekday);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        choice(&text, &DAYS).map(Self).map_err(D::Error::custom)
    }
}

/// `"digest"`: what happens to what a quiet time holds back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Then {
    pub(super) digest: bool,
}

impl<'de> Deserialize<'de> for Then {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let digest = choice(&text, &[("hold", false), ("digest", true)]);
        digest
            .map(|digest| Self { digest })
            .map_err(D::Error::custom)
    }
}

/// A text that is never shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hidden(pub(super) Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(Secret::new(String::deserialize(from)?)))
    }
}

/// One text, or several.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Many(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Many {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Many;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Many, E> {
                Ok(Many(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, texts: A) -> Result<Many, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(texts)).map(Many)
            }
        }
        from.deserialize_any(Texts)
    }
}

/// A value as it would be written in a variable: a text, a number, yes or no, or a list of texts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plain(pub(super) String);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct AsText;
        impl<'de> Visitor<'de> for AsText {
            type Value = Plain;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true or false, or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Plain, E> {
                Ok(Plain(text.to_owned()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Plain, E> {
                Ok(Plain(number.to_string()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Plain, E> {
                Ok(Plain(number.to_string()))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Plain, E> {
                Ok(Plain(number.to_string()))
            }

            fn visit_bool<E: Error>(self, said: bool) -> Result<Plain, E> {
                Ok(Plain(said.to_string()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, texts: A) -> Result<Plain, A::Error> {
                let texts: Vec<String> = Vec::deserialize(SeqAccessDeserializer::new(texts))?;
                Ok(Plain(texts.join(",")))
            }
        }
        from.deserialize_any(AsText)
    }
}
