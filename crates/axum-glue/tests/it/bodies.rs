//! Response bodies of known size: over when the last of them is handed on, and not before.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Request, Response, header},
    routing::get,
};
use bongsu_axum_glue::MonitorLayer;
use bongsu_metrics::ServiceMetrics;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::support::sample;

/// What a body does when it is asked for a frame.
#[derive(Clone)]
enum Step {
    Data(&'static str),
    /// Not yet; the next question finds the next step.
    Wait,
    Fail,
    Trailers,
    /// The end, before all that was promised.
    End,
}

/// Says its size exactly, takes the steps, and does not like to be asked after its end.
struct Known {
    steps: VecDeque<Step>,
    ended: bool,
}

impl http_body::Body for Known {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        assert!(!self.ended, "asked after the end");
        Poll::Ready(match self.steps.pop_front() {
            Some(Step::Data(text)) => Some(Ok(Frame::data(Bytes::from(text)))),
            Some(Step::Wait) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Step::Fail) => Some(Err("the disk is gone")),
            Some(Step::Trailers) => {
                let mut trailers = HeaderMap::new();
                trailers.insert(header::ETAG, header::HeaderValue::from_static("x"));
                Some(Ok(Frame::trailers(trailers)))
            }
            Some(Step::End) | None => {
                self.ended = true;
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.steps.iter().map(|step| match step {
            Step::Data(text) => text.len() as u64,
            Step::Fail | Step::End => 1,
            Step::Wait | Step::Trailers => 0,
        });
        SizeHint::with_exact(left.sum())
    }
}

/// The response with a body of these steps, and the metrics that watched it.
async fn answered(steps: &[Step]) -> (Response<Body>, ServiceMetrics) {
    let metrics = ServiceMetrics::new("test").unwrap();
    let body = Body::new(Known {
        steps: steps.iter().cloned().collect(),
        ended: false,
    });
    let body = Arc::new(Mutex::new(Some(body)));
    let app = Router::new()
        .route(
            "/",
            get(move || async move { body.lock().unwrap().take().unwrap() }),
        )
        .layer(MonitorLayer::new().metrics(metrics.clone()));
    let request = Request::get("/").body(Body::empty()).unwrap();
    (app.oneshot(request).await.unwrap(), metrics)
}

#[track_caller]
fn check(metrics: &ServiceMetrics, in_flight: f64, aborted: f64, bytes: f64) {
    let sent = "http_response_size_bytes_sum{endpoint=\"/\",method=\"GET\"}";
    let got = [
        "http_requests_in_flight",
        "http_requests_aborted_total",
        sent,
    ]
    // A route has its series once it has answered.
    .map(|series| sample(metrics, series).or(Some(0.0)));
    assert_eq!(got, [Some(in_flight), Some(aborted), Some(bytes)]);
}

#[tokio::test]
async fn one_in_memory_is_over_at_once_and_arrives_whole() {
    let (response, metrics) = answered(&[Step::Data("portfolio")]).await;
    check(&metrics, 0.0, 0.0, 9.0);
    assert_eq!(response.headers()[header::CONTENT_LENGTH], "9");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "portfolio");
    check(&metrics, 0.0, 0.0, 9.0);
}

#[tokio::test]
async fn one_that_is_still_coming_is_watched() {
    let steps = [Step::Wait, Step::Data("portfolio")];
    let (response, metrics) = answered(&steps).await;
    check(&metrics, 1.0, 0.0, 0.0);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "portfolio");
    check(&metrics, 0.0, 0.0, 9.0);

    let (response, metrics) = answered(&steps).await;
    drop(response);
    check(&metrics, 0.0, 1.0, 0.0);
}

#[tokio::test]
async fn the_frame_that_was_looked_at_comes_first_and_counts_once() {
    let steps = [Step::Data("port"), Step::Wait, Step::Data("folio")];
    let (response, metrics) = answered(&steps).await;
    check(&metrics, 1.0, 0.0, 0.0);
    assert_eq!(response.body().size_hint().exact(), Some(9));
    assert!(!response.body().is_end_stream());
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "port");
    assert_eq!(body.size_hint().exact(), Some(5));
    let rest = body.collect().await.unwrap().to_bytes();
    assert_eq!(rest, "folio");
    check(&metrics, 0.0, 0.0, 9.0);

    let (response, metrics) = answered(&steps).await;
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    check(&metrics, 0.0, 1.0, 4.0);
}

#[tokio::test]
async fn trailers_behind_it_are_kept() {
    let (response, metrics) = answered(&[Step::Data("portfolio"), Step::Trailers]).await;
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()[header::ETAG], "x");
    assert_eq!(body.to_bytes(), "portfolio");
    check(&metrics, 0.0, 0.0, 9.0);
}

#[tokio::test]
async fn one_that_fails_at_once_fails_where_it_is_read() {
    let (response, metrics) = answered(&[Step::Fail]).await;
    let error = response.into_body().collect().await.unwrap_err();
    assert_eq!(error.to_string(), "the disk is gone");
    // Nobody went away: it is the service that had no more.
    check(&metrics, 0.0, 0.0, 0.0);
    let errors = "errors_total{error_type=\"response_body\",severity=\"error\"}";
    assert_eq!(sample(&metrics, errors), Some(1.0));
}

#[tokio::test]
async fn one_that_ends_at_once_is_not_asked_again() {
    let (response, metrics) = answered(&[Step::End]).await;
    assert!(!response.body().is_end_stream());
    let body = response.into_body().collect().await.unwrap();
    assert!(body.to_bytes().is_empty());
    check(&metrics, 0.0, 0.0, 0.0);
}
