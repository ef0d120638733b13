//! Silences: somebody knows, until a stated moment, at once or at set hours of the week.

use std::fmt;

use bongsu_lang::Lang;
use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::alert::Alert;
use crate::clock::{Now, Tick};
use crate::rule::Matcher;
use crate::schedule::{DailyHours, SharedSchedule};

/// Alerts that match are not told while the silence holds. They fire all the same, are listed and can
/// be acknowledged; what still fires when it ends is told then.
///
/// ```
/// use bongsu_alerts::{AlertLevel, Matcher, Silence};
///
/// let until = "2026-03-03T00:00:00Z".parse().unwrap();
/// let silence = Silence::new(Matcher::new().source("feed").max_level(AlertLevel::Error), until, "kim")
///     .starting("2026-03-02T21:00:00Z".parse().unwrap())
///     .comment("the exchange moves its feed");
/// assert!(silence.starts < Some(until));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Silence {
    /// A ULID.
    pub id: String,
    /// Which alerts.
    pub matcher: Matcher,
    /// When it begins; none: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<Timestamp>,
    /// When it ends.
    pub until: Timestamp,
    /// Between its beginning and its end it holds at these hours only; none: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekly: Option<Weekly>,
    /// And in the hours of this name only, as
    /// [`AlertManagerBuilder::hours`](crate::AlertManagerBuilder::hours) gave them; none: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub during: Option<String>,
    /// The service is out of service on purpose meanwhile; see [`AlertManager::maintenance`](crate::AlertManager::maintenance).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub maintenance: bool,
    /// Who asked for it.
    pub by: String,
    /// Why.
    pub comment: String,
}

/// Hours of the week, such as a maintenance window or a trading session.
///
/// ```
/// use bongsu_alerts::Weekly;
/// use jiff::civil::{Weekday, time};
///
/// let night = Weekly::new("Asia/Seoul", time(2, 0, 0, 0), time(4, 0, 0, 0))
///     .unwrap()
///     .on([Weekday::Sunday]);
/// assert_eq!(night.zone(), "Asia/Seoul");
/// assert!(Weekly::new("Asia/Seol", time(2, 0, 0, 0), time(4, 0, 0, 0)).is_none());
/// assert!(Weekly::new("+09:00", time(2, 0, 0, 0), time(4, 0, 0, 0)).is_some());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weekly {
    zone: String,
    from: Time,
    to: Time,
    /// Monday is 0.
    days: Vec<u8>,
}

impl Weekly {
    /// Every day from `from` (included) to `to` (not included) in a time zone, by its IANA name or as an
    /// offset; a span that ends
    /// before it begins runs over midnight. None: there is no such zone.
    #[must_use]
    pub fn new(zone: impl Into<String>, from: Time, to: Time) -> Option<Self> {
        let zone = zone.into();
        time_zone(&zone)?;
        Some(Self {
            zone,
            from,
            to,
            days: (0..7).collect(),
        })
    }

    /// Only on these days; a span over midnight belongs to the day on which it begins.
    #[must_use]
    pub fn on(mut self, days: impl IntoIterator<Item = Weekday>) -> Self {
        let number = |day: Weekday| u8::try_from(day.to_monday_zero_offset()).unwrap_or(0);
        self.days = days.into_iter().map(number).collect();
        self.days.sort_unstable();
        self.days.dedup();
        self
    }

    /// The time zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// These hours, for a rule. None: this machine does not know the zone any more.
    #[must_use]
    pub fn schedule(&self) -> Option<SharedSchedule> {
        self.hours().map(SharedSchedule::new)
    }

    fn hours(&self) -> Option<DailyHours> {
        let zone = time_zone(&self.zone)?;
        Some(DailyHours::new(zone, self.from, self.to).on(self.days()))
    }

    fn days(&self) -> impl Iterator<Item = Weekday> {
        self.days.iter().filter_map(|number| {
            let number = i8::try_from(*number).ok()?;
            Weekday::from_monday_zero_offset(number).ok()
        })
    }
}

impl Weekly {
    /// In words: `Saturday, Sunday 02:00 to 04:00 (Asia/Seoul)`.
    #[must_use]
    pub fn in_words(&self, l: Lang) -> String {
        let name = |day: Weekday| match l {
            Lang::En => format!("{day:?}"),
            Lang::Ko => {
                KOREAN_DAYS[usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)].to_owned()
            }
        };
        let days: Vec<String> = self.days().map(name).collect();
        let days = match days.len() {
            7.. => String::new(),
            _ => format!("{} ", days.join(", ")),
        };
        let (from, to) = (self.from.strftime("%H:%M"), self.to.strftime("%H:%M"));
        match l {
            Lang::En => format!("{days}{from} to {to} ({})", self.zone),
            Lang::Ko => format!("{days}{from}~{to} ({})", self.zone),
        }
    }
}

/// From Monday on.
const KOREAN_DAYS: [&str; 7] = ["월", "화", "수", "목", "금", "토", "일"];

/// In English.
impl fmt::Display for Weekly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Lang::En))
    }
}

/// A zone by its name or as an offset; Korea's, which knows no summer time, and UTC also where the system
/// has no zones.
fn time_zone(name: &str) -> Option<TimeZone> {
    let offset = |form| jiff::fmt::strtime::parse(form, name).ok()?.offset();
    if let Some(offset) = ["%:z", "%z"].into_iter().find_map(offset) {
        return Some(TimeZone::fixed(offset));
    }
    TimeZone::get(name).ok().or(match name {
        "Asia/Seoul" => Some(TimeZone::fixed(jiff::tz::offset(9))),
        "UTC" => Some(TimeZone::UTC),
        _ => None,
    })
}

