//! Who comes in, and the headers that every answer leaves with.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use bongsu_console::{Lang, pages::message};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;

use super::{Console, session, views, visit};
use crate::{Refusal, serve::Encrypted};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// A report's page has its styles inside; it may do nothing but show itself, here.
pub(super) const REPORT_POLICY: &str = "sandbox; default-src 'none'; \
    style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/// How somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// By the policy alone.
    Policy,
    /// By a session.
    Session,
}

/// Lets in whom the policy or a session lets in; asks a browser for the token.
pub(super) async fn admit(
    State(console): State<Arc<Console>>,
    mut request: Request,
    next: Next,
) -> Response {
    match access(&console, &request) {
        Ok(access) => {
            request.extensions_mut().insert(access);
            next.run(request).await
        }
        Err(refusal) if asks_for_token(&console, &request, refusal) => {
            let chrome = visit::chrome(&console, request.headers(), request.uri());
            (refusal.status, Html(message::login(&chrome, None))).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn access(console: &Console, request: &Request) -> Result<Access, Refusal> {
    let headers = request.headers();
    let refusal = match console.policy.check(headers, request.extensions()) {
        Ok(()) => return Ok(Access::Policy),
        Err(refusal) => refusal,
    };
    let now = Timestamp::now().as_second();
    match console.policy.token_bytes() {
        Some(token) if console.ended.admits(headers, token, now) => Ok(Access::Session),
        _ => Err(refusal),
    }
}

fn asks_for_token(console: &Console, request: &Request, refusal: Refusal) -> bool {
    let html = request.headers().get(header::ACCEPT).is_some_and(|accept| {
        accept
            .to_str()
            .is_ok_and(|accept| accept.contains("text/html"))
    });
    console.policy.token_bytes().is_some()
        && refusal.status == StatusCode::UNAUTHORIZED
        && request.method() == Method::GET
        && html
}

/// Whether the browser speaks TLS, to this server or to the first of the proxies in front. Each of them adds
/// what it heard after what those before it did.
pub(super) fn is_secure(headers: &HeaderMap, extensions: &Extensions) -> bool {
    if extensions.get::<Encrypted>().is_some() {
        return true;
    }
    let first = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok())?;
        value.split(',').next().map(str::trim)
    };
    let forwarded = first("forwarded").and_then(|hop| {
        let mut pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(name, value)| {
            let is = name.trim().eq_ignore_ascii_case("proto");
            is.then(|| value.trim().trim_matches('"'))
        })
    });
    let proto = forwarded.or_else(|| first("x-forwarded-proto"));
    match proto {
        Some(proto) => proto.eq_ignore_ascii_case("https"),
        None => first("x-forwarded-ssl").is_some_and(|on| on.eq_ignore_ascii_case("on")),
    }
}

/// What keeps a page from being framed, sniffed, kept or made to run anything.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: with it, browsers send forms with `Origin: null`.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The language that the reader chose, or whose browser prefers.
pub(super) fn lang(headers: &HeaderMap) -> Lang {
    let chosen = session::read_cookie(headers, views::LANG_COOKIE);
    chosen.and_then(|tag| tag.parse().ok()).unwrap_or_else(|| {
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        accepted.map_or(Lang::En, |value| {
            Lang::accepted(value.to_str().unwrap_or(""))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_speaks_tls_to_the_first_proxy_gets_a_secure_cookie() {
        let check = |lines: &[(&'static str, &'static str)], want| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, HeaderValue::from_static(value));
            }
            let got = is_secure(&headers, &Extensions::new());
            assert_eq!(got, want, "{lines:?}");
        };
        check(&[], false);
        check(&[("x-forwarded-proto", "https")], true);
        check(&[("x-forwarded-proto", "HTTPS")], true);
        check(&[("x-forwarded-proto", "https, http")], true);
        check(&[("x-forwarded-proto", "https,http,http")], true);
        check(
            &[
                ("x-forwarded-proto", "https"),
                ("x-forwarded-proto", "http"),
            ],
            true,
        );
        check(&[("x-forwarded-proto", "http, https")], false);
        check(&[("x-forwarded-proto", "http")], false);
        check(&[("forwarded", "proto=https")], true);
        check(
            &[(
                "forwarded",
                "for=192.0.2.60;Proto=\"https\";by=203.0.113.43, proto=http",
            )],
            true,
        );
        check(&[("forwarded", "for=192.0.2.60; proto=https")], true);
        check(&[("forwarded", "proto=http, proto=https")], false);
        check(
            &[("forwarded", "for=x"), ("x-forwarded-proto", "https")],
            true,
        );
        check(&[("x-forwarded-ssl", "on")], true);
        let mut encrypted = Extensions::new();
        encrypted.insert(Encrypted);
        assert!(is_secure(&HeaderMap::new(), &encrypted));
    }
}
