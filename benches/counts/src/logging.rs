//! A line within two spans, a request, and what is not logged; caller and flusher.

use std::io;

use bongsu_logging::{LoggingConfig, Overflow, Rotation};
use tracing::{info, info_span};

use crate::{alloc, callgrind::count, figure};

#[inline(always)]
fn one(i: usize) {
    info!(
        symbol = "005930",
        side = "buy",
        quantity = i as u64,
        price = 70_123.5,
        filled = true,
        "order filled"
    );
}

fn in_spans(f: impl FnOnce()) {
    let (method, path, request_id) = ("POST", "/orders", "3f2a9c1e");
    let _outer = info_span!("request", method, path, request_id).entered();
    let _inner = info_span!("order", account = 42, strategy = "momentum").entered();
    f();
}

#[inline(never)]
fn event(_: &(), n: usize) {
    (0..n).for_each(|i| one(1_000 + i));
}

#[inline(never)]
fn event_disabled(_: &(), n: usize) {
    for i in 0..n {
        tracing::debug!(symbol = "005930", quantity = i, "not logged");
    }
}

/// Two spans and three lines.
#[inline(never)]
fn request(_: &(), n: usize) {
    for i in 0..n {
        in_spans(|| (0..3).for_each(|event| one(1_000 + i + event)));
    }
}

fn to_nowhere(f: impl FnOnce()) {
    let config = LoggingConfig::new("trading-engine", "production");
    let logging = config.writer(io::sink()).build().expect("a valid set-up");
    logging.with_default(f);
}

/// What needs no callgrind.
pub fn figures() {
    to_nowhere(|| {
        in_spans(|| {
            event(&(), 100);
            figure(
                "logging_event_allocs",
                alloc::allocations(|| event(&(), 1_000)) / 1_000.0,
            );
        });
        request(&(), 100);
        let allocs = alloc::allocations(|| request(&(), 1_000));
        figure("logging_request_allocs", allocs / 1_000.0);
    });
}

/// What runs under callgrind.
pub fn under_callgrind() {
    to_nowhere(|| {
        in_spans(|| {
            count(event, &());
            count(event_disabled, &());
        });
        count(request, &());
    });
}

pub const FUNCTIONS: [(&str, f64); 3] = [("event", 1.0), ("event_disabled", 1.0), ("request", 1.0)];

/// Lines of the shorter of the two runs whose difference is what lines cost in all.
pub const LINES: usize = 20_000;

/// The whole of it, flusher and file: the process's instructions are counted.
pub fn lines(times: usize) {
    let dir = tempfile::tempdir().expect("a folder");
    let logging = LoggingConfig::new("trading-engine", "production")
        .stdout(false)
        .dir(Some(dir.path().into()))
        .rotation(Rotation::never())
        .overflow(Overflow::Block)
        .build()
        .expect("a valid set-up");
    logging.with_default(|| in_spans(|| event(&(), times * LINES)));
}
