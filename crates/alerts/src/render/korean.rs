//! What bongsu itself says, in Korean: its own titles and messages are known by their form, whatever stands in
//! them. What a service's code has written stays as it is.

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
    let known = PHRASES.iter().filter(|phrase| phrase.kind == kind);
    known.filter_map(|phrase| phrase.in_korean(text)).next()
}

/// A title without its kind, as a digest has it: only what no service would write by itself.
pub(super) fn title(text: &str) -> Option<String> {
    let known = PHRASES.iter().filter(|phrase| phrase.kind != "health");
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
            korean.push_str(word(what));
            korean.push_str(said.next()?);
            rest = after;
        }
        rest.is_empty().then_some(korean)
    }
}

fn word(text: &str) -> &str {
    let known = WORDS
        .iter()
        .find(|(english, _)| english.eq_ignore_ascii_case(text));
    known.map_or(text, |(_, korean)| korean)
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
