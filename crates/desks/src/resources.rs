//! The host's and the container's figures as an operator meets them.

use bongsu_ops::{Figure, Missing, Snapshot, Usage, UsageLimits};
use bongsu_resources::ResourceMonitor;

use crate::Part;

/// What the monitor last sampled, and the limits that it is drawn against. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Resources {
    monitor: ResourceMonitor,
    limits: UsageLimits,
}

impl Resources {
    /// What this monitor samples, against these limits.
    #[must_use]
    pub const fn new(monitor: ResourceMonitor, limits: UsageLimits) -> Self {
        Self { monitor, limits }
    }
}

impl Part for Resources {
    fn fill(&self, snapshot: &mut Snapshot) {
        snapshot.limits = self.limits;
        let Some(sample) = self.monitor.get_resources() else {
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
        let Some(container) = &sample.container else {
            snapshot.container = Usage {
                cpu_percent: Missing::NoContainer.into(),
                memory_percent: Missing::NoContainer.into(),
                disk_percent: Missing::NoContainer.into(),
                ..Usage::default()
            };
            return;
        };
        snapshot.container = Usage {
            cpu_percent: Figure::from_option(container.cpu_percent, Missing::NoLimit),
            memory_percent: Figure::from_option(container.memory_percent, Missing::NoLimit),
            memory_used_bytes: Figure::from_option(container.memory_used_bytes, Missing::NotYet),
            memory_total_bytes: Figure::from_option(container.memory_limit_bytes, Missing::NoLimit),
            disk_percent: Missing::OfHost.into(),
            disk_free_bytes: Figure::default(),
        };
    }
}
