//! As much JSON as `cargo metadata` and Docker's answers need, so that nothing has to be compiled first.

use std::iter::Peekable;

use crate::run::Failure;

/// A value; numbers stay as they are written.
#[derive(Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// In the order of the text.
    Map(Vec<(String, Json)>),
}

impl Json {
    /// Reads a whole text.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let mut reader = Reader {
            rest: text.chars().peekable(),
        };
        let value = reader.value(0);
        match (value, reader.peek()) {
            (Some(value), None) => Ok(value),
            _ => Err(Failure("this is no JSON".to_owned())),
        }
    }

    /// The value under a key, or at a path of keys; null where there is none.
    pub(crate) fn at(&self, path: &[&str]) -> &Json {
        path.iter().fold(self, |value, key| match value {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map_or(&Self::Null, |(_, value)| value),
            _ => &Self::Null,
        })
    }

    /// A text, or nothing.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a list; none of anything else.
    pub(crate) fn list(&self) -> &[Json] {
        match self {
            Self::List(list) => list,
            _ => &[],
        }
    }

    /// The keys of a map; none of anything else.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let entries = match self {
            Self::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().map(|(key, _)| key.as_str())
    }
}

struct Reader<I: Iterator<Item = char>> {
    rest: Peekable<I>,
}

impl<I: Iterator<Item = char>> Reader<I> {
    /// The next character that is not white space.
    fn peek(&mut self) -> Option<char> {
        while self.rest.next_if(char::is_ascii_whitespace).is_some() {}
        self.rest.peek().copied()
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        (self.peek()? == wanted).then(|| self.rest.next()).map(drop)
    }

    fn value(&mut self, depth: u8) -> Option<Json> {
        let depth = depth.checked_add(1)?;
        match self.peek()? {
            '"' => self.string().map(Json::Text),
            '[' => self
                .entries('[', ']', |reader| reader.value(depth))
                .map(Json::List),
            '{' => self
                .entries('{', '}', |reader| {
                    let key = reader.string()?;
                    reader.take(':')?;
                    Some((key, reader.value(depth)?))
                })
                .map(Json::Map),
            _ => {
                let mut word = String::new();
                let plain = |c: &char| c.is_ascii_alphanumeric() || "+-.".contains(*c);
                while let Some(c) = self.rest.next_if(plain) {
                    word.push(c);
                }
                match word.as_str() {
                    "null" => Some(Json::Null),
                    "true" | "false" => Some(Json::Bool(word == "true")),
                    _ => word.parse::<f64>().is_ok().then_some(Json::Number(word)),
                }
            }
        }
    }

    fn entries<T>(
        &mut self,
        open: char,
        close: char,
        mut one: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.take(open)?;
        let mut all = Vec::new();
        if self.take(close).is_some() {
            return Some(all);
        }
        loop {
            all.push(one(self)?);
            if self.take(close).is_some() {
                return Some(all);
            }
            self.take(',')?;
        }
    }

    fn string(&mut self) -> Option<String> {
        self.take('"')?;
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                '"' => return Some(text),
                '\\' => text.push(match self.rest.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'u' => self.unit()?,
                    other => other,
                }),
                other => text.push(other),
            }
        }
    }

    /// `\uXXXX`; halves of a pair become the replacement character.
    fn unit(&mut self) -> Option<char> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit * 16 + self.rest.next()?.to_digit(16)?;
        }
        Some(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_found() {
        let text =
            r#" {"a": [1, -2.5e3, true, null, "x\"\\\n\u00e9"], "b": {}, "c": {"d": "봉수"}} "#;
        let value = Json::parse(text).unwrap_or(Json::Null);
        assert_eq!(value.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(value.at(&["c", "d"]).text(), Some("봉수"));
        assert_eq!(value.at(&["c", "nothing", "there"]), &Json::Null);
        let list = value.at(&["a"]).list();
        assert_eq!(list[1], Json::Number("-2.5e3".to_owned()));
        assert_eq!(list[4].text(), Some("x\"\\\né"));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = "[".repeat(300);
        for text in ["", "{", "[1,]", "{\"a\" 1}", "\"a", "tru", "1 2", &deep] {
            assert!(Json::parse(text).is_err(), "{text:.20}");
        }
    }
}
