//! One attempt, bounded in time, with a channel's panic caught.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::channel::{Channel, Notification, Outcome, Rendered, Target};

/// A channel that overruns its deadline is cancelled this much later.
const GRACE: Duration = Duration::from_secs(1);

/// What came of an attempt.
#[derive(Debug)]
pub(crate) struct Tried {
    pub(crate) outcome: Outcome,
    pub(crate) panicked: bool,
}

/// Runs one call into a channel.
pub(crate) async fn within(deadline: Instant, call: impl Future<Output = Outcome>) -> Tried {
    let guarded = bongsu_catch::future(call);
    match tokio::time::timeout_at(deadline + GRACE, guarded).await {
        Ok(Ok(outcome)) => Tried {
            outcome,
            panicked: false,
        },
        Ok(Err(_)) => Tried {
            outcome: Outcome::Transient {
                reason: "the channel panicked".to_owned(),
                retry_after: None,
                maybe_delivered: true,
            },
            panicked: true,
        },
        Err(_) => Tried {
            outcome: Outcome::Transient {
                reason: "no answer in time".to_owned(),
                retry_after: None,
                maybe_delivered: true,
            },
            panicked: false,
        },
    }
}

/// Renders, with a panic as an error.
pub(crate) fn render(
    channel: &Arc<dyn Channel>,
    notification: &Notification,
    target: &Target,
) -> Result<Rendered, String> {
    match bongsu_catch::call(|| channel.render(notification, target)) {
        Ok(Ok(message)) => Ok(message),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("cannot render: the channel panicked".to_owned()),
    }
}
