//! Counts the calling thread's allocations, and the bytes that the process holds.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn gained(bytes: usize) {
    let held = HELD.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(held, Relaxed);
}

fn allocated() {
    let _thread_is_ending = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
}

// SAFETY: every call goes to the system allocator unchanged; counting touches numbers alone.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated();
        gained(layout.size());
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(ptr, layout) }
    }
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        allocated();
        gained(size);
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.realloc(ptr, layout, size) }
    }
}

/// Allocations of this thread while `f` runs.
pub fn allocations(f: impl FnOnce()) -> f64 {
    let before = ALLOCATIONS.with(Cell::get);
    f();
    (ALLOCATIONS.with(Cell::get) - before) as f64
}

/// What `f` gives; the bytes held more after it than before it, and the most at any moment of it.
pub fn bytes<T>(f: impl FnOnce() -> T) -> (T, f64, f64) {
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = f();
    let held = HELD.load(Relaxed) - before;
    let peak = PEAK.load(Relaxed) - before;
    (result, held as f64, peak as f64)
}
