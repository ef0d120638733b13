//! The forms: what each asks for, with what was typed in them, so that one that is refused comes back whole.

use std::collections::BTreeMap;

use askama::{Template, filters::HtmlSafe};
use bongsu_ops::{Day, Recurrence, TimeOfDay, WeeklyHours};
use jiff::Timestamp;

use crate::{Lang, format};

/// Most characters of a name.
const NAME: usize = 80;
/// Most characters of a reason.
const REASON: usize = 200;

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Somebody knows of an alert.
    Acknowledge,
    /// Nobody does after all.
    Unacknowledge,
    /// It is over.
    Resolve,
    /// Alerts are held back.
    Silence,
    /// A silence is ended.
    Unsilence,
    /// Another log level.
    Level,
    /// Positions are computed anew.
    Rebuild,
    /// A report is sent once more.
    Resend,
    /// A message over a channel, to try it.
    TestChannel,
    /// The rule files are read anew.
    ReloadRules,
    /// The service is taken out of service for a time.
    Maintain,
    /// It is back before the time.
    EndMaintenance,
}

impl Action {
    /// Where the form goes.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Acknowledge => "/console/acknowledge",
            Self::Unacknowledge => "/console/unacknowledge",
            Self::Resolve => "/console/resolve",
            Self::Silence => "/console/silence",
            Self::Unsilence => "/console/unsilence",
            Self::Level => "/console/level",
            Self::Rebuild => "/console/rebuild",
            Self::Resend => "/console/resend",
            Self::TestChannel => "/console/test",
            Self::ReloadRules => "/console/rules/reload",
            Self::Maintain => "/console/maintenance",
            Self::EndMaintenance => "/console/maintenance/end",
        }
    }

    const fn button(self, l: Lang) -> &'static str {
        match self {
            Self::Acknowledge => l.pick("Acknowledge", "확인"),
            Self::Unacknowledge => l.pick("Take the acknowledgment back", "확인 취소"),
            Self::Resolve => l.pick("It is over", "해소 처리"),
            Self::Silence => l.pick("Silence", "멈춤"),
            Self::Unsilence => l.pick("End", "해제"),
            Self::Level => l.pick("Set", "적용"),
            Self::Rebuild => l.pick("Compute anew", "다시 계산"),
            Self::Resend => l.pick("Send once more", "다시 보내기"),
            Self::TestChannel => l.pick("Send a test", "시험 발송"),
            Self::ReloadRules => l.pick("Read anew", "다시 읽기"),
            Self::Maintain => l.pick("Begin the maintenance", "점검 시작"),
            Self::EndMaintenance => l.pick("End the maintenance", "점검 종료"),
        }
    }

    /// What goes along without being asked for.
    const fn carried(self) -> &'static [&'static str] {
        match self {
            Self::Acknowledge | Self::Unacknowledge | Self::Resolve => &["key", "back"],
            Self::Silence => &["key", "back", "scope"],
            Self::Unsilence => &["id", "key", "back"],
            Self::Level
            | Self::Rebuild
            | Self::ReloadRules
            | Self::Maintain
            | Self::EndMaintenance => &[],
            Self::Resend => &["date"],
            Self::TestChannel => &["channel"],
        }
    }
}

/// What stands in a form's fields, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed(BTreeMap<String, String>);

impl Typed {
    /// With a value in a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// What stands in a field; empty where nothing does.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl From<BTreeMap<String, String>> for Typed {
    fn from(fields: BTreeMap<String, String>) -> Self {
        Self(fields)
    }
}

/// When a silence begins, where the form says it.
///
/// # Errors
///
/// What is no moment.
pub fn start(typed: &Typed) -> Result<Option<Timestamp>, String> {
    match typed.get("start").trim() {
        "" => Ok(None),
        text => match format::parse_moment(text) {
            Some(at) => Ok(Some(at)),
            None => Err("start: is no moment, write it as 2026-05-28T09:00".to_owned()),
        },
    }
}

/// In which hours a silence holds, where the form says it: in a session, or at hours of the week.
///
/// # Errors
///
/// What makes no sense.
pub fn recurrence(typed: &Typed) -> Result<Option<Recurrence>, String> {
    let [session, days, from, to] =
        ["session", "days", "from_time", "to_time"].map(|name| typed.get(name).trim());
    let is_weekly = [days, from, to].iter().any(|text| !text.is_empty());
    match (session, is_weekly) {
        ("", false) => return Ok(None),
        (_, false) => return Ok(Some(Recurrence::Session(session.to_owned()))),
        ("", true) => {}
        (_, true) => return Err("session: choose a session, or days and times".to_owned()),
    }
    let named = |what: &str, why: String| format!("{what}: {why}");
    let days = days.split([',', ' ']).filter(|day| !day.is_empty());
    let days = days.map(|day| Day::try_from(day.to_owned()));
    let time = |name: &str, text: &str, without: &str| {
        let text = if text.is_empty() { without } else { text };
        TimeOfDay::try_from(text.to_owned()).map_err(|why| named(name, why))
    };
    Ok(Some(Recurrence::Weekly(WeeklyHours {
        days: days
            .collect::<Result<_, _>>()
            .map_err(|why| named("days", why))?,
        from: time("from", from, "00:00")?,
        to: time("until", to, "24:00")?,
        zone: None,
    })))
}

