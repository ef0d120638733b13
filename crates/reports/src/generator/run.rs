//! The loop that sends what is owed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};

use super::{ReportError, ReportEvent, ReportGenerator, Stage};
use crate::calendar::date_in_seoul;
use crate::deliver::DeliveryState;
use crate::schedule::{Owed, owed};
use crate::store::Reported;
use crate::summary::SourceState;

/// The loop wakes at least so often: a suspended machine or a changed clock is noticed then.
const LONGEST_NAP: Duration = Duration::from_secs(60);
/// The wait between two attempts to read a source that failed.
const SOURCE_RETRY: SignedDuration = SignedDuration::from_mins(2);
/// A report this much past its time is labelled late.
const GRACE: SignedDuration = SignedDuration::from_mins(15);
/// An incomplete report is replaced as long as it is younger than this.
const REPAIR: SignedDuration = SignedDuration::from_hours(24);
/// Days back in which deliveries are still tried.
const SEND_BACK_DAYS: i64 = 60;

/// What the loop remembers between two looks.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Sessions whose source failed: since when, and not again before.
    trouble: BTreeMap<Date, (Timestamp, Timestamp)>,
    /// Sessions told to be beyond the catch-up.
    told: BTreeSet<Date>,
    /// A first look has gone through every report that is still remembered.
    looked: bool,
    /// The last failure told of the calendar or the store, so that each is told once.
    last_failure: Option<String>,
}

