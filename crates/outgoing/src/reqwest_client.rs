//! Requests of a `reqwest` client.

use reqwest::{Body, Client, Request, RequestBuilder, Response, ResponseBuilderExt as _, Url};

use crate::body::OutgoingBody;
use crate::{Outgoing, Status, host};

impl Outgoing {
    /// Sends a request that a client made: `outgoing.send(client.get(url).query(&q)).await`. A header that the
    /// request has already is left as it is. The call is over with the answer's body.
    ///
    /// Redirects that the client follows and tries that it makes again are one call, of the host that was asked first.
    ///
    /// # Errors
    /// What the client's own `send` would give.
    pub async fn send(&self, request: RequestBuilder) -> reqwest::Result<Response> {
        let (client, request) = request.build_split();
        self.execute(&client, request?).await
    }

    /// Sends a request through a client.
    ///
    /// # Errors
    /// What the client's own `execute` would give.
    pub async fn execute(
        &self,
        client: &Client,
        mut request: Request,
    ) -> reqwest::Result<Response> {
        let (method, host) = (request.method().clone(), shown(request.url()));
        let call = self.begin_request(method.as_str(), &host, request.headers_mut());
        match client.execute(request).await {
            Ok(answer) => {
                let (url, status) = (answer.url().clone(), answer.status().as_u16());
                let (parts, body) = http::Response::<Body>::from(answer).into_parts();
                let body = Body::wrap(OutgoingBody::new(body, call, status));
                // A response forgets its URL when it is taken apart.
                let mut watched = http::Response::new(body);
                if let Ok(named) = http::Response::builder().url(url).body(()) {
                    *watched.extensions_mut() = named.into_parts().0.extensions;
                }
                *watched.status_mut() = parts.status;
                *watched.version_mut() = parts.version;
                *watched.headers_mut() = parts.headers;
                watched.extensions_mut().extend(parts.extensions);
                Ok(watched.into())
            }
            Err(error) => {
                call.end(Status::of_error(&error));
                Err(error)
            }
        }
    }
}

fn shown(url: &Url) -> String {
    host::shown(url.host_str().unwrap_or_default(), url.port(), None)
}
