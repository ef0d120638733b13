//! What a probe costs, beside a route that answers with a constant.
//!
//! `figure health_probe_vs_static N`: thread CPU time of a cached `/health` over that of a static 200 of
//! the same bytes and headers, both handlers of the same axum router, in process; the request is made
//! before the clock starts, the body is not copied. Median over interleaved rounds.
//!
//! `figure health_router_vs_static N`: the same for the ready-made router of bongsu-axum-glue, which also
//! reads `Accept` and decides about detail.
//!
//! `figure probe_storm_check_runs N`: check runs that 1,000 probes at once add.
//!
//! `figure refresh_storm_check_runs N`: check runs that 1,000 refreshes of one check at once cause.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use axum::routing::get;
use bongsu_axum_glue::{DetailPolicy, health_router};
use bongsu_health::{Check, CheckOutput, DependencyType, HealthCheck, SystemResources};
use bytes::Bytes;
use tower_service::Service;

const REQUESTS: usize = 4_000;
const ROUNDS: usize = 61;

fn health(runs: &Arc<AtomicUsize>) -> HealthCheck {
    let checks = ["postgres", "redis", "broker", "market-data"].map(|name| {
        let runs = Arc::clone(runs);
        Check::new(name, DependencyType::Service, move || {
            runs.fetch_add(1, Ordering::SeqCst);
            async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(CheckOutput::ok()
                    .metadata("pool_size", 10)
                    .metadata("pool_idle", 7))
            }
        })
    });
    let built = HealthCheck::builder("trading-engine")
        .version("1.4.0")
        .checks(checks)
        .build();
    let health = built.expect("the set-up is right");
    health.set_system_resources(SystemResources::default());
    health
}

type Reply = (StatusCode, [(HeaderName, HeaderValue); 2], Bytes);

fn reply(status: u16, content_type: &'static str, body: Bytes) -> Reply {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        headers,
        body,
    )
}

fn cached(health: HealthCheck) -> Router {
    async fn answer(State(health): State<HealthCheck>) -> Reply {
        let probe = health.health_response(true, false);
        reply(probe.status, probe.content_type, probe.body)
    }
    Router::new()
        .route("/health", get(answer))
        .with_state(health)
}

fn constant(body: Bytes) -> Router {
    async fn answer(State(body): State<Bytes>) -> Reply {
        reply(200, "application/json", body)
    }
    Router::new().route("/health", get(answer)).with_state(body)
}

fn cpu_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// Nanoseconds of CPU a request.
async fn cost(router: &mut Router) -> f64 {
    let request = || {
        Request::get("/health")
            .header("host", "svc:8080")
            .header("accept", "*/*")
            .body(Body::empty())
    };
    let requests: Vec<_> = (0..REQUESTS)
        .map(|_| request().expect("a request"))
        .collect();
    let mut responses = Vec::with_capacity(REQUESTS);
    let before = cpu_time();
    for request in requests {
        let Ok(response) = router.call(request).await;
        responses.push(response);
    }
    let took = cpu_time() - before;
    assert!(responses.iter().all(|r| r.status() == StatusCode::OK));
    took.as_nanos() as f64 / REQUESTS as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

fn main() {
    let runs = Arc::new(AtomicUsize::new(0));
    let health = health(&runs);
    // The checks run where they would in a service: somewhere else.
    let elsewhere = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    elsewhere.spawn(health.run());
    block_on(health.refresh_all());

    let (probe, ready_made) = block_on(async {
        let body = health.health_response(true, false).body;
        let mut routers = [
            constant(body),
            cached(health.clone()),
            health_router(health.clone(), DetailPolicy::Always),
        ];
        let mut ratios: [Vec<f64>; 2] = Default::default();
        for round in 0..ROUNDS {
            let mut costs = [0.0; 3];
            for step in 0..3 {
                let which = (round + step) % 3;
                costs[which] = cost(&mut routers[which]).await;
            }
            // The first rounds warm the caches.
            if round >= 5 {
                ratios[0].push(costs[1] / costs[0]);
                ratios[1].push(costs[2] / costs[0]);
            }
            if round == ROUNDS - 1 {
                eprintln!(
                    "ns a request: static {:.0}, cached {:.0}, ready-made {:.0}",
                    costs[0], costs[1], costs[2]
                );
            }
        }
        let [probe, ready_made] = ratios.map(median);
        (probe, ready_made)
    });
    println!("figure health_probe_vs_static {probe:.3}");
    println!("figure health_router_vs_static {ready_made:.3}");

    // Undriven from here, so that every run counted is the storm's.
    elsewhere.shutdown_background();
    block_on(async {
        health.refresh_all().await;
        let before = runs.load(Ordering::SeqCst);
        let router = cached(health.clone());
        let probes = (0..1_000).map(|_| {
            let mut router = router.clone();
            async move {
                router
                    .call(
                        Request::get("/health")
                            .body(Body::empty())
                            .expect("a request"),
                    )
                    .await
            }
        });
        futures_util::future::join_all(probes).await;
        println!(
            "figure probe_storm_check_runs {}",
            runs.load(Ordering::SeqCst) - before
        );

        let before = runs.load(Ordering::SeqCst);
        futures_util::future::join_all((0..1_000).map(|_| health.refresh("redis"))).await;
        println!(
            "figure refresh_storm_check_runs {}",
            runs.load(Ordering::SeqCst) - before
        );
    });
}
