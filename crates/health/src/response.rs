//! The bodies that the endpoints send.

use bytes::Bytes;
use serde::Serialize;

use crate::ietf;
use crate::snapshot::Snapshot;

/// An endpoint's reply, ready to send. Send it with `Cache-Control: no-store`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct ProbeResponse {
    /// 200 or 503.
    pub status: u16,
    /// `application/json` or `application/health+json`.
    pub content_type: &'static str,
    /// The JSON text.
    pub body: Bytes,
}

const JSON: &str = "application/json";
const HEALTH_JSON: &str = "application/health+json";

fn reply(ok: bool, content_type: &'static str, body: &impl Serialize) -> ProbeResponse {
    // Serialising plain data into memory cannot fail; if it ever did, the answer is a 503.
    match serde_json::to_vec(body) {
        Ok(body) => ProbeResponse {
            status: if ok { 200 } else { 503 },
            content_type,
            body: body.into(),
        },
        Err(_) => ProbeResponse {
            status: 503,
            content_type,
            body: Bytes::from_static(b"{}"),
        },
    }
}

pub(crate) fn health(snapshot: &Snapshot, detail: bool, health_json: bool) -> ProbeResponse {
    #[derive(Serialize)]
    struct Brief<'a> {
        service_name: &'a str,
        status: &'static str,
        uptime_seconds: f64,
        timestamp: jiff::Timestamp,
    }
    let ok = snapshot.status.is_up();
    match (health_json, detail) {
        (true, _) => reply(ok, HEALTH_JSON, &ietf::body(snapshot, detail)),
        (false, true) => reply(ok, JSON, &snapshot.service),
        (false, false) => {
            let service = &snapshot.service;
            let brief = Brief {
                service_name: &service.service_name,
                status: service.status.wire(),
                uptime_seconds: service.uptime_seconds,
                timestamp: service.timestamp,
            };
            reply(ok, JSON, &brief)
        }
    }
}

pub(crate) fn ready(snapshot: &Snapshot) -> ProbeResponse {
    #[derive(Serialize)]
    struct Body<'a> {
        ready: bool,
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    }
    let reason = snapshot.not_ready.as_deref();
    let body = Body {
        ready: reason.is_none(),
        status: snapshot.status.wire(),
        reason,
    };
    reply(body.ready, JSON, &body)
}

pub(crate) fn liveness(snapshot: &Snapshot) -> ProbeResponse {
    #[derive(Serialize)]
    struct Body<'a> {
        alive: bool,
        service: &'a str,
        uptime_seconds: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    }
    let reason = snapshot.not_alive.as_deref();
    let body = Body {
        alive: reason.is_none(),
        service: &snapshot.service.service_name,
        uptime_seconds: snapshot.service.uptime_seconds,
        reason,
    };
    reply(body.alive, JSON, &body)
}

