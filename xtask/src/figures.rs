//! The README's table of figures, taken from BENCHMARKS.md, so that the two cannot differ.

use std::fmt::Write as _;

use crate::{bench, run::Failure};

/// What was measured, in words with a `{}` for each figure, and the figures: area and name.
type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Where a peer is better, that is a row too.
const ROWS: &[Row] = &[
    (
        "recording an HTTP request: counter, duration, two sizes",
        "{} × cheaper than `prometheus`, {} × than `prometheus-client`, {} × than `metrics-exporter-prometheus`, {} × than OpenTelemetry, {} × than its instruments bound to their labels ahead",
        &[
            ("metrics", "http_vs_prometheus"),
            ("metrics", "http_vs_prometheus_client"),
            ("metrics", "http_vs_exporter"),
            ("metrics", "http_vs_opentelemetry"),
            ("metrics", "http_vs_opentelemetry_bound"),
        ],
    ),
    (
        "rendering a page of 100,000 lines",
        "{} × cheaper than `metrics-exporter-prometheus`, {} × than `prometheus`, {} × than `prometheus-client`",
        &[
            ("metrics", "scrape_100k_vs_exporter"),
            ("metrics", "scrape_100k_vs_prometheus"),
            ("metrics", "scrape_100k_vs_prometheus_client"),
        ],
    ),
    (
        "memory of 100,000 series, rendered twice",
        "{} MiB; `prometheus` {}, `metrics-exporter-prometheus` {}, `prometheus-client` {}, `measured` {}",
        &[
            ("metrics", "rss_100k_mib"),
            ("metrics", "rss_100k_prometheus_mib"),
            ("metrics", "rss_100k_exporter_mib"),
            ("metrics", "rss_100k_prometheus_client_mib"),
            ("metrics", "rss_100k_measured_mib"),
        ],
    ),
    (
        "one add to a counter that is held",
        "{} × cheaper than `prometheus`, {} × than `prometheus-client`, {} × than `measured`, {} × than `metrics-exporter-prometheus`, {} × than OpenTelemetry's bound ones",
        &[
            ("metrics", "counter_held_vs_prometheus"),
            ("metrics", "counter_held_vs_prometheus_client"),
            ("metrics", "counter_held_vs_measured"),
            ("metrics", "counter_held_vs_exporter"),
            ("metrics", "counter_held_vs_opentelemetry"),
        ],
    ),
    (
        "one add to a counter found by three labels; below 1, the peer is cheaper",
        "{} × cheaper than `prometheus`, {} × than `prometheus-client`, {} × than `measured`, {} × than `metrics-exporter-prometheus`, {} × than OpenTelemetry",
        &[
            ("metrics", "counter_3_labels_vs_prometheus"),
            ("metrics", "counter_3_labels_vs_prometheus_client"),
            ("metrics", "counter_3_labels_vs_measured"),
            ("metrics", "counter_3_labels_vs_exporter"),
            ("metrics", "counter_3_labels_vs_opentelemetry"),
        ],
    ),
    (
        "a JSON log line within two spans",
        "{} × cheaper than `tracing-subscriber`'s, {} × than `json-subscriber`, {} × than `slog-json`; {} allocations",
        &[
            ("logging", "event_vs_fmt_json"),
            ("logging", "event_vs_json_subscriber"),
            ("logging", "event_vs_slog_json"),
            ("logging", "event_allocs"),
        ],
    ),
    (
        "a log file, all threads together",
        "{} × cheaper than `tracing-subscriber` to the same file",
        &[("logging", "file_total_vs_fmt_json")],
    ),
    (
        "one sample of host and process",
        "{} × cheaper than `sysinfo` tuned for it, {} × than Python's `psutil`; {} × the bare system calls",
        &[
            ("resources", "sample_vs_sysinfo_tuned"),
            ("resources", "sample_vs_psutil"),
            ("resources", "sample_vs_floor"),
        ],
    ),
    (
        "`/health`, the ready-made router",
        "{} × a route that answers with a constant",
        &[("health", "health_router_vs_static")],
    ),
    (
        "check runs that 1,000 probes at once cause",
        "{}",
        &[("health", "probe_storm_check_runs")],
    ),
    (
        "acknowledged alerts lost over rounds of `kill -9`",
        "{}",
        &[("alerts", "kill9_lost")],
    ),
    (
        "99th percentile of a durable `send_alert` while every channel hangs",
        "{} × of the same with healthy channels",
        &[("alerts", "send_p99_hang_vs_healthy")],
    ),
    (
        "peak memory of a process that sent a million distinct alerts",
        "{} MiB",
        &[("alerts", "storm_1m_distinct_rss_mib")],
    ),
    (
        "positions and profit rebuilt from 5 million fills",
        "{} × reading the rows alone; {} MiB at the peak",
        &[
            ("reports", "replay_5m_vs_raw_read"),
            ("reports", "replay_5m_peak_rss_mib"),
        ],
    ),
    (
        "requests a second under the whole middleware",
        "{} of the bare route's; 99th percentile {} × of its",
        &[("axum", "throughput_vs_bare"), ("axum", "p99_vs_bare")],
    ),
    (
        "CPU time that the whole middleware adds to a request",
        "{} ns; `axum-prometheus` with `tower-http` and `fmt().json()` {} ns",
        &[
            ("axum", "overhead_ns_per_request"),
            ("axum", "overhead_ns_per_request_peers"),
        ],
    ),
];

