//! The pages.

use std::time::Duration;

use axum::{
    extract::{Path, Query},
    response::{Html, IntoResponse, Redirect, Response},
};
use bongsu_console::{
    AlertQuery, AlertRecord, FiringAlert, Level, NewSilence, OpsError, OpsResult, assets,
    pages::{self, alert::Scope, overview, trends},
};
use bongsu_ops::{LONGEST, NewAlert, NewMaintenance, ReportForm, RuleFigureQuery};
use http::{StatusCode, header};
use jiff::{Timestamp, civil::Date};
use serde::Deserialize;

use super::{guard, visit::Visit};

pub(super) const LANG_COOKIE: &str = "bongsu_lang";
/// Most rows of a page.
const ROWS: usize = 200;
/// Most lines of a download.
const LINES: usize = 20_000;
/// Most tags of an alert that can be silenced by.
const TAGS: usize = 4;
/// Most samples of a metric.
const SAMPLES: usize = 100;

pub(super) async fn overview(visit: Visit) -> Html<String> {
    let snapshot = visit.console.operator.service().snapshot().await;
    let [hour, day] = visit.console.trends(snapshot.at);
    Html(overview::page(&visit.chrome(), &snapshot, &hour, &day))
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn alerts(visit: Visit) -> Html<String> {
    if !visit.asked.key.is_empty() {
        return alert(visit).await;
    }
    let query = AlertQuery {
        level: visit.asked.level.parse().ok(),
        text: visit.asked.q.clone(),
        back: LONGEST,
        limit: ROWS,
    };
    let found = visit.console.operator.alerts().history(&query).await;
    let desk = visit.console.operator.alerts();
    let silences = desk.silences().await;
    let maintenance = desk.maintenance().await;
    let would_hold = desk.preview_maintenance(&NewMaintenance::default()).await;
    let subject = pages::alerts::Subject {
        query: &query,
        found: &found,
        silences: &silences,
        maintenance: &maintenance,
        would_hold: &would_hold.unwrap_or_default(),
    };
    Html(pages::alerts::page(
        &visit.chrome(),
        Timestamp::now(),
        &subject,
    ))
}

/// The page of one alert, where the links of messages lead.
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
async fn alert(visit: Visit) -> Html<String> {
    let (operator, key) = (&visit.console.operator, &visit.asked.key);
    let history = past(&visit).await;
    let all = operator.alerts().firing().await.unwrap_or_default();
    let firing = all.iter().find(|alert| alert.key == *key);
    let (mut explained, mut scopes) = (None, Vec::new());
    if let Some(alert) = firing {
        explained = operator.alerts().explain(&again(alert)).await.ok();
        let tags = alert.detail.tags.iter().take(TAGS).cloned();
        let wider = [Scope::Key, Scope::Milder, Scope::Source];
        for scope in wider.into_iter().chain(tags.map(Scope::Tag)) {
            let of_the_worst = scope == Scope::Milder && alert.level == Level::Critical;
            let preview = operator
                .alerts()
                .preview_silence(&about(&scope, alert))
                .await;
            if let (Ok(preview), false) = (preview, of_the_worst) {
                scopes.push((scope, preview));
            }
        }
    }
    let silences = operator.alerts().silences().await.unwrap_or_default();
    let subject = pages::alert::Subject {
        key,
        firing,
        history: &history,
        explained: explained.as_ref(),
        silences: &silences,
        scopes: &scopes,
    };
    Html(pages::alert::page(
        &visit.chrome(),
        Timestamp::now(),
        &subject,
    ))
}

/// What was sent of the alert that is asked for, the newest first.
async fn past(visit: &Visit) -> OpsResult<Vec<AlertRecord>> {
    let key = &visit.asked.key;
    let query = AlertQuery {
        text: key.clone(),
        back: LONGEST,
        limit: ROWS,
        ..AlertQuery::default()
    };
    let mut found = visit.console.operator.alerts().history(&query).await?;
    found.retain(|record| record.key == *key);
    Ok(found)
}

/// The alert as it would be sent once more.
fn again(alert: &FiringAlert) -> NewAlert {
    NewAlert {
        level: alert.level,
        title: alert.title.clone(),
        message: alert.message.clone(),
        source: alert.source.clone(),
        key: Some(alert.key.clone()),
        kind: Some(alert.detail.kind.clone()),
        timestamp: None,
        metadata: alert.detail.metadata.clone(),
        tags: alert.detail.tags.clone(),
        lasts_seconds: None,
        runbook: None,
        resolved: false,
        by: String::new(),
    }
}

/// What a silence of that scope is about.
pub(super) fn about(scope: &Scope, alert: &FiringAlert) -> NewSilence {
    let key = || Some(alert.key.clone());
    let none = NewSilence::default();
    match scope {
        Scope::Key => NewSilence { key: key(), ..none },
        Scope::Milder => NewSilence {
            key: key(),
            max_level: Some(alert.level),
            ..none
        },
        Scope::Source => NewSilence {
            source: Some(alert.source.clone()),
            ..none
        },
        Scope::Tag(tag) => NewSilence {
            tag: Some(tag.clone()),
            ..none
        },
    }
}

/// What a page's address asks for of the log.
fn log_asked(visit: &Visit) -> pages::logs::LogAsked<'_> {
    let asked = &visit.asked;
    pages::logs::LogAsked {
        level: &asked.level,
        text: &asked.q,
        target: &asked.target,
        field: &asked.field,
        request_id: &asked.request_id,
        trace_id: &asked.trace_id,
        since: &asked.since,
        until: &asked.until,
        skip: &asked.skip,
        columns: &asked.columns,
    }
}

