//! CPU, memory, disk, network and processes.

use bongsu_desks::Part;
use bongsu_ops::UsageLimits;
use bongsu_resources::{ResourceMonitor, ResourceMonitorBuilder};

use super::{Parts, Start, adjust::Adjust};
use crate::{Bongsu, Builder, Config, Error};

pub(crate) type Offer = ResourceMonitor;

#[derive(Debug, Default)]
pub(crate) struct Settings {
    builder: Adjust<ResourceMonitorBuilder>,
}

pub(crate) async fn start(cx: &mut Start<'_>, settings: Settings) -> Result<Offer, Error> {
    let builder = bongsu_setup::resources::builder(&cx.config.resources);
    let monitor = settings.builder.apply(builder).build();
    let monitor = monitor.map_err(|error| Error::setup("resources", error))?;
    let running = monitor.start();
    cx.ends.push(async move { drop(running) });
    Ok(monitor)
}

/// What an operator meets of it.
pub(crate) fn desk(config: &Config, parts: &Parts) -> Option<Box<dyn Part>> {
    let settings = &config.resources;
    let limits = UsageLimits {
        cpu: settings.cpu,
        memory: settings.memory,
        disk: settings.disk,
    };
    Some(Box::new(bongsu_desks::Resources::new(
        parts.resources.clone(),
        limits,
    )))
}

impl Bongsu {
    /// CPU, memory, disk, network and processes.
    #[must_use]
    pub fn resources(&self) -> &ResourceMonitor {
        &self.0.parts.resources
    }
}

impl Builder {
    /// Changes how resources are watched: how long a threshold must be passed, further disks.
    pub fn resources(
        mut self,
        change: impl FnOnce(ResourceMonitorBuilder) -> ResourceMonitorBuilder + Send + Sync + 'static,
    ) -> Self {
        self.settings.resources.builder.push(change);
        self
    }
}
