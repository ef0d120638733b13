//! What bongsu itself says, in Korean: its own titles and messages are known by their form, whatever stands in
//! them. What a service's code has written stays as it is.

use std::borrow::Cow;

/// A sentence of bongsu's own in both languages; `{}` is whatever stands there.
struct Phrase {
    /// The kind of alert that says it; empty: any.
    kind: &'static str,
    english: &'static str,
    korean: &'static str,
}

const fn phrase(kind: &'static str, english: &'static str, korean: &'static str) -> Phrase {
    Phrase {
        kind,
        english,
        korean,
    }
}

/// More particular ones first.
const PHRASES: &[Phrase] = &[
    phrase("error", "Error in {}", "{} 오류"),
    phrase("error", "Resolved: error in {}", "{} 오류 해소"),
    phrase("risk", "Risk Threshold Breach: {}", "위험 한도 초과: {}"),
    phrase("risk", "Risk Value Unknown: {}", "위험 값을 알 수 없음: {}"),
    phrase(
        "risk",
        "Resolved: risk threshold {}",
        "위험 한도 이내로 복귀: {}",
    ),
    phrase(
        "risk",
        "current value {} is back within the threshold {}",
        "현재 값 {}, 한도 {} 이내로 복귀",
    ),
    phrase(
        "risk",
        "current value {} exceeds the threshold {}",
        "현재 값 {}, 한도 {} 초과",
    ),
    phrase(
        "risk",
        "current value {} is below the threshold {}",
        "현재 값 {}, 한도 {} 미달",
    ),
    phrase(
        "risk",
        "{} (not a number), so whether the limit holds is not known either",
        "{} (숫자가 아님): 한도를 지키는지 알 수 없음",
    ),
    phrase("trading_halt", "TRADING HALT", "거래 중단"),
    phrase("trading_halt", "TRADING RESUMED", "거래 재개"),
    phrase(
        "trading_halt",
        "trading halted: {} (drawdown {})",
        "거래 중단: {} (낙폭 {})",
    ),
    phrase("trading_halt", "trading halted: {}", "거래 중단: {}"),
    phrase("trading_halt", "the halt is over: {}", "중단 해제: {}"),
    phrase("performance", "Slow Performance: {}", "처리 지연: {}"),
    phrase("performance", "Resolved: slow {}", "처리 지연 해소: {}"),
    phrase(
        "performance",
        "{} took {} ms (threshold {} ms)",
        "{} 처리에 {} ms (기준 {} ms)",
    ),
    phrase(
        "performance",
        "{} takes {} ms (threshold {} ms)",
        "{} 처리에 {} ms (기준 {} ms)",
    ),
    phrase("resource", "High {} Usage", "{} 사용률 높음"),
    phrase("resource", "{} Usage Back to Normal", "{} 사용률 정상 복귀"),
    phrase(
        "resource",
        "{} usage is {} (threshold {})",
        "{} 사용률 {} (기준 {})",
    ),
    phrase("health", "{} is unhealthy", "{} 비정상"),
    phrase("health", "{} is degraded", "{} 성능 저하"),
    phrase("health", "{} is healthy", "{} 정상"),
    phrase("health", "the check says no more", "점검이 알린 내용 없음"),
    phrase("health", "Alerts are not kept", "알림이 저장되지 않음"),
    phrase("panic", "Panic in {}", "패닉: {}"),
    phrase(
        "response_body",
        "Response of {} broke off",
        "응답이 중간에 끊김: {}",
    ),
    phrase("log", "Panic at {}", "패닉: {}"),
    phrase("log", "Error logged by {}", "오류 로그: {}"),
    phrase("report", "Report not delivered", "리포트 미전달"),
    phrase("report", "Report failed", "리포트 실패"),
    phrase("digest", "Alert digest", "알림 모음"),
    phrase("digest", "1 alert from {}", "알림 1건: {}"),
    phrase("digest", "{} alerts from {}", "알림 {}건: {}"),
    phrase(
        "digest",
        "All that the digest told of is over.",
        "모음에 담긴 알림이 모두 해소됨.",
    ),
    phrase(
        "digest",
        "Gathered alerts: {}. {} of them are of keys without a line. Of the keys below {} are over.",
        "모은 알림: {}. 그중 {}건은 아래 줄에 없음. 아래에서 해소된 것 {}개.",
    ),
    phrase(
        "digest",
        "Gathered alerts: {}. {} of them are of keys without a line.",
        "모은 알림: {}. 그중 {}건은 아래 줄에 없음.",
    ),
    phrase(
        "digest",
        "Gathered alerts: {}. Of the keys below {} are over.",
        "모은 알림: {}. 아래에서 해소된 것 {}개.",
    ),
    phrase("digest", "Gathered alerts: {}.", "모은 알림: {}."),
    phrase(
        "alerting",
        "Alert channel {} is failing for {}",
        "알림 채널 {} 전송 실패 중: {}",
    ),
    phrase(
        "alerting",
        "Alert channel {} is failing",
        "알림 채널 {} 전송 실패 중",
    ),
    phrase(
        "alerting",
        "Alert channel {} needs mending for {}",
        "알림 채널 {} 조치 필요: {}",
    ),
    phrase(
        "alerting",
        "Alert channel {} needs mending",
        "알림 채널 {} 조치 필요",
    ),
    phrase(
        "alerting",
        "Alert channel {} lost a message",
        "알림 채널 {}에서 전하지 못한 메시지",
    ),
    phrase(
        "alerting",
        "{} alert \"{}\" from {} was given up after {} attempts: {}",
        "{} 알림 \"{}\"({}): {}번 시도하고 포기함: {}",
    ),
    phrase("test", "Test message from {}", "{} 시험 메시지"),
    phrase(
        "test",
        "Somebody tries this channel. Nothing is wrong.",
        "채널을 시험하는 메시지이며 문제는 없음.",
    ),
    phrase(
        "",
        "It did not happen again within {}.",
        "{} 동안 다시 일어나지 않음.",
    ),
    phrase("", "not acknowledged within {}", "{} 동안 확인되지 않음"),
];

