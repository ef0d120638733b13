//! What happened beside the figures: starts, changes of the log level, the hours of the venues.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::{Figure, SessionState, Snapshot, history::Sample};

/// A mark's words are cut to this many bytes each.
const MAX_WORDS: usize = 128;

/// What happened at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// What may happen beside the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The service began to run, in this version.
    Started(String),
    /// The log level became this.
    Level(String),
    /// A venue entered this part of its day.
    Session {
        /// Its short name, such as `KRX`.
        venue: String,
        /// The part: `pre`, `regular`, `auction`, `off-hours`, `after`; what comes next while it is closed.
        phase: String,
        /// It trades in it.
        open: bool,
    },
    /// A maintenance began or ended.
    Maintenance {
        /// Who asked for it; empty at its end.
        by: String,
        /// It began.
        begins: bool,
    },
}

pub(crate) fn cut(text: &str) -> String {
    bongsu_text::cut(text, MAX_WORDS).to_owned()
}

/// Makes samples of snapshots, each with what happened since the one before.
///
/// ```
/// use bongsu_console::{Event, Recorder, Service, Snapshot};
///
/// let service = Service { version: "1.2.3".to_owned(), ..Service::default() };
/// let snapshot = Snapshot::new(jiff::Timestamp::UNIX_EPOCH, service);
/// let mut recorder = Recorder::default();
/// assert_eq!(recorder.sample(&snapshot).events(), [Event::Started("1.2.3".to_owned())]);
/// assert!(recorder.sample(&snapshot).events().is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    is_running: bool,
    level: Option<String>,
    is_maintained: Option<bool>,
    /// The part of its day that each venue is in, and whether it trades.
    venues: HashMap<String, (String, bool)>,
}

impl Recorder {
    /// The snapshot's figures with what changed; the first is the start.
    pub fn sample(&mut self, snapshot: &Snapshot) -> Sample {
        let mut sample = Sample::of(snapshot);
        if !std::mem::replace(&mut self.is_running, true) {
            sample.happened(Event::Started(cut(&snapshot.service.version)));
        }
        // What is not known for a moment has not changed.
        if let Figure::Known(level) = &snapshot.log_level {
            let now = cut(&level.directives);
            if self.level.as_ref().is_some_and(|before| *before != now) {
                sample.happened(Event::Level(now.clone()));
            }
            self.level = Some(now);
        }
        let maintenance = snapshot.maintenance.as_ref().filter(|it| it.active);
        let before = self.is_maintained.replace(maintenance.is_some());
        if before.is_some_and(|before| before != maintenance.is_some()) {
            sample.happened(Event::Maintenance {
                by: maintenance.map_or_else(String::new, |it| cut(&it.by)),
                begins: maintenance.is_some(),
            });
        }
        for it in &snapshot.venues {
            let open = it.session.state == SessionState::Open;
            let (venue, phase) = (cut(&it.venue), cut(&it.phase));
            let before = self.venues.insert(venue.clone(), (phase.clone(), open));
            // While it is closed, the part is the one that comes next.
            let changed =
                |(part, was_open): (String, bool)| open != was_open || open && part != phase;
            if before.is_some_and(changed) {
                sample.happened(Event::Session { venue, phase, open });
            }
        }
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogLevel, Service, Session, VenueSession};

    fn snapshot(level: &str, krx: (&str, SessionState)) -> Snapshot {
        let mut s = Snapshot::new(Timestamp::UNIX_EPOCH, Service::default());
        s.log_level = Figure::Known(LogLevel {
            directives: level.to_owned(),
            until: None,
        });
        s.venues.push(VenueSession {
            venue: "KRX".to_owned(),
            phase: krx.0.to_owned(),
            session: Session {
                state: krx.1,
                changes_at: Timestamp::UNIX_EPOCH,
                began_at: None,
            },
        });
        s
    }

    #[test]
    fn what_changes_is_marked_once() {
        let mut recorder = Recorder::default();
        let mut events =
            |level, krx| -> Vec<Event> { recorder.sample(&snapshot(level, krx)).events().to_vec() };
        let open = || ("regular", SessionState::Open);
        assert_eq!(
            events("info", ("regular", SessionState::BeforeOpen)),
            [Event::Started(String::new())],
            "what is so at the start is no change"
        );
        let krx = |phase: &str, open| Event::Session {
            venue: "KRX".to_owned(),
            phase: phase.to_owned(),
            open,
        };
        assert_eq!(events("info", open()), [krx("regular", true)]);
        assert_eq!(events("info", open()), []);
        assert_eq!(events("debug", open()), [Event::Level("debug".to_owned())]);
        assert_eq!(
            events("debug", ("auction", SessionState::Open)),
            [krx("auction", true)]
        );
        let closed = |phase| (phase, SessionState::Closed);
        assert_eq!(events("debug", closed("pre")), [krx("pre", false)]);
        assert_eq!(events("debug", closed("regular")), [], "it is closed still");
    }

    #[test]
    fn a_maintenance_is_marked_where_it_begins_and_ends() {
        let mut recorder = Recorder::default();
        let mut events = |by: Option<(&str, bool)>| {
            let mut s = Snapshot::new(Timestamp::UNIX_EPOCH, Service::default());
            s.maintenance = by.map(|(by, active)| crate::Maintenance {
                id: "S1".to_owned(),
                start: None,
                until: Timestamp::UNIX_EPOCH,
                active,
                holds: Vec::new(),
                held: 0,
                by: by.to_owned(),
                reason: String::new(),
            });
            recorder.sample(&s).events().to_vec()
        };
        let mark = |by: &str, begins| Event::Maintenance {
            by: by.to_owned(),
            begins,
        };
        assert_eq!(events(None).len(), 1, "the start");
        assert_eq!(events(Some(("kim", false))), [], "it is to come");
        assert_eq!(events(Some(("kim", true))), [mark("kim", true)]);
        assert_eq!(events(Some(("kim", true))), []);
        assert_eq!(events(None), [mark("", false)]);
    }

    #[test]
    fn what_is_not_known_for_a_moment_has_not_changed() {
        let mut recorder = Recorder::default();
        recorder.sample(&snapshot("info", ("regular", SessionState::Open)));
        let bare = Snapshot::new(Timestamp::UNIX_EPOCH, Service::default());
        assert_eq!(recorder.sample(&bare).events(), []);
        let after = recorder.sample(&snapshot("info", ("regular", SessionState::Open)));
        assert_eq!(after.events(), []);
    }
}
