//! What the console shows, for a program.

use std::collections::BTreeMap;

use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use bongsu_ops::{
    LogLines, LogQuery, LogSeverity, MOST_LINES, OpsError, OpsResult, ReportArchive, Requests,
    RuleFigureNow, RuleFigureQuery, Settings,
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{BadQuery, Ops, answer, input::refuse};

/// Moments of a rule's figure for which nothing else is said, and the most.
const COLUMNS: usize = 120;
const MOST_COLUMNS: usize = 1_000;

pub(super) async fn overview(State(ops): Ops) -> Response {
    answer("overview", Ok(ops.service().snapshot().await))
}

pub(super) async fn requests(State(ops): Ops) -> Response {
    let found = async {
        let (routes, calls) = (ops.metrics().routes(), ops.metrics().calls());
        let (routes, calls) = (routes.await?, calls.await?);
        Ok(Requests { routes, calls })
    };
    answer("requests", found.await)
}

pub(super) async fn settings(State(ops): Ops) -> Response {
    let found = ops.service().settings().await;
    answer("settings", found.map(|settings| Settings { settings }))
}

pub(super) async fn reports(State(ops): Ops) -> Response {
    let found = ops.reports().archive().await;
    answer("reports", found.map(|reports| ReportArchive { reports }))
}

/// Which lines.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lines {
    level: String,
    text: String,
    target: String,
    field: String,
    request_id: String,
    trace_id: String,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    skip: usize,
    limit: Option<usize>,
}

impl Lines {
    fn query(self) -> OpsResult<LogQuery> {
        let level = match self.level.as_str() {
            "" => None,
            word => Some(LogSeverity::parse(word).ok_or_else(|| {
                let word: String = word.chars().take(40).collect();
                let words = LogSeverity::ALL.map(LogSeverity::as_str).join(", ");
                OpsError::Invalid(format!("level: {word:?} is none of {words}"))
            })?),
        };
        let (name, value) = self.field.split_once('=').unwrap_or((&self.field, ""));
        Ok(LogQuery {
            level,
            field: (!name.is_empty()).then(|| (name.to_owned(), value.to_owned())),
            text: self.text,
            target: self.target,
            request_id: self.request_id,
            trace_id: self.trace_id,
            since: self.since,
            until: self.until,
            skip: self.skip,
            limit: self.limit.unwrap_or(100).min(MOST_LINES),
        })
    }
}

pub(super) async fn lines(State(ops): Ops, asked: Result<Query<Lines>, BadQuery>) -> Response {
    let asked = match asked {
        Ok(Query(asked)) => asked,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.body_text()),
    };
    let found = async { ops.logs().lines(&asked.query()?).await };
    answer("log lines", found.await.map(|lines| LogLines { lines }))
}

pub(super) async fn figure(
    State(ops): Ops,
    asked: Result<Query<BTreeMap<String, String>>, BadQuery>,
) -> Response {
    let asked = match asked {
        Ok(Query(asked)) => asked,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.body_text()),
    };
    let found = async {
        let query = figure_of(asked)?;
        ops.rules().figure(&query).await
    };
    answer(
        "figure of a rule",
        found.await.map(|figure| RuleFigureNow { figure }),
    )
}

/// `rule`, `since`, `until` and `columns`; what is left says which of the rule's alerts.
fn figure_of(mut asked: BTreeMap<String, String>) -> OpsResult<RuleFigureQuery> {
    let invalid = |what: &str| OpsError::Invalid(what.to_owned());
    let name = asked
        .remove("rule")
        .ok_or_else(|| invalid("rule: say which"))?;
    let mut moment = |name: &str| {
        let text = asked.remove(name);
        let text = text.ok_or_else(|| OpsError::Invalid(format!("{name}: say when")))?;
        text.parse::<Timestamp>().map_err(|_| {
            OpsError::Invalid(format!("{name}: write it as 2026-05-28T09:00:00+09:00"))
        })
    };
    let (since, until) = (moment("since")?, moment("until")?);
    if since >= until {
        return Err(invalid("until: must be after since"));
    }
    let columns = match asked.remove("columns") {
        None => COLUMNS,
        Some(text) => match text.parse() {
            Ok(columns) if (2..=MOST_COLUMNS).contains(&columns) => columns,
            _ => return Err(invalid("columns: 2 to 1000")),
        },
    };
    Ok(RuleFigureQuery {
        name,
        labels: asked,
        since,
        until,
        columns,
    })
}
