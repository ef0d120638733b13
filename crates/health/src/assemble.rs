//! Puts a snapshot together from the state of all parts. No IO; time is passed in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::aggregate::{Part, aggregate};
use crate::check::Check;
use crate::heartbeat::{Beat, Heard, Session, judge};
use crate::runner::Ended;
use crate::snapshot::{
    DependencyHealth, PartState, ServiceHealth, Snapshot, SystemResources, Transition,
};
use crate::state::{Rules, Tracker, Verdict};
use crate::status::{HealthStatus, Importance};

/// How often a schedule is asked, and a silent heartbeat looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The fact of a slow answer that says from when on it is one, in milliseconds.
const SLOW_ABOVE: &str = "slow_above_ms";

/// What changes: guarded by one lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) checks: Vec<CheckRecord>,
    pub(crate) beats: Vec<BeatRecord>,
    /// Gates that are still shut.
    pub(crate) gates: Vec<String>,
    /// Out of service on purpose, in words.
    pub(crate) maintenance: Option<String>,
    /// The status of the whole that was last shown.
    pub(crate) shown: HealthStatus,
}

impl State {
    /// What is known of a check; none: it was taken out.
    pub(crate) fn record(&mut self, check: &Arc<Check>) -> Option<&mut CheckRecord> {
        let mut records = self.checks.iter_mut();
        records.find(|record| Arc::ptr_eq(&record.check, check))
    }
}

#[derive(Debug)]
pub(crate) struct CheckRecord {
    pub(crate) check: Arc<Check>,
    /// The service's start waits for its first success.
    awaited: bool,
    rules: Rules,
    pub(crate) tracker: Tracker,
    pub(crate) last: Option<Last>,
    pub(crate) runs: u64,
    seen: Seen,
}

/// The status that was last shown, and since when.
#[derive(Debug, Clone, Copy)]
struct Seen {
    status: HealthStatus,
    since: Option<Timestamp>,
}

impl Seen {
    const NOT_YET: Self = Self {
        status: HealthStatus::Unknown,
        since: None,
    };
}

impl CheckRecord {
    pub(crate) fn new(check: Arc<Check>) -> Self {
        Self {
            awaited: check.in_startup(),
            rules: check.rules(),
            check,
            tracker: Tracker::new(Duration::ZERO),
            last: None,
            runs: 0,
            seen: Seen::NOT_YET,
        }
    }

    /// Of a check that came later: what has started does not start again for it.
    pub(crate) fn late(check: Arc<Check>, born: Duration) -> Self {
        Self {
            awaited: false,
            tracker: Tracker::new(born),
            ..Self::new(check)
        }
    }

    pub(crate) fn record(&mut self, verdict: Verdict, last: Last, now: Duration) {
        self.tracker.observe(&self.rules, verdict, now);
        self.runs = self.runs.saturating_add(1);
        self.last = Some(last);
    }
}

pub(crate) struct BeatRecord {
    pub(crate) beat: Arc<Beat>,
    session: Session,
    /// When it was first seen open, since the health value was built.
    seen_open: Duration,
    seen: Seen,
}

impl std::fmt::Debug for BeatRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BeatRecord")
            .field("name", &self.beat.name())
            .finish_non_exhaustive()
    }
}

impl BeatRecord {
    pub(crate) fn new(beat: Arc<Beat>, session: Session) -> Self {
        Self {
            beat,
            session,
            seen_open: Duration::ZERO,
            seen: Seen::NOT_YET,
        }
    }
}

/// What the last run left behind.
#[derive(Debug, Clone)]
pub(crate) struct Last {
    took: Duration,
    message: Option<String>,
    metadata: BTreeMap<String, Value>,
    at: Timestamp,
}

/// What a run's end means for its check.
pub(crate) fn assess(
    check: &Check,
    ended: Ended,
    took: Duration,
    at: Timestamp,
) -> (Verdict, Last) {
    let last = |message, metadata| Last {
        took,
        message,
        metadata,
        at,
    };
    let failed = |message: String| (Verdict::Down, last(Some(message), BTreeMap::new()));
    let output = match ended {
        Ended::Answered(Ok(output)) => output,
        Ended::Answered(Err(error)) => return failed(error.message().to_owned()),
        Ended::TimedOut(Some(why)) => return failed(crate::sanitize::sanitize(&why)),
        Ended::TimedOut(None) => return failed(format!("no answer within {:?}", check.timeout)),
        Ended::Panicked(text) => return failed(crate::sanitize::sanitize(&text)),
    };
    match check.slow_above().filter(|limit| took > *limit) {
        Some(limit) => {
            let slow = format!(
                "slow: {} ms, over {} ms",
                took.as_millis(),
                limit.as_millis()
            );
            let message = output
                .message
                .map_or(slow.clone(), |said| format!("{said}; {slow}"));
            let mut metadata = output.metadata;
            let above = Value::from(millis(limit));
            metadata.insert(SLOW_ABOVE.to_owned(), above);
            (Verdict::Slow, last(Some(message), metadata))
        }
        None => {
            let verdict = if output.degraded {
                Verdict::Slow
            } else {
                Verdict::Up
            };
            (verdict, last(output.message, output.metadata))
        }
    }
}

