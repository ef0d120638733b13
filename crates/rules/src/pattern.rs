//! Regular expressions as Prometheus reads them: Go's syntax, the whole value.

use regex::Regex;

/// A pattern that takes whole values only; what Go reads otherwise than Rust is written as Rust reads it.
pub(crate) fn whole(pattern: &str) -> Result<Regex, String> {
    // Alone at first: a parenthesis must not close ours.
    let alone = anywhere(pattern)?;
    Regex::new(&format!("^(?:{})$", alone.as_str())).map_err(|error| refused(&error))
}

/// A pattern that takes a part of a value.
pub(crate) fn anywhere(pattern: &str) -> Result<Regex, String> {
    Regex::new(&from_go(pattern)).map_err(|error| refused(&error))
}

fn refused(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

/// Go's classes `\d \w \s` and its `\b` are of ASCII, its brackets know no sets within sets, and a brace that
/// is no repetition stands for itself.
fn from_go(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut class = false;
    let mut class_begins = false;
    while let Some(first) = rest.chars().next() {
        let begins = std::mem::take(&mut class_begins);
        let mut length = first.len_utf8();
        match first {
            '\\' => {
                let second = rest[1..].chars().next();
                length += second.map_or(0, char::len_utf8);
                match (second, class) {
                    (Some('d'), true) => out.push_str("0-9"),
                    (Some('w'), true) => out.push_str("0-9A-Za-z_"),
                    (Some('s'), true) => out.push_str(r"\t\n\f\r "),
                    (Some('D'), true) => out.push_str("[^0-9]"),
                    (Some('W'), true) => out.push_str("[^0-9A-Za-z_]"),
                    (Some('S'), true) => out.push_str(r"[^\t\n\f\r ]"),
                    (Some('d'), false) => out.push_str("[0-9]"),
                    (Some('D'), false) => out.push_str("[^0-9]"),
                    (Some('w'), false) => out.push_str("[0-9A-Za-z_]"),
                    (Some('W'), false) => out.push_str("[^0-9A-Za-z_]"),
                    (Some('s'), false) => out.push_str(r"[\t\n\f\r ]"),
                    (Some('S'), false) => out.push_str(r"[^\t\n\f\r ]"),
                    (Some('b'), false) => out.push_str(r"(?-u:\b)"),
                    _ => out.push_str(&rest[..length]),
                }
            }
            '[' if class && !rest.starts_with("[:") => out.push_str(r"\["),
            '[' if class => {
                length = rest.find(":]").map_or(1, |end| end + 2);
                out.push_str(&rest[..length]);
            }
            '[' => {
                (class, class_begins) = (true, true);
                out.push('[');
                if rest[1..].starts_with('^') {
                    out.push('^');
                    length += 1;
                }
            }
            // The first in its class is a member.
            ']' if class && begins => out.push_str(r"\]"),
            ']' if class => {
                class = false;
                out.push(']');
            }
            '&' | '~' if class => {
                out.push('\\');
                out.push(first);
            }
            '-' if class && (begins || rest[1..].starts_with(['-', ']']) || out.ends_with('-')) => {
                out.push_str(r"\-");
            }
            '{' if !class && !is_repetition(rest) => out.push_str(r"\{"),
            _ => out.push(first),
        }
        rest = &rest[length..];
    }
    out
}

/// `{2}`, `{2,}`, `{2,5}`.
fn is_repetition(text: &str) -> bool {
    let Some((inner, _)) = text[1..].split_once('}') else {
        return false;
    };
    let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
    let digits = |it: &str| it.bytes().all(|byte| byte.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_whole_and_as_go_reads_them() {
        let table = [
            ("a|b", "a", true),
            ("a|b", "ab", false),
            ("", "", true),
            ("a.*", "a\n", false),
            (r"\d+", "12", true),
            (r"\d+", "١٢", false),
            (r"\w", "é", false),
            (r"[\d.]+", "1.5", true),
            (r"[^\s]+", "ab", true),
            (r"[\D]", "1", false),
            (r"[[]x", "[x", true),
            (r"[a&&b]+", "&a", true),
            (r"[]a]+", "]a", true),
            (r"[a-]+", "a-", true),
            (r"[[:alpha:]]+", "ab", true),
            (r"a{2}", "aa", true),
            (r"a{b}", "a{b}", true),
            (r"a{,2}", "a{,2}", true),
            (r"x\.y", "x.y", true),
            ("(?i)up", "UP", true),
            ("é+", "éé", true),
        ];
        for (pattern, value, taken) in table {
            let compiled = whole(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(compiled.is_match(value), taken, "{pattern} {value:?}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["(", "a)(b", "[a", "*", r"a\", "(?P<a"] {
            assert!(whole(pattern).is_err(), "{pattern}");
        }
    }
}
