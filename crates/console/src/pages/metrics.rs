//! Every metric with what it says now.

use askama::Template;

use super::{Chrome, Place, rendered};
use crate::{Lang, MetricFamily, OpsError, format};

/// The page: the families whose name or help contains `text`, whatever the case.
#[must_use]
pub fn page(chrome: &Chrome, text: &str, found: &Result<Vec<MetricFamily>, OpsError>) -> String {
    let wanted = text.to_lowercase();
    let matches = |family: &&MetricFamily| {
        family.name.to_lowercase().contains(&wanted) || family.help.to_lowercase().contains(&wanted)
    };
    rendered(&Page {
        c: chrome.at(Place::Metrics),
        l: chrome.lang,
        text,
        open: !text.is_empty(),
        rows: found
            .as_ref()
            .map(|all| all.iter().filter(matches).map(row).collect())
            .map_err(ToString::to_string),
    })
}

#[derive(Template)]
#[template(path = "metrics.html")]
struct Page<'a> {
    c: Chrome,
    l: Lang,
    text: &'a str,
    open: bool,
    rows: Result<Vec<Row<'a>>, String>,
}

struct Row<'a> {
    family: &'a MetricFamily,
    labels: String,
    samples: Vec<(String, String)>,
    /// The value, when it is the only one.
    only: Option<String>,
}

fn row(family: &MetricFamily) -> Row<'_> {
    let samples: Vec<_> = family
        .samples
        .iter()
        .map(|sample| {
            let mut name = sample.suffix.clone();
            if !sample.labels.is_empty() {
                let labels = sample.labels.iter();
                let labels: Vec<_> = labels.map(|(k, v)| format!("{k}=\"{v}\"")).collect();
                name.push_str(&format!("{{{}}}", labels.join(", ")));
            }
            (name, format::sample(sample.value))
        })
        .collect();
    let only = match &samples[..] {
        [(_, value)] if family.omitted == 0 => Some(value.clone()),
        _ => None,
    };
    Row {
        labels: family.labels.join(", "),
        family,
        samples,
        only,
    }
}
