//! Makes an error message fit to be shown: no credentials, no control characters, bounded.
//!
//! What is taken out: everything of a URL but scheme, host and port (a webhook's path *is* its
//! secret), values of keys that name a secret, `Bearer`/`Basic` credentials, and long runs that look
//! like a token.

use bongsu_text::cut;

/// Longest message, in bytes.
const LIMIT: usize = 300;

/// Shortest run of token characters with both letters and digits that is taken for a secret.
const TOKEN: usize = 32;

const SECRET_WORDS: [&str; 9] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
];

/// The cleaned message.
pub(crate) fn sanitize(message: &str) -> String {
    // A longer tail could only be cut off later; this bounds the work too.
    let head = cut(message, 4 * 1024);
    let plain: String = head
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut out = String::with_capacity(plain.len().min(LIMIT));
    let mut mask_next = false;
    for word in plain.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if mask_next {
            // The value that follows `Bearer` or `password:`.
            out.push_str("***");
            mask_next = false;
            continue;
        }
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        if bare.eq_ignore_ascii_case("bearer") || bare.eq_ignore_ascii_case("basic") {
            out.push_str(word);
            mask_next = true;
            continue;
        }
        mask_next = clean_word(word, &mut out);
        if out.len() > LIMIT {
            break;
        }
    }
    if out.len() > LIMIT {
        let kept = cut(&out, LIMIT).len();
        out.truncate(kept);
        out.push('…');
    }
    out
}

/// Appends `word`, cleaned; returns whether the word after it is a secret's value.
fn clean_word(word: &str, out: &mut String) -> bool {
    if let Some(at) = word.find("://") {
        clean_url(word, at, out);
        return false;
    }
    let lower = word.to_ascii_lowercase();
    for secret in SECRET_WORDS {
        let Some(at) = lower.find(secret) else {
            continue;
        };
        let after = at + secret.len();
        // `to_ascii_lowercase` keeps byte positions.
        let rest = &word[after..];
        let value = rest.trim_start_matches(['"', '\'']);
        if let Some(value) = value.strip_prefix(['=', ':']) {
            out.push_str(&word[..after]);
            out.push_str(&rest[..rest.len() - value.len()]);
            if value.trim_matches(['"', '\'']).is_empty() {
                return true;
            }
            out.push_str("***");
            return false;
        }
    }
    mask_tokens(word, out);
    false
}

/// `(https://user:pw@host:1/path?q)` becomes `(https://host:1/…)`.
fn clean_url(word: &str, at: usize, out: &mut String) {
    let (scheme, rest) = (&word[..at], &word[at + 3..]);
    let end = rest
        .find(['/', '?', '#', ')', '>', '"', '\'', ',', ';'])
        .unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    // The userinfo may itself hold any of those characters unescaped, so look further for an `@`.
    let authority = match rest.rfind('@') {
        Some(userinfo) => {
            let host = &rest[userinfo + 1..];
            let end = host
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']')));
            &host[..end.unwrap_or(host.len())]
        }
        None => authority,
    };
    out.push_str(scheme);
    out.push_str("://");
    mask_tokens(authority, out);
    if tail.starts_with(['/', '?', '#']) || rest.contains('@') {
        out.push_str("/…");
    }
    if word.ends_with(')') && word.starts_with('(') {
        out.push(')');
    }
}

/// Copies `word`, with every long run that looks like a token masked.
fn mask_tokens(word: &str, out: &mut String) {
    let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '=');
    let mut rest = word;
    while !rest.is_empty() {
        let run = rest.find(|c| !is_token(c)).unwrap_or(rest.len());
        let (token, after) = rest.split_at(run);
        let secret = token.len() >= TOKEN
            && token.bytes().any(|b| b.is_ascii_digit())
            && token.bytes().any(|b| b.is_ascii_alphabetic());
        out.push_str(if secret { "***" } else { token });
        let next = after.find(is_token).unwrap_or(after.len());
        out.push_str(&after[..next]);
        rest = &after[next..];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &str) {
        assert_eq!(sanitize(input), expected);
    }

    #[test]
    fn plain_text_stays() {
        check(
            "connection refused (os error 111)",
            "connection refused (os error 111)",
        );
        check("연결이 거부되었습니다", "연결이 거부되었습니다");
        check(
            "password authentication failed for user \"bob\"",
            "password authentication failed for user \"bob\"",
        );
        check(
            "relation public.trades_2026 does not exist",
            "relation public.trades_2026 does not exist",
        );
    }

    #[test]
    fn urls_keep_only_the_host() {
        check(
            "postgres://bob:hunter2@db:5432/trades refused",
            "postgres://db:5432/… refused",
        );
        check(
            "error for url (https://hooks.slack.com/services/T0/B0/XXXX)",
            "error for url (https://hooks.slack.com/…)",
        );
        check(
            "https://api.example.com?token=abc",
            "https://api.example.com/…",
        );
        check("redis://:p@ss/w:rd@cache:6379", "redis://cache:6379/…");
        check("http://127.0.0.1:80 is down", "http://127.0.0.1:80 is down");
    }

    #[test]
    fn secrets_by_name() {
        check("password=hunter2 host=db", "password=*** host=db");
        check("PGPASSWORD=hunter2", "PGPASSWORD=***");
        check("{\"api_key\":\"abc\"}", "{\"api_key\":***");
        check("token: abc rest", "token: *** rest");
        check("Authorization: Bearer abc.def", "Authorization: Bearer ***");
        check(
            "authorization: basic Zm9vOmJhcg==",
            "authorization: basic ***",
        );
    }

    #[test]
    fn tokens_by_shape() {
        check("key 0123456789abcdef0123456789abcdef bad", "key *** bad");
        check(
            "a_very_long_function_name_without_digits_in_it",
            "a_very_long_function_name_without_digits_in_it",
        );
    }

    #[test]
    fn bounded_and_printable() {
        check("a\r\nb\u{1b}[31m", "a b [31m");
        let long = sanitize(&"가나 ".repeat(5_000));
        assert!(long.len() <= LIMIT + '…'.len_utf8(), "{}", long.len());
        assert!(long.ends_with('…'));
    }

    proptest! {
        #[test]
        fn never_panics_and_stays_bounded(text in any::<String>()) {
            let clean = sanitize(&text);
            prop_assert!(clean.len() <= LIMIT + '…'.len_utf8());
            prop_assert!(!clean.chars().any(char::is_control));
        }

        #[test]
        fn a_password_in_a_url_never_survives(
            before in "[a-z (]{0,10}", user in "[a-z]{0,5}", secret in "[A-Z0-9@/:?#]{6,12}", after in "[a-z ]{0,10}",
        ) {
            let clean = sanitize(&format!("{before} postgres://{user}:{secret}Q@host:5432/db {after}"));
            prop_assert!(!clean.contains(&secret), "{clean}");
        }
    }
}
