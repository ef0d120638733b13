//! What a name may be, and which sample names a family takes.

use crate::catalog::Kind;
use crate::error::MetricsError;

/// Longest metric or label name.
pub(crate) const MAX_NAME: usize = 200;

fn is_word(name: &str, colon: bool) -> bool {
    name.bytes().enumerate().all(|(i, b)| {
        b == b'_'
            || b.is_ascii_alphabetic()
            || (colon && b == b':')
            || (i > 0 && b.is_ascii_digit())
    })
}

/// Checks a metric name.
pub(crate) fn check_metric(name: &str) -> Result<(), MetricsError> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > MAX_NAME {
        "it is longer than 200 bytes"
    } else if !is_word(name, true) {
        "only ASCII letters, digits, `_` and `:` are allowed, no digit first"
    } else {
        return Ok(());
    };
    Err(MetricsError::IllegalName {
        name: name.to_owned(),
        reason,
    })
}

/// Checks a family's label names, given in alphabetical order.
pub(crate) fn check_labels(metric: &str, labels: &[&str]) -> Result<(), MetricsError> {
    for (i, label) in labels.iter().enumerate() {
        let reason = if label.is_empty() {
            "it is empty"
        } else if label.len() > MAX_NAME {
            "it is longer than 200 bytes"
        } else if !is_word(label, false) {
            "only ASCII letters, digits and `_` are allowed, no digit first"
        } else if label.starts_with("__") {
            "names that begin with `__` belong to Prometheus"
        } else if *label == "le" || *label == "quantile" {
            "it belongs to the exposition format"
        } else if i > 0 && labels[i - 1] == *label {
            "it is given twice"
        } else if i >= crate::index::MAX_LABELS {
            "a metric may have 8 labels"
        } else {
            continue;
        };
        return Err(MetricsError::IllegalLabel {
            metric: metric.to_owned(),
            label: (*label).to_owned(),
            reason,
        });
    }
    Ok(())
}

/// Every name that a family puts on a page in either format. Two families must not share one.
pub(crate) fn taken(name: &str, kind: Kind) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    match kind {
        Kind::Counter => {
            let base = name.strip_suffix("_total").unwrap_or(name);
            names.push(base.to_owned());
            names.push(format!("{base}_total"));
            names.push(format!("{base}_created"));
        }
        Kind::Gauge => {}
        Kind::Histogram => {
            for suffix in ["bucket", "sum", "count", "created"] {
                names.push(format!("{name}_{suffix}"));
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}
