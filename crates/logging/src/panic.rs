//! A panic is logged, flushed and counted before the thread unwinds.

use crate::layer::Core;
use std::cell::Cell;
use std::panic::PanicHookInfo;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// The target of a panic's line.
pub(crate) const TARGET: &str = "panic";
/// Tells our callsite from a user's.
pub(crate) const MODULE: &str = module_path!();
/// The thread whose panic must not wait for itself.
pub(crate) const FLUSHER: &str = "bongsu-log";
/// A hung disk must not hang a panic.
const PATIENCE: Duration = Duration::from_millis(500);
/// Nor a service whose handlers panic one after the other: enough for a log that is written again.
const IMPATIENCE: Duration = Duration::from_millis(5);

/// How long a panic waits for its line to be written.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    lost: AtomicBool,
}

impl Patience {
    fn wait(&self, flush: impl FnOnce(Duration) -> bool) {
        let lost = self.lost.load(Relaxed);
        let written = flush(if lost { IMPATIENCE } else { PATIENCE });
        self.lost.store(!written, Relaxed);
    }
}

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
        core.panic_patience.wait(|limit| core.sink.flush(limit));
    }
    let _thread_is_ending = REPORTING.try_with(|r| r.set(false));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_panic_waits_long_for_a_log_that_hangs() {
        let patience = Patience::default();
        let waited = |written| {
            let limit = Cell::new(Duration::ZERO);
            patience.wait(|given| {
                limit.set(given);
                written
            });
            limit.get()
        };
        assert_eq!(waited(true), PATIENCE);
        assert_eq!(waited(false), PATIENCE);
        assert_eq!(waited(false), IMPATIENCE);
        assert_eq!(waited(true), IMPATIENCE);
        assert_eq!(waited(true), PATIENCE);
    }
}
