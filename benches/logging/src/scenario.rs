//! What is logged: a message with five fields inside two spans.

use tracing::{info, info_span};

#[inline(always)]
pub fn event(i: u64) {
    info!(
        symbol = "005930",
        side = "buy",
        quantity = i,
        price = 70_123.5,
        filled = true,
        "order filled"
    );
}

pub fn slog_event(logger: &slog::Logger, i: u64) {
    slog::info!(logger, "order filled"; "symbol" => "005930", "side" => "buy", "quantity" => i,
        "price" => 70_123.5, "filled" => true);
}

/// Runs `f` inside the two spans.
pub fn in_spans(f: impl FnOnce()) {
    let _outer = info_span!(
        "request",
        method = "POST",
        path = "/orders",
        request_id = "3f2a9c1e"
    )
    .entered();
    let _inner = info_span!("order", account = 42, strategy = "momentum").entered();
    f();
}

/// A whole request: two spans, three events.
pub fn request(i: u64) {
    in_spans(|| {
        event(i);
        event(i + 1);
        event(i + 2);
    });
}

/// Kept out of line so that callgrind can count inside of it alone.
#[inline(never)]
pub fn counted_events(n: u64) {
    for i in 0..n {
        event(1_000 + i);
    }
}

#[inline(never)]
pub fn counted_disabled(n: u64) {
    for i in 0..n {
        tracing::debug!(symbol = "005930", quantity = i, "not logged");
    }
}
