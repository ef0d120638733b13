//! A panic is logged, flushed and counted before the thread unwinds.

use crate::layer::Core;
use std::cell::Cell;
use std::panic::PanicHookInfo;
use std::sync::Weak;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The target of a panic's line.
pub(crate) const TARGET: &str = "panic";
/// Tells our callsite from a user's.
pub(crate) const MODULE: &str = module_path!();
/// The thread whose panic must not wait for itself.
pub(crate) const FLUSHER: &str = "bongsu-log";
/// A hung disk must not hang a panic.
const PATIENCE: Duration = Duration::from_millis(500);

/// Sets the hook; the one before it runs after ours.
pub(crate) fn install(core: Weak<Core>) {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if let Some(core) = core.upgrade() {
            report(&core, info);
        }
        previous(info);
    }));
}

thread_local! {
    static REPORTING: Cell<bool> = const { Cell::new(false) };
}

fn report(core: &Core, info: &PanicHookInfo<'_>) {
    core.panics.fetch_add(1, Relaxed);
    // A panic while a panic is reported would abort the process.
    if REPORTING.try_with(|r| r.replace(true)).unwrap_or(true) {
        return;
    }
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("unnamed");
    let message = info.payload_as_str().unwrap_or("a panic without a text");
    let (file, line) = info
        .location()
        .map_or(("unknown", 0), |at| (at.file(), at.line()));
    if core.limits.backtrace {
        let backtrace = std::backtrace::Backtrace::force_capture();
        tracing::error!(
            target: TARGET,
            message,
            log.target = TARGET,
            log.file = file,
            log.line = u64::from(line),
            thread = name,
            backtrace = %backtrace
        );
    } else {
        tracing::error!(
            target: TARGET,
            message,
            log.target = TARGET,
            log.file = file,
            log.line = u64::from(line),
            thread = name
        );
    }
    if name != FLUSHER {
        core.sink.flush(PATIENCE);
    }
    let _thread_is_ending = REPORTING.try_with(|r| r.set(false));
}
