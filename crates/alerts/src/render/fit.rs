//! Cleaning, escaping and cutting text.

pub use bongsu_text::{deceives, one_line};

/// What a cut text ends with.
pub const CUT: &str = "… [truncated]";

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// UTF-8 bytes.
    Bytes,
    /// Unicode scalar values.
    Chars,
    /// UTF-16 code units, as services written in JavaScript count.
    Utf16,
}

impl Unit {
    /// The length of a text.
    #[must_use]
    pub fn len(self, text: &str) -> usize {
        match self {
            Self::Bytes => text.len(),
            Self::Chars => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
        }
    }

    const fn of(self, c: char) -> usize {
        match self {
            Self::Bytes => c.len_utf8(),
            Self::Chars => 1,
            Self::Utf16 => c.len_utf16(),
        }
    }
}

/// A text under its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The text, escaped, ending in [`CUT`] when it was cut and there was room to say so.
    pub text: String,
    /// Whether it was cut.
    pub truncated: bool,
}

/// What a character becomes where it may not stand as it is.
pub type Escape = fn(char) -> Option<&'static str>;

/// Nothing is special.
#[must_use]
pub const fn verbatim(_: char) -> Option<&'static str> {
    None
}

/// HTML text and quoted attributes.
#[must_use]
pub const fn html(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    }
}

/// Slack's control characters, exactly three.
#[must_use]
pub const fn slack(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}

/// Escapes `text` and cuts it so that the *escaped* result is at most `limit` long. An escape
/// sequence is never split.
#[must_use]
pub fn fit(text: &str, limit: usize, unit: Unit, escape: Escape) -> Fitted {
    let mark = unit.len(CUT);
    let mut out = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    let (mut used, mut keep) = (0, 0);
    for c in text.chars() {
        let piece = escape(c);
        let size = piece.map_or_else(|| unit.of(c), |piece| unit.len(piece));
        if used + size > limit {
            out.truncate(keep);
            if mark <= limit {
                out.push_str(CUT);
            }
            return Fitted {
                text: out,
                truncated: true,
            };
        }
        used += size;
        match piece {
            Some(piece) => out.push_str(piece),
            None => out.push(c),
        }
        if used + mark <= limit || mark > limit {
            keep = out.len();
        }
    }
    Fitted {
        text: out,
        truncated: false,
    }
}

/// Escapes without a limit.
#[must_use]
pub fn escape(text: &str, escape: Escape) -> String {
    fit(text, usize::MAX, Unit::Bytes, escape).text
}

/// Keeps line ends and tabs, drops every other control character and the ones that reverse the
/// direction of writing.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\n' | '\t' => out.push(c),
            c if c.is_control() || deceives(c) => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, limit: usize, unit: Unit, escape: Escape, want: &str) {
        let got = fit(text, limit, unit, escape);
        assert_eq!(got.text, want, "{text:?} in {limit} {unit:?}");
        assert_eq!(
            got.truncated,
            got.text.contains(CUT) || want.len() < text.len()
        );
    }

    #[test]
    fn cut_on_boundaries() {
        check("abc", 3, Unit::Chars, verbatim, "abc");
        check("거래 중단 알림", 8, Unit::Chars, verbatim, "거래 중단 알림");
        check(
            "거래정지입니다 모두 확인하십시오",
            16,
            Unit::Chars,
            verbatim,
            "거래정… [truncated]",
        );
        check(
            "가나다라마바사아자차",
            21,
            Unit::Bytes,
            verbatim,
            "가나… [truncated]",
        );
        check(
            "👍👍👍👍👍👍👍👍",
            15,
            Unit::Utf16,
            verbatim,
            "👍… [truncated]",
        );
        check("<<<<<<<<", 22, Unit::Chars, html, "&lt;&lt;… [truncated]");
        check("too small", 4, Unit::Chars, verbatim, "too ");
        check("x", 0, Unit::Chars, verbatim, "");
    }

    #[test]
    fn cleaning() {
        assert_eq!(clean("a\r\nb\rc\u{0}\u{202e}d\te\u{7}"), "a\nb\ncd\te");
        assert_eq!(
            one_line(" a\r\nBcc: x@y\u{2028}z \u{202e} b\u{0}"),
            "a Bcc: x@y z b"
        );
    }

    proptest! {
        #[test]
        fn never_past_the_limit_and_never_a_split_escape(text in "\\PC{0,80}|[<>&가😀\"']{0,80}", limit in 0_usize..120) {
            for unit in [Unit::Bytes, Unit::Chars, Unit::Utf16] {
                for escape in [verbatim as Escape, html, slack] {
                    let got = fit(&text, limit, unit, escape);
                    prop_assert!(unit.len(&got.text) <= limit);
                    let whole = super::escape(&text, escape);
                    if got.truncated {
                        prop_assert!(unit.len(&whole) > limit);
                        let kept = got.text.strip_suffix(CUT).unwrap_or(&got.text);
                        prop_assert!(whole.starts_with(kept));
                        let tail = &whole[kept.len()..];
                        let partial = kept.rfind('&').is_some_and(|at| !kept[at..].contains(';') && escape('&').is_some());
                        prop_assert!(!partial, "{kept:?} | {tail:?}");
                    } else {
                        prop_assert_eq!(got.text, whole);
                    }
                }
            }
        }
    }
}
