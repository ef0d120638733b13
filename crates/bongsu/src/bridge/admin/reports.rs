//! Reports in the words of the admin endpoints.

use bongsu_axum_glue::AdminError;
use bongsu_reports::{DeliveryReport, ReportError, ReportGenerator};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::Bongsu;

pub(super) fn of<'a>(
    bongsu: &'a Bongsu,
    date: &str,
) -> Result<(&'a ReportGenerator, Date), AdminError> {
    let date = date
        .parse()
        .map_err(|_| AdminError::Invalid(format!("{date:?} is not a date, e.g. 2026-05-28")))?;
    let reports = bongsu.reports().ok_or(AdminError::Unavailable(
        "DATABASE_URL: there is no source of figures",
    ))?;
    Ok((reports, date))
}

pub(super) fn failed(error: ReportError) -> AdminError {
    match error {
        ReportError::NotKept { .. } => AdminError::NotFound(error.chain()),
        other => AdminError::Failed(other.chain()),
    }
}

pub(super) fn deliveries(sent: &DeliveryReport) -> Vec<Value> {
    sent.deliveries
        .iter()
        .map(|delivery| {
            json!({
                "channel": delivery.key.channel,
                "recipient": delivery.key.recipient,
                "state": delivery.state.as_str(),
            })
        })
        .collect()
}
