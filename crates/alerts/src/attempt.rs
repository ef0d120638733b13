//! One attempt, bounded in time, with a channel's panic caught.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
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
    let mut call = pin!(call);
    let guarded = std::future::poll_fn(|cx| {
        match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(outcome)) => Poll::Ready(Some(outcome)),
            Err(_) => Poll::Ready(None),
        }
    });
    match tokio::time::timeout_at(deadline + GRACE, guarded).await {
        Ok(Some(outcome)) => Tried {
            outcome,
            panicked: false,
        },
        Ok(None) => Tried {
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
    match catch_unwind(AssertUnwindSafe(|| channel.render(notification, target))) {
        Ok(Ok(message)) => Ok(message),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("cannot render: the channel panicked".to_owned()),
    }
}
