//! A real Redis.

use bongsu_health::HealthStatus::{Healthy, Unhealthy};
use bongsu_health::checks::{RedisProbe, redis};

use crate::rig::{Driven, Redis};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_paused_and_back() {
    let mut server = Redis::start(&[]);
    let driven =
        Driven::new([redis("cache", &format!("redis://127.0.0.1:{}/2", server.port())).unwrap()]);
    let snapshot = driven.becomes("cache", Healthy).await;
    let metadata = &snapshot.dependency("cache").unwrap().metadata;
    assert!(
        metadata["used_memory_bytes"].as_u64().unwrap() > 100_000,
        "{metadata:?}"
    );
    assert!(
        metadata["connected_clients"].as_u64().unwrap() >= 1,
        "{metadata:?}"
    );
    assert_eq!(metadata["role"], "master");

    server.pause();
    driven.becomes("cache", Unhealthy).await;
    assert_eq!(driven.message("cache"), "no answer within 500ms");
    assert_eq!(driven.health.ready_response().status, 503);
    server.unpause();
    driven.becomes("cache", Healthy).await;

    server.stop();
    driven.becomes("cache", Unhealthy).await;
    assert!(
        driven.message("cache").contains("refused"),
        "{}",
        driven.message("cache")
    );
    assert_eq!(driven.health.health_response(false, false).status, 503);
    server.resume();
    driven.becomes("cache", Healthy).await;
    assert_eq!(driven.health.ready_response().status, 200);
}

#[tokio::test]
async fn logins() {
    let server = Redis::start(&["--requirepass", "hunter2"]);
    let at = |login: &str| format!("redis://{login}127.0.0.1:{}", server.port());
    let driven = Driven::new([
        redis("right", &at(":hunter2@")).unwrap(),
        redis("named", &at("default:hunter%32@")).unwrap(),
        redis("wrong", &at(":hunter3@")).unwrap(),
        redis("none", &at("")).unwrap(),
    ]);
    driven.becomes("right", Healthy).await;
    driven.becomes("named", Healthy).await;
    driven.becomes("wrong", Unhealthy).await;
    driven.becomes("none", Unhealthy).await;
    assert!(
        driven.message("wrong").starts_with("WRONGPASS"),
        "{}",
        driven.message("wrong")
    );
    assert!(
        driven.message("none").starts_with("NOAUTH"),
        "{}",
        driven.message("none")
    );
    let body = driven.health.health_response(true, false).body;
    assert!(!String::from_utf8_lossy(&body).contains("hunter"));
}

#[tokio::test]
async fn a_user_without_info_is_healthy_without_figures() {
    let server = Redis::start(&["--user", "probe", "on", ">pw", "-@all", "+ping"]);
    let driven = Driven::new([redis(
        "cache",
        &format!("redis://probe:pw@127.0.0.1:{}", server.port()),
    )
    .unwrap()]);
    let snapshot = driven.becomes("cache", Healthy).await;
    assert!(snapshot.dependency("cache").unwrap().metadata.is_empty());
}

#[tokio::test]
async fn a_replica_is_told_apart_on_request() {
    let server = Redis::start(&["--replicaof", "127.0.0.1 1"]);
    let url = format!("redis://127.0.0.1:{}", server.port());
    let primary = RedisProbe::new(&url)
        .unwrap()
        .require_primary(true)
        .into_check("primary");
    let driven = Driven::new([redis("any", &url).unwrap(), primary]);
    driven.becomes("any", Healthy).await;
    driven.becomes("primary", Unhealthy).await;
    assert!(
        driven.message("primary").contains("replica"),
        "{}",
        driven.message("primary")
    );
}