/// What does not change with a check's result.
pub(crate) struct View<'a> {
    pub(crate) service_name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) now: Duration,
    pub(crate) wall: Timestamp,
    pub(crate) draining: bool,
    pub(crate) resources: Option<SystemResources>,
    /// Errors, warnings.
    pub(crate) counts: (u64, u64),
}

/// A snapshot and when time alone will change it.
pub(crate) struct Composed {
    pub(crate) snapshot: Snapshot,
    pub(crate) next_event: Duration,
    pub(crate) changes: Vec<Transition>,
}

/// One part, ready to show.
struct Shown {
    dependency: DependencyHealth,
    part: PartState,
}

pub(crate) fn compose(view: &View<'_>, state: &mut State) -> Composed {
    let mut next_event = Duration::MAX;
    let mut changes = Vec::new();
    let mut shown: Vec<Shown> = Vec::with_capacity(state.checks.len() + state.beats.len());
    let used = |record: &&mut CheckRecord| record.check.probe.is_used();
    for record in state.checks.iter_mut().filter(used) {
        let (mut one, until) = show_check(record, view.now);
        next_event = next_event.min(until);
        note(&mut changes, &mut record.seen, &mut one, view.wall);
        shown.push(one);
    }
    for record in &mut state.beats {
        let (mut one, until) = show_beat(record, view);
        next_event = next_event.min(until);
        note(&mut changes, &mut record.seen, &mut one, view.wall);
        shown.push(one);
    }
    let waiting = waiting(state);
    let status = aggregate(shown.iter().map(|one| Part {
        status: one.part.status,
        importance: one.part.importance,
        stale: one.part.stale,
    }));
    let not_started =
        (!waiting.is_empty()).then(|| format!("starting: waiting for {}", list(&waiting)));
    let not_ready = if view.draining {
        Some("draining".to_owned())
    } else {
        let on_purpose = state.maintenance.clone();
        on_purpose
            .or_else(|| not_started.clone())
            .or_else(|| blockers(&shown, |p| p.gates_readiness && blocks(p)))
    };
    let not_alive = blockers(&shown, |p| {
        p.gates_liveness && p.status == HealthStatus::Unhealthy
    });
    if state.shown != status {
        changes.push(Transition {
            name: String::new(),
            from: state.shown,
            to: status,
            message: blockers(&shown, |p| {
                p.status != HealthStatus::Healthy && p.importance != Importance::Informational
            }),
            at: view.wall,
        });
        state.shown = status;
    }
    let (dependencies, parts) = shown
        .into_iter()
        .map(|one| (one.dependency, one.part))
        .unzip();
    let snapshot = Snapshot {
        service: ServiceHealth {
            service_name: view.service_name.to_owned(),
            status,
            version: view.version.to_owned(),
            uptime_seconds: view.now.as_millis() as f64 / 1_000.0,
            timestamp: view.wall,
            dependencies,
            system_resources: view.resources,
            error_count: view.counts.0,
            warning_count: view.counts.1,
        },
        status,
        parts,
        started: waiting.is_empty(),
        draining: view.draining,
        not_ready,
        not_started,
        not_alive,
    };
    Composed {
        snapshot,
        next_event,
        changes,
    }
}

/// What the startup group still waits for. A check that has succeeded once is never waited for
/// again.
fn waiting(state: &State) -> Vec<String> {
    let checks = state
        .checks
        .iter()
        .filter(|c| c.awaited && !c.tracker.ever_succeeded());
    checks
        .map(|c| &c.check.name)
        .chain(&state.gates)
        .cloned()
        .collect()
}

fn show_check(record: &CheckRecord, now: Duration) -> (Shown, Duration) {
    let check = &record.check;
    let standing = record.tracker.standing(&record.rules, now);
    let last = record.last.as_ref();
    let said = last.and_then(|last| last.message.clone());
    let message = match (standing.status, standing.stale, last) {
        (_, true, Some(_)) => Some("no recent result: the last one is too old".to_owned()),
        (_, true, None) => Some("has never finished a run".to_owned()),
        (_, false, None) => Some("not yet run".to_owned()),
        (HealthStatus::Unhealthy, _, _) if record.tracker.failures() == 0 => {
            Some("recovering".to_owned())
        }
        _ => said,
    };
    let shown = Shown {
        dependency: DependencyHealth {
            name: check.name.clone(),
            dependency_type: check.kind,
            status: standing.status,
            response_time_ms: last.map(|last| millis(last.took)),
            message,
            last_check: last.map(|last| last.at),
            metadata: last.map(|last| last.metadata.clone()).unwrap_or_default(),
        },
        part: PartState {
            name: check.name.clone(),
            status: standing.status,
            since: None,
            importance: check.importance,
            stale: standing.stale,
            failures: record.tracker.failures(),
            runs: record.runs,
            heartbeat: false,
            gates_readiness: check.in_readiness(),
            gates_startup: check.in_startup(),
            gates_liveness: false,
        },
    };
    // The moment after the last one at which the result is still believed.
    let until = match standing.stale {
        true => Duration::MAX,
        false => record
            .tracker
            .stale_at(&record.rules)
            .saturating_add(Duration::from_nanos(1)),
    };
    (shown, until)
}

