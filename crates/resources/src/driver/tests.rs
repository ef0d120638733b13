use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use super::*;
use crate::ResourceMonitor;
use crate::source::linux::LinuxSource;

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static GLOBAL: Counting = Counting;

#[expect(unsafe_code, reason = "an allocator that counts")]
// SAFETY: every call goes to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller's contract is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller's contract is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Rounds until one is published: the kernel's CPU counters move every 10 ms.
fn publish(sampler: &mut Sampler<'_>, source: &mut LinuxSource) {
    while sampler.sample(source).unwrap() != Progress::Published {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn after_warm_up_a_published_sample_allocates_nothing() {
    let monitor = ResourceMonitor::builder()
        .disk_path("/")
        .disk_path("/proc")
        .build()
        .unwrap();
    let mut source = LinuxSource::open().unwrap();
    let mut sampler = Sampler::new(&monitor.shared);
    for _ in 0..5 {
        publish(&mut sampler, &mut source);
    }
    // a process that appears or an interface that comes may cost one allocation, a sample may not
    let counts: Vec<u64> = (0..50)
        .map(|_| {
            let before = ALLOCATIONS.with(Cell::get);
            publish(&mut sampler, &mut source);
            ALLOCATIONS.with(Cell::get) - before
        })
        .collect();
    let free = counts.iter().filter(|n| **n == 0).count();
    assert!(free >= 48, "allocations of 50 samples: {counts:?}");
    assert_eq!(monitor.stats().samples_total, 55);
}

#[test]
fn a_sample_that_a_reader_keeps_is_not_written_over() {
    let monitor = ResourceMonitor::builder().build().unwrap();
    let mut source = LinuxSource::open().unwrap();
    let mut sampler = Sampler::new(&monitor.shared);
    publish(&mut sampler, &mut source);
    let kept = monitor.get_resources().unwrap();
    let copy = (*kept).clone();
    for _ in 0..5 {
        publish(&mut sampler, &mut source);
    }
    assert_eq!(*kept, copy);
    assert!(monitor.get_resources().unwrap().timestamp > kept.timestamp);
}

#[test]
fn stop_ends_a_long_wait() {
    let stop = Arc::new(Stop::default());
    let other = Arc::clone(&stop);
    let waiter = std::thread::spawn(move || other.wait(Duration::from_secs(3600)));
    stop.stop();
    assert!(waiter.join().unwrap());
    assert!(!Stop::default().wait(Duration::ZERO));
}
