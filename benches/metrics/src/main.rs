//! What recording and rendering cost, beside other libraries. One line a figure: `figure <name> <value>`.
//!
//! `x_vs_<peer>` is the peer's cost over ours; `_vs_floor` is ours over the floor's.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bongsu_metrics::{FamilyBuilder, ServiceMetrics};
use measured::MetricGroup as _;

mod held;
mod meter;
mod peers;
mod work;

#[global_allocator]
static ALLOCATOR: meter::Counting = meter::Counting;

const LINES: usize = 100_000;

fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}

fn main() {
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next()) {
        (Some("rss"), Some(who)) => return rss(&who),
        (Some("only"), Some(what)) => return only(&what),
        _ => {}
    }
    http();
    two_threads();
    allocations();
    trade();
    held::figures();
    scrape();
    middleware();
    memory();
}

fn memory() {
    for who in [
        "empty",
        "bongsu",
        "exporter",
        "prometheus",
        "prometheus_client",
        "measured",
    ] {
        let out = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["rss", who])
            .output()
            .unwrap();
        print!("{}", String::from_utf8_lossy(&out.stdout));
    }
}

fn only(what: &str) {
    match what {
        "http" => http(),
        "two" => two_threads(),
        "trade" => trade(),
        "held" => held::figures(),
        "scrape" => scrape(),
        "middleware" => middleware(),
        "rss" => memory(),
        // For a profiler: this crate alone.
        "scrape_alone" => {
            let ours = fill_ours();
            let mut page = [(
                "bongsu",
                Box::new(|_| drop(black_box(ours.render(None, None)))) as Box<dyn FnMut(usize)>,
            )];
            let time = meter::race(&mut page, 301, 1)[0].1;
            figure("scrape_100k_alone_ns_per_line", time / LINES as f64);
        }
        "allocations" => allocations(),
        _ => eprintln!("http two trade held scrape middleware allocations rss"),
    }
}

/// The seven increments that a request cannot do without, on memory nobody else touches.
struct Floor([[AtomicU64; 8]; 32]);

impl Floor {
    fn new() -> Self {
        Self([const { [const { AtomicU64::new(0) }; 8] }; 32])
    }
    fn http(&self, r: &work::Request) {
        let cells = &self.0[r.route];
        cells[0].fetch_add(1, Relaxed);
        cells[1].fetch_add(1, Relaxed);
        cells[2].fetch_add(r.duration.as_nanos() as u64, Relaxed);
        cells[3].fetch_add(1, Relaxed);
        cells[4].fetch_add(r.request, Relaxed);
        cells[5].fetch_add(1, Relaxed);
        cells[6].fetch_add(r.response, Relaxed);
    }
}

fn ours() -> (ServiceMetrics, Vec<bongsu_metrics::HttpRoute>) {
    let metrics = ServiceMetrics::new("bench").unwrap();
    let mut routes: Vec<Option<bongsu_metrics::HttpRoute>> = vec![None; 32];
    for r in work::requests() {
        routes[r.route] = Some(metrics.http_route(r.method, r.endpoint));
    }
    (metrics, routes.into_iter().map(Option::unwrap).collect())
}

fn each<'a>(
    requests: &'a [work::Request],
    mut f: impl FnMut(&work::Request) + 'a,
) -> Box<dyn FnMut(usize) + 'a> {
    Box::new(move |n| {
        for i in 0..n {
            f(black_box(&requests[i & 1023]));
        }
    })
}

