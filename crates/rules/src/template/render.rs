//! Doing what a template says.

use std::collections::BTreeMap;

use super::{
    Filling, Template,
    format::plain,
    functions,
    parse::{Node, Operand, Pipe},
};
use crate::{Expression, Labels};

/// More than anybody reads; what goes round and round ends here.
const LONGEST: usize = 1 << 20;

/// Templates within templates; Go allows a hundred thousand, which no message needs.
const DEEPEST: usize = 100;

/// What a word within a template stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Nil,
    Root,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Labels(Labels),
    Sample(Labels, f64),
    List(Vec<Value>),
    /// What `args` was given, as arg0, arg1, …
    Arguments(BTreeMap<String, Value>),
}

/// What comes after a part of a body.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Next,
    /// The next round of the loop around it.
    Continue,
    /// The end of that loop.
    Break,
}

impl Value {
    /// Whether an `if` takes it for yes.
    pub(super) fn holds(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Root | Self::Sample(..) => true,
            Self::Bool(it) => *it,
            Self::Int(it) => *it != 0,
            Self::Float(it) => *it != 0.0,
            Self::Text(it) => !it.is_empty(),
            Self::Labels(it) => !it.is_empty(),
            Self::List(it) => !it.is_empty(),
            Self::Arguments(it) => !it.is_empty(),
        }
    }
}

pub(super) fn render(template: &Template, filling: &Filling<'_>) -> Result<String, String> {
    let mut rendering = Rendering {
        filling,
        template,
        depth: 0,
        variables: vec![
            (String::new(), Value::Root),
            ("labels".to_owned(), Value::Labels(filling.labels.clone())),
            (
                "externalLabels".to_owned(),
                Value::Labels(filling.external_labels.clone()),
            ),
            (
                "externalURL".to_owned(),
                Value::Text(filling.external_url.to_owned()),
            ),
            ("value".to_owned(), Value::Float(filling.value)),
        ],
        out: String::new(),
    };
    rendering.body(&template.body, &Value::Root)?;
    Ok(rendering.out)
}

pub(super) struct Rendering<'a> {
    filling: &'a Filling<'a>,
    template: &'a Template,
    depth: usize,
    variables: Vec<(String, Value)>,
    out: String,
}

