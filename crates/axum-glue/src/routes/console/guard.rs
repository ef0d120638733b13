//! Who comes in, and the headers that every answer leaves with.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use bongsu_console::{Lang, pages::message};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;

use super::{Console, session, views, visit};
use crate::Refusal;

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

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
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
