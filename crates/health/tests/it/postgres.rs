//! A real PostgreSQL.

use std::time::Duration;

use bongsu_health::HealthStatus::{Healthy, Unhealthy};
use bongsu_health::checks::{PostgresProbe, postgres};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Row as _};

use bongsu_testkit::servers::PgBouncer;

use crate::rig::{Driven, Postgres, until};

fn pool(server: &Postgres, most: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(most)
        .connect_lazy(&server.url())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_paused_and_back() {
    let mut server = Postgres::start();
    let pool = pool(&server, 5);
    let driven = Driven::new([postgres("db", pool.clone())]);
    let snapshot = driven.becomes("db", Healthy).await;
    assert_eq!(snapshot.dependency("db").unwrap().metadata["pool_max"], 5);

    server.pause();
    driven.becomes("db", Unhealthy).await;
    let runs = driven.health.snapshot().part("db").unwrap().runs;
    until("five more runs", async || {
        (driven.health.snapshot().part("db").unwrap().runs > runs + 5).then_some(())
    })
    .await;
    // The check must not eat the service's connections while the server is silent: that of the present
    // run, and one that the pool may have been taking back in the moment when the server fell silent.
    assert!(pool.size() <= 2, "{} connections are held", pool.size());
    assert_eq!(driven.message("db"), "no answer within 500ms");
    server.unpause();
    driven.becomes("db", Healthy).await;

    server.stop();
    driven.becomes("db", Unhealthy).await;
    assert_eq!(driven.health.ready_response().status, 503);
    let body = driven.health.health_response(true, false).body;
    assert!(
        !String::from_utf8_lossy(&body).contains("hunter2"),
        "the URL's password is shown"
    );
    server.resume();
    driven.becomes("db", Healthy).await;
    assert_eq!(driven.health.ready_response().status, 200);

    // Now as a standby.
    let primary = Driven::new([PostgresProbe::new(pool)
        .require_primary(true)
        .into_check("db")]);
    primary.becomes("db", Healthy).await;
    server.stop_cleanly();
    std::fs::write(server.data().join("standby.signal"), "").unwrap();
    server.resume();
    driven.becomes("db", Healthy).await;
    primary.becomes("db", Unhealthy).await;
    until("the reason", async || {
        primary.message("db").contains("standby").then_some(())
    })
    .await;
}

/// A pool that does not test connections before it hands them out, as busy services have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_does_not_cost_the_service_its_connections() {
    let server = Postgres::start();
    let options = PgPoolOptions::new()
        .max_connections(3)
        .test_before_acquire(false);
    let pool = options.connect_lazy(&server.url()).unwrap();
    let all = until("the server", async || {
        let (one, two, three) = tokio::join!(pool.acquire(), pool.acquire(), pool.acquire());
        one.ok().zip(two.ok()).zip(three.ok())
    })
    .await;
    drop(all);
    until("three idle connections", async || {
        (pool.num_idle() == 3).then_some(())
    })
    .await;

    server.pause();
    let driven = Driven::new([postgres("db", pool.clone())]);
    until("five runs", async || {
        (driven.health.snapshot().part("db").unwrap().runs >= 5).then_some(())
    })
    .await;
    // Connections that run into silence are closed: at most the one of the present run is open.
    assert!(pool.size() <= 1, "{} connections are held", pool.size());
    server.unpause();
    driven.becomes("db", Healthy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_up_pool_is_named() {
    let server = Postgres::start();
    let pool = pool(&server, 2);
    let held = until("the server", async || {
        let (one, two) = (pool.acquire().await, pool.acquire().await);
        one.ok().zip(two.ok())
    })
    .await;
    let driven = Driven::new([postgres("db", pool.clone())]);
    driven.becomes("db", Unhealthy).await;
    assert_eq!(driven.message("db"), "no free connection: 2 of 2 in use");
    drop(held);
    driven.becomes("db", Healthy).await;
    tokio::time::timeout(Duration::from_secs(30), pool.close())
        .await
        .unwrap();
    driven.becomes("db", Unhealthy).await;
}

/// Three services behind one pooler, which gives each transaction another's session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_in_transaction_mode() {
    let server = Postgres::start();
    let bouncer = PgBouncer::before(&server);
    let options: PgConnectOptions = bouncer.url().parse().unwrap();
    let pool = || PgPoolOptions::new().connect_lazy_with(options.clone().extra_float_digits(None));
    let all = Driven::new([
        postgres("one", pool()),
        postgres("two", pool()),
        PostgresProbe::new(pool())
            .require_primary(true)
            .into_check("three"),
    ]);
    for name in ["one", "two", "three"] {
        all.becomes(name, Healthy).await;
        let runs = all.health.snapshot().part(name).unwrap().runs;
        until("twenty more runs", async || {
            let part = all.health.snapshot().part(name).unwrap().clone();
            assert_ne!(part.status, Unhealthy, "{}", all.message(name));
            (part.runs > runs + 20).then_some(())
        })
        .await;
    }
    // A statement that was prepared stays with the session that the pooler lends to somebody else next: sqlx then
    // takes another name, until by chance none is in the way. Two sessions are lent in turns.
    let sessions = pool();
    for _ in 0..4 {
        let asked = sqlx::raw_sql("SELECT count(*) FROM pg_prepared_statements");
        let prepared: i64 = asked.fetch_one(&sessions).await.unwrap().get(0);
        assert_eq!(prepared, 0, "statements are prepared behind a pooler");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_of_its_own_is_made_anew_and_says_what_is_wrong() {
    let mut server = Postgres::start();
    let probe = || PostgresProbe::connect(&server.url()).unwrap();
    let (plain, primary) = (probe(), probe().require_primary(true));
    let driven = Driven::new([plain.into_check("db"), primary.into_check("primary")]);
    driven.becomes("db", Healthy).await;
    driven.becomes("primary", Healthy).await;
    server.stop();
    driven.becomes("db", Unhealthy).await;
    until("the reason", async || {
        let said = driven.message("db").to_lowercase();
        (said.contains("refused") || said.contains("no such file")).then_some(())
    })
    .await;
    server.resume();
    driven.becomes("db", Healthy).await;
}

#[test]
fn what_is_no_url_of_postgres_is_refused_without_its_password() {
    for url in [
        "mysql://u:hunter2@h/db",
        "hunter2",
        "postgres://u:hunter2@h:x/db",
    ] {
        let error = PostgresProbe::connect(url).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