impl ReportGenerator {
    /// Sends every report when it is due, catches up what was missed, tries failed deliveries
    /// again. Never ends; drop it to stop, or use [`ReportGenerator::run_until`]. Spawn it once a
    /// process: replicas share the work through the store.
    pub fn run_schedule(&self) -> impl Future<Output = ()> + Send + 'static {
        self.run_until(std::future::pending())
    }

    /// As [`ReportGenerator::run_schedule`] until `shutdown` ends. A delivery under way is finished
    /// first, which takes no longer than the send timeout: cut off, it would stay unknown.
    pub fn run_until(
        &self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let generator = self.clone();
        async move {
            let mut shutdown = std::pin::pin!(shutdown);
            let mut progress = Progress::default();
            let longer = generator.inner.periodic.clone();
            let mut longer: Vec<_> = longer
                .into_iter()
                .map(|generator| (generator, Progress::default()))
                .collect();
            loop {
                generator.reload_calendar().await;
                let mut next = generator.look(&mut progress).await;
                for (generator, progress) in &mut longer {
                    soonest(&mut next, generator.look(progress).await);
                }
                let now = generator.now();
                let nap = next
                    .map_or(LONGEST_NAP, |next| {
                        Duration::try_from(next.duration_since(now)).unwrap_or_default()
                    })
                    .clamp(Duration::from_millis(10), LONGEST_NAP);
                tokio::select! {
                    () = &mut shutdown => return,
                    () = tokio::time::sleep(nap) => {}
                }
            }
        }
    }

    /// Reads a calendar's file anew where it has changed; what is wrong with it is told once.
    async fn reload_calendar(&self) {
        let calendar = self.inner.calendar.clone();
        if calendar.file().is_none() {
            return;
        }
        let read = crate::source::blocking::run(move || calendar.reload()).await;
        match read {
            Ok(Ok(true)) => tracing::info!("the calendar was read anew"),
            Ok(Ok(false)) | Err(_) => {}
            Ok(Err(error)) => self.failed(Stage::Calendar, None, error.to_string()),
        }
    }

    /// One look: does what is owed now and tells when the next thing falls due.
    pub(crate) async fn look(&self, progress: &mut Progress) -> Option<Timestamp> {
        let now = self.now();
        match self.step(progress, now).await {
            Ok(next) => {
                progress.last_failure = None;
                next
            }
            Err(error) => {
                let reason = error.chain();
                if progress.last_failure.as_ref() != Some(&reason) {
                    let stage = match error {
                        ReportError::Calendar(_) => Stage::Calendar,
                        _ => Stage::Store,
                    };
                    self.failed(stage, None, reason.clone());
                    progress.last_failure = Some(reason);
                }
                None
            }
        }
    }

    async fn step(
        &self,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, ReportError> {
        let inner = &self.inner;
        let baseline = inner.store.baseline(&inner.report, now).await?;
        let since = date_in_seoul(now).saturating_sub(Span::new().days(SEND_BACK_DAYS));
        let known = inner.store.reported(&inner.report, since).await?;
        let mut next = None;
        // First what is made already and not with everybody.
        let give_up = SignedDuration::try_from(inner.retry.give_up).unwrap_or(SignedDuration::MAX);
        for reported in known.iter().filter(|reported| reported.send) {
            let age = now.duration_since(reported.generated_at);
            // Older ones are settled, but for what a process left that died long ago.
            if age.as_secs() / 2 < give_up.as_secs() || !progress.looked {
                soonest(&mut next, self.finish(reported, age < give_up, now).await?);
            }
        }
        progress.looked = true;
        let mut done: BTreeSet<Date> = known.iter().map(|reported| reported.session).collect();
        for reported in &known {
            let latest = known
                .iter()
                .filter(|other| other.session == reported.session)
                .all(|other| other.revision <= reported.revision);
            let fresh = now.duration_since(reported.generated_at) < REPAIR;
            if latest && !reported.complete && fresh {
                done.remove(&reported.session);
            }
        }
        let Owed {
            sessions,
            skipped,
            next: due,
        } = owed(
            now,
            baseline,
            &done,
            &inner.schedule,
            &self.calendar(),
            inner.catch_up,
            inner.period,
        )?;
        soonest(&mut next, due);
        let news: Vec<Date> = skipped
            .into_iter()
            .filter(|session| progress.told.insert(*session))
            .collect();
        if !news.is_empty() {
            self.emit(ReportEvent::Skipped { sessions: news });
        }
        for (session, due) in sessions {
            if let Some((_, at)) = progress.trouble.get(&session)
                && *at > now
            {
                soonest(&mut next, Some(*at));
                continue;
            }
            soonest(&mut next, self.report(progress, session, due).await?);
        }
        Ok(next)
    }

    /// Makes and sends one owed report.
    async fn report(
        &self,
        progress: &mut Progress,
        session: Date,
        due: Timestamp,
    ) -> Result<Option<Timestamp>, ReportError> {
        let inner = &self.inner;
        let begun = self.now();
        let summary = match self.generate(session, begun).await {
            Ok(summary) => {
                progress.trouble.remove(&session);
                Some(summary)
            }
            Err(error @ ReportError::Store(_)) => return Err(error),
            Err(error) => {
                let now = self.now();
                let first = progress.trouble.get(&session).map(|(since, _)| *since);
                let again = now.saturating_add(SOURCE_RETRY).unwrap_or(now);
                let since = first.unwrap_or(now);
                progress.trouble.insert(session, (since, again));
                if first.is_none() {
                    self.failed(Stage::Generate, Some(session), error.chain());
                }
                let patience =
                    SignedDuration::try_from(inner.source_patience).unwrap_or(SignedDuration::MAX);
                let waited = now.duration_since(since) >= patience;
                let told = inner
                    .store
                    .report(&inner.report, session, None)
                    .await?
                    .is_some();
                if waited && !told {
                    Some(self.unavailable(session, &error).await)
                } else {
                    None
                }
            }
        };
        let Some(mut summary) = summary else {
            return Ok(progress.trouble.get(&session).map(|(_, again)| *again));
        };
        if summary.generated_at.duration_since(due) > GRACE {
            summary.edition.late_since = Some(due);
        }
        let complete = summary.source == SourceState::Ok;
        let report = self.keep_and_send(summary).await?;
        let mut next = earliest_retry(&report.deliveries);
        if !complete {
            soonest(
                &mut next,
                progress.trouble.get(&session).map(|(_, again)| *again),
            );
        }
        Ok(next)
    }

    /// Tries the deliveries of a kept report that are not final; tells when the next one is due.
    ///
    /// A recipient without a delivery gets a `young` report only: whoever is added later is not sent
    /// the reports of weeks.
    async fn finish(
        &self,
        reported: &Reported,
        young: bool,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, ReportError> {
        let inner = &self.inner;
        let (session, revision) = (reported.session, reported.revision);
        let records = inner.store.deliveries(&inner.report, session).await?;
        let records: Vec<_> = records
            .into_iter()
            .filter(|record| record.key.revision == revision)
            .collect();
        // A recipient without a row: the process died between keeping the report and claiming.
        let missing = inner.sinks.now().iter().any(|sink| {
            sink.recipients().iter().any(|recipient| {
                !records.iter().any(|record| {
                    record.key.channel == sink.name() && record.key.recipient == *recipient
                })
            })
        });
        let ready = |at: Option<Timestamp>| at.is_none_or(|at| at <= now);
        let open = records.iter().any(|record| match record.state {
            DeliveryState::Pending => ready(record.not_before),
            DeliveryState::Claimed | DeliveryState::Sending => ready(record.lease_until),
            _ => false,
        });
        if !(open || missing && young) {
            return Ok(earliest_retry(&records));
        }
        let found = inner
            .store
            .report(&inner.report, session, Some(revision))
            .await?;
        match found {
            Some(kept) => Ok(earliest_retry(&self.send_kept(kept).await?.deliveries)),
            None => Ok(None),
        }
    }
}

fn soonest(next: &mut Option<Timestamp>, other: Option<Timestamp>) {
    if let Some(other) = other {
        *next = Some(next.map_or(other, |next| next.min(other)));
    }
}

fn earliest_retry(records: &[crate::deliver::DeliveryRecord]) -> Option<Timestamp> {
    records
        .iter()
        .filter_map(|record| match record.state {
            DeliveryState::Pending => record.not_before,
            DeliveryState::Claimed | DeliveryState::Sending => record.lease_until,
            _ => None,
        })
        .min()
}
