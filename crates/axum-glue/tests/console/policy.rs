//! Who comes in, and what every answer carries.

use std::net::SocketAddr;

use axum::{body::Body, extract::ConnectInfo};
use bongsu_axum_glue::OpsPolicy;
use http::{Request, StatusCode, header};

use crate::{location, rig, text, token_in};

const PAGES: &[&str] = &[
    "/console",
    "/console/alerts",
    "/console/logs?level=warn&q=broker",
    "/console/metrics?q=cache",
    "/console/trends",
    "/console/requests",
    "/console/reports",
    "/console/reports?date=2026-05-27",
    "/console/rules",
    "/console/config",
];
const ASSETS: &[&str] = &["/console/style.css", "/console/app.js", "/console/icon.svg"];

#[tokio::test]
async fn every_answer_carries_a_strict_policy() {
    let rig = rig(OpsPolicy::open());
    for path in PAGES.iter().chain(ASSETS) {
        let response = rig.get(path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let headers = response.headers().clone();
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(policy.contains("form-action 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(headers[name], value, "{path}");
        }
        let page = text(response).await;
        if !ASSETS.contains(path) {
            assert!(
                !page.contains("<style") && !page.contains(" style="),
                "{path}"
            );
            assert_eq!(page.matches("<script").count(), 1, "{path}");
            assert!(page.contains("<script src=\"/console/app.js\" defer></script>"));
        }
    }
}

#[tokio::test]
async fn a_report_is_shown_in_a_sandbox() {
    let rig = rig(OpsPolicy::open());
    let response = rig.get("/console/reports/2026-05-27", &[]).await;
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].clone();
    assert!(
        policy
            .to_str()
            .unwrap()
            .starts_with("sandbox; default-src 'none'")
    );
    assert!(text(response).await.contains("<h1>2026-05-27</h1>"));
    for missing in ["2026-05-26", "yesterday", "..%2f..%2fetc"] {
        let response = rig.get(&format!("/console/reports/{missing}"), &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{missing}");
    }
}

#[tokio::test]
async fn without_the_token_there_is_nothing_but_the_door() {
    let rig = rig(OpsPolicy::token("s3cret"));
    for path in PAGES
        .iter()
        .chain(&["/console/events", "/console/reports/2026-05-27"])
    {
        let response = rig.get(path, &[]).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(!text(response).await.contains("trading-engine"), "{path}");
        let bearer = [("authorization", "Bearer s3cret")];
        assert_eq!(
            rig.get(path, &bearer).await.status(),
            StatusCode::OK,
            "{path}"
        );
    }
    for path in ["acknowledge", "silence", "unsilence", "level", "logout"] {
        let path = format!("/console/{path}");
        let response = rig.post(&path, "key=risk%7Cvar&by=x", &[]).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in ASSETS {
        assert_eq!(rig.get(path, &[]).await.status(), StatusCode::OK, "{path}");
    }
    assert!(rig.source.actions().is_empty());
}

#[tokio::test]
async fn a_browser_signs_in_once_and_out_again() {
    let rig = rig(OpsPolicy::token("s3cret"));
    let browser = [("accept", "text/html,*/*")];
    let door = rig.get("/console", &browser).await;
    assert_eq!(door.status(), StatusCode::UNAUTHORIZED);
    let token = token_in(&text(door).await);

    let wrong = format!("token={token}&ops_token=guess");
    let response = rig.post("/console/login", &wrong, &[]).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(!response.headers().contains_key(header::SET_COOKIE));
    assert!(text(response).await.contains("That is not the token."));

    let right = format!("token={token}&ops_token=s3cret");
    let tls = [("x-forwarded-proto", "https")];
    let response = rig.post("/console/login", &right, &tls).await;
    assert_eq!(location(&response), "/console");
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/console"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("s3cret"));

    let cookie = cookie.split(';').next().unwrap();
    let response = rig.get("/console", &[("cookie", cookie)]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(text(response).await.contains("Sign out"));

    let form = format!("token={token}");
    let response = rig
        .post("/console/logout", &form, &[("cookie", cookie)])
        .await;
    let ended = response.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(ended.contains("bongsu_console=;") && ended.contains("Max-Age=0"));
    let replayed = rig.get("/console", &[("cookie", cookie)]).await;
    assert_eq!(
        replayed.status(),
        StatusCode::UNAUTHORIZED,
        "a copy of the cookie"
    );
}

#[tokio::test]
async fn wrong_tokens_are_limited_as_the_policy_limits_them() {
    let rig = rig(OpsPolicy::token("s3cret"));
    let door = rig.get("/console", &[("accept", "text/html")]).await;
    let form = format!("token={}&ops_token=guess", token_in(&text(door).await));
    for _ in 0..10 {
        let response = rig.post("/console/login", &form, &[]).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }
    let response = rig.post("/console/login", &form, &[]).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn from_this_machine_under_its_own_name() {
    let rig = rig(OpsPolicy::loopback());
    let ask = async |peer: &str, host: &str| {
        let mut request = Request::get("/console").body(Body::empty()).unwrap();
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        request
            .headers_mut()
            .insert(header::HOST, host.parse().unwrap());
        rig.send(request).await.status()
    };
    assert_eq!(ask("127.0.0.1:1", "localhost:8000").await, StatusCode::OK);
    assert_eq!(ask("[::1]:1", "[::1]:8000").await, StatusCode::OK);
    assert_eq!(
        ask("10.0.0.9:1", "localhost:8000").await,
        StatusCode::FORBIDDEN
    );
    // Another site's name, pointed at this machine.
    assert_eq!(
        ask("127.0.0.1:1", "evil.example:8000").await,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn the_language_is_asked_for_or_chosen() {
    let rig = rig(OpsPolicy::open());
    let lang = async |headers: &[(&str, &str)]| {
        let page = text(rig.get("/console", headers).await).await;
        page.contains("<html lang=\"ko\">")
    };
    assert!(!lang(&[]).await);
    assert!(lang(&[("accept-language", "ko-KR,ko;q=0.9")]).await);
    assert!(lang(&[("cookie", "bongsu_lang=ko")]).await);
    assert!(!lang(&[("cookie", "bongsu_lang=en"), ("accept-language", "ko")]).await);
    let chosen = "/console/lang?to=ko&back=%2Fconsole%2Flogs%3Fq%3Dx";
    let response = rig.get(chosen, &[]).await;
    assert_eq!(location(&response), "/console/logs?q=x");
    let away = "/console/lang?to=ko&back=%2F%2Fevil.example";
    assert_eq!(location(&rig.get(away, &[]).await), "/console");
}

#[tokio::test]
async fn a_filter_reaches_the_source_and_the_page() {
    let rig = rig(OpsPolicy::open());
    let page = text(rig.get("/console/logs?level=error&q=MARGIN", &[]).await).await;
    assert!(page.contains("insufficient margin") && !page.contains("quote refreshed"));
    assert!(page.contains("value=\"MARGIN\""));
    let hostile = "/console/logs?q=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let page = text(rig.get(hostile, &[]).await).await;
    assert!(!page.contains("<script>"));
    // What cannot be understood is no filter.
    assert_eq!(
        rig.get("/console/logs?q=%ff&level=%00", &[]).await.status(),
        StatusCode::OK
    );
    let long = format!("/console/metrics?q={}", "가".repeat(3_000));
    let long = long.replace('가', "%EA%B0%80");
    assert_eq!(rig.get(&long, &[]).await.status(), StatusCode::OK);
}
