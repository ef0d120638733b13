//! What an operator may do to a running service.

mod guard;
mod input;
mod reports;
mod shown;
mod silences;

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{StatusCode, header},
    middleware::from_fn_with_state,
    response::{IntoResponse, Redirect, Response},
    routing::{delete, get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Operations, OpsPolicy};
use bongsu_ops::{
    AboutAlert, AlertQuery, Firing, History, LONGEST, MOST_ALERTS, NewAlert, Operator, OpsError,
    OpsResult, Replay, SetLogLevel,
};
use guard::{About, guard};
use input::{Input, MAX_BODY, refuse};

type Ops = State<Operator>;

/// `/admin/…` under a policy: a bearer token, or this machine only.
///
/// | request | does |
/// |---|---|
/// | `GET /admin/overview` | the figures of the console's first screen, each as `{"value": …}` or `{"missing": reason}` |
/// | `GET /admin/requests` | the last minute by route and by host called: rate, errors, p50, p95, p99 |
/// | `GET /admin/logs?level=error&text=…` | lines of the log, the newest first; also by `target`, `field`, `request_id`, `trace_id`, `since`, `until`, `limit` |
/// | `GET /admin/config` | the configuration as resolved, secrets masked |
/// | `GET /admin/health` | health with every dependency |
/// | `GET /admin/log-level` | the filter in force |
/// | `PUT /admin/log-level` `{"level": "debug", "for_seconds": 600}` | changes it, for good without `for_seconds` |
/// | `GET /admin/openapi.json` | the JSON of all this, described (OpenAPI 3.1) |
/// | `GET /admin/alerts` | what fires |
/// | `POST /admin/alerts` `{"level": …, "title": …, "source": …, "key": …}` | sends an alert, or with `"resolved": true` ends one |
/// | `GET /admin/alerts/history?hours=24&limit=100` | what was, and what became of it |
/// | `POST /admin/alerts/acknowledge` `{"key": …, "by": …}` | somebody knows: no more escalation |
/// | `POST /admin/alerts/unacknowledge` `{"key": …, "by": …}` | nobody knows after all |
/// | `POST /admin/alerts/resolve` `{"key": …}` | it has ended |
/// | `POST /admin/alerts/explain` with the body of `POST /admin/alerts` | what would become of it; nothing is done |
/// | `POST /admin/alerts/replay` `{"id": …}` or `{"since": …}` | dead deliveries are tried again |
/// | `POST /admin/config/reload` | the rules of the configuration's file are read again, all or none |
/// | `GET /admin/rules` | the rule files' rules, each with what it sees |
/// | `GET /admin/rules/figure?rule=…&since=…&until=…&symbol=…` | what a rule compares, with its limit; other names are labels of the alert |
/// | `POST /admin/rules/reload` | the rule files are read again, all or none |
/// | `GET /admin/silences`, `DELETE /admin/silences/{id}?by=…` | lists, ends early |
/// | `POST /admin/silences` `{"key": …, "for_seconds": 3600, "by": …, "comment": …}` | holds alerts back, and says which; see below |
/// | `POST /admin/silences/preview` with the same body | which it would hold; none is made |
/// | `GET /admin/maintenance` | the maintenance under way, or to come |
/// | `POST /admin/maintenance` `{"by": …, "comment": …}` | an hour in which the service is not ready and nobody is told; `for_seconds`, `start`, `end` say otherwise |
/// | `POST /admin/maintenance/preview` with the same body | which firing alerts it would hold; none begins |
/// | `DELETE /admin/maintenance?by=…` | ends it early |
/// | `GET /admin/channels` | channels and counts of the alerting |
/// | `POST /admin/channels/{channel}/test` | sends a marked test message, says what came of it |
/// | `GET /admin/reports` | the kept reports |
/// | `GET /admin/reports/{date}?form=html` | the report as it would be sent: `html`, `text`, `json`, `csv` |
/// | `GET /admin/reports/{date}/deliveries` | what became of each delivery |
/// | `POST /admin/reports/{date}/resend` | sends the kept report once more to everybody, as it is |
/// | `POST /admin/reports/rebuild` `{"from": "2026-05-28"}` | computes kept positions anew, all without `from` |
///
/// A silence is about `key`, `source`, `tag`, `kind`, `level` (or `min_level`, `max_level`) and `metadata`; it
/// may have a `start` and an `end` instead of `for_seconds`, and a `recurrence`:
/// `{"weekly": {"days": ["sat"], "from": "02:00", "to": "04:00"}}` or `{"session": "KRX regular"}`.
///
/// Bodies are JSON of at most 16 KiB; an error is `{"error": reason}`. Every request, done or
/// refused, is one line in the log under the target `audit`. A page of another origin may not act
/// in the browser of an operator.
pub fn admin_router<S: Clone + Send + Sync + 'static>(
    ops: Operator,
    policy: OpsPolicy,
) -> Router<S> {
    Router::new()
        .route("/admin", get(index))
        .route("/admin/", get(async || Redirect::permanent("/admin")))
        .route("/admin/overview", get(shown::overview))
        .route("/admin/requests", get(shown::requests))
        .route("/admin/logs", get(shown::lines))
        .route("/admin/config", get(shown::settings))
        .route("/admin/health", get(health))
        .route("/admin/log-level", get(log_level).put(set_log_level))
        .route("/admin/openapi.json", get(openapi))
        .route("/admin/alerts", get(alerts).post(send))
        .route("/admin/alerts/history", get(history))
        .route("/admin/alerts/acknowledge", post(acknowledge))
        .route("/admin/alerts/unacknowledge", post(unacknowledge))
        .route("/admin/alerts/resolve", post(resolve))
        .route("/admin/alerts/explain", post(explain))
        .route("/admin/alerts/replay", post(replay))
        .route("/admin/config/reload", post(reload_config))
        .route("/admin/rules", get(rules))
        .route("/admin/rules/figure", get(shown::figure))
        .route("/admin/rules/reload", post(reload_rules))
        .route(
            "/admin/silences",
            get(silences::silences).post(silences::silence),
        )
        .route("/admin/silences/preview", post(silences::preview_silence))
        .route("/admin/silences/{id}", delete(silences::unsilence))
        .route(
            "/admin/maintenance",
            get(silences::maintenance)
                .post(silences::maintain)
                .delete(silences::end_maintenance),
        )
        .route(
            "/admin/maintenance/preview",
            post(silences::preview_maintenance),
        )
        .route("/admin/channels", get(channels))
        .route("/admin/channels/{channel}/test", post(test_fire))
        .route("/admin/reports", get(shown::reports))
        .route("/admin/reports/rebuild", post(reports::rebuild_reports))
        .route("/admin/reports/{date}", get(reports::report_preview))
        .route(
            "/admin/reports/{date}/deliveries",
            get(reports::report_deliveries),
        )
        .route("/admin/reports/{date}/resend", post(reports::report_resend))
        // On the routes alone: `layer` would wrap the fallback too, which a merge makes the service's.
        .route_layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(from_fn_with_state(policy, guard))
        .route_layer(Operations)
        .with_state(ops)
}

