//! Reading a tree strictly: every problem is kept, with its place.

use std::time::Duration;

use super::{
    duration::duration,
    problem::{Problem, Problems},
    tree::{self, Kind, Node, Place, place_within},
};

/// Fields of a mapping that are written and not null.
pub(crate) type Fields<'a> = Vec<(&'a str, &'a Node)>;

pub(crate) struct Reader {
    file: String,
    source: Vec<char>,
    problems: Vec<Problem>,
}

impl Reader {
    /// The reader of a file, and its document.
    pub(crate) fn open(file: &str, text: &str) -> Result<(Self, Option<Node>), Problems> {
        let mut reader = Self {
            file: file.to_owned(),
            source: text.chars().collect(),
            problems: Vec::new(),
        };
        match tree::read(text) {
            Ok(root) => Ok((reader, root)),
            Err((at, what)) => {
                reader.wrong(
                    at,
                    format!("is no YAML: {what}"),
                    "see https://yaml.org for its form",
                );
                Err(Problems(reader.problems))
            }
        }
    }

    pub(crate) fn wrong(&mut self, at: Place, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem {
            file: self.file.clone(),
            line: at.line.max(1),
            column: at.column.max(1),
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// A problem with the character number `offset` of what a scalar says.
    pub(crate) fn wrong_within(
        &mut self,
        node: &Node,
        offset: usize,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let at = place_within(&self.source, node, offset);
        self.wrong(at, what, remedy);
    }

    /// What was read, unless something is wrong.
    pub(crate) fn end<T>(mut self, read: T) -> Result<T, Problems> {
        if self.problems.is_empty() {
            return Ok(read);
        }
        self.problems.sort_by_key(|it| (it.line, it.column));
        Err(Problems(self.problems))
    }

    /// Everything of a mapping; a name that is not among `known`, if there are such, is refused.
    pub(crate) fn fields<'a>(&mut self, node: &'a Node, of: &str, known: &[&str]) -> Fields<'a> {
        let Kind::Map(entries) = &node.kind else {
            if !node.is_null() {
                let what = format!("{of} is {}", node.what());
                self.wrong(node.at, what, "write a mapping of names to values");
            }
            return Vec::new();
        };
        let mut fields: Fields<'a> = Vec::new();
        for (key, value) in entries {
            let Kind::Scalar(name, _) = &key.kind else {
                let what = format!("a name in {of} is {}", key.what());
                self.wrong(key.at, what, "a name is a single word");
                continue;
            };
            if fields.iter().any(|(seen, _)| seen == name) {
                let what = format!("{name:?} is written twice in {of}");
                self.wrong(key.at, what, "leave one of them out");
            } else if !known.is_empty() && !known.contains(&name.as_str()) {
                let what = format!("{of} has no field {name:?}");
                self.wrong(key.at, what, format!("there are {}", known.join(", ")));
            } else {
                fields.push((name, value));
            }
        }
        fields.retain(|(_, value)| !value.is_null() || known.is_empty());
        fields
    }

    pub(crate) fn list<'a>(&mut self, node: Option<&'a Node>, of: &str) -> &'a [Node] {
        match node.map(|node| (node, &node.kind)) {
            Some((_, Kind::List(items))) => items,
            Some((node, _)) => {
                let what = format!("{of} is {}", node.what());
                self.wrong(node.at, what, "write a list: one `- ` for each");
                &[]
            }
            None => &[],
        }
    }

    pub(crate) fn text<'a>(&mut self, node: Option<&'a Node>, of: &str) -> Option<&'a str> {
        let node = node?;
        match &node.kind {
            Kind::Scalar(..) if node.is_null() => Some(""),
            Kind::Scalar(text, _) => Some(text),
            _ => {
                let what = format!("{of} is {}", node.what());
                self.wrong(node.at, what, "write a text");
                None
            }
        }
    }

    pub(crate) fn duration(&mut self, node: Option<&Node>, of: &str) -> Option<Duration> {
        let text = self.text(node, of)?;
        let read = duration(text);
        if let (None, Some(node)) = (read, node) {
            let what = format!("{of} {text:?} is no duration");
            self.wrong(
                node.at,
                what,
                "write whole numbers with units, the largest first: 1h30m, 15s",
            );
        }
        read
    }

    /// Names and texts, such as labels.
    pub(crate) fn texts<'a>(
        &mut self,
        node: Option<&'a Node>,
        of: &str,
    ) -> Vec<(&'a str, &'a str, &'a Node)> {
        let Some(node) = node else {
            return Vec::new();
        };
        let fields = self.fields(node, of, &[]);
        let mut texts = Vec::new();
        for (name, value) in fields {
            if let Some(text) = self.text(Some(value), &format!("{name:?} of {of}")) {
                texts.push((name, text, value));
            }
        }
        texts
    }
}

/// The value of a field.
pub(crate) fn field<'a>(fields: &Fields<'a>, name: &str) -> Option<&'a Node> {
    let found = fields.iter().find(|(it, _)| *it == name);
    found.map(|(_, node)| *node)
}
