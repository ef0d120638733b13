//! Data in, HTML out: one module a page.

use askama::{Template, filters::HtmlSafe};

use crate::{Figure, Lang};

pub mod alert;
pub mod alerts;
pub mod config;
pub mod forms;
pub mod logs;
mod maintenance;
pub mod message;
pub mod metrics;
pub mod overview;
mod refusal;
pub mod reports;
pub mod requests;
pub mod rules;
pub mod trends;

pub use self::refusal::refusal;

/// What every page has around its content.
#[derive(Debug, Clone, Default)]
pub struct Chrome {
    /// The language.
    pub lang: Lang,
    /// What the forms carry to prove that they came from here.
    pub token: String,
    /// What was just done.
    pub notice: Option<Notice>,
    /// Somebody signed in, and may sign out.
    pub signed_in: bool,
    /// The page, for the navigation; set by the page itself.
    place: Place,
    /// The rest of the address, for the link to the other language.
    pub here: String,
}

impl Chrome {
    /// Around a page in `lang` whose forms carry `token`.
    #[must_use]
    pub fn new(lang: Lang, token: impl Into<String>) -> Self {
        Self {
            lang,
            token: token.into(),
            ..Self::default()
        }
    }

    fn at(&self, place: Place) -> Self {
        Self {
            place,
            ..self.clone()
        }
    }

    fn said(&self) -> Option<&'static str> {
        self.notice.map(|notice| notice.words(self.lang))
    }

    fn links(&self) -> [Link; 9] {
        let l = self.lang;
        let link = |place, href, text, key| Link {
            href,
            text,
            key,
            here: self.place == place,
        };
        [
            link(Place::Overview, "/console", l.pick("Overview", "개요"), "o"),
            link(
                Place::Alerts,
                "/console/alerts",
                l.pick("Alerts", "알림"),
                "a",
            ),
            link(
                Place::Trends,
                "/console/trends",
                l.pick("Trends", "추이"),
                "t",
            ),
            link(
                Place::Requests,
                "/console/requests",
                l.pick("Requests", "요청"),
                "q",
            ),
            link(Place::Logs, "/console/logs", l.pick("Logs", "로그"), "l"),
            link(
                Place::Metrics,
                "/console/metrics",
                l.pick("Metrics", "지표"),
                "m",
            ),
            link(Place::Rules, "/console/rules", l.pick("Rules", "규칙"), "u"),
            link(
                Place::Reports,
                "/console/reports",
                l.pick("Reports", "보고서"),
                "r",
            ),
            link(
                Place::Config,
                "/console/config",
                l.pick("Config", "설정"),
                "c",
            ),
        ]
    }
}

struct Link {
    href: &'static str,
    text: &'static str,
    /// What is pressed after `g` to go there.
    key: &'static str,
    here: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    None,
    Overview,
    Alerts,
    Trends,
    Requests,
    Logs,
    Metrics,
    Rules,
    Reports,
    Config,
}

/// What was just done, shown once on the page that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// An alert was acknowledged.
    Acknowledged,
    /// An acknowledgment was taken back.
    Unacknowledged,
    /// An alert was said to have ended.
    Resolved,
    /// Alerts were silenced.
    Silenced,
    /// A silence was ended.
    Unsilenced,
    /// The log level was set.
    LevelSet,
    /// Positions of the reports were computed anew.
    Rebuilt,
    /// A report was sent once more.
    Resent,
    /// A test message arrived.
    Tested,
    /// The rule files were read anew.
    RulesReloaded,
    /// A maintenance began.
    Maintenance,
    /// It was ended.
    MaintenanceEnded,
}

impl Notice {
    const ALL: [Self; 12] = [
        Self::Maintenance,
        Self::MaintenanceEnded,
        Self::Acknowledged,
        Self::Unacknowledged,
        Self::Resolved,
        Self::Rebuilt,
        Self::Silenced,
        Self::Unsilenced,
        Self::LevelSet,
        Self::Resent,
        Self::Tested,
        Self::RulesReloaded,
    ];

