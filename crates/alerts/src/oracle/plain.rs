//! What is so, who is to know of it, and what holds it back: said as plainly as it can be.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::timeline::About;
use crate::clock::{Now, Tick};
use crate::schedule::Schedule;
use crate::{Alert, AlertLevel, AlertRule, Quiet};

/// Channels, and the targets of each.
pub(super) const CHANNELS: [(&str, &[&str]); 3] = [
    ("chat", &["room"]),
    ("mail", &["kim", "lee"]),
    ("pager", &["oncall"]),
];
/// CRITICAL goes there while another channel fails.
pub(super) const FALLBACK: usize = 2;
/// Keys, their sources and tags. The last is an event, those that begin with `w` are a watcher's.
pub(super) const KEYS: [(&str, &str, &str); 5] = [
    ("disk", "a", "disk"),
    ("lamp", "a", "disk"),
    ("page", "a", "page"),
    ("feed", "b", "feed"),
    ("oops", "b", "oops"),
];
pub(super) const WATCHED: [&str; 2] = ["w0", "w1"];
/// How long the event lasts without repetition.
const LASTS: Duration = Duration::from_secs(1_800);
/// How long a CRITICAL alert hides milder ones after it was last sent.
const HIDES: Duration = Duration::from_secs(900);
const MINUTE: i64 = 60_000;

/// The alert of a key.
pub(super) fn alert(key: &str, level: AlertLevel) -> Alert {
    let known = KEYS.iter().find(|(name, ..)| *name == key);
    let (_, source, tag) = known.copied().unwrap_or((key, "w", "w"));
    let alert = Alert::new(level, key, "m", source).key(key).tag(tag);
    if key == "oops" {
        alert.lasts(LASTS)
    } else {
        alert
    }
}

/// One hour of four.
#[derive(Debug, Clone, Copy)]
pub(super) struct Night;

impl Schedule for Night {
    fn contains(&self, at: Timestamp) -> bool {
        at.as_second().div_euclid(3_600).rem_euclid(4) == 0
    }

    fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let hour = at.as_second().div_euclid(3_600);
        let next = (hour + 1..).find(|next| {
            let there = Timestamp::from_second(next * 3_600);
            there.is_ok_and(|there| self.contains(there) != self.contains(at))
        })?;
        Timestamp::from_second(next * 3_600).ok()
    }
}

/// A rule, said twice: for the engine and for the sentence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) tag: Option<&'static str>,
    pub(super) least: AlertLevel,
    pub(super) channels: &'static [usize],
    pub(super) proceed: bool,
    pub(super) quiet: Option<Quiet>,
    /// Applies by day only.
    pub(super) by_day: bool,
    /// Whom it tells after 15 minutes.
    pub(super) escalates: Option<usize>,
}

const ANY: Rule = Rule {
    tag: None,
    least: AlertLevel::Info,
    channels: &[0],
    proceed: false,
    quiet: None,
    by_day: false,
    escalates: None,
};

impl Rule {
    pub(super) fn build(&self, place: usize) -> AlertRule {
        let mut rule = AlertRule::new(format!("r{place}")).min_level(self.least);
        for channel in self.channels {
            rule = rule.channel(CHANNELS[*channel].0);
        }
        if let Some(tag) = self.tag {
            rule = rule.tag(tag);
        }
        if self.proceed {
            rule = rule.and_continue();
        }
        if let Some(then) = self.quiet {
            rule = rule.quiet_during(Night, then);
        }
        if self.by_day {
            rule = rule.active_during(|at| !Night.contains(at));
        }
        if let Some(channel) = self.escalates {
            rule = rule.escalate(Duration::from_secs(900), [CHANNELS[channel].0]);
        }
        rule
    }
}

/// Some of the ways to route.
pub(super) fn rules(seed: u64) -> Vec<Rule> {
    let page = Rule {
        least: AlertLevel::Critical,
        channels: &[0],
        escalates: Some(1),
        ..ANY
    };
    match seed % 5 {
        0 => Vec::new(),
        1 => vec![
            page,
            Rule {
                least: AlertLevel::Error,
                channels: &[1],
                proceed: true,
                ..ANY
            },
            Rule {
                quiet: Some(Quiet::Suppress),
                ..ANY
            },
        ],
        2 => vec![
            Rule {
                tag: Some("page"),
                channels: &[0, 2],
                ..ANY
            },
            Rule {
                least: AlertLevel::Warning,
                channels: &[0, 1],
                quiet: Some(Quiet::Digest),
                ..ANY
            },
        ],
        3 => vec![
            Rule {
                least: AlertLevel::Error,
                channels: &[2],
                by_day: true,
                proceed: true,
                ..ANY
            },
            Rule {
                least: AlertLevel::Warning,
                ..ANY
            },
        ],
        _ => vec![
            Rule {
                quiet: Some(Quiet::Suppress),
                proceed: true,
                ..ANY
            },
            Rule {
                least: AlertLevel::Critical,
                channels: &[1, 2],
                escalates: Some(0),
                ..ANY
            },
        ],
    }
}

