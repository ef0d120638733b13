//! One `REDIS_URL` means one thing to everybody who reads it.

use std::time::Duration;

use bongsu_alerts::shared::{RedisShared, Reservation, SharedState, Topic};
use bongsu_alerts::{AlertLevel, Secret};
use bongsu_health::{HealthCheck, HealthStatus, checks::redis};
use bongsu_testkit::{eventually, servers::Redis};

async fn is_healthy(url: &str) -> bool {
    let check = redis("cache", url).unwrap();
    let health = HealthCheck::builder("svc").check(check).build().unwrap();
    let run = health.clone();
    let told = eventually("the check has run", || async {
        let snapshot = health.snapshot();
        let status = snapshot.dependency("cache")?.status;
        (status != HealthStatus::Unknown).then_some(status)
    });
    tokio::select! {
        status = told => status == HealthStatus::Healthy,
        _ = run.run() => unreachable!("runs until it is dropped"),
    }
}

/// Two replicas of a service; says what the second is told.
async fn second_replica(url: &str, environments: [&str; 2]) -> Result<Reservation, String> {
    let topic = Topic {
        key: format!("k{environments:?}{url}"),
        channel: "pager".to_owned(),
        target: "oncall".to_owned(),
        level: AlertLevel::Critical,
        resolved: false,
        falls: false,
        so: Some(AlertLevel::Critical),
        age: Duration::ZERO,
    };
    let lease = Duration::from_secs(60);
    let replica = |environment| {
        let shared = RedisShared::new(&Secret::new(url), "svc").unwrap();
        shared.environment(environment)
    };
    let [first, second] = environments.map(replica);
    let mine = first.reserve(&topic, lease).await.map_err(|e| e.reason)?;
    assert_eq!(mine, Reservation::Mine);
    second.reserve(&topic, lease).await.map_err(|e| e.reason)
}

#[tokio::test]
async fn health_and_alerts_read_the_same_url() {
    let user = "--user bob on >b#ob/1 ~* +@all";
    let mut args = vec!["--requirepass", "p@ss/w%rd"];
    args.extend(user.split(' '));
    let server = Redis::start(&args);
    let at = |login: &str, tail: &str| format!("redis://{login}127.0.0.1:{}{tail}", server.port());
    for (url, works) in [
        (at(":p%40ss%2Fw%25rd@", ""), true),
        (at("default:p%40ss%2fw%25rd@", "/2"), true),
        (at(":p%40ss%2Fw%25rd@", "/0?timeout=5#x"), true),
        (at("bob:b%23ob%2f1@", ""), true),
        (at("bob:b#ob/1@", ""), true),
        (at(":wrong@", ""), false),
        (at("", ""), false),
        (at(":p%40ss%2Fw%25rd@", "/99"), false),
    ] {
        assert_eq!(is_healthy(&url).await, works, "health of {url}");
        let told = second_replica(&url, ["prod", "prod"]).await;
        let shared = matches!(told, Ok(Reservation::Theirs(_)));
        assert_eq!(shared, works, "alerts of {url}: {told:?}");
    }
    // Another environment's pages are none of ours.
    let url = at(":p%40ss%2Fw%25rd@", "");
    let told = second_replica(&url, ["prod", "staging"]).await;
    assert_eq!(told, Ok(Reservation::Mine));
}
