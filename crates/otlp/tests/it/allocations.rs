//! A span that is not kept leaves nothing behind and asks for no memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bongsu_otlp::{Attributes, Options, Otlp, Receiver, Redact, Sampler};
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt as _;

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static GLOBAL: Counting = Counting;

fn note() {
    let _thread_is_ending = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
}

#[expect(unsafe_code, reason = "an allocator that counts")]
// SAFETY: every call goes to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller's contract is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        // SAFETY: the caller's contract is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

struct Nothing;

impl Redact for Nothing {
    fn hides(&self, _: &str) -> bool {
        false
    }

    fn mask(&self, _: &str) -> Option<String> {
        None
    }
}

/// A trace with fields of each kind, one of them said late.
fn trace(number: u64) {
    let root = info_span!(
        "order",
        number,
        symbol = "005930",
        price = 71_000.5,
        late = tracing::field::Empty
    );
    root.in_scope(|| {
        for step in 0..5 {
            info_span!("step", step, of = %number, at = ?step).in_scope(|| {});
        }
    });
    root.record("late", true);
}

#[test]
fn a_span_that_is_not_kept_asks_for_no_memory() {
    for sampler in [Sampler::share(0.0), Sampler::share(0.0).heed_parent(true)] {
        let mut options = Options::new(Attributes::new());
        options.traces = Some(Receiver::new("http://localhost:1/v1/traces"));
        options.sampler = sampler;
        let (otlp, _driver) = Otlp::new(options).unwrap();
        let layer = otlp.layer(|| None);
        layer.redact(Nothing);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            // Tables grow until they hold as much as is remembered.
            (0..10_000).for_each(trace);
            let before = ALLOCATIONS.get();
            (0..1_000).for_each(trace);
            assert_eq!(ALLOCATIONS.get() - before, 0, "{sampler:?}");
        });
        let counts = otlp.statistics().next().unwrap();
        assert_eq!((counts.waiting_bytes, counts.counts.lost()), (0, 0));
    }
}
