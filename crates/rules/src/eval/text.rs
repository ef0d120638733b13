//! An expression's text before it is parsed, and what the parser says of it.

use std::borrow::Cow;

use crate::expression::ExpressionError;

/// A function as Prometheus 2 calls it, and as Prometheus 3 and the parser do.
const SMOOTHING: (&str, &str) = ("holt_winters", "double_exponential_smoothing");

/// More operators and brackets than any expression needs; the parser's tree is as deep as there are of them.
const MOST: usize = 1_000;

/// Refuses what would make a tree so deep that walking it needs more stack than a thread has.
pub(crate) fn nesting(text: &str) -> Result<(), ExpressionError> {
    let mut count = 0;
    for (position, byte) in outside_quotes(text) {
        if b"([+-*/%^<>= ".contains(&byte) {
            count += 1;
        }
        if count > MOST {
            return Err(ExpressionError {
                position: Some(position),
                what: format!(
                    "it has more than {MOST} operators, brackets and spaces; record parts of it as series of their own"
                ),
            });
        }
    }
    Ok(())
}

/// The text with the names of functions that the parser knows.
pub(crate) fn renamed(text: &str) -> Cow<'_, str> {
    let (older, newer) = SMOOTHING;
    if !text.contains(older) {
        return Cow::Borrowed(text);
    }
    let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_:".contains(&byte);
    let (mut out, mut copied, mut before) = (String::new(), 0, b' ');
    for (position, byte) in outside_quotes(text) {
        let rest = text.get(position..).and_then(|it| it.strip_prefix(older));
        if !of_a_name(before) && rest.is_some_and(|it| it.trim_start().starts_with('(')) {
            out.push_str(&text[copied..position]);
            out.push_str(newer);
            copied = position + older.len();
        }
        before = byte;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The bytes that are in no text between quotes, each with its place.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let (mut quote, mut escaped) = (None, false);
    text.bytes().enumerate().filter(move |&(_, byte)| {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(b'"' | b'\''), b'\\') => escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'' | b'`') => quote = Some(byte),
            (None, _) => return true,
        }
        false
    })
}

/// The parser's refusal, with the place where it can be told.
pub(crate) fn explain(text: &str, what: String) -> ExpressionError {
    // It names what it refuses in quotes at the end; where that stands once, that is the place.
    let named = what.rsplit('\'').nth(1).filter(|it| !it.is_empty());
    let position = named
        .filter(|it| text.matches(it).count() == 1)
        .and_then(|it| text.find(it));
    let what = match what.as_str() {
        "invalid promql query" => "this is no PromQL: a bracket, an operand or an operator is missing or stands where none may".to_owned(),
        _ => what,
    };
    ExpressionError { position, what }
}