pub(super) async fn logs(visit: Visit) -> Html<String> {
    let asked = log_asked(&visit);
    let (query, columns) = (asked.query(ROWS), asked.columns());
    let found = visit.console.operator.logs().lines(&query).await;
    Html(pages::logs::page(&visit.chrome(), &query, &columns, &found))
}

/// The same lines as they were written, the oldest first, to be kept.
pub(super) async fn log_file(visit: Visit) -> Response {
    let query = log_asked(&visit).query(LINES);
    match visit.console.operator.logs().lines(&query).await {
        Ok(lines) => {
            let mut body = String::new();
            for line in lines.iter().rev() {
                body.push_str(&line.raw);
                body.push('\n');
            }
            download("application/jsonl", "log.jsonl", body)
        }
        Err(error) => (status(&error), error.to_string()).into_response(),
    }
}

fn download(kind: &'static str, name: &str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, body).into_response()
}

pub(super) async fn trends(visit: Visit) -> Html<String> {
    let (operator, asked) = (&visit.console.operator, &visit.asked);
    let snapshot = operator.service().snapshot().await;
    let range = trends::Range::asked(snapshot.at, &asked.range, &asked.since, &asked.until);
    let memory = &visit.console.memory;
    let range = range.of_a_service(memory.known(snapshot.at), !asked.range.is_empty());
    let trend = memory.trend(range.until, range.span, range.columns());
    let query = AlertQuery {
        back: Duration::try_from(snapshot.at.duration_since(range.since())).unwrap_or(LONGEST),
        limit: ROWS,
        ..AlertQuery::default()
    };
    let alerts = operator.alerts().history(&query).await;
    let lead = lead(&visit, &range).await;
    let subject = trends::Subject {
        range,
        lead: lead.as_ref(),
        text: &asked.q,
        now: &snapshot,
        trend: &trend,
        alerts: &alerts,
    };
    Html(trends::page(&visit.chrome(), &subject))
}

/// The alert that leads to the trends, with what its rule compares.
async fn lead(visit: &Visit, range: &trends::Range) -> Option<trends::Lead> {
    let (operator, key) = (&visit.console.operator, visit.asked.key.as_str());
    if key.is_empty() {
        return None;
    }
    let firing = operator.alerts().firing().await.unwrap_or_default();
    let firing = firing.iter().find(|alert| alert.key == key);
    let mut lead = match firing {
        Some(it) => trends::Lead::new(key, &it.title, it.since, &it.detail),
        None => {
            let it = past(visit).await.ok()?.into_iter().next()?;
            trends::Lead::new(key, &it.title, it.at, &it.detail)
        }
    };
    if let Some((name, labels)) = lead.rule_of() {
        let query = RuleFigureQuery {
            name: name.to_owned(),
            labels: labels.clone(),
            since: range.since(),
            until: range.until,
            columns: range.columns(),
        };
        lead.rule = operator.rules().figure(&query).await.ok().flatten();
    }
    Some(lead)
}

pub(super) async fn requests(visit: Visit) -> Html<String> {
    let desk = visit.console.operator.metrics();
    let (routes, calls) = (desk.routes().await, desk.calls().await);
    Html(pages::requests::page(&visit.chrome(), &routes, &calls))
}

