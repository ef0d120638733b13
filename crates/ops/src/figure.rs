//! A figure, or why there is none.

use std::borrow::Cow;

use bongsu_lang::Lang;
use serde::{Serialize, Serializer};

/// A value that may be missing; then it shows as a dash with its reason.
pub type Figure<T> = bongsu_figure::Figure<T, Missing>;

/// Why a figure is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Missing {
    /// Nothing has been measured yet.
    #[default]
    NotYet,
    /// The service does not have the part that would supply it.
    NotConfigured,
    /// The service never recorded it.
    NotRecorded,
    /// The service runs in no container.
    NoContainer,
    /// The container has no limit that it could be a share of.
    NoLimit,
    /// It is the machine's, which is shown beside it.
    OfHost,
    /// No report of the last close is kept, which it is compared with.
    NoClose,
    /// It could not be had; the words of whoever tried.
    Failed(String),
}

impl Missing {
    /// The reason in words.
    #[must_use]
    pub fn words(&self, lang: Lang) -> Cow<'_, str> {
        match self {
            Self::NotYet => lang.pick("not measured yet", "아직 측정 전").into(),
            Self::NotConfigured => lang.pick("not configured", "설정되지 않음").into(),
            Self::NotRecorded => lang.pick("not recorded", "기록 없음").into(),
            Self::NoContainer => lang.pick("no container", "컨테이너 아님").into(),
            Self::NoLimit => lang.pick("no limit", "한도 없음").into(),
            Self::OfHost => lang.pick("as the host", "호스트와 같음").into(),
            Self::NoClose => lang
                .pick("no report of the last close", "최근 마감 보고서 없음")
                .into(),
            Self::Failed(reason) => reason.into(),
        }
    }
}

/// The reason in English.
impl Serialize for Missing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.words(Lang::En))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_in_the_readers_language() {
        for why in [
            Missing::NotYet,
            Missing::NotConfigured,
            Missing::NotRecorded,
            Missing::NoContainer,
            Missing::NoLimit,
            Missing::OfHost,
            Missing::NoClose,
        ] {
            let (en, ko) = (why.words(Lang::En), why.words(Lang::Ko));
            assert!(en.is_ascii(), "{en}");
            assert!(!ko.chars().any(|c| c.is_ascii_alphabetic()), "{ko}");
        }
    }
}
