//! The forms: done when they come from a page of the console, refused otherwise.

use std::{
    io::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{body::Body, extract::ConnectInfo};
use bongsu_axum_glue::OpsPolicy;
use http::{Request, StatusCode};

use crate::{location, rig, text};

const KEY: &str = "key=risk%7Cvar";

#[tokio::test]
async fn every_action_reaches_the_source() {
    let rig = rig(OpsPolicy::open());
    let token = rig.form_token().await;
    let post = async |path: &str, form: &str| {
        let form = format!("token={token}&{form}");
        let response = rig.post(path, &form, &[]).await;
        location(&response).to_owned()
    };
    let acknowledge = format!("{KEY}&by=minji");
    assert_eq!(
        post("/console/acknowledge", &acknowledge).await,
        "/console?said=acknowledged"
    );
    let silence = format!("{KEY}&by=%EB%AF%BC%EC%A7%80&minutes=60&reason=known+issue");
    assert_eq!(
        post("/console/silence", &silence).await,
        "/console?said=silenced"
    );
    let end = post("/console/unsilence", "id=S0&by=minji").await;
    assert_eq!(end, "/console/alerts?said=unsilenced");
    let level = post("/console/level", "directives=debug&minutes=15&by=minji").await;
    assert_eq!(level, "/console/config?said=level");
    let rules = post("/console/rules/reload", "by=minji").await;
    assert_eq!(rules, "/console/rules?said=rules");
    assert_eq!(
        rig.source.actions(),
        [
            "acknowledge risk|var by minji",
            "silence risk|var for 60 min by 민지: known issue",
            "unsilence S0 by minji",
            "level debug",
            "reload rules",
        ]
    );
    // The same from an alert's own page, which is where one is again afterwards.
    let here = "/console/alerts?key=risk%7Cvar";
    let wide = format!("{KEY}&by=minji&minutes=15&reason=drill&scope=source&back=alert");
    let wide = post("/console/silence", &wide).await;
    assert_eq!(wide, format!("{here}&said=silenced"));
    let page = text(rig.get(here, &[]).await).await;
    for part in [
        "Take the acknowledgment back",
        "everything from risk_manager",
        "/console/resolve",
        "What was sent of it",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let back = format!("{acknowledge}&back=alert");
    let taken = post("/console/unacknowledge", &back).await;
    assert_eq!(taken, format!("{here}&said=unacknowledged"));
    post("/console/acknowledge", &acknowledge).await;
    let rebuilt = post("/console/rebuild", "from=2026-05-01&by=minji").await;
    assert_eq!(rebuilt, "/console/reports?said=rebuilt");
    assert_eq!(
        rig.source.actions()[5..],
        [
            "silence risk_manager for 15 min by minji: drill",
            "unacknowledge risk|var by minji",
            "acknowledge risk|var by minji",
            "rebuild 2026-05-01 by minji",
        ]
    );
    let page = text(rig.get("/console?said=acknowledged", &[]).await).await;
    assert!(page.contains("role=\"status\"><span aria-hidden=\"true\">✓</span> Acknowledged."));
    assert!(page.contains("acknowledged by minji"));
    let over = post("/console/resolve", &back).await;
    assert_eq!(over, format!("{here}&said=resolved"));
    let page = text(rig.get(here, &[]).await).await;
    assert!(page.contains("nothing of this key fires now"), "{page}");
}

#[tokio::test]
async fn a_maintenance_begins_shows_and_is_taken_back() {
    let rig = rig(OpsPolicy::open());
    let token = rig.form_token().await;
    let alerts = "/console/alerts";
    let before = text(rig.get(alerts, &[]).await).await;
    for part in ["It would hold now: <b>3</b>", "<code>risk|var</code>"] {
        assert!(before.contains(part), "{part}: {before}");
    }
    let post = async |path: &str, form: &str| {
        let form = format!("token={token}&by=minji&{form}");
        rig.post(path, &form, &[]).await
    };
    let begun = post("/console/maintenance", "minutes=60&reason=new+disk").await;
    assert_eq!(location(&begun), "/console/alerts?said=maintenance");
    let page = text(rig.get(location(&begun), &[]).await).await;
    for part in ["new disk", "holds now: 3", "Begin the maintenance"] {
        let there = part != "Begin the maintenance";
        assert_eq!(page.contains(part), there, "{part}: {page}");
    }
    let first = text(rig.get("/console", &[]).await).await;
    for part in [
        "href=\"#alerts\">maintenance until",
        "href=\"/console/alerts#maintenance\"",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    let korean = text(rig.get(alerts, &[("accept-language", "ko")]).await).await;
    assert!(korean.contains("점검 종료"), "{korean}");
    let ended = post("/console/maintenance/end", "").await;
    assert_eq!(location(&ended), "/console/alerts?said=maintenance-over");
    assert_eq!(
        rig.source.actions(),
        ["maintenance by minji: new disk", "end maintenance by minji"]
    );
    // There is none to end, nor one without a reason, and what was typed stays.
    let again = post("/console/maintenance/end", "").await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    let refused = text(post("/console/maintenance", "minutes=240&reason=").await).await;
    for part in [
        "the reason: is missing",
        "value=\"minji\"",
        "<option value=\"240\" selected>",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
}

#[tokio::test]
async fn an_alert_leads_to_its_figure_and_back() {
    let rig = rig(OpsPolicy::open());
    let page = text(rig.get("/console/alerts?key=resource%7Cmemory", &[]).await).await;
    let link = page
        .split("href=\"")
        .find(|it| it.starts_with("/console/trends?key="));
    let link = link
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&");
    let trends = text(rig.get(&link, &[]).await).await;
    let first = trends.split("<figure").nth(1).unwrap();
    assert!(first.contains("Memory, host"), "{first}");
    assert_eq!(first.matches("class=\"limit").count(), 2, "{first}");
    assert!(trends.contains("href=\"/console/alerts?key=resource%7Cmemory\""));
    // One that nobody knows leads nowhere, and the page is there all the same.
    let unknown = text(rig.get("/console/trends?key=gone", &[]).await).await;
    assert!(unknown.contains("<figure") && !unknown.contains("is-lead"));
}

#[tokio::test]
async fn a_form_that_is_refused_comes_back_as_it_was_filled_in() {
    let rig = rig(OpsPolicy::open());
    let token = rig.form_token().await;
    let page = async |path: &str, form: &str| {
        let form = format!("token={token}&{form}");
        let response = rig.post(path, &form, &[]).await;
        assert!(response.status().is_client_error() || response.status().is_server_error());
        text(response).await
    };
    let silence = "key=risk%7Cvar&back=alert&scope=source&by=minji&minutes=240&days=someday&start=2026-05-28T10%3A00&reason=%3Cdrill%3E";
    for (path, form, parts) in [
        (
            "/console/silence",
            silence,
            &[
                "no day of the week",
                "value=\"&#60;drill&#62;\"",
                "value=\"minji\"",
                "<option value=\"240\" selected>",
                "name=\"scope\" value=\"source\"",
                "value=\"someday\"",
                "href=\"/console/alerts?key=risk%7Cvar\"",
            ][..],
        ),
        (
            "/console/silence",
            "key=risk%7Cvar&by=minji&minutes=soon&reason=x",
            &["minutes: is no number", "value=\"minji\""],
        ),
        (
            "/console/acknowledge",
            "key=gone&by=minji",
            &[
                "firing alert",
                "name=\"key\" value=\"gone\"",
                "value=\"minji\"",
            ],
        ),
        (
            "/console/level",
            "directives=debug&minutes=60&by=",
            &[
                "by: is missing",
                "value=\"debug\"",
                "<option value=\"60\" selected>",
            ],
        ),
        (
            "/console/rebuild",
            "from=yesterday&by=minji",
            &["value=\"yesterday\"", "value=\"minji\""],
        ),
        (
            "/console/resend",
            "date=2026-05-26&by=minji",
            &["name=\"date\" value=\"2026-05-26\"", "value=\"minji\""],
        ),
        (
            "/console/test",
            "channel=email&by=minji",
            &["the server refused it", "name=\"channel\" value=\"email\""],
        ),
    ] {
        let refused = page(path, form).await;
        for part in parts {
            assert!(refused.contains(part), "{path} lacks {part}: {refused}");
        }
        assert!(refused.contains(&format!("action=\"{path}\"")), "{path}");
        assert!(refused.contains(&format!("value=\"{token}\"")), "{path}");
    }
    assert_eq!(rig.source.actions(), [""; 0]);
    // Mended, it is done.
    let mended = format!("token={token}&{}", silence.replace("someday", "sat"));
    let response = rig.post("/console/silence", &mended, &[]).await;
    assert_eq!(
        location(&response),
        "/console/alerts?key=risk%7Cvar&said=silenced"
    );
    for (path, form, done, action) in [
        (
            "/console/resend",
            "date=2026-05-27",
            "/console/reports?date=2026-05-27&said=resent",
            "resend 2026-05-27",
        ),
        (
            "/console/test",
            "channel=slack",
            "/console?said=tested",
            "test slack",
        ),
    ] {
        let form = format!("token={token}&by=minji&{form}");
        assert_eq!(location(&rig.post(path, &form, &[]).await), done);
        assert_eq!(rig.source.actions().last().unwrap(), action);
    }
}

#[tokio::test]
async fn the_log_is_walked_to_its_end_and_kept() {
    let rig = rig(OpsPolicy::open());
    let mut address = "/console/logs?level=info&target=trading%3A%3A".to_owned();
    let mut seen = 0;
    for _ in 0..10 {
        let page = text(rig.get(&address, &[]).await).await;
        seen += page.matches("<tr class=\"").count();
        let Some(rest) = page.split("rel=\"next\" href=\"").nth(1) else {
            break;
        };
        let next = rest.split('"').next().unwrap();
        address = next.replace("&#38;", "&");
        assert!(address.contains("target=trading%3A%3A") && address.contains("until="));
    }
    let file = rig
        .get("/console/logs.jsonl?level=info&target=trading%3A%3A", &[])
        .await;
    assert!(
        file.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .contains("log.jsonl")
    );
    let lines = text(file).await.lines().count();
    assert!(seen > 100 && seen == lines, "{seen} {lines}");
    let page = text(rig.get("/console/logs?field=symbol%3D000660", &[]).await).await;
    assert!(page.contains("No line matches"), "{page}");
    // By route, and from there to its lines.
    let page = text(rig.get("/console/requests", &[]).await).await;
    let first = page.find("POST /orders<").unwrap();
    assert!(first < page.find("GET /quotes").unwrap(), "{page}");
    assert!(page.contains("field=endpoint%3D%2Forders"), "{page}");
    for (path, status) in [
        ("/console/reports/2026-05-27/csv", StatusCode::OK),
        ("/console/reports/2026-05-27/json", StatusCode::OK),
        ("/console/reports/2026-05-27/exe", StatusCode::NOT_FOUND),
        ("/console/reports/2026-01-01/csv", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(rig.get(path, &[]).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn after_the_token_a_link_opens_where_it_leads_and_nowhere_else() {
    let rig = rig(OpsPolicy::token("0ps-t0ken"));
    let asked = "/console/alerts?key=risk%7Cvar";
    let page = text(rig.get(asked, &[("accept", "text/html")]).await).await;
    assert!(
        page.contains("name=\"back\" value=\"/console/alerts?key=risk%7Cvar\""),
        "{page}"
    );
    let token = page.split("name=\"token\" value=\"").nth(1).unwrap();
    let token = &token[..token.find('"').unwrap()];
    for (back, want) in [
        ("%2Fconsole%2Falerts%3Fkey%3Drisk%257Cvar", asked),
        ("", "/console"),
        ("https%3A%2F%2Fevil.example%2Fconsole", "/console"),
        ("%2F%2Fevil.example", "/console"),
        ("%2Fconsole%2Fevents", "/console"),
    ] {
        let form = format!("token={token}&ops_token=0ps-t0ken&back={back}");
        let response = rig.post("/console/login", &form, &[]).await;
        assert_eq!(location(&response), want, "{back}");
    }
    let form = format!("token={token}&ops_token=wrong&back=%2Fconsole%2Flogs");
    let again = text(rig.post("/console/login", &form, &[]).await).await;
    assert!(again.contains("value=\"/console/logs\""), "{again}");
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused() {
    let rig = rig(OpsPolicy::open());
    let token = rig.form_token().await;
    let good = format!("token={token}&{KEY}&by=minji");
    let host = ("host", "ops:8000");
    for (form, headers) in [
        (format!("{KEY}&by=minji"), vec![]),
        (format!("token=&{KEY}&by=minji"), vec![]),
        (
            format!("token={}&{KEY}&by=minji", token.replace(&token[..1], "_")),
            vec![],
        ),
        (good.clone(), vec![("sec-fetch-site", "cross-site")]),
        (good.clone(), vec![("origin", "https://evil.example"), host]),
        (good.clone(), vec![("origin", "null"), host]),
    ] {
        let response = rig.post("/console/acknowledge", &form, &headers).await;
        assert_eq!(
            response.status(),
            StatusCode::FORBIDDEN,
            "{form} {headers:?}"
        );
        assert!(text(response).await.contains("not from this console"));
    }
    for path in [
        "silence",
        "unsilence",
        "level",
        "logout",
        "login",
        "unacknowledge",
        "resolve",
        "rebuild",
        "resend",
        "test",
    ] {
        let response = rig.post(&format!("/console/{path}"), "by=x", &[]).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert!(rig.source.actions().is_empty());
    for headers in [
        vec![("sec-fetch-site", "same-origin")],
        vec![("origin", "http://ops:8000"), host],
    ] {
        let response = rig.post("/console/acknowledge", &good, &headers).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{headers:?}");
    }
}

#[tokio::test]
async fn a_link_does_nothing() {
    let rig = rig(OpsPolicy::open());
    for path in [
        "acknowledge",
        "silence",
        "unsilence",
        "level",
        "logout",
        "login",
    ] {
        let response = rig.get(&format!("/console/{path}?{KEY}&by=x"), &[]).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_said_and_not_done() {
    let rig = rig(OpsPolicy::open());
    let token = rig.form_token().await;
    for (path, form, status, why) in [
        ("acknowledge", "key=risk%7Cvar&by=+", 422, "say who you are"),
        (
            "acknowledge",
            "key=risk%7Cvar&by=a%0Ab",
            422,
            "control characters",
        ),
        (
            "acknowledge",
            "key=gone&by=minji",
            404,
            "no such firing alert",
        ),
        ("acknowledge", "key=&by=minji", 422, "key: is empty"),
        (
            "silence",
            "key=risk%7Cvar&by=minji&minutes=0&reason=x",
            422,
            "30 days",
        ),
        (
            "silence",
            "key=risk%7Cvar&by=minji&minutes=99999&reason=x",
            422,
            "30 days",
        ),
        (
            "silence",
            "key=risk%7Cvar&by=minji&minutes=5&reason=",
            422,
            "the reason: is missing",
        ),
        (
            "level",
            "directives=&minutes=5&by=minji",
            422,
            "the level: is missing",
        ),
    ] {
        let form = format!("token={token}&{form}");
        let response = rig.post(&format!("/console/{path}"), &form, &[]).await;
        assert_eq!(response.status().as_u16(), status, "{path} {form}");
        let page = text(response).await;
        assert!(
            page.contains(why) && page.contains("role=\"alert\""),
            "{page}"
        );
    }
    let malformed = format!("token={token}&key=risk%7Cvar&by=minji&reason=x&minutes=soon");
    let malformed = rig.post("/console/silence", &malformed, &[]).await;
    assert_eq!(malformed.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let long = format!("token={token}&by={}", "x".repeat(20_000));
    let response = rig.post("/console/acknowledge", &long, &[]).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(rig.source.actions().is_empty());
}

/// The log of the whole test binary.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_action_is_told_to_the_log() {
    let log = Log::default();
    let writer = log.clone();
    // For all threads: interest in a callsite is shared between them.
    tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();
    let rig = rig(OpsPolicy::open());
    let token = rig.form_token().await;
    let post = async |form: String| {
        let request = Request::post("/console/acknowledge")
            .header("content-type", "application/x-www-form-urlencoded");
        let mut request = request.body(Body::from(form)).unwrap();
        let peer: SocketAddr = "203.0.113.7:9".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        rig.send(request).await
    };
    post(format!("token={token}&{KEY}&by=minji")).await;
    post(format!("token={token}&key=gone&by=minji")).await;
    post(KEY.to_owned()).await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    // Other tests write to it too.
    let ours = log.lines().filter(|line| line.contains("203.0.113.7:9"));
    let lines: Vec<_> = ours.collect();
    assert_eq!(lines.len(), 3, "{log}");
    assert!(lines.iter().all(|line| line.contains(" audit: ")), "{log}");
    assert!(lines[0].contains("INFO") && lines[0].contains("action=\"acknowledge\""));
    assert!(lines[0].contains("subject=\"risk|var\"") && lines[0].contains("by=\"minji\""));
    assert!(lines[1].contains("WARN") && lines[1].contains("there is no such firing alert"));
    assert!(lines[2].contains("a form from elsewhere was refused"));
    // As the admin endpoints write it.
    assert!(
        lines.iter().all(|line| line.contains("peer=203.0.113.7:9")),
        "{log}"
    );
    assert!(!log.contains(&token));
}
