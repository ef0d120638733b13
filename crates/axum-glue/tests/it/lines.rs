//! What the middleware logs, read as JSON.

use std::convert::Infallible;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    response::Response,
    routing::get,
};
use bongsu_axum_glue::{AccessLog, MonitorLayer, Operations, RequestId, TrustedProxies};
use bongsu_logging::{Capture, LoggingConfig};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use tower_layer::Layer;

use crate::support::callsites_stay_on;

fn parse(capture: &Capture) -> Vec<Value> {
    serde_json::from_str(&capture.json()).unwrap()
}

/// Sends the requests (path and id) one after the other, and gives the lines.
fn logged(app: Router, level: &str, requests: &[(&str, &str)]) -> Vec<Value> {
    callsites_stay_on();
    let capture = Capture::new();
    let config = LoggingConfig::new("svc", "test").level(level);
    let logging = config.capture(&capture).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    logging.with_default(|| {
        runtime.block_on(async {
            for (path, id) in requests {
                let request = Request::get(*path).header("x-request-id", *id);
                let request = request.body(Body::empty()).unwrap();
                let response = app.clone().oneshot(request).await.unwrap();
                response.into_body().collect().await.unwrap();
            }
        });
    });
    parse(&capture)
}

/// The client's address and user agent, and only where they are asked for.
#[test]
fn a_line_names_the_client_where_asked_for() {
    callsites_stay_on();
    let proxies = TrustedProxies::new([("10.0.0.0".parse().unwrap(), 8)]);
    let line = |layer: MonitorLayer, peer: &str| {
        let capture = Capture::new();
        let config = LoggingConfig::new("svc", "test").level("info");
        let logging = config.capture(&capture).build().unwrap();
        let app = routes().layer(layer);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let peer: std::net::SocketAddr = peer.parse().unwrap();
        let request = Request::get("/quotes")
            .header("user-agent", "desk-client/1 \"x\"")
            .header("x-forwarded-for", "6.6.6.6, 203.0.113.9")
            .extension(axum::extract::ConnectInfo(peer));
        let request = request.body(Body::empty()).unwrap();
        logging.with_default(|| {
            runtime.block_on(async {
                let response = app.oneshot(request).await.unwrap();
                response.into_body().collect().await.unwrap();
            });
        });
        let line = parse(&capture).pop().unwrap();
        (line["client_address"].clone(), line["user_agent"].clone())
    };
    let asked = || {
        MonitorLayer::new()
            .proxies(proxies.clone())
            .name_clients(true)
    };
    let agent = Value::from("desk-client/1 \"x\"");
    assert_eq!(
        line(asked(), "10.1.2.3:4711"),
        ("203.0.113.9".into(), agent.clone())
    );
    assert_eq!(
        line(asked(), "198.51.100.7:1"),
        ("198.51.100.7".into(), agent.clone())
    );
    let nobody = MonitorLayer::new().name_clients(true);
    assert_eq!(line(nobody, "10.1.2.3:4711"), ("10.1.2.3".into(), agent));
    let silent = (Value::Null, Value::Null);
    let traced = MonitorLayer::new().proxies(proxies.clone()).on_end(|end| {
        assert_eq!(end.client, Some("203.0.113.9".parse().unwrap()));
        false
    });
    let lines = [MonitorLayer::new().proxies(proxies.clone()), traced];
    for quiet in lines {
        assert_eq!(line(quiet, "10.1.2.3:4711"), silent);
    }
}

fn routes() -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/ready", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .route(
            "/metrics",
            get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
        )
        .route_layer(Operations)
        .route("/orders/{id}", get(|| async { "order" }))
        .route("/quotes", get(|| async { "quote" }))
        .route("/healthcheck", get(|| async { "the user's own" }))
        .route(
            "/user",
            get(|| async {
                tracing::info!("inside");
                bongsu_logging::set_user_id("kim");
            }),
        )
}

#[test]
fn one_line_says_what_happened() {
    let lines = logged(
        routes().layer(MonitorLayer::new()),
        "info",
        &[("/orders/7?token=hidden", "req-1")],
    );
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    for (key, want) in [
        ("level", "INFO"),
        ("logger", "access"),
        ("message", "GET /orders/{id}"),
        ("method", "GET"),
        ("endpoint", "/orders/{id}"),
        ("path", "/orders/7"),
        ("request_id", "req-1"),
    ] {
        assert_eq!(line[key], want, "{key}");
    }
    assert_eq!(line["status"], 200);
    assert_eq!(line["response_bytes"], 5);
    assert_eq!(line["aborted"], false);
    assert!(line["duration_ms"].as_f64().unwrap() >= 0.0);
    assert_eq!(line["trace_id"].as_str().unwrap().len(), 32);
    assert_eq!(line["span_id"].as_str().unwrap().len(), 16);
    assert!(
        !line.to_string().contains("hidden"),
        "the query is left out"
    );
}

#[test]
fn the_handlers_lines_and_the_access_line_share_the_context() {
    let lines = logged(
        routes().layer(MonitorLayer::new()),
        "info",
        &[("/user", "req-1"), ("/quotes", "req-2")],
    );
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["message"], "inside");
    assert_eq!(lines[0]["request_id"], "req-1");
    assert_eq!(lines[0]["trace_id"], lines[1]["trace_id"]);
    assert_eq!(lines[1]["user_id"], "kim", "the access line names the user");
    assert_eq!(lines[2]["request_id"], "req-2");
    assert_eq!(lines[2]["user_id"], Value::Null, "and no other one does");
}

