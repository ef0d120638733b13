//! URLs: which ones are taken, and which parts of them are secrets.

use reqwest::Url;

use crate::channels::error::Problem;
use bongsu_secret::Secret;

/// An `http` or `https` URL with a host.
pub(crate) fn url(text: &str) -> Result<Url, Problem> {
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

/// A URL that is itself the credential: it does not print, and travels by `https` only.
#[derive(Clone)]
pub(crate) struct SecretUrl(pub(crate) Url);

impl std::fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(bongsu_secret::MASK)
    }
}

impl SecretUrl {
    /// `https`, or `http` to this machine.
    pub(crate) fn parse(secret: &Secret) -> Result<Self, Problem> {
        let url = url(secret.expose())?;
        if url.scheme() == "https" || is_local(&url) {
            Ok(Self(url))
        } else {
            Err(Problem::InsecureUrl)
        }
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
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The parts of a URL that may be secrets, for [`Answer::reason`]: the longest first, so that no part
/// of one survives another.
pub(crate) fn secrets_of(url: &Url) -> Vec<String> {
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
    parts.retain(|part| part.len() > 3);
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts.dedup();
    parts
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
            SecretUrl::parse(&Secret::new("http://hooks.example/T0")).err(),
            Some(Problem::InsecureUrl)
        );
        for fine in [
            "http://127.0.0.1:1/x",
            "http://[::1]:1/x",
            "http://localhost/x",
            "https://a.b/c",
        ] {
            assert!(SecretUrl::parse(&Secret::new(fine)).is_ok(), "{fine}");
        }
    }
}
