//! What an answer means. Slack's words decide before its status does.

use crate::channel::{Attempt, Degrade, Outcome};
use crate::http::Answer;

pub(super) fn outcome(answer: &Answer, cx: &Attempt, has_plain: bool) -> Outcome {
    let text = answer.text();
    let json = answer.json().unwrap_or_default();
    if answer.is_success() {
        let (yes, no) = (true.into(), false.into());
        // Rocket.Chat and Mattermost speak of success.
        let said = [&json["ok"], &json["success"]];
        if text.trim() == "ok" || said.contains(&&yes) {
            return Outcome::delivered();
        }
        if !said.contains(&&no) {
            // Taken by somebody who answers in other words: saying it again would say it twice.
            return Outcome::delivered_with(format!("{} (not Slack's ok)", answer.reason()));
        }
    }
    let word = json["error"].as_str().unwrap_or_else(|| text.trim());
    refusal(answer, word, cx, has_plain)
}

fn refusal(answer: &Answer, word: &str, cx: &Attempt, has_plain: bool) -> Outcome {
    // Only Slack's own words are repeated: anything else may quote the URL.
    let known = !word.is_empty()
        && word.len() <= 60
        && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let reason = if known {
        format!("HTTP {}: {word}", answer.status)
    } else {
        format!("HTTP {}", answer.status)
    };
    let transient = |reason| Outcome::Transient {
        reason,
        retry_after: answer.retry_after,
        maybe_delivered: matches!(answer.status, 502 | 504),
    };
    let degrade = |to, reason| Outcome::Degrade { to, reason };
    match word {
        "channel_not_found"
        | "channel_is_archived"
        | "is_archived"
        | "not_in_channel"
        | "posting_to_general_channel_denied" => Outcome::target_broken(reason),
        "action_prohibited"
        | "invalid_token"
        | "token_revoked"
        | "token_expired"
        | "invalid_auth"
        | "account_inactive"
        | "no_service"
        | "no_service_id"
        | "no_team"
        | "no_active_hooks"
        | "team_disabled"
        | "team_access_not_granted" => Outcome::broken(reason),
        "rollup_error"
        | "ratelimited"
        | "rate_limited"
        | "message_limit_exceeded"
        | "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout" => transient(reason),
        "invalid_payload"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "invalid_attachments"
        | "too_many_attachments"
        | "msg_blocks_too_long"
            if has_plain =>
        {
            degrade(Degrade::Plain, reason)
        }
        "msg_too_long" if has_plain => degrade(Degrade::Smaller, reason),
        _ if answer.status == 413 && has_plain => degrade(Degrade::Smaller, reason),
        _ if answer.is_success() => Outcome::permanent(reason),
        _ => answer.outcome(cx).map_reason(|_| reason),
    }
}
