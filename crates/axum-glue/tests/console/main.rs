//! The console behind its policy, through the router as a browser sees it.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests spawn their own publishers and fail by panicking"
)]

mod actions;
mod live;
mod policy;

use std::sync::Arc;

use axum::{Router, body::Body};
use bongsu_axum_glue::{ConsoleOptions, ConsolePublisher, OpsPolicy, console_router};
use bongsu_console::testing::FakeSource;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

struct Rig {
    source: Arc<FakeSource>,
    router: Router,
    publisher: Option<ConsolePublisher>,
}

fn rig(policy: OpsPolicy) -> Rig {
    with_options(policy, ConsoleOptions::default())
}

fn with_options(policy: OpsPolicy, options: ConsoleOptions) -> Rig {
    let now = "2026-05-28T00:01:00Z".parse::<jiff::Timestamp>().unwrap();
    let source = Arc::new(FakeSource::new(move || now));
    let (router, publisher) = console_router(source.operator(), source.memory(), policy, options);
    Rig {
        source,
        router,
        publisher: Some(publisher),
    }
}

impl Rig {
    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        self.send(with(Request::get(path), headers, Body::empty()))
            .await
    }

    /// Posts a form as a page of the console would.
    async fn post(&self, path: &str, form: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        let body = Body::from(form.to_owned());
        self.send(with(Request::post(path), &all, body)).await
    }

    /// The token in the forms of a page.
    async fn form_token(&self) -> String {
        let page = text(self.get("/console", &[]).await).await;
        token_in(&page)
    }
}

fn with(request: http::request::Builder, headers: &[(&str, &str)], body: Body) -> Request<Body> {
    let request = headers.iter().fold(request, |r, (k, v)| r.header(*k, *v));
    request.body(body).unwrap()
}

fn token_in(page: &str) -> String {
    let rest = page.split("name=\"token\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn location(response: &Response<Body>) -> &str {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    response.headers()[header::LOCATION].to_str().unwrap()
}
