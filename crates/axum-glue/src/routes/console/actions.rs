//! The actions: plain forms, checked, done, told to the log.

use axum::{
    Form,
    response::{Html, IntoResponse, Redirect, Response},
};
use bongsu_console::pages::{Notice, alert::Scope, message};
use bongsu_ops::{
    AboutAlert, EndSilence, MOST_NAME, MOST_REASON, NewSilence, OpsError, OpsResult,
    RebuildReports, SetLogLevel, typed,
};
use http::{StatusCode, header};
use jiff::Timestamp;
use serde::Deserialize;
use tracing::field::display;

use super::{guard, session, views, visit::Visit};
use crate::{policy::constant_time_eq, routes::origin::is_same_origin};

/// Every form's fields; an action reads its own.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    token: String,
    by: String,
    key: String,
    id: String,
    minutes: u64,
    reason: String,
    directives: String,
    ops_token: String,
    scope: String,
    from: String,
    back: String,
}

impl Fields {
    /// The page to go back to: that of the alert where the form was on it, else `other`.
    fn page(&self, other: &'static str) -> String {
        match &*self.back {
            "alert" => views::alert_page(&self.key),
            _ => other.to_owned(),
        }
    }
}

/// Says no, on a page that leads back to `back`.
fn refuse(visit: &Visit, status: StatusCode, reason: &str, back: &str) -> Response {
    let mut chrome = visit.chrome();
    // The address was a form's: there is nothing to read at it.
    chrome.here = String::new();
    (status, Html(message::refused(&chrome, reason, back))).into_response()
}

/// The refusal of what no page of this process asked for.
fn from_elsewhere(visit: &Visit, token: &str) -> Option<Response> {
    let right = constant_time_eq(token.as_bytes(), visit.console.form_token.as_bytes());
    if right && is_same_origin(&visit.headers) {
        return None;
    }
    let path = visit.uri.path();
    tracing::warn!(target: "audit", peer = visit.peer.map(display), path, "a form from elsewhere was refused");
    let reason = guard::lang(&visit.headers).pick(
        "The form is not from this console, or from before it was restarted. Load the page again.",
        "이 콘솔의 양식이 아니거나 재시작 전의 양식입니다. 페이지를 다시 불러오세요.",
    );
    Some(refuse(visit, StatusCode::FORBIDDEN, reason, ""))
}

/// What is being done, for the log.
struct Action<'a> {
    name: &'static str,
    subject: &'a str,
    by: &'a str,
}

/// Tells the log and the reader what was done or not.
fn answer(
    visit: &Visit,
    action: &Action<'_>,
    done: OpsResult<()>,
    (page, notice): (String, Notice),
) -> Response {
    let Action { name, subject, by } = action;
    let peer = visit.peer.map(display);
    match done {
        Ok(()) => {
            tracing::info!(target: "audit", action = name, subject, by, peer, "done from the console");
            let joint = if page.contains('?') { '&' } else { '?' };
            Redirect::to(&format!("{page}{joint}said={}", notice.as_str())).into_response()
        }
        Err(error) => {
            tracing::warn!(target: "audit", action = name, subject, by, peer, %error, "not done from the console");
            refuse(visit, views::status(&error), &error.to_string(), &page)
        }
    }
}

pub(super) async fn acknowledge(visit: Visit, Form(fields): Form<Fields>) -> Response {
    about_alert(visit, fields, Notice::Acknowledged).await
}

pub(super) async fn unacknowledge(visit: Visit, Form(fields): Form<Fields>) -> Response {
    about_alert(visit, fields, Notice::Unacknowledged).await
}

pub(super) async fn resolve(visit: Visit, Form(fields): Form<Fields>) -> Response {
    about_alert(visit, fields, Notice::Resolved).await
}

/// What needs a key and a name alone.
async fn about_alert(visit: Visit, fields: Fields, what: Notice) -> Response {
    if let Some(refused) = from_elsewhere(&visit, &fields.token) {
        return refused;
    }
    let page = fields.page("/console");
    let asked = AboutAlert {
        key: fields.key,
        by: fields.by,
    };
    let operator = &visit.console.operator;
    let done = async {
        asked.check()?;
        match what {
            Notice::Unacknowledged => operator.alerts().unacknowledge(&asked).await,
            Notice::Resolved => operator.alerts().resolve(&asked).await.map(drop),
            _ => operator.alerts().acknowledge(&asked).await,
        }
    };
    let action = Action {
        name: match what {
            Notice::Unacknowledged => "unacknowledge",
            Notice::Resolved => "resolve",
            _ => "acknowledge",
        },
        subject: &asked.key,
        by: &asked.by,
    };
    answer(&visit, &action, done.await, (page, what))
}

