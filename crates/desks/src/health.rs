//! Health as an operator meets it.

use std::sync::Arc;

use async_trait::async_trait;
use bongsu_health::{HealthCheck, HealthStatus, Importance};
use bongsu_ops::{
    Dependency, Figure, HealthDesk, Missing, Operator, OpsError, OpsResult, Snapshot, Status,
};
use serde_json::Value;

use crate::Part;

/// The dependencies as the checks last found them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Health(HealthCheck);

impl Health {
    /// What these checks find.
    #[must_use]
    pub const fn new(health: HealthCheck) -> Self {
        Self(health)
    }
}

impl Part for Health {
    fn join(&self, operator: Operator) -> Operator {
        operator.with_health(Arc::new(self.clone()))
    }

    fn fill(&self, snapshot: &mut Snapshot) {
        let health = self.0.snapshot();
        let dependencies = health.dependencies().map(|(dependency, part)| Dependency {
            name: dependency.name.clone(),
            kind: dependency.dependency_type.to_string(),
            status: match part.status {
                HealthStatus::Healthy => Status::Healthy,
                HealthStatus::Degraded => Status::Degraded,
                HealthStatus::Unhealthy => Status::Unhealthy,
                _ => Status::Unknown,
            },
            required: part.importance == Importance::Critical,
            latency_ms: Figure::from_option(dependency.response_time_ms, Missing::NotYet),
            since: Figure::from_option(part.since, Missing::NotYet),
            message: dependency.message.clone(),
        });
        snapshot.dependencies = Figure::Known(dependencies.collect());
    }
}

#[async_trait]
impl HealthDesk for Health {
    async fn details(&self) -> OpsResult<Value> {
        let body = self.0.health_response(true, false).body;
        serde_json::from_slice(&body).map_err(|error| OpsError::Failed(error.to_string()))
    }
}
