//! The monitoring itself.

use super::{EACH, HERE, JOB, grew, grew_over};
use crate::rule::{Alert, Group, Severity};
use Severity::{Critical, Warning};

/// Before today's close: 15:30 in Korea is 06:30 UTC. A report of today's session is never as old, and
/// an age would not do: by the end of the UTC day that of a good report is past twelve hours.
const BEFORE_CLOSE: &str = "< time() - time() % 86400 + 6.5 * 3600";
/// After the day's report was due (20:10 in Korea is 11:10 UTC), on a weekday.
const REPORT_DUE: &str = "and on () (day_of_week() > 0 < 6) and on () (hour() >= 12)";
/// When the last report was delivered.
const LAST_REPORT: &str = r#"report_last_success_timestamp_seconds{job="x",instance="a"}"#;

pub(super) fn group() -> Group {
    Group::new(
        "bongsu",
        "Whether the monitoring itself works: logs, alerts, reports, bounds.",
        vec![
            Alert::new("Watchdog", Severity::None, "vector(1)")
                .pending("1m")
                .says("Prometheus and Alertmanager work", "Prometheus와 Alertmanager 정상 동작")
                .runbook(
                    "Always fires. It is the dead man's switch: whoever receives it must shout when it stops.",
                    "If it stops arriving: Prometheus, then Alertmanager, then the network between.",
                    "Point Alertmanager's receiver `watchdog` at a service that expects a call every few minutes.",
                )
                .fires("5m", &[], &[])
                .silent("0m", &[]),
            Alert::new("LogsLost", Warning, grew("log_dropped_total", "10m"))
                .pending("0s")
                .keep("10m")
                .says("{{ $labels.job }} {{ $labels.instance }} loses log lines ({{ $labels.reason }})", "{{ $labels.job }} {{ $labels.instance }} 로그 유실({{ $labels.reason }})")
                .runbook(
                    "Log lines were dropped rather than holding up requests.",
                    "`reason`: a full queue means that the disk or the reader of standard output is too slow; a write error is a full disk or a right.",
                    "Make room on the disk, lower LOG_LEVEL, or mend the log shipper.",
                )
                .fires("20m", &[("instance", "a"), ("job", "x"), ("reason", "queue_full")], &[(r#"log_dropped_total{job="x",instance="a",reason="queue_full"}"#, "0x12 5x20")])
                .fires("20m", &[("instance", "a"), ("job", "x"), ("reason", "queue_full")], &[(r#"log_dropped_total{job="x",instance="a",reason="queue_full"}"#, "_x15 5x20")])
                .silent("30m", &[(r#"log_dropped_total{job="x",instance="a",reason="queue_full"}"#, "7x60")]),
            Alert::new("AlertDeliveryFailing", Critical, grew_over("outcome", r#"alerts_delivery_total{outcome="dead"}"#, "15m"))
                .pending("0s")
                .keep("15m")
                .says("{{ $labels.job }} gave up alerts for the channel {{ $labels.channel }}", "{{ $labels.job }}: 채널 {{ $labels.channel }} 경보 전달 포기")
                .runbook(
                    "The service's own alerts could not be delivered and were given up: a wrong credential, a channel that is gone, or a deadline that passed.",
                    "The log names each one that was given up (logger `bongsu_alerts`, \"an alert was given up\") with the reason; `/console/alerts` and `/admin/alerts/history` show every delivery; a test message through the same channel says in words what it answers.",
                    "Mend the channel, then replay the dead ones: `POST /admin/alerts/replay`.",
                )
                .fires("20m", &[("channel", "slack"), ("job", "x")], &[(r#"alerts_delivery_total{job="x",instance="a",channel="slack",outcome="dead"}"#, "_x12 1x20")])
                .fires("40m", &[("channel", "slack"), ("job", "x")], &[(r#"alerts_delivery_total{job="x",instance="a",channel="slack",outcome="dead"}"#, "1x30 2x20")])
                .silent("40m", &[(r#"alerts_delivery_total{job="x",instance="a",channel="slack",outcome="dead"}"#, "1x60"), (r#"alerts_delivery_total{job="x",instance="a",channel="slack",outcome="retried"}"#, "0+1x60")]),
            Alert::new("AlertsWaiting", Warning, "alerts_oldest_pending_seconds > 300")
                .keep("5m")
                .says("Alerts of {{ $labels.job }} {{ $labels.instance }} wait for more than five minutes", "{{ $labels.job }} {{ $labels.instance }} 경보 전달 5분 이상 지연")
                .runbook(
                    "An alert of the service's own has waited for more than five minutes: its channel is down or told it to wait.",
                    "*Deliveries by outcome*; which channel has `retried`?",
                    "Mend the channel. Nothing is lost until each alert's deadline passes.",
                )
                .fires("10m", HERE, &[(r#"alerts_oldest_pending_seconds{job="x",instance="a"}"#, "400x20")])
                .silent("10m", &[(r#"alerts_oldest_pending_seconds{job="x",instance="a"}"#, "20x20")]),
            // A restart forgets the gauge until the next report; Prometheus does not.
            Alert::new("ReportMissed", Warning, format!("max without ({EACH}) (last_over_time(report_last_success_timestamp_seconds[4d])) {BEFORE_CLOSE} {REPORT_DUE}"))
                .pending("30m")
                .says("The daily report of {{ $labels.job }} has not arrived", "{{ $labels.job }} 일일 보고서 미도착")
                .runbook(
                    "It is past 21:30 in Korea on a weekday and no report has reached its recipients since the close at 15:30. On an exchange holiday there is none: silence it for the day.",
                    "The log at that time (`report` in the `logger`): was the source database readable, did the channel answer? `GET /admin/reports/{date}/deliveries` says for each recipient.",
                    "Mend the cause; what failed is tried again. `POST /admin/reports/{date}/resend` sends the kept report once more to everybody, as it is. It computes nothing: `cargo xtask report send <date>`, with the service stopped, makes figures for a report that was kept without any, and with `--recompute` anew for any. The rule compares times: a service whose very first report never arrived is not seen, and with a BONGSU_REPORT_TIME later than 20:10 its hour is to be moved.",
                )
                // The last one was yesterday's, at 11:10 UTC (the cases begin on a Thursday at midnight).
                .fires("12h31m", JOB, &[(LAST_REPORT, "-46200x800")])
                .fires("23h50m", JOB, &[(LAST_REPORT, "-46200x1500")])
                .silent("12h20m", &[(LAST_REPORT, "-46200x800")])
                .silent("11h50m", &[(LAST_REPORT, "-46200x800")])
                // 09:50 in Korea, the morning after.
                .silent("24h50m", &[(LAST_REPORT, "-46200x1500")])
                // Today's was at 11:10 UTC, or soon after the close; a restart forgot yesterday's.
                .silent("13h", &[(LAST_REPORT, "-46200x669 40200x800")])
                .silent("23h50m", &[(LAST_REPORT, "-46200x669 40200x800")])
                .silent("23h50m", &[(LAST_REPORT, "_x399 24000x1100")])
                // Yesterday's was sent again this morning: that is not today's.
                .fires("13h", JOB, &[(LAST_REPORT, "-46200x99 6000x800")])
                // A restart forgot the last one.
                .fires("13h", JOB, &[(LAST_REPORT, "-46200x60 _x800")])
                // Friday's, on Saturday and on Monday; the service has been stopped since.
                .silent("61h", &[(LAST_REPORT, "_x2109 126600x9 _x5000")])
                .fires("109h", JOB, &[(LAST_REPORT, "_x2109 126600x9 _x5000")]),
            Alert::new("MetricsOverflow", Warning, grew_over("", "bongsu_metrics_overflow_total", "15m"))
                .pending("0s")
                .keep("15m")
                .says("{{ $labels.metric }} of {{ $labels.job }} has too many label values", "{{ $labels.job }} 지표 {{ $labels.metric }} 라벨 값 과다")
                .runbook(
                    "A metric reached its budget of series; further label values are counted under `other`.",
                    "Which label takes its values from outside: a path, an id, a client's text?",
                    "Take the value out of the label, or raise the budget if the set is truly bounded.",
                )
                .fires("20m", &[("job", "x"), ("metric", "errors_total")], &[(r#"bongsu_metrics_overflow_total{job="x",instance="a",metric="errors_total"}"#, "_x12 9x20")])
                .silent("40m", &[(r#"bongsu_metrics_overflow_total{job="x",instance="a",metric="errors_total"}"#, "9x60")]),
        ],
    )
}
