//! Requests through a `tower` service.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::uri::Authority;
use http::{Request, Response, header};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::body::OutgoingBody;
use crate::{Call, Outgoing, Status, host};

/// Any error, as `tower`'s own layers have it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Lays an [`OutgoingService`] around a service that sends requests. Inside of a layer that tries again, each try is
/// a call.
///
/// ```
/// use bongsu_outgoing::{Outgoing, OutgoingLayer};
///
/// let layer = OutgoingLayer::new(Outgoing::new());
/// # let _ = layer;
/// ```
#[derive(Clone, Debug)]
pub struct OutgoingLayer(Outgoing);

impl OutgoingLayer {
    /// A layer whose calls pass on and tell what `outgoing` says.
    #[must_use]
    pub fn new(outgoing: Outgoing) -> Self {
        Self(outgoing)
    }
}

impl<S> Layer<S> for OutgoingLayer {
    type Service = OutgoingService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        OutgoingService {
            inner,
            outgoing: self.0.clone(),
        }
    }
}

/// A service that sends requests, watched; made by [`OutgoingLayer`].
#[derive(Clone, Debug)]
pub struct OutgoingService<S> {
    inner: S,
    outgoing: Outgoing,
}

impl<S, B, R> Service<Request<B>> for OutgoingService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body,
{
    type Response = Response<OutgoingBody<R>>;
    type Error = BoxError;
    type Future = OutgoingFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let method = request.method().clone();
        let call =
            self.outgoing
                .begin_request(method.as_str(), &called(&request), request.headers_mut());
        OutgoingFuture {
            future: self.inner.call(request),
            call: Some(call),
        }
    }
}

/// Who is called: what the URI says, or the header `Host`. Without a user and a password.
fn called<B>(request: &Request<B>) -> String {
    let scheme = request.uri().scheme_str();
    let named = |authority: &Authority| host::shown(authority.host(), authority.port_u16(), scheme);
    if let Some(authority) = request.uri().authority() {
        return named(authority);
    }
    let header = request.headers().get(header::HOST);
    let authority = header.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    authority.as_ref().map(named).unwrap_or_default()
}

pin_project! {
    /// The answer of an [`OutgoingService`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct OutgoingFuture<F> {
        #[pin]
        future: F,
        call: Option<Call>,
    }
}

impl<F, R, E> Future for OutgoingFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: Body,
{
    type Output = Result<Response<OutgoingBody<R>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.future.poll(cx)).map_err(Into::into);
        // Polled again after its end it would panic inside: there is always a call here.
        let Some(call) = this.call.take() else {
            return Poll::Pending;
        };
        Poll::Ready(match answer {
            Ok(answer) => {
                let status = answer.status().as_u16();
                Ok(answer.map(|body| OutgoingBody::new(body, call, status)))
            }
            Err(error) => {
                call.end(Status::of_error(&*error));
                Err(error)
            }
        })
    }
}
