//! Which page a browser's request came from: one of another origin must not act in the name of an
//! operator whose browser is let in.

use http::HeaderMap;

/// Whether a request was sent by a page of this service, or by no browser at all, as far as the
/// headers say that a page cannot set.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some_and(|host| text("host") == Some(host))
        }
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)))
            .collect()
    }

    #[test]
    fn same_origin_table() {
        let check = |pairs: &[(&'static str, &'static str)], want| {
            assert_eq!(is_same_origin(&headers(pairs)), want, "{pairs:?}");
        };
        check(&[], true);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("origin", "http://ops:8000"), ("host", "ops:8000")], true);
        check(
            &[("origin", "http://ops:8001"), ("host", "ops:8000")],
            false,
        );
        check(
            &[("origin", "https://evil.example"), ("host", "ops:8000")],
            false,
        );
        check(&[("origin", "null"), ("host", "ops:8000")], false);
        check(&[("origin", "http://ops:8000")], false);
    }
}