/// How long something lasts, in words of bongsu's own.
const LENGTHS: &[(&str, &str)] = &[
    (" seconds", "초"),
    (" second", "초"),
    (" minutes", "분"),
    (" hours", "시간"),
];

/// What may stand in a sentence and is a word of bongsu's own.
const WORDS: &[(&str, &str)] = &[
    ("memory", "메모리"),
    ("disk", "디스크"),
    (
        "neither the current value nor the threshold is known",
        "현재 값과 한도를 모두 알 수 없음",
    ),
    ("the current value is not known", "현재 값을 알 수 없음"),
    ("the threshold is not known", "한도를 알 수 없음"),
];

/// A title or a message of an alert of this kind; none where it is not one of bongsu's own.
pub(super) fn said(kind: &str, text: &str) -> Option<String> {
    let of_kind = |phrase: &&Phrase| phrase.kind.is_empty() || phrase.kind == kind;
    let known = PHRASES.iter().filter(of_kind);
    known.filter_map(|phrase| phrase.in_korean(text)).next()
}

/// A title without its kind, as a digest has it: only what no service would write by itself.
pub(super) fn title(text: &str) -> Option<String> {
    let unmistakable = |phrase: &&Phrase| !matches!(phrase.kind, "health" | "digest" | "");
    let known = PHRASES.iter().filter(unmistakable);
    known.filter_map(|phrase| phrase.in_korean(text)).next()
}

impl Phrase {
    fn in_korean(&self, text: &str) -> Option<String> {
        let mut pieces = self.english.split("{}");
        let mut rest = text.strip_prefix(pieces.next()?)?;
        let mut said = self.korean.split("{}");
        let mut korean = said.next()?.to_owned();
        let mut pieces = pieces.peekable();
        while let Some(piece) = pieces.next() {
            let (what, after) = match pieces.peek() {
                // The last one ends the text.
                None => (rest.strip_suffix(piece)?, ""),
                Some(_) => rest.split_once(piece)?,
            };
            if what.is_empty() {
                return None;
            }
            korean.push_str(&word(what));
            korean.push_str(said.next()?);
            rest = after;
        }
        rest.is_empty().then_some(korean)
    }
}

