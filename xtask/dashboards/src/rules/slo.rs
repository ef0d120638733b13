//! The objective: 99.9 % of the users' requests are answered without a 5xx, over 30 days.
//!
//! Burn rates and windows are those of chapter 5 of Google's *Site Reliability Workbook*: 14.4 times
//! for an hour is 2 % of the month's budget, 6 times for six hours is 5 %; the short window ends the
//! alert soon after the trouble.

use super::{JOB, over};
use crate::rule::{Alert, Group, Severity::Critical, Severity::Warning};

const WINDOWS: [(&str, &str); 4] = [
    ("job:http_errors:ratio_rate5m", "5m"),
    ("job:http_errors:ratio_rate30m", "30m"),
    ("job:http_errors:ratio_rate1h", "1h"),
    ("job:http_errors:ratio_rate6h", "6h"),
];

/// The labels of a request.
const REQUEST: &str = "endpoint, exported_endpoint, method, status";

const GOOD: &str =
    r#"http_requests_total{job="x",instance="a",endpoint="/trade",method="POST",status="200"}"#;
const BAD: &str =
    r#"http_requests_total{job="x",instance="a",endpoint="/trade",method="POST",status="503"}"#;
const RELABELLED_GOOD: &str = r#"http_requests_total{job="x",instance="a",endpoint="http",exported_endpoint="/trade",method="POST",status="200"}"#;
const RELABELLED_BAD: &str = r#"http_requests_total{job="x",instance="a",endpoint="http",exported_endpoint="/trade",method="POST",status="503"}"#;
const PROBE: &str = r#"bongsu_http_requests_total{job="x",instance="a",endpoint="/ready",method="GET",status="503"}"#;

pub(super) fn group() -> Group {
    let ratio = |window: &str| {
        let all = over(REQUEST, &format!("rate(http_requests_total[{window}])"));
        let bad = over(
            REQUEST,
            &format!("rate(http_requests_total{{status=~\"5..\"}}[{window}])"),
        );
        format!("({bad} or 0 * {all}) / {all}")
    };
    // A handful of failures among few requests is not worth a page.
    let enough = |window: &str| {
        let failed = format!("increase(http_requests_total{{status=~\"5..\"}}[{window}])");
        format!("and {} > 5", over(REQUEST, &failed))
    };
    let mut group = Group::new(
        "slo",
        "The objective is that 99.9 % of the users' requests are answered without a 5xx over 30 days. \
         Probes, scrapes and the console do not count. These alerts say how fast the month's error budget (0.1 %) is used up.",
        vec![
            Alert::new(
                "ErrorBudgetBurnFast",
                Critical,
                format!("job:http_errors:ratio_rate1h > 14.4 * 0.001 and job:http_errors:ratio_rate5m > 14.4 * 0.001 {}", enough("1h")),
            )
            .pending("2m")
            .says("{{ $labels.job }} uses its error budget 14 times too fast", "{{ $labels.job }} 오류 예산 급속 소진(14배 이상)")
            .runbook(
                "At this rate the month's error budget is gone in two days; 2 % of it went within the last hour.",
                "Panels *Failing requests by route* and *Errors by type*.",
                "Treat it as an outage: roll back the last release, or take the failing route out of use.",
            )
            .fires("90m", JOB, &[(GOOD, "0+95x200"), (BAD, "0+5x200")])
            .silent("90m", &[(GOOD, "0+999x200"), (BAD, "0+1x200")])
            // Over: the hour still looks bad, the last five minutes do not.
            .silent("120m", &[(GOOD, "0+100x200"), (BAD, "0+5x105 525x100")])
            // Unready on purpose while draining.
            .silent("90m", &[(GOOD, "0+10x200"), (PROBE, "0+60x200")])
            // Scraped with the labels of the Prometheus Operator.
            .fires("90m", JOB, &[(RELABELLED_GOOD, "0+95x200"), (RELABELLED_BAD, "0+5x200")])
            // Two failures at night.
            .silent("90m", &[(GOOD, "0x60 1 2 3 4 5 5x150"), (BAD, "0x80 1 2 2x150")]),
            Alert::new(
                "ErrorBudgetBurnSlow",
                Warning,
                format!("job:http_errors:ratio_rate6h > 6 * 0.001 and job:http_errors:ratio_rate30m > 6 * 0.001 {}", enough("6h")),
            )
            .pending("15m")
            .says("{{ $labels.job }} uses its error budget 6 times too fast", "{{ $labels.job }} 오류 예산 소진 빠름(6배 이상)")
            .runbook(
                "At this rate the month's error budget is gone in five days.",
                "Panels *Failing requests by route* and *Errors by type* over the last day.",
                "Find the cause today; hold back releases until the budget recovers.",
            )
            .fires("7h", JOB, &[(GOOD, "0+99x500"), (BAD, "0+1x500")])
            .silent("7h", &[(GOOD, "0+997x500"), (BAD, "0+3x500")]),
        ],
    );
    group.recorded = WINDOWS
        .iter()
        .map(|(name, window)| (*name, ratio(window)))
        .collect();
    group
}
