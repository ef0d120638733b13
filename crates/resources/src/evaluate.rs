//! Two readings and the time between them in, one sample out. Pure.

use std::time::Duration;

use jiff::Timestamp;

use crate::sample::{ContainerResources, NetworkUsage, ProcessUsage, SystemResources};
use crate::source::{ContainerReading, CpuReading, ProcessReading, Reading};

/// An empty sample, to be filled by [`fill`].
pub(crate) fn blank() -> SystemResources {
    SystemResources {
        timestamp: Timestamp::UNIX_EPOCH,
        period: Duration::ZERO,
        cpu_percent: 0.0,
        cpu_per_core: Vec::new(),
        load_average: None,
        memory_percent: 0.0,
        memory_total_bytes: 0,
        memory_used_bytes: 0,
        memory_available_bytes: 0,
        swap_total_bytes: 0,
        swap_used_bytes: 0,
        disks: Vec::new(),
        network: None,
        process_count: None,
        process: None,
        container: None,
        pressure: None,
    }
}

/// Overwrites everything of `out` but the disks. `false` when there is no real CPU
/// figure yet, in which case `out` must not be published.
pub(crate) fn fill(
    out: &mut SystemResources,
    before: &Reading,
    now: &Reading,
    period: Duration,
    timestamp: Timestamp,
) -> bool {
    let Some(cpu) = cpu_percent(before.cpu, now.cpu) else {
        return false;
    };
    out.timestamp = timestamp;
    out.period = period;
    out.cpu_percent = cpu;
    out.cpu_per_core.clear();
    if before.cores.len() == now.cores.len() {
        let pairs = before.cores.iter().zip(&now.cores);
        out.cpu_per_core
            .extend(pairs.map(|(b, n)| cpu_percent(*b, *n).unwrap_or(0.0)));
    }
    out.load_average = now.load;

    let memory = &now.memory;
    let available = memory.available.min(memory.total);
    out.memory_total_bytes = memory.total;
    out.memory_available_bytes = available;
    out.memory_used_bytes = memory.total - available;
    out.memory_percent = share(out.memory_used_bytes, memory.total).unwrap_or(0.0);
    out.swap_total_bytes = memory.swap_total;
    out.swap_used_bytes = memory.swap_total.saturating_sub(memory.swap_free);

    out.network = now.network.map(|n| {
        let earlier = before.network.unwrap_or(n);
        NetworkUsage {
            sent_bytes_total: n.sent,
            received_bytes_total: n.received,
            sent_bytes_per_second: rate(n.sent.saturating_sub(earlier.sent), period),
            received_bytes_per_second: rate(n.received.saturating_sub(earlier.received), period),
            sent_errors_total: n.sent_errors,
            received_errors_total: n.received_errors,
            sent_dropped_total: n.sent_dropped,
            received_dropped_total: n.received_dropped,
        }
    });
    out.process_count = now.process_count;
    out.process = now
        .process
        .map(|p| process(before.process.as_ref(), &p, memory.total, period));
    out.container = now
        .container
        .as_ref()
        .map(|c| container(before.container.as_ref(), c, period));
    out.pressure = now.pressure;
    true
}

/// Busy share between two readings; `None` when no time has passed on the counters.
fn cpu_percent(before: CpuReading, now: CpuReading) -> Option<f64> {
    match (before, now) {
        (_, CpuReading::Percent(percent)) => Some(percent.clamp(0.0, 100.0)),
        (
            CpuReading::Times {
                busy: b0,
                total: t0,
            },
            CpuReading::Times {
                busy: b1,
                total: t1,
            },
        ) => {
            let total = t1.checked_sub(t0).filter(|t| *t > 0)?;
            // idle and iowait may step back by a tick, which would show as busy time below zero or over the total
            share(b1.saturating_sub(b0).min(total), total)
        }
        _ => None,
    }
}

fn process(
    before: Option<&ProcessReading>,
    now: &ProcessReading,
    memory_total: u64,
    period: Duration,
) -> ProcessUsage {
    let earlier = before.map_or(now.cpu_time, |p| p.cpu_time);
    let used = now.cpu_time.saturating_sub(earlier);
    ProcessUsage {
        pid: now.pid,
        cpu_percent: cores(used, period).unwrap_or(0.0) * 100.0,
        cpu_seconds_total: now.cpu_time.as_secs_f64(),
        memory_percent: share(now.resident, memory_total).unwrap_or(0.0),
        resident_memory_bytes: now.resident,
        open_fds: now.open_fds,
        max_fds: now.max_fds,
        threads: now.threads,
        start_time_seconds: now.started,
    }
}

fn container(
    before: Option<&ContainerReading>,
    now: &ContainerReading,
    period: Duration,
) -> ContainerResources {
    let used = |level: usize| -> Option<f64> {
        let earlier = before?.cpu.get(level)?.usage;
        cores(now.cpu.get(level)?.usage.saturating_sub(earlier), period)
    };
    let cpu_shares = now.cpu.iter().enumerate().filter_map(|(level, group)| {
        let quota = group.quota_cores.filter(|q| *q > 0.0)?;
        Some(used(level)? * 100.0 / quota)
    });
    let memory_shares = now
        .memory
        .iter()
        .filter_map(|group| share(group.working_set, group.limit?));
    let throttled = now
        .throttling
        .zip(before.and_then(|b| b.throttling))
        .and_then(|(n, b)| {
            let periods = n.periods.checked_sub(b.periods)?;
            share(
                n.throttled.saturating_sub(b.throttled).min(periods),
                periods,
            )
        });
    ContainerResources {
        cpu_percent: cpu_shares.reduce(f64::max),
        cpu_cores_used: used(0),
        cpu_limit_cores: now
            .cpu
            .iter()
            .filter_map(|g| g.quota_cores)
            .reduce(f64::min),
        cpu_throttled_percent: throttled,
        cpu_throttled_periods_total: now.throttling.map(|t| t.throttled),
        cpu_throttled_seconds_total: now.throttling.map(|t| t.throttled_time.as_secs_f64()),
        memory_percent: memory_shares.reduce(f64::max),
        memory_used_bytes: now.memory.first().map(|g| g.working_set),
        memory_limit_bytes: now.memory.iter().filter_map(|g| g.limit).min(),
        oom_kills_total: now.oom_kills,
        pressure: now.pressure,
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64 * 100.0)
}

fn rate(amount: u64, period: Duration) -> f64 {
    if period.is_zero() {
        0.0
    } else {
        amount as f64 / period.as_secs_f64()
    }
}

fn cores(used: Duration, period: Duration) -> Option<f64> {
    (!period.is_zero()).then(|| used.as_secs_f64() / period.as_secs_f64())
}

#[cfg(test)]
mod tests;
