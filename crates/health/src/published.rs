//! A snapshot with the bodies made from it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::assemble::Composed;
use crate::response::ProbeResponse;
use crate::snapshot::{Snapshot, Transition};

/// A body is put together anew when it is older than this and somebody asks.
const FRESH: Duration = Duration::from_secs(1);

/// The bodies of one snapshot, each made when it is first asked for.
pub(crate) struct Published {
    pub(crate) snapshot: Arc<Snapshot>,
    /// From here on a reader must put a new one together.
    pub(crate) valid_until: Duration,
    /// When time alone will change a status.
    pub(crate) next_event: Duration,
    pub(crate) health: [OnceLock<ProbeResponse>; 4],
    pub(crate) ready: OnceLock<ProbeResponse>,
    pub(crate) liveness: OnceLock<ProbeResponse>,
    pub(crate) startup: OnceLock<ProbeResponse>,
}

/// Two readers may both make the body; neither waits for the other.
pub(crate) fn cached(
    slot: &OnceLock<ProbeResponse>,
    make: impl FnOnce() -> ProbeResponse,
) -> ProbeResponse {
    if let Some(made) = slot.get() {
        return made.clone();
    }
    let made = make();
    let _ = slot.set(made.clone());
    made
}

impl Published {
    pub(crate) fn new(composed: Composed, now: Duration) -> (Self, Vec<Transition>) {
        let published = Self {
            snapshot: Arc::new(composed.snapshot),
            valid_until: composed.next_event.min(now.saturating_add(FRESH)),
            next_event: composed.next_event,
            health: [const { OnceLock::new() }; 4],
            ready: OnceLock::new(),
            liveness: OnceLock::new(),
            startup: OnceLock::new(),
        };
        (published, composed.changes)
    }
}
