//! Grafana dashboards, Prometheus rules, runbooks and the page of metrics, written by code from the
//! metric catalogue.
//!
//! [`documents`] gives every generated file; [`check::findings`] compares them with a checkout and says
//! which file, which panel or rule, and why.
//!
//! ```
//! let documents = bongsu_dashboards::documents();
//! let dashboard = documents.iter().find(|d| d.path.ends_with("trading-metrics.json"));
//! assert!(dashboard.is_some_and(|d| d.text.contains("portfolio_drawdown_percent")));
//! ```

pub mod check;
pub mod grafana;
pub mod lint;
mod metrics;
pub mod promql;
pub mod receiver;
pub mod rule;
mod rules;
mod runbooks;
mod spec;
mod system;
pub mod text;
mod trading;
mod yaml;

pub use rules::groups;
pub use text::Language;

/// The folder of the dashboards, under the repository's root.
pub const DASHBOARDS: &str = "docker/grafana/dashboards";
/// The folder of the rules; their tests are in its folder `tests`, where Prometheus does not look.
pub const RULES: &str = "docker/prometheus/rules";

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Under the repository's root.
    pub path: String,
    /// The whole content.
    pub text: String,
}

/// Every generated file, in a fixed order.
#[must_use]
pub fn documents() -> Vec<Document> {
    let mut documents = Vec::new();
    for language in [Language::English, Language::Korean] {
        for dashboard in dashboards(language) {
            let name = dashboard.file_name();
            documents.push(Document {
                path: format!("{DASHBOARDS}/{name}"),
                text: dashboard.to_json(),
            });
        }
    }
    for group in groups() {
        documents.push(Document {
            path: format!("{RULES}/{}.yml", group.name),
            text: group.to_yaml(),
        });
        documents.push(Document {
            path: format!("{RULES}/tests/{}.yml", group.name),
            text: group.tests_to_yaml(),
        });
    }
    documents.push(Document {
        path: "docs/runbooks.md".to_owned(),
        text: runbooks::page(&groups()),
    });
    documents.push(Document {
        path: "docs/metrics.md".to_owned(),
        text: metrics::page(),
    });
    documents
}

/// The dashboards in one language.
#[must_use]
pub fn dashboards(language: Language) -> Vec<grafana::Dashboard> {
    vec![
        system::dashboard(language),
        trading::dashboard(language),
        system::glance(language),
    ]
}