/// A form of the console.
#[derive(Debug, Clone, Template)]
#[template(path = "form.html")]
pub struct Form {
    action: &'static str,
    token: String,
    look: &'static str,
    carried: Vec<(&'static str, String)>,
    choices: Option<Choices>,
    fields: Vec<Field>,
    more: Option<(&'static str, Vec<Field>)>,
    button: &'static str,
    quiet: bool,
    /// What the button is about, for those who do not see where it stands.
    about: String,
}

impl HtmlSafe for Form {}

#[derive(Debug, Clone)]
struct Choices {
    legend: &'static str,
    name: &'static str,
    all: Vec<Choice>,
}

/// One of several that a form lets choose.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) words: String,
    /// How many alerts it is about, and some of their keys.
    pub(super) held: usize,
    pub(super) holds: Vec<String>,
    pub(super) chosen: bool,
}

#[derive(Debug, Clone)]
struct Field {
    label: &'static str,
    name: &'static str,
    value: String,
    kind: Kind,
    required: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Text { most: usize, hint: &'static str },
    Name,
    Of(&'static str),
    Choice(Vec<(&'static str, &'static str)>),
}

impl Form {
    /// Something stands where little is asked for.
    fn is_more_typed(&self) -> bool {
        let more = self.more.iter().flat_map(|(_, fields)| fields);
        more.into_iter().any(|field| !field.value.is_empty())
    }

    /// The form of an action with what was typed.
    #[must_use]
    pub fn new(action: Action, l: Lang, token: &str, typed: &Typed) -> Self {
        let carried = action.carried().iter();
        let carried = carried.filter(|name| !typed.get(name).is_empty());
        let (fields, more) = fields(action, l, typed);
        Self {
            action: action.path(),
            token: token.to_owned(),
            look: "",
            carried: carried
                .map(|name| (*name, typed.get(name).to_owned()))
                .collect(),
            choices: None,
            fields,
            more,
            button: action.button(l),
            quiet: action == Action::Resolve,
            about: String::new(),
        }
    }

    /// In a line with what it is about.
    pub(super) fn inline(mut self, about: impl Into<String>) -> Self {
        self.look = "inline";
        self.about = about.into();
        self
    }

    /// In a line of its own.
    pub(super) fn filter(mut self) -> Self {
        self.look = "filter";
        self
    }

    /// Without what is seldom asked for: there is another place for it.
    pub(super) fn short(mut self) -> Self {
        self.more = None;
        self
    }

    /// With a choice of what a silence holds.
    pub(super) fn of(mut self, all: Vec<Choice>, l: Lang) -> Self {
        self.carried.retain(|(name, _)| *name != "scope");
        self.choices = Some(Choices {
            legend: l.pick(
                "Silence, and what that would hold now",
                "멈춤 범위와 지금 멈출 알림",
            ),
            name: "scope",
            all,
        });
        self
    }
}

fn fields(
    action: Action,
    l: Lang,
    typed: &Typed,
) -> (Vec<Field>, Option<(&'static str, Vec<Field>)>) {
    let field = |name: &'static str, label, kind, required| Field {
        label,
        name,
        value: typed.get(name).to_owned(),
        kind,
        required,
    };
    let by = || field("by", l.pick("Your name", "이름"), Kind::Name, true);
    let lasts = |minutes: &[u64], usual: u64| {
        let mut it = field(
            "minutes",
            l.pick("For", "기간"),
            Kind::Choice(minutes.iter().map(|minutes| lasting(*minutes, l)).collect()),
            true,
        );
        if it.value.is_empty() {
            it.value = usual.to_string();
        }
        it
    };
    let all = match action {
        Action::Silence => {
            let reason = Kind::Text {
                most: REASON,
                hint: "",
            };
            let fields = vec![
                by(),
                lasts(&[15, 60, 240, 1_440, 10_080, 43_200], 60),
                field("reason", l.pick("Why", "사유"), reason, true),
            ];
            let session = field(
                "session",
                l.pick("Only while", "적용 시간"),
                Kind::Choice(sessions(l)),
                false,
            );
            let days = Kind::Text {
                most: 40,
                hint: "sat,sun",
            };
            let more = vec![
                field(
                    "start",
                    l.pick("Begins (KST)", "시작 (KST)"),
                    Kind::Of("datetime-local"),
                    false,
                ),
                session,
                field(
                    "days",
                    l.pick("Only on days (mon to sun)", "요일 (mon~sun)"),
                    days,
                    false,
                ),
                field(
                    "from_time",
                    l.pick("from", "시각 (부터)"),
                    Kind::Of("time"),
                    false,
                ),
                field(
                    "to_time",
                    l.pick("until", "시각 (까지)"),
                    Kind::Of("time"),
                    false,
                ),
            ];
            let title = l.pick("Later, or again and again", "예약 · 반복");
            return (fields, Some((title, more)));
        }
        Action::Level => vec![
            field(
                "directives",
                l.pick("Directives", "지시문"),
                Kind::Text {
                    most: 500,
                    hint: "info,bongsu=debug",
                },
                true,
            ),
            lasts(&[5, 15, 60, 480], 15),
            by(),
        ],
        Action::Maintain => {
            let reason = Kind::Text {
                most: REASON,
                hint: "",
            };
            vec![
                by(),
                lasts(&[15, 60, 240, 480], 60),
                field("reason", l.pick("Why", "사유"), reason, true),
            ]
        }
        Action::Rebuild => vec![
            field(
                "from",
                l.pick("From (empty: everything)", "시작일 (비우면 전체)"),
                Kind::Of("date"),
                false,
            ),
            by(),
        ],
        _ => vec![by()],
    };
    (all, None)
}

fn lasting(minutes: u64, l: Lang) -> (&'static str, &'static str) {
    match minutes {
        5 => ("5", l.pick("5 min", "5분")),
        15 => ("15", l.pick("15 min", "15분")),
        60 => ("60", l.pick("1 h", "1시간")),
        240 => ("240", l.pick("4 h", "4시간")),
        480 => ("480", l.pick("8 h", "8시간")),
        1_440 => ("1440", l.pick("24 h", "24시간")),
        10_080 => ("10080", l.pick("7 days", "7일")),
        _ => ("43200", l.pick("30 days", "30일")),
    }
}

/// The sessions that every service of the exchange has by name.
fn sessions(l: Lang) -> Vec<(&'static str, &'static str)> {
    vec![
        ("", l.pick("always", "항상")),
        ("trading", l.pick("any venue trades", "거래 시간")),
        ("outside trading", l.pick("no venue trades", "거래 시간 외")),
        (
            "KRX regular",
            l.pick("the regular session of KRX", "KRX 정규장"),
        ),
        (
            "outside KRX regular",
            l.pick("outside the regular session of KRX", "KRX 정규장 외"),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stands_in_the_form_again() {
        let typed = Typed::default()
            .with("key", "risk|var")
            .with("by", "김 \"민지\"")
            .with("minutes", "240")
            .with("reason", "<b>drill</b>")
            .with("scope", "source")
            .with("session", "KRX regular")
            .with("start", "2026-05-28T09:00")
            .with("stray", "nothing asks for it");
        for l in Lang::ALL {
            let html = Form::new(Action::Silence, l, "t0ken", &typed).to_string();
            for part in [
                "action=\"/console/silence\"",
                "name=\"token\" value=\"t0ken\"",
                "name=\"key\" value=\"risk|var\"",
                "name=\"scope\" value=\"source\"",
                "value=\"김 &#34;민지&#34;\"",
                "<option value=\"240\" selected>",
                "<option value=\"KRX regular\" selected>",
                "value=\"&#60;b&#62;drill&#60;/b&#62;\"",
                "value=\"2026-05-28T09:00\"",
            ] {
                assert!(html.contains(part), "{part}: {html}");
            }
            assert!(!html.contains("stray"));
            // What is seldom asked for is in sight when something was typed there.
            assert!(html.contains("<details open>"), "{html}");
        }
    }

    #[test]
    fn hours_of_a_silence_are_read_as_they_are_typed() {
        let of = |fields: &[(&str, &str)]| {
            let typed = fields
                .iter()
                .fold(Typed::default(), |typed, (name, value)| {
                    typed.with(name, *value)
                });
            recurrence(&typed)
        };
        assert_eq!(of(&[]), Ok(None));
        let session = Recurrence::Session("KRX regular".to_owned());
        assert_eq!(of(&[("session", "KRX regular")]), Ok(Some(session)));
        let weekly = |days: &[(&str, &str)]| match of(days) {
            Ok(Some(Recurrence::Weekly(hours))) => hours,
            other => panic!("{other:?}"),
        };
        let hours = weekly(&[("days", "sat, Sunday"), ("from_time", "02:00")]);
        assert_eq!(hours.days.len(), 2);
        assert_eq!(hours.from, TimeOfDay(jiff::civil::time(2, 0, 0, 0)));
        assert_eq!(hours.to, TimeOfDay(jiff::civil::Time::midnight()));
        for wrong in [
            &[("days", "someday")][..],
            &[("from_time", "25:00")],
            &[("session", "KRX"), ("days", "sat")],
        ] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
        let typed = Typed::default().with("start", "2026-05-28T09:00");
        let at = start(&typed).unwrap().unwrap();
        assert_eq!(at.to_string(), "2026-05-28T00:00:00Z");
        assert!(start(&Typed::default().with("start", "soon")).is_err());
    }
}
