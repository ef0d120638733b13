//! Work besides checks that must be done before the service counts as started.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::inner::Inner;

/// Something that must be done before the service counts as started.
///
/// Dropping it leaves the gate shut: work that died is not work that was done.
#[must_use]
pub struct StartupGate {
    name: String,
    inner: Weak<Inner>,
}

impl fmt::Debug for StartupGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartupGate")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl StartupGate {
    pub(crate) fn new(name: String, inner: &Arc<Inner>) -> Self {
        Self {
            name,
            inner: Arc::downgrade(inner),
        }
    }

    /// It is done.
    pub fn open(self) {
        if let Some(inner) = self.inner.upgrade() {
            inner.open_gate(&self.name);
        }
    }
}
