//! The reports.

use axum::{
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bongsu_ops::{OpsError, OpsResult, RebuildReports, ReportForm};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

use super::{About, BadQuery, Input, Ops, answer, by, refuse};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewQuery {
    #[serde(default)]
    form: ReportForm,
}

fn session(date: &str) -> OpsResult<Date> {
    bongsu_ops::date(date).map_err(OpsError::Invalid)
}

pub(super) async fn report_preview(
    State(ops): Ops,
    Path(date): Path<String>,
    query: Result<Query<PreviewQuery>, BadQuery>,
) -> Response {
    let form = match query {
        Ok(Query(query)) => query.form,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.body_text()),
    };
    let kind = match form {
        ReportForm::Html => "text/html; charset=utf-8",
        ReportForm::Text => "text/plain; charset=utf-8",
        ReportForm::Json => "application/json",
        ReportForm::Csv => "text/csv; charset=utf-8",
    };
    let about = format!("preview report {date}");
    let done = async { ops.reports().preview(session(&date)?, form).await };
    match done.await {
        Ok(body) => {
            let mut response = body.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            // A report is a document: whatever a symbol's name holds, nothing in it runs.
            headers.insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(
                    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
                ),
            );
            response.extensions_mut().insert(About(about));
            response
        }
        Err(error) => answer::<Value>(&about, Err(error)),
    }
}

pub(super) async fn report_deliveries(State(ops): Ops, Path(date): Path<String>) -> Response {
    let done = async { ops.reports().deliveries(session(&date)?).await };
    answer(&format!("deliveries of report {date}"), done.await)
}

pub(super) async fn report_resend(State(ops): Ops, Path(date): Path<String>) -> Response {
    let done = async { ops.reports().resend(session(&date)?).await };
    answer(&format!("resend report {date}"), done.await)
}

pub(super) async fn rebuild_reports(
    State(ops): Ops,
    Input(asked): Input<RebuildReports>,
) -> Response {
    let from = asked.from.map(|from| format!(" from {from}"));
    let about = format!("rebuild reports{}", from.unwrap_or_default());
    let done = async {
        asked.check()?;
        ops.reports().rebuild(&asked).await
    };
    answer(&by(about, &asked.by), done.await)
}
