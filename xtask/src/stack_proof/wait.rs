//! Waiting for what the stack does by itself.

use std::{thread, time::Duration};

use crate::run::Failure;

const STEP: Duration = Duration::from_millis(250);

/// Tries again and again; the last failure is told when `patience` ends.
#[expect(
    clippy::disallowed_methods,
    reason = "bounds the wait for other processes"
)]
pub(super) fn until<T>(
    what: &str,
    patience: Duration,
    mut attempt: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let start = std::time::Instant::now();
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(failure) if start.elapsed() > patience => {
                return Err(Failure(format!(
                    "not within {patience:?}: {what}: {}",
                    failure.0
                )));
            }
            Err(_) => thread::sleep(STEP),
        }
    }
}
