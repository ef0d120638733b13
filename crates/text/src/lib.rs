//! Text for one line: cleaned of what deceives, cut at a length, an error with its causes.
//!
//! ```
//! use bongsu_text::{clip, one_line};
//!
//! assert_eq!(one_line("refused\r\nBcc: x@y"), "refused Bcc: x@y");
//! assert_eq!(clip("거래 중단", 3), "거래…");
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::borrow::Cow;
use std::error::Error;

/// The deepest chain of causes that is followed: one may be long, or even circular.
const DEPTH: usize = 32;

/// The causes behind an error, the nearest first.
#[inline]
pub fn causes<E: Error + ?Sized>(error: &E) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
    .take(DEPTH)
}

/// An error and its causes, separated by colons. A cause that the text before it repeats is left out.
///
/// ```
/// let error = std::io::Error::other("refused");
/// assert_eq!(bongsu_text::chain(&error), "refused");
/// ```
#[must_use]
pub fn chain<E: Error + ?Sized>(error: &E) -> String {
    let mut text = error.to_string();
    for cause in causes(error) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// A decimal number with a comma before every third digit of its whole part; what is no such number stays as it is.
///
/// ```
/// assert_eq!(bongsu_text::grouped("-1234567.8901"), "-1,234,567.8901");
/// assert_eq!(bongsu_text::grouped("999"), "999");
/// assert_eq!(bongsu_text::grouped("1e9"), "1e9");
/// ```
#[must_use]
pub fn grouped(number: &str) -> String {
    let digits = number.strip_prefix(['-', '+']).unwrap_or(number);
    let sign = &number[..number.len() - digits.len()];
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut out = String::with_capacity(number.len() + whole.len() / 3);
    out.push_str(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(fraction);
    out
}

/// Whether a character reorders or hides what stands beside it.
#[must_use]
pub const fn deceives(c: char) -> bool {
    matches!(
        c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

/// The text on one line: runs of white space become one space, other control characters and what
/// [`deceives`] go.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let start = out.len();
        if start > 0 {
            out.push(' ');
        }
        let before = out.len();
        out.extend(word.chars().filter(|&c| !c.is_control() && !deceives(c)));
        if out.len() == before {
            out.truncate(start);
        }
    }
    out
}

/// At most `max` characters, the last of them `…` when something was cut off.
#[must_use]
pub fn clip(text: &str, max: usize) -> Cow<'_, str> {
    let mut ends = text.char_indices().map(|(at, _)| at);
    let Some(keep) = max.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let last = ends.by_ref().nth(keep);
    match (last, ends.next()) {
        (Some(last), Some(_)) => Cow::Owned(format!("{}…", text[..last].trim_end())),
        _ => Cow::Borrowed(text),
    }
}

/// The first `max` bytes, ending between two characters.
#[inline]
#[must_use]
pub fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|inner| inner as _)
        }
    }

    fn layers(words: &[&'static str]) -> Layer {
        let (first, rest) = words.split_first().unwrap();
        Layer(first, (!rest.is_empty()).then(|| Box::new(layers(rest))))
    }

    #[test]
    fn an_error_with_its_causes() {
        let check = |words: &[&'static str], want: &str| assert_eq!(chain(&layers(words)), want);
        check(&["refused"], "refused");
        check(
            &["cannot post", "refused", "os error 111"],
            "cannot post: refused: os error 111",
        );
        check(&["cannot post: refused", "refused"], "cannot post: refused");
        check(&["a", "b", "a", "c"], "a: b: c");
    }

    #[test]
    fn a_circle_of_causes_ends() {
        #[derive(Debug)]
        struct Circle;
        impl fmt::Display for Circle {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("round")
            }
        }
        impl Error for Circle {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(self)
            }
        }
        assert_eq!(chain(&Circle), "round");
    }

    #[test]
    fn one_line_of_many() {
        assert_eq!(
            one_line(" a\r\nBcc: x@y\u{2028}z \u{202e} b\u{0}\u{200b}"),
            "a Bcc: x@y z b"
        );
    }

    #[test]
    fn cutting() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcd", 3), "ab…");
        assert_eq!(clip("ab cd", 4), "ab…");
        assert_eq!(clip("abc", 0), "");
        assert_eq!(cut("가나", 4), "가");
        assert_eq!(cut("ab", 9), "ab");
    }

    proptest! {
        #[test]
        fn never_longer_and_never_split(text: String, max in 0_usize..40) {
            prop_assert!(clip(&text, max).chars().count() <= max);
            prop_assert!(cut(&text, max).len() <= max);
            let line = one_line(&text);
            prop_assert!(!line.chars().any(|c| c.is_control() || deceives(c)), "{line:?}");
        }
    }
}
