//! The driver under a paused clock.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::*;
use crate::check::{Check, CheckError, CheckOutput};
use crate::error::Problem;
use crate::heartbeat::Session;
use crate::status::{DependencyType, HealthStatus, Importance};

const SECOND: Duration = Duration::from_secs(1);

/// A dependency that can be told what to do.
#[derive(Default)]
struct Fake {
    down: AtomicBool,
    panics: AtomicBool,
    takes_ms: AtomicU64,
    runs: AtomicUsize,
}

impl Fake {
    fn check(self: &Arc<Self>, name: &str) -> Check {
        let fake = Arc::clone(self);
        Check::new(name, DependencyType::Service, move || {
            let fake = Arc::clone(&fake);
            async move {
                fake.runs.fetch_add(1, Ordering::SeqCst);
                assert!(!fake.panics.load(Ordering::SeqCst), "boom");
                tokio::time::sleep(Duration::from_millis(fake.takes_ms.load(Ordering::SeqCst)))
                    .await;
                if fake.down.load(Ordering::SeqCst) {
                    return Err(CheckError::new("refused"));
                }
                Ok(CheckOutput::ok())
            }
        })
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

fn build(checks: impl IntoIterator<Item = Check>) -> HealthCheck {
    HealthCheck::builder("svc")
        .version("1.2.3")
        .checks(checks)
        .build()
        .unwrap()
}

fn status(health: &HealthCheck, name: &str) -> HealthStatus {
    health.snapshot().part(name).unwrap().status
}

fn json(response: &ProbeResponse) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn runs_at_once_and_then_on_the_interval() {
    let fake = Arc::new(Fake::default());
    let health = build([fake.check("a")]);
    assert_eq!(status(&health, "a"), HealthStatus::Unknown);
    let _ = tokio::time::timeout(Duration::from_millis(1), health.run()).await;
    assert_eq!(
        (fake.runs(), status(&health, "a")),
        (1, HealthStatus::Healthy)
    );
    let _ = tokio::time::timeout(100 * SECOND, health.run()).await;
    // 1 + the new driver's first + 100 s / (9 s ..= 11 s)
    assert!((10..=14).contains(&fake.runs()), "{}", fake.runs());
}

#[tokio::test(start_paused = true)]
async fn a_failure_walks_through_degraded_and_back() {
    let fake = Arc::new(Fake::default());
    let health = build([fake.check("a")]);
    let mut changes = health.subscribe();
    let mut seen = Vec::new();
    for down in [false, true, true, false, false] {
        fake.down.store(down, Ordering::SeqCst);
        let after = health.refresh("a").await.unwrap();
        seen.push((
            after.status.as_str(),
            health.ready_response().status,
            health.health_response(false, false).status,
        ));
    }
    assert_eq!(
        seen,
        [
            ("healthy", 200, 200),
            ("degraded", 200, 200),
            ("unhealthy", 503, 503),
            ("unhealthy", 503, 503),
            ("healthy", 200, 200)
        ]
    );
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        told.push(format!("{}:{}>{}", change.name, change.from, change.to));
    }
    assert_eq!(
        told,
        [
            "a:unknown>healthy",
            ":unknown>healthy",
            "a:healthy>degraded",
            ":healthy>degraded",
            "a:degraded>unhealthy",
            ":degraded>unhealthy",
            "a:unhealthy>healthy",
            ":unhealthy>healthy",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_hung_check_times_out_and_leaves_the_others_alone() {
    let (hung, fine) = (Arc::new(Fake::default()), Arc::new(Fake::default()));
    hung.takes_ms.store(u64::MAX / 2, Ordering::SeqCst);
    let health = build([hung.check("hung"), fine.check("fine")]);
    let _ = tokio::time::timeout(15 * SECOND, health.run()).await;
    let snapshot = health.snapshot();
    assert_eq!(status(&health, "fine"), HealthStatus::Healthy);
    assert_eq!(status(&health, "hung"), HealthStatus::Unhealthy);
    assert_eq!(
        snapshot.dependency("hung").unwrap().message.as_deref(),
        Some("no answer within 2s")
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure() {
    let fake = Arc::new(Fake::default());
    fake.panics.store(true, Ordering::SeqCst);
    let health = build([fake.check("a")]);
    health.refresh("a").await.unwrap();
    let after = health.refresh("a").await.unwrap();
    assert_eq!(after.status, HealthStatus::Unhealthy);
    assert_eq!(after.message.as_deref(), Some("the check panicked: boom"));
    fake.panics.store(false, Ordering::SeqCst);
    health.refresh("a").await.unwrap();
    assert_eq!(
        health.refresh("a").await.unwrap().status,
        HealthStatus::Healthy
    );
}

#[tokio::test(start_paused = true)]
async fn readers_notice_staleness_by_themselves() {
    let fake = Arc::new(Fake::default());
    let health = build([fake.check("a")]);
    health.refresh("a").await.unwrap();
    tokio::time::advance(32 * SECOND).await;
    assert_eq!(health.health_response(false, false).status, 200);
    tokio::time::advance(Duration::from_millis(1)).await;
    // Nothing drives the checks, yet the answer changes.
    assert_eq!(health.health_response(false, false).status, 503);
    assert_eq!(json(&health.ready_response())["reason"], "a stale");
    assert_eq!(health.liveness_response().status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_refreshes_cause_one_run() {
    let fake = Arc::new(Fake::default());
    fake.takes_ms.store(20, Ordering::SeqCst);
    let health = build([fake.check("a")]);
    let all = (0..1_000).map(|_| health.refresh("a"));
    let answers = futures_util::future::join_all(all).await;
    assert!(
        answers
            .iter()
            .all(|a| a.as_ref().unwrap().status == HealthStatus::Healthy)
    );
    assert_eq!(fake.runs(), 1);
    health.refresh("a").await.unwrap();
    assert_eq!(fake.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_whose_first_caller_gave_up_is_carried_on_by_the_others() {
    let fake = Arc::new(Fake::default());
    fake.takes_ms.store(100, Ordering::SeqCst);
    let health = build([fake.check("a")]);
    let first = tokio::time::timeout(Duration::from_millis(10), health.refresh("a"));
    let (first, second) = tokio::join!(first, health.refresh("a"));
    assert!(first.is_err());
    assert_eq!(second.unwrap().status, HealthStatus::Healthy);
    assert_eq!(fake.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_probe_storm_runs_nothing() {
    let fake = Arc::new(Fake::default());
    let health = build([fake.check("a")]);
    health.refresh("a").await.unwrap();
    for _ in 0..1_000 {
        let _ = (
            health.health_response(true, false),
            health.ready_response(),
            health.liveness_response(),
        );
    }
    assert_eq!(fake.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_body_is_at_most_a_second_old() {
    let health = build([]);
    let first = json(&health.liveness_response())["uptime_seconds"]
        .as_f64()
        .unwrap();
    tokio::time::advance(Duration::from_millis(999)).await;
    assert_eq!(
        json(&health.liveness_response())["uptime_seconds"]
            .as_f64()
            .unwrap(),
        first
    );
    tokio::time::advance(Duration::from_millis(2)).await;
    assert!(
        json(&health.liveness_response())["uptime_seconds"]
            .as_f64()
            .unwrap()
            >= 1.0
    );
}

#[tokio::test(start_paused = true)]
async fn readiness_waits_for_the_first_success_and_the_gates() {
    let fake = Arc::new(Fake::default());
    fake.down.store(true, Ordering::SeqCst);
    let health = build([fake.check("a")]);
    let gate = health.startup_gate("warm cache").unwrap();
    let reason = |health: &HealthCheck| {
        json(&health.ready_response())["reason"]
            .as_str()
            .map(str::to_owned)
    };
    // Degraded only, but it has never worked.
    health.refresh("a").await.unwrap();
    assert_eq!(
        reason(&health).as_deref(),
        Some("starting: waiting for a, warm cache")
    );
    fake.down.store(false, Ordering::SeqCst);
    health.refresh("a").await.unwrap();
    assert_eq!(
        reason(&health).as_deref(),
        Some("starting: waiting for warm cache")
    );
    assert_eq!(health.startup_response().status, 503);
    gate.open();
    assert_eq!(
        (reason(&health), health.startup_response().status),
        (None, 200)
    );
    health.drain();
    assert!(health.is_draining());
    assert_eq!(reason(&health).as_deref(), Some("draining"));
    assert_eq!(health.liveness_response().status, 200);
}

#[tokio::test(start_paused = true)]
async fn importance_caps_the_whole() {
    let fake = Arc::new(Fake::default());
    fake.down.store(true, Ordering::SeqCst);
    let health = build([
        fake.check("a").importance(Importance::Degrading),
        fake.check("b").importance(Importance::Informational),
    ]);
    health.refresh_all().await;
    let snapshot = health.refresh_all().await;
    assert_eq!(
        (status(&health, "a"), status(&health, "b")),
        (HealthStatus::Unhealthy, HealthStatus::Unhealthy)
    );
    assert_eq!(
        (snapshot.status, snapshot.is_ready()),
        (HealthStatus::Degraded, true)
    );
}

#[tokio::test(start_paused = true)]
async fn only_a_dead_internal_heartbeat_fails_liveness() {
    let health = build([]);
    let feed = health.heartbeat("feed").start().unwrap();
    let engine = health
        .heartbeat("engine")
        .max_age(10 * SECOND)
        .internal()
        .start()
        .unwrap();
    assert_eq!(health.health_response(false, false).status, 200);
    tokio::time::advance(31 * SECOND).await;
    engine.beat();
    assert_eq!(
        (status(&health, "feed"), health.liveness_response().status),
        (HealthStatus::Unhealthy, 200)
    );
    tokio::time::advance(11 * SECOND).await;
    feed.beat();
    tokio::time::advance(Duration::from_millis(300)).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Healthy);
    assert_eq!(
        json(&health.liveness_response())["reason"],
        "engine unhealthy"
    );
    engine.retire();
    assert_eq!(health.liveness_response().status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_closed_session_excuses_silence() {
    let health = build([]);
    let open = Arc::new(AtomicBool::new(false));
    let schedule = {
        let open = Arc::clone(&open);
        move |at: Timestamp| match open.load(Ordering::SeqCst) {
            true => Session::Open {
                since: Some(at - jiff::SignedDuration::from_secs(61)),
            },
            false => Session::Closed,
        }
    };
    let _feed = health.heartbeat("feed").schedule(schedule).start().unwrap();
    tokio::time::advance(1_000 * SECOND).await;
    assert_eq!(
        health
            .snapshot()
            .dependency("feed")
            .unwrap()
            .message
            .as_deref(),
        Some("closed")
    );
    open.store(true, Ordering::SeqCst);
    tokio::time::advance(SECOND).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn the_driver_tells_of_a_silent_heartbeat() {
    let health = build([]);
    let _feed = health.heartbeat("feed").start().unwrap();
    let mut changes = health.subscribe();
    let _ = tokio::time::timeout(40 * SECOND, health.run()).await;
    let told: Vec<String> = std::iter::from_fn(|| changes.try_recv().ok())
        .map(|c| format!("{}>{}", c.name, c.to))
        .collect();
    assert_eq!(
        told,
        ["feed>degraded", ">degraded", "feed>unhealthy", ">unhealthy"]
    );
}

#[tokio::test(start_paused = true)]
async fn bodies() {
    let fake = Arc::new(Fake::default());
    let health = build([fake.check("db")]);
    health.set_counts(3, 4);
    health.set_system_resources(SystemResources {
        cpu_percent: 12.5,
        ..SystemResources::default()
    });
    health.refresh("db").await.unwrap();
    let full = health.health_response(true, false);
    assert_eq!(full.content_type, "application/json");
    let full: crate::ServiceHealth = serde_json::from_slice(&full.body).unwrap();
    assert_eq!(
        (
            full.error_count,
            full.warning_count,
            full.dependencies.len()
        ),
        (3, 4, 1)
    );
    assert_eq!(full.system_resources.unwrap().cpu_percent, 12.5);
    let brief = json(&health.health_response(false, false));
    let keys: Vec<&String> = brief.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["service_name", "status", "timestamp", "uptime_seconds"]
    );
    let ietf = health.health_response(true, true);
    assert_eq!(ietf.content_type, "application/health+json");
    let ietf = json(&ietf);
    assert_eq!(
        (&ietf["status"], &ietf["releaseId"]),
        (&"pass".into(), &"1.2.3".into())
    );
    assert_eq!(
        ietf["checks"]["db:responseTime"][0]["componentType"],
        "component"
    );
    assert_eq!(
        json(&health.health_response(false, true)),
        serde_json::json!({"status": "pass", "serviceId": "svc"})
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    let check = |name: &str| {
        Check::new(name, DependencyType::Cache, || async {
            Ok(CheckOutput::ok())
        })
    };
    let error = HealthCheck::builder("")
        .check(check("a").interval(Duration::ZERO))
        .check(check("a").timeout(Duration::ZERO))
        .check(check("b").timeout(SECOND).degraded_above(SECOND))
        .check(check("c").failure_threshold(0).interval(Duration::MAX))
        .build()
        .unwrap_err();
    let HealthError::Invalid(problems) = &error else {
        panic!("{error}")
    };
    assert_eq!(problems.len(), 7, "{error}");
    assert!(
        error.to_string().contains("interval of \"a\" is zero"),
        "{error}"
    );
    assert!(problems.contains(&Problem::DuplicateName {
        name: "a".to_owned()
    }));
}

#[tokio::test]
async fn names_are_unique_over_checks_heartbeats_and_gates() {
    let health = build([Arc::new(Fake::default()).check("a")]);
    assert!(health.heartbeat("a").start().is_err());
    let _b = health.heartbeat("b").start().unwrap();
    assert!(health.startup_gate("b").is_err());
    assert_eq!(
        health.refresh("x").await.unwrap_err(),
        HealthError::UnknownCheck {
            name: "x".to_owned()
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_driver_waits_until_the_first_is_gone() {
    let fake = Arc::new(Fake::default());
    let health = build([fake.check("a")]);
    let mut first = Box::pin(tokio::time::timeout(95 * SECOND, health.run()));
    let second = tokio::time::timeout(200 * SECOND, health.run());
    tokio::select! {
        biased;
        _ = &mut first => {}
        () = async { let _ = second.await; } => panic!("the first ends earlier"),
    }
    // One run at the start and one each 9 to 11 s, not twice as many.
    assert!((9..=11).contains(&fake.runs()), "{}", fake.runs());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_healthy_is_asked_sooner() {
    let fake = Arc::new(Fake::default());
    let health = build([fake.check("a").interval(100 * SECOND).fast_interval(SECOND)]);
    fake.down.store(true, Ordering::SeqCst);
    let _ = tokio::time::timeout(10 * SECOND, health.run()).await;
    assert!((9..=12).contains(&fake.runs()), "{}", fake.runs());
    fake.down.store(false, Ordering::SeqCst);
    let _ = tokio::time::timeout(80 * SECOND, health.run()).await;
    assert_eq!(status(&health, "a"), HealthStatus::Healthy);
    assert!(fake.runs() <= 14, "{}", fake.runs());
}

#[tokio::test(start_paused = true)]
async fn a_run_longer_than_its_interval_is_followed_by_a_pause() {
    let fake = Arc::new(Fake::default());
    fake.takes_ms.store(u64::MAX / 2, Ordering::SeqCst);
    let health = build([fake.check("a").interval(SECOND).timeout(2 * SECOND)]);
    let _ = tokio::time::timeout(209 * SECOND, health.run()).await;
    // 2 s and a tenth of the interval each.
    assert_eq!(fake.runs(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_degrades() {
    let fake = Arc::new(Fake::default());
    let health = build([fake.check("a").degraded_above(Duration::from_millis(300))]);
    for (takes, expected) in [
        (300, "healthy"),
        (301, "degraded"),
        (10, "degraded"),
        (10, "healthy"),
    ] {
        fake.takes_ms.store(takes, Ordering::SeqCst);
        assert_eq!(
            health.refresh("a").await.unwrap().status.as_str(),
            expected,
            "{takes} ms"
        );
    }
    fake.takes_ms.store(1_000, Ordering::SeqCst);
    let after = health.refresh("a").await.unwrap();
    assert_eq!(after.message.as_deref(), Some("slow: 1000 ms, over 300 ms"));
    assert_eq!(after.response_time_ms, Some(1_000.0));
}

#[tokio::test(start_paused = true)]
async fn old_resource_figures_are_not_shown() {
    let health = HealthCheck::builder("svc")
        .resources_max_age(10 * SECOND)
        .build()
        .unwrap();
    health.set_system_resources(SystemResources::default());
    tokio::time::advance(2 * SECOND).await;
    assert!(health.snapshot().service.system_resources.is_some());
    tokio::time::advance(9 * SECOND).await;
    assert!(health.snapshot().service.system_resources.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_only_says_open_has_its_grace_from_the_edge() {
    let health = build([]);
    let open = Arc::new(AtomicBool::new(false));
    let said = Arc::clone(&open);
    let schedule = move |_: Timestamp| match said.load(Ordering::SeqCst) {
        true => Session::Open { since: None },
        false => Session::Closed,
    };
    let feed = health.heartbeat("feed").schedule(schedule).start().unwrap();
    tokio::time::advance(1_000 * SECOND).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Healthy);
    open.store(true, Ordering::SeqCst);
    tokio::time::advance(SECOND).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Healthy);
    tokio::time::advance(59 * SECOND).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Healthy);
    tokio::time::advance(2 * SECOND).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Unhealthy);
    feed.beat();
    tokio::time::advance(SECOND).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_panics_or_asks_back_does_no_harm() {
    let health = build([]);
    let _panics = health
        .heartbeat("panics")
        .schedule(|_: Timestamp| -> Session { panic!("boom") })
        .start()
        .unwrap();
    let asked = health.clone();
    let asks_back = move |_: Timestamp| {
        let _ = asked.ready_response();
        Session::Closed
    };
    let _asks = health
        .heartbeat("asks back")
        .schedule(asks_back)
        .start()
        .unwrap();
    tokio::time::advance(100 * SECOND).await;
    // Treated as open, so silence shows.
    assert_eq!(status(&health, "panics"), HealthStatus::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn a_dead_check_does_not_fail_liveness() {
    let fake = Arc::new(Fake::default());
    fake.down.store(true, Ordering::SeqCst);
    let health = build([fake.check("a")]);
    health.refresh("a").await.unwrap();
    health.refresh("a").await.unwrap();
    assert_eq!(
        (
            health.ready_response().status,
            health.liveness_response().status
        ),
        (503, 200)
    );
    let since = health.snapshot().part("a").unwrap().since;
    assert!(since.is_some(), "it has changed");
    health.refresh("a").await.unwrap();
    assert_eq!(health.snapshot().part("a").unwrap().since, since);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
#[expect(
    clippy::disallowed_methods,
    reason = "stands in for the facade, which spawns"
)]
async fn spawned_apart_a_blocking_check_holds_up_only_itself() {
    let fake = Arc::new(Fake::default());
    let (release, stuck) = std::sync::mpsc::channel::<()>();
    let stuck = Arc::new(std::sync::Mutex::new(stuck));
    let blocks = Check::new("blocks", DependencyType::Service, move || {
        let stuck = Arc::clone(&stuck);
        async move {
            let _ = stuck.lock().unwrap().recv();
            Ok(CheckOutput::ok())
        }
    });
    let health = build([
        blocks,
        fake.check("fine").interval(Duration::from_millis(20)),
    ]);
    let tasks: Vec<_> = health.tasks().into_iter().map(tokio::spawn).collect();
    let many_runs = async {
        while fake.runs() < 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(30 * SECOND, many_runs)
        .await
        .expect("the other check goes on");
    assert_eq!(status(&health, "blocks"), HealthStatus::Unknown);
    drop(release);
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}

/// Level and dependency of each logged event.
#[derive(Default, Clone)]
struct Logged(Arc<std::sync::Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Logged {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        #[derive(Default)]
        struct Dependency(String);
        impl tracing::field::Visit for Dependency {
            fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
                if field.name() == "dependency" {
                    self.0 = value.to_owned();
                }
            }
            fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn fmt::Debug) {}
        }
        if event.metadata().target().starts_with("bongsu_health") {
            let mut dependency = Dependency::default();
            event.record(&mut dependency);
            let line = format!("{} {}", event.metadata().level(), dependency.0);
            self.0.lock().unwrap().push(line);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn changes_are_logged_at_a_fitting_level() {
    use tracing_subscriber::layer::SubscriberExt;
    let logged = Logged::default();
    let _guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(logged.clone()));
    let fake = Arc::new(Fake::default());
    let health = build([fake.check("a")]);
    for down in [false, true] {
        fake.down.store(down, Ordering::SeqCst);
        let _ = tokio::time::timeout(30 * SECOND, health.run()).await;
    }
    assert_eq!(
        *logged.0.lock().unwrap(),
        [
            "INFO a",
            "INFO service",
            "WARN a",
            "WARN service",
            "ERROR a",
            "ERROR service"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_sleeps_notices_a_new_heartbeat_and_its_recovery() {
    let health = build([]);
    let mut changes = health.subscribe();
    let script = async {
        tokio::time::sleep(100 * SECOND).await;
        let feed = health
            .heartbeat("feed")
            .max_age(10 * SECOND)
            .start()
            .unwrap();
        tokio::time::sleep(11 * SECOND).await;
        feed.beat();
        tokio::time::sleep(SECOND).await;
        std::iter::from_fn(|| changes.try_recv().ok())
            .filter(|c| c.name == "feed")
            .map(|c| c.to)
            .collect::<Vec<_>>()
    };
    tokio::select! {
        () = health.run() => panic!("it never ends"),
        told = script => assert_eq!(told, [HealthStatus::Healthy, HealthStatus::Unhealthy, HealthStatus::Healthy]),
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_destructor_panics_is_a_timeout_like_any_other() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("boom");
        }
    }
    let check = Check::new("a", DependencyType::Service, || async {
        let _bomb = Bomb;
        std::future::pending().await
    });
    let health = build([check]);
    let after = health.refresh("a").await.unwrap();
    assert_eq!(after.message.as_deref(), Some("no answer within 2s"));
    let after = health.refresh("a").await.unwrap();
    assert_eq!(
        (after.status, health.snapshot().part("a").unwrap().runs),
        (HealthStatus::Unhealthy, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn once_started_always_started() {
    let fake = Arc::new(Fake::default());
    let health = build([fake.check("a")]);
    assert!(!health.snapshot().started);
    health.refresh("a").await.unwrap();
    assert!(health.snapshot().started);
    fake.down.store(true, Ordering::SeqCst);
    tokio::time::advance(1_000 * SECOND).await;
    health.refresh("a").await.unwrap();
    health.refresh("a").await.unwrap();
    assert_eq!(
        (
            health.startup_response().status,
            health.ready_response().status
        ),
        (200, 503)
    );
}

/// Names and statuses, as they are shown.
fn shown(health: &HealthCheck) -> Vec<(String, HealthStatus)> {
    let snapshot = health.snapshot();
    let parts = snapshot.parts.iter();
    parts.map(|it| (it.name.clone(), it.status)).collect()
}

#[tokio::test(start_paused = true)]
async fn checks_are_exchanged_while_others_go_on() {
    let [kept, old, new] = [(); 3].map(|()| Arc::new(Fake::default()));
    let health = build([kept.check("kept"), old.check("db")]);
    let mut driven = tokio::task::JoinSet::new();
    for task in health.tasks() {
        driven.spawn(task);
    }
    tokio::time::sleep(30 * SECOND).await;
    assert!(health.snapshot().started);
    let before = (kept.runs(), old.runs());
    new.takes_ms.store(500, Ordering::SeqCst);
    let critical = new.check("db").importance(Importance::Critical);
    let beat = health.heartbeat("feed").max_age(20 * SECOND);
    let gone = ["db".to_owned(), "of nobody".to_owned()];
    let tasks = health.exchange(&gone, vec![critical], vec![beat]).unwrap();
    assert_eq!(tasks.len(), 1);
    for task in tasks {
        driven.spawn(task);
    }
    // What has started does not start again, and what is not known yet is no trouble.
    assert_eq!(health.ready_response().status, 200);
    assert_eq!(status(&health, "db"), HealthStatus::Unknown);
    tokio::time::sleep(15 * SECOND).await;
    assert_eq!(
        shown(&health),
        ["kept", "db", "feed"].map(|name| (name.to_owned(), HealthStatus::Healthy))
    );
    assert!(kept.runs() > before.0 && new.runs() > 0);
    assert_eq!(old.runs(), before.1, "nobody asks what was taken out");

    // All of it, or nothing.
    let problems = [
        health.exchange(&["db".to_owned()], vec![new.check("kept")], Vec::new()),
        health.exchange(&[], vec![new.check("x"), new.check("x")], Vec::new()),
        health.exchange(&[], Vec::new(), vec![health.heartbeat("db")]),
        health.exchange(
            &["db".to_owned()],
            vec![new.check("x").interval(Duration::ZERO)],
            Vec::new(),
        ),
    ];
    assert!(problems.iter().all(Result::is_err));
    assert_eq!(shown(&health).len(), 3);
    // The driver of what is taken out ends.
    let ended = health.exchange(
        &["db".to_owned(), "feed".to_owned()],
        Vec::new(),
        Vec::new(),
    );
    assert!(ended.unwrap().is_empty());
    driven.join_next().await.unwrap().unwrap();
    assert_eq!(shown(&health).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_beats_by_name_is_heard_as_soon_as_somebody_watches() {
    let health = build([]);
    let feed = health.heartbeat_named("feed");
    feed.beat();
    assert!(shown(&health).is_empty());
    let watch = |age| vec![health.heartbeat("feed").max_age(age)];
    drop(
        health
            .exchange(&[], Vec::new(), watch(10 * SECOND))
            .unwrap(),
    );
    tokio::time::sleep(11 * SECOND).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Unhealthy);
    feed.beat();
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Healthy);
    // Other limits, the same handle.
    let gone = ["feed".to_owned()];
    drop(
        health
            .exchange(&gone, Vec::new(), watch(60 * SECOND))
            .unwrap(),
    );
    tokio::time::sleep(50 * SECOND).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Healthy);
    tokio::time::sleep(11 * SECOND).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Unhealthy);
    feed.beat();
    tokio::time::sleep(SECOND).await;
    assert_eq!(status(&health, "feed"), HealthStatus::Healthy);
    health.heartbeat_named("feed").retire();
    assert!(shown(&health).is_empty());
    assert!(health.heartbeat("feed").start().is_ok());
}
