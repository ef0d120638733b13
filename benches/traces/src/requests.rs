//! Requests without a network: the middleware with and without spans.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::Uri;
use axum::routing::get;
use bongsu_axum_glue::MonitorLayer;
use bongsu_logging::{LogGuard, LoggingConfig, Rotation};
use bongsu_metrics::ServiceMetrics;
use bongsu_otlp::Sampler;
use http_body_util::BodyExt as _;
use tower_service::Service as _;

use crate::{child, cost, server_span, spans};

pub const NAMES: [&str; 4] = ["bare", "without_spans", "with_spans_not_kept", "with_spans"];

const REQUESTS: usize = 2_000;

pub fn answer(variant: &str, receiver: &str) {
    let runtime = spans::runtime();
    let dir = tempfile::tempdir().expect("a folder");
    let (router, _log) = runtime.block_on(async { watched(variant, receiver, dir.path()) });
    let mut router = router.with_state(());
    child::answer(|| cost(REQUESTS, || runtime.block_on(requests(&mut router))));
}

fn watched(variant: &str, receiver: &str, dir: &std::path::Path) -> (Router, Option<LogGuard>) {
    let app = Router::new().route("/orders", get(|| async { "ok" }));
    let sampler = match variant {
        "bare" => return (app, None),
        "without_spans" => None,
        "with_spans_not_kept" => Some(Sampler::share(0.0).heed_parent(true)),
        "with_spans" => Some(Sampler::default()),
        other => panic!("no variant {other:?}"),
    };
    let mut log = LoggingConfig::new("bench", "production")
        .stdout(false)
        .dir(Some(dir.into()))
        .rotation(Rotation::never())
        .recent(1 << 20);
    // As the facade wires it.
    let mut layer = MonitorLayer::new()
        .metrics(ServiceMetrics::new("bench").expect("a name"))
        .on_panic(|_| {});
    if let Some(sampler) = sampler {
        let otlp = spans::otlp(receiver, sampler);
        log = log.layer(otlp.layer(bongsu_logging::propagation));
        layer = layer.sampler(sampler).on_end(move |end| {
            !end.operations && otlp.record_root(&server_span::span(end, jiff::Timestamp::now()))
        });
    }
    let log = log.build().and_then(bongsu_logging::Logging::install);
    (app.layer(layer), Some(log.expect("a valid set-up")))
}

async fn requests(router: &mut Router) {
    let peer = ConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 4_000)));
    let uri = Uri::from_maybe_shared(Bytes::from("/orders".to_owned())).expect("a path");
    for _ in 0..REQUESTS {
        let request: Request = Request::get(uri.clone())
            .header("host", "svc:8080")
            .header("accept", "*/*")
            .extension(peer)
            .body(Body::empty())
            .expect("a request");
        let Ok(response) = router.call(request).await;
        let body = response.into_body().collect().await.expect("a body");
        assert_eq!(body.to_bytes().len(), 2);
    }
}
