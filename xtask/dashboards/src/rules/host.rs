//! The machine.

use super::HERE;
use crate::rule::{Alert, Group, Severity::Critical, Severity::Warning};

pub(super) fn group() -> Group {
    Group::new(
        "host",
        "Processor, memory and disk of the machine or container that a service runs in.",
        vec![
            Alert::new("HighCPUUsage", Warning, "system_cpu_percent > 90")
                .pending("10m")
                .keep("5m")
                .says("CPU usage above 90% on {{ $labels.instance }}", "{{ $labels.instance }} CPU 사용률 90% 초과")
                .runbook(
                    "The processors have been more than 90 % busy for ten minutes.",
                    "Panels *Process CPU* (is it us?), *Requests*, *Latency*. On the machine: `top`.",
                    "If latency suffers, add an instance or move the other process away; otherwise plan for more.",
                )
                .fires("15m", HERE, &[(r#"system_cpu_percent{job="x",instance="a"}"#, "95x30")])
                .silent("15m", &[(r#"system_cpu_percent{job="x",instance="a"}"#, "95x6 50 95x30")]),
            Alert::new("HighMemoryUsage", Critical, "system_memory_percent > 95")
                .keep("5m")
                .says("Memory almost used up on {{ $labels.instance }}", "{{ $labels.instance }} 메모리 거의 소진")
                .runbook(
                    "More than 95 % of the memory is in use: the out-of-memory killer is near.",
                    "Panel *Process memory*: does the service grow, or something else? `bongsu_metrics_overflow_total` for labels that explode.",
                    "Restart the one that leaks at a moment of your choice, before the kernel chooses.",
                )
                .fires("10m", HERE, &[(r#"system_memory_percent{job="x",instance="a"}"#, "97x20")])
                .silent("10m", &[(r#"system_memory_percent{job="x",instance="a"}"#, "90x20")]),
            Alert::new("DiskAlmostFull", Critical, "system_disk_percent > 95")
                .keep("5m")
                .says("Disk almost full on {{ $labels.instance }}", "{{ $labels.instance }} 디스크 거의 가득 참")
                .runbook(
                    "Less than 5 % of the watched file system is left. A full disk stops the database and loses log lines.",
                    "`df -h`, `du -x -d 2 / | sort -n | tail`.",
                    "Remove old logs and archives, or grow the volume.",
                )
                .fires("10m", HERE, &[(r#"system_disk_percent{job="x",instance="a"}"#, "96x20")])
                .silent("10m", &[(r#"system_disk_percent{job="x",instance="a"}"#, "94x20")]),
            Alert::new("DiskFillsSoon", Warning, "predict_linear(system_disk_free_bytes[6h], 24 * 3600) < 0 and system_disk_percent > 70")
                .pending("30m")
                .says("Disk of {{ $labels.instance }} is full within a day at this rate", "{{ $labels.instance }} 디스크가 하루 안에 가득 찰 추세")
                .runbook(
                    "The free space of the last six hours, drawn on in a line, reaches zero within a day.",
                    "Panel *Disk, used and free*; what grows: logs, database, core files?",
                    "Stop what grows, or grow the volume, before DiskAlmostFull.",
                )
                .fires("6h", HERE, &[(r#"system_disk_free_bytes{job="x",instance="a"}"#, "1000000-1000x500"), (r#"system_disk_percent{job="x",instance="a"}"#, "80x500")])
                .silent("6h", &[(r#"system_disk_free_bytes{job="x",instance="a"}"#, "1000000-100x500"), (r#"system_disk_percent{job="x",instance="a"}"#, "80x500")]),
        ],
    )
}
