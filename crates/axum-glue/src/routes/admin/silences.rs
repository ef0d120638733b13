//! Silences, and the maintenance, which is one.

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use bongsu_ops::{EndMaintenance, EndSilence, NewMaintenance, NewSilence, OpsError, Silences};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{BadQuery, Input, Ops, answer, by};

pub(super) async fn silences(State(ops): Ops) -> Response {
    let silences = ops.alerts().silences().await;
    answer("silences", silences.map(|silences| Silences { silences }))
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn silence(State(ops): Ops, Input(asked): Input<NewSilence>) -> Response {
    let done = async {
        asked.check(Timestamp::now())?;
        ops.alerts().silence(&asked).await
    };
    let about = match (asked.for_seconds, asked.end) {
        (Some(seconds), _) => format!("silence for {seconds} s"),
        (None, Some(end)) => format!("silence until {end}"),
        (None, None) => "silence".to_owned(),
    };
    answer(&by(about, &asked.by), done.await)
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn preview_silence(State(ops): Ops, Input(asked): Input<NewSilence>) -> Response {
    let done = async {
        asked.check(Timestamp::now())?;
        ops.alerts().preview_silence(&asked).await
    };
    answer("preview of a silence", done.await)
}

#[derive(Default, Deserialize)]
pub(super) struct By {
    #[serde(default)]
    by: String,
}

pub(super) async fn unsilence(
    State(ops): Ops,
    Path(id): Path<String>,
    query: Result<Query<By>, BadQuery>,
) -> Response {
    let Query(By { by: who }) = query.unwrap_or_default();
    let asked = EndSilence { id, by: who };
    let done = async {
        asked.check()?;
        ops.alerts().unsilence(&asked).await?;
        Ok::<_, OpsError>(json!({ "ended": asked.id }))
    };
    answer(
        &by(format!("end silence {}", asked.id), &asked.by),
        done.await,
    )
}

pub(super) async fn maintenance(State(ops): Ops) -> Response {
    answer("maintenance", ops.alerts().maintenance().await)
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn maintain(State(ops): Ops, Input(asked): Input<NewMaintenance>) -> Response {
    let done = async {
        asked.check(Timestamp::now())?;
        ops.alerts().maintain(&asked).await
    };
    let done = done.await;
    let about = match &done {
        Ok(begun) => format!("maintenance until {}", begun.until),
        Err(_) => "maintenance".to_owned(),
    };
    answer(&by(about, &asked.by), done)
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn preview_maintenance(
    State(ops): Ops,
    Input(asked): Input<NewMaintenance>,
) -> Response {
    let done = async {
        asked.check(Timestamp::now())?;
        ops.alerts().preview_maintenance(&asked).await
    };
    answer("preview of a maintenance", done.await)
}

pub(super) async fn end_maintenance(
    State(ops): Ops,
    query: Result<Query<By>, BadQuery>,
) -> Response {
    let Query(By { by: who }) = query.unwrap_or_default();
    let asked = EndMaintenance { by: who };
    let done = async {
        asked.check()?;
        ops.alerts().end_maintenance(&asked).await?;
        Ok::<_, OpsError>(json!({ "ended": "maintenance" }))
    };
    answer(&by("end maintenance".to_owned(), &asked.by), done.await)
}
