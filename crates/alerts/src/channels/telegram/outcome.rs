//! What an answer means.

use crate::channel::{Attempt, Degrade, Outcome};
use crate::http::Answer;

/// The new number of a group that has become a supergroup.
pub(super) fn moved_to(answer: &Answer) -> Option<i64> {
    answer.json()?["parameters"]["migrate_to_chat_id"].as_i64()
}

pub(super) fn outcome(answer: &Answer, cx: &Attempt, has_plain: bool) -> Outcome {
    let json = answer.json().unwrap_or_default();
    let Some(ok) = json["ok"].as_bool() else {
        // Not Telegram's words: a gateway before it.
        return match answer.outcome(cx) {
            Outcome::Delivered { .. } => {
                Outcome::delivered_with(format!("{} (not Telegram's ok)", answer.reason()))
            }
            other => other,
        };
    };
    if ok && answer.is_success() {
        return Outcome::delivered();
    }
    let said = json["description"].as_str().unwrap_or_default();
    let reason = answer.saying(said);
    let lower = said.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let code = json["error_code"]
        .as_u64()
        .and_then(|code| u16::try_from(code).ok());
    match code.unwrap_or(answer.status) {
        429 => Outcome::Transient {
            reason,
            retry_after: answer.retry_after_or(json["parameters"]["retry_after"].as_f64()),
            maybe_delivered: false,
        },
        400 if says(GONE) => Outcome::target_broken(reason),
        // Blocked, kicked, not a member: this chat alone.
        403 => Outcome::target_broken(reason),
        400 if has_plain && says(&["parse"]) => Outcome::Degrade {
            to: Degrade::Plain,
            reason,
        },
        400 if has_plain && says(&["too long"]) => Outcome::Degrade {
            to: Degrade::Smaller,
            reason,
        },
        413 if has_plain => Outcome::Degrade {
            to: Degrade::Smaller,
            reason,
        },
        // An unknown token is not found.
        401 | 404 => Outcome::broken(reason),
        200..=299 => Outcome::permanent(reason),
        status => {
            let mut answer = answer.clone();
            answer.status = status;
            answer.outcome(cx).map_reason(|_| reason)
        }
    }
}

/// What is said of a chat that takes nothing, whatever is sent to it.
const GONE: &[&str] = &[
    "chat not found",
    "upgraded to a supergroup",
    "group chat was deactivated",
    "message thread not found",
    "topic_closed",
    "topic_deleted",
    "peer_id_invalid",
    "not enough rights",
    "have no rights",
    "chat_write_forbidden",
    "user not found",
    "need administrator rights",
];
