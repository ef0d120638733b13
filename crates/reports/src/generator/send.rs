//! Delivering a report once to everybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::{ReportError, ReportEvent, ReportGenerator, Stage};
use crate::deliver::{
    Claim, DeliveryKey, DeliveryRecord, DeliveryReport, DeliveryState, ReportSink, Settlement,
    SinkError,
};
use crate::rendered::RenderedReport;
use crate::source::{SourceError, blocking};
use crate::store::{KeptReport, Reported, StoreError};
use crate::summary::{DailySummary, SourceState};

impl ReportGenerator {
    /// Keeps the report and delivers it to every recipient of every channel, each once.
    ///
    /// What another replica delivered, or is delivering, is not sent again; what failed is tried
    /// again by [`ReportGenerator::run_schedule`], or by the next call. Of two summaries of the same
    /// session and revision the first one kept is what everybody gets; a summary with figures
    /// follows one that could not be read as its revision.
    ///
    /// Store failures are told to the observer and leave out what they concern.
    pub async fn send_daily_report(&self, summary: &DailySummary) -> DeliveryReport {
        match self.keep_and_send(summary.clone()).await {
            Ok(report) => report,
            Err(error) => {
                self.failed(Stage::Store, Some(summary.session.date), error.chain());
                DeliveryReport::default()
            }
        }
    }

    /// As [`ReportGenerator::send_daily_report`], with the store's failure as an error.
    pub(crate) async fn keep_and_send(
        &self,
        summary: DailySummary,
    ) -> Result<DeliveryReport, ReportError> {
        let kept = self.keep(summary, true).await?;
        self.send_kept(kept).await
    }

    /// Keeps a summary under its revision, or under the next one when an incomplete report has it.
    pub(crate) async fn keep(
        &self,
        mut summary: DailySummary,
        send: bool,
    ) -> Result<KeptReport, ReportError> {
        loop {
            let complete = summary.source == SourceState::Ok;
            let (back, ours) = self.kept(summary, send).await?;
            let kept = self.inner.store.keep_report(ours).await?;
            if kept.complete || !complete {
                return Ok(kept);
            }
            summary = back;
            summary.edition.revision = kept.revision.saturating_add(1);
        }
    }

    /// A summary as it is kept, and the summary itself; its text is written where it may take its time.
    async fn kept(
        &self,
        summary: DailySummary,
        send: bool,
    ) -> Result<(DailySummary, KeptReport), ReportError> {
        let session = summary.session.date;
        let write = move || (serde_json::to_string(&summary), summary);
        let (text, summary) = blocking::run(write).await.map_err(stopped("write"))?;
        let text = text.map_err(|cause| ReportError::Damaged { session, cause })?;
        let kept = KeptReport {
            report: self.inner.report.clone(),
            session,
            revision: summary.edition.revision,
            complete: summary.source == SourceState::Ok,
            send,
            generated_at: summary.generated_at,
            summary: text,
        };
        Ok((summary, kept))
    }

    /// Delivers a kept report to whoever has not got it.
    pub(crate) async fn send_kept(&self, kept: KeptReport) -> Result<DeliveryReport, ReportError> {
        let reported = kept.reported();
        let (session, revision) = (reported.session, reported.revision);
        let rendered = self.draw(kept).await?;
        self.archive(session, revision, &rendered).await;
        let mut report = DeliveryReport::default();
        let mut news = false;
        for sink in self.inner.sinks.now() {
            for recipient in sink.recipients() {
                let key = DeliveryKey {
                    report: self.inner.report.clone(),
                    session,
                    revision,
                    channel: sink.name().to_owned(),
                    recipient,
                };
                match self.deliver(sink.as_ref(), &key, &rendered).await {
                    Ok((record, tried)) => {
                        news |= tried;
                        report.deliveries.push(record);
                    }
                    Err(error) => {
                        self.failed(
                            Stage::Store,
                            Some(session),
                            ReportError::from(error).chain(),
                        );
                    }
                }
            }
        }
        if news && report.all_delivered() {
            self.emit(ReportEvent::Completed {
                session,
                at: self.now(),
            });
        }
        Ok(report)
    }

