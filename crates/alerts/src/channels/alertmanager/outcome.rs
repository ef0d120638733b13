//! What one peer's answer means, and what many peers' do.

use crate::channel::{Attempt, Outcome};
use crate::http::Answer;

pub(super) fn outcome(answer: &Answer, cx: &Attempt) -> Outcome {
    match answer.status {
        403 => Outcome::broken(answer.reason()),
        _ => answer.outcome(cx),
    }
}

/// One outcome of many peers': the best one, with the others' reasons.
pub(super) fn together(outcomes: Vec<(String, Outcome)>) -> Outcome {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Delivered { .. } => 0,
        Outcome::Transient { .. } => 1,
        Outcome::ChannelBroken { .. } => 2,
        _ => 3,
    };
    let reasons: Vec<String> = outcomes
        .iter()
        .filter(|(_, outcome)| !outcome.is_delivered())
        .map(|(peer, outcome)| format!("{peer}: {}", outcome.reason()))
        .collect();
    let said = reasons.join("; ");
    match outcomes.into_iter().map(|(_, o)| o).min_by_key(rank) {
        Some(Outcome::Delivered { .. }) => Outcome::Delivered {
            note: (!said.is_empty()).then_some(said),
        },
        Some(Outcome::Transient {
            retry_after,
            maybe_delivered,
            ..
        }) => Outcome::Transient {
            reason: said,
            retry_after,
            maybe_delivered,
        },
        Some(Outcome::ChannelBroken { .. }) => Outcome::broken(said),
        _ => Outcome::permanent(said),
    }
}
