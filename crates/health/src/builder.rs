//! Collects what a health value is made of.

use std::collections::HashSet;
use std::time::Duration;

use crate::check::Check;
use crate::error::{HealthError, Problem, Problems};
use crate::health::HealthCheck;
use crate::inner::MOST;

/// Collects checks; made by [`HealthCheck::builder`].
#[derive(Debug)]
#[must_use]
pub struct HealthCheckBuilder {
    pub(crate) service_name: String,
    pub(crate) version: String,
    pub(crate) checks: Vec<Check>,
    pub(crate) resources_max_age: Duration,
}

impl HealthCheckBuilder {
    pub(crate) fn new(service_name: String) -> Self {
        Self {
            service_name,
            version: "unknown".to_owned(),
            checks: Vec::new(),
            resources_max_age: Duration::from_secs(300),
        }
    }

    /// The service's version, shown in the detailed body. Default `unknown`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Adds a check.
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds checks.
    pub fn checks(mut self, checks: impl IntoIterator<Item = Check>) -> Self {
        self.checks.extend(checks);
        self
    }

    /// Resource figures older than this are no longer shown. Default 5 min.
    pub const fn resources_max_age(mut self, age: Duration) -> Self {
        self.resources_max_age = age;
        self
    }

    /// Builds it. No check runs before [`HealthCheck::run`] is driven.
    ///
    /// # Errors
    ///
    /// [`HealthError::Invalid`] with everything that is wrong: a name that is bad or used twice, a
    /// zero or overlong interval or timeout, a threshold of zero, a slow limit not below the
    /// timeout, more than 1,024 checks.
    pub fn build(self) -> Result<HealthCheck, HealthError> {
        let mut problems = Problems::default();
        problems.name(&self.service_name);
        if self.checks.len() > MOST {
            problems.push(Problem::TooMany {
                what: "checks",
                limit: MOST,
            });
        }
        let mut names = HashSet::new();
        for check in &self.checks {
            check.validate(&mut problems);
            if !names.insert(check.name()) {
                problems.push(Problem::DuplicateName {
                    name: check.name().to_owned(),
                });
            }
        }
        problems.finish()?;
        Ok(HealthCheck::from_builder(self))
    }
}