fn http() {
    let requests = work::requests();
    let (metrics, routes) = ours();
    let floor = Floor::new();
    let prom = peers::prom::Prom::new();
    let client = peers::client::Client::new();
    let measured = peers::Measured::new();
    let otel = peers::otel::Otel::new();
    let mut bound: Vec<Option<peers::otel::Route>> = (0..32).map(|_| None).collect();
    for r in &requests {
        bound[r.route].get_or_insert_with(|| otel.route(r));
    }
    let bound: Vec<_> = bound.into_iter().map(Option::unwrap).collect();
    let exporter = peers::exporter::new();
    let handle = exporter.handle();
    let guarded = ServiceMetrics::builder("bench").build().unwrap();
    let recorder = guarded.recorder();
    let times = meter::race(
        &mut [
            ("floor", each(&requests, |r| floor.http(r))),
            (
                "resolved",
                each(&requests, |r| {
                    routes[r.route].record(r.status, r.duration, r.request, r.response)
                }),
            ),
            (
                "by_name",
                each(&requests, |r| {
                    metrics.record_request(
                        r.method, r.endpoint, r.status, r.duration, r.request, r.response,
                    )
                }),
            ),
            ("prometheus", each(&requests, |r| prom.http(r))),
            ("prometheus_client", each(&requests, |r| client.http(r))),
            ("measured", each(&requests, |r| measured.http(r))),
            ("opentelemetry", each(&requests, |r| otel.http(r))),
            (
                "opentelemetry_bound",
                each(&requests, |r| bound[r.route].http(r)),
            ),
            (
                "exporter",
                Box::new(|n| {
                    metrics::with_local_recorder(&exporter, || {
                        for i in 0..n {
                            peers::exporter::http(black_box(&requests[i & 1023]));
                        }
                    });
                    // What it queued is part of its cost.
                    handle.run_upkeep();
                }),
            ),
            (
                "macros_guarded",
                Box::new(|n| {
                    metrics::with_local_recorder(&recorder, || {
                        for i in 0..n {
                            peers::exporter::http(black_box(&requests[i & 1023]));
                        }
                    });
                    let _ = guarded.render(None, None);
                }),
            ),
        ],
        21,
        20_000,
    );
    let of = |name: &str| times.iter().find(|(n, _)| n == name).unwrap().1;
    for (name, time) in &times {
        figure(&format!("http_{name}_ns"), *time);
    }
    for peer in [
        "exporter",
        "prometheus",
        "prometheus_client",
        "measured",
        "opentelemetry",
        "opentelemetry_bound",
    ] {
        figure(&format!("http_vs_{peer}"), of(peer) / of("resolved"));
        figure(&format!("http_by_name_vs_{peer}"), of(peer) / of("by_name"));
    }
    // The same macros through the guard; the ratio is the exporter's cost over the guarded one's.
    figure("macros_vs_exporter", of("exporter") / of("macros_guarded"));
    figure("http_vs_floor", of("resolved") / of("floor"));
}

fn two_threads() {
    let requests = work::requests();
    let (_metrics, routes) = ours();
    let prom = peers::prom::Prom::new();
    let measured = peers::Measured::new();
    let client = peers::client::Client::new();
    let exporter = peers::exporter::new();
    let handle = exporter.handle();
    let requests = &requests;
    fn looped<'a>(
        requests: &'a [work::Request],
        f: impl Fn(&work::Request) + Sync + 'a,
    ) -> Box<dyn Fn(usize) + Sync + 'a> {
        Box::new(move |n| (0..n).for_each(|i| f(black_box(&requests[i & 1023]))))
    }
    let times = meter::race2(
        &[
            (
                "bongsu",
                looped(requests, |r| {
                    routes[r.route].record(r.status, r.duration, r.request, r.response)
                }),
            ),
            ("prometheus", looped(requests, |r| prom.http(r))),
            ("prometheus_client", looped(requests, |r| client.http(r))),
            ("measured", looped(requests, |r| measured.http(r))),
            (
                "exporter",
                Box::new(|n| {
                    metrics::with_local_recorder(&exporter, || {
                        (0..n).for_each(|i| peers::exporter::http(black_box(&requests[i & 1023])));
                    });
                    handle.run_upkeep();
                }),
            ),
        ],
        11,
        20_000,
    );
    for (name, time) in &times {
        figure(&format!("http_2threads_{name}_ns"), *time);
    }
    for (peer, time) in &times[1..] {
        figure(&format!("http_2threads_vs_{peer}"), time / times[0].1);
    }
}

