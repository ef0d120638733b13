//! The HTTP check against a small server.

use bongsu_health::HealthStatus::{Healthy, Unhealthy};
use bongsu_health::checks::{HttpProbe, http};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::rig::Driven;

/// Answers `/N` with status N, `/auth` with 200 only when the right token comes.
async fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => request.push(byte),
                        Err(_) => return,
                    }
                }
                let text = String::from_utf8_lossy(&request);
                let path = text
                    .split(' ')
                    .nth(1)
                    .unwrap_or_default()
                    .trim_start_matches('/');
                let status = match path.split('?').next() {
                    Some("auth") if text.contains("authorization: Bearer right") => "200",
                    Some("auth") => "401",
                    Some(number) => number,
                    None => "500",
                };
                let reply =
                    format!("HTTP/1.1 {status} X\r\nlocation: /200\r\ncontent-length: 0\r\n\r\n");
                let _ = stream.write_all(reply.as_bytes()).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn statuses_and_headers() {
    let port = server().await;
    let at = |path: &str| format!("http://127.0.0.1:{port}/{path}");
    let probe = |path: &str| HttpProbe::new(&at(path)).unwrap();
    let driven = Driven::new([
        http("ok", &at("200")).unwrap(),
        http("named", &format!("http://localhost:{port}/204")).unwrap(),
        http("broken", &at("503?key=hunter2")).unwrap(),
        http("redirect", &at("302")).unwrap(),
        probe("404").expect_status([404]).into_check("expected"),
        probe("200").expect_status([201]).into_check("unexpected"),
        probe("auth")
            .header("authorization", "Bearer right")
            .unwrap()
            .into_check("auth"),
        probe("auth").head().into_check("anonymous"),
    ]);
    for name in ["ok", "expected", "auth"] {
        driven.becomes(name, Healthy).await;
    }
    for name in ["broken", "redirect", "unexpected", "anonymous"] {
        driven.becomes(name, Unhealthy).await;
    }
    driven.becomes("named", Healthy).await;
    assert_eq!(driven.message("broken"), "answered with status 503");
    assert_eq!(
        driven.health.snapshot().dependency("ok").unwrap().metadata["status"],
        200
    );
}

#[tokio::test]
async fn an_error_does_not_tell_the_url() {
    let port = crate::rig::free_port();
    let driven = Driven::new([http(
        "api",
        &format!("http://bob:hunter2@127.0.0.1:{port}/services/SECRET"),
    )
    .unwrap()]);
    driven.becomes("api", Unhealthy).await;
    let message = driven.message("api");
    assert!(message.contains("refused"), "{message}");
    assert!(
        !message.contains("SECRET") && !message.contains("hunter2"),
        "{message}"
    );
}
