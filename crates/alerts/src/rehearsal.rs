//! What a manager would do, at times of one's own: its decisions, with nobody told and nothing kept.

use std::sync::Arc;

use jiff::Timestamp;

use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::{AlertStatus, Outcome};
use crate::clock::{Now, Tick};
use crate::engine::{Engine, Job, Receipt, SendError};
use crate::manager::ManageError;
use crate::operate::{Explanation, explanation};
use crate::policy::Silence;

/// Rounds at one moment after which time goes on by itself.
const ROUNDS: usize = 10_000;

/// A manager's decisions without a manager: time is what it is told to be, every message arrives as soon as the
/// channel's pace lets it out, and reaches nobody. For tests of routes, and for what other routes would have made of the past.
///
/// ```
/// use bongsu_alerts::{Alert, AlertLevel, AlertManager, AlertRule, channels::LogChannel};
///
/// let escalating = AlertRule::new("page").channel("log").escalate(std::time::Duration::from_secs(900), ["log"]);
/// let begin = "2026-11-30T03:00:00+09:00".parse()?;
/// let mut night = AlertManager::builder("desk", "prod")
///     .channel(LogChannel::new())
///     .rule(escalating)
///     .rehearsal(begin)?;
/// night.send(Alert::new(AlertLevel::Critical, "db", "gone", "orders").key("db"))?;
/// night.pass(std::time::Duration::from_secs(3_600));
/// let told = night.told();
/// assert_eq!(told.len(), 2);
/// assert!(told[1].escalated);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Rehearsal {
    engine: Engine,
    now: Now,
    told: Vec<Told>,
}

/// A message that would have gone out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub channel: String,
    /// To whom there.
    pub target: String,
    /// Whether it says that something fires, or that it is over.
    pub status: AlertStatus,
    /// How serious.
    pub level: AlertLevel,
    /// The key of what it tells; of a digest, the digest's own.
    pub key: String,
    /// The message's title.
    pub headline: String,
    /// The titles of what a digest gathers; empty: it tells one alert.
    pub digest: Vec<String>,
    /// It goes out because nobody acknowledged.
    pub escalated: bool,
}

impl Rehearsal {
    pub(crate) fn new(engine: Engine, begin: Timestamp) -> Self {
        let now = Now {
            tick: Tick(0),
            wall: begin,
        };
        Self {
            engine,
            now,
            told: Vec::new(),
        }
    }

    /// The moment that it is.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now.wall
    }

    /// Lets time pass, with everything that becomes due meanwhile.
    pub fn pass(&mut self, length: std::time::Duration) {
        self.run(self.now.tick.after(length));
    }

    /// Lets time pass until then. A moment of the past is now.
    pub fn pass_until(&mut self, moment: Timestamp) {
        self.run(self.now.tick_at(moment));
    }

    /// An alert is sent.
    ///
    /// # Errors
    /// As [`AlertManager::send_alert`](crate::AlertManager::send_alert).
    pub fn send(&mut self, alert: Alert) -> Result<Receipt, SendError> {
        self.accept(alert, AlertStatus::Firing)
    }

    /// An alert ends.
    ///
    /// # Errors
    /// As [`AlertManager::send_resolved`](crate::AlertManager::send_resolved).
    pub fn resolve(&mut self, alert: Alert) -> Result<Receipt, SendError> {
        if alert.key.is_none() {
            return Err(SendError::NoKey);
        }
        self.accept(alert, AlertStatus::Resolved)
    }

    fn accept(&mut self, alert: Alert, status: AlertStatus) -> Result<Receipt, SendError> {
        let plan = self.engine.accept(self.now, alert, status, None)?;
        self.engine
            .committed(self.now, &plan.accepted, &plan.rows, &Ok(()));
        self.run(self.now.tick);
        Ok(plan.receipt)
    }

    /// Somebody knows.
    ///
    /// # Errors
    /// [`ManageError::NotFiring`].
    pub fn acknowledge(&mut self, key: &str) -> Result<(), ManageError> {
        let done = self.engine.acknowledge(self.now, key, "rehearsal");
        done.map(drop).ok_or_else(|| ManageError::NotFiring {
            key: key.to_owned(),
        })?;
        self.run(self.now.tick);
        Ok(())
    }

    /// A silence is made; false when there are too many.
    pub fn silence(&mut self, silence: Silence) -> bool {
        let made = self.engine.silence(self.now, silence);
        self.run(self.now.tick);
        made
    }

    /// A channel is switched off, or on again.
    ///
    /// # Errors
    /// [`ManageError::UnknownChannel`].
    pub fn set_channel_enabled(&mut self, channel: &str, enabled: bool) -> Result<(), ManageError> {
        let place = self.engine.channel_index(channel);
        let place = place.ok_or_else(|| ManageError::UnknownChannel {
            given: channel.to_owned(),
            known: self.channels().map(str::to_owned).collect(),
        })?;
        self.engine.set_enabled(self.now, place, enabled);
        self.run(self.now.tick);
        Ok(())
    }

    /// What would become of an alert if it were sent now.
    #[must_use]
    pub fn explain(&mut self, alert: &Alert) -> Explanation {
        explanation(&mut self.engine, self.now, alert)
    }

    /// The names of the channels.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.engine.channels.iter().map(|channel| &*channel.id)
    }

    /// What went out since this was last asked, the oldest first.
    pub fn told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// Everything that is due up to a moment, one after another.
    fn run(&mut self, until: Tick) {
        let mut rounds = 0;
        loop {
            let work = self.engine.poll(self.now);
            let mut quiet = work.jobs.is_empty() && work.escalations.is_empty();
            for job in work.jobs {
                self.deliver(job);
            }
            for key in work.escalations {
                self.engine.escalate(self.now, &key);
            }
            // What a look makes due is claimed by the next one.
            quiet &= work.wake > self.now.tick;
            rounds += 1;
            if !quiet && rounds < ROUNDS {
                continue;
            }
            rounds = 0;
            let next = work.wake.max(Tick(self.now.tick.0.saturating_add(1)));
            if next > until {
                break;
            }
            self.set(next);
        }
        self.set(until.max(self.now.tick));
    }

    fn set(&mut self, tick: Tick) {
        self.now = Now {
            tick,
            wall: self.now.wall_at(tick),
        };
    }

    fn deliver(&mut self, job: Job) {
        let key = self.engine.outbox.get(job.id);
        let key = key.map_or_else(String::new, |row| row.accepted.key.to_string());
        let Job {
            id,
            channel,
            target,
            notification,
            ..
        } = job;
        let digest = notification.digest.into_iter().map(|line| line.title);
        self.told.push(Told {
            at: self.now.wall,
            channel: Arc::clone(&self.engine.channels[channel].id).to_string(),
            target: target.0,
            status: notification.status,
            level: notification.alert.level,
            key,
            headline: notification.alert.title.clone(),
            digest: digest.collect(),
            escalated: crate::engine::escalated(&notification.alert),
        });
        self.engine.settle(self.now, id, Outcome::delivered());
    }
}
