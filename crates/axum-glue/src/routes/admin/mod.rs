//! What an operator may do to a running service.

mod guard;
mod input;
mod ops;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    middleware::from_fn_with_state,
    response::{IntoResponse, Redirect, Response},
    routing::{delete, get, post},
};
use serde::Deserialize;
use serde_json::json;

use crate::{Operations, OpsPolicy};
use guard::{About, guard};
use input::{Input, MAX_BODY, refuse};
use ops::{AcknowledgeRequest, LogLevelRequest, ResolveRequest};
pub use ops::{AdminError, AdminOps, AdminResult, ReplayRequest, ReportForm, SilenceRequest};

/// The longest a log level or a silence may last.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
/// The most entries of the history in one answer.
const MOST_ENTRIES: usize = 1_000;
/// The longest name of an operator.
const LONGEST_NAME: usize = 100;

type Ops = State<Arc<dyn AdminOps>>;

/// `/admin/…` under a policy: a bearer token, or this machine only.
///
/// | request | does |
/// |---|---|
/// | `GET /admin/health` | health with every dependency |
/// | `GET /admin/log-level` | the filter in force |
/// | `PUT /admin/log-level` `{"level": "debug", "for_seconds": 600}` | changes it, for good without `for_seconds` |
/// | `GET /admin/alerts` | what fires |
/// | `GET /admin/alerts/history?hours=24&limit=100` | what was, and what became of it |
/// | `POST /admin/alerts/acknowledge` `{"key": …, "by": …}` | somebody knows: no more escalation |
/// | `POST /admin/alerts/resolve` `{"key": …}` | it has ended |
/// | `POST /admin/alerts/replay` `{"id": …}` or `{"since": …}` | dead deliveries are tried again |
/// | `GET /admin/silences`, `DELETE /admin/silences/{id}` | lists, ends early |
/// | `POST /admin/silences` `{"key": …, "for_seconds": 3600, "by": …, "comment": …}` | holds alerts back; `source` and `tag` select too |
/// | `GET /admin/channels` | channels and counts of the alerting |
/// | `POST /admin/channels/{channel}/test` | sends a marked test message, says what came of it |
/// | `GET /admin/reports/{date}?form=html` | the report as it would be sent: `html`, `text`, `json`, `csv` |
/// | `GET /admin/reports/{date}/deliveries` | what became of each delivery |
/// | `POST /admin/reports/{date}/resend` | sends the kept report once more to everybody, as it is |
///
/// Bodies are JSON of at most 16 KiB; an error is `{"error": reason}`. Every request, done or
/// refused, is one line in the log under the target `audit`. A page of another origin may not act
/// in the browser of an operator.
pub fn admin_router<S: Clone + Send + Sync + 'static>(
    ops: Arc<dyn AdminOps>,
    policy: OpsPolicy,
) -> Router<S> {
    Router::new()
        .route("/admin", get(index))
        .route("/admin/", get(async || Redirect::permanent("/admin")))
        .route("/admin/health", get(health))
        .route("/admin/log-level", get(log_level).put(set_log_level))
        .route("/admin/alerts", get(alerts))
        .route("/admin/alerts/history", get(history))
        .route("/admin/alerts/acknowledge", post(acknowledge))
        .route("/admin/alerts/resolve", post(resolve))
        .route("/admin/alerts/replay", post(replay))
        .route("/admin/silences", get(silences).post(silence))
        .route("/admin/silences/{id}", delete(unsilence))
        .route("/admin/channels", get(channels))
        .route("/admin/channels/{channel}/test", post(test_fire))
        .route("/admin/reports/{date}", get(report_preview))
        .route("/admin/reports/{date}/deliveries", get(report_deliveries))
        .route("/admin/reports/{date}/resend", post(report_resend))
        // On the routes alone: `layer` would wrap the fallback too, which a merge makes the service's.
        .route_layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(from_fn_with_state(policy, guard))
        .route_layer(Operations)
        .with_state(ops)
}

/// What may be asked, each as the method and the path.
const OPERATIONS: [&str; 17] = [
    "GET /admin/health",
    "GET /admin/log-level",
    "PUT /admin/log-level",
    "GET /admin/alerts",
    "GET /admin/alerts/history",
    "POST /admin/alerts/acknowledge",
    "POST /admin/alerts/resolve",
    "POST /admin/alerts/replay",
    "GET /admin/silences",
    "POST /admin/silences",
    "DELETE /admin/silences/{id}",
    "GET /admin/channels",
    "POST /admin/channels/{channel}/test",
    "GET /admin/reports/{date}",
    "GET /admin/reports/{date}/deliveries",
    "POST /admin/reports/{date}/resend",
    "GET /admin",
];

async fn index() -> Response {
    answer("what there is", Ok(json!({ "operations": OPERATIONS })))
}

async fn health(State(ops): Ops) -> Response {
    answer("health", ops.health().await)
}

async fn log_level(State(ops): Ops) -> Response {
    answer("log level", ops.log_level().await)
}

