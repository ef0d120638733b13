//! A server that accepts and never answers, and one that answers nonsense.

use std::time::Duration;

use bongsu_health::HealthStatus::{Healthy, Unhealthy};
use bongsu_health::checks::{http, postgres, redis, tcp};
use sqlx::postgres::PgPoolOptions;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::rig::{Driven, free_port};

/// Accepts, sends `greeting`, and then holds every connection.
async fn tarpit(greeting: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(greeting).await;
            held.push(stream);
        }
    });
    port
}

#[tokio::test]
async fn a_tarpit_is_unhealthy_and_holds_nobody_else_up() {
    let port = tarpit(b"").await;
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(Duration::from_secs(60))
        .connect_lazy(&format!("postgres://u:p@127.0.0.1:{port}/d"))
        .unwrap();
    let driven = Driven::new([
        redis("redis", &format!("redis://127.0.0.1:{port}")).unwrap(),
        http("http", &format!("http://127.0.0.1:{port}/")).unwrap(),
        postgres("postgres", pool.clone()),
        tcp("tcp", &format!("127.0.0.1:{port}")).unwrap(),
    ]);
    driven.becomes("tcp", Healthy).await;
    for name in ["redis", "http", "postgres"] {
        driven.becomes(name, Unhealthy).await;
        assert_eq!(driven.message(name), "no answer within 500ms", "{name}");
    }
    assert!(pool.size() <= 1, "{} connections are held", pool.size());
    driven.becomes("tcp", Healthy).await;
}

#[tokio::test]
async fn nonsense_is_unhealthy() {
    let web = tarpit(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let endless = tarpit(b"$999999999\r\n").await;
    let loading = tarpit(b"-LOADING Redis is loading the dataset in memory\r\n").await;
    let driven = Driven::new([
        redis("loading", &format!("redis://127.0.0.1:{loading}")).unwrap(),
        redis("web", &format!("redis://127.0.0.1:{web}")).unwrap(),
        redis("endless", &format!("redis://127.0.0.1:{endless}")).unwrap(),
        tcp("closed", &format!("127.0.0.1:{}", free_port())).unwrap(),
        tcp("nowhere", "no-such-host.invalid:1").unwrap(),
    ]);
    for name in ["loading", "web", "endless", "closed", "nowhere"] {
        driven.becomes(name, Unhealthy).await;
    }
    assert_eq!(driven.message("web"), "the answer is not Redis's protocol");
    assert_eq!(driven.message("endless"), "no answer within 500ms");
    assert!(
        driven.message("nowhere").starts_with("name resolution"),
        "{}",
        driven.message("nowhere")
    );
}
