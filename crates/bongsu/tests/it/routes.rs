//! A service with routes that the operations have too, on ports that the system chooses, or with a server of
//! its own.

use std::path::Path;

use axum::{Router, routing::get};
use bongsu::{Bongsu, Builder, Config, Error};
use bongsu_testkit::servers::http_get;
use tokio::{net::TcpListener, sync::oneshot, task::spawn};

fn builder(dir: &Path) -> Builder {
    let config = Config::from_vars([
        ("SERVICE_NAME", "routes"),
        ("BONGSU_DATA_DIR", dir.to_str().unwrap()),
        ("BONGSU_BIND", "127.0.0.1:0"),
        ("BONGSU_DRAIN_SECONDS", "0"),
    ]);
    Bongsu::builder(config.unwrap())
}

/// What is answered, or why not.
async fn ask(port: u16, path: &'static str) -> String {
    let asked = tokio::task::spawn_blocking(move || http_get(port, path));
    let answer = asked.await.unwrap();
    answer.unwrap_or_else(|error| error.to_string())
}

fn app() -> Router {
    Router::new()
        .route("/health", get(|| async { "mine" }))
        .route("/metrics", get(|| async { "mine too" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_has_itself_is_left_to_it_if_asked() {
    let dir = tempfile::tempdir().unwrap();
    let bongsu = builder(dir.path()).own_routes().start().await.unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let serving = bongsu.clone();
    let served = spawn(async move {
        serving
            .serve_until(app(), async { drop(ended.await) })
            .await
    });
    let port = bongsu.listening().await[0].address().unwrap().port();
    assert_ne!(port, 0, "the port that the system chose");
    assert_eq!(ask(port, "/health").await, "mine");
    assert_eq!(ask(port, "/metrics").await, "mine too");
    let alive = ask(port, "/liveness").await;
    assert!(alive.contains("alive"), "{alive}");
    assert!(ask(port, "/console").await.contains("<html"));
    assert!(ask(port, "/no-such").await.contains("404"));
    // Bongsu's own are still no traffic of the service's.
    let page = bongsu.metrics().export_metrics();
    let counted = |endpoint: &str| {
        let sample = format!(r#"http_requests_total{{endpoint="{endpoint}""#);
        page.lines().any(|line| line.starts_with(&sample))
    };
    assert!(counted("/health") && !counted("/liveness"), "{page}");
    end.send(()).unwrap();
    served.await.unwrap().unwrap();
}

/// What a parameter is called, or that a whole tree hangs there, makes no difference.
#[tokio::test(flavor = "multi_thread")]
async fn routes_that_only_look_like_bongsus_are_found_too() {
    let mine = || async { "mine" };
    let apps = [
        Router::new().route("/admin/reports/{id}", get(mine)),
        Router::new().nest(
            "/console/reports",
            Router::new().route("/today", get(mine)).fallback(mine),
        ),
        Router::new().nest_service("/admin", Router::new().fallback(mine)),
    ];
    for app in apps {
        let dir = tempfile::tempdir().unwrap();
        let bongsu = builder(dir.path()).start().await.unwrap();
        let error = bongsu.serve_until(app.clone(), async {}).await.unwrap_err();
        assert!(matches!(error, Error::Route { .. }), "{error}");
        let dir = tempfile::tempdir().unwrap();
        let bongsu = builder(dir.path()).own_routes().start().await.unwrap();
        let served = bongsu.serve_until(app, async {});
        served.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_left_to_it_is_an_error_that_says_what_helps() {
    let dir = tempfile::tempdir().unwrap();
    let bongsu = builder(dir.path()).start().await.unwrap();
    let error = bongsu.serve_until(app(), async {}).await.unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, Error::Route { .. }), "{said}");
    for word in ["/health", "METRICS_PORT", "own_routes"] {
        assert!(said.contains(word), "{word} is not named: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_its_own_says_who_is_connected() {
    let dir = tempfile::tempdir().unwrap();
    let bongsu = builder(dir.path()).start().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let service = bongsu.make_service(Router::new().route("/orders", get(|| async { "none" })));
    let stop = bongsu.stop_token();
    let served = spawn(async move {
        let server = axum::serve(listener, service);
        server
            .with_graceful_shutdown(async move { stop.stopped().await })
            .await
    });
    assert_eq!(ask(port, "/orders").await, "none");
    assert!(ask(port, "/console").await.contains("<html"));
    bongsu.drain();
    bongsu.shutdown().await;
    served.await.unwrap().unwrap();
}
