//! Paths that a service does not know are the service's own 404, whoever asks and however.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use axum::{Router, routing::get};
use bongsu::{Bongsu, Config};

use crate::process::{Service, free_address};

const OPS_TOKEN: &str = "an-ops-token-of-some-length";
const JWT: &str = "authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.signature\r\n";

/// Requests for what is not there: what the table calls them, method, target, further head lines.
fn requests() -> Vec<(&'static str, &'static str, &'static str, String)> {
    let line = |line: &str| format!("host: localhost\r\n{line}");
    let mut requests = vec![
        ("plain", "GET", "/nope", line("")),
        (
            "foreign host",
            "GET",
            "/nope",
            "host: shop.example\r\n".to_owned(),
        ),
        (
            "forwarded",
            "GET",
            "/nope",
            line("x-forwarded-for: 203.0.113.9\r\n"),
        ),
        (
            "real ip",
            "GET",
            "/api/orders/1",
            line("x-real-ip: 203.0.113.9\r\n"),
        ),
        (
            "wrong token",
            "GET",
            "/favicon.ico",
            line("authorization: Bearer wrong\r\n"),
        ),
        (
            "the token",
            "GET",
            "/nope",
            line(&format!("authorization: Bearer {OPS_TOKEN}\r\n")),
        ),
        (
            "post",
            "POST",
            "/nope",
            line("origin: https://evil.example\r\n"),
        ),
        (
            "put",
            "PUT",
            "/nope",
            line("content-type: application/json\r\n"),
        ),
        ("delete", "DELETE", "/nope", line("")),
        (
            "options *",
            "OPTIONS",
            "*",
            "host: shop.example\r\n".to_owned(),
        ),
        (
            "connect",
            "CONNECT",
            "evil.example:443",
            "host: evil.example:443\r\n".to_owned(),
        ),
        (
            "under admin",
            "GET",
            "/admin/nope",
            "host: shop.example\r\n".to_owned(),
        ),
        (
            "under the console",
            "POST",
            "/console/nope",
            "host: shop.example\r\n".to_owned(),
        ),
        ("nearly metrics", "GET", "/metrics/", line("")),
    ];
    // More wrong tokens than anybody is allowed.
    requests.extend((0..15).map(|_| ("jwt", "GET", "/nope", line(JWT))));
    requests
}

fn raw(address: SocketAddr, method: &str, target: &str, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let request = format!(
        "{method} {target} HTTP/1.1\r\n{head}content-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.to_lowercase())
}

#[track_caller]
fn check(address: SocketAddr, mounted: &str) {
    for (what, method, target, head) in requests() {
        let (status, answer) = raw(address, method, target, &head);
        assert_eq!(status, 404, "{mounted}, {what}: {answer}");
        for word in [
            "token",
            "machine",
            "no-store",
            "content-security-policy",
            "admin",
            "error",
        ] {
            assert!(!answer.contains(word), "{mounted}, {what}: {answer}");
        }
    }
    let jwt = format!("host: localhost\r\n{JWT}");
    let (status, _) = raw(address, "GET", "/", &jwt);
    assert_eq!(status, 200, "{mounted}: the service itself");
}

/// What the log says of operations.
fn audit(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join("minimal.log")).unwrap();
    let audit = log.lines().filter(|line| line.contains("\"audit\""));
    audit.collect::<Vec<_>>().join("\n")
}

fn served(mounted: &str, vars: &[(&str, &str)], operations: Option<SocketAddr>) {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start("minimal", dir.path(), vars);
    check(service.address, mounted);
    if let Some(port) = operations {
        check_operations(port, mounted, vars);
        let (status, _) = raw(service.address, "GET", "/admin", "host: localhost\r\n");
        assert_eq!(status, 404, "{mounted}: they have a port of their own");
    } else {
        check_operations(service.address, mounted, vars);
    }
    assert!(service.stop().success());
    let audit = audit(dir.path());
    assert!(!audit.contains("nope"), "{mounted}: {audit}");
}

/// The operations are where they should be, and nobody's wrong tokens were counted against them.
fn check_operations(address: SocketAddr, mounted: &str, vars: &[(&str, &str)]) {
    let token = vars.iter().any(|(name, _)| *name == "BONGSU_OPS_TOKEN");
    let bearer = match token {
        true => format!("host: localhost\r\nauthorization: Bearer {OPS_TOKEN}\r\n"),
        false => "host: localhost\r\n".to_owned(),
    };
    for path in ["/admin", "/console", "/admin/health", "/metrics"] {
        let (status, answer) = raw(address, "GET", path, &bearer);
        assert_eq!(status, 200, "{mounted}, {path}: {answer}");
    }
    for (path, to) in [("/admin/", "/admin"), ("/console/", "/console")] {
        let (status, answer) = raw(address, "GET", path, &bearer);
        assert_eq!(status, 308, "{mounted}, {path}: {answer}");
        assert!(answer.contains(&format!("location: {to}\r\n")), "{answer}");
    }
    let wrong = "host: localhost\r\nauthorization: Bearer wrong\r\n";
    let (status, answer) = raw(address, "GET", "/admin/alerts", wrong);
    let want = if token { 401 } else { 200 };
    assert_eq!(status, want, "{mounted}: {answer}");
}

#[test]
fn served_with_operations_beside_the_service() {
    served("serve", &[], None);
    served(
        "serve with a token",
        &[("BONGSU_OPS_TOKEN", OPS_TOKEN)],
        None,
    );
}

#[test]
fn served_with_operations_on_a_port_of_their_own() {
    let address = free_address();
    let port = address.port().to_string();
    let (port, token) = (("METRICS_PORT", &*port), ("BONGSU_OPS_TOKEN", OPS_TOKEN));
    served("METRICS_PORT", &[port, token], Some(address));
    served("METRICS_PORT without a token", &[port], Some(address));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrapped_in_a_server_of_the_services_own() {
    let dir = tempfile::tempdir().unwrap();
    let vars = BTreeMap::from([
        ("SERVICE_NAME", "wrapped".to_owned()),
        (
            "BONGSU_DATA_DIR",
            dir.path().join("data").display().to_string(),
        ),
        ("BONGSU_OPS_TOKEN", OPS_TOKEN.to_owned()),
    ]);
    let bongsu = Bongsu::builder(Config::from_vars(&vars).unwrap());
    let bongsu = bongsu.start().await.unwrap();
    let app = Router::new().route("/", get(|| async { "봉수" }));
    let own = app
        .clone()
        .fallback(|| async { (axum::http::StatusCode::IM_A_TEAPOT, "ours") });
    let mut addresses = Vec::new();
    for app in [app, own] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        let app = bongsu
            .wrap(app)
            .into_make_service_with_connect_info::<SocketAddr>();
        tokio::task::spawn(async move { axum::serve(listener, app).await });
    }
    let (plain, own) = (addresses[0], addresses[1]);
    let asked = tokio::task::spawn_blocking(move || {
        check(plain, "wrap");
        check_operations(plain, "wrap", &[("BONGSU_OPS_TOKEN", OPS_TOKEN)]);
        for (what, method, target, head) in requests() {
            let (status, answer) = raw(own, method, target, &head);
            assert_eq!(status, 418, "wrap around a fallback, {what}: {answer}");
        }
        check_operations(
            own,
            "wrap around a fallback",
            &[("BONGSU_OPS_TOKEN", OPS_TOKEN)],
        );
    });
    asked.await.unwrap();
    bongsu.shutdown().await;
}
