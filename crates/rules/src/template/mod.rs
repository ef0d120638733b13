//! The templates of labels and annotations: the part of Go's that rules use. What is not known is
//! refused when it is read, never left out when it is told.

mod format;
mod functions;
mod humanize;
mod parse;
mod render;
mod token;

use std::{fmt, sync::Arc};

use crate::{Expression, Labels};

/// The text of a label or an annotation, with what is filled in.
#[derive(Clone)]
pub struct Template {
    text: String,
    body: Vec<parse::Node>,
    /// What `define` and `block` name.
    defined: parse::Defined,
    /// Every expression that is asked by its text.
    queries: Vec<Arc<Expression>>,
}

/// What a query of a template gives: each element with its value, or why there is none.
pub type Queried = Result<Vec<(Labels, f64)>, String>;

/// What a template is filled in from.
pub struct Filling<'a> {
    /// Of the element that the rule's expression gave, its name too.
    pub labels: &'a Labels,
    /// Its value.
    pub value: f64,
    /// What every alert of this place has.
    pub external_labels: &'a Labels,
    /// Where the rules are to be seen.
    pub external_url: &'a str,
    /// Evaluates an expression at the time of the alert.
    pub query: &'a dyn Fn(&Expression) -> Queried,
}

impl fmt::Debug for Filling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Filling");
        shown
            .field("labels", self.labels)
            .field("value", &self.value);
        shown.finish_non_exhaustive()
    }
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
#[non_exhaustive]
pub struct TemplateError {
    /// Characters before what is wrong.
    pub offset: usize,
    /// What is wrong.
    pub what: String,
}

impl Template {
    /// Reads a template.
    ///
    /// ```
    /// use bongsu_rules::{Filling, Labels, Template};
    ///
    /// let template = Template::parse("{{ $labels.venue }}: {{ $value | humanizePercentage }}")?;
    /// let filling = Filling {
    ///     labels: &Labels::new([("venue", "KRX")]),
    ///     value: 0.125,
    ///     external_labels: &Labels::default(),
    ///     external_url: "",
    ///     query: &|_| Ok(Vec::new()),
    /// };
    /// assert_eq!(template.render(&filling), "KRX: 12.5%");
    /// assert!(Template::parse("{{ $labels.venue | shout }}").is_err());
    /// # Ok::<(), bongsu_rules::TemplateError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first thing in it that is wrong or not known.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let parse::Read {
            body,
            defined,
            queries,
        } = parse::template(text)?;
        Ok(Self {
            text: text.to_owned(),
            body,
            defined,
            queries,
        })
    }

    /// A text in which nothing is filled in.
    #[must_use]
    pub fn verbatim(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            body: vec![parse::Node::Text(text.to_owned())],
            defined: parse::Defined::default(),
            queries: Vec::new(),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The expressions that it asks by their text.
    pub fn queries(&self) -> impl Iterator<Item = &Expression> {
        self.queries.iter().map(|it| &**it)
    }

    /// The text, filled in; where that fails, it says why, as Prometheus does.
    #[must_use]
    pub fn render(&self, filling: &Filling<'_>) -> String {
        render::render(self, filling)
            .unwrap_or_else(|error| format!("<error expanding template: {error}>"))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests;
