//! The machine.

use super::{HERE, grew};
use crate::rule::{Alert, Group, Severity::Critical, Severity::Warning};

pub(super) fn group() -> Group {
    Group::new(
        "host",
        "Processor, memory and disk of the machine or container that a service runs in.",
        vec![
            Alert::new("HighCPUUsage", Warning, "container_cpu_percent > 90 or system_cpu_percent > 90")
                .pending("10m")
                .keep("5m")
                .says("CPU usage above 90% on {{ $labels.instance }}", "{{ $labels.instance }} CPU 사용률 90% 초과")
                .runbook(
                    "The processors of the machine, or what the container may use of them, have been more than 90 % busy for ten minutes.",
                    "Panel *CPU* tells machine and container apart; *Process CPU* (is it us?), *Throttling*, *Requests*, *Latency*. On the machine: `top`.",
                    "If latency suffers, raise the container's limit, add an instance or move the other process away; otherwise plan for more.",
                )
                .fires("15m", HERE, &[(r#"system_cpu_percent{job="x",instance="a"}"#, "95x30")])
                // The machine is idle, but the container may use no more of it.
                .fires("15m", HERE, &[(r#"container_cpu_percent{job="x",instance="a"}"#, "99x30"), (r#"system_cpu_percent{job="x",instance="a"}"#, "12x30")])
                .silent("15m", &[(r#"system_cpu_percent{job="x",instance="a"}"#, "95x6 50 95x30")])
                .silent("15m", &[(r#"container_cpu_percent{job="x",instance="a"}"#, "80x30"), (r#"system_cpu_percent{job="x",instance="a"}"#, "12x30")]),
            Alert::new("HighMemoryUsage", Critical, "container_memory_percent > 95 or system_memory_percent > 95")
                .keep("5m")
                .says("Memory almost used up on {{ $labels.instance }}", "{{ $labels.instance }} 메모리 거의 소진")
                .runbook(
                    "More than 95 % of the machine's memory, or of what the container may use, is in use: the out-of-memory killer is near.",
                    "Panel *Memory* tells machine and container apart; *Process memory*: does the service grow, or something else? `bongsu_metrics_overflow_total` for labels that explode.",
                    "Restart the one that leaks at a moment of your choice, before the kernel chooses.",
                )
                .fires("10m", HERE, &[(r#"system_memory_percent{job="x",instance="a"}"#, "97x20")])
                .fires("10m", HERE, &[(r#"container_memory_percent{job="x",instance="a"}"#, "98x20"), (r#"system_memory_percent{job="x",instance="a"}"#, "10x20")])
                .silent("10m", &[(r#"system_memory_percent{job="x",instance="a"}"#, "90x20")])
                .silent("10m", &[(r#"container_memory_percent{job="x",instance="a"}"#, "90x20"), (r#"system_memory_percent{job="x",instance="a"}"#, "10x20")]),
            Alert::new("OutOfMemoryKill", Critical, grew("container_oom_kills_total", "15m"))
                .pending("0s")
                .keep("15m")
                .says("The kernel killed a process in the container of {{ $labels.job }} {{ $labels.instance }}", "{{ $labels.job }} {{ $labels.instance }} 컨테이너에서 메모리 부족으로 프로세스 강제 종료")
                .runbook(
                    "A process of the container was killed because the container's memory was used up. It may be the service's child; the service's own death shows as ServiceRestarting.",
                    "Panels *Memory*, *Process memory*, *Kills for memory*; `dmesg` on the machine names the process.",
                    "Raise the limit, or find what grows.",
                )
                .fires("20m", HERE, &[(r#"container_oom_kills_total{job="x",instance="a"}"#, "0x12 1x20")])
                .fires("20m", HERE, &[(r#"container_oom_kills_total{job="x",instance="a"}"#, "_x12 1x20")])
                .silent("40m", &[(r#"container_oom_kills_total{job="x",instance="a"}"#, "2x60")]),
            Alert::new("ContainerThrottled", Warning, "container_cpu_throttled_percent > 25")
                .pending("15m")
                .keep("5m")
                .says("The container of {{ $labels.job }} {{ $labels.instance }} is throttled", "{{ $labels.job }} {{ $labels.instance }} 컨테이너 CPU 제한(스로틀링)")
                .runbook(
                    "In more than a quarter of the scheduling periods the container had used up its share of processor time and stood still until the next: requests wait although the machine may be idle.",
                    "Panels *Throttling*, *CPU*, *Latency*.",
                    "Raise the processor limit of the container, or take it away; fewer worker threads make fewer bursts.",
                )
                .fires("20m", HERE, &[(r#"container_cpu_throttled_percent{job="x",instance="a"}"#, "60x30")])
                .silent("20m", &[(r#"container_cpu_throttled_percent{job="x",instance="a"}"#, "10x30")]),
            Alert::new("FilesNearlyOut", Warning, "process_open_fds / process_max_fds > 0.8")
                .keep("5m")
                .says("{{ $labels.job }} {{ $labels.instance }} has almost no file descriptors left", "{{ $labels.job }} {{ $labels.instance }} 파일 디스크립터 거의 소진")
                .runbook(
                    "More than 80 % of the file descriptors that the process may open are open: soon it can accept no connection and open no file.",
                    "Panel *Open files*; *In flight*; `ls -l /proc/<pid>/fd` shows of which kind they are.",
                    "Raise `nofile` (LimitNOFILE, ulimits), and find out what is not closed.",
                )
                .fires("10m", HERE, &[(r#"process_open_fds{job="x",instance="a"}"#, "900x20"), (r#"process_max_fds{job="x",instance="a"}"#, "1024x20")])
                .silent("10m", &[(r#"process_open_fds{job="x",instance="a"}"#, "300x20"), (r#"process_max_fds{job="x",instance="a"}"#, "1024x20")]),
            Alert::new("MemoryPressure", Warning, r#"rate(container_pressure_waiting_seconds_total{resource="memory"}[5m]) > 0.2 or rate(system_pressure_waiting_seconds_total{resource="memory"}[5m]) > 0.2"#)
                .pending("10m")
                .keep("5m")
                .says("{{ $labels.job }} {{ $labels.instance }} waits for memory", "{{ $labels.job }} {{ $labels.instance }} 메모리 대기(압박)")
                .runbook(
                    "For more than a fifth of the time some task waited for memory to be freed: everything gets slow before anything is killed.",
                    "Panels *Pressure*, *Memory*, *Swap*.",
                    "Give it more memory, or stop what needs so much.",
                )
                .fires("20m", &[("instance", "a"), ("job", "x"), ("resource", "memory")], &[(r#"container_pressure_waiting_seconds_total{job="x",instance="a",resource="memory"}"#, "0+30x40")])
                .silent("20m", &[(r#"container_pressure_waiting_seconds_total{job="x",instance="a",resource="memory"}"#, "0+3x40"), (r#"system_pressure_waiting_seconds_total{job="x",instance="a",resource="io"}"#, "0+50x40")]),
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
