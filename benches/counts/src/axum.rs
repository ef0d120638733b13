//! What watching adds to a request.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::Uri;
use axum::routing::get;
use bongsu_axum_glue::MonitorLayer;
use bongsu_logging::{LogGuard, Logging, LoggingConfig, Rotation};
use bongsu_metrics::ServiceMetrics;
use http_body_util::BodyExt;
use tokio::runtime::Runtime;
use tower_service::Service;

use crate::{alloc, callgrind::count, figure};

struct World {
    runtime: Runtime,
    router: RefCell<Router>,
}

impl World {
    fn new(watch: impl FnOnce(Router) -> Router) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let app = Router::new().route("/orders", get(|| async { "ok" }));
        Self {
            runtime: runtime.expect("a runtime"),
            router: RefCell::new(watch(app).with_state(())),
        }
    }

    fn bare() -> Self {
        Self::new(|app| app)
    }

    /// As the facade wires it.
    fn watched() -> Self {
        let metrics = ServiceMetrics::new("bench").expect("a name");
        Self::new(|app| app.layer(MonitorLayer::new().metrics(metrics).on_panic(|_| {})))
    }

    fn ask(&self, n: usize) {
        let mut router = self.router.borrow_mut();
        let peer = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4_000)));
        // Shared, as what comes from a socket: to clone it is not to allocate.
        let uri = Uri::from_maybe_shared(Bytes::from("/orders".to_owned())).expect("a path");
        self.runtime.block_on(async {
            for _ in 0..n {
                let request = Request::get(uri.clone())
                    .header("host", "svc:8080")
                    .header("accept", "*/*")
                    .extension(peer)
                    .body(Body::empty())
                    .expect("a request");
                let Ok(response) = router.call(request).await;
                let body = response.into_body().collect().await.expect("a body");
                assert_eq!(body.to_bytes().len(), 2);
            }
        });
    }
}

#[inline(never)]
fn bare_request(world: &World, n: usize) {
    world.ask(n);
}

#[inline(never)]
fn watched_request(world: &World, n: usize) {
    world.ask(n);
    std::hint::black_box(n);
}

fn logging(dir: &Path) -> LogGuard {
    LoggingConfig::new("bench", "production")
        .stdout(false)
        .dir(Some(dir.into()))
        .rotation(Rotation::never())
        // As the facade with the console has it.
        .recent(1 << 20)
        .build()
        .and_then(Logging::install)
        .expect("a valid set-up")
}

/// What needs no callgrind.
pub fn figures() {
    let dir = tempfile::tempdir().expect("a folder");
    let _log = logging(dir.path());
    let (bare, watched) = (World::bare(), World::watched());
    let allocs = |world: &World| {
        world.ask(100);
        alloc::allocations(|| world.ask(1_000)) / 1_000.0
    };
    figure(
        "axum_request_allocs_added",
        allocs(&watched) - allocs(&bare),
    );
}

/// What runs under callgrind.
pub fn under_callgrind() {
    let dir = tempfile::tempdir().expect("a folder");
    let _log = logging(dir.path());
    count(bare_request, &World::bare());
    count(watched_request, &World::watched());
}