async fn index() -> Response {
    answer("what there is", Ok(json!({ "operations": operations() })))
}

/// What may be asked, each as the method and the path: what the description says.
fn operations() -> Vec<String> {
    let described = serde_json::from_str(bongsu_ops::openapi()).unwrap_or(Value::Null);
    let paths = described["paths"].as_object().into_iter().flatten();
    let named = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
    });
    named.collect()
}

async fn openapi() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, bongsu_ops::openapi()).into_response()
}

async fn health(State(ops): Ops) -> Response {
    answer("health", ops.health().details().await)
}

async fn log_level(State(ops): Ops) -> Response {
    answer("log level", ops.logs().level().await)
}

async fn set_log_level(State(ops): Ops, Input(asked): Input<SetLogLevel>) -> Response {
    let lasts = asked.for_seconds.map(|seconds| format!(" for {seconds} s"));
    let about = format!("log level {}{}", asked.level, lasts.unwrap_or_default());
    let about = by(about, &asked.by);
    let done = async {
        asked.check()?;
        ops.logs().set_level(&asked).await
    };
    answer(&about, done.await)
}

async fn alerts(State(ops): Ops) -> Response {
    let firing = ops.alerts().firing().await;
    answer("firing alerts", firing.map(|alerts| Firing { alerts }))
}

