//! All thresholds of a monitor at once: a sample in, events out. Pure.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::sample::SystemResources;
use crate::threshold::{
    Level, Resource, ResourceThresholds, ThresholdAlert, ThresholdEvent, ThresholdScope, sentence,
};
use crate::tracker::{Step, Tracker};

/// One tracker for CPU, one for memory, one for each disk.
#[derive(Debug)]
pub(crate) struct Board {
    thresholds: ResourceThresholds,
    cpu: Tracker,
    memory: Tracker,
    disks: Vec<Tracker>,
}

impl Board {
    pub(crate) fn new(thresholds: ResourceThresholds, disks: usize) -> Self {
        Self {
            thresholds,
            cpu: Tracker::default(),
            memory: Tracker::default(),
            disks: vec![Tracker::default(); disks],
        }
    }

    pub(crate) const fn thresholds(&self) -> ResourceThresholds {
        self.thresholds
    }

    /// Other thresholds hold from the next sample on; what was announced, and every timer, goes on.
    pub(crate) const fn set_thresholds(&mut self, thresholds: ResourceThresholds) {
        self.thresholds = thresholds;
    }

    /// Takes in a sample. Disks without a fresh figure keep their level.
    pub(crate) fn feed(
        &mut self,
        sample: &SystemResources,
        now: Instant,
        mut emit: impl FnMut(ThresholdEvent),
    ) {
        let thresholds = self.thresholds;
        let mut step =
            |tracker: &mut Tracker, resource: Resource, value: f64, path: Option<&Arc<Path>>| {
                let limits = thresholds.of(resource);
                let (previous, repeat) = match tracker.feed(limits, thresholds.repeat, value, now) {
                    Step::Quiet => return,
                    Step::Changed { previous } => (previous, false),
                    Step::Repeat => (tracker.level(), true),
                };
                let level = tracker.level();
                let threshold = limits.limit(level);
                emit(ThresholdEvent {
                    resource,
                    level,
                    previous,
                    value,
                    threshold,
                    message: sentence(resource, path.map(AsRef::as_ref), value, level, threshold),
                    path: path.cloned(),
                    repeat,
                });
            };
        let (cpu, memory) = scoped(sample, thresholds.scope);
        step(&mut self.cpu, Resource::Cpu, cpu, None);
        step(&mut self.memory, Resource::Memory, memory, None);
        for (tracker, disk) in self.disks.iter_mut().zip(&sample.disks) {
            if let (false, Some(figures)) = (disk.stale, disk.figures) {
                step(tracker, Resource::Disk, figures.percent(), Some(&disk.path));
            }
        }
    }

    /// What stands at or over a threshold in `sample`, or still fires.
    pub(crate) fn alerts(&self, sample: &SystemResources) -> Vec<ThresholdAlert> {
        let mut alerts = Vec::new();
        let mut look =
            |tracker: &Tracker, resource: Resource, value: f64, path: Option<&Arc<Path>>| {
                let limits = self.thresholds.of(resource);
                let (level, firing) = (limits.level_of(value), tracker.level());
                let worst = level.max(firing);
                if worst == Level::Normal {
                    return;
                }
                let threshold = limits.limit(worst);
                let message = sentence(resource, path.map(AsRef::as_ref), value, worst, threshold);
                alerts.push(ThresholdAlert {
                    resource,
                    level,
                    firing,
                    value,
                    threshold,
                    message,
                    path: path.cloned(),
                });
            };
        let (cpu, memory) = scoped(sample, self.thresholds.scope);
        look(&self.cpu, Resource::Cpu, cpu, None);
        look(&self.memory, Resource::Memory, memory, None);
        for (tracker, disk) in self.disks.iter().zip(&sample.disks) {
            if let Some(figures) = disk.figures {
                look(tracker, Resource::Disk, figures.percent(), Some(&disk.path));
            }
        }
        alerts
    }
}

/// CPU and memory percentages of the scope.
fn scoped(sample: &SystemResources, scope: ThresholdScope) -> (f64, f64) {
    let (host_cpu, host_memory) = (sample.cpu_percent, sample.memory_percent);
    let inside = sample.container.as_ref();
    match scope {
        ThresholdScope::Worst => (sample.worst_cpu_percent(), sample.worst_memory_percent()),
        ThresholdScope::Host => (host_cpu, host_memory),
        ThresholdScope::Container => (
            inside.and_then(|c| c.cpu_percent).unwrap_or(host_cpu),
            inside.and_then(|c| c.memory_percent).unwrap_or(host_memory),
        ),
    }
}

#[cfg(test)]
mod tests;
