//! Values as people write them, with an error that says how.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Deserializer, de::Error};

use crate::Level;

/// A level in any case.
pub(crate) fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Level, D::Error> {
    let word = String::deserialize(deserializer)?;
    word.parse().map_err(D::Error::custom)
}

/// The same, where there may be none.
pub(crate) fn some_level<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Level>, D::Error> {
    let word = Option::<String>::deserialize(deserializer)?;
    word.map(|word| word.parse().map_err(D::Error::custom))
        .transpose()
}

/// A moment, where there may be none.
pub(crate) fn some_moment<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| {
        text.parse().map_err(|_| {
            let shown: String = text.chars().take(40).collect();
            D::Error::custom(format!(
                "{shown:?} is no moment: write it with its offset, as 2026-05-28T09:00:00+09:00"
            ))
        })
    })
    .transpose()
}

/// A date, where there may be none.
pub(crate) fn some_date<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Date>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| date(&text).map_err(D::Error::custom))
        .transpose()
}

/// A date as people write it.
///
/// # Errors
///
/// How to write it.
pub fn date(text: &str) -> Result<Date, String> {
    let date = Date::strptime("%Y-%m-%d", text);
    date.map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        format!("{shown:?} is no date: write it as 2026-05-28")
    })
}
