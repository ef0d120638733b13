//! The one place where this crate reads the clock.

use std::time::{Instant, SystemTime};

#[expect(
    clippy::disallowed_methods,
    reason = "the crate's one reading of the wall clock"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the crate's one reading of the monotonic clock"
)]
pub(crate) fn instant() -> Instant {
    Instant::now()
}
