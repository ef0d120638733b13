//! What Alertmanager's webhook says, as one JSON line an alert.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Alertmanager's webhook body (version 4), as far as it is shown.
#[derive(Debug, Deserialize)]
struct Notification {
    receiver: String,
    #[serde(default, rename = "truncatedAlerts")]
    truncated: u64,
    alerts: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    status: String,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(rename = "startsAt")]
    starts_at: String,
}

/// One line.
#[derive(Debug, Serialize)]
struct Line<'a> {
    status: &'a str,
    alertname: &'a str,
    severity: &'a str,
    receiver: &'a str,
    summary: &'a str,
    labels: &'a BTreeMap<String, String>,
    starts_at: &'a str,
}

/// One line for each alert of a notification, and one more when Alertmanager left some out.
///
/// # Errors
///
/// When the body is not a notification of Alertmanager's.
///
/// ```
/// let body = br#"{"receiver":"desk","alerts":[{"status":"firing","startsAt":"2026-06-01T00:00:00Z",
///     "labels":{"alertname":"TradingHalt","severity":"critical"},"annotations":{"summary":"halted"}}]}"#;
/// let lines = bongsu_dashboards::receiver::lines(body).unwrap();
/// assert!(lines[0].starts_with(r#"{"status":"firing","alertname":"TradingHalt","severity":"critical""#));
/// assert!(bongsu_dashboards::receiver::lines(b"{}").is_err());
/// ```
pub fn lines(body: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    let notification: Notification = serde_json::from_slice(body)?;
    let get = |map: &BTreeMap<String, String>, key: &str| map.get(key).cloned().unwrap_or_default();
    let mut lines = Vec::with_capacity(notification.alerts.len());
    for entry in &notification.alerts {
        lines.push(serde_json::to_string(&Line {
            status: &entry.status,
            alertname: &get(&entry.labels, "alertname"),
            severity: &get(&entry.labels, "severity"),
            receiver: &notification.receiver,
            summary: &get(&entry.annotations, "summary"),
            labels: &entry.labels,
            starts_at: &entry.starts_at,
        })?);
    }
    if notification.truncated > 0 {
        let more = serde_json::json!({ "left_out": notification.truncated });
        lines.push(Value::to_string(&more));
    }
    Ok(lines)
}
