//! The service as a whole.

use super::{HERE, over};
use crate::rule::{Alert, Group, Severity::Critical, Severity::Warning};

pub(super) fn group() -> Group {
    Group::new(
        "service",
        "Whether the services are there, well, and answer without errors.",
        vec![
            Alert::new("ServiceDown", Critical, r#"absent(up{job="trading-engine"}) or up{job="trading-engine"} == 0"#)
                .pending("2m")
                .says("{{ $labels.job }} {{ $labels.instance }} cannot be scraped", "{{ $labels.job }} {{ $labels.instance }} 수집 불가")
                .runbook(
                    "Prometheus cannot read the trading engine's /metrics, or knows no such target at all.",
                    "`curl http://<instance>/liveness`; Prometheus → Status → Target health shows the error: refused (process gone), timeout (hung or network), 401 (BONGSU_OPS_TOKEN without `authorization` in the scrape), 404 (PROMETHEUS_ENABLED=false or another METRICS_PORT).",
                    "Restart the process if it is gone and read its last log lines for the reason. Assume that no order is processed until /ready says 200.",
                )
                .fires("10m", &[("instance", "a"), ("job", "trading-engine")], &[(r#"up{job="trading-engine",instance="a"}"#, "1x3 0x10")])
                .fires("10m", &[("job", "trading-engine")], &[(r#"up{job="other",instance="a"}"#, "1x10")])
                .silent("10m", &[(r#"up{job="trading-engine",instance="a"}"#, "1x20")]),
            Alert::new("TargetDown", Warning, r#"up{job!="trading-engine"} == 0"#)
                .says("{{ $labels.job }} {{ $labels.instance }} cannot be scraped", "{{ $labels.job }} {{ $labels.instance }} 수집 불가")
                .runbook(
                    "A target other than the trading engine cannot be scraped: part of the stack is blind.",
                    "Prometheus → Status → Target health.",
                    "Restart it, or take the target out of prometheus.yml if it is gone for good.",
                )
                .fires("10m", HERE, &[(r#"up{job="x",instance="a"}"#, "0x20")])
                .silent("10m", &[(r#"up{job="x",instance="a"}"#, "1x20")]),
            Alert::new("ServiceUnhealthy", Critical, "health_status == 0")
                .pending("2m")
                .says("{{ $labels.job }} {{ $labels.instance }} is unhealthy", "{{ $labels.job }} {{ $labels.instance }} 비정상")
                .runbook(
                    "The service's own health says unhealthy: a dependency it cannot do without has failed.",
                    "`curl http://<instance>/health` names the dependency and its message.",
                    "Mend the dependency; the service recovers by itself with the next check.",
                )
                .fires("10m", HERE, &[(r#"health_status{job="x",instance="a"}"#, "1x3 0x10")])
                .silent("10m", &[(r#"health_status{job="x",instance="a"}"#, "0.5x20")]),
            Alert::new("ServiceDegraded", Warning, "health_status == 0.5")
                .pending("10m")
                .keep("5m")
                .says("{{ $labels.job }} {{ $labels.instance }} is degraded", "{{ $labels.job }} {{ $labels.instance }} 성능 저하")
                .runbook(
                    "The service works, but a dependency is slow or a less important one has failed.",
                    "`curl http://<instance>/health`, then the row Health of the dashboard System Overview.",
                    "Find out what the dependency suffers from before it fails altogether.",
                )
                .fires("15m", HERE, &[(r#"health_status{job="x",instance="a"}"#, "0.5x30")])
                .silent("15m", &[(r#"health_status{job="x",instance="a"}"#, "1x30")]),
            Alert::new("DependencyDown", Warning, "health_dependency_up == 0")
                .pending("2m")
                .keep("5m")
                .says("{{ $labels.name }} is down for {{ $labels.job }} {{ $labels.instance }}", "{{ $labels.job }} {{ $labels.instance }}의 의존 서비스 {{ $labels.name }} 중단")
                .runbook(
                    "A dependency's check fails. If the service needs it, ServiceUnhealthy fires as well and hides this one.",
                    "`curl http://<instance>/health` for the message; reach the dependency from the same host.",
                    "Restore it. Orders that could not be stored were refused with 503, none was half written.",
                )
                .fires("10m", &[("instance", "a"), ("job", "x"), ("name", "database")], &[(r#"health_dependency_up{job="x",instance="a",name="database"}"#, "0x20")])
                .silent("10m", &[(r#"health_dependency_up{job="x",instance="a",name="database"}"#, "1x20")]),
            Alert::new("ServiceRestarting", Critical, "changes(process_start_time_seconds[15m]) > 2")
                .pending("0s")
                .keep("15m")
                .says("{{ $labels.job }} {{ $labels.instance }} restarts again and again", "{{ $labels.job }} {{ $labels.instance }} 반복 재시작")
                .runbook(
                    "Three or more restarts within 15 minutes: a crash loop.",
                    "The last log lines before each start; exit code 2 is a wrong configuration, 137 the out-of-memory killer.",
                    "Roll back the last change. Stop the restarts if every start leaves work half done outside.",
                )
                .fires("10m", HERE, &[(r#"process_start_time_seconds{job="x",instance="a"}"#, "100x2 200x2 300x2 400x10")])
                .silent("10m", &[(r#"process_start_time_seconds{job="x",instance="a"}"#, "100x5 200x10")]),
            Alert::new("HighErrorRate", Critical, "sum without (error_type, severity) (rate(errors_total[5m])) > 10")
                .says("High error rate detected on {{ $labels.job }} {{ $labels.instance }}", "{{ $labels.job }} {{ $labels.instance }} 오류율 높음")
                .runbook(
                    "More than ten errors a second, all types together, for five minutes.",
                    "Panel *Errors by type*; then the log at that time: lines with `metric_type=\"error\"` (their `error_type` is the name of the Rust type, not the panel's), and the access lines of the failing routes.",
                    "If it began with a release, roll back. If one type stands out, its dependency is the place to look.",
                )
                .fires("15m", HERE, &[(r#"errors_total{job="x",instance="a",error_type="database",severity="error"}"#, "0+400x30"), (r#"errors_total{job="x",instance="a",error_type="broker",severity="error"}"#, "0+400x30")])
                .silent("15m", &[(r#"errors_total{job="x",instance="a",error_type="database",severity="error"}"#, "0+500x30")]),
            Alert::new("HighLatency", Warning, format!(
                    "histogram_quantile(0.99, {}) > 1",
                    over("endpoint, exported_endpoint, method", "rate(http_request_duration_seconds_bucket[5m])"),
                ))
                .pending("10m")
                .keep("5m")
                .says("1 % of the requests to {{ $labels.job }} take longer than a second", "{{ $labels.job }} 요청의 1 %가 1초 넘게 걸림")
                .runbook(
                    "The 99th percentile of the users' requests is above one second.",
                    "Panels *Latency by route (p95)*, *Query time (p95)*, *In flight*, *CPU*.",
                    "A slow database shows in the query time; saturation in the requests in flight. Scale out or mend the query.",
                )
                .fires("20m", super::JOB, &[(r#"http_request_duration_seconds_bucket{job="x",instance="a",endpoint="/trade",method="POST",le="1.0"}"#, "0+10x40"), (r#"http_request_duration_seconds_bucket{job="x",instance="a",endpoint="/trade",method="POST",le="2.5"}"#, "0+100x40"), (r#"http_request_duration_seconds_bucket{job="x",instance="a",endpoint="/trade",method="POST",le="+Inf"}"#, "0+100x40")])
                .silent("20m", &[(r#"http_request_duration_seconds_bucket{job="x",instance="a",endpoint="/trade",method="POST",le="0.5"}"#, "0+100x40"), (r#"http_request_duration_seconds_bucket{job="x",instance="a",endpoint="/trade",method="POST",le="+Inf"}"#, "0+100x40")])
                // Somebody has the console open and changes the page each minute.
                .silent("20m", &[(r#"http_request_duration_seconds_bucket{job="x",instance="a",endpoint="/trade",method="POST",le="0.5"}"#, "0+60x40"), (r#"http_request_duration_seconds_bucket{job="x",instance="a",endpoint="/trade",method="POST",le="+Inf"}"#, "0+60x40"), (r#"bongsu_http_requests_total{job="x",instance="a",endpoint="/console/events",method="GET",status="200"}"#, "0+1x40")])
                // Scraped with the labels of the Prometheus Operator.
                .fires("20m", super::JOB, &[(r#"http_request_duration_seconds_bucket{job="x",instance="a",endpoint="http",exported_endpoint="/trade",method="POST",le="1.0"}"#, "0+10x40"), (r#"http_request_duration_seconds_bucket{job="x",instance="a",endpoint="http",exported_endpoint="/trade",method="POST",le="2.5"}"#, "0+100x40"), (r#"http_request_duration_seconds_bucket{job="x",instance="a",endpoint="http",exported_endpoint="/trade",method="POST",le="+Inf"}"#, "0+100x40")]),
            Alert::new("PanicsCaught", Warning, "increase(http_panics_total[15m]) > 0")
                .pending("0s")
                .says("{{ $labels.job }} {{ $labels.instance }} panicked while answering", "{{ $labels.job }} {{ $labels.instance }} 요청 처리 중 패닉")
                .runbook(
                    "A request handler panicked. Its client got a 500, the service lives on.",
                    "The log has the message, the place and the request id.",
                    "It is a bug: file it with the log line. Look whether the request left something half done.",
                )
                .fires("10m", HERE, &[(r#"http_panics_total{job="x",instance="a"}"#, "0x5 1x10")])
                .silent("10m", &[(r#"http_panics_total{job="x",instance="a"}"#, "3x20")]),
        ],
    )
}
