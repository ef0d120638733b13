//! The reports of the source.

use async_trait::async_trait;
use bongsu_ops::{RebuildReports, Rebuilt, ReportDeliveries, ReportDesk, ReportForm};
use jiff::civil::Date;

use super::FakeSource;
use crate::{OpsError, ReportEntry};

#[async_trait]
impl ReportDesk for FakeSource {
    async fn archive(&self) -> Result<Vec<ReportEntry>, OpsError> {
        let entry = |day, problem: Option<&str>| ReportEntry {
            session: jiff::civil::date(2026, 5, day),
            at: None,
            deliveries: vec![("email ops@example.com".to_owned(), "delivered".to_owned())],
            problem: problem.map(str::to_owned),
            page: problem.is_none(),
        };
        Ok(vec![
            entry(27, None),
            entry(26, Some("the source did not answer")),
        ])
    }

    async fn page(&self, session: Date) -> Result<String, OpsError> {
        if session == jiff::civil::date(2026, 5, 27) {
            return Ok(format!(
                "<!doctype html><title>{session}</title><h1>{session}</h1>"
            ));
        }
        Err(OpsError::no_such("report"))
    }

    async fn preview(&self, session: Date, form: ReportForm) -> Result<String, OpsError> {
        self.page(session).await?;
        Ok(format!("{form:?} of {session}"))
    }

    async fn resend(&self, session: Date) -> Result<ReportDeliveries, OpsError> {
        self.page(session).await?;
        self.state().actions.push(format!("resend {session}"));
        Ok(ReportDeliveries {
            session,
            deliveries: Vec::new(),
        })
    }

    async fn rebuild(&self, asked: &RebuildReports) -> Result<Rebuilt, OpsError> {
        let from = asked.from.map_or("all".to_owned(), |from| from.to_string());
        self.state()
            .actions
            .push(format!("rebuild {from} by {}", asked.by));
        Ok(Rebuilt {
            from: asked.from,
            rows: 1_234,
        })
    }
}