#[test]
fn operations_are_quiet_unless_they_break() {
    let requests = ["/health", "/ready", "/metrics", "/quotes"].map(|path| (path, "r"));
    let endpoints = |layer: MonitorLayer, level: &str| -> Vec<(String, String)> {
        let lines = logged(routes().layer(layer), level, &requests);
        let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
        lines
            .iter()
            .map(|line| (text(line, "level"), text(line, "endpoint")))
            .collect()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(level, endpoint)| ((*level).to_owned(), (*endpoint).to_owned()))
            .collect()
    };
    assert_eq!(
        endpoints(MonitorLayer::new(), "info"),
        pairs(&[("WARN", "/metrics"), ("INFO", "/quotes")])
    );
    assert_eq!(
        endpoints(MonitorLayer::new(), "debug")[..2],
        pairs(&[("DEBUG", "/health"), ("DEBUG", "/ready")])
    );
    // Whose line it is stands in its logger.
    let lines = logged(
        routes().layer(MonitorLayer::new()),
        "debug",
        &[("/health", "r"), ("/healthcheck", "r")],
    );
    let loggers: Vec<_> = lines.iter().map(|line| &line["logger"]).collect();
    assert_eq!(loggers, ["operations", "access"]);
    let everything = MonitorLayer::new().access_log(AccessLog::everything());
    assert_eq!(
        endpoints(everything, "info"),
        pairs(&[
            ("INFO", "/health"),
            ("WARN", "/ready"),
            ("WARN", "/metrics"),
            ("INFO", "/quotes"),
        ])
    );
}

#[test]
fn a_busy_route_has_one_line_in_so_many() {
    let policy = AccessLog::default().one_in("/quotes", 4);
    let layer = MonitorLayer::new().access_log(policy);
    let requests: Vec<String> = (0..10).map(|i| format!("q-{i}")).collect();
    let requests: Vec<_> = requests.iter().map(|id| ("/quotes", &**id)).collect();
    let lines = logged(routes().layer(layer), "info", &requests);
    let ids: Vec<&str> = lines
        .iter()
        .map(|line| line["request_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["q-0", "q-4", "q-8"]);
}

#[test]
fn a_client_that_leaves_has_a_line_with_its_ids() {
    callsites_stay_on();
    let capture = Capture::new();
    let config = LoggingConfig::new("svc", "test").capture(&capture);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let app = Router::new()
        .route(
            "/hang",
            get(|| async {
                bongsu_logging::set_user_id("kim");
                std::future::pending::<()>().await;
            }),
        )
        .layer(MonitorLayer::new());
    config.build().unwrap().with_default(|| {
        runtime.block_on(async {
            let request = Request::get("/hang").header("x-request-id", "req-1");
            let request = app.oneshot(request.body(Body::empty()).unwrap());
            let left = tokio::time::timeout(std::time::Duration::from_millis(20), request);
            assert!(left.await.is_err());
        });
    });
    let lines = parse(&capture);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["level"], "WARN");
    assert_eq!(lines[0]["status"], 499);
    assert_eq!(lines[0]["aborted"], true);
    assert_eq!(lines[0]["request_id"], "req-1");
    assert_eq!(lines[0]["user_id"], "kim");
}

/// Both lines: that of the panic hook, which is for the process and so is installed for it, and ours.
#[test]
fn the_lines_of_a_panic_carry_the_request_id() {
    callsites_stay_on();
    let capture = Capture::new();
    let config = LoggingConfig::new("svc", "test").capture(&capture);
    let _guard = config.build().unwrap().install().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let app = Router::new()
        .route(
            "/panic",
            get(|id: RequestId| async move {
                assert!(id.as_str().is_empty(), "no such account");
            }),
        )
        .layer(MonitorLayer::new());
    runtime.block_on(async {
        let request = Request::get("/panic").header("x-request-id", "req-panic");
        let request = request.body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    });
    // Other tests of this process may have panicked, and been logged, meanwhile.
    let lines = parse(&capture);
    let of = |logger: &str| {
        let ours = |line: &&Value| line["logger"] == logger && line["request_id"] == "req-panic";
        lines.iter().filter(ours).collect::<Vec<_>>()
    };
    let hook = of("panic");
    assert_eq!(hook.len(), 1, "{lines:?}");
    assert_eq!(hook[0]["message"], "no such account");
    let told = of("bongsu_axum_glue::monitor::exchange");
    assert_eq!(told.len(), 1, "{lines:?}");
    assert_eq!(told[0]["endpoint"], "/panic");
    let access = of("access");
    assert_eq!(access.len(), 1);
    assert_eq!(access[0]["status"], 500);
    assert_eq!(access[0]["level"], "WARN");
}

/// A service may log and panic before it has made its future.
#[test]
fn a_panic_of_the_call_itself_has_its_lines_too() {
    let service = tower::service_fn(|_: Request<Body>| {
        tracing::info!("called");
        assert!(std::thread::panicking(), "no future");
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty())))
    });
    // Around the service itself: axum's own routes are only called by their futures.
    let app = Router::new().route_service("/panic", MonitorLayer::new().layer(service));
    let lines = logged(app, "info", &[("/panic", "req-1")]);
    let messages: Vec<&str> = lines
        .iter()
        .map(|line| {
            assert_eq!(line["request_id"], "req-1", "{line}");
            line["message"].as_str().unwrap()
        })
        .collect();
    // The hook of another test's logging may be there or not: its line goes to whoever is in force here.
    let ours: Vec<&str> = messages
        .into_iter()
        .filter(|message| *message != "no future")
        .collect();
    assert_eq!(ours, ["called", "handler panicked", "GET /panic"]);
}
