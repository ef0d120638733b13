//! What leaves a service for a receiver of OpenTelemetry's protocol.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, Uri},
    routing::{any, get},
};
use bongsu::{Bongsu, Config};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

type Seen = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

async fn receiver() -> (String, Seen) {
    let seen = Seen::default();
    let keep = |State(seen): State<Seen>, uri: Uri, body: Bytes| async move {
        let request = (uri.path().to_owned(), body.to_vec());
        seen.lock().unwrap().push(request);
    };
    let app = Router::new()
        .fallback(any(keep))
        .with_state(Arc::clone(&seen));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::task::spawn(async move { axum::serve(listener, app).await });
    (base, seen)
}

fn contains(body: &[u8], wanted: &[u8]) -> bool {
    body.windows(wanted.len()).any(|window| window == wanted)
}

/// A request that failed, one that went well and one of a probe, of a caller that records nothing: what is kept,
/// and what leads to it.
#[tokio::test]
async fn requests_and_metrics_go_out() {
    let (base, seen) = receiver().await;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().display().to_string();
    let vars = [
        ("SERVICE_NAME", "exports"),
        ("BONGSU_DATA_DIR", data.as_str()),
        ("BONGSU_BIND", "127.0.0.1:0"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", base.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "tenant=desk"),
        ("OTEL_RESOURCE_ATTRIBUTES", "cloud.region=seoul%201"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ];
    let bongsu = Bongsu::builder(Config::from_vars(vars).unwrap())
        .start()
        .await
        .unwrap();
    let app = Router::new()
        .route(
            "/orders/{id}",
            get(|| async { StatusCode::SERVICE_UNAVAILABLE }),
        )
        .route("/quotes/{id}", get(|| async { "quote" }));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = bongsu.clone();
    let served = tokio::task::spawn(async move {
        let stop = async { drop(stopped.await) };
        serving.serve_until(app, stop).await
    });
    let address = bongsu.listening().await[0].address().unwrap();
    let get = async |path: &str, flags: &str| {
        let header = format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
        let request = reqwest::Client::new().get(format!("http://{address}{path}"));
        request
            .header("traceparent", header)
            .header("user-agent", "desk-client/1")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    get("/quotes/7", "00").await;
    get("/liveness", "01").await;
    get("/orders/7", "00").await;
    let page = reqwest::Client::new()
        .get(format!("http://{address}/metrics"))
        .header("accept", "application/openmetrics-text; version=1.0.0")
        .send();
    let page = page.await.unwrap().text().await.unwrap();
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();

    let seen = seen.lock().unwrap();
    let bodies = |path: &str| {
        let own = seen.iter().filter(|(seen, _)| seen == path);
        own.flat_map(|(_, body)| body.clone()).collect::<Vec<u8>>()
    };
    let traces = bodies("/v1/traces");
    let trace_id = u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes();
    assert!(contains(&traces, b"GET /orders/{id}") && contains(&traces, &trace_id));
    assert!(contains(&traces, b"seoul 1") && contains(&traces, b"exports"));
    for who in [
        "client.address",
        "network.peer.address",
        "127.0.0.1",
        "user_agent.original",
        "desk-client/1",
    ] {
        assert!(contains(&traces, who.as_bytes()), "{who}");
    }
    for other in [&b"/quotes"[..], b"/liveness", b"/metrics"] {
        assert!(
            !contains(&traces, other),
            "{}",
            String::from_utf8_lossy(other)
        );
    }
    let metrics = bodies("/v1/metrics");
    assert!(
        contains(&metrics, b"http_requests") && contains(&metrics, &trace_id),
        "with the exemplar"
    );
    assert!(bodies("/v1/logs").is_empty());
    let shown = page
        .lines()
        .filter(|line| line.contains("trace_id="))
        .collect::<Vec<_>>();
    assert!(
        shown.len() == 1 && shown[0].contains("/orders/{id}"),
        "{shown:?}"
    );
    assert!(
        page.contains("otlp_exported_total") || page.contains("otlp_waiting_bytes"),
        "{page}"
    );
}

/// What cannot be used is somebody else's: the service starts, and says so.
#[tokio::test]
async fn what_cannot_be_used_ends_no_start() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().display().to_string();
    let vars = [
        ("SERVICE_NAME", "exports"),
        ("BONGSU_DATA_DIR", data.as_str()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=s3cret"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"),
    ];
    let bongsu = Bongsu::builder(Config::from_vars(vars).unwrap())
        .start()
        .await
        .unwrap();
    let said: Vec<String> = bongsu
        .config()
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    let said = said.join("\n");
    assert!(
        said.contains("/nowhere/ca.pem") && said.contains("\"a b\""),
        "{said}"
    );
    assert!(!said.contains("s3cret"));
    bongsu.shutdown().await;
}
