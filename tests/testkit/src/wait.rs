//! Waiting for a condition, never for a time.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long anything that happens in the background may take on a busy machine; a test that needs all of
/// it has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const STEP: Duration = Duration::from_millis(20);

/// Looks again and again until something is there.
///
/// # Panics
///
/// After [`PATIENCE`], with `what`.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "not seen within {PATIENCE:?}: {what}"
        );
        thread::sleep(STEP);
    }
}

/// [`until`] for futures. It is bounded by the real clock, so that it ends under a paused one as well.
///
/// # Panics
///
/// After [`PATIENCE`], with `what`.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "not seen within {PATIENCE:?}: {what}"
        );
        tokio::time::sleep(STEP).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_give_what_is_there_at_last() {
        let mut looks = 0;
        let found = until("the third look", || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(found, 3);
        let start = Instant::now();
        let late = || async { (start.elapsed() > STEP).then_some(()) };
        eventually("the clock moves", late).await;
    }
}
