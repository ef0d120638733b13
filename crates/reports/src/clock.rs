//! The one place that reads the clock.

use jiff::Timestamp;
use tokio::time::Instant;

/// Wall time, or wall time as the runtime's clock tells it (which a test may pause).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Clock {
    #[default]
    Wall,
    Runtime {
        start: Timestamp,
        at: Instant,
    },
}

impl Clock {
    pub(crate) fn runtime_from(start: Timestamp) -> Self {
        Self::Runtime {
            start,
            at: Instant::now(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    pub(crate) fn now(&self) -> Timestamp {
        match *self {
            Self::Wall => Timestamp::now(),
            Self::Runtime { start, at } => {
                let passed = jiff::SignedDuration::try_from(at.elapsed())
                    .unwrap_or(jiff::SignedDuration::ZERO);
                start.saturating_add(passed).unwrap_or(start)
            }
        }
    }
}
