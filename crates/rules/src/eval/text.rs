//! An expression's text before it is parsed, and what the parser says of it.

use crate::expression::ExpressionError;

/// More operators and brackets than any expression needs; the parser's tree is as deep as there are of them.
const MOST: usize = 1_000;

/// Refuses what would make a tree so deep that walking it needs more stack than a thread has.
pub(crate) fn nesting(text: &str) -> Result<(), ExpressionError> {
    let (mut count, mut quote, mut escaped) = (0, None, false);
    for (position, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(b'"' | b'\''), b'\\') => escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'' | b'`') => quote = Some(byte),
            (
                None,
                b'(' | b'[' | b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'<' | b'>' | b'=' | b' ',
            ) => {
                count += 1;
            }
            _ => {}
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
