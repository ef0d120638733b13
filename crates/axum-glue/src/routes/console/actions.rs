//! The actions: plain forms, checked, done, told to the log.

use std::collections::BTreeMap;

use axum::response::{Html, IntoResponse, Redirect, Response};
use bongsu_console::pages::{
    Notice,
    alert::{self, Scope},
    forms::{self, Action, Form, Typed},
    message, refusal,
};
use bongsu_ops::{
    AboutAlert, EndMaintenance, EndSilence, MOST_NAME, MOST_REASON, NewMaintenance, NewSilence,
    OpsError, OpsResult, RebuildReports, SetLogLevel,
};
use http::{StatusCode, header};
use jiff::Timestamp;
use tracing::field::display;

use super::{guard, session, views, visit::Visit};
use crate::{policy::constant_time_eq, routes::origin::is_same_origin};

/// Every form's fields; an action reads its own.
pub(super) type Fields = BTreeMap<String, String>;

/// The page to go back to: that of the alert where the form was on it, else `other`.
fn page(typed: &Typed, other: &'static str) -> String {
    match typed.get("back") {
        "alert" => alert::address(typed.get("key")),
        _ => other.to_owned(),
    }
}

fn seconds(typed: &Typed) -> OpsResult<Option<u64>> {
    let minutes: Result<u64, _> = typed.get("minutes").trim().parse();
    let minutes = minutes.map_err(|_| OpsError::Invalid("minutes: is no number".to_owned()))?;
    Ok(Some(minutes.saturating_mul(60)))
}

/// Says no, on a page with the form as it was filled in.
fn refuse(
    visit: &Visit,
    status: StatusCode,
    reason: &str,
    form: Option<&Form>,
    back: &str,
) -> Response {
    let mut chrome = visit.chrome();
    // The address was a form's: there is nothing to read at it.
    chrome.here = String::new();
    (status, Html(message::refused(&chrome, reason, form, back))).into_response()
}

/// The refusal of what no page of this process asked for.
fn from_elsewhere(visit: &Visit, typed: &Typed) -> Option<Response> {
    let token = typed.get("token");
    let right = constant_time_eq(token.as_bytes(), visit.console.form_token.as_bytes());
    if right && is_same_origin(&visit.headers) {
        return None;
    }
    let path = visit.uri.path();
    tracing::warn!(target: "audit", peer = visit.peer.map(display), client_address = visit.client.map(display), path, "a form from elsewhere was refused");
    let reason = guard::lang(&visit.headers).pick(
        "The form is not from this console, or from before it was restarted. Load the page again.",
        "이 콘솔의 양식이 아니거나 재시작 전의 양식입니다. 페이지를 다시 불러오세요.",
    );
    Some(refuse(visit, StatusCode::FORBIDDEN, reason, None, ""))
}

/// What is being done, for the log.
struct Done<'a> {
    action: Action,
    name: &'static str,
    subject: &'a str,
}

/// Tells the log and the reader what was done or not.
fn answer(
    visit: &Visit,
    typed: &Typed,
    what: &Done<'_>,
    done: OpsResult<()>,
    (page, notice): (String, Notice),
) -> Response {
    let Done {
        action,
        name,
        subject,
    } = what;
    let (peer, client) = (visit.peer.map(display), visit.client.map(display));
    let by = typed.get("by");
    match done {
        Ok(()) => {
            tracing::info!(target: "audit", action = name, subject, by, peer, client_address = client, "done from the console");
            let joint = if page.contains('?') { '&' } else { '?' };
            Redirect::to(&format!("{page}{joint}said={}", notice.as_str())).into_response()
        }
        Err(error) => {
            tracing::warn!(target: "audit", action = name, subject, by, peer, client_address = client, %error, "not done from the console");
            let lang = guard::lang(&visit.headers);
            let form = Form::new(*action, lang, &visit.console.form_token, typed);
            let reason = refusal(&error, lang);
            refuse(visit, views::status(&error), &reason, Some(&form), &page)
        }
    }
}

