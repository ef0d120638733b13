//! As much of Grafana's dashboard schema (version 42) as the dashboards use.

use serde::Serialize;
use serde_json::Value;

/// The schema that these structs follow; Grafana raises older ones when it loads them.
pub const SCHEMA_VERSION: u32 = 42;

/// A whole dashboard, as a file that Grafana's provisioning reads.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Dashboard {
    #[serde(skip)]
    pub file: String,
    pub uid: String,
    pub title: String,
    pub description: String,
    pub tags: Vec<String>,
    pub schema_version: u32,
    pub version: u32,
    pub editable: bool,
    /// 1: one cross-hair over all panels.
    pub graph_tooltip: u8,
    pub timezone: &'static str,
    pub refresh: &'static str,
    pub time: Range,
    pub annotations: List<Annotation>,
    pub links: Vec<Link>,
    pub templating: List<Variable>,
    pub panels: Vec<Panel>,
}

impl Dashboard {
    /// The file's name in the folder of dashboards.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.json", self.file)
    }

    /// The file's content.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Maps here have string keys only, which is all that could fail.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// Grafana wraps some lists in an object.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct List<T> {
    pub list: Vec<T>,
}

/// The time shown at first.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Range {
    pub from: &'static str,
    pub to: &'static str,
}

/// Marks over all panels.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Annotation {
    pub name: String,
    pub datasource: Datasource,
    pub enable: bool,
    pub icon_color: &'static str,
    pub expr: String,
    pub step: &'static str,
    pub title_format: String,
    pub text_format: &'static str,
    /// The sample's value is the time of the mark, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_value_for_time: Option<&'static str>,
}

/// A link to the dashboards that carry these tags.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Link {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub title: String,
    pub tags: Vec<String>,
    pub as_dropdown: bool,
    pub include_vars: bool,
    pub keep_time: bool,
    pub icon: &'static str,
}

/// A variable at the dashboard's top.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Variable {
    pub name: &'static str,
    pub label: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datasource: Option<Datasource>,
    pub query: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    pub multi: bool,
    pub include_all: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_value: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<Value>,
    /// 2: read again whenever the time range changes.
    pub refresh: u8,
    pub sort: u8,
    /// 2: chosen by the others, not shown.
    pub hide: u8,
}

/// The data source that the variable `datasource` names.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Datasource {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub uid: &'static str,
}

impl Datasource {
    /// The chosen Prometheus.
    pub const CHOSEN: Self = Self {
        kind: "prometheus",
        uid: "${datasource}",
    };
}

/// A panel, or the title of a row.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Panel {
    pub id: u32,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub grid_pos: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datasource: Option<Datasource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_config: Option<FieldConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collapsed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panels: Option<Vec<Panel>>,
}

/// On a grid of 24 columns.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Place {
    pub h: u32,
    pub w: u32,
    pub x: u32,
    pub y: u32,
}

/// How values look.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct FieldConfig {
    pub defaults: Field,
    pub overrides: Vec<Value>,
}

/// How every value of a panel looks.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Field {
    pub unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    pub color: Value,
    pub thresholds: Thresholds,
    pub mappings: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Value>,
}

/// Colours by value; the first step has no value.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Thresholds {
    pub mode: &'static str,
    pub steps: Vec<Step>,
}

/// From this value on, this colour.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Step {
    pub color: &'static str,
    pub value: Option<f64>,
}

/// One query.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Grafana's")]
pub struct Target {
    pub ref_id: String,
    pub datasource: Datasource,
    pub editor_mode: &'static str,
    pub expr: String,
    pub legend_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<&'static str>,
    pub range: bool,
    pub instant: bool,
}
