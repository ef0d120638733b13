//! The command line: words, and options with a value.

use crate::Failure;

/// What is left of a command line.
pub(crate) struct Line(Vec<String>);

impl Line {
    pub(crate) const fn new(args: Vec<String>) -> Self {
        Self(args)
    }

    /// The value of an option that stands before everything else.
    pub(crate) fn leading(&mut self, name: &str) -> Result<Option<String>, Failure> {
        match self.0.first() {
            Some(first) if first == name || first.starts_with(&format!("{name}=")) => {
                self.option(name)
            }
            _ => Ok(None),
        }
    }

    /// The next word that is no option.
    pub(crate) fn word(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// The next word, which `what` says.
    pub(crate) fn wanted(&mut self, what: &str) -> Result<String, Failure> {
        let word = self.word().filter(|word| !word.starts_with("--"));
        word.ok_or_else(|| Failure::Usage(format!("{what} is missing")))
    }

    /// Whether an option without a value was given.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let found = self.0.iter().position(|word| word == name);
        found.map(|at| self.0.remove(at)).is_some()
    }

    /// The value of an option, as `--name value` or `--name=value`.
    pub(crate) fn option(&mut self, name: &str) -> Result<Option<String>, Failure> {
        let equals = format!("{name}=");
        let is = |word: &String| word == name || word.starts_with(&equals);
        let Some(at) = self.0.iter().position(is) else {
            return Ok(None);
        };
        let word = self.0.remove(at);
        if let Some(value) = word.strip_prefix(&equals) {
            return Ok(Some(value.to_owned()));
        }
        match self.0.get(at) {
            Some(value) if !value.starts_with("--") => Ok(Some(self.0.remove(at))),
            _ => Err(Failure::Usage(format!("{name} needs a value"))),
        }
    }

    /// The values of an option that may be given again.
    pub(crate) fn options(&mut self, name: &str) -> Result<Vec<String>, Failure> {
        let mut all = Vec::new();
        while let Some(one) = self.option(name)? {
            all.push(one);
        }
        Ok(all)
    }

    /// The value of an option that there must be.
    pub(crate) fn required(&mut self, name: &str) -> Result<String, Failure> {
        let value = self.option(name)?.filter(|value| !value.trim().is_empty());
        value.ok_or_else(|| Failure::Usage(format!("{name} is missing")))
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), Failure> {
        match self.0.first() {
            Some(word) => Err(Failure::Usage(format!("{word:?} is not understood here"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &str) -> Line {
        Line::new(words.split_whitespace().map(str::to_owned).collect())
    }

    fn reason<T>(result: Result<T, Failure>) -> String {
        match result {
            Err(Failure::Usage(reason)) => reason,
            _ => panic!("taken"),
        }
    }

    fn taken<T>(result: Result<T, Failure>) -> T {
        result.unwrap_or_else(|_| panic!("refused"))
    }

    #[test]
    fn words_and_options_in_any_order() {
        let mut given = line("preview --out here 2026-05-28 --tag=a --tag b --recompute");
        assert_eq!(given.word().as_deref(), Some("preview"));
        assert_eq!(taken(given.option("--out")).as_deref(), Some("here"));
        assert!(given.flag("--recompute") && !given.flag("--recompute"));
        assert_eq!(taken(given.options("--tag")), ["a", "b"]);
        assert_eq!(taken(given.wanted("DATE")), "2026-05-28");
        assert!(given.end().is_ok());
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(reason(line("").wanted("DATE")), "DATE is missing");
        assert_eq!(reason(line("--out").option("--out")), "--out needs a value");
        let next = line("--out --recompute").option("--out");
        assert_eq!(reason(next), "--out needs a value");
        assert_eq!(
            reason(line("--level=").required("--level")),
            "--level is missing"
        );
        assert_eq!(reason(line("x y").end()), "\"x\" is not understood here");
        assert_eq!(taken(line("a --dir b").leading("--dir")), None);
    }
}