async fn set_log_level(State(ops): Ops, Input(asked): Input<LogLevelRequest>) -> Response {
    let lasts = asked.for_seconds.map(Duration::from_secs);
    let about = match lasts {
        Some(lasts) => format!("log level {} for {} s", asked.level, lasts.as_secs()),
        None => format!("log level {}", asked.level),
    };
    if let Some(lasts) = lasts
        && let Err(error) = check_length(lasts)
    {
        return answer(&about, Err(error));
    }
    answer(&about, ops.set_log_level(&asked.level, lasts).await)
}

async fn alerts(State(ops): Ops) -> Response {
    answer("firing alerts", ops.alerts().await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryQuery {
    #[serde(default = "a_day")]
    hours: u64,
    #[serde(default = "a_page")]
    limit: usize,
}

const fn a_day() -> u64 {
    24
}

const fn a_page() -> usize {
    100
}

async fn history(State(ops): Ops, query: Result<Query<HistoryQuery>, BadQuery>) -> Response {
    let query = match query {
        Ok(Query(query)) => query,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.body_text()),
    };
    let back = Duration::from_secs(query.hours.saturating_mul(3600)).min(LONGEST);
    let limit = query.limit.min(MOST_ENTRIES);
    answer("alert history", ops.alert_history(back, limit).await)
}

type BadQuery = axum::extract::rejection::QueryRejection;

async fn acknowledge(State(ops): Ops, Input(asked): Input<AcknowledgeRequest>) -> Response {
    let about = format!("acknowledge {} by {}", asked.key, asked.by);
    if let Err(error) = check_name(&asked.by) {
        return answer(&about, Err(error));
    }
    answer(&about, ops.acknowledge(&asked.key, &asked.by).await)
}

async fn resolve(State(ops): Ops, Input(asked): Input<ResolveRequest>) -> Response {
    let about = format!("resolve {}", asked.key);
    answer(&about, ops.resolve(&asked.key).await)
}

async fn replay(State(ops): Ops, Input(asked): Input<ReplayRequest>) -> Response {
    let about = match &asked {
        ReplayRequest::Id(id) => format!("replay {id}"),
        ReplayRequest::Since(since) => format!("replay since {since}"),
    };
    answer(&about, ops.replay(&asked).await)
}

async fn silences(State(ops): Ops) -> Response {
    answer("silences", ops.silences().await)
}

async fn silence(State(ops): Ops, Input(asked): Input<SilenceRequest>) -> Response {
    let about = format!("silence for {} s by {}", asked.for_seconds, asked.by);
    let checked = check_name(&asked.by)
        .and_then(|()| check_length(Duration::from_secs(asked.for_seconds)))
        .and_then(|()| check_condition(&asked));
    match checked {
        Ok(()) => answer(&about, ops.silence(&asked).await),
        Err(error) => answer(&about, Err(error)),
    }
}

async fn unsilence(State(ops): Ops, Path(id): Path<String>) -> Response {
    answer(&format!("end silence {id}"), ops.unsilence(&id).await)
}

async fn channels(State(ops): Ops) -> Response {
    answer("channels", ops.channels().await)
}

async fn test_fire(State(ops): Ops, Path(channel): Path<String>) -> Response {
    answer(&format!("test {channel}"), ops.test_fire(&channel).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviewQuery {
    #[serde(default)]
    form: ReportForm,
}

async fn report_preview(
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
    match ops.report_preview(&date, form).await {
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
        Err(error) => answer(&about, Err(error)),
    }
}

async fn report_deliveries(State(ops): Ops, Path(date): Path<String>) -> Response {
    answer(
        &format!("deliveries of report {date}"),
        ops.report_deliveries(&date).await,
    )
}

async fn report_resend(State(ops): Ops, Path(date): Path<String>) -> Response {
    answer(
        &format!("resend report {date}"),
        ops.report_resend(&date).await,
    )
}

/// The operation's answer, with what it was about for the audit line.
fn answer(about: &str, result: AdminResult) -> Response {
    let mut response = match result {
        Ok(body) => Json(body).into_response(),
        Err(error) => {
            let status = match error {
                AdminError::Unavailable(_) => StatusCode::NOT_IMPLEMENTED,
                AdminError::Invalid(_) => StatusCode::BAD_REQUEST,
                AdminError::NotFound(_) => StatusCode::NOT_FOUND,
                AdminError::Failed(_) => StatusCode::BAD_GATEWAY,
            };
            refuse(status, &error.to_string())
        }
    };
    response.extensions_mut().insert(About(about.to_owned()));
    response
}

fn check_length(lasts: Duration) -> Result<(), AdminError> {
    if lasts.is_zero() || lasts > LONGEST {
        return Err(AdminError::Invalid(format!(
            "for_seconds: 1 to {} (30 days)",
            LONGEST.as_secs()
        )));
    }
    Ok(())
}

fn check_name(by: &str) -> Result<(), AdminError> {
    if by.trim().is_empty() || by.chars().count() > LONGEST_NAME {
        return Err(AdminError::Invalid(format!(
            "by: say who you are, in at most {LONGEST_NAME} characters"
        )));
    }
    Ok(())
}

/// A silence without a condition would hush everything.
fn check_condition(asked: &SilenceRequest) -> Result<(), AdminError> {
    if asked.key.is_none() && asked.source.is_none() && asked.tag.is_none() {
        return Err(AdminError::Invalid(
            "say which alerts: key, source or tag".to_owned(),
        ));
    }
    Ok(())
}