pub(super) async fn acknowledge(visit: Visit, fields: axum::Form<Fields>) -> Response {
    about_alert(visit, fields.0, Action::Acknowledge).await
}

pub(super) async fn unacknowledge(visit: Visit, fields: axum::Form<Fields>) -> Response {
    about_alert(visit, fields.0, Action::Unacknowledge).await
}

pub(super) async fn resolve(visit: Visit, fields: axum::Form<Fields>) -> Response {
    about_alert(visit, fields.0, Action::Resolve).await
}

/// What needs a key and a name alone.
async fn about_alert(visit: Visit, fields: Fields, action: Action) -> Response {
    let typed = Typed::from(fields);
    if let Some(refused) = from_elsewhere(&visit, &typed) {
        return refused;
    }
    let asked = AboutAlert {
        key: typed.get("key").to_owned(),
        by: typed.get("by").to_owned(),
    };
    let operator = &visit.console.operator;
    let (name, notice) = match action {
        Action::Unacknowledge => ("unacknowledge", Notice::Unacknowledged),
        Action::Resolve => ("resolve", Notice::Resolved),
        _ => ("acknowledge", Notice::Acknowledged),
    };
    let done = async {
        asked.check()?;
        match action {
            Action::Unacknowledge => operator.alerts().unacknowledge(&asked).await,
            Action::Resolve => operator.alerts().resolve(&asked).await.map(drop),
            _ => operator.alerts().acknowledge(&asked).await,
        }
    };
    let what = Done {
        action,
        name,
        subject: &asked.key,
    };
    let then = (page(&typed, "/console"), notice);
    answer(&visit, &typed, &what, done.await, then)
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn silence(visit: Visit, axum::Form(fields): axum::Form<Fields>) -> Response {
    let typed = Typed::from(fields);
    if let Some(refused) = from_elsewhere(&visit, &typed) {
        return refused;
    }
    let (scope, key) = (Scope::parse(typed.get("scope")), typed.get("key"));
    let done = async {
        typed_line(&typed, "reason", "the reason", MOST_REASON)?;
        let about = match scope {
            Scope::Key => NewSilence {
                key: Some(key.to_owned()),
                ..NewSilence::default()
            },
            wider => {
                let firing = visit.console.operator.alerts().firing().await?;
                let alert = firing.iter().find(|alert| alert.key == key);
                let alert = alert.ok_or_else(|| OpsError::no_such("firing alert"))?;
                views::about(&wider, alert)
            }
        };
        let asked = NewSilence {
            start: forms::start(&typed).map_err(OpsError::Invalid)?,
            recurrence: forms::recurrence(&typed).map_err(OpsError::Invalid)?,
            for_seconds: seconds(&typed)?,
            by: typed.get("by").to_owned(),
            comment: typed.get("reason").to_owned(),
            ..about
        };
        asked.check(Timestamp::now())?;
        visit.console.operator.alerts().silence(&asked).await
    };
    let done = done.await;
    let subject = done
        .as_ref()
        .map_or(key, |made| &made.matches.en)
        .to_owned();
    let what = Done {
        action: Action::Silence,
        name: "silence",
        subject: &subject,
    };
    let then = (page(&typed, "/console"), Notice::Silenced);
    answer(&visit, &typed, &what, done.map(drop), then)
}

fn typed_line(typed: &Typed, field: &str, what: &str, most: usize) -> OpsResult<()> {
    bongsu_ops::typed(typed.get(field), what, most)
}

/// Takes the service out of service for a time.
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn maintain(visit: Visit, axum::Form(fields): axum::Form<Fields>) -> Response {
    let typed = Typed::from(fields);
    if let Some(refused) = from_elsewhere(&visit, &typed) {
        return refused;
    }
    let done = async {
        typed_line(&typed, "reason", "the reason", MOST_REASON)?;
        let asked = NewMaintenance {
            for_seconds: seconds(&typed)?,
            by: typed.get("by").to_owned(),
            comment: typed.get("reason").to_owned(),
            ..NewMaintenance::default()
        };
        asked.check(Timestamp::now())?;
        visit.console.operator.alerts().maintain(&asked).await
    };
    let what = Done {
        action: Action::Maintain,
        name: "maintenance",
        subject: typed.get("reason"),
    };
    let then = ("/console/alerts".to_owned(), Notice::Maintenance);
    answer(&visit, &typed, &what, done.await.map(drop), then)
}

/// Ends the maintenance early.
pub(super) async fn end_maintenance(
    visit: Visit,
    axum::Form(fields): axum::Form<Fields>,
) -> Response {
    let typed = Typed::from(fields);
    if let Some(refused) = from_elsewhere(&visit, &typed) {
        return refused;
    }
    let asked = EndMaintenance {
        by: typed.get("by").to_owned(),
    };
    let done = async {
        asked.check()?;
        visit
            .console
            .operator
            .alerts()
            .end_maintenance(&asked)
            .await
    };
    let what = Done {
        action: Action::EndMaintenance,
        name: "end maintenance",
        subject: "",
    };
    let then = ("/console/alerts".to_owned(), Notice::MaintenanceEnded);
    answer(&visit, &typed, &what, done.await, then)
}

/// Computes the positions of the reports anew.
pub(super) async fn rebuild(visit: Visit, axum::Form(fields): axum::Form<Fields>) -> Response {
    let typed = Typed::from(fields);
    if let Some(refused) = from_elsewhere(&visit, &typed) {
        return refused;
    }
    let done = async {
        let from = match typed.get("from").trim() {
            "" => None,
            from => Some(bongsu_ops::date(from).map_err(OpsError::Invalid)?),
        };
        typed_line(&typed, "by", "by", MOST_NAME)?;
        let by = typed.get("by").to_owned();
        let asked = RebuildReports { from, by };
        visit.console.operator.reports().rebuild(&asked).await
    };
    let what = Done {
        action: Action::Rebuild,
        name: "rebuild reports",
        subject: typed.get("from"),
    };
    let then = ("/console/reports".to_owned(), Notice::Rebuilt);
    answer(&visit, &typed, &what, done.await.map(drop), then)
}

/// Sends a kept report once more.
pub(super) async fn resend(visit: Visit, axum::Form(fields): axum::Form<Fields>) -> Response {
    let typed = Typed::from(fields);
    if let Some(refused) = from_elsewhere(&visit, &typed) {
        return refused;
    }
    let mut page = "/console/reports".to_owned();
    let done = async {
        let date = bongsu_ops::date(typed.get("date")).map_err(OpsError::Invalid)?;
        page = format!("/console/reports?date={date}");
        typed_line(&typed, "by", "by", MOST_NAME)?;
        visit
            .console
            .operator
            .reports()
            .resend(date)
            .await
            .map(drop)
    };
    let done = done.await;
    let what = Done {
        action: Action::Resend,
        name: "resend report",
        subject: typed.get("date"),
    };
    answer(&visit, &typed, &what, done, (page, Notice::Resent))
}

/// Sends a marked test message over a channel.
pub(super) async fn test_channel(visit: Visit, axum::Form(fields): axum::Form<Fields>) -> Response {
    let typed = Typed::from(fields);
    if let Some(refused) = from_elsewhere(&visit, &typed) {
        return refused;
    }
    let channel = typed.get("channel");
    let done = async {
        typed_line(&typed, "by", "by", MOST_NAME)?;
        visit
            .console
            .operator
            .alerts()
            .test_channel(channel)
            .await
            .map(drop)
    };
    let what = Done {
        action: Action::TestChannel,
        name: "test channel",
        subject: channel,
    };
    let then = ("/console".to_owned(), Notice::Tested);
    answer(&visit, &typed, &what, done.await, then)
}

/// Reads the rule files anew.
pub(super) async fn reload_rules(visit: Visit, axum::Form(fields): axum::Form<Fields>) -> Response {
    let typed = Typed::from(fields);
    if let Some(refused) = from_elsewhere(&visit, &typed) {
        return refused;
    }
    let done = async {
        typed_line(&typed, "by", "by", MOST_NAME)?;
        visit.console.operator.rules().reload().await.map(drop)
    };
    let what = Done {
        action: Action::ReloadRules,
        name: "reload rules",
        subject: "",
    };
    let then = ("/console/rules".to_owned(), Notice::RulesReloaded);
    answer(&visit, &typed, &what, done.await, then)
}

pub(super) async fn unsilence(visit: Visit, axum::Form(fields): axum::Form<Fields>) -> Response {
    let typed = Typed::from(fields);
    if let Some(refused) = from_elsewhere(&visit, &typed) {
        return refused;
    }
    let asked = EndSilence {
        id: typed.get("id").to_owned(),
        by: typed.get("by").to_owned(),
    };
    let done = async {
        asked.check()?;
        visit.console.operator.alerts().unsilence(&asked).await
    };
    let what = Done {
        action: Action::Unsilence,
        name: "unsilence",
        subject: &asked.id,
    };
    let then = (page(&typed, "/console/alerts"), Notice::Unsilenced);
    answer(&visit, &typed, &what, done.await, then)
}

pub(super) async fn level(visit: Visit, axum::Form(fields): axum::Form<Fields>) -> Response {
    let typed = Typed::from(fields);
    if let Some(refused) = from_elsewhere(&visit, &typed) {
        return refused;
    }
    let done = async {
        typed_line(&typed, "by", "by", MOST_NAME)?;
        typed_line(&typed, "directives", "the level", MOST_REASON)?;
        let asked = SetLogLevel {
            level: typed.get("directives").to_owned(),
            for_seconds: seconds(&typed)?,
            by: typed.get("by").to_owned(),
        };
        asked.check()?;
        visit
            .console
            .operator
            .logs()
            .set_level(&asked)
            .await
            .map(drop)
    };
    let what = Done {
        action: Action::Level,
        name: "log level",
        subject: typed.get("directives"),
    };
    let then = ("/console/config".to_owned(), Notice::LevelSet);
    answer(&visit, &typed, &what, done.await, then)
}

/// Takes the ops token once and gives a session for it.
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn login(visit: Visit, axum::Form(fields): axum::Form<Fields>) -> Response {
    let typed = Typed::from(fields);
    if let Some(refused) = from_elsewhere(&visit, &typed) {
        return refused;
    }
    let (peer, client) = (visit.peer.map(display), visit.client.map(display));
    // A link from a mail opens where it leads, after the token.
    let back = typed.get("back");
    let wanted = match views::is_ours(back) {
        true => back,
        false => "/console",
    };
    if let Err(refusal) = visit
        .console
        .policy
        .check_typed(typed.get("ops_token"), visit.client)
    {
        tracing::warn!(target: "audit", peer, client_address = client, reason = refusal.reason, "no session at the console");
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
    tracing::info!(target: "audit", peer, client_address = client, "a session began at the console");
    let now = Timestamp::now().as_second();
    let cookie = session::cookie(token, now, visit.secure);
    ([(header::SET_COOKIE, cookie)], home).into_response()
}

/// Ends the browser's session.
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn logout(visit: Visit, axum::Form(fields): axum::Form<Fields>) -> Response {
    if let Some(refused) = from_elsewhere(&visit, &Typed::from(fields)) {
        return refused;
    }
    let now = Timestamp::now().as_second();
    if let Some(token) = visit.console.policy.token_bytes() {
        visit.console.ended.end(&visit.headers, token, now);
    }
    let (peer, client) = (visit.peer.map(display), visit.client.map(display));
    tracing::info!(target: "audit", peer, client_address = client, "a session ended at the console");
    let cookie = session::end(visit.secure);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/console")).into_response()
}