async fn send(State(ops): Ops, Input(asked): Input<NewAlert>) -> Response {
    let what = if asked.resolved { "end" } else { "send" };
    let about = by(named(what, &asked), &asked.by);
    let done = async {
        asked.check()?;
        ops.alerts().send(&asked).await
    };
    answer(&about, done.await)
}

async fn explain(State(ops): Ops, Input(asked): Input<NewAlert>) -> Response {
    let done = async {
        asked.check()?;
        ops.alerts().explain(&asked).await
    };
    answer(&named("explain", &asked), done.await)
}

fn named(what: &str, alert: &NewAlert) -> String {
    let name = alert.key.as_ref().unwrap_or(&alert.title);
    format!("{what} alert {name}")
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
    let query = AlertQuery {
        back: Duration::from_secs(query.hours.saturating_mul(3600)).min(LONGEST),
        limit: query.limit.min(MOST_ALERTS),
        ..AlertQuery::default()
    };
    let found = ops.alerts().history(&query).await;
    answer("alert history", found.map(|alerts| History { alerts }))
}

type BadQuery = axum::extract::rejection::QueryRejection;

async fn acknowledge(State(ops): Ops, Input(asked): Input<AboutAlert>) -> Response {
    let done = async {
        asked.check()?;
        ops.alerts().acknowledge(&asked).await?;
        Ok::<_, OpsError>(json!({ "acknowledged": asked.key }))
    };
    answer(
        &by(format!("acknowledge {}", asked.key), &asked.by),
        done.await,
    )
}

async fn unacknowledge(State(ops): Ops, Input(asked): Input<AboutAlert>) -> Response {
    let done = async {
        asked.check()?;
        ops.alerts().unacknowledge(&asked).await?;
        Ok::<_, OpsError>(json!({ "unacknowledged": asked.key }))
    };
    answer(
        &by(format!("unacknowledge {}", asked.key), &asked.by),
        done.await,
    )
}

async fn resolve(State(ops): Ops, Input(asked): Input<AboutAlert>) -> Response {
    let done = async {
        asked.check_unnamed()?;
        let deliveries = ops.alerts().resolve(&asked).await?;
        Ok::<_, OpsError>(json!({ "resolved": asked.key, "deliveries": deliveries }))
    };
    answer(&by(format!("resolve {}", asked.key), &asked.by), done.await)
}

async fn replay(State(ops): Ops, Input(asked): Input<Replay>) -> Response {
    let about = match &asked {
        Replay::Id(id) => format!("replay {id}"),
        Replay::Since(since) => format!("replay since {since}"),
    };
    let replayed = ops.alerts().replay(&asked).await;
    answer(&about, replayed.map(|count| json!({ "replayed": count })))
}

async fn reload_config(State(ops): Ops) -> Response {
    answer(
        "reload of the configuration",
        ops.alerts().reload_config().await,
    )
}

async fn rules(State(ops): Ops) -> Response {
    answer("rules", ops.rules().rules().await)
}

async fn reload_rules(State(ops): Ops) -> Response {
    answer("reload of the rules", ops.rules().reload().await)
}

async fn channels(State(ops): Ops) -> Response {
    answer("channels", ops.alerts().channels().await)
}

async fn test_fire(State(ops): Ops, Path(channel): Path<String>) -> Response {
    answer(
        &format!("test {channel}"),
        ops.alerts().test_channel(&channel).await,
    )
}

/// What was asked, and by whom where that was said.
fn by(about: String, who: &str) -> String {
    match who {
        "" => about,
        who => format!("{about} by {who}"),
    }
}

/// The operation's answer, with what it was about for the audit line.
fn answer<T: Serialize>(about: &str, result: OpsResult<T>) -> Response {
    let mut response = match result {
        Ok(body) => Json(body).into_response(),
        Err(error) => {
            let status = match error {
                OpsError::Unavailable(_) => StatusCode::NOT_IMPLEMENTED,
                OpsError::Invalid(_) => StatusCode::BAD_REQUEST,
                OpsError::NotFound(_) => StatusCode::NOT_FOUND,
                _ => StatusCode::BAD_GATEWAY,
            };
            refuse(status, &error.to_string())
        }
    };
    response.extensions_mut().insert(About(about.to_owned()));
    response
}
