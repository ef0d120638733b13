//! What the parts say now.

use bongsu_console::{Missing, Snapshot};

use super::Known;

impl Known {
    pub(super) fn fill(&self, snapshot: &mut Snapshot) {
        snapshot.dependencies = Missing::NotConfigured.into();
        snapshot.alerts = Missing::NotConfigured.into();
        snapshot.channels = Missing::NotConfigured.into();
        snapshot.session = Missing::NotConfigured.into();
        snapshot.log_level = Missing::NotConfigured.into();
        #[cfg(feature = "health")]
        self.health(snapshot);
        #[cfg(feature = "alerts")]
        {
            snapshot.channels = super::alerts::channels(&self.alerts, &self.memory);
        }
        #[cfg(feature = "resources")]
        self.resources(snapshot);
        #[cfg(feature = "reports")]
        self.calendar(snapshot);
        #[cfg(feature = "logging")]
        {
            let lasts = self.logs.level_lasts();
            snapshot.log_level = bongsu_console::Figure::Known(bongsu_console::LogLevel {
                directives: self.logs.level(),
                until: lasts.map(|left| snapshot.at + left),
            });
        }
    }

    #[cfg(feature = "health")]
    fn health(&self, snapshot: &mut Snapshot) {
        use bongsu_console::{Dependency, Figure, Status};
        use bongsu_health::{HealthStatus, Importance};

        let health = self.health.snapshot();
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

    #[cfg(feature = "resources")]
    fn resources(&self, snapshot: &mut Snapshot) {
        use bongsu_console::{Figure, Usage, UsageLimits};

        let settings = &self.config.resources;
        snapshot.limits = UsageLimits {
            cpu: settings.cpu,
            memory: settings.memory,
            disk: settings.disk,
        };
        let Some(sample) = self.resources.get_resources() else {
            return;
        };
        snapshot.host = Usage {
            cpu_percent: Figure::Known(sample.cpu_percent),
            memory_percent: Figure::Known(sample.memory_percent),
            memory_used_bytes: Figure::Known(sample.memory_used_bytes),
            memory_total_bytes: Figure::Known(sample.memory_total_bytes),
            disk_percent: Figure::from_option(sample.disk_percent(), Missing::NotYet),
            disk_free_bytes: Figure::from_option(sample.disk_free_bytes(), Missing::NotYet),
        };
        let reason = |why: &str| Missing::Failed(why.to_owned());
        let Some(container) = &sample.container else {
            let none = || reason("no container");
            snapshot.container = Usage {
                cpu_percent: none().into(),
                memory_percent: none().into(),
                disk_percent: none().into(),
                ..Usage::default()
            };
            return;
        };
        let no_limit = || reason("no limit");
        snapshot.container = Usage {
            cpu_percent: Figure::from_option(container.cpu_percent, no_limit()),
            memory_percent: Figure::from_option(container.memory_percent, no_limit()),
            memory_used_bytes: Figure::from_option(container.memory_used_bytes, Missing::NotYet),
            memory_total_bytes: Figure::from_option(container.memory_limit_bytes, no_limit()),
            disk_percent: reason("as the host").into(),
            disk_free_bytes: Figure::default(),
        };
    }

    #[cfg(feature = "reports")]
    fn calendar(&self, snapshot: &mut Snapshot) {
        use super::session;
        use bongsu_console::Figure;

        let calendar = match &self.reports {
            Some(reports) => reports.calendar(),
            None => self.config.report.calendar.get(),
        };
        let calendar = &*calendar;
        let failed =
            |error: bongsu_reports::calendar::UnknownYear| Missing::Failed(error.to_string());
        snapshot.session = match session::session(calendar, snapshot.at) {
            Ok(session) => Figure::Known(session),
            Err(error) => failed(error).into(),
        };
        snapshot.venues = super::venues::venues(calendar, snapshot.at).unwrap_or_default();
        let time = self.config.report.time;
        snapshot.reports.next = match session::next_report(calendar, time, snapshot.at) {
            _ if self.reports.is_none() => Missing::NotConfigured.into(),
            Ok(at) => Figure::Known(at),
            Err(error) => failed(error).into(),
        };
        if self.reports.is_none() {
            snapshot.reports.last = Missing::NotConfigured.into();
        }
    }
}