#[derive(Debug, Clone)]
struct Silence {
    id: String,
    about: About,
    starts: Timestamp,
    until: Timestamp,
    span: (Tick, Tick),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct True {
    pub(super) level: AlertLevel,
    last: Tick,
    /// When it was last sent, by the wall: that is what outlives a restart.
    sent: Timestamp,
    pub(super) acknowledged: bool,
}

/// What is so.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) rules: Vec<Rule>,
    so: std::collections::BTreeMap<&'static str, True>,
    silences: Vec<Silence>,
    pub(super) off: [bool; 3],
}

impl Plain {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        Self {
            rules,
            so: Default::default(),
            silences: Vec::new(),
            off: [false; 3],
        }
    }

    pub(super) fn fire(&mut self, now: Now, key: &'static str, level: AlertLevel) {
        let known = self.truth(now, key).filter(|known| known.level >= level);
        let acknowledged = known.is_some_and(|known| known.acknowledged);
        self.so.insert(
            key,
            True {
                level,
                last: now.tick,
                sent: now.wall,
                acknowledged,
            },
        );
    }

    /// A watcher's word that it is so still, and as bad as it was.
    pub(super) fn confirm(&mut self, now: Now, key: &'static str, level: AlertLevel) {
        let known = self.so.get_mut(key).filter(|known| known.level == level);
        if let Some(known) = known {
            known.last = now.tick;
        }
    }

    pub(super) fn end(&mut self, key: &str) {
        self.so.remove(key);
    }

    /// What is so of a key; an event that has run out is not.
    pub(super) fn truth(&self, now: Now, key: &str) -> Option<True> {
        let known = *self.so.get(key)?;
        let over = key == "oops" && now.tick >= known.last.after(LASTS);
        (!over).then_some(known)
    }

    pub(super) fn acknowledge(&mut self, key: &str, acknowledged: bool) {
        if let Some(known) = self.so.get_mut(key) {
            known.acknowledged = acknowledged;
        }
    }

    pub(super) fn silence(
        &mut self,
        now: Now,
        id: String,
        about: About,
        spans: (Timestamp, Timestamp),
    ) {
        let (starts, until) = spans;
        let span = (now.tick_at(starts), now.tick_at(until));
        self.silences.push(Silence {
            id,
            about,
            starts,
            until,
            span,
        });
    }

    pub(super) fn unsilence(&mut self, place: usize) -> Option<String> {
        (place < self.silences.len()).then(|| self.silences.remove(place).id)
    }

    /// A new run goes by what the wall clock says now.
    pub(super) fn restart(&mut self, now: Now) {
        self.off = [false; 3];
        for known in self.so.values_mut() {
            known.last = now.tick_at(known.sent).min(now.tick);
        }
        for silence in &mut self.silences {
            silence.span = (now.tick_at(silence.starts), now.tick_at(silence.until));
        }
    }

    /// What holds an alert of that level back on every channel.
    pub(super) fn hushed(&self, now: Now, key: &str, level: AlertLevel) -> bool {
        let silenced = self.silences.iter().any(|silence| {
            let about = match silence.about {
                About::All => true,
                About::Mild => level <= AlertLevel::Warning,
                About::Key(place) => KEYS[place].0 == key,
            };
            about && (silence.span.0..silence.span.1).contains(&now.tick)
        });
        silenced || (level <= AlertLevel::Warning && self.hidden(now, key))
    }

    fn hidden(&self, now: Now, key: &str) -> bool {
        let mine = alert(key, AlertLevel::Info);
        self.so.keys().filter(|other| **other != key).any(|other| {
            let theirs = alert(other, AlertLevel::Info);
            self.truth(now, other).is_some_and(|it| {
                it.level == AlertLevel::Critical
                    && now.tick.since(it.last) < HIDES
                    && theirs.source == mine.source
                    && theirs.tags == mine.tags
            })
        })
    }

    /// Whom the rules name now, each with whether it is quiet there; and whom they tell later.
    pub(super) fn named(
        &self,
        now: Now,
        key: &str,
        level: AlertLevel,
    ) -> (Vec<(usize, bool)>, Option<usize>) {
        let (mut named, mut later, mut matched) = (Vec::new(), None, false);
        let tags = alert(key, level).tags;
        for rule in &self.rules {
            let night = Night.contains(now.wall);
            if rule.least > level
                || rule.tag.is_some_and(|tag| !tags.iter().any(|it| it == tag))
                || (rule.by_day && night)
            {
                continue;
            }
            matched = true;
            later = later.or(rule.escalates);
            let quiet = rule.quiet.is_some() && night && level < AlertLevel::Critical;
            for channel in rule.channels {
                if !named.iter().any(|(known, _)| known == channel) {
                    named.push((*channel, quiet));
                }
            }
            if !rule.proceed {
                break;
            }
        }
        if !matched {
            named = (0..CHANNELS.len())
                .map(|channel| (channel, false))
                .collect();
        }
        (named, later)
    }
}

/// A moment so many minutes away.
pub(super) fn minutes(at: Timestamp, minutes: i64) -> Timestamp {
    at + SignedDuration::from_millis(minutes * MINUTE)
}
