//! Samples as gauges and as the resources in `/health`, as they arrive.

use std::sync::Arc;

use bongsu_resources::{ResourceMonitor, SystemResources};

/// Calls `export` with every new sample until the monitor is gone.
pub(crate) async fn follow(monitor: ResourceMonitor, export: impl Fn(&SystemResources) + Send) {
    let mut samples = monitor.subscribe_samples();
    drop(monitor);
    loop {
        let sample: Option<Arc<SystemResources>> = samples.borrow_and_update().clone();
        if let Some(sample) = sample {
            export(&sample);
        }
        if samples.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(feature = "metrics")]
pub(crate) fn to_metrics(metrics: &bongsu_metrics::ServiceMetrics, sample: &SystemResources) {
    use std::time::Duration;

    use bongsu_metrics::{ProcessUsage, SystemUsage};

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

#[cfg(feature = "health")]
pub(crate) fn to_health(health: &bongsu_health::HealthCheck, sample: &SystemResources) {
    const MIB: f64 = 1024.0 * 1024.0;
    const GIB: f64 = MIB * 1024.0;
    // Without any figure of the disk there is no honest number for the body.
    let (Some(percent), Some(used), Some(free)) = (
        sample.disk_percent(),
        sample.disk_used_bytes(),
        sample.disk_free_bytes(),
    ) else {
        return;
    };
    health.set_system_resources(bongsu_health::SystemResources {
        cpu_percent: sample.cpu_percent,
        memory_percent: sample.memory_percent,
        memory_used_mb: sample.memory_used_bytes as f64 / MIB,
        memory_available_mb: sample.memory_available_bytes as f64 / MIB,
        disk_percent: percent,
        disk_used_gb: used as f64 / GIB,
        disk_free_gb: free as f64 / GIB,
    });
}