fn allocations() {
    let requests = work::requests();
    let (metrics, routes) = ours();
    // A thread's first touch of a route makes its copy of the numbers; the steady state is measured.
    drop(metrics.http_in_flight());
    for r in &requests {
        routes[r.route].record(r.status, r.duration, r.request, r.response);
    }
    let before = meter::allocations();
    for r in &requests {
        routes[r.route].record(r.status, r.duration, r.request, r.response);
        metrics.record_request(
            r.method, r.endpoint, r.status, r.duration, r.request, r.response,
        );
        drop(metrics.http_in_flight());
    }
    figure(
        "http_allocs",
        (meter::allocations() - before) as f64 / requests.len() as f64,
    );
}

fn trade() {
    let trades = work::trades();
    let (metrics, _) = ours();
    let prom = peers::prom::Prom::new();
    let times = meter::race(
        &mut [
            (
                "bongsu",
                Box::new(|n| {
                    for i in 0..n {
                        let (symbol, side, volume, pnl) = black_box(trades[i & 255]);
                        metrics.record_trade(symbol, side, "filled", volume, Some(pnl));
                    }
                }),
            ),
            (
                "prometheus",
                Box::new(|n| (0..n).for_each(|i| prom.trade(black_box(trades[i & 255])))),
            ),
        ],
        21,
        20_000,
    );
    figure("trade_ns", times[0].1);
    figure("trade_vs_prometheus", times[1].1 / times[0].1);
}

fn fill_ours() -> ServiceMetrics {
    let metrics = ServiceMetrics::builder("bench").build().unwrap();
    let family = metrics
        .register_counter(
            FamilyBuilder::new("bench_requests_total", "Requests.")
                .labels(&["endpoint", "method", "status"])
                .budget(LINES),
        )
        .unwrap();
    for i in 0..LINES {
        let (endpoint, method, status) = work::series(i);
        family.increment(&[&endpoint, method, status], i as u64);
    }
    metrics
}

fn fill_exporter() -> metrics_exporter_prometheus::PrometheusRecorder {
    let exporter = peers::exporter::new();
    metrics::with_local_recorder(&exporter, || {
        for i in 0..LINES {
            let (endpoint, method, status) = work::series(i);
            metrics::counter!("bench_requests_total", "endpoint" => endpoint, "method" => method, "status" => status).increment(i as u64);
        }
    });
    exporter
}

fn fill_prom() -> peers::prom::Prom {
    let prom = peers::prom::Prom::new();
    for i in 0..LINES {
        let (endpoint, method, status) = work::series(i);
        prom.count
            .with_label_values(&[&*endpoint, method, status])
            .inc_by(i as u64);
    }
    prom
}

fn fill_client() -> peers::client::Client {
    let client = peers::client::Client::new();
    for i in 0..LINES {
        let (endpoint, method, status) = work::series(i);
        let labels = peers::client::Count {
            endpoint,
            method: method.to_owned(),
            status: status.parse().unwrap(),
        };
        client.count.get_or_create(&labels).inc_by(i as u64);
    }
    client
}

fn fill_measured() -> peers::Measured {
    let measured = peers::Measured::new();
    for i in 0..LINES {
        let (endpoint, method, status) = work::series(i);
        measured.group.count.inc_by(
            peers::MCount {
                endpoint: &endpoint,
                method: peers::method(method),
                status: peers::status(status.parse().unwrap()),
            },
            i as u64,
        );
    }
    measured
}

fn render_prom(prom: &peers::prom::Prom) -> usize {
    let mut page = String::new();
    prometheus::TextEncoder::new()
        .encode_utf8(&prom.registry.gather(), &mut page)
        .unwrap();
    page.len()
}

fn render_client(client: &peers::client::Client) -> usize {
    let mut page = String::new();
    prometheus_client::encoding::text::encode(&mut page, &client.registry).unwrap();
    page.len()
}

