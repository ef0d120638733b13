//! Secrets stay out of the log: by the key's name, and by the shape of the value.

use crate::LoggingError;
use regex_automata::dfa::{dense, regex::Regex};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;

/// What stands in a redacted value's place.
pub(crate) const MASK: &str = "[REDACTED]";

/// Keys that are redacted unless taken off with [`LoggingConfig::allow_key`](crate::LoggingConfig::allow_key).
///
/// A name matches when the words of the key (split at `_ - . :` and at camel case) contain the words of
/// the name in one run, so `db_password` and `accessToken` match and `token_count` does not: keys that end
/// in a measuring word (`count`, `len`, `size`, `type`, `ttl`, …) are figures about a secret, not the secret.
pub const DEFAULT_REDACTED_KEYS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "cookie",
    "credential",
    "api_key",
    "access_key",
    "private_key",
    "secret_key",
    "app_key",
    "app_secret",
    "account_number",
    "account_no",
    "acct_no",
    "card_number",
    "card_no",
    "cvc",
    "cvv",
    "pin_code",
    "ssn",
    "resident_number",
    "resident_registration_number",
];

const MEASURES: &[&str] = &[
    "count", "counts", "len", "length", "size", "bytes", "type", "kind", "ttl", "age", "expiry",
    "expires", "limit", "used", "valid", "present", "bucket", "status",
];

/// Ready patterns for [`LoggingConfig::redact_pattern`](crate::LoggingConfig::redact_pattern).
pub mod patterns {
    /// `Bearer …` and `Basic …` credentials.
    pub const HTTP_AUTH: &str = r"(?i)(bearer|basic) +[a-z0-9._~+/=-]{8,}";
    /// A JSON Web Token.
    pub const JWT: &str = r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*";
    /// `password=…`, `"token": "…"` and their like inside a text.
    pub const ASSIGNMENT: &str =
        r#"(?i)(password|passwd|secret|token|api_?key)"? *[=:] *"?[^ "',;&})]+"#;
    /// The password of `scheme://user:password@host`, with its user.
    pub const URL_USERINFO: &str = r"[a-z0-9+.-]+://[^ /@:]+:[^ /@]+@";
    /// Thirteen to nineteen digits, in one run or in groups of four.
    pub const CARD_NUMBER: &str = r"([0-9]{4}[ -]){3}[0-9]{1,7}|[0-9]{13,19}";
    /// A Korean resident registration number.
    pub const KOREAN_RESIDENT_NUMBER: &str = r"[0-9]{6}-[1-8][0-9]{6}";
}

/// The words of a key in lower case.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous_lower = false;
    for c in key.chars() {
        let boundary = c.is_uppercase() && previous_lower;
        if (!c.is_alphanumeric() || boundary) && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        previous_lower = c.is_lowercase() || c.is_ascii_digit();
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Decides what is a secret.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    /// Each name without separators.
    names: Vec<String>,
    patterns: Vec<Regex>,
}

impl Redactor {
    pub(crate) fn new(
        keys: impl IntoIterator<Item = String>,
        allowed: &[String],
        patterns: &[String],
    ) -> Result<Redactor, Vec<LoggingError>> {
        let squash = |key: &str| words(key).concat();
        let allowed: Vec<String> = allowed.iter().map(|k| squash(k)).collect();
        let mut names: Vec<String> = keys.into_iter().map(|k| squash(&k)).collect();
        names.retain(|name| !name.is_empty() && !allowed.contains(name));
        let mut compiled = Vec::new();
        let mut errors = Vec::new();
        for pattern in patterns {
            match compile(pattern) {
                Ok(regex) => compiled.push(regex),
                Err(source) => errors.push(LoggingError::Pattern {
                    pattern: pattern.clone(),
                    source,
                }),
            }
        }
        if errors.is_empty() {
            Ok(Redactor {
                names,
                patterns: compiled,
            })
        } else {
            Err(errors)
        }
    }

    /// Whether the value under this key is a secret.
    pub(crate) fn hides(&self, key: &str) -> bool {
        let words = words(key);
        if words.last().is_some_and(|w| MEASURES.contains(&w.as_str())) {
            return false;
        }
        (0..words.len()).any(|from| {
            let mut run = String::new();
            words[from..].iter().any(|word| {
                run.push_str(word);
                self.names
                    .iter()
                    .any(|name| *name == run || run.strip_suffix('s') == Some(name))
            })
        })
    }

