//! Databases and caches.

use super::{JOB, over};
use crate::rule::{Alert, Group, Severity::Critical, Severity::Warning};

const QUERY: &str =
    r#"database_queries_total{job="x",instance="a",operation="INSERT",table="trades",status="#;

pub(super) fn group() -> Group {
    let failed = format!(r#"{QUERY}"error"}}"#);
    let fine = format!(r#"{QUERY}"success"}}"#);
    let bucket = |le: &str| {
        format!(
            r#"database_query_duration_seconds_bucket{{job="x",instance="a",operation="SELECT",table="trades",le="{le}"}}"#
        )
    };
    let (half, five, all) = (bucket("0.5"), bucket("5.0"), bucket("+Inf"));
    let misses = over("", "rate(cache_misses_total[10m])");
    let hits = over("", "rate(cache_hits_total[10m])");
    Group::new(
        "stores",
        "Databases and caches as the services see them.",
        vec![
            Alert::new("DatabaseErrors", Critical, format!(
                    "{} / {} > 0.05",
                    over("operation, status, table", r#"rate(database_queries_total{status!~"success|ok"}[5m])"#),
                    over("operation, status, table", "rate(database_queries_total[5m])"),
                ))
                .keep("5m")
                .says("More than 5 % of the queries of {{ $labels.job }} fail", "{{ $labels.job }} 쿼리 5 % 이상 실패")
                .runbook(
                    "More than one query in twenty fails.",
                    "*Failing queries* by operation; the log's `database` errors; disk space and locks of the database.",
                    "Restore the database. Orders are refused meanwhile, not lost.",
                )
                .fires("15m", JOB, &[(&failed, "0+10x40"), (&fine, "0+90x40")])
                .silent("15m", &[(&failed, "0+1x40"), (&fine, "0+99x40")]),
            Alert::new("DatabaseSlow", Warning, format!(
                    "histogram_quantile(0.95, {}) > 0.5",
                    over("operation, table", "rate(database_query_duration_seconds_bucket[5m])"),
                ))
                .pending("10m")
                .keep("5m")
                .says("5 % of the queries of {{ $labels.job }} take longer than half a second", "{{ $labels.job }} 쿼리의 5 %가 0.5초 넘게 걸림")
                .runbook(
                    "The 95th percentile of query time is above 0.5 s.",
                    "*Query time (p95)* by operation and table; locks; a missing index after a release; the disk.",
                    "Mend the query or index; reduce load.",
                )
                .fires("20m", JOB, &[(&half, "0+50x40"), (&five, "0+100x40"), (&all, "0+100x40")])
                .silent("20m", &[(&half, "0+100x40"), (&five, "0+100x40"), (&all, "0+100x40")]),
            Alert::new("CacheMisses", Warning, format!("{misses} / ({hits} + {misses}) > 0.5 and {misses} > 1"))
                .pending("15m")
                .says("The cache {{ $labels.cache_name }} of {{ $labels.job }} misses more than it hits", "{{ $labels.job }} 캐시 {{ $labels.cache_name }} 적중률 50 % 미만")
                .runbook(
                    "More than half of the look-ups miss, at more than one a second.",
                    "*Cache hits*; was the cache emptied or restarted, or did its keys change with a release?",
                    "Let it warm up after a restart; otherwise look at size, expiry and keys.",
                )
                .fires("30m", &[("cache_name", "prices"), ("job", "x")], &[(r#"cache_misses_total{job="x",instance="a",cache_name="prices"}"#, "0+600x60"), (r#"cache_hits_total{job="x",instance="a",cache_name="prices"}"#, "0+60x60")])
                .silent("30m", &[(r#"cache_misses_total{job="x",instance="a",cache_name="prices"}"#, "0+60x60"), (r#"cache_hits_total{job="x",instance="a",cache_name="prices"}"#, "0+600x60")]),
        ],
    )
}
