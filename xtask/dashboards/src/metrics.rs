//! `docs/metrics.md`: the catalogue as a table, and how to ask for what is in it.

use bongsu_metrics::catalog;

const HEAD: &str = "\
<!-- Written by `cargo xtask dashboards`; edit xtask/dashboards instead. -->
# Metrics

What a service exports at `/metrics` of itself. Metrics of your own stand on the same page: registered
with their help (`register_counter` and its kin), recorded by name (`record_business_metric`), or by the
macros of the `metrics` crate.

- Prometheus adds `job` and `instance` to each.
- A histogram is `<name>_bucket` with the label `le`, `<name>_sum` and `<name>_count`.
- *Budget* is the most series of a family. A label value that would go past it is recorded under `other`
  and counted in `bongsu_metrics_overflow_total`.

";

const QUESTIONS: &str = r#"
## Asking

In Prometheus (*Query*), or in a panel of Grafana:

Of HTTP, `http_*` are the requests of the service's users. What bongsu serves for itself (probes, scrapes,
console, admin) is counted in `bongsu_http_requests_total` alone. Prometheus gives the targets of a
ServiceMonitor or PodMonitor a label `endpoint` of its own; the service's is `exported_endpoint` there.

```promql
# A counter is asked for its growth, never for its value. Requests of users a second, by route:
sum by (endpoint) (rate(http_requests_total{job="my-service"}[5m]))
# The part that failed; the `or` makes it 0, not nothing, while no request has:
(sum(rate(http_requests_total{status=~"5.."}[5m])) or 0 * sum(rate(http_requests_total[5m]))) / sum(rate(http_requests_total[5m]))
# What came together in a day:
sum by (symbol) (increase(trades_executed_total{status="filled"}[1d]))
# A quantile of a histogram keeps `le` in the sum:
histogram_quantile(0.95, sum by (le, endpoint) (rate(http_request_duration_seconds_bucket[5m])))
# A mean:
sum(rate(database_query_duration_seconds_sum[5m])) / sum(rate(database_query_duration_seconds_count[5m]))
# A gauge is taken as it is; of several instances the worst one, or their sum:
max by (job) (portfolio_drawdown_percent)
# As it was a day ago:
sum(portfolio_value_krw) - sum(portfolio_value_krw offset 1d)
```

The time in brackets is at least four scrapes, one minute at the interval of the stack; in a panel write
`[$__rate_interval]`, and `job=~"$job",instance=~"$instance"` for the dashboard's variables. `increase`
does not see the first sample of a new series: the rule RiskViolation shows what to do about it.

## Panels and rules of your own

The dashboards in the folder *Bongsu* are files (`allowUiUpdates: false`): what you change there in the
browser cannot be saved over them. Save a copy under another name; it is kept in Grafana's own volume, so
export it as JSON if it matters. A panel for everybody is written in `xtask/dashboards/src/system.rs` or
`trading.rs`; its tests refuse a metric or a label that nobody exports.

Rules of your own go into `docker/prometheus/rules.d`, one file a subject, checked by
`promtool check rules`; then `docker restart bongsu-prometheus-1`. Grafana's own alert rules (*Alerting*)
may be made beside Prometheus'. Grafana evaluates them and tells its own contact points: Alertmanager,
its routes and its inhibitions know nothing of them, and the tests here do not cover them.
"#;

pub(crate) fn page() -> String {
    format!("{HEAD}{}{QUESTIONS}", catalog::markdown_table())
}