impl Silence {
    /// A silence that holds from now on and ends at `until`.
    #[must_use]
    pub fn new(matcher: Matcher, until: Timestamp, by: impl Into<String>) -> Self {
        Self {
            id: Ulid::new().to_string(),
            matcher,
            starts: None,
            until,
            weekly: None,
            during: None,
            maintenance: false,
            by: by.into(),
            comment: String::new(),
        }
    }

    /// Says why.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = comment.into();
        self
    }

    /// Says that the service is out of service on purpose meanwhile, which its readiness should tell.
    #[must_use]
    pub const fn maintenance(mut self) -> Self {
        self.maintenance = true;
        self
    }

    /// Begins later.
    #[must_use]
    pub const fn starting(mut self, at: Timestamp) -> Self {
        self.starts = Some(at);
        self
    }

    /// Holds at these hours only.
    #[must_use]
    pub fn weekly(mut self, hours: Weekly) -> Self {
        self.weekly = Some(hours);
        self
    }

    /// Holds only in the hours that the manager knows by this name, such as a trading session.
    #[must_use]
    pub fn during(mut self, name: impl Into<String>) -> Self {
        self.during = Some(name.into());
        self
    }
}

/// Hours that silences may name.
pub(crate) type NamedHours = Vec<(String, SharedSchedule)>;

/// A silence with its span on the clock that does not jump; its hours go by the wall.
#[derive(Debug)]
struct Live {
    silence: Silence,
    start: Tick,
    end: Tick,
    /// It holds while all of them do. None: one of them is not known here, and it holds nothing.
    hours: Option<Vec<SharedSchedule>>,
}

impl Live {
    fn new(now: Now, silence: Silence, known: &NamedHours) -> Self {
        let weekly = silence.weekly.as_ref().map(Weekly::hours);
        let weekly = weekly.map(|hours| hours.map(SharedSchedule::new));
        let named = silence.during.as_ref().map(|wanted| {
            let found = known.iter().find(|(name, _)| name == wanted);
            found.map(|(_, hours)| hours.clone())
        });
        Self {
            start: silence.starts.map_or(now.tick, |at| now.tick_at(at)),
            end: now.tick_at(silence.until),
            hours: weekly.into_iter().chain(named).collect(),
            silence,
        }
    }

    /// Until when it holds, if it holds now.
    fn holds(&self, now: Now) -> Option<Tick> {
        if now.tick < self.start || now.tick >= self.end {
            return None;
        }
        let hours = self.hours.as_ref()?;
        let all = hours.iter().all(|hours| hours.contains(now.wall));
        let changes = hours.iter().filter_map(|hours| hours.next_change(now.wall));
        let change = changes.min().map_or(self.end, |at| now.tick_at(at));
        all.then(|| change.min(self.end))
    }
}

/// The silences.
#[derive(Debug)]
pub(super) struct Silences {
    all: Vec<Live>,
    /// Those of the routing, without an end.
    standing: Vec<Live>,
    max: usize,
    hours: NamedHours,
}

impl Silences {
    pub(super) const fn new(max: usize, hours: NamedHours) -> Self {
        Self {
            all: Vec::new(),
            standing: Vec::new(),
            max,
            hours,
        }
    }

    /// The names of the hours that a silence may be limited to.
    pub(super) fn hours(&self) -> impl Iterator<Item = &str> {
        self.hours.iter().map(|(name, _)| name.as_str())
    }

    pub(super) fn add(&mut self, now: Now, silence: Silence) -> bool {
        self.all.retain(|live| now.tick < live.end);
        self.all.retain(|live| live.silence.id != silence.id);
        if self.all.len() >= self.max {
            return false;
        }
        self.all.push(Live::new(now, silence, &self.hours));
        true
    }

    /// Replaces the standing ones.
    pub(super) fn stand(&mut self, silences: Vec<Silence>) {
        let ever = Now {
            tick: Tick(i64::MIN),
            wall: Timestamp::MIN,
        };
        let live = |silence| Live {
            start: Tick(i64::MIN),
            end: Tick::NEVER,
            ..Live::new(ever, silence, &self.hours)
        };
        self.standing = silences.into_iter().map(live).collect();
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        let before = self.all.len();
        self.all.retain(|live| live.silence.id != id);
        self.all.len() < before
    }

    /// Until when the alert is silenced, if it is.
    pub(super) fn hold(&self, now: Now, alert: &Alert, key: &str) -> Option<Tick> {
        self.every()
            .filter(|live| live.silence.matcher.matches(alert, key))
            .filter_map(|live| live.holds(now))
            .max()
    }

    pub(super) fn live(&self, now: Now) -> impl Iterator<Item = &Silence> {
        self.every()
            .filter(move |live| now.tick < live.end)
            .map(|live| &live.silence)
    }

    /// Whether the silence of this id holds now.
    pub(super) fn holds_now(&self, now: Now, id: &str) -> bool {
        self.every()
            .any(|live| live.silence.id == id && live.holds(now).is_some())
    }

    fn every(&self) -> impl Iterator<Item = &Live> {
        self.all.iter().chain(&self.standing)
    }
}
