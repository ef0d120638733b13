//! Kept reports as an operator sees them.

use bongsu_ops::{OpsError, OpsResult, ReportDeliveries, ReportDelivery, ReportEntry, ReportForm};
use bongsu_reports::{
    DeliveryReport, ReportError, ReportGenerator, calendar::date_in_seoul, store::Reported,
};
use jiff::{Timestamp, civil::Date};

/// How far back the archive goes, and the reports of it that are shown.
const ARCHIVE_DAYS: i64 = 366;
const SHOWN: usize = 60;

/// The kept reports of the last year, oldest first.
pub(super) async fn kept(
    reports: &ReportGenerator,
    today: Date,
) -> Result<Vec<Reported>, OpsError> {
    let since = today.saturating_sub(jiff::Span::new().days(ARCHIVE_DAYS));
    let kept = reports.kept_reports(since).await;
    kept.map_err(|error| OpsError::Failed(error.chain()))
}

pub(super) fn problem(reported: &Reported) -> Option<String> {
    (!reported.complete).then(|| "the source of the figures could not be read".to_owned())
}

pub(super) async fn archive(
    reports: &ReportGenerator,
    now: Timestamp,
) -> Result<Vec<ReportEntry>, OpsError> {
    let mut entries = Vec::new();
    let kept = kept(reports, date_in_seoul(now)).await?;
    for reported in kept.iter().rev().take(SHOWN) {
        let deliveries = reports.deliveries(reported.session).await;
        let deliveries = deliveries.map(|sent| sent.deliveries).unwrap_or_default();
        entries.push(ReportEntry {
            session: reported.session,
            at: Some(reported.generated_at),
            deliveries: deliveries
                .into_iter()
                .map(|sent| {
                    let who = format!("{} {}", sent.key.channel, sent.key.recipient);
                    let why = sent.reason.map(|why| format!(": {why}"));
                    let state = sent.state.as_str();
                    (who, format!("{state}{}", why.unwrap_or_default()))
                })
                .collect(),
            problem: problem(reported),
            page: true,
        });
    }
    Ok(entries)
}

pub(super) async fn page(reports: &ReportGenerator, session: Date) -> OpsResult<String> {
    let rendered = reports.render_kept(session).await;
    Ok(rendered.map_err(failed)?.preview_html)
}

pub(super) async fn preview(
    reports: &ReportGenerator,
    session: Date,
    form: ReportForm,
) -> OpsResult<String> {
    reports.expect_source().await.map_err(failed)?;
    let summary = reports.generate_daily_summary(session).await;
    let rendered = reports.render_owned(summary.map_err(failed)?).await;
    Ok(match form {
        ReportForm::Html => rendered.preview_html,
        ReportForm::Text => rendered.text,
        ReportForm::Json => rendered.json,
        ReportForm::Csv => rendered.csv,
    })
}

pub(super) fn deliveries(session: Date, sent: DeliveryReport) -> ReportDeliveries {
    let deliveries = sent.deliveries.into_iter().map(|delivery| ReportDelivery {
        channel: delivery.key.channel.to_string(),
        recipient: delivery.key.recipient.to_string(),
        state: delivery.state.as_str().to_owned(),
        reason: delivery.reason.map(|reason| reason.to_string()),
    });
    ReportDeliveries {
        session,
        deliveries: deliveries.collect(),
    }
}

pub(super) fn failed(error: ReportError) -> OpsError {
    match error {
        ReportError::NotKept { .. } => OpsError::NotFound(error.chain()),
        other => OpsError::Failed(other.chain()),
    }
}
