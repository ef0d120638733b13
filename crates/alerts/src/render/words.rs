//! The words that messages put around what the caller wrote, in both languages.

use bongsu_lang::Lang;
use bongsu_severity::Severity;

use crate::channel::AlertStatus;

/// Labels and marks in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words(Lang);

impl Words {
    /// The words of a language.
    #[must_use]
    pub const fn of(lang: Lang) -> Self {
        Self(lang)
    }

    /// Before the level.
    #[must_use]
    pub fn level(self) -> &'static str {
        self.0.pick("Level", "수준")
    }

    /// Before the source.
    #[must_use]
    pub fn source(self) -> &'static str {
        self.0.pick("Source", "발생원")
    }

    /// Before the time.
    #[must_use]
    pub fn time(self) -> &'static str {
        self.0.pick("Time", "시각")
    }

    /// Before the tags.
    #[must_use]
    pub fn tags(self) -> &'static str {
        self.0.pick("Tags", "태그")
    }

    /// Before the host.
    #[must_use]
    pub fn host(self) -> &'static str {
        self.0.pick("Host", "호스트")
    }

    /// Before the link to the console.
    #[must_use]
    pub fn console(self) -> &'static str {
        self.0.pick("Console", "콘솔")
    }

    /// Before the runbook.
    #[must_use]
    pub fn runbook(self) -> &'static str {
        self.0.pick("Runbook", "대응 절차")
    }

    /// The mark of a message that is not a plain firing alert.
    #[must_use]
    pub fn mark(self, status: AlertStatus) -> Option<&'static str> {
        Some(match status {
            AlertStatus::Firing => return None,
            AlertStatus::Resolved => self.0.pick("RESOLVED", "해소"),
            AlertStatus::Test => self.0.pick("TEST", "시험"),
            AlertStatus::Digest => self.0.pick("DIGEST", "모음"),
        })
    }

    /// A level with its meaning; the word that filters and rules go by stays as it is.
    #[must_use]
    pub fn level_name(self, level: Severity) -> &'static str {
        match level {
            Severity::Info => self.0.pick("INFO", "INFO (정보)"),
            Severity::Warning => self.0.pick("WARNING", "WARNING (주의)"),
            Severity::Error => self.0.pick("ERROR", "ERROR (오류)"),
            Severity::Critical => self.0.pick("CRITICAL", "CRITICAL (심각)"),
        }
    }

    /// In the place of a title that is empty.
    #[must_use]
    pub fn no_title(self) -> &'static str {
        self.0.pick("(no title)", "(제목 없음)")
    }

    /// What was held back.
    #[must_use]
    pub fn suppressed(self, count: u64) -> String {
        match self.0 {
            Lang::En => format!("+{count} suppressed since the last message"),
            Lang::Ko => format!("지난 메시지 이후 같은 알림 {count}건을 보내지 않음"),
        }
    }

    /// That and when what a digest tells of was over.
    #[must_use]
    pub fn ended(self, at: &str) -> String {
        match self.0 {
            Lang::En => format!(", ended {at}"),
            Lang::Ko => format!(", {at} 해소"),
        }
    }

    /// Facts that found no room.
    #[must_use]
    pub fn left_out(self, count: usize) -> String {
        match self.0 {
            Lang::En => format!("{count} more facts left out [truncated]"),
            Lang::Ko => format!("그 밖의 항목 {count}개 생략 [truncated]"),
        }
    }
}
