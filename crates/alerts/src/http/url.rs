//! URLs: which ones are taken, and which parts of them are secrets.

use reqwest::Url;

use crate::channels::Problem;

/// An `http` or `https` URL with a host.
pub(super) fn url(text: &str) -> Result<Url, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::Missing);
    }
    // The parser's words never quote the text.
    let url = Url::parse(text).map_err(|error| Problem::InvalidUrl(error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(Problem::Scheme(other.to_owned())),
    }
}

/// A URL that is itself the credential: `https`, or `http` to this machine.
pub(super) fn confidential(text: &str) -> Result<Url, Problem> {
    let url = url(text)?;
    if url.scheme() == "https" || is_local(&url) {
        Ok(url)
    } else {
        Err(Problem::InsecureUrl)
    }
}

fn is_local(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    })
}

/// `host` or `host:port`: the part of a URL that is no secret.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The parts of a URL that may be secrets, as they stand and decoded.
pub(super) fn secrets_of(url: &Url) -> Vec<String> {
    let query = url.query().unwrap_or_default();
    let mut parts = vec![
        url.path().trim_start_matches('/').to_owned(),
        query.to_owned(),
        url.username().to_owned(),
        url.password().unwrap_or_default().to_owned(),
    ];
    parts.extend(url.path().split('/').map(str::to_owned));
    parts.extend(query.split(['&', '=']).map(str::to_owned));
    parts.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    let decoded: Vec<String> = parts.iter().map(|part| decoded(part)).collect();
    parts.extend(decoded);
    longest_first(parts)
}

/// The longest first, so that no part of one survives another; what is too short to be a secret is
/// left out.
pub(super) fn longest_first(mut parts: Vec<String>) -> Vec<String> {
    parts.retain(|part| part.len() > 3);
    parts.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    parts.dedup();
    parts
}

/// Without its percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let pair = tail
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        let value = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match value {
            Some(value) if first == b'%' => {
                bytes.push(value);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        assert_eq!(url(" "), Err(Problem::Missing));
        assert!(matches!(
            url("hooks.slack.com/x"),
            Err(Problem::InvalidUrl(_))
        ));
        assert_eq!(url("ftp://x/y"), Err(Problem::Scheme("ftp".to_owned())));
        assert_eq!(
            confidential("http://hooks.example/T0").err(),
            Some(Problem::InsecureUrl)
        );
        for fine in [
            "http://127.0.0.1:1/x",
            "http://[::1]:1/x",
            "http://localhost/x",
            "https://a.b/c",
        ] {
            assert!(confidential(fine).is_ok(), "{fine}");
        }
    }

    #[test]
    fn a_secret_is_known_in_both_of_its_forms() {
        let url = Url::parse("https://kim:p%40ss%21word@x/hook/T%2Fzero?k=a%20long").unwrap();
        let secrets = secrets_of(&url);
        for form in [
            "p%40ss%21word",
            "p@ss!word",
            "T%2Fzero",
            "T/zero",
            "a%20long",
            "a long",
        ] {
            assert!(
                secrets.iter().any(|known| known == form),
                "{form}: {secrets:?}"
            );
        }
    }
}
