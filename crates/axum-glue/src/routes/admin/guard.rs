//! What every admin request passes: the policy, a look at who sends it, one line in the log.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{OpsPolicy, Refusal, RequestId};

/// What an operation was about, for the audit line: put into the response's extensions.
#[derive(Clone, Debug)]
pub(super) struct About(pub(super) String);

pub(super) async fn guard(
    State(policy): State<OpsPolicy>,
    request: Request,
    next: Next,
) -> Response {
    let audit = Audit::of(&request);
    let allowed = policy
        .check(request.headers(), request.extensions())
        .and_then(|()| from_no_foreign_page(request.method(), request.headers()));
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    audit.write(&response);
    response
}

/// A page from elsewhere in the operator's browser must not act in the operator's name.
fn from_no_foreign_page(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let foreign_site =
        text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let foreign_origin = text("origin").is_some_and(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_none() || host != text("host")
    });
    if !method.is_safe() && (foreign_site || foreign_origin) {
        return Err(Refusal {
            status: StatusCode::FORBIDDEN,
            reason: "a page of another origin may not do this",
        });
    }
    Ok(())
}

/// One line for each request, done or refused.
struct Audit {
    method: Method,
    route: Option<MatchedPath>,
    path: String,
    peer: Option<SocketAddr>,
    id: Option<RequestId>,
}

impl Audit {
    fn of(request: &Request) -> Self {
        let extensions = request.extensions();
        Self {
            method: request.method().clone(),
            route: extensions.get::<MatchedPath>().cloned(),
            path: request.uri().path().to_owned(),
            peer: extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|ConnectInfo(peer)| *peer),
            id: extensions.get::<RequestId>().cloned(),
        }
    }

    fn write(&self, response: &Response) {
        let status = response.status();
        let route = self.route.as_ref().map_or("unmatched", MatchedPath::as_str);
        let about = response.extensions().get::<About>();
        let about = about.map_or("", |About(text)| text.as_str());
        let peer = self.peer.map(|peer| peer.to_string());
        // `event!` needs its level as a constant, so each level is a callsite of its own.
        macro_rules! audit {
            ($level:ident) => {
                tracing::$level!(
                    target: "audit",
                    method = self.method.as_str(),
                    route,
                    path = self.path.as_str(),
                    about,
                    peer = peer.as_deref(),
                    status = status.as_u16(),
                    request_id = self.id.as_ref().map(RequestId::as_str),
                    "admin {} {} {}",
                    self.method,
                    self.path,
                    status.as_u16(),
                )
            };
        }
        if status.is_client_error() || status.is_server_error() {
            audit!(warn);
        } else {
            audit!(info);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: Method, headers: &[(&'static str, &str)], passes: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        assert_eq!(
            from_no_foreign_page(&method, &map).is_ok(),
            passes,
            "{method} {headers:?}"
        );
    }

    #[test]
    fn pages_of_other_origins_may_look_and_not_act() {
        check(Method::POST, &[], true);
        check(Method::POST, &[("sec-fetch-site", "same-origin")], true);
        check(Method::POST, &[("sec-fetch-site", "none")], true);
        check(Method::POST, &[("sec-fetch-site", "cross-site")], false);
        check(Method::PUT, &[("sec-fetch-site", "same-site")], false);
        check(
            Method::DELETE,
            &[("origin", "http://ops:8000"), ("host", "ops:8000")],
            true,
        );
        check(
            Method::POST,
            &[("origin", "http://evil.example"), ("host", "ops:8000")],
            false,
        );
        check(Method::POST, &[("origin", "null"), ("host", "null")], false);
        check(Method::GET, &[("origin", "http://evil.example")], true);
    }
}
