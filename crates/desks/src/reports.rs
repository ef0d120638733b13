//! The reports and the exchange's calendar as an operator meets them.

mod archive;
mod closing;
mod session;
mod venues;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bongsu_ops::{
    Figure, Missing, Operator, OpsError, OpsResult, RebuildReports, Rebuilt, ReportDeliveries,
    ReportDesk, ReportEntry, ReportForm, Snapshot,
};
use bongsu_reports::{
    ReportGenerator,
    calendar::{Calendar, UnknownYear},
};
use jiff::{
    Timestamp,
    civil::{Date, Time},
};

use self::closing::Closing;
use crate::{Follow, Part};

/// The reports, where there is a source of figures, and what the last one says. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reports {
    reports: Option<ReportGenerator>,
    calendar: Calendar,
    time: Time,
    closing: Arc<Mutex<Closing>>,
}

impl Reports {
    /// The reports of a service whose daily one is due at this time in Seoul, by this calendar. None: there is no
    /// source of figures, and the calendar alone answers.
    #[must_use]
    pub fn new(reports: Option<ReportGenerator>, calendar: Calendar, time: Time) -> Self {
        Self {
            reports,
            calendar,
            time,
            closing: Arc::default(),
        }
    }

    fn reports(&self) -> OpsResult<&ReportGenerator> {
        let none = "DATABASE_URL: there is no source of figures";
        self.reports.as_ref().ok_or(OpsError::Unavailable(none))
    }
}

impl Part for Reports {
    fn join(&self, operator: Operator) -> Operator {
        operator.with_reports(Arc::new(self.clone()))
    }

    /// Looks for the last report now and then.
    fn follow(&self) -> Option<Follow> {
        let reports = self.reports.clone()?;
        Some(Box::pin(closing::follow(reports, self.closing.clone())))
    }

    /// After the metrics: the day's gain is of the portfolio's value.
    fn fill(&self, snapshot: &mut Snapshot) {
        let closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        closing.fill(snapshot);
        let calendar = match &self.reports {
            Some(reports) => reports.calendar(),
            None => self.calendar.get(),
        };
        let failed = |error: UnknownYear| Missing::Failed(error.to_string());
        snapshot.session = match session::session(&calendar, snapshot.at) {
            Ok(session) => Figure::Known(session),
            Err(error) => failed(error).into(),
        };
        snapshot.venues = venues::venues(&calendar, snapshot.at).unwrap_or_default();
        snapshot.reports.next = match session::next_report(&calendar, self.time, snapshot.at) {
            _ if self.reports.is_none() => Missing::NotConfigured.into(),
            Ok(at) => Figure::Known(at),
            Err(error) => failed(error).into(),
        };
        if self.reports.is_none() {
            snapshot.reports.last = Missing::NotConfigured.into();
        }
    }
}

#[async_trait]
impl ReportDesk for Reports {
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    async fn archive(&self) -> OpsResult<Vec<ReportEntry>> {
        archive::archive(self.reports()?, Timestamp::now()).await
    }

    async fn page(&self, session: Date) -> OpsResult<String> {
        archive::page(self.reports()?, session).await
    }

    async fn preview(&self, session: Date, form: ReportForm) -> OpsResult<String> {
        archive::preview(self.reports()?, session, form).await
    }

    async fn deliveries(&self, session: Date) -> OpsResult<ReportDeliveries> {
        let sent = self.reports()?.deliveries(session).await;
        Ok(archive::deliveries(session, sent.map_err(archive::failed)?))
    }

    async fn resend(&self, session: Date) -> OpsResult<ReportDeliveries> {
        let sent = self.reports()?.resend(session).await;
        Ok(archive::deliveries(session, sent.map_err(archive::failed)?))
    }

    async fn rebuild(&self, asked: &RebuildReports) -> OpsResult<Rebuilt> {
        let (from, rebuilt) = (asked.from, self.reports()?.rebuild(asked.from).await);
        let rows = rebuilt.map_err(archive::failed)?;
        Ok(Rebuilt { from, rows })
    }
}