fn show_beat(record: &BeatRecord, view: &View<'_>) -> (Shown, Duration) {
    let beat = &record.beat;
    let open_since = match record.session {
        Session::Closed => None,
        Session::Open { since: None } => Some(record.seen_open),
        Session::Open { since: Some(since) } => {
            let open_for = Duration::try_from(view.wall.duration_since(since)).unwrap_or_default();
            Some(view.now.saturating_sub(open_for))
        }
    };
    let last = beat.last();
    let judged = judge(
        &beat.limits,
        Heard {
            born: beat.born,
            last,
            open_since,
        },
        view.now,
    );
    let silence = last.map(|last| view.now.saturating_sub(last));
    let mut metadata = BTreeMap::new();
    if let Some(silence) = silence {
        metadata.insert("silence_ms".to_owned(), Value::from(millis(silence)));
    }
    let shown = Shown {
        dependency: DependencyHealth {
            name: beat.name().to_owned(),
            dependency_type: beat.kind,
            status: judged.status,
            response_time_ms: None,
            message: judged.message,
            last_check: silence
                .and_then(|silence| view.wall.checked_sub(silence).ok())
                .map(to_millis),
            metadata,
        },
        part: PartState {
            name: beat.name().to_owned(),
            status: judged.status,
            since: None,
            importance: beat.importance,
            stale: false,
            failures: 0,
            runs: 0,
            heartbeat: true,
            gates_readiness: beat.readiness,
            gates_startup: false,
            gates_liveness: beat.internal,
        },
    };
    let soon = view.now.saturating_add(LOOK_AGAIN);
    let until = match judged.until {
        // A beat may end the silence, and a session may open or close, without any event here.
        _ if beat.schedule.is_some() || judged.status != HealthStatus::Healthy => soon,
        Some(until) => until.saturating_add(Duration::from_nanos(1)).max(soon),
        None => Duration::MAX,
    };
    (shown, until)
}

/// Keeps the new sessions, and notes when one opens.
pub(crate) fn take_sessions(state: &mut State, sessions: &[(Arc<Beat>, Session)], now: Duration) {
    for (beat, session) in sessions {
        if let Some(record) = state.beats.iter_mut().find(|r| Arc::ptr_eq(&r.beat, beat)) {
            if record.session == Session::Closed && *session != Session::Closed {
                record.seen_open = now;
            }
            record.session = *session;
        }
    }
}

/// The schedule's word; without one, or when it panics, a beat is always expected.
pub(crate) fn session_of(beat: &Beat, at: Timestamp) -> Session {
    let Some(schedule) = &beat.schedule else {
        return Session::Open { since: None };
    };
    bongsu_catch::call(|| schedule.session(at)).unwrap_or(Session::Open { since: None })
}

/// Tells of a change and dates it.
fn note(changes: &mut Vec<Transition>, seen: &mut Seen, one: &mut Shown, at: Timestamp) {
    if seen.status != one.part.status {
        changes.push(Transition {
            name: one.part.name.clone(),
            from: seen.status,
            to: one.part.status,
            message: one.dependency.message.clone(),
            at,
        });
        *seen = Seen {
            status: one.part.status,
            since: Some(at),
        };
    }
    one.part.since = seen.since;
}

fn blocks(part: &PartState) -> bool {
    part.stale || part.status == HealthStatus::Unhealthy
}

/// `postgres unhealthy, feed degraded`: names and words only, fit for anybody.
fn blockers(shown: &[Shown], which: impl Fn(&PartState) -> bool) -> Option<String> {
    let blocking: Vec<String> = shown
        .iter()
        .map(|one| &one.part)
        .filter(|part| which(part))
        .map(|part| {
            format!(
                "{} {}",
                part.name,
                if part.stale {
                    "stale"
                } else {
                    part.status.as_str()
                }
            )
        })
        .collect();
    (!blocking.is_empty()).then(|| list(&blocking))
}

/// The first eight, and how many more.
fn list(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(8)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > 8 {
        text.push_str(&format!(" and {} more", names.len() - 8));
    }
    text
}

/// Milliseconds, to the microsecond.
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

/// Cut to milliseconds, which is what people read.
pub(crate) fn to_millis(at: Timestamp) -> Timestamp {
    at.round(jiff::Unit::Millisecond).unwrap_or(at)
}
