//! From text to what is done one after another.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    TemplateError, functions,
    token::{Spot, Token, quoted, tokens, wrong},
};
use crate::Expression;

/// Deeper than any template is.
const DEPTH: usize = 32;

#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Print(Pipe),
    If(Vec<(Pipe, Vec<Node>)>, Vec<Node>),
    With(Pipe, Vec<Node>, Vec<Node>),
    Range(Pipe, Vec<Node>, Vec<Node>),
    /// One that `define` or `block` names, and what it is given.
    Template(String, Option<Pipe>),
    Break,
    Continue,
}

/// Templates by their names.
pub(super) type Defined = BTreeMap<String, Vec<Node>>;

/// What a text says.
pub(super) struct Read {
    pub(super) body: Vec<Node>,
    pub(super) defined: Defined,
    /// Every expression that is asked by its text.
    pub(super) queries: Queries,
}

/// Commands, each of which has the one's before as its last argument.
#[derive(Debug, Clone)]
pub(super) struct Pipe {
    /// Variables that it sets, and whether they are new.
    pub(super) sets: Vec<String>,
    pub(super) declares: bool,
    pub(super) commands: Vec<Vec<Operand>>,
}

#[derive(Debug, Clone)]
pub(super) enum Operand {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Dot(Vec<String>),
    Variable(String, Vec<String>),
    Function(String),
    Group(Box<Pipe>, Vec<String>),
}

type Queries = Vec<Arc<Expression>>;

pub(super) fn template(text: &str) -> Result<Read, TemplateError> {
    let mut parser = Parser {
        pieces: pieces(text)?.into_iter(),
        known: ["", "labels", "value", "externalLabels", "externalURL"]
            .map(str::to_owned)
            .into(),
        defined: Defined::new(),
        queries: Vec::new(),
        within: 0,
        loops: 0,
        foreign: false,
        depth: 0,
    };
    let (body, end) = parser.body()?;
    match end {
        None => Ok(Read {
            body,
            defined: parser.defined,
            queries: parser.queries,
        }),
        Some((word, spots)) => {
            let at = spots.first().map_or(0, |spot| spot.offset);
            Err(wrong(at, format!("{word:?} ends nothing")))
        }
    }
}

enum Piece {
    Text(String),
    Action(Vec<Spot>, usize),
}

/// Text and actions in turn, blank space trimmed where `{{-` and `-}}` say so.
fn pieces(text: &str) -> Result<Vec<Piece>, TemplateError> {
    let chars: Vec<char> = text.chars().collect();
    let is = |at: usize, what: &str| {
        what.chars()
            .enumerate()
            .all(|(i, it)| chars.get(at + i) == Some(&it))
    };
    let blank = |at: usize| chars.get(at).is_some_and(|it| it.is_whitespace());
    let (mut pieces, mut at, mut plain, mut trim) = (Vec::new(), 0, String::new(), false);
    while at < chars.len() {
        if !is(at, "{{") {
            let one = chars[at];
            if !(trim && one.is_whitespace()) {
                (plain, trim) = (plain + one.encode_utf8(&mut [0; 4]), false);
            }
            at += 1;
            continue;
        }
        let open = at;
        at += 2;
        if is(at, "-") && blank(at + 1) {
            plain.truncate(plain.trim_end().len());
            at += 1;
        }
        pieces.push(Piece::Text(std::mem::take(&mut plain)));
        let start = at;
        let comment = chars
            .iter()
            .skip(at)
            .position(|it| !it.is_whitespace())
            .unwrap_or(0)
            + at;
        let end = if is(comment, "/*") {
            let close = (comment + 2..chars.len()).find(|it| is(*it, "*/"));
            close
                .map(|it| it + 2)
                .ok_or_else(|| wrong(open, "a comment is not closed"))?
        } else {
            let mut end = at;
            while end < chars.len() && !is(end, "}}") {
                end = match chars[end] {
                    '"' | '`' | '\'' => quoted(&chars, end).map_err(|what| wrong(end, what))?.1,
                    _ => end + 1,
                };
            }
            end
        };
        let closing = (end..chars.len()).find(|it| is(*it, "}}"));
        let close = closing.ok_or_else(|| wrong(open, "an action is not closed by }}"))?;
        trim = close > start && is(close - 1, "-") && close >= 2 && blank(close - 2);
        if !is(comment, "/*") {
            let inner = chars
                .get(start..close - usize::from(trim))
                .unwrap_or_default();
            pieces.push(Piece::Action(tokens(inner, start)?, open));
        }
        at = close + 2;
    }
    pieces.push(Piece::Text(plain));
    Ok(pieces)
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    known: Vec<String>,
    defined: Defined,
    queries: Queries,
    /// How many `range` and `with` there are around: the point is something else there.
    within: usize,
    /// How many `range` there are around.
    loops: usize,
    /// Whether it is the body of a template with a name: what it is given is not known here.
    foreign: bool,
    depth: usize,
}

