//! Small pieces of PromQL, so that every panel selects and rates in the same way.
//!
//! ```
//! use bongsu_dashboards::promql::{rate, sum};
//!
//! assert_eq!(
//!     sum(&["status"], &rate("http_requests_total", "")),
//!     r#"sum by (status) (rate(http_requests_total{job=~"$job",instance=~"$instance"}[$__rate_interval]))"#,
//! );
//! ```

/// Matchers that every panel carries: the dashboard's variables.
pub const SCOPE: &str = r#"job=~"$job",instance=~"$instance""#;

/// A metric of the chosen services; `more` are further matchers, or nothing.
#[must_use]
pub fn of(metric: &str, more: &str) -> String {
    if more.is_empty() {
        format!("{metric}{{{SCOPE}}}")
    } else {
        format!("{metric}{{{SCOPE},{more}}}")
    }
}

/// The same with the service's own `endpoint` where the scraper has a label of that name: the targets of the
/// Prometheus Operator do, and what the service exports is `exported_endpoint` then.
#[must_use]
pub fn routes(inner: &str) -> String {
    format!(r#"label_replace({inner}, "endpoint", "$1", "exported_endpoint", "(.+)")"#)
}

/// A counter's growth a second.
#[must_use]
pub fn rate(metric: &str, more: &str) -> String {
    format!("rate({}[$__rate_interval])", of(metric, more))
}

/// A counter's growth over the time that the dashboard shows.
#[must_use]
pub fn growth(metric: &str, more: &str) -> String {
    format!("increase({}[$__range])", of(metric, more))
}

/// A counter's growth between two points, which no restart lowers.
#[must_use]
pub fn step(metric: &str, more: &str) -> String {
    format!("increase({}[$__rate_interval])", of(metric, more))
}

/// What is asked, without the series that only keeps a family's place: its labels are all `other` and
/// nothing was counted under it.
#[must_use]
pub fn named(by: &[&str], metric: &str, ask: impl Fn(&str, &str) -> String) -> String {
    let place = by
        .first()
        .map_or(String::new(), |label| format!("{label}=\"other\""));
    let (all, place) = (sum(by, &ask(metric, "")), sum(by, &ask(metric, &place)));
    format!("{all} unless {place} == 0")
}

/// `sum`, or `sum by (…)`.
#[must_use]
pub fn sum(by: &[&str], inner: &str) -> String {
    if by.is_empty() {
        format!("sum({inner})")
    } else {
        format!("sum by ({}) ({inner})", by.join(", "))
    }
}

/// The part of the whole; 0, not nothing, when the part has no series yet.
#[must_use]
pub fn share(by: &[&str], part: &str, whole: &str) -> String {
    let (part, whole) = (sum(by, part), sum(by, whole));
    format!("({part} or 0 * {whole}) / {whole}")
}

/// A quantile of a histogram, over all its series that share `by`.
#[must_use]
pub fn quantile(q: &str, by: &[&str], histogram: &str, more: &str) -> String {
    let labels = [&["le"], by].concat();
    let buckets = rate(&format!("{histogram}_bucket"), more);
    format!("histogram_quantile({q}, {})", sum(&labels, &buckets))
}

/// A panel's query as Prometheus sees it: Grafana's variables filled in.
#[must_use]
pub fn filled_in(expr: &str, range: &str) -> String {
    expr.replace("$__rate_interval", range)
        .replace("$__range", range)
        .replace("$__interval", range)
        .replace("$job", ".+")
        .replace("$instance", ".+")
        .replace("$symbol", ".+")
}

/// A quantile of a histogram by route.
#[must_use]
pub fn route_quantile(q: &str, histogram: &str) -> String {
    let buckets = routes(&rate(&format!("{histogram}_bucket"), ""));
    format!(
        "histogram_quantile({q}, {})",
        sum(&["le", "endpoint"], &buckets)
    )
}