fn word(text: &str) -> Cow<'_, str> {
    let known = WORDS
        .iter()
        .find(|(english, _)| english.eq_ignore_ascii_case(text));
    if let Some((_, korean)) = known {
        return Cow::Borrowed(korean);
    }
    let length = LENGTHS.iter().find_map(|(unit, korean)| {
        let number = text.strip_suffix(unit)?;
        let whole = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        whole.then(|| Cow::Owned(format!("{number}{korean}")))
    });
    length.unwrap_or(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Alert, AlertLevel, templates};

    /// Every template, in full: a new wording without its Korean is found here.
    #[test]
    fn every_template_speaks_korean() {
        let ms = Duration::from_millis;
        let own = |alert: &Alert| {
            (
                said(&alert.kind, &alert.title),
                said(&alert.kind, &alert.message),
            )
        };
        for (alert, title, message) in [
            (
                templates::risk("max_drawdown", 30.9, 28.0),
                "위험 한도 초과: max_drawdown",
                "현재 값 30.90, 한도 28.00 초과",
            ),
            (
                templates::risk("loss", -3.0, -2.0),
                "위험 한도 초과: loss",
                "현재 값 -3.00, 한도 -2.00 미달",
            ),
            (
                templates::risk("loss", f64::NAN, -2.0),
                "위험 값을 알 수 없음: loss",
                "현재 값을 알 수 없음 (숫자가 아님): 한도를 지키는지 알 수 없음",
            ),
            (
                templates::risk_resolved("loss", 1.0, 2.0),
                "위험 한도 이내로 복귀: loss",
                "현재 값 1.00, 한도 2.00 이내로 복귀",
            ),
            (
                templates::trading_halt("loss", Some(30.5)),
                "거래 중단",
                "거래 중단: loss (낙폭 30.50%)",
            ),
            (
                templates::trading_halt("loss", None),
                "거래 중단",
                "거래 중단: loss",
            ),
            (
                templates::trading_halt_resolved("loss"),
                "거래 재개",
                "중단 해제: loss",
            ),
            (
                templates::performance("query", ms(150), ms(100)),
                "처리 지연: query",
                "query 처리에 150.0 ms (기준 100.0 ms)",
            ),
            (
                templates::performance_resolved("query", ms(50), ms(100)),
                "처리 지연 해소: query",
                "query 처리에 50.0 ms (기준 100.0 ms)",
            ),
            (
                templates::resource("disk", AlertLevel::Warning, 91.0, 85.0),
                "디스크 사용률 높음",
                "디스크 사용률 91.0% (기준 85.0%)",
            ),
            (
                templates::resource_resolved("cpu", 11.0, 70.0),
                "CPU 사용률 정상 복귀",
                "cpu 사용률 11.0% (기준 70.0%)",
            ),
        ] {
            assert_eq!(
                own(&alert),
                (Some(title.to_owned()), Some(message.to_owned()))
            );
        }
        let error = templates::error_text("broker", "Timeout", "no answer");
        assert_eq!(
            own(&error),
            (Some("broker 오류".to_owned()), None),
            "the error's own words stay"
        );
        let over = templates::error_resolved("broker", "Timeout", "no answer");
        assert_eq!(own(&over).0.as_deref(), Some("broker 오류 해소"));
    }

    #[test]
    fn what_is_said_of_the_alerting_itself_is_said_in_korean() {
        let check = |kind, english: &str, korean: &str| {
            assert_eq!(said(kind, english).as_deref(), Some(korean), "{english}");
        };
        check("digest", "1 alert from orders", "알림 1건: orders");
        check("digest", "12 alerts from orders", "알림 12건: orders");
        check(
            "digest",
            "Gathered alerts: 1 error, 11 warning. 3 of them are of keys without a line. Of the keys \
             below 2 are over.",
            "모은 알림: 1 error, 11 warning. 그중 3건은 아래 줄에 없음. 아래에서 해소된 것 2개.",
        );
        check(
            "digest",
            "Gathered alerts: 11 warning. Of the keys below 2 are over.",
            "모은 알림: 11 warning. 아래에서 해소된 것 2개.",
        );
        check("digest", "Gathered alerts: 1 info.", "모은 알림: 1 info.");
        check(
            "alerting",
            "Alert channel email is failing for kim@x",
            "알림 채널 email 전송 실패 중: kim@x",
        );
        check(
            "alerting",
            "Alert channel slack needs mending",
            "알림 채널 slack 조치 필요",
        );
        check(
            "alerting",
            "CRITICAL alert \"DB down\" from db was given up after 3 attempts: HTTP 400",
            "CRITICAL 알림 \"DB down\"(db): 3번 시도하고 포기함: HTTP 400",
        );
        check(
            "log",
            "It did not happen again within 30 minutes.",
            "30분 동안 다시 일어나지 않음.",
        );
        check(
            "risk",
            "not acknowledged within 1 second",
            "1초 동안 확인되지 않음",
        );
        assert_eq!(title("3 alerts from here"), None, "a service may say so");
    }

    #[test]
    fn what_a_service_wrote_stays() {
        assert_eq!(said("custom", "TRADING HALT"), None);
        assert_eq!(
            said("risk", "Risk Threshold Breach: "),
            None,
            "nothing stands there"
        );
        assert_eq!(said("health", "the feed is slow"), None);
        assert_eq!(title("the feed is degraded"), None);
        assert_eq!(
            title("High MEMORY Usage").as_deref(),
            Some("메모리 사용률 높음")
        );
    }
}