pub(crate) fn startup(snapshot: &Snapshot) -> ProbeResponse {
    #[derive(Serialize)]
    struct Body<'a> {
        started: bool,
        service: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    }
    let reason = snapshot.not_started.as_deref();
    let body = Body {
        started: reason.is_none(),
        service: &snapshot.service.service_name,
        reason,
    };
    reply(body.started, JSON, &body)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::snapshot::{DependencyHealth, PartState, ServiceHealth, SystemResources};
    use crate::status::{DependencyType, HealthStatus, Importance};

    /// A service with one failed database, put together by hand.
    fn snapshot(status: HealthStatus) -> Snapshot {
        let at = "2026-03-02T00:30:00.125Z".parse().unwrap();
        let dependency = DependencyHealth {
            name: "db:main".to_owned(),
            dependency_type: DependencyType::Database,
            status,
            response_time_ms: Some(12.5),
            message: Some("refused".to_owned()),
            last_check: Some(at),
            metadata: BTreeMap::from([("pool_size".to_owned(), json!(10))]),
        };
        let part = PartState {
            name: dependency.name.clone(),
            status,
            since: Some(at),
            importance: Importance::Critical,
            stale: false,
            failures: 2,
            runs: 3,
            heartbeat: false,
            gates_readiness: true,
            gates_startup: true,
            gates_liveness: false,
        };
        let reason = || Some("db:main unhealthy".to_owned());
        Snapshot {
            service: ServiceHealth {
                service_name: "trading-engine".to_owned(),
                status,
                version: "1.4.0".to_owned(),
                uptime_seconds: 61.5,
                timestamp: at,
                dependencies: vec![dependency],
                system_resources: Some(SystemResources {
                    cpu_percent: 12.5,
                    ..SystemResources::default()
                }),
                error_count: 3,
                warning_count: 4,
            },
            status,
            parts: vec![part],
            started: false,
            draining: false,
            not_ready: reason().filter(|_| !status.is_up()),
            not_started: reason().filter(|_| !status.is_up()),
            not_alive: reason().filter(|_| !status.is_up()),
        }
    }

    #[track_caller]
    fn check(response: &ProbeResponse, status: u16, content_type: &str, body: &Value) {
        let got: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(
            (response.status, response.content_type, &got),
            (status, content_type, body)
        );
    }

    #[test]
    fn health_bodies() {
        let down = snapshot(HealthStatus::Unhealthy);
        let full = json!({
            "service_name": "trading-engine", "status": "unhealthy", "version": "1.4.0",
            "uptime_seconds": 61.5, "timestamp": "2026-03-02T00:30:00.125Z",
            "dependencies": [{
                "name": "db:main", "type": "database", "status": "unhealthy", "response_time_ms": 12.5,
                "message": "refused", "last_check": "2026-03-02T00:30:00.125Z", "metadata": {"pool_size": 10},
            }],
            "system_resources": {
                "cpu_percent": 12.5, "memory_percent": 0.0, "memory_used_mb": 0.0, "memory_available_mb": 0.0,
                "disk_percent": 0.0, "disk_used_gb": 0.0, "disk_free_gb": 0.0,
            },
            "error_count": 3, "warning_count": 4,
        });
        check(&health(&down, true, false), 503, "application/json", &full);
        let brief = json!({
            "service_name": "trading-engine", "status": "unhealthy",
            "uptime_seconds": 61.5, "timestamp": "2026-03-02T00:30:00.125Z",
        });
        check(
            &health(&down, false, false),
            503,
            "application/json",
            &brief,
        );
        let read: ServiceHealth = serde_json::from_slice(&health(&down, true, false).body).unwrap();
        assert_eq!(read, down.service);
    }

    #[test]
    fn the_draft_standards_bodies() {
        let system = |value: f64, unit: &str| {
            json!([{
                "componentType": "system", "observedValue": value, "observedUnit": unit, "status": "pass",
                "time": "2026-03-02T00:30:00.125Z",
            }])
        };
        let expected = |status: &str| {
            json!({
                "status": status, "serviceId": "trading-engine", "releaseId": "1.4.0",
                "output": format!("db:main {}", if status == "warn" { "degraded" } else { "unhealthy" }),
                "checks": {
                    "db_main:responseTime": [{
                        "componentType": "datastore", "observedValue": 12.5, "observedUnit": "ms",
                        "status": status, "time": "2026-03-02T00:30:00.125Z", "output": "refused",
                    }],
                    "uptime": system(61.5, "s"),
                    "cpu:utilization": system(12.5, "percent"),
                    "memory:utilization": system(0.0, "percent"),
                    "disk:utilization": system(0.0, "percent"),
                },
            })
        };
        let of = |status| health(&snapshot(status), true, true);
        check(
            &of(HealthStatus::Unhealthy),
            503,
            "application/health+json",
            &expected("fail"),
        );
        check(
            &of(HealthStatus::Degraded),
            200,
            "application/health+json",
            &expected("warn"),
        );
        let passing: Value = serde_json::from_slice(&of(HealthStatus::Healthy).body).unwrap();
        assert_eq!(passing.get("output"), None);
        assert_eq!(
            passing["checks"]["db_main:responseTime"][0].get("output"),
            None
        );
        let brief = json!({"status": "fail", "serviceId": "trading-engine"});
        check(
            &health(&snapshot(HealthStatus::Unknown), false, true),
            503,
            "application/health+json",
            &brief,
        );
    }

    #[test]
    fn the_other_bodies() {
        let (down, up) = (
            snapshot(HealthStatus::Unknown),
            snapshot(HealthStatus::Degraded),
        );
        let why = "db:main unhealthy";
        check(
            &ready(&down),
            503,
            JSON,
            &json!({"ready": false, "status": "unhealthy", "reason": why}),
        );
        check(
            &ready(&up),
            200,
            JSON,
            &json!({"ready": true, "status": "degraded"}),
        );
        let dead = json!({"alive": false, "service": "trading-engine", "uptime_seconds": 61.5, "reason": why});
        check(&liveness(&down), 503, JSON, &dead);
        let alive = json!({"alive": true, "service": "trading-engine", "uptime_seconds": 61.5});
        check(&liveness(&up), 200, JSON, &alive);
        check(
            &startup(&down),
            503,
            JSON,
            &json!({"started": false, "service": "trading-engine", "reason": why}),
        );
        check(
            &startup(&up),
            200,
            JSON,
            &json!({"started": true, "service": "trading-engine"}),
        );
    }
}
