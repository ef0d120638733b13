//! The summary itself, for machines.

use crate::summary::DailySummary;

pub(super) fn json(summary: &DailySummary) -> String {
    // Strings, numbers and lists only: there is no key that JSON could not write.
    serde_json::to_string_pretty(summary).unwrap_or_else(|error| {
        serde_json::json!({ "error": error.to_string(), "date": summary.session.date.to_string() }).to_string()
    })
}
