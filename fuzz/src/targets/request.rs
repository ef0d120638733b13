//! A request to a service under bongsu: probes, metrics, admin, console and the service's own routes.

use std::{sync::LazyLock, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    routing::{get, post},
};
use bongsu::{Bongsu, Config};
use http_body_util::BodyExt as _;
use tokio::{runtime::Runtime, time::timeout};
use tower::ServiceExt as _;

use super::Check;

pub(super) const WORDS: &[&[u8]] = &[
    b"GET ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"/health",
    b"/ready",
    b"/metrics",
    b"/admin/alerts",
    b"/admin/alerts/resolve",
    b"/admin/silences",
    b"/admin/log-level",
    b"/admin/thresholds",
    b"/admin/reports/2026-01-02",
    b"/admin/channels/webhook/test",
    b"/console",
    b"/console/alerts",
    b"/console/logs",
    b"/console/login",
    b"/console/config?lang=ko",
    b"/orders/",
    b"\nAuthorization: Bearer fuzz-fuzz-fuzz-fuzz",
    b"\nCookie: bongsu=",
    b"\nOrigin: http://localhost",
    b"\nAccept: application/openmetrics-text; version=1.0.0",
    b"\nAccept-Encoding: gzip",
    b"\nAccept-Language: ko",
    b"\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    b"\ntracestate: a=b",
    b"\nx-request-id: ",
    b"\nX-Forwarded-For: 1.2.3.4",
    b"\nContent-Type: application/json",
    b"\nContent-Type: application/x-www-form-urlencoded",
    b"\n\n",
    b"{\"level\":\"error\",\"title\":\"",
    b"\"key\":\"",
    b"\"by\":\"kim\"",
    b"\"minutes\":",
];

/// A page that goes on for ever is looked at for this long.
const LOOK: Duration = Duration::from_millis(20);

/// One service for all inputs, with a token and a runtime of its own.
pub(super) static SERVICE: LazyLock<(Runtime, Router)> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime can be made");
    let folder = tempfile::tempdir().expect("a folder can be made").keep();
    let vars = [
        ("SERVICE_NAME", "fuzz"),
        ("BONGSU_OPS_TOKEN", "fuzz-fuzz-fuzz-fuzz"),
        ("LOG_LEVEL", "off"),
        ("BONGSU_DATA_DIR", folder.to_str().unwrap_or("fuzz-data")),
    ];
    let bongsu = runtime.block_on(async {
        let config = Config::from_vars(vars).expect("the variables are right");
        Bongsu::builder(config).start().await.expect("it starts")
    });
    let app = Router::new()
        .route("/orders/{id}", get(|| async { "one" }))
        .route("/orders", post(|body: String| async move { body }));
    let app = bongsu.wrap(app);
    // It ends with the process.
    std::mem::forget(bongsu);
    (runtime, app)
});

/// A line of method and path, lines of headers, an empty line, a body; no answer is an error of the service's own.
pub(super) fn prepare() -> Check {
    Box::new(|bytes| {
        let (runtime, app) = &*SERVICE;
        let Some(request) = read(bytes) else {
            return Ok("no request".to_owned());
        };
        let path = request.uri().path().to_owned();
        let status = runtime.block_on(async {
            let response = app.clone().oneshot(request).await.expect("it never fails");
            let status = response.status();
            let _endless = timeout(LOOK, response.into_body().collect()).await;
            status
        });
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            return Err(format!("{path} answers {status}"));
        }
        let first: String = path.split('/').take(3).collect();
        Ok(format!("{status} {:.12}", first))
    })
}

fn read(bytes: &[u8]) -> Option<Request<Body>> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&bytes[..end], &bytes[end + 2..]),
        None => (bytes, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.splitn(2, |byte| *byte == b' ');
    let mut request = Request::builder().method(words.next()?).uri(words.next()?);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let value = line[colon + 1..].trim_ascii();
        request = request.header(&line[..colon], value);
    }
    request.body(Body::from(body.to_vec())).ok()
}
