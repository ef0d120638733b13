//! Samples of resources as gauges, as they arrive.

use std::time::Duration;

use bongsu_metrics::{ProcessUsage, ServiceMetrics, SystemUsage};
use bongsu_resources::SystemResources;

use crate::{Config, parts::Parts, tasks::Tasks};

pub(super) fn connect(parts: &mut Parts, _: &Config, tasks: &Tasks) {
    let metrics = parts.metrics.clone();
    let samples = parts.resources.subscribe_samples();
    tasks.follow("resource-metrics", samples, move |sample| {
        if let Some(sample) = sample {
            export(&metrics, sample);
        }
    });
}

fn export(metrics: &ServiceMetrics, sample: &SystemResources) {
    metrics.update_system(&SystemUsage {
        cpu_percent: Some(sample.cpu_percent),
        memory_percent: Some(sample.memory_percent),
        memory_used_bytes: Some(sample.memory_used_bytes),
        memory_available_bytes: Some(sample.memory_available_bytes),
        disk_percent: sample.disk_percent(),
        disk_used_bytes: sample.disk_used_bytes(),
        disk_free_bytes: sample.disk_free_bytes(),
        process_count: sample.process_count,
        network_sent_bytes: sample.network.map(|n| n.sent_bytes_total),
        network_received_bytes: sample.network.map(|n| n.received_bytes_total),
    });
    if let Some(process) = &sample.process {
        metrics.update_process(&ProcessUsage {
            cpu_percent: Some(process.cpu_percent),
            memory_percent: Some(process.memory_percent),
            resident_memory_bytes: Some(process.resident_memory_bytes),
            cpu_time: Duration::try_from_secs_f64(process.cpu_seconds_total).ok(),
            open_fds: process.open_fds,
            threads: process.threads,
            start_time_seconds: Some(process.start_time_seconds),
        });
    }
}
