//! One router, watched in different ways.

use std::convert::Infallible;
use std::fs::File;
use std::path::Path;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use axum_prometheus::PrometheusMetricLayer;
use bongsu_axum_glue::MonitorLayer;
use bongsu_logging::{LogGuard, LoggingConfig, Rotation};
use bongsu_metrics::ServiceMetrics;
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tower_layer::Layer;
use tower_service::Service;
use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

/// How the route is watched. The first is what the others are compared with.
pub const NAMES: [&str; 6] = ["bare", "empty", "no_line", "no_metrics", "bongsu", "peers"];

/// Where memory and sockets happen to lie makes one process of a variant faster than the next: there is more
/// than one.
const GENERATIONS: usize = 9;

/// What each variant was measured at, in the order of [`NAMES`], by processes that start anew, a folder for
/// each start.
pub fn generations<T: Clone>(dir: &Path, measure: fn(&Path, &mut [Vec<T>])) -> Vec<Vec<T>> {
    let mut all = vec![Vec::new(); NAMES.len()];
    for _ in 0..GENERATIONS {
        let dir = tempfile::tempdir_in(dir).expect("a folder");
        measure(dir.path(), &mut all);
    }
    all
}

/// What must live as long as the router.
#[derive(Default)]
pub struct Guards {
    _log: Option<LogGuard>,
    _appender: Option<WorkerGuard>,
}

/// The router of this name, and its log in force in this process.
pub fn build(name: &str, dir: &Path) -> (Router, Guards) {
    let (router, guards) = watched(name, dir);
    // What a server does before it serves: routes are made of the handlers once, not for each request.
    (router.with_state(()), guards)
}

fn watched(name: &str, dir: &Path) -> (Router, Guards) {
    let app = Router::new().route("/orders", get(|| async { "ok" }));
    let log = |level| Guards {
        _log: Some(logging(dir, level)),
        ..Guards::default()
    };
    match name {
        "bare" => (app, Guards::default()),
        "empty" => (app.layer(Empty), Guards::default()),
        "no_line" => (
            app.layer(MonitorLayer::new().metrics(metrics())),
            log("warn"),
        ),
        "no_metrics" => (app.layer(MonitorLayer::new()), log("info")),
        // As the facade wires it.
        "bongsu" => {
            let layer = MonitorLayer::new().metrics(metrics()).on_panic(|_| {});
            (app.layer(layer), log("info"))
        }
        "peers" => peers(app, dir),
        other => panic!("no variant {other:?}"),
    }
}

fn metrics() -> ServiceMetrics {
    ServiceMetrics::new("bench").expect("a name")
}

fn logging(dir: &Path, level: &str) -> LogGuard {
    LoggingConfig::new("bench", "production")
        .level(level)
        .stdout(false)
        .dir(Some(dir.into()))
        .rotation(Rotation::never())
        // As the facade with the console has it.
        .recent(1 << 20)
        .build()
        .and_then(bongsu_logging::Logging::install)
        .expect("a valid set-up")
}

/// axum-prometheus for metrics, tower-http's trace and `fmt().json()` for a line a request, through
/// tracing-appender's background writer.
fn peers(app: Router, dir: &Path) -> (Router, Guards) {
    let file = File::create(dir.join("peers.log")).expect("a file");
    let (writer, guard) = NonBlockingBuilder::default().lossy(false).finish(file);
    tracing_subscriber::fmt().json().with_writer(writer).init();
    let (metrics, _handle) = PrometheusMetricLayer::pair();
    let trace = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO));
    let guards = Guards {
        _appender: Some(guard),
        ..Guards::default()
    };
    (app.layer(metrics).layer(trace), guards)
}

/// A layer that does nothing: what axum itself takes for having one.
#[derive(Clone)]
struct Empty;

impl<S> Layer<S> for Empty {
    type Service = Passing<S>;

    fn layer(&self, inner: S) -> Passing<S> {
        Passing(inner)
    }
}

#[derive(Clone)]
struct Passing<S>(S);

impl<S: Service<Request, Error = Infallible>> Service<Request> for Passing<S> {
    type Response = S::Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> S::Future {
        self.0.call(request)
    }
}