    /// Reads a kept report back and draws it in one go; its summary never comes to a thread that polls.
    async fn draw(&self, kept: KeptReport) -> Result<RenderedReport, ReportError> {
        let render = Arc::clone(&self.inner.render);
        let draw = move || parse(&kept).map(|summary| render(&summary));
        blocking::run_loud(draw).await.map_err(stopped("draw"))?
    }

    /// One delivery: claim, mark, send, settle. The flag tells whether anything was tried.
    async fn deliver(
        &self,
        sink: &dyn ReportSink,
        key: &DeliveryKey,
        rendered: &RenderedReport,
    ) -> Result<(DeliveryRecord, bool), StoreError> {
        let inner = &self.inner;
        let store = &inner.store;
        let now = self.now();
        let lease = SignedDuration::try_from(inner.send_timeout.saturating_mul(2))
            .unwrap_or(SignedDuration::from_mins(2));
        let lease_until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let message_id = key.message_id(&inner.service_name);
        let claim = store
            .claim(key, &message_id, &inner.owner, now, lease_until)
            .await?;
        let (attempt, message_id, first_at) = match claim {
            Claim::Refused(record) => return Ok((record, false)),
            Claim::Lost(record) => {
                self.undelivered(&record);
                return Ok((record, false));
            }
            Claim::Granted {
                attempt,
                message_id,
                first_at,
            } => (attempt, message_id, first_at),
        };
        if !store.sending(key, &inner.owner, self.now()).await? {
            return Ok((self.record(key).await?, false));
        }
        let sent = tokio::time::timeout(
            inner.send_timeout,
            sink.deliver(rendered, &key.recipient, &message_id),
        )
        .await
        .unwrap_or_else(|_| {
            Err(SinkError::Unknown {
                reason: format!("no answer in {} s", inner.send_timeout.as_secs()),
            })
        });
        let now = self.now();
        let outcome = match sent {
            Ok(()) => Settlement::Delivered,
            Err(SinkError::Permanent { reason }) => Settlement::Failed { reason },
            Err(SinkError::Unknown { reason }) => Settlement::Unknown { reason },
            Err(SinkError::Transient {
                reason,
                retry_after,
            }) => match inner.retry.next(attempt, first_at, now, retry_after) {
                Some(at) => Settlement::Retry { at, reason },
                None => Settlement::Failed {
                    reason: format!("{reason} (given up after {attempt} attempts)"),
                },
            },
        };
        let Some(record) = store.settle(key, &inner.owner, outcome, now).await? else {
            return Ok((self.record(key).await?, true));
        };
        match record.state {
            DeliveryState::Delivered => self.emit(ReportEvent::Delivered {
                key: key.clone(),
                attempt,
            }),
            DeliveryState::Pending => self.emit(ReportEvent::Retrying {
                key: key.clone(),
                attempt,
                at: record.not_before.unwrap_or(now),
                reason: record.reason.clone().unwrap_or_default(),
            }),
            _ => self.undelivered(&record),
        }
        Ok((record, true))
    }

    fn undelivered(&self, record: &DeliveryRecord) {
        self.emit(ReportEvent::Undelivered {
            key: record.key.clone(),
            state: record.state,
            reason: record.reason.clone().unwrap_or_default(),
        });
    }

    async fn record(&self, key: &DeliveryKey) -> Result<DeliveryRecord, StoreError> {
        let all = self
            .inner
            .store
            .deliveries(&key.report, key.session)
            .await?;
        all.into_iter()
            .find(|record| record.key == *key)
            .ok_or_else(|| StoreError::new("deliveries", "a claimed delivery is gone"))
    }

    pub(crate) fn failed(&self, stage: Stage, session: Option<Date>, reason: String) {
        self.emit(ReportEvent::Failed {
            stage,
            session,
            reason,
        });
    }

