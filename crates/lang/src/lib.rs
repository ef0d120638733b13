//! The two languages of what people read.
//!
//! Texts stand side by side where they are used, so that none can be missing in one language.
//!
//! ```
//! use bongsu_lang::Lang;
//!
//! let lang = Lang::accepted("ko-KR,ko;q=0.9,en;q=0.8");
//! assert_eq!(lang.pick("Alerts", "알림"), "알림");
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// The language something is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

/// A language name that is neither English nor Korean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLang(pub String);

impl fmt::Display for UnknownLang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown language {:?}, expected en or ko", self.0)
    }
}

impl Error for UnknownLang {}

impl FromStr for Lang {
    type Err = UnknownLang;

    /// A tag or a name in any case, such as `ko`, `ko-KR` or `korean`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.trim().to_ascii_lowercase().as_str() {
            "en" | "en-us" | "en-gb" | "english" => Ok(Self::En),
            "ko" | "kr" | "ko-kr" | "korean" => Ok(Self::Ko),
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
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
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
            .find_map(|tag| {
                let is = |lang: &Self| lang.tag().eq_ignore_ascii_case(tag);
                Self::ALL.into_iter().find(is)
            })
            .unwrap_or_default()
    }

    /// What is meant for this language.
    #[must_use]
    pub const fn pick<T: Copy>(self, en: T, ko: T) -> T {
        match self {
            Self::En => en,
            Self::Ko => ko,
        }
    }

    /// As [`Lang::pick`], for what is made on the way, such as formatted texts.
    #[must_use]
    pub fn pick_made<T>(self, en: T, ko: T) -> T {
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
        check("kr", Lang::En);
        check("*", Lang::En);
    }

    #[test]
    fn names() {
        for lang in Lang::ALL {
            assert_eq!(lang.tag().parse(), Ok(lang));
            assert_eq!(lang.other().other(), lang);
        }
        assert_eq!(" Korean ".parse(), Ok(Lang::Ko));
        assert_eq!("KO-kr".parse(), Ok(Lang::Ko));
        let error = "de".parse::<Lang>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown language \"de\", expected en or ko"
        );
    }
}