impl Rendering<'_> {
    fn body(&mut self, nodes: &[Node], dot: &Value) -> Result<Then, String> {
        for node in nodes {
            let known = self.variables.len();
            let mut then = Then::Next;
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Break => return Ok(Then::Break),
                Node::Continue => return Ok(Then::Continue),
                Node::Template(name, pipe) => self.template(name, pipe.as_ref(), dot)?,
                Node::Print(pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    if pipe.sets.is_empty() {
                        self.out.push_str(&plain(&value)?);
                    }
                    // What it declared is known to what follows.
                    continue;
                }
                Node::If(branches, otherwise) => {
                    let mut chosen = otherwise;
                    for (pipe, body) in branches {
                        if self.pipe(pipe, dot)?.holds() {
                            chosen = body;
                            break;
                        }
                    }
                    then = self.body(chosen, dot)?;
                }
                Node::With(pipe, body, otherwise) => {
                    let value = self.pipe(pipe, dot)?;
                    then = match value.holds() {
                        true => self.body(body, &value)?,
                        false => self.body(otherwise, dot)?,
                    }
                }
                Node::Range(pipe, body, otherwise) => {
                    then = self.range(pipe, body, otherwise, dot)?;
                }
            }
            self.variables.truncate(known);
            if self.out.len() > LONGEST {
                return Err("the text is too long".to_owned());
            }
            if then != Then::Next {
                return Ok(then);
            }
        }
        Ok(Then::Next)
    }

    /// Another template, which knows nothing but what it is given.
    fn template(&mut self, name: &str, pipe: Option<&Pipe>, dot: &Value) -> Result<(), String> {
        let given = match pipe {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Value::Nil,
        };
        let template = self.template;
        let body = template.defined.get(name);
        let body = body.ok_or_else(|| format!("template {name:?} not defined"))?;
        if self.depth == DEEPEST {
            return Err(format!("exceeded maximum template depth ({DEEPEST})"));
        }
        let around = std::mem::replace(&mut self.variables, vec![(String::new(), given.clone())]);
        self.depth += 1;
        self.body(body, &given)?;
        self.depth -= 1;
        self.variables = around;
        Ok(())
    }

    fn range(
        &mut self,
        pipe: &Pipe,
        body: &[Node],
        otherwise: &[Node],
        dot: &Value,
    ) -> Result<Then, String> {
        let items: Vec<(Value, Value)> = match self.pipe(pipe, dot)? {
            Value::List(items) => (0..).map(Value::Int).zip(items).collect(),
            Value::Labels(labels) => {
                let text = |it: &str| Value::Text(it.to_owned());
                labels
                    .iter()
                    .map(|(name, value)| (text(name), text(value)))
                    .collect()
            }
            Value::Arguments(given) => {
                let pairs = given.into_iter();
                pairs
                    .map(|(name, value)| (Value::Text(name), value))
                    .collect()
            }
            Value::Nil => Vec::new(),
            other => return Err(format!("range can't iterate over {}", plain(&other)?)),
        };
        if items.is_empty() {
            return self.body(otherwise, dot);
        }
        let known = self.variables.len();
        for (key, item) in items {
            match pipe.sets.as_slice() {
                [one] => self.set(one, item.clone(), pipe.declares),
                [one, two] => {
                    self.set(one, key, pipe.declares);
                    self.set(two, item.clone(), pipe.declares);
                }
                _ => {}
            }
            let then = self.body(body, &item)?;
            self.variables.truncate(known);
            if then == Then::Break {
                break;
            }
        }
        Ok(Then::Next)
    }

    fn set(&mut self, name: &str, value: Value, new: bool) {
        let known = self.variables.iter_mut().rev().find(|(it, _)| it == name);
        match known {
            Some((_, place)) if !new => *place = value,
            _ => self.variables.push((name.to_owned(), value)),
        }
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Result<Value, String> {
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, last, dot)?);
        }
        let value = last.unwrap_or(Value::Nil);
        for name in &pipe.sets {
            self.set(name, value.clone(), pipe.declares);
        }
        Ok(value)
    }

    fn command(
        &mut self,
        operands: &[Operand],
        last: Option<Value>,
        dot: &Value,
    ) -> Result<Value, String> {
        match operands {
            [Operand::Function(name), given @ ..] => {
                let mut values = Vec::new();
                for operand in given {
                    values.push(self.operand(operand, dot)?);
                }
                values.extend(last);
                self.call(name, values)
            }
            [only, ..] => self.operand(only, dot),
            [] => Ok(Value::Nil),
        }
    }

    fn operand(&mut self, operand: &Operand, dot: &Value) -> Result<Value, String> {
        match operand {
            Operand::Nil => Ok(Value::Nil),
            Operand::Bool(it) => Ok(Value::Bool(*it)),
            Operand::Int(it) => Ok(Value::Int(*it)),
            Operand::Float(it) => Ok(Value::Float(*it)),
            Operand::Text(it) => Ok(Value::Text(it.clone())),
            Operand::Dot(path) => self.fields(dot.clone(), path),
            Operand::Variable(name, path) => {
                let known = self.variables.iter().rev().find(|(it, _)| it == name);
                let value = known.map_or(Value::Nil, |(_, value)| value.clone());
                self.fields(value, path)
            }
            Operand::Function(name) => self.call(name, Vec::new()),
            Operand::Group(pipe, path) => {
                let value = self.pipe(pipe, dot)?;
                self.fields(value, path)
            }
        }
    }

    fn fields(&self, mut value: Value, path: &[String]) -> Result<Value, String> {
        for name in path {
            value = match (value, name.as_str()) {
                (Value::Labels(labels), name) => Value::Text(labels.get(name).to_owned()),
                (Value::Root, "Labels") => Value::Labels(self.filling.labels.clone()),
                (Value::Root, "ExternalLabels") => {
                    Value::Labels(self.filling.external_labels.clone())
                }
                (Value::Root, "ExternalURL") => Value::Text(self.filling.external_url.to_owned()),
                (Value::Root, "Value") => Value::Float(self.filling.value),
                (Value::Sample(labels, _), "Labels") => Value::Labels(labels),
                (Value::Sample(_, value), "Value") => Value::Float(value),
                (Value::Arguments(mut given), name) => given.remove(name).unwrap_or(Value::Nil),
                (_, name) => return Err(format!("can't evaluate field {name}")),
            };
        }
        Ok(value)
    }

    fn call(&self, name: &str, values: Vec<Value>) -> Result<Value, String> {
        match (name, values.as_slice()) {
            ("query", [Value::Text(text)]) => {
                let read = self.template.queries.iter().find(|it| it.text() == text);
                let found = match read {
                    Some(expression) => (self.filling.query)(expression),
                    None => {
                        let expression =
                            Expression::parse(text).map_err(|error| error.to_string())?;
                        (self.filling.query)(&expression)
                    }
                };
                let samples = found?
                    .into_iter()
                    .map(|(labels, value)| Value::Sample(labels, value));
                Ok(Value::List(samples.collect()))
            }
            ("pathPrefix", []) => {
                let url = self.filling.external_url;
                let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
                let path = rest.find('/').map_or("", |at| &rest[at..]);
                Ok(Value::Text(path.trim_end_matches('/').to_owned()))
            }
            ("externalURL", []) => Ok(Value::Text(self.filling.external_url.to_owned())),
            _ => functions::call(name, &values),
        }
    }
}
