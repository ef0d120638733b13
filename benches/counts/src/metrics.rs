//! Recording and rendering.

use std::hint::black_box;
use std::time::Duration;

use bongsu_metrics::{
    Counter, CounterFamily, FamilyBuilder, Histogram, HttpRoute, ServiceMetrics, Unit,
};

use crate::{alloc, callgrind::count, figure};

const SERIES: usize = 100_000;
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const STATUSES: [&str; 4] = ["200", "201", "404", "500"];

struct World {
    metrics: ServiceMetrics,
    routes: Vec<HttpRoute>,
    names: Vec<String>,
    family: CounterFamily,
    counter: Counter,
    histogram: Histogram,
}

impl World {
    fn new() -> Self {
        let metrics = ServiceMetrics::new("bench").expect("a name");
        let names: Vec<String> = (0..8)
            .map(|i| format!("/api/v1/orders/{{id}}/fills{i}"))
            .collect();
        let routes = (0..32).map(|i| metrics.http_route(METHODS[i % 4], &names[i / 4]));
        let family = FamilyBuilder::new("held_total", "H.").labels(&["a", "b", "c"]);
        let family = metrics.register_counter(family).expect("a family");
        let seconds = FamilyBuilder::new("h_seconds", "H.").unit(Unit::Seconds);
        let histogram = metrics.register_histogram(seconds).expect("a family");
        Self {
            routes: routes.collect(),
            counter: family.with(&["one", "two", "three"]),
            histogram: histogram.with(&[]),
            metrics,
            names,
            family,
        }
    }
}

#[inline(never)]
fn http_resolved(world: &World, n: usize) {
    for i in 0..n {
        let took = Duration::from_micros(1_000 + i as u64 * 997 % 400_000);
        black_box(&world.routes[i % 32]).record(200, took, i as u64 % 4_096, 64 << (i % 14));
    }
}

#[inline(never)]
fn http_by_name(world: &World, n: usize) {
    for i in 0..n {
        let took = Duration::from_micros(1_000 + i as u64 * 997 % 400_000);
        let (method, name) = (METHODS[i % 4], &world.names[i % 32 / 4]);
        world.metrics.record_request(
            black_box(method),
            black_box(name),
            200,
            took,
            i as u64 % 4_096,
            64 << (i % 14),
        );
    }
}

#[inline(never)]
fn counter_held(world: &World, n: usize) {
    (0..n).for_each(|_| black_box(&world.counter).increment(1));
}

#[inline(never)]
fn counter_3_labels(world: &World, n: usize) {
    (0..n).for_each(|_| {
        world
            .family
            .increment(black_box(&["one", "two", "three"]), 1)
    });
}

#[inline(never)]
fn histogram_held(world: &World, n: usize) {
    for i in 0..n {
        let took = Duration::from_micros(i as u64 * 997 % 1_000_000);
        black_box(&world.histogram).record_duration(took);
    }
}

#[inline(never)]
fn trade(world: &World, n: usize) {
    for i in 0..n {
        let side = ["buy", "sell"][i % 2];
        let pnl = Some(15_000 - 20 * i as i64);
        world
            .metrics
            .record_trade(black_box("005930"), side, "filled", 750_000, pnl);
    }
}

/// Two pages of 100,000 lines each 1,000 operations.
#[inline(never)]
fn scrape(filled: &ServiceMetrics, n: usize) {
    (0..n / 1_000).for_each(|_| drop(black_box(filled.render(None, None))));
}

fn filled() -> ServiceMetrics {
    let metrics = ServiceMetrics::builder("bench").build().expect("a name");
    let family = FamilyBuilder::new("bench_requests_total", "Requests.")
        .labels(&["endpoint", "method", "status"])
        .budget(SERIES);
    let family = metrics.register_counter(family).expect("a family");
    for i in 0..SERIES {
        let endpoint = format!("/api/v1/orders/{}", i / 16);
        family.increment(&[&endpoint, METHODS[i % 4], STATUSES[i / 4 % 4]], i as u64);
    }
    metrics
}

/// What needs no callgrind.
pub fn figures() {
    let world = World::new();
    http_resolved(&world, 64);
    http_by_name(&world, 64);
    let allocs = alloc::allocations(|| {
        http_resolved(&world, 1_000);
        http_by_name(&world, 1_000);
    });
    figure("metrics_http_allocs", allocs / 2_000.0);
    let (metrics, held, _) = alloc::bytes(filled);
    figure("metrics_100k_held_bytes_per_series", held / SERIES as f64);
    // The first says how long the next will be.
    drop(metrics.export_metrics());
    let (page, _, most) = alloc::bytes(|| metrics.export_metrics());
    figure(
        "metrics_100k_render_peak_bytes_per_line",
        most / SERIES as f64,
    );
    figure(
        "metrics_100k_page_bytes_per_line",
        page.len() as f64 / SERIES as f64,
    );
    drop(metrics.render(None, None));
    let allocs = alloc::allocations(|| drop(black_box(metrics.render(None, None))));
    figure("metrics_100k_render_allocs", allocs);
}

/// What runs under callgrind.
pub fn under_callgrind() {
    let world = World::new();
    count(http_resolved, &world);
    count(http_by_name, &world);
    count(counter_held, &world);
    count(counter_3_labels, &world);
    count(histogram_held, &world);
    count(trade, &world);
    count(scrape, &filled());
}

/// Names of its functions, and operations that each counted one stands for.
pub const FUNCTIONS: [(&str, f64); 7] = [
    ("http_resolved", 1.0),
    ("http_by_name", 1.0),
    ("counter_held", 1.0),
    ("counter_3_labels", 1.0),
    ("histogram_held", 1.0),
    ("trade", 1.0),
    ("scrape", SERIES as f64 / 1_000.0),
];