/// The word that ended a body, and what is said after it.
type End = Option<(String, Vec<Spot>)>;

impl Parser {
    fn body(&mut self) -> Result<(Vec<Node>, End), TemplateError> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (spots, open) = match piece {
                Piece::Text(text) if text.is_empty() => continue,
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(spots, open) => (spots, open),
            };
            let word = match spots.first().map(|spot| &spot.token) {
                None => return Err(wrong(open, "an action says nothing")),
                Some(Token::Word(word)) => word.as_str(),
                Some(_) => "",
            };
            match word {
                "end" | "else" => return Ok((nodes, Some((word.to_owned(), spots)))),
                "if" | "with" | "range" => {
                    self.depth += 1;
                    if self.depth > DEPTH {
                        return Err(wrong(open, "this is nested too deeply"));
                    }
                    nodes.push(self.block(word, &spots[1..], open)?);
                    self.depth -= 1;
                }
                "define" if self.depth > 0 => {
                    return Err(wrong(open, "\"define\" stands within no other block"));
                }
                "define" | "block" | "template" => nodes.extend(self.named(word, &spots, open)?),
                "break" | "continue" if self.loops == 0 => {
                    return Err(wrong(open, format!("{word:?} stands in no range")));
                }
                "break" | "continue" => {
                    if let Some(spot) = spots.get(1) {
                        return Err(wrong(
                            spot.offset,
                            format!("after {word:?} there is nothing"),
                        ));
                    }
                    nodes.push(match word {
                        "break" => Node::Break,
                        _ => Node::Continue,
                    });
                }
                _ => nodes.push(Node::Print(self.pipe(&spots, open)?)),
            }
        }
        Ok((nodes, None))
    }

    /// `define "name"`, `block "name" pipe` and `template "name" pipe`.
    fn named(
        &mut self,
        word: &str,
        spots: &[Spot],
        open: usize,
    ) -> Result<Option<Node>, TemplateError> {
        let Some(Token::Text(name)) = spots.get(1).map(|spot| &spot.token) else {
            return Err(wrong(open, format!("{word:?} takes a name in quotes")));
        };
        let rest = spots.get(2..).unwrap_or_default();
        let pipe = match (word, rest) {
            ("define", [spot, ..]) => {
                return Err(wrong(
                    spot.offset,
                    "\"define\" takes a name and nothing else",
                ));
            }
            ("define" | "template", []) => None,
            _ => Some(self.pipe(rest, open)?),
        };
        if word != "template" {
            let body = self.apart(word, open)?;
            self.define(name, body, open)?;
        }
        Ok((word != "define").then(|| Node::Template(name.clone(), pipe)))
    }

    /// The body of a template of its own, which sees nothing of what is around.
    fn apart(&mut self, word: &str, open: usize) -> Result<Vec<Node>, TemplateError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(wrong(open, "this is nested too deeply"));
        }
        let known = std::mem::replace(&mut self.known, vec![String::new()]);
        let (loops, foreign) = (
            std::mem::take(&mut self.loops),
            std::mem::replace(&mut self.foreign, true),
        );
        let (body, end) = self.body()?;
        (self.known, self.loops, self.foreign) = (known, loops, foreign);
        self.depth -= 1;
        match end {
            Some((ended, _)) if ended == "end" => Ok(body),
            _ => Err(wrong(open, format!("{word:?} has no end"))),
        }
    }

    /// An empty definition gives way to another, as in Go.
    fn define(&mut self, name: &str, body: Vec<Node>, open: usize) -> Result<(), TemplateError> {
        let empty = |body: &[Node]| {
            let blank = |node: &Node| matches!(node, Node::Text(text) if text.trim().is_empty());
            body.iter().all(blank)
        };
        match self.defined.get(name) {
            Some(_) if empty(&body) => Ok(()),
            Some(known) if !empty(known) => {
                Err(wrong(open, format!("a second template is named {name:?}")))
            }
            _ => {
                self.defined.insert(name.to_owned(), body);
                Ok(())
            }
        }
    }

    fn block(&mut self, word: &str, spots: &[Spot], open: usize) -> Result<Node, TemplateError> {
        let known = self.known.len();
        let pipe = self.pipe(spots, open)?;
        let moved = usize::from(word != "if");
        let looped = usize::from(word == "range");
        (self.within, self.loops) = (self.within + moved, self.loops + looped);
        let (body, end) = self.body()?;
        (self.within, self.loops) = (self.within - moved, self.loops - looped);
        let unclosed = || wrong(open, format!("{word:?} has no end"));
        let (ended, after) = end.ok_or_else(unclosed)?;
        let node = if ended == "end" {
            finish(word, pipe, body, Vec::new())
        } else {
            match (word, after.get(1).map(|spot| &spot.token)) {
                ("if", Some(Token::Word(again))) if again == "if" => {
                    // `else if` closes with the same end.
                    let inner = self.block("if", &after[2..], open)?;
                    let Node::If(mut branches, otherwise) = inner else {
                        return Err(unclosed());
                    };
                    branches.insert(0, (pipe, body));
                    Node::If(branches, otherwise)
                }
                (_, None) => {
                    let (otherwise, end) = self.body()?;
                    match end {
                        Some((ended, _)) if ended == "end" => finish(word, pipe, body, otherwise),
                        _ => return Err(unclosed()),
                    }
                }
                (_, Some(_)) => {
                    let at = after.get(1).map_or(open, |spot| spot.offset);
                    return Err(wrong(at, "after else there is nothing, or an if"));
                }
            }
        };
        self.known.truncate(known);
        Ok(node)
    }

    fn pipe(&mut self, spots: &[Spot], open: usize) -> Result<Pipe, TemplateError> {
        let mut at = 0;
        let pipe = self.pipe_from(spots, &mut at, open)?;
        match spots.get(at) {
            None => Ok(pipe),
            Some(spot) => Err(wrong(
                spot.offset,
                "a parenthesis is closed that was not opened",
            )),
        }
    }

    fn pipe_from(
        &mut self,
        spots: &[Spot],
        at: &mut usize,
        open: usize,
    ) -> Result<Pipe, TemplateError> {
        let mut pipe = Pipe {
            sets: Vec::new(),
            declares: false,
            commands: Vec::new(),
        };
        let begins = spots.get(*at..).unwrap_or_default();
        let kinds: Vec<&Token> = begins.iter().take(4).map(|spot| &spot.token).collect();
        let (sets, how) = match kinds.as_slice() {
            [
                Token::Variable(one),
                how @ (Token::Declare | Token::Assign),
                ..,
            ] => (vec![one], Some(how)),
            [
                Token::Variable(one),
                Token::Comma,
                Token::Variable(two),
                how @ (Token::Declare | Token::Assign),
            ] => (vec![one, two], Some(how)),
            _ => (Vec::new(), None),
        };
        pipe.sets = sets.into_iter().cloned().collect();
        pipe.declares = matches!(how, Some(Token::Declare));
        if let Some(unknown) = pipe
            .sets
            .iter()
            .find(|name| !pipe.declares && !self.known.contains(name))
        {
            return Err(wrong(open, format!("there is no variable ${unknown}")));
        }
        *at += 2 * pipe.sets.len();
        loop {
            let command = self.command(spots, at, open, !pipe.commands.is_empty())?;
            pipe.commands.push(command);
            match spots.get(*at).map(|spot| &spot.token) {
                Some(Token::Pipe) => *at += 1,
                _ => break,
            }
        }
        if pipe.declares {
            self.known.extend(pipe.sets.iter().cloned());
        }
        Ok(pipe)
    }

    fn command(
        &mut self,
        spots: &[Spot],
        at: &mut usize,
        open: usize,
        piped: bool,
    ) -> Result<Vec<Operand>, TemplateError> {
        let (mut operands, begin) = (Vec::new(), spots.get(*at).map_or(open, |spot| spot.offset));
        while let Some(spot) = spots.get(*at) {
            *at += 1;
            let operand = match &spot.token {
                Token::Pipe | Token::Close => {
                    *at -= 1;
                    break;
                }
                Token::Word(word) => match word.as_str() {
                    "true" | "false" => Operand::Bool(word == "true"),
                    "nil" => Operand::Nil,
                    _ if functions::arity(word).is_some() => Operand::Function(word.clone()),
                    _ => return Err(wrong(spot.offset, format!("there is no function {word:?}"))),
                },
                Token::Text(text) => Operand::Text(text.clone()),
                Token::Int(number) => Operand::Int(*number),
                Token::Float(number) => Operand::Float(*number),
                Token::Dot => Operand::Dot(Vec::new()),
                Token::Field(first) => {
                    let mut path = vec![first.clone()];
                    path.extend(fields(spots, at));
                    if self.within == 0 && !self.foreign {
                        root_field(&path, spot.offset)?;
                    }
                    Operand::Dot(path)
                }
                Token::Variable(name) => {
                    if !self.known.contains(name) {
                        return Err(wrong(spot.offset, format!("there is no variable ${name}")));
                    }
                    let path: Vec<String> = fields(spots, at).collect();
                    if name.is_empty() && !path.is_empty() && !self.foreign {
                        root_field(&path, spot.offset)?;
                    }
                    Operand::Variable(name.clone(), path)
                }
                Token::Open => {
                    self.depth += 1;
                    if self.depth > DEPTH {
                        return Err(wrong(spot.offset, "this is nested too deeply"));
                    }
                    let inner = self.pipe_from(spots, at, spot.offset)?;
                    self.depth -= 1;
                    if spots.get(*at).map(|spot| &spot.token) != Some(&Token::Close) {
                        return Err(wrong(spot.offset, "a parenthesis is not closed"));
                    }
                    *at += 1;
                    Operand::Group(Box::new(inner), fields(spots, at).collect())
                }
                Token::Declare | Token::Assign | Token::Comma => {
                    return Err(wrong(spot.offset, "a value was expected here"));
                }
            };
            operands.push(operand);
        }
        self.judge(&operands, piped, begin)?;
        Ok(operands)
    }

    /// Whether a command can be done at all.
    fn judge(&mut self, operands: &[Operand], piped: bool, at: usize) -> Result<(), TemplateError> {
        let given = operands.len().saturating_sub(1) + usize::from(piped);
        match operands.first() {
            None => return Err(wrong(at, "a value was expected here")),
            Some(Operand::Function(name)) => {
                let (least, most) = functions::arity(name).unwrap_or_default();
                if given < least || given > most {
                    return Err(wrong(at, format!("{name:?} does not take {given} values")));
                }
                if let ("query", Some(Operand::Text(text))) = (name.as_str(), operands.get(1)) {
                    let expression = Expression::parse(text);
                    let expression =
                        expression.map_err(|error| wrong(at, format!("{text:?}: {error}")))?;
                    self.queries.push(Arc::new(expression));
                }
            }
            Some(_) if given > 0 => return Err(wrong(at, "what is no function takes no values")),
            Some(_) => {}
        }
        let later = operands.iter().skip(1);
        for operand in later {
            if let Operand::Function(name) = operand
                && functions::arity(name).is_none_or(|(least, _)| least > 0)
            {
                return Err(wrong(
                    at,
                    format!("{name:?} is given no values; set it in parentheses"),
                ));
            }
        }
        Ok(())
    }
}

fn finish(word: &str, pipe: Pipe, body: Vec<Node>, otherwise: Vec<Node>) -> Node {
    match word {
        "if" => Node::If(vec![(pipe, body)], otherwise),
        "with" => Node::With(pipe, body, otherwise),
        _ => Node::Range(pipe, body, otherwise),
    }
}

/// The fields that follow without blank space between.
fn fields<'a>(spots: &'a [Spot], at: &'a mut usize) -> impl Iterator<Item = String> + 'a {
    std::iter::from_fn(move || match spots.get(*at) {
        Some(Spot {
            token: Token::Field(name),
            spaced: false,
            ..
        }) => {
            *at += 1;
            Some(name.clone())
        }
        _ => None,
    })
}

fn root_field(path: &[String], at: usize) -> Result<(), TemplateError> {
    match path.first().map(String::as_str) {
        Some("Labels" | "ExternalLabels" | "ExternalURL" | "Value") => Ok(()),
        other => {
            let what = format!("there is no .{}", other.unwrap_or_default());
            Err(wrong(
                at,
                what + ", but .Labels, .Value, .ExternalLabels and .ExternalURL",
            ))
        }
    }
}
