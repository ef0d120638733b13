//! Text in two languages.

/// What a dashboard is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// The files without a suffix.
    English,
    /// The files with `.ko`.
    Korean,
}

/// One text, twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Korean.
    pub ko: &'static str,
}

impl Text {
    /// The text in one language.
    #[must_use]
    pub const fn get(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Korean => self.ko,
        }
    }
}

/// One text for both: names, placeholders, figures.
impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self { en: text, ko: text }
    }
}

/// English, Korean.
#[must_use]
pub const fn text(en: &'static str, ko: &'static str) -> Text {
    Text { en, ko }
}
