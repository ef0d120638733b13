//! What every admin request passes: the policy, a look at who sends it, one line in the log.

use std::net::IpAddr;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{OpsPolicy, Peer, Refusal, RequestId, routes::origin::is_same_origin};

/// What an operation was about, for the audit line: put into the response's extensions.
#[derive(Clone, Debug)]
pub(super) struct About(pub(super) String);

pub(super) async fn guard(
    State(policy): State<OpsPolicy>,
    request: Request,
    next: Next,
) -> Response {
    let client = policy.client(request.extensions(), request.headers());
    let audit = Audit::of(&request, client);
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

/// A page of another origin may look, as far as the browser lets it, and not act.
fn from_no_foreign_page(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if method.is_safe() || is_same_origin(headers) {
        return Ok(());
    }
    Err(Refusal {
        status: StatusCode::FORBIDDEN,
        reason: "a page of another origin may not do this",
    })
}

/// One line for each request, done or refused.
struct Audit {
    method: Method,
    route: Option<MatchedPath>,
    path: String,
    peer: Option<Peer>,
    client: Option<IpAddr>,
    id: Option<RequestId>,
}

impl Audit {
    fn of(request: &Request, client: Option<IpAddr>) -> Self {
        let extensions = request.extensions();
        Self {
            method: request.method().clone(),
            route: extensions.get::<MatchedPath>().cloned(),
            path: request.uri().path().to_owned(),
            peer: Peer::of(extensions),
            client,
            id: RequestId::of(extensions).cloned(),
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
                    client_address = self.client.map(tracing::field::display),
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