    /// How the deliveries of a session's report stand.
    ///
    /// # Errors
    ///
    /// When the store cannot be used.
    pub async fn deliveries(&self, session: Date) -> Result<DeliveryReport, ReportError> {
        let store = &self.inner.store;
        let deliveries = store.deliveries(&self.inner.report, session).await?;
        Ok(DeliveryReport { deliveries })
    }

    /// The reports that are kept of the sessions from `since` on, oldest first, each in its latest
    /// revision.
    ///
    /// # Errors
    ///
    /// When the store cannot be used.
    pub async fn kept_reports(&self, since: Date) -> Result<Vec<Reported>, ReportError> {
        let store = &self.inner.store;
        let all = store.reported(&self.inner.report, since).await?;
        let mut latest = BTreeMap::<Date, Reported>::new();
        for reported in all {
            let kept = latest.entry(reported.session).or_insert(reported);
            if reported.revision > kept.revision {
                *kept = reported;
            }
        }
        Ok(latest.into_values().collect())
    }

    /// The kept report of a session, in its latest revision.
    ///
    /// # Errors
    ///
    /// When none is kept, or it cannot be read back.
    pub async fn kept_summary(&self, session: Date) -> Result<DailySummary, ReportError> {
        let kept = self.latest(session).await?;
        let read = blocking::run(move || parse(&kept));
        read.await.map_err(stopped("read"))?
    }

    /// The kept report of a session, in its latest revision, drawn with the generator's renderer.
    ///
    /// # Errors
    ///
    /// When none is kept, or it cannot be read back.
    pub async fn render_kept(&self, session: Date) -> Result<RenderedReport, ReportError> {
        self.draw(self.latest(session).await?).await
    }

    async fn latest(&self, session: Date) -> Result<KeptReport, ReportError> {
        let store = &self.inner.store;
        let found = store.report(&self.inner.report, session, None).await?;
        found.ok_or(ReportError::NotKept { session })
    }

    /// Sends the kept report of a session once more to everybody, as it is, under new message ids.
    ///
    /// What is being delivered at the moment is left alone.
    ///
    /// # Errors
    ///
    /// When none is kept, it cannot be read back, or the store cannot be used.
    pub async fn resend(&self, session: Date) -> Result<DeliveryReport, ReportError> {
        let store = &self.inner.store;
        let kept = self.latest(session).await?;
        let now = self.now();
        for record in store.deliveries(&self.inner.report, session).await? {
            if record.key.revision == kept.revision {
                let base = record.key.message_id(&self.inner.service_name);
                let message_id = format!("again{}.{base}", now.as_millisecond());
                store.reopen(&record.key, &message_id, now).await?;
            }
        }
        self.send_kept(kept).await
    }

    /// Computes a session's report anew and keeps it as the next revision, marked as such.
    ///
    /// Nothing is sent: give the summary to [`ReportGenerator::send_daily_report`] for that.
    ///
    /// # Errors
    ///
    /// When the source cannot be read or the store cannot be used.
    pub async fn recompute(&self, session: Date) -> Result<DailySummary, ReportError> {
        let inner = &self.inner;
        let mut summary = self.generate(session, self.now()).await?;
        self.compare(&mut summary).await;
        let latest = inner.store.report(&inner.report, session, None).await?;
        summary.edition.revision = latest.map_or(0, |kept| kept.revision.saturating_add(1));
        loop {
            let (back, ours) = self.kept(summary, false).await?;
            summary = back;
            let kept = inner.store.keep_report(ours.clone()).await?;
            if kept.summary == ours.summary {
                return Ok(summary);
            }
            // Somebody else took the number in between.
            summary.edition.revision = summary.edition.revision.saturating_add(1);
        }
    }
}

/// The runtime stops: what was begun is not finished.
fn stopped(what: &'static str) -> impl FnOnce(SourceError) -> ReportError {
    move |cause| StoreError::new(what, cause).into()
}

fn parse(kept: &KeptReport) -> Result<DailySummary, ReportError> {
    serde_json::from_str(&kept.summary).map_err(|cause| ReportError::Damaged {
        session: kept.session,
        cause,
    })
}
