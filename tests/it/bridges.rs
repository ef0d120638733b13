//! One monitored service in process: what one part sees, the others tell.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, http::Request, routing::get};
use bongsu::{
    Bongsu, Config,
    health::{Check, CheckError, CheckOutput, DependencyType},
};
use bongsu_tests::{Receiver, eventually};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

async fn get_text(app: &Router, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn about<'a>(received: &'a [Value], key: &str, status: &str) -> Option<&'a Value> {
    received
        .iter()
        .find(|alert| alert["key"] == key && alert["status"] == status)
}

// One test: the log and the metrics recorder are global, so a process has one monitored service.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_part_sees_the_others_tell() {
    let dir = tempfile::tempdir().unwrap();
    let (receiver, url) = Receiver::start().await;
    let vars = BTreeMap::from([
        ("SERVICE_NAME", "bridged".to_owned()),
        ("BONGSU_DATA_DIR", dir.path().display().to_string()),
        ("ALERT_WEBHOOK_URLS", url),
        ("BONGSU_RESOURCE_INTERVAL_SECONDS", "1".to_owned()),
        ("DISK_WARNING_THRESHOLD", "1".to_owned()),
        ("BONGSU_ALERT_COOLDOWN_SECONDS", "0".to_owned()),
        ("BONGSU_ALERT_ON_ERRORS", "true".to_owned()),
    ]);
    let broken = Arc::new(AtomicBool::new(false));
    let flag = broken.clone();
    let broker = Check::new("broker", DependencyType::ExternalApi, move || {
        let down = flag.load(Ordering::SeqCst);
        async move {
            if down {
                Err(CheckError::new("no answer"))
            } else {
                Ok(CheckOutput::ok())
            }
        }
    })
    .interval(Duration::from_millis(100));
    let bongsu = Bongsu::builder(Config::from_vars(&vars).unwrap())
        .version("1.2.3")
        .check(broker)
        .start()
        .await
        .unwrap();
    let app = bongsu.wrap(Router::new().route(
        "/panic",
        get(async || -> &'static str { panic!("broke on purpose") }),
    ));

    // Health to metrics, and the body that an operator reads.
    eventually("ready", || async {
        (get_text(&app, "/ready").await.0 == 200).then_some(())
    })
    .await;
    let (status, page) = get_text(&app, "/metrics").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("health_dependency_up{name=\"broker\"} 1"),
        "{page}"
    );
    assert!(
        page.contains(
            "service_info{environment=\"development\",service_name=\"bridged\",version=\"1.2.3\"} 1"
        ),
        "{page}"
    );

    // A dependency that fails is an alert; its recovery resolves it.
    broken.store(true, Ordering::SeqCst);
    eventually("the broker's alert", || async {
        about(&receiver.received(), "health|broker", "firing").cloned()
    })
    .await;
    eventually("503", || async {
        (get_text(&app, "/health").await.0 == 503).then_some(())
    })
    .await;
    broken.store(false, Ordering::SeqCst);
    eventually("its end", || async {
        about(&receiver.received(), "health|broker", "resolved").cloned()
    })
    .await;

    // A crossed threshold is an alert, and the sample is in the metrics and in /health.
    let disk = eventually("the disk's alert", || async {
        about(&receiver.received(), "resource|disk", "firing").cloned()
    })
    .await;
    assert_eq!(disk["level"], "warning");
    assert!(disk["title"].as_str().unwrap().contains("DISK"), "{disk}");
    let (_, page) = get_text(&app, "/metrics").await;
    assert!(
        page.lines()
            .any(|line| line.starts_with("system_disk_percent ")),
        "{page}"
    );
    let (_, health) = get_text(&app, "/health").await;
    let health: Value = serde_json::from_str(&health).unwrap();
    assert!(
        health["system_resources"]["memory_used_mb"]
            .as_f64()
            .unwrap()
            > 0.0,
        "{health}"
    );

    // A panic is a 500, a count and an alert.
    assert_eq!(get_text(&app, "/panic").await.0, 500);
    eventually("the panic's alert", || async {
        about(&receiver.received(), "panic|GET /panic", "firing").cloned()
    })
    .await;

    // An error that is only logged is an alert; the alert's own line in the log is none.
    tracing::error!(order = 7, "order book out of step");
    let logged = eventually("the logged error's alert", || async {
        let all = receiver.received();
        all.into_iter()
            .find(|alert| alert["message"] == "order book out of step")
    })
    .await;
    assert!(
        logged["key"]
            .as_str()
            .unwrap()
            .starts_with("log|tests/it/bridges.rs:"),
        "{logged}"
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    let all = receiver.received();
    let of_logs = all.iter().filter(|alert| alert["tags"][0] == "log");
    let mut titles: Vec<&str> = of_logs
        .filter_map(|alert| alert["title"].as_str())
        .collect();
    titles.sort_unstable();
    let [error, panic] = titles[..] else {
        panic!("the error and the panic, once each: {titles:?}");
    };
    assert_eq!(error, "Error logged by it::bridges");
    assert!(
        panic.starts_with("Panic at tests/it/bridges.rs:"),
        "{panic}"
    );

    // What was delivered is counted, and the log's own counts are exported.
    let (_, page) = get_text(&app, "/metrics").await;
    let counted = |series: &str| {
        page.lines()
            .any(|line| line.starts_with(series) && !line.ends_with(" 0"))
    };
    assert!(
        counted("alerts_sent_total{alert_type=\"health\",channel=\"webhook\"}"),
        "{page}"
    );
    assert!(counted("http_panics_total"), "{page}");
    assert!(counted("log_events_total{level=\"error\"}"), "{page}");

    bongsu.shutdown().await;
    bongsu.shutdown().await;
}
