//! What of a URL may be shown.

use crate::MASK;

/// Query parameters whose value is a credential contain one of these.
const SECRET_WORDS: [&str; 10] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "auth",
    "credential",
    "signature",
    "sig",
    "code",
];

/// The URL without its userinfo and without the values of parameters that name a secret; also for a
/// list of URLs with commas or spaces between them. The path stays: where it is the secret, as a
/// webhook's, show nothing of the URL.
///
/// ```
/// use bongsu_secret::shown_url;
///
/// assert_eq!(shown_url("redis://:p%40ss@cache:6379/0"), "redis://***@cache:6379/0");
/// assert_eq!(shown_url("redis://:p@s/s@cache"), "redis://***@cache");
/// assert_eq!(shown_url("postgres://db/x?sslpassword=y&a=b"), "postgres://db/x?sslpassword=***&a=b");
/// ```
#[must_use]
pub fn shown_url(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    // A password may hold a comma; only a comma before another scheme begins another URL.
    while let Some(at) = next_url(rest) {
        one(&rest[..at], &mut out);
        rest = &rest[at..];
    }
    one(rest, &mut out);
    out
}

/// Where the second URL of the text begins.
fn next_url(text: &str) -> Option<usize> {
    let first = text.find("://")? + 3;
    let second = first + text[first..].find("://")?;
    let scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let begins = text[..second].rfind(|c| !scheme(c))? + 1;
    let separated = text[..begins].ends_with([',', ' ', ';', '\n', '\t']);
    let named = begins < second && SCHEMES.contains(&&*text[begins..second].to_ascii_lowercase());
    // What stands before it has to be a whole URL: a password may hold anything, also this.
    let before = text
        .get(first..begins)?
        .trim_end_matches([',', ' ', ';', '\n', '\t']);
    (separated && named && is_whole(before)).then_some(begins)
}

/// Schemes that a list of URLs may hold.
const SCHEMES: [&str; 10] = [
    "http",
    "https",
    "postgres",
    "postgresql",
    "redis",
    "rediss",
    "redis-sentinel",
    "rediss-sentinel",
    "smtp",
    "unix",
];

/// Whether a host stands where one has to, behind the scheme and any userinfo.
fn is_whole(rest: &str) -> bool {
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = authority.rsplit('@').next().unwrap_or_default();
    !host.is_empty() && !host.starts_with(':') && is_host(host)
}

fn one(url: &str, out: &mut String) {
    let Some(at) = url.find("://") else {
        out.push_str(url);
        return;
    };
    let (scheme, rest) = url.split_at(at + 3);
    out.push_str(scheme);
    let userinfo = if scheme.to_ascii_lowercase().starts_with("http") {
        web_userinfo(rest)
    } else {
        // An unescaped password may hold any character, and an `@` elsewhere is no custom here.
        rest.rfind('@')
    };
    let rest = match userinfo {
        Some(end) => {
            out.push_str(MASK);
            &rest[end..]
        }
        None => rest,
    };
    parameters(rest, out);
}

/// Where the userinfo ends. Paths and queries of the web do hold an `@`; where it could be either, more
/// is hidden than needed.
fn web_userinfo(rest: &str) -> Option<usize> {
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let query = rest.find('?').unwrap_or(rest.len());
    if rest[..authority].contains('@') {
        let end = rest[..query].rfind('@')?;
        let host = rest[end + 1..].split(['/', '?', '#']).next();
        return match host {
            Some(host) if !host.is_empty() && is_host(host) => Some(end),
            _ => rest.rfind('@'),
        };
    }
    (!is_host(&rest[..authority])).then(|| rest.rfind('@'))?
}

/// `host`, `host:1`, `[::1]:1`, or several with commas between them.
fn is_host(text: &str) -> bool {
    let port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    text.split(',').all(|one| {
        if one.starts_with('[') {
            return one.contains(']');
        }
        match one.split_once(':') {
            Some((_, number)) => port(number),
            None => true,
        }
    })
}

fn parameters(rest: &str, out: &mut String) {
    let Some((path, query)) = rest.split_once('?') else {
        out.push_str(rest);
        return;
    };
    out.push_str(path);
    let mut between = '?';
    for parameter in query.split('&') {
        out.push(between);
        between = '&';
        match parameter.split_once('=') {
            Some((name, _)) if names_a_secret(name) => {
                out.push_str(name);
                out.push('=');
                out.push_str(MASK);
            }
            _ => out.push_str(parameter),
        }
    }
}

fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// The text with each of the secrets, as it is and percent-encoded, replaced by [`MASK`]. Secrets of
/// fewer than four characters stay: they are found in any text.
///
/// ```
/// use bongsu_secret::hide;
///
/// assert_eq!(hide("AUTH p@ss or p%40ss failed", ["p@ss"]), "AUTH *** or *** failed");
/// ```
#[must_use]
pub fn hide<'s>(text: &str, secrets: impl IntoIterator<Item = &'s str>) -> String {
    let mut out = text.to_owned();
    for secret in secrets {
        if secret.chars().count() < 4 {
            continue;
        }
        out = out.replace(secret, MASK);
        let encoded = percent_encoded(secret);
        if encoded != secret {
            out = out.replace(&encoded, MASK);
            out = out.replace(&encoded.to_lowercase(), MASK);
        }
    }
    out
}

/// Everything but RFC 3986's unreserved characters encoded.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_shown() {
        let check = |url: &str, want: &str| assert_eq!(shown_url(url), want, "{url}");
        check("", "");
        check("no url", "no url");
        check("http://host:9093/path?a=b#c", "http://host:9093/path?a=b#c");
        check("http://user:pass@host", "http://***@host");
        check("http://user@host/x", "http://***@host/x");
        check("http://user:p/w@host/x", "http://***@host/x");
        check("http://user:p@s/w@host/x?m=a@b", "http://***@host/x?m=a@b");
        check("http://host/x@y", "http://host/x@y");
        check("http://host:80/x@y", "http://host:80/x@y");
        check("http://[::1]:80/x@y", "http://[::1]:80/x@y");
        check("redis://:a@b@c@host:1/0", "redis://***@host:1/0");
        check("redis://u:a/b?c#d@host/0", "redis://***@host/0");
        check("redis://u:p%2Fq@h1:1,h2:2/m", "redis://***@h1:1,h2:2/m");
        check("postgres://h1:1,h2:2/db", "postgres://h1:1,h2:2/db");
        check(
            "http://u:p@a,https://v:q@b?api_key=x",
            "http://***@a,https://***@b?api_key=***",
        );
        check("http://u:p,q@a", "http://***@a");
        check("http://a:1 http://u:p@b", "http://a:1 http://***@b");
        check("redis://:Q A://Q@host:1", "redis://***@host:1");
        check("redis://:Q http://Q@host:1", "redis://***@host:1");
        check("redis://:1,redis://Q@host:1", "redis://***@host:1");
        check(
            "unix:///run/redis.sock?db=1&pass=p",
            "unix:///run/redis.sock?db=1&pass=***",
        );
    }

    proptest! {
        #[test]
        fn a_password_is_never_shown(
            user in "[a-z]{0,4}", secret in "[A-Z@/:?#%&=+,. ]{1,12}", tail in "(/[a-z0-9]{0,4})?",
        ) {
            let shown = shown_url(&format!("redis://{user}:Q{secret}Q@host:5432{tail}"));
            prop_assert_eq!(shown, format!("redis://***@host:5432{tail}"));
        }

        #[test]
        fn any_text_is_taken(text: String) {
            let _ = shown_url(&text);
        }
    }
}
