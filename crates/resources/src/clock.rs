//! The crate's one look at the clocks.

use std::time::Instant;

use jiff::Timestamp;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this crate that reads the monotonic clock"
)]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(crate) fn wall() -> Timestamp {
    Timestamp::now()
}