/// The table. An area that BENCHMARKS.md does not have yet has no row; a figure that is missing from
/// an area that is there is a mistake.
pub(crate) fn table() -> Result<String, Failure> {
    let areas = bench::sections();
    let mut out = "| measured | result |\n|---|---|\n".to_owned();
    for (what, words, figures) in ROWS {
        let mut told = (*words).to_owned();
        let mut measured = true;
        for (area, name) in *figures {
            let Some(section) = areas.get(*area) else {
                measured = false;
                break;
            };
            let value = value(section, name).ok_or_else(|| {
                Failure(format!(
                    "BENCHMARKS.md has no figure `{name}` under {area}: see xtask/src/figures.rs"
                ))
            })?;
            told = told.replacen("{}", &short(&value), 1);
        }
        if measured {
            let _ = writeln!(out, "| {what} | {told} |");
        }
    }
    Ok(out)
}

fn value(section: &str, name: &str) -> Option<String> {
    let start = format!("| `{name}` | ");
    let line = section.lines().find_map(|line| line.strip_prefix(&start))?;
    Some(line.trim_end_matches(" |").trim().to_owned())
}

/// At most three digits that mean something: a ratio of two medians has no more.
fn short(value: &str) -> String {
    let Ok(number) = value.parse::<f64>() else {
        return value.to_owned();
    };
    let decimals = match number.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits() {
        for (value, want) in [
            ("104.364", "104"),
            ("55.444", "55.4"),
            ("1.059", "1.06"),
            ("0", "0"),
            ("0.000", "0"),
            ("200.0", "200"),
            ("20.01", "20"),
            ("unknown", "unknown"),
        ] {
            assert_eq!(short(value), want);
        }
    }

    #[test]
    fn a_figure_is_found_by_its_whole_name() {
        let section =
            "| `http_vs_prometheus_client` | 17.533 |\n| `http_vs_prometheus` | 12.413 |\n";
        assert_eq!(
            value(section, "http_vs_prometheus").as_deref(),
            Some("12.413")
        );
        assert_eq!(value(section, "http_vs"), None);
    }

    #[test]
    fn every_row_has_a_place_for_each_figure() {
        for (what, words, figures) in ROWS {
            assert_eq!(words.matches("{}").count(), figures.len(), "{what}");
        }
    }
}