pub(super) async fn silence(visit: Visit, Form(fields): Form<Fields>) -> Response {
    if let Some(refused) = from_elsewhere(&visit, &fields.token) {
        return refused;
    }
    let page = fields.page("/console");
    let scope = Scope::parse(&fields.scope);
    let done = async {
        typed(&fields.reason, "the reason", MOST_REASON)?;
        let about = match scope {
            Scope::Key => NewSilence {
                key: Some(fields.key.clone()),
                ..NewSilence::default()
            },
            wider => {
                let firing = visit.console.operator.alerts().firing().await?;
                let alert = firing.iter().find(|alert| alert.key == fields.key);
                let alert = alert.ok_or_else(|| OpsError::no_such("firing alert"))?;
                views::about(&wider, alert)
            }
        };
        let asked = NewSilence {
            for_seconds: Some(fields.minutes.saturating_mul(60)),
            by: fields.by.clone(),
            comment: fields.reason.clone(),
            ..about
        };
        asked.check(Timestamp::now())?;
        visit.console.operator.alerts().silence(&asked).await
    };
    let done = done.await;
    let subject = done.as_ref().map_or(&fields.key, |made| &made.matches);
    let subject = subject.clone();
    let action = Action {
        name: "silence",
        subject: &subject,
        by: &fields.by,
    };
    answer(&visit, &action, done.map(drop), (page, Notice::Silenced))
}

/// Computes the positions of the reports anew.
pub(super) async fn rebuild(visit: Visit, Form(fields): Form<Fields>) -> Response {
    if let Some(refused) = from_elsewhere(&visit, &fields.token) {
        return refused;
    }
    let done = async {
        let from = match fields.from.trim() {
            "" => None,
            from => Some(bongsu_ops::date(from).map_err(OpsError::Invalid)?),
        };
        let by = fields.by.clone();
        typed(&by, "by", MOST_NAME)?;
        let asked = RebuildReports { from, by };
        visit.console.operator.reports().rebuild(&asked).await
    };
    let action = Action {
        name: "rebuild reports",
        subject: &fields.from,
        by: &fields.by,
    };
    let then = ("/console/reports".to_owned(), Notice::Rebuilt);
    answer(&visit, &action, done.await.map(drop), then)
}

pub(super) async fn unsilence(visit: Visit, Form(fields): Form<Fields>) -> Response {
    if let Some(refused) = from_elsewhere(&visit, &fields.token) {
        return refused;
    }
    let page = fields.page("/console/alerts");
    let asked = EndSilence {
        id: fields.id,
        by: fields.by,
    };
    let done = async {
        asked.check()?;
        visit.console.operator.alerts().unsilence(&asked).await
    };
    let action = Action {
        name: "unsilence",
        subject: &asked.id,
        by: &asked.by,
    };
    let then = (page, Notice::Unsilenced);
    answer(&visit, &action, done.await, then)
}

pub(super) async fn level(visit: Visit, Form(fields): Form<Fields>) -> Response {
    if let Some(refused) = from_elsewhere(&visit, &fields.token) {
        return refused;
    }
    let asked = SetLogLevel {
        level: fields.directives,
        for_seconds: Some(fields.minutes.saturating_mul(60)),
        by: fields.by,
    };
    let done = async {
        typed(&asked.by, "by", MOST_NAME)?;
        typed(&asked.level, "the level", MOST_REASON)?;
        asked.check()?;
        visit
            .console
            .operator
            .logs()
            .set_level(&asked)
            .await
            .map(drop)
    };
    let action = Action {
        name: "log level",
        subject: &asked.level,
        by: &asked.by,
    };
    let then = ("/console/config".to_owned(), Notice::LevelSet);
    answer(&visit, &action, done.await, then)
}

/// Takes the ops token once and gives a session for it.
pub(super) async fn login(visit: Visit, Form(fields): Form<Fields>) -> Response {
    if let Some(refused) = from_elsewhere(&visit, &fields.token) {
        return refused;
    }
    let peer = visit.peer.map(display);
    // A link from a mail opens where it leads, after the token.
    let wanted = match views::is_ours(&fields.back) {
        true => fields.back.as_str(),
        false => "/console",
    };
    if let Err(refusal) = visit
        .console
        .policy
        .check_typed(&fields.ops_token, visit.peer)
    {
        tracing::warn!(target: "audit", peer, reason = refusal.reason, "no session at the console");
        let mut chrome = visit.chrome();
        chrome.here = wanted.to_owned();
        let reason = match refusal.status {
            StatusCode::TOO_MANY_REQUESTS => chrome.lang.pick(
                "Too many wrong tokens. Wait a minute.",
                "잘못된 토큰이 너무 많습니다. 1분 뒤에 다시 시도하세요.",
            ),
            _ => chrome
                .lang
                .pick("That is not the token.", "토큰이 맞지 않습니다."),
        };
        return (refusal.status, Html(message::login(&chrome, Some(reason)))).into_response();
    }
    let home = Redirect::to(wanted);
    let Some(token) = visit.console.policy.token_bytes() else {
        return home.into_response();
    };
    tracing::info!(target: "audit", peer, "a session began at the console");
    let now = Timestamp::now().as_second();
    let cookie = session::cookie(token, now, visit.secure);
    ([(header::SET_COOKIE, cookie)], home).into_response()
}

/// Ends the browser's session.
pub(super) async fn logout(visit: Visit, Form(fields): Form<Fields>) -> Response {
    if let Some(refused) = from_elsewhere(&visit, &fields.token) {
        return refused;
    }
    let now = Timestamp::now().as_second();
    if let Some(token) = visit.console.policy.token_bytes() {
        visit.console.ended.end(&visit.headers, token, now);
    }
    tracing::info!(target: "audit", peer = visit.peer.map(display), "a session ended at the console");
    let cookie = session::end(visit.secure);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/console")).into_response()
}
