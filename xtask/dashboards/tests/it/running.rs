//! The whole stack in containers, where a Docker engine runs.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{get, get_with, output, query, root, said, wait_for};

const PASSWORD: &str = "only-for-this-test";
/// `admin:only-for-this-test`.
const BASIC: &str = "Authorization: Basic YWRtaW46b25seS1mb3ItdGhpcy10ZXN0\r\n";

/// A project of its own beside a stack that somebody works with; its ports must be free all the same.
fn compose() -> Command {
    let mut command = Command::new("docker");
    command
        .current_dir(root().join("docker"))
        .args(["compose", "--project-name", "bongsu-test"])
        .env("GRAFANA_ADMIN_PASSWORD", PASSWORD);
    command
}

/// Takes the stack down, also when a check failed.
struct Up;

impl Drop for Up {
    fn drop(&mut self) {
        let _ = compose().args(["down", "--volumes"]).status();
    }
}

fn engine_runs() -> bool {
    let mut info = Command::new("docker");
    info.arg("info").stdout(Stdio::null()).stderr(Stdio::null());
    info.status().is_ok_and(|status| status.success())
}

#[test]
fn the_stack_comes_up_where_an_engine_runs() {
    if !engine_runs() {
        eprintln!(
            "no Docker engine runs here: the stack's files are checked by their structure only"
        );
        return;
    }
    let _up = Up;
    let mut start = compose();
    start.args(["up", "--detach", "--build", "--wait"]);
    let started = output("docker-compose", &mut start);
    assert!(started.status.success(), "{}", said(&started));

    wait_for("the engine is ready", || {
        get(8000, "/ready").ok_or_else(|| "no answer".to_owned())
    });
    wait_for("Prometheus scrapes the engine", || {
        let up = query(9090, r#"up{job="trading-engine"} == 1"#);
        (!up.is_empty())
            .then_some(())
            .ok_or_else(|| "not yet".to_owned())
    });
    wait_for("Alertmanager holds the watchdog", || {
        let alerts = get(9093, "/api/v2/alerts").unwrap_or_default();
        alerts.contains("Watchdog").then_some(()).ok_or(alerts)
    });
    let found = wait_for("Grafana loads the dashboards", || {
        let found = get_with(3000, "/api/search?type=dash-db", BASIC).unwrap_or_default();
        let list: Value = serde_json::from_str(&found).unwrap_or_default();
        let list = list.as_array().cloned().unwrap_or_default();
        if list.len() >= 4 {
            Ok(list)
        } else {
            Err(found)
        }
    });
    assert_eq!(found.len(), 4, "two dashboards in two languages: {found:?}");
}
