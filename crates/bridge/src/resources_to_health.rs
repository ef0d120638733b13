//! Samples of resources in the body of `/health`, as they arrive.

use bongsu_health::HealthCheck;
use bongsu_resources::SystemResources;

/// Puts a sample into the body, unless it has no figure of the disk.
pub fn show(health: &HealthCheck, sample: &SystemResources) {
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
