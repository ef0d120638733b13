//! Which series an expression asks for, as data.

use std::fmt;

use regex::Regex;

use crate::{
    labels::{Labels, NAME},
    pattern,
};

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, the whole value
    Regex,
    /// `!~`
    NotRegex,
}

/// What one label must be; a label that is not there is empty.
#[derive(Debug, Clone)]
pub struct Matcher {
    label: String,
    operator: Operator,
    value: String,
    regex: Option<Regex>,
}

impl Matcher {
    pub(crate) fn new(label: &str, operator: Operator, value: &str) -> Result<Self, String> {
        let regex = match operator {
            Operator::Equal | Operator::NotEqual => None,
            Operator::Regex | Operator::NotRegex => Some(pattern::whole(value)?),
        };
        Ok(Self {
            label: label.to_owned(),
            operator,
            value: value.to_owned(),
            regex,
        })
    }

    /// The label's name.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// How it compares.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// What it compares with: a text or a pattern.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a value of the label is taken.
    #[must_use]
    pub fn takes(&self, value: &str) -> bool {
        let found = match &self.regex {
            Some(regex) => regex.is_match(value),
            None => self.value == value,
        };
        found == matches!(self.operator, Operator::Equal | Operator::Regex)
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self.operator {
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Regex => "=~",
            Operator::NotRegex => "!~",
        };
        write!(f, "{}{operator}{:?}", self.label, self.value)
    }
}

/// What a selector such as `http_requests_total{status=~"5.."}` asks for: series that all its matchers take.
#[derive(Debug, Clone)]
pub struct Selector(Vec<Matcher>);

impl Selector {
    pub(crate) fn new(matchers: Vec<Matcher>) -> Self {
        Self(matchers)
    }

    /// Every series there is.
    #[must_use]
    pub fn any() -> Self {
        Self(Vec::new())
    }

    /// Every series of one metric.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        Self(vec![Matcher {
            label: NAME.to_owned(),
            operator: Operator::Equal,
            value: name.to_owned(),
            regex: None,
        }])
    }

    /// The metric's name, where it names exactly one: a source can begin with its index.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let named = self.0.iter().find(|it| it.label == NAME);
        named
            .filter(|it| it.operator == Operator::Equal && !it.value.is_empty())
            .map(|it| it.value.as_str())
    }

    /// All of them, the name's among them.
    #[must_use]
    pub fn matchers(&self) -> &[Matcher] {
        &self.0
    }

    /// Whether a series is asked for.
    #[must_use]
    pub fn takes(&self, labels: &Labels) -> bool {
        self.0.iter().all(|it| it.takes(labels.get(&it.label)))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (place, matcher) in self.0.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(f, "{comma}{matcher}")?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_is_not_there_is_empty() {
        let labels = Labels::new([(NAME, "up"), ("job", "a")]);
        let table = [
            ("job", Operator::Equal, "a", true),
            ("job", Operator::NotEqual, "a", false),
            ("zone", Operator::Equal, "", true),
            ("zone", Operator::NotEqual, "", false),
            ("zone", Operator::Regex, ".*", true),
            ("zone", Operator::Regex, ".+", false),
            ("job", Operator::NotRegex, "a|b", false),
            ("job", Operator::NotRegex, "aa?.", true),
        ];
        for (label, operator, value, taken) in table {
            let matcher = Matcher::new(label, operator, value).unwrap();
            assert_eq!(
                Selector::new(vec![matcher.clone()]).takes(&labels),
                taken,
                "{matcher}"
            );
        }
    }

    #[test]
    fn a_name_is_known_where_there_is_exactly_one() {
        assert_eq!(Selector::of_name("up").name(), Some("up"));
        assert_eq!(Selector::of_name("up").to_string(), "{__name__=\"up\"}");
        let pattern = Matcher::new(NAME, Operator::Regex, "up|down").unwrap();
        assert_eq!(Selector::new(vec![pattern]).name(), None);
    }
}
