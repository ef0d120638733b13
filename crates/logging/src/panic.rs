//! A panic is logged, flushed and counted before the thread unwinds.

use crate::layer::Core;
use crate::scheme::quoted;
use crate::site::{Kind, Origin};
use crate::voice::Voice;
use std::cell::Cell;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tracing_core::Level;

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

/// Longest message on standard error.
const MESSAGE: usize = 8 * 1024;

/// Sets the hook; the one before it runs after ours. The standard library's own is not run while the log
/// lives: it would write the message as it is, and whoever chooses the message could write lines of a log.
/// Standard error gets it as one line of the log instead.
pub(crate) fn install(core: Weak<Core>) {
    let previous = std::panic::take_hook();
    let standard = std::panic::take_hook();
    let own = !same(&*previous, &*standard);
    std::panic::set_hook(Box::new(move |info| {
        let core = core.upgrade();
        if let Some(core) = &core {
            report(core, info);
        }
        match core {
            Some(core) if !own => tell(&core, info),
            _ => previous(info),
        }
    }));
}

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// Whether two hooks are one function. Where that is not seen, a hook counts as somebody's own and runs.
fn same(one: &Hook, other: &Hook) -> bool {
    std::ptr::eq(one, other)
}

/// Writes the panic to standard error, as a line.
fn tell(core: &Core, info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let (message, file, line) = what(info);
    let message = &message[..message.floor_char_boundary(MESSAGE)];
    let origin = Origin {
        target: TARGET,
        file: Some(file),
        line: Some(line),
    };
    let voice = Voice {
        scheme: std::sync::Arc::clone(&core.scheme),
        offset_seconds: core.limits.offset_seconds,
    };
    let text = voice.say(Level::ERROR, &origin, message, |line, scheme| {
        line.raw(&scheme.key_chunk("thread", Kind::Plain));
        line.raw(&quoted(thread.name().unwrap_or("unnamed")));
    });
    let _stderr_may_be_closed = io::stderr().write_all(&text);
}

/// Message and place.
fn what<'a>(info: &'a PanicHookInfo<'_>) -> (&'a str, &'a str, u32) {
    let message = info.payload_as_str().unwrap_or("a panic without a text");
    let (file, line) = info
        .location()
        .map_or(("unknown", 0), |at| (at.file(), at.line()));
    (message, file, line)
}

thread_local! {
    static REPORTING: Cell<bool> = const { Cell::new(false) };
    static LAST: Cell<Option<String>> = const { Cell::new(None) };
}

/// What the last panic on this thread said, once: for whoever is told of a panic by a destructor that runs
/// in it, and gets no payload. None where bongsu's panic hook is not in force.
#[must_use]
pub fn take_panic() -> Option<String> {
    LAST.try_with(Cell::take).ok().flatten()
}

fn report(core: &Core, info: &PanicHookInfo<'_>) {
    core.panics.fetch_add(1, Relaxed);
    // A panic while a panic is reported would abort the process.
    if REPORTING.try_with(|r| r.replace(true)).unwrap_or(true) {
        return;
    }
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("unnamed");
    let (message, file, line) = what(info);
    let kept = &message[..message.floor_char_boundary(MESSAGE)];
    let _thread_is_ending = LAST.try_with(|last| last.set(Some(kept.to_owned())));
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
        core.panic_patience.wait(|limit| core.flush(limit));
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