pub(super) async fn metrics(visit: Visit) -> Html<String> {
    let found = visit.console.operator.metrics().families(SAMPLES).await;
    Html(pages::metrics::page(
        &visit.chrome(),
        &visit.asked.q,
        &found,
    ))
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn rules(visit: Visit) -> Html<String> {
    let found = visit.console.operator.rules().rules().await;
    let now = Timestamp::now();
    Html(pages::rules::page(&visit.chrome(), now, &found))
}

pub(super) async fn reports(visit: Visit) -> Html<String> {
    let found = visit.console.operator.reports().archive().await;
    let shown = visit.asked.date.parse().ok();
    Html(pages::reports::page(&visit.chrome(), shown, &found))
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn config(visit: Visit) -> Html<String> {
    let level = visit.console.operator.service().snapshot().await.log_level;
    let found = visit.console.operator.service().settings().await;
    let now = Timestamp::now();
    Html(pages::config::page(&visit.chrome(), now, &level, &found))
}

/// A report alone, for the frame that shows it.
pub(super) async fn report(Path(session): Path<String>, visit: Visit) -> Response {
    let page = match session.parse::<Date>() {
        Ok(session) => visit.console.operator.reports().page(session).await,
        Err(_) => Err(OpsError::no_such("report")),
    };
    let headers = [
        (header::CONTENT_SECURITY_POLICY, guard::REPORT_POLICY),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    ];
    match page {
        Ok(page) => (headers, Html(page)).into_response(),
        Err(error) => (status(&error), headers, error.to_string()).into_response(),
    }
}

/// A report's fills or figures, to be kept.
pub(super) async fn report_file(
    Path((session, form)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    let (form, kind) = match form.as_str() {
        "csv" => (ReportForm::Csv, "text/csv; charset=utf-8"),
        "json" => (ReportForm::Json, "application/json"),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let made = match session.parse::<Date>() {
        Ok(session) => {
            visit
                .console
                .operator
                .reports()
                .preview(session, form)
                .await
        }
        Err(_) => Err(OpsError::no_such("report")),
    };
    match made {
        Ok(body) => {
            let name = format!(
                "report-{session}.{}",
                if form == ReportForm::Csv {
                    "csv"
                } else {
                    "json"
                }
            );
            download(kind, &name, body)
        }
        Err(error) => (status(&error), error.to_string()).into_response(),
    }
}

/// The status that says what kind of failure it was.
pub(super) fn status(error: &OpsError) -> StatusCode {
    match error {
        OpsError::Unavailable(_) | OpsError::NotFound(_) => StatusCode::NOT_FOUND,
        OpsError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chosen {
    to: String,
    back: String,
}

/// Remembers the language and goes back.
pub(super) async fn lang(Query(chosen): Query<Chosen>) -> Response {
    let lang: bongsu_console::Lang = chosen.to.parse().unwrap_or_default();
    let cookie = format!(
        "{LANG_COOKIE}={}; Path=/console; Max-Age=31536000; HttpOnly; SameSite=Lax",
        lang.tag()
    );
    let back = if is_ours(&chosen.back) {
        &chosen.back
    } else {
        "/console"
    };
    ([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response()
}

/// Whether an address is one of this console's pages, and cannot be read as anything else.
pub(super) fn is_ours(address: &str) -> bool {
    let rest = address.strip_prefix("/console");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        && !["/console/lang", "/console/events"]
            .iter()
            .any(|other| address.starts_with(other))
        && address
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

pub(super) async fn style() -> Response {
    asset("text/css; charset=utf-8", assets::STYLE)
}

pub(super) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", assets::SCRIPT)
}

pub(super) async fn icon() -> Response {
    asset("image/svg+xml", assets::ICON)
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_go_back_to() {
        let check = |address, want| assert_eq!(is_ours(address), want, "{address}");
        check("/console", true);
        check("/console/logs?q=a%20b", true);
        check("/console?said=level", true);
        check("", false);
        check("/consoles", false);
        check("//evil.example/console", false);
        check("https://evil.example/console", false);
        check("/console/\\evil", false);
        check("/console/a b", false);
        check("/console/\r\nset-cookie: a=b", false);
        check("/console/lang?to=ko", false);
        check("/console/events?lang=ko", false);
        let address = pages::alert::address;
        check(&address("resource|디스크 /?&x=1"), true);
        assert_eq!(address("a|b /"), "/console/alerts?key=a%7Cb%20%2F");
    }
}
