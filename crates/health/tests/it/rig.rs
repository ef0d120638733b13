//! Servers to test against, and waiting for conditions.

use std::sync::Arc;
use std::time::Duration;

use bongsu_health::{Check, HealthCheck, HealthStatus, Snapshot};
pub(crate) use bongsu_testkit::{
    eventually as until, free_port,
    servers::{Postgres, Redis},
};
use tokio::task::JoinHandle;

/// A health value whose checks run quickly, the task that drives it, and a prober that never rests.
pub(crate) struct Driven {
    pub(crate) health: HealthCheck,
    task: JoinHandle<()>,
    prober: JoinHandle<()>,
}

/// What an orchestrator does, only more often. Whatever the dependencies do, each answer is whole and
/// the service is alive.
async fn probe(health: HealthCheck) {
    loop {
        for response in [
            health.health_response(true, false),
            health.health_response(true, true),
            health.ready_response(),
            health.startup_response(),
        ] {
            assert!(matches!(response.status, 200 | 503));
            serde_json::from_slice::<serde_json::Value>(&response.body).unwrap();
        }
        assert_eq!(health.liveness_response().status, 200);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

impl Driven {
    pub(crate) fn new(checks: impl IntoIterator<Item = Check>) -> Self {
        let quick = |check: Check| {
            check
                .interval(Duration::from_millis(50))
                .timeout(Duration::from_millis(500))
        };
        let health = HealthCheck::builder("svc")
            .checks(checks.into_iter().map(quick))
            .build()
            .unwrap();
        let task = tokio::spawn(health.run());
        let prober = tokio::spawn(probe(health.clone()));
        Self {
            health,
            task,
            prober,
        }
    }

    /// Waits until the check has this status.
    pub(crate) async fn becomes(&self, name: &str, status: HealthStatus) -> Arc<Snapshot> {
        let what = format!("{name} to become {status}");
        let last = || self.health.snapshot();
        until(&what, async || {
            Some(last()).filter(|s| s.part(name).unwrap().status == status)
        })
        .await
    }

    pub(crate) fn message(&self, name: &str) -> String {
        self.health
            .snapshot()
            .dependency(name)
            .unwrap()
            .message
            .clone()
            .unwrap_or_default()
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.task.abort();
        let fell = self.prober.is_finished();
        self.prober.abort();
        assert!(
            !fell || std::thread::panicking(),
            "a probe was answered wrongly"
        );
    }
}