fn scrape() {
    let ours = fill_ours();
    let exporter = fill_exporter().handle();
    let prom = fill_prom();
    let client = fill_client();
    let measured = fill_measured();
    let mut encoder = measured::text::BufferedTextEncoder::new();
    let page = ours.export_metrics();
    assert!(page.lines().count() >= LINES);
    let mut copy = String::with_capacity(page.len());
    let times = meter::race(
        &mut [
            (
                "bongsu",
                Box::new(|_| drop(black_box(ours.render(None, None)))),
            ),
            ("exporter", Box::new(|_| drop(black_box(exporter.render())))),
            (
                "prometheus",
                Box::new(|_| {
                    black_box(render_prom(&prom));
                }),
            ),
            (
                "prometheus_client",
                Box::new(|_| {
                    black_box(render_client(&client));
                }),
            ),
            (
                "measured",
                Box::new(|_| {
                    measured.group.collect_group_into(&mut encoder).unwrap();
                    black_box(encoder.finish());
                }),
            ),
            (
                "memcpy",
                Box::new(|_| {
                    copy.clear();
                    copy.push_str(black_box(&page));
                }),
            ),
        ],
        9,
        1,
    );
    for (name, time) in &times {
        figure(
            &format!("scrape_100k_{name}_ns_per_line"),
            time / LINES as f64,
        );
    }
    for (peer, time) in &times[1..5] {
        figure(&format!("scrape_100k_vs_{peer}"), time / times[0].1);
    }
    let before = meter::allocations();
    drop(black_box(ours.render(None, None)));
    figure(
        "scrape_allocs_per_line",
        (meter::allocations() - before) as f64 / LINES as f64,
    );
}

/// axum-prometheus cannot be recorded to without a router: the cost is that of a call with it, less
/// that of the same call without.
fn middleware() {
    use axum::{Router, body::Body, routing::get};
    use tower::ServiceExt as _;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let (layer, _handle) =
        runtime.block_on(async { axum_prometheus::PrometheusMetricLayer::pair() });
    let bare = Router::new().route("/orders/{id}", get(|| async {}));
    let with = bare.clone().layer(layer);
    let call = |router: &Router| {
        let request = http::Request::get("/orders/1").body(Body::empty()).unwrap();
        runtime.block_on(router.clone().oneshot(request)).unwrap();
    };
    let (_metrics, routes) = ours();
    let times = meter::race(
        &mut [
            ("bare", Box::new(|n| (0..n).for_each(|_| call(&bare)))),
            ("with", Box::new(|n| (0..n).for_each(|_| call(&with)))),
            (
                "ours",
                Box::new(|n| {
                    (0..n).for_each(|_| {
                        black_box(&routes[0]).record(200, Duration::from_millis(3), 0, 12)
                    })
                }),
            ),
        ],
        15,
        4_000,
    );
    let theirs = times[1].1 - times[0].1;
    figure("http_axum_prometheus_ns", theirs);
    figure("http_vs_axum_prometheus", theirs / times[2].1);
}

/// Peak resident memory of a process that holds and twice renders 100,000 series, above an empty one.
fn rss(who: &str) {
    let before = meter::status_kib("VmHWM");
    match who {
        "bongsu" => {
            let metrics = fill_ours();
            let held = meter::status_kib("VmHWM");
            (0..2).for_each(|_| drop(black_box(metrics.export_metrics())));
            figure("rss_100k_held_mib", (held - before) as f64 / 1024.0);
        }
        "exporter" => {
            let handle = fill_exporter().handle();
            (0..2).for_each(|_| drop(black_box(handle.render())));
        }
        "prometheus" => {
            let prom = fill_prom();
            (0..2).for_each(|_| {
                black_box(render_prom(&prom));
            });
        }
        "prometheus_client" => {
            let client = fill_client();
            (0..2).for_each(|_| {
                black_box(render_client(&client));
            });
        }
        "measured" => {
            let measured = fill_measured();
            let mut encoder = measured::text::BufferedTextEncoder::new();
            for _ in 0..2 {
                measured.group.collect_group_into(&mut encoder).unwrap();
                black_box(encoder.finish());
            }
        }
        _ => {}
    }
    let name = if who == "bongsu" {
        "rss_100k_mib".to_owned()
    } else {
        format!("rss_100k_{who}_mib")
    };
    figure(&name, (meter::status_kib("VmHWM") - before) as f64 / 1024.0);
}
