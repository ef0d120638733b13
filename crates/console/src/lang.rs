//! The two languages of the console.

use std::str::FromStr;

/// The language a page is written in.
///
/// Texts stand side by side where they are used, as `lang.pick("Alerts", "알림")`, so that none
/// can be missing in one language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

/// A language name that is neither `en` nor `ko`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown language {0:?}, expected en or ko")]
pub struct UnknownLang(pub String);

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "en" => Ok(Self::En),
            "ko" => Ok(Self::Ko),
            _ => Err(UnknownLang(name.to_owned())),
        }
    }
}

impl Lang {
    /// Both.
    pub const ALL: [Self; 2] = [Self::En, Self::Ko];

    /// The BCP 47 tag, for `lang` attributes and cookies.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        self.pick("en", "ko")
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::En => Self::Ko,
            Self::Ko => Self::En,
        }
    }

    /// The first of the two that an `Accept-Language` header names; English when it names neither.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        header
            .split(',')
            .filter_map(|range| range.trim().get(..2))
            .find_map(|tag| tag.to_ascii_lowercase().parse().ok())
            .unwrap_or_default()
    }

    /// The text in this language.
    #[must_use]
    pub const fn pick(self, en: &'static str, ko: &'static str) -> &'static str {
        match self {
            Self::En => en,
            Self::Ko => ko,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accepted_language() {
        let check = |header, want| assert_eq!(Lang::accepted(header), want, "{header:?}");
        check("", Lang::En);
        check("ko-KR,ko;q=0.9,en;q=0.8", Lang::Ko);
        check("de-DE, KO;q=0.5", Lang::Ko);
        check("en-GB,ko", Lang::En);
        check("한국어", Lang::En);
        check("*", Lang::En);
    }
}
