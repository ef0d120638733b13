//! Many readers and refreshers at once, on real threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bongsu_health::{Check, CheckOutput, DependencyType, HealthCheck, HealthStatus};
use tokio::sync::Barrier;

fn counted(name: &str, runs: &Arc<AtomicUsize>) -> Check {
    let runs = Arc::clone(runs);
    Check::new(name, DependencyType::Service, move || {
        let runs = Arc::clone(&runs);
        async move {
            runs.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(CheckOutput::ok())
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_probes_run_no_check_and_see_whole_bodies() {
    let runs = Arc::new(AtomicUsize::new(0));
    let checks = (0..4).map(|n| counted(&format!("c{n}"), &runs));
    let health = HealthCheck::builder("svc").checks(checks).build().unwrap();
    health.refresh_all().await;
    let readers: Vec<_> = (0..1_000)
        .map(|n| {
            let health = health.clone();
            tokio::spawn(async move {
                let response = match n % 4 {
                    0 => health.health_response(true, false),
                    1 => health.health_response(false, true),
                    2 => health.ready_response(),
                    _ => health.liveness_response(),
                };
                assert_eq!(response.status, 200);
                serde_json::from_slice::<serde_json::Value>(&response.body).unwrap();
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(runs.load(Ordering::SeqCst), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_refreshes_at_once_are_one_run() {
    let runs = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let check = {
        let (runs, gate) = (Arc::clone(&runs), Arc::clone(&gate));
        Check::new("c", DependencyType::Service, move || {
            let (runs, gate) = (Arc::clone(&runs), Arc::clone(&gate));
            async move {
                runs.fetch_add(1, Ordering::SeqCst);
                gate.acquire().await?.forget();
                Ok(CheckOutput::ok())
            }
        })
        .timeout(Duration::from_secs(60))
    };
    let health = HealthCheck::builder("svc").check(check).build().unwrap();
    let ready = Arc::new(Barrier::new(1_001));
    let callers: Vec<_> = (0..1_000)
        .map(|_| {
            let (health, ready) = (health.clone(), Arc::clone(&ready));
            tokio::spawn(async move {
                let mut refresh = std::pin::pin!(health.refresh("c"));
                // Joined before the barrier opens, so all of them wait for the same run.
                let waits =
                    std::future::poll_fn(|cx| Poll::Ready(refresh.as_mut().poll(cx).is_pending()));
                assert!(waits.await);
                ready.wait().await;
                refresh.await.unwrap().status
            })
        })
        .collect();
    ready.wait().await;
    gate.add_permits(1);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), HealthStatus::Healthy);
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_driver_that_dies_is_noticed_by_readers() {
    let runs = Arc::new(AtomicUsize::new(0));
    let check = counted("c", &runs)
        .interval(Duration::from_millis(50))
        .timeout(Duration::from_millis(500));
    let health = HealthCheck::builder("svc").check(check).build().unwrap();
    let driver = tokio::spawn(health.run());
    crate::rig::until("a result", async || {
        (health.ready_response().status == 200).then_some(())
    })
    .await;
    driver.abort();
    crate::rig::until("staleness", async || {
        (health.ready_response().status == 503).then_some(())
    })
    .await;
    let driver = tokio::spawn(health.run());
    crate::rig::until("recovery", async || {
        (health.ready_response().status == 200).then_some(())
    })
    .await;
    driver.abort();
}
