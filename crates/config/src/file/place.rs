//! Where something stands in the file, and what was likely meant.

use std::ops::Range;

use crate::error::Problem;

/// The file that is being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// Its name, as it is told.
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// `bongsu.toml:12:3`.
    pub(super) fn place(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before[start..].chars().count() + 1;
        format!("{}:{line}:{column}", self.name)
    }

    /// Something that is wrong there.
    pub(super) fn problem(&self, at: &Range<usize>, message: impl Into<String>) -> Problem {
        Problem {
            variable: self.place(at.start),
            message: message.into(),
        }
    }

    /// What the parser has against the file, with the key and what was likely meant.
    pub(super) fn unreadable(&self, error: &toml::de::Error) -> Problem {
        let at = error.span().unwrap_or(0..0);
        let said = &plain(error.message());
        let message = match (meant(said), self.key(at.start)) {
            (Some(meant), _) => format!("{said}; is {meant:?} meant?"),
            (None, Some(key)) if !said.contains(&format!("`{key}`")) => format!("{key}: {said}"),
            (None, _) => said.to_owned(),
        };
        self.problem(&at, message)
    }

    /// The key whose value stands there.
    fn key(&self, at: usize) -> Option<&str> {
        let before = self.text.get(..at)?;
        let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
        let key = line.rsplit_once('=')?.0.trim_end();
        let begins = key.rfind(|c: char| !(c.is_alphanumeric() || "_-.".contains(c)));
        let key = &key[begins.map_or(0, |end| end + 1)..];
        (!key.is_empty()).then_some(key)
    }
}

/// What the parser says in the words of whoever wrote the program, in those of a reader.
fn plain(said: &str) -> String {
    if said == "duplicate key" {
        return "it is written twice; leave one of them out".to_owned();
    }
    let (said, expected) = match said.rsplit_once("expected ") {
        Some((said, expected)) => (said, expected),
        None => return said.to_owned(),
    };
    let expected = match expected {
        "a map" => "a table",
        "a sequence" => "a list, e.g. [\"log\"]",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "f64" | "f32" => "a number",
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => "a table",
        other => other,
    };
    let said = said.replace("invalid type: map", "invalid type: a table");
    let said = said.replace("invalid type: sequence", "invalid type: a list");
    format!("{said}expected {expected}")
}

/// From "unknown field `chanels`, expected one of `channels`, `id`" to `channels`.
fn meant(said: &str) -> Option<&str> {
    let rest = said.strip_prefix("unknown field ")?;
    let mut names = rest.split('`').skip(1).step_by(2);
    let given = names.next()?;
    nearest(given, names)
}

/// The name that another is a slip of.
pub(super) fn nearest<'n>(
    given: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let given = given.to_lowercase();
    let near = |name: &'n str| (strsim::osa_distance(&given, &name.to_lowercase()), name);
    let (slips, name) = names
        .into_iter()
        .map(near)
        .min_by_key(|(slips, _)| *slips)?;
    let part = given.len() >= 4 && (name.starts_with(&*given) || given.starts_with(name));
    (slips <= 2.min(given.len() / 3) || part).then_some(name)
}

/// `; is "channels" meant?`, or what there is.
pub(super) fn remedy(given: &str, names: &[&str]) -> String {
    match nearest(given, names.iter().copied()) {
        Some(meant) => format!("is {meant:?} meant?"),
        None => format!("there are {}", names.join(", ")),
    }
}
