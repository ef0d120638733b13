//! The admin router's own duties: who may, what is refused and why, what the log says.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode},
};
use bongsu_axum_glue::{MonitorLayer, OpsPolicy, admin_router};
use bongsu_logging::{Capture, LoggingConfig};
use bongsu_ops::{
    AboutAlert, AlertDesk, LogDesk, LogLevelNow, Operator, OpsError, OpsResult, Service,
    ServiceDesk, SetLogLevel, Snapshot, Tested,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::callsites_stay_on;

/// Notes what it was asked.
#[derive(Default)]
struct Ops(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl ServiceDesk for Ops {
    async fn snapshot(&self) -> Snapshot {
        Snapshot::new(jiff::Timestamp::UNIX_EPOCH, Service::default())
    }
}

#[async_trait::async_trait]
impl LogDesk for Ops {
    async fn set_level(&self, asked: &SetLogLevel) -> OpsResult<LogLevelNow> {
        let SetLogLevel { level, .. } = asked;
        let note = format!("{level} {:?}", asked.lasts());
        self.0.lock().unwrap().push(note);
        Ok(LogLevelNow {
            level: level.clone(),
            lasts_seconds: asked.for_seconds,
        })
    }
}

#[async_trait::async_trait]
impl AlertDesk for Ops {
    async fn acknowledge(&self, asked: &AboutAlert) -> OpsResult<()> {
        let AboutAlert { key, by, .. } = asked;
        self.0.lock().unwrap().push(format!("{key} {by}"));
        Err(OpsError::NotFound(format!("no alert {key:?}")))
    }

    async fn test_channel(&self, channel: &str) -> OpsResult<Tested> {
        self.0.lock().unwrap().push(channel.to_owned());
        Ok(Tested {
            channel: channel.to_owned(),
            outcome: "delivered".to_owned(),
        })
    }
}

fn app(policy: OpsPolicy) -> (Router, Arc<Ops>) {
    let ops = Arc::new(Ops::default());
    let operator = Operator::new(ops.clone())
        .with_alerts(ops.clone())
        .with_logs(ops.clone());
    (admin_router(operator, policy), ops)
}

async fn send(app: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&body);
    (status, serde_json::from_str(&text).unwrap_or(json!(text)))
}

fn put_level(body: &str) -> Request<Body> {
    Request::put("/admin/log-level")
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn bodies_are_refused_with_a_reason() {
    let (app, ops) = app(OpsPolicy::open());
    let long = format!(r#"{{"level":"{}"}}"#, "x".repeat(17 * 1024));
    for (body, status, reason) in [
        ("", StatusCode::BAD_REQUEST, "EOF"),
        ("{", StatusCode::BAD_REQUEST, "EOF"),
        (r#"{"level":7}"#, StatusCode::BAD_REQUEST, "string"),
        (r#"{"for_seconds":1}"#, StatusCode::BAD_REQUEST, "level"),
        (
            r#"{"level":"debug","forever":true}"#,
            StatusCode::BAD_REQUEST,
            "forever",
        ),
        (
            r#"{"level":"debug","for_seconds":0}"#,
            StatusCode::BAD_REQUEST,
            "for_seconds",
        ),
        (
            r#"{"level":"debug","for_seconds":99999999}"#,
            StatusCode::BAD_REQUEST,
            "30 days",
        ),
        (&long, StatusCode::PAYLOAD_TOO_LARGE, "16384 bytes"),
    ] {
        let (got, answer) = send(&app, put_level(body)).await;
        assert_eq!(got, status, "{body:.80}: {answer}");
        let said = answer["error"].as_str().unwrap();
        assert!(said.contains(reason), "{body:.80}: {said}");
    }
    let form = Request::put("/admin/log-level")
        .header("content-type", "text/plain")
        .body(Body::from(r#"{"level":"debug"}"#))
        .unwrap();
    let (status, _) = send(&app, form).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(ops.0.lock().unwrap().is_empty(), "nothing was done");

    let (status, _) = send(&app, put_level(r#"{"level":"debug","for_seconds":60}"#)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(*ops.0.lock().unwrap(), ["debug Some(60s)"]);
}

#[tokio::test]
async fn errors_have_their_statuses() {
    let (app, _) = app(OpsPolicy::open());
    let post = |path: &str, body: Value| {
        Request::post(path)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    let asked = json!({ "key": "k", "by": "kim" });
    let (status, answer) = send(&app, post("/admin/alerts/acknowledge", asked)).await;
    assert_eq!(
        (status, &answer["error"]),
        (StatusCode::NOT_FOUND, &json!("no alert \"k\""))
    );
    let nobody = json!({ "key": "k", "by": " " });
    let (status, _) = send(&app, post("/admin/alerts/acknowledge", nobody)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let everything = json!({ "for_seconds": 60, "by": "kim" });
    let (status, answer) = send(&app, post("/admin/silences", everything)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    let missing = Request::get("/admin/reports/2026-05-28")
        .body(Body::empty())
        .unwrap();
    let (status, answer) = send(&app, missing).await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert_eq!(answer["error"], "this service runs without reports");
    let odd = Request::get("/admin/alerts/history?hours=many")
        .body(Body::empty())
        .unwrap();
    assert_eq!(send(&app, odd).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn wrong_tokens_are_refused_then_limited() {
    let (app, ops) = app(OpsPolicy::token("right"));
    let fire = |token: &str| {
        Request::post("/admin/channels/slack/test")
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap()
    };
    for _ in 0..10 {
        assert_eq!(send(&app, fire("wrong")).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        send(&app, fire("wrong")).await.0,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert!(ops.0.lock().unwrap().is_empty());
    assert_eq!(send(&app, fire("right")).await.0, StatusCode::OK);
    assert_eq!(*ops.0.lock().unwrap(), ["slack"]);
}

#[test]
fn every_request_is_one_audit_line() {
    callsites_stay_on();
    let capture = Capture::new();
    let logging = LoggingConfig::new("svc", "test")
        .capture(&capture)
        .build()
        .unwrap();
    logging.with_default(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (app, _) = app(OpsPolicy::token("s3cret"));
            let app = app.layer(MonitorLayer::new());
            let mut done = put_level(r#"{"level":"debug"}"#);
            let token = "Bearer s3cret".parse().unwrap();
            done.headers_mut().insert("authorization", token);
            done.headers_mut()
                .insert("x-request-id", "req-7".parse().unwrap());
            let peer: SocketAddr = "10.0.0.9:4000".parse().unwrap();
            done.extensions_mut().insert(ConnectInfo(peer));
            assert_eq!(send(&app, done).await.0, StatusCode::OK);
            let refused = put_level(r#"{"level":"trace"}"#);
            assert_eq!(send(&app, refused).await.0, StatusCode::UNAUTHORIZED);
        });
    });
    let lines: Vec<Value> = capture
        .lines()
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["logger"] == "audit")
        .collect();
    assert_eq!(lines.len(), 2, "{}", capture.text());
    let [done, refused] = &lines[..] else {
        unreachable!()
    };
    assert_eq!(done["logger"], "audit");
    assert_eq!(done["level"], "INFO");
    assert_eq!(done["about"], "log level debug");
    assert_eq!(done["request_id"], "req-7", "{}", capture.text());
    assert_eq!(done["route"], "/admin/log-level");
    assert_eq!(done["peer"], "10.0.0.9:4000");
    assert_eq!(refused["level"], "WARN");
    assert_eq!(refused["status"], 401);
    assert!(!capture.text().contains("s3cret"));
    assert!(
        !capture.text().contains("level trace"),
        "what was refused is not looked at"
    );
}