    /// Whether values have to be looked at.
    pub(crate) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// The text with every match replaced, or `None` when nothing matches.
    pub(crate) fn mask(&self, text: &str) -> Option<String> {
        let mut result: Option<String> = None;
        for pattern in &self.patterns {
            let current = result.as_deref().unwrap_or(text);
            let mut masked = String::new();
            let mut done = 0;
            for found in pattern.find_iter(current) {
                // A pattern works on bytes: never cut a character in two.
                let (Some(before), true) = (
                    current.get(done..found.start()),
                    current.is_char_boundary(found.end()),
                ) else {
                    continue;
                };
                masked.push_str(before);
                masked.push_str(MASK);
                done = found.end();
            }
            if done > 0 {
                masked.push_str(current.get(done..).unwrap_or_default());
                result = Some(masked);
            }
        }
        result
    }
}

fn compile(pattern: &str) -> Result<Regex, Box<dyn std::error::Error + Send + Sync>> {
    const MEGABYTE: usize = 1 << 20;
    let regex = Regex::builder()
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .thompson(thompson::Config::new().nfa_size_limit(Some(MEGABYTE / 4)))
        .dense(
            dense::Config::new()
                .dfa_size_limit(Some(2 * MEGABYTE))
                .determinize_size_limit(Some(2 * MEGABYTE)),
        )
        .build(pattern)?;
    if regex.is_match(b"") {
        return Err("it matches the empty text".into());
    }
    Ok(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(patterns: &[&str]) -> Redactor {
        let keys = DEFAULT_REDACTED_KEYS.iter().map(|k| (*k).to_owned());
        let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
        Redactor::new(keys, &[], &patterns).unwrap()
    }

    #[test]
    fn keys() {
        let r = redactor(&[]);
        for hidden in [
            "password",
            "db_password",
            "PASSWORD",
            "userPassword",
            "accessToken",
            "refresh_token",
            "tokens",
            "x-api-key",
            "apiKey",
            "http.request.header.authorization",
            "Set-Cookie",
            "account_number",
            "accountNumber",
            "client_secret",
            "credentials",
        ] {
            assert!(r.hides(hidden), "{hidden} must be hidden");
        }
        for shown in [
            "message",
            "token_count",
            "tokenizer",
            "secretary",
            "account_id",
            "password_length",
            "symbol",
            "author",
        ] {
            assert!(!r.hides(shown), "{shown} must be shown");
        }
    }

    #[test]
    fn a_key_may_be_allowed() {
        let keys = ["token".to_owned(), "secret".to_owned()];
        let r = Redactor::new(keys, &["Token".to_owned()], &[]).unwrap();
        assert!(!r.hides("token"));
        assert!(r.hides("secret"));
    }

    #[test]
    fn values() {
        let r = redactor(&[
            patterns::HTTP_AUTH,
            patterns::JWT,
            patterns::ASSIGNMENT,
            patterns::URL_USERINFO,
            patterns::CARD_NUMBER,
            patterns::KOREAN_RESIDENT_NUMBER,
        ]);
        for (text, want) in [
            ("header Bearer abcdefghij.k", Some("header [REDACTED]")),
            ("jwt eyJhbGci.eyJzdWIi.c2ln end", Some("jwt [REDACTED] end")),
            (
                "Login { password: \"hunter2\", n: 1 }",
                Some("Login { [REDACTED]\", n: 1 }"),
            ),
            ("postgres://app:pw@db/x", Some("[REDACTED]db/x")),
            ("card 4111 1111 1111 1111.", Some("card [REDACTED].")),
            ("주민 900101-1234567 끝", Some("주민 [REDACTED] 끝")),
            ("nothing here 12345", None),
        ] {
            assert_eq!(r.mask(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn a_useless_pattern_is_an_error() {
        for bad in ["(", "a*", "[ab]*a[ab]{18}c"] {
            let errors = Redactor::new([], &[], &[bad.to_owned()]).unwrap_err();
            assert_eq!(errors.len(), 1, "{bad}");
        }
    }
}
