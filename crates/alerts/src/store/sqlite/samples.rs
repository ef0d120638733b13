//! What the tests of the store have in it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ulid::Ulid;

use crate::store::{Delivery, DeliveryState};

/// A delivery without any attempt.
pub(super) fn delivery(id: Ulid, state: DeliveryState, at: Timestamp) -> Delivery {
    Delivery {
        id,
        channel: Arc::from("chat"),
        target: Arc::from("a"),
        state,
        reason: "".into(),
        attempt: 0,
        next_at: at,
        deadline: at,
        suppressed: 0,
        parent: None,
        cooldown: Duration::ZERO,
        changed: at,
    }
}