    /// The word in the address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Unacknowledged => "unacknowledged",
            Self::Resolved => "resolved",
            Self::Rebuilt => "rebuilt",
            Self::Silenced => "silenced",
            Self::Unsilenced => "unsilenced",
            Self::LevelSet => "level",
            Self::Resent => "resent",
            Self::Tested => "tested",
            Self::RulesReloaded => "rules",
            Self::Maintenance => "maintenance",
            Self::MaintenanceEnded => "maintenance-over",
        }
    }

    /// The notice of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.as_str() == word)
    }

    fn words(self, lang: Lang) -> &'static str {
        match self {
            Self::Acknowledged => lang.pick("Acknowledged.", "확인 처리했습니다."),
            Self::Unacknowledged => lang.pick(
                "The acknowledgment is taken back.",
                "확인 처리를 취소했습니다.",
            ),
            Self::Resolved => lang.pick("Noted as over.", "해소 처리했습니다."),
            Self::Rebuilt => lang.pick(
                "Positions were computed anew. Nothing was sent.",
                "포지션을 다시 계산했습니다. 발송된 것은 없습니다.",
            ),
            Self::Silenced => lang.pick("Silenced.", "알림을 멈췄습니다."),
            Self::Unsilenced => lang.pick("The silence has ended.", "알림 멈춤을 해제했습니다."),
            Self::LevelSet => lang.pick("The log level is set.", "로그 수준을 바꿨습니다."),
            Self::Resent => lang.pick(
                "The report is sent once more; what becomes of it stands beside it.",
                "보고서를 다시 보냅니다. 결과는 목록에 표시됩니다.",
            ),
            Self::Tested => lang.pick(
                "The far side took the test message.",
                "시험 메시지가 전달되었습니다.",
            ),
            Self::RulesReloaded => lang.pick(
                "The rule files were read anew and hold.",
                "규칙 파일을 다시 읽어 반영했습니다.",
            ),
            Self::Maintenance => lang.pick(
                "The service is in maintenance: not ready, and nobody is told of what fires.",
                "점검을 시작했습니다. 준비 상태가 아니며 알림을 보내지 않습니다.",
            ),
            Self::MaintenanceEnded => lang.pick(
                "The maintenance has ended; what still fires is told.",
                "점검을 종료했습니다. 계속 발생 중인 알림은 다시 보냅니다.",
            ),
        }
    }
}

/// A figure on a page: its text, or a dash with the reason.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% match why %}{% when None %}<span class="v {{ tone }}">{% if !mark.is_empty() %}<span class="mark" aria-hidden="true">{{ mark }}</span> {% endif %}{{ text }}</span>{% when Some(why) %}{% if is_short %}<span class="v none" title="{{ why }}">–<span class="sr"> {{ why }}</span></span>{% else %}<span class="v none">–</span> <span class="why">{{ why }}</span>{% endif %}{% endmatch %}"#
)]
struct Cell {
    text: String,
    mark: &'static str,
    tone: &'static str,
    why: Option<String>,
    is_short: bool,
}

impl HtmlSafe for Cell {}

impl Cell {
    fn of<T>(figure: &Figure<T>, lang: Lang, show: impl FnOnce(&T) -> String) -> Self {
        let (text, why) = match figure {
            Figure::Known(value) => (show(value), None),
            Figure::Missing(missing) => (String::new(), Some(missing.words(lang).into_owned())),
        };
        Self {
            text,
            mark: "",
            tone: "",
            why,
            is_short: false,
        }
    }

    /// Without the reason, where a table has many of them: it stands in the dash's title.
    fn short(mut self) -> Self {
        self.is_short = true;
        self
    }

    /// Coloured and marked as a gain or a loss.
    fn signed(mut self, sign: Option<f64>) -> Self {
        (self.tone, self.mark) = match sign {
            Some(value) if value > 0.0 => ("up", "▲"),
            Some(value) if value < 0.0 => ("down", "▼"),
            _ => ("", ""),
        };
        self
    }
}

/// A page as text. Writing to memory fails for no template here; if one ever does, the reader sees
/// an empty page rather than half of one.
fn rendered(page: &impl Template) -> String {
    page.render().unwrap_or_default()
}
