//! The words within `{{ … }}`.

use super::TemplateError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword or a function.
    Word(String),
    /// `$name`, without the sign.
    Variable(String),
    /// `.name`, without the point.
    Field(String),
    /// A point alone.
    Dot,
    Text(String),
    Int(i64),
    Float(f64),
    Open,
    Close,
    Pipe,
    Declare,
    Assign,
    Comma,
}

/// A word, with how many characters stand before it, and whether blank space does.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) token: Token,
    pub(super) offset: usize,
    pub(super) spaced: bool,
}

pub(super) fn wrong(offset: usize, what: impl Into<String>) -> TemplateError {
    TemplateError {
        offset,
        what: what.into(),
    }
}

/// The words of `inner`, which begins `base` characters into the template.
pub(super) fn tokens(inner: &[char], base: usize) -> Result<Vec<Spot>, TemplateError> {
    let (mut spots, mut at, mut spaced) = (Vec::new(), 0, true);
    while let Some(&is) = inner.get(at) {
        let start = at;
        let name = |from: usize| {
            let rest = inner.get(from..).unwrap_or_default();
            let word = rest
                .iter()
                .take_while(|it| it.is_alphanumeric() || **it == '_');
            word.collect::<String>()
        };
        let next = inner.get(at + 1).copied();
        let token = match is {
            _ if is.is_whitespace() => {
                (at, spaced) = (at + 1, true);
                continue;
            }
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '|' => (Token::Pipe, 1),
            ',' => (Token::Comma, 1),
            '=' => (Token::Assign, 1),
            ':' if next == Some('=') => (Token::Declare, 2),
            '$' => {
                let name = name(at + 1);
                let long = 1 + name.chars().count();
                (Token::Variable(name), long)
            }
            '.' if next.is_some_and(|it| it.is_alphabetic() || it == '_') => {
                let name = name(at + 1);
                let long = 1 + name.chars().count();
                (Token::Field(name), long)
            }
            '.' if !next.is_some_and(|it| it.is_ascii_digit()) => (Token::Dot, 1),
            '"' | '`' | '\'' => {
                let (text, end) = quoted(inner, at).map_err(|what| wrong(base + start, what))?;
                let token = match (is, text.chars().next()) {
                    ('\'', Some(one)) if text.chars().count() == 1 => {
                        Token::Int(i64::from(u32::from(one)))
                    }
                    ('\'', _) => {
                        return Err(wrong(
                            base + start,
                            "between single quotes stands one character",
                        ));
                    }
                    _ => Token::Text(text),
                };
                (token, end - at)
            }
            '0'..='9' | '+' | '-' | '.' => {
                let rest = inner.get(at + 1..).unwrap_or_default();
                let mut before = is;
                let more = rest.iter().take_while(|it| {
                    let sign = matches!(it, '+' | '-') && matches!(before, 'e' | 'E');
                    before = **it;
                    sign || it.is_alphanumeric() || matches!(it, '.' | '_')
                });
                let text: String = [is].iter().chain(more).collect();
                let long = text.chars().count();
                let number = number(&text);
                let number =
                    number.ok_or_else(|| wrong(base + start, format!("{text:?} is no number")))?;
                (number, long)
            }
            _ if is.is_alphabetic() || is == '_' => {
                let name = name(at);
                let long = name.chars().count();
                (Token::Word(name), long)
            }
            other => {
                return Err(wrong(
                    base + start,
                    format!("{other:?} was not expected here"),
                ));
            }
        };
        at += token.1;
        spots.push(Spot {
            token: token.0,
            offset: base + start,
            spaced,
        });
        spaced = false;
    }
    Ok(spots)
}

fn number(text: &str) -> Option<Token> {
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    if let Some(hex) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        return i64::from_str_radix(hex, 16)
            .ok()
            .map(|it| Token::Int(sign * it));
    }
    let number = digits.starts_with(|it: char| it.is_ascii_digit() || it == '.');
    if number && digits.contains(['.', 'e', 'E']) {
        return plain.parse().ok().map(Token::Float);
    }
    let int = number.then(|| digits.parse::<i64>().ok()).flatten()?;
    Some(Token::Int(sign * int))
}

/// The text of the quotes at `at`, and where they end.
pub(super) fn quoted(chars: &[char], at: usize) -> Result<(String, usize), String> {
    let (quote, mut text, mut next) = (chars.get(at), String::new(), at + 1);
    loop {
        let Some(&is) = chars.get(next) else {
            return Err("a quote is not closed".to_owned());
        };
        next += 1;
        if Some(&is) == quote {
            return Ok((text, next));
        }
        if is != '\\' || quote == Some(&'`') {
            text.push(is);
            continue;
        }
        let escape = chars.get(next).copied().unwrap_or_default();
        next += 1;
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        text.push(match escape {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'v' => '\x0b',
            '\\' | '"' | '\'' => escape,
            _ if digits > 0 => {
                let code: String = chars.iter().skip(next).take(digits).collect();
                next += digits;
                let code = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                code.ok_or("an escape is no character")?
            }
            other => return Err(format!("there is no escape \\{other}")),
        });
    }
}
