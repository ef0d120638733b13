//! What waits is written when the process ends by `exit` or by the end of `main`: nobody drops a guard then.

use crate::layer::LogLayer;
use std::panic::catch_unwind;
use std::sync::Once;
use std::time::Duration;

/// A reader of standard output that is stuck must not keep the process.
const PATIENCE: Duration = Duration::from_secs(1);

#[expect(
    unsafe_code,
    reason = "the C library's own list of what runs at an exit"
)]
mod c {
    // SAFETY: as the C standard declares it; it keeps the function, which is never unloaded.
    unsafe extern "C" {
        pub(super) safe fn atexit(run: extern "C" fn()) -> i32;
    }
}

/// Has the log of this process written at its exit; asked any number of times.
pub(crate) fn flush_at_exit() {
    static ASKED: Once = Once::new();
    ASKED.call_once(|| {
        // A list that is full leaves the log as it would be without.
        let _full = c::atexit(at_exit);
    });
}

extern "C" fn at_exit() {
    // An unwinding that leaves this function would abort the process.
    let _panicked = catch_unwind(|| {
        tracing_core::dispatcher::get_default(|dispatch| {
            if let Some(layer) = dispatch.downcast_ref::<LogLayer>() {
                layer.core.flush(PATIENCE);
            }
        });
    });
}
