//! Clients whose connection was closed for what they did: counted, and told of once a minute.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Why a client was sent away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// Its request's head took too long.
    SlowHead,
    /// Its request's body took too long.
    SlowBody,
    /// It did not take what was sent.
    SlowReader,
    /// Its request is none.
    Malformed,
    /// Its request's head is too long.
    LongHead,
    /// It did not agree on TLS.
    Handshake,
}

#[derive(Debug, Default)]
pub(super) struct Counts([AtomicU64; 6]);

impl Counts {
    pub(super) fn add(&self, fault: Fault) {
        self.0[fault as usize].fetch_add(1, Relaxed);
    }

    /// One line on those since the last, if there were any.
    pub(super) fn report(&self) {
        let counts = self.0.each_ref().map(|count| count.swap(0, Relaxed));
        let [
            slow_heads,
            slow_bodies,
            slow_readers,
            malformed,
            long_heads,
            handshakes,
        ] = counts;
        if counts.iter().any(|count| *count > 0) {
            tracing::warn!(
                slow_heads,
                slow_bodies,
                slow_readers,
                malformed,
                long_heads,
                handshakes,
                "clients were sent away before or while a request of theirs was read or answered"
            );
        }
    }
}
