//! Every expression, parsed: it names metrics and labels of the catalogue only.

use bongsu_dashboards::{Language, dashboards, groups, promql::filled_in};
use bongsu_metrics::{Kind, catalog::CATALOG};
use promql_parser::{
    parser::{Expr, LabelModifier, VectorSelector, parse},
    util::{ExprVisitor, walk_expr},
};

use crate::support::read;

/// Where an expression stands, and the expression.
pub(crate) fn panels() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for dashboard in dashboards(Language::English) {
        for panel in dashboard.panels {
            for target in panel.targets {
                let place = format!("{} / {}", dashboard.title, panel.title);
                all.push((place, target.expr));
            }
        }
    }
    all
}

fn rules() -> Vec<(String, String)> {
    let groups = groups();
    let recorded = groups
        .iter()
        .flat_map(|g| &g.recorded)
        .map(|(n, e)| ((*n).to_owned(), e.clone()));
    let alerts = groups
        .iter()
        .flat_map(|g| &g.alerts)
        .map(|a| (a.name.to_owned(), a.expr.clone()));
    recorded.chain(alerts).collect()
}

/// The questions of docs/metrics.md, one a line.
fn examples() -> Vec<(String, String)> {
    let page = read("docs/metrics.md");
    let blocks = page.split("```promql\n").skip(1);
    let lines = blocks
        .filter_map(|block| block.split("```").next())
        .flat_map(str::lines);
    let questions = lines.filter(|line| !line.starts_with('#'));
    let all: Vec<_> = questions
        .map(|line| ("docs/metrics.md".to_owned(), line.to_owned()))
        .collect();
    assert!(all.len() > 5, "only {} seen", all.len());
    all
}

#[derive(Default)]
struct Seen {
    selectors: Vec<VectorSelector>,
    grouped: Vec<String>,
}

impl ExprVisitor for Seen {
    type Error = String;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, String> {
        match expr {
            Expr::VectorSelector(selector) => self.selectors.push(selector.clone()),
            Expr::MatrixSelector(matrix) => self.selectors.push(matrix.vs.clone()),
            Expr::Aggregate(aggregate) => {
                if let Some(LabelModifier::Include(labels)) = &aggregate.modifier {
                    self.grouped.extend(labels.labels.iter().cloned());
                }
            }
            _ => {}
        }
        Ok(true)
    }
}

fn seen(place: &str, expr: &str) -> Seen {
    let parsed =
        parse(&filled_in(expr, "5m")).unwrap_or_else(|error| panic!("{place}: {expr}: {error}"));
    let mut seen = Seen::default();
    walk_expr(&mut seen, &parsed).unwrap();
    seen
}

/// Labels of a metric, without those that the scrape adds; none when nobody exports it.
fn labels(metric: &str) -> Option<Vec<&'static str>> {
    match metric {
        "up" => return Some(Vec::new()),
        "ALERTS" => return Some(vec!["alertname", "alertstate", "severity"]),
        _ => {}
    }
    if groups()
        .iter()
        .flat_map(|g| &g.recorded)
        .any(|(name, _)| *name == metric)
    {
        return Some(Vec::new());
    }
    CATALOG.iter().find_map(|family| {
        let mut labels = family.labels.to_vec();
        match (family.kind, metric.strip_prefix(family.name)?) {
            (Kind::Histogram, "_bucket") => labels.push("le"),
            (Kind::Histogram, "_sum" | "_count") => {}
            (Kind::Counter | Kind::Gauge, "") => {}
            _ => return None,
        }
        Some(labels)
    })
}

#[test]
fn only_metrics_and_labels_of_the_catalogue_are_named() {
    for (place, expr) in panels().into_iter().chain(rules()).chain(examples()) {
        let seen = seen(&place, &expr);
        let mut known = vec!["job", "instance"];
        for selector in &seen.selectors {
            let metric = selector
                .name
                .as_deref()
                .unwrap_or_else(|| panic!("{place}: no name in {expr}"));
            let own = labels(metric).unwrap_or_else(|| panic!("{place}: nobody exports {metric}"));
            for matcher in &selector.matchers.matchers {
                let scraped = ["job", "instance"].contains(&matcher.name.as_str());
                assert!(
                    scraped || own.contains(&matcher.name.as_str()),
                    "{place}: {metric} has no label {}",
                    matcher.name
                );
            }
            known.extend(own);
        }
        for label in &seen.grouped {
            assert!(
                known.contains(&label.as_str()),
                "{place}: nothing has the label {label}"
            );
        }
    }
}

#[test]
fn every_panel_asks_for_the_chosen_services() {
    for (place, expr) in panels() {
        for selector in seen(&place, &expr).selectors {
            let metric = selector.name.as_deref().unwrap();
            let has = |name: &str| selector.matchers.matchers.iter().any(|m| m.name == name);
            assert!(has("job"), "{place}: {metric} without job");
            // Neither alerts nor what is recorded by job has an instance.
            let joint = metric == "ALERTS" || metric.contains(':');
            assert!(
                joint || has("instance"),
                "{place}: {metric} without instance"
            );
        }
    }
}

#[test]
fn no_gauge_is_rated() {
    for (place, expr) in panels().into_iter().chain(rules()).chain(examples()) {
        for (function, rest) in expr
            .match_indices("rate(")
            .map(|(at, f)| (f, &expr[at + f.len()..]))
        {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            let gauge = CATALOG
                .iter()
                .any(|f| f.name == name && f.kind == Kind::Gauge);
            assert!(!gauge, "{place}: {function}) of the gauge {name}");
        }
    }
}

#[test]
fn every_family_that_matters_is_asked_for() {
    // Catalogue entries that no panel shows, each with a reason.
    let unseen = [
        "process_cpu_percent",
        "process_memory_percent",
        "process_memory_bytes",
        // What bongsu serves for itself: neither traffic nor part of an objective.
        "bongsu_http_requests_total",
        // An operator's own doing: the console marks it in its trends.
        "service_maintenance",
        // Shown as a share, or by what they lead to.
        "container_cpu_limit_cores",
        "container_cpu_throttled_periods_total",
        "container_cpu_throttled_seconds_total",
        "container_pressure_stalled_seconds_total",
        "system_pressure_stalled_seconds_total",
        "system_swap_total_bytes",
    ];
    let all: String = panels().into_iter().map(|(_, expr)| expr + "\n").collect();
    for family in CATALOG {
        let shown = all.contains(family.name);
        assert_eq!(shown, !unseen.contains(&family.name), "{}", family.name);
    }
}
