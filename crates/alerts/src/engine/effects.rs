//! What a step leaves to be done outside the lock.

use crate::event::AlertEvent;
use crate::store::Change;

/// Changes to write and events to tell.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) changes: Vec<Change>,
    pub(crate) events: Vec<AlertEvent>,
}
