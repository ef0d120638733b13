//! The body of `draft-inadarei-api-health-check` (`application/health+json`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::snapshot::Snapshot;
use crate::status::{DependencyType, HealthStatus};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body<'a> {
    status: &'static str,
    service_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    release_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    checks: BTreeMap<String, Vec<Measurement<'a>>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Measurement<'a> {
    component_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_unit: Option<&'static str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Timestamp>,
    /// The draft leaves it out of a passing check.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
}

pub(crate) fn body(snapshot: &Snapshot, detail: bool) -> Body<'_> {
    let service = &snapshot.service;
    let mut body = Body {
        status: snapshot.status.ietf(),
        service_id: &service.service_name,
        release_id: None,
        output: None,
        checks: BTreeMap::new(),
    };
    if !detail {
        return body;
    }
    body.release_id = Some(&service.version);
    if snapshot.status != HealthStatus::Healthy {
        body.output = worst(snapshot);
    }
    for (dependency, part) in snapshot.dependencies() {
        let measurement = if part.heartbeat {
            "heartbeat"
        } else {
            "responseTime"
        };
        let failed = part.status != HealthStatus::Healthy;
        let entry = Measurement {
            component_type: component(dependency.dependency_type),
            observed_value: dependency.response_time_ms,
            observed_unit: dependency.response_time_ms.map(|_| "ms"),
            status: part.status.ietf(),
            time: dependency.last_check,
            output: dependency.message.as_deref().filter(|_| failed),
        };
        // The colon parts component from measurement.
        let key = format!("{}:{measurement}", dependency.name.replace(':', "_"));
        body.checks.entry(key).or_default().push(entry);
    }
    body.checks.insert(
        "uptime".to_owned(),
        vec![system(service.uptime_seconds, "s", service.timestamp)],
    );
    if let Some(resources) = service.system_resources {
        for (key, value) in [
            ("cpu:utilization", resources.cpu_percent),
            ("memory:utilization", resources.memory_percent),
            ("disk:utilization", resources.disk_percent),
        ] {
            body.checks.entry(key.to_owned()).or_default().push(system(
                value,
                "percent",
                service.timestamp,
            ));
        }
    }
    body
}

fn system(value: f64, unit: &'static str, time: Timestamp) -> Measurement<'static> {
    Measurement {
        component_type: "system",
        observed_value: Some(value),
        observed_unit: Some(unit),
        status: HealthStatus::Healthy.ietf(),
        time: Some(time),
        output: None,
    }
}

fn component(kind: DependencyType) -> &'static str {
    match kind {
        DependencyType::Database | DependencyType::Cache => "datastore",
        DependencyType::Service | DependencyType::ExternalApi => "component",
    }
}

/// Which parts are not healthy: `postgres unhealthy, cache degraded`.
pub(crate) fn worst(snapshot: &Snapshot) -> Option<String> {
    let names: Vec<String> = snapshot
        .parts
        .iter()
        .filter(|part| part.status != HealthStatus::Healthy)
        .take(16)
        .map(|part| format!("{} {}", part.name, part.status))
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}
