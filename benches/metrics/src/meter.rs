//! Thread CPU time, allocations, resident memory, and interleaved medians.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

pub struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        unsafe { System.dealloc(ptr, layout) }
    }
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
        unsafe { System.realloc(ptr, layout, size) }
    }
}

pub fn allocations() -> u64 {
    ALLOCATIONS.with(Cell::get)
}

/// CPU time of this thread, in nanoseconds: other processes do not show in it.
pub fn cpu() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a live timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// A line of /proc/self/status, in KiB.
pub fn status_kib(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// One contender: a name, and what runs `n` operations.
pub type Contender<'a> = (&'a str, Box<dyn FnMut(usize) + 'a>);

/// Nanoseconds of thread CPU an operation, one median a contender; rounds are interleaved.
pub fn race(contenders: &mut [Contender<'_>], rounds: usize, n: usize) -> Vec<(String, f64)> {
    let mut times = vec![Vec::new(); contenders.len()];
    for (_, run) in contenders.iter_mut() {
        run(n / 4 + 1);
    }
    for _ in 0..rounds {
        for (i, (_, run)) in contenders.iter_mut().enumerate() {
            let start = cpu();
            run(n);
            times[i].push((cpu() - start) as f64 / n as f64);
        }
    }
    contenders
        .iter()
        .zip(times)
        .map(|((name, _), times)| ((*name).to_owned(), median(times)))
        .collect()
}

/// The same on two threads at once; the mean of their costs.
pub fn race2(
    contenders: &[(&str, Box<dyn Fn(usize) + Sync + '_>)],
    rounds: usize,
    n: usize,
) -> Vec<(String, f64)> {
    let mut times = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for (i, (_, run)) in contenders.iter().enumerate() {
            let gate = std::sync::Barrier::new(2);
            let one = || {
                run(100);
                gate.wait();
                let start = cpu();
                run(n);
                (cpu() - start) as f64 / n as f64
            };
            let mean = std::thread::scope(|scope| {
                let other = scope.spawn(one);
                let mine = one();
                (mine + other.join().unwrap()) / 2.0
            });
            times[i].push(mean);
        }
    }
    contenders
        .iter()
        .zip(times)
        .map(|((name, _), times)| ((*name).to_owned(), median(times)))
        .collect()
}
