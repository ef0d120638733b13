//! YAML as a tree whose every node knows its place in the text.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput};

/// Deeper than any file of rules is.
const DEPTH: usize = 32;
/// More than any file of rules has, aliases counted each time.
const NODES: usize = 1_000_000;

/// A place in the text: line and column from 1, and characters before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) index: usize,
}

impl From<Marker> for Place {
    fn from(at: Marker) -> Self {
        Self {
            line: at.line(),
            column: at.col() + 1,
            index: at.index(),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: Place,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar(String, ScalarStyle),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// Nothing was written, or that there is nothing.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(text, ScalarStyle::Plain)
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    fn same_name(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Scalar(one, _), Kind::Scalar(other, _)) => one == other,
            _ => false,
        }
    }

    /// For people.
    pub(crate) fn what(&self) -> &'static str {
        match self.kind {
            Kind::Scalar(..) => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}

/// The one document of `text`, none when it is empty; else where it is no YAML, and why.
pub(crate) fn read(text: &str) -> Result<Option<Node>, (Place, String)> {
    let mut reading = Reading {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        nodes: 0,
    };
    let mut document = None;
    loop {
        match reading.next()? {
            (Event::StreamEnd, _) => return Ok(document),
            (Event::DocumentStart(_), at) => {
                if document.is_some() {
                    return Err((at, "a second document begins here".to_owned()));
                }
                let (event, at) = reading.next()?;
                document = match event {
                    // A file of comments alone.
                    Event::DocumentEnd => None,
                    event => Some(reading.node(event, at, 0)?),
                };
            }
            _ => {}
        }
    }
}

struct Reading<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl<'a> Reading<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Place), (Place, String)> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.into())),
            Some(Err(error)) => Err(((*error.marker()).into(), error.info().to_owned())),
            None => Ok((Event::StreamEnd, Place::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, at: Place, depth: usize) -> Result<Node, (Place, String)> {
        let before = self.nodes;
        self.nodes += 1;
        if depth > DEPTH || self.nodes > NODES {
            return Err((at, "this is nested too deeply, or too large".to_owned()));
        }
        let (anchor, kind) = match event {
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err((at, "an alias stands within its own anchor".to_owned()));
                };
                self.nodes += size;
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, _) => {
                (anchor, Kind::Scalar(text.into_owned(), style))
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, at) => items.push(self.node(event, at, depth + 1)?),
                    }
                }
                (anchor, Kind::List(items))
            }
            Event::MappingStart(anchor, _) => {
                let mut entries = Vec::new();
                loop {
                    match self.next()? {
                        (Event::MappingEnd, _) => break,
                        (event, at) => {
                            let key = self.node(event, at, depth + 1)?;
                            let (event, at) = self.next()?;
                            entries.push((key, self.node(event, at, depth + 1)?));
                        }
                    }
                }
                (anchor, Kind::Map(merged(entries)?))
            }
            other => return Err((at, format!("{other:?} was not expected here"))),
        };
        let node = Node { at, kind };
        if anchor > 0 {
            self.anchors
                .insert(anchor, (node.clone(), self.nodes - before));
        }
        Ok(node)
    }
}

/// What stands behind `<<` is taken in, where the mapping does not say it itself.
fn merged(entries: Vec<(Node, Node)>) -> Result<Vec<(Node, Node)>, (Place, String)> {
    let is_merge =
        |key: &Node| matches!(&key.kind, Kind::Scalar(text, ScalarStyle::Plain) if text == "<<");
    let (merges, mut own): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(key, _)| is_merge(key));
    for (key, value) in merges {
        let sources = match value.kind {
            Kind::List(items) => items,
            _ => vec![value],
        };
        for source in sources {
            let Kind::Map(more) = source.kind else {
                return Err((
                    key.at,
                    "a merge (<<) takes a mapping, or a list of them".to_owned(),
                ));
            };
            for (name, value) in more {
                let said = own.iter().any(|(known, _)| known.same_name(&name));
                if !said {
                    own.push((name, value));
                }
            }
        }
    }
    Ok(own)
}

/// Where the character number `offset` of a scalar's value stands in the text it was written in.
pub(crate) fn place_within(source: &[char], node: &Node, offset: usize) -> Place {
    let Kind::Scalar(value, style) = &node.kind else {
        return node.at;
    };
    let mut at = node.at;
    let step = |at: &mut Place| {
        let newline = source.get(at.index) == Some(&'\n');
        at.index += 1;
        (at.line, at.column) = match newline {
            true => (at.line + 1, 1),
            false => (at.line, at.column + 1),
        };
    };
    match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => step(&mut at),
        ScalarStyle::Literal | ScalarStyle::Folded => {
            if matches!(source.get(at.index), Some('|' | '>')) {
                while source.get(at.index).is_some_and(|it| *it != '\n') {
                    step(&mut at);
                }
            }
        }
        ScalarStyle::Plain => {}
    }
    let mut wanted = value
        .chars()
        .take(offset + 1)
        .filter(|it| !it.is_whitespace());
    let mut found = None;
    let Some(mut want) = wanted.next() else {
        return at;
    };
    // Blank space, folding and escapes aside, the text has the value's characters in their order.
    while let Some(is) = source.get(at.index) {
        let escaped = *style == ScalarStyle::DoubleQuoted && *is == '\\' && want != '\\';
        if escaped && source.get(at.index + 1).is_some_and(|next| *next != want) {
            step(&mut at);
        } else if *is == want {
            found = Some(at);
            match wanted.next() {
                Some(next) => want = next,
                None => break,
            }
        }
        step(&mut at);
    }
    let mut found = found.unwrap_or(node.at);
    if value.chars().count() <= offset {
        step(&mut found);
    }
    found
}
