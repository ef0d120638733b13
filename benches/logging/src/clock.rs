//! CPU time: what others on a noisy machine do is not counted.

fn read(clock: libc::clockid_t) -> f64 {
    let mut t = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a live timespec.
    assert_eq!(unsafe { libc::clock_gettime(clock, &mut t) }, 0);
    t.tv_sec as f64 * 1e9 + t.tv_nsec as f64
}

/// Nanoseconds of this thread's CPU time while `f` runs.
pub fn thread_ns(f: impl FnOnce()) -> f64 {
    let before = read(libc::CLOCK_THREAD_CPUTIME_ID);
    f();
    read(libc::CLOCK_THREAD_CPUTIME_ID) - before
}

/// Nanoseconds of the whole process's CPU time so far.
pub fn process_ns() -> f64 {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
