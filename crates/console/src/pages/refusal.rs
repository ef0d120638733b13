//! Why something was not done, in the reader's language.

use crate::{Lang, OpsError};

/// The reason in words. What a part of the service says of it stays as it is; which field it is about, and what
/// kind of failure it was, is said in the reader's language.
#[must_use]
pub fn refusal(error: &OpsError, l: Lang) -> String {
    let said = error.to_string();
    if l == Lang::En {
        return said;
    }
    match error {
        OpsError::Unavailable(part) => format!("이 서비스에는 해당 기능이 없습니다 ({part})"),
        OpsError::NotFound(_) => format!("찾을 수 없습니다: {said}"),
        OpsError::Failed(_) => format!("처리하지 못했습니다: {said}"),
        _ => match said.split_once(": ") {
            Some((field, why)) => match label(field) {
                Some(label) => format!("'{label}' 값을 확인하세요: {why}"),
                None => format!("입력한 값을 확인하세요: {said}"),
            },
            None => format!("입력한 값을 확인하세요: {said}"),
        },
    }
}

/// What a field is called on the pages.
fn label(field: &str) -> Option<&'static str> {
    let label = match field {
        "by" => "이름",
        "the reason" | "reason" | "comment" => "사유",
        "minutes" | "for_seconds" => "기간",
        "start" => "시작",
        "end" => "종료",
        "days" => "요일",
        "from" => "시각 (부터)",
        "until" | "to" => "시각 (까지)",
        "level" | "directives" => "지시문",
        "date" => "날짜",
        "channel" => "채널",
        "key" => "키",
        field if field.starts_with("session") || field.starts_with("recurrence") => "적용 시간",
        _ => return None,
    };
    Some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_of_korean_is_told_which_field_and_what_kind_of_failure() {
        let said = |error: &OpsError| Lang::ALL.map(|l| refusal(error, l));
        let by = OpsError::Invalid("by: say who you are".to_owned());
        assert_eq!(
            said(&by),
            [
                "by: say who you are",
                "'이름' 값을 확인하세요: say who you are"
            ]
        );
        for (error, want) in [
            (
                OpsError::Unavailable("reports"),
                "기능이 없습니다 (reports)",
            ),
            (
                OpsError::no_such("firing alert"),
                "찾을 수 없습니다: there is",
            ),
            (
                OpsError::Failed("550".to_owned()),
                "처리하지 못했습니다: 550",
            ),
            (
                OpsError::Invalid("recurrence.session: \"x\" is not known".to_owned()),
                "'적용 시간' 값을",
            ),
            (
                OpsError::Invalid("<b>: no".to_owned()),
                "확인하세요: <b>: no",
            ),
        ] {
            let [en, ko] = said(&error);
            assert_eq!(en, error.to_string());
            assert!(ko.contains(want), "{ko}");
        }
    }
}
