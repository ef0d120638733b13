//! What a panel asks, and the layout that makes a dashboard of many.

use serde_json::{Value, json};

use crate::{
    grafana::{
        Annotation, Dashboard, Datasource, Field, FieldConfig, Link, List, Panel, Place, Range,
        SCHEMA_VERSION, Step, Target, Thresholds, Variable,
    },
    promql::of,
    text::{Language, Text, text},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Series,
    Stat,
    Timeline,
    Heatmap,
}

/// Words and colours for values.
fn mapping(words: &[(&str, &str, Text)], language: Language) -> Value {
    let options = words
        .iter()
        .enumerate()
        .map(|(index, (value, color, word))| {
            let look = json!({ "text": word.get(language), "color": color, "index": index });
            ((*value).to_owned(), look)
        });
    let options: serde_json::Map<String, Value> = options.collect();
    json!({ "type": "value", "options": options })
}

/// A place that a panel leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jump {
    title: Text,
    url: &'static str,
}

/// The service's own console, at the address that Prometheus scrapes.
pub(crate) const CONSOLE: Jump = Jump {
    title: text("Console of the service", "서비스 콘솔"),
    url: "http://${__field.labels.instance}/console",
};
/// The service's log in Loki.
pub(crate) const LOG: Jump = Jump {
    title: text("Log", "로그"),
    url: "/explore?orgId=1&left=%7B%22datasource%22:%22loki%22,%22queries%22:%5B%7B%22refId%22:%22A%22,%22expr%22:%22%7Bservice%3D~%5C%22$service%5C%22%7D%22%7D%5D,%22range%22:%7B%22from%22:%22${__from}%22,%22to%22:%22${__to}%22%7D%7D",
};
/// A panel before it has a place.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    kind: Kind,
    title: Text,
    description: Text,
    unit: &'static str,
    queries: Vec<(String, Text)>,
    links: Vec<Jump>,
    steps: Vec<(f64, &'static str)>,
    base: &'static str,
    bounds: (Option<f64>, Option<f64>),
    width: u32,
    stacked: bool,
    decimals: Option<u8>,
    mappings: Vec<Value>,
}

impl Spec {
    fn new(kind: Kind, unit: &'static str, title: Text, description: Text) -> Self {
        Self {
            kind,
            title,
            description,
            unit,
            queries: Vec::new(),
            links: Vec::new(),
            steps: Vec::new(),
            base: "text",
            bounds: (None, None),
            width: if kind == Kind::Stat { 4 } else { 12 },
            stacked: false,
            decimals: None,
            mappings: Vec::new(),
        }
    }

    /// Lines over time.
    pub(crate) fn series(unit: &'static str, title: Text, description: Text) -> Self {
        Self::new(Kind::Series, unit, title, description)
    }

    /// One number, now.
    pub(crate) fn stat(unit: &'static str, title: Text, description: Text) -> Self {
        Self::new(Kind::Stat, unit, title, description)
    }

    /// Bands of states over time: 0 unhealthy, 0.5 degraded, 1 healthy.
    pub(crate) fn timeline(title: Text, description: Text, language: Language) -> Self {
        Self::new(Kind::Timeline, "none", title, description).states(language)
    }

    /// Words and colours for 0, 0.5 and 1.
    pub(crate) fn states(mut self, language: Language) -> Self {
        let words = [
            ("0", "red", text("unhealthy", "비정상")),
            ("0.5", "orange", text("degraded", "저하")),
            ("1", "green", text("healthy", "정상")),
        ];
        self.mappings = vec![mapping(&words, language)];
        self.base = "red";
        self.steps = vec![(0.5, "orange"), (1.0, "green")];
        self
    }

    /// How many observations fell into each bucket, over time.
    pub(crate) fn heatmap(unit: &'static str, title: Text, description: Text) -> Self {
        Self::new(Kind::Heatmap, unit, title, description)
    }

    /// Whether Prometheus reached each instance, over time.
    pub(crate) fn reached(title: Text, description: Text, language: Language) -> Self {
        let mut spec = Self::new(Kind::Timeline, "none", title, description);
        let words = [
            ("0", "red", text("unreachable", "수집 불가")),
            ("1", "green", text("up", "정상")),
        ];
        spec.mappings = vec![mapping(&words, language)];
        spec.base = "red";
        spec.steps = vec![(1.0, "green")];
        spec
    }

    pub(crate) fn ask(mut self, expr: impl Into<String>, legend: impl Into<Text>) -> Self {
        self.queries.push((expr.into(), legend.into()));
        self
    }

    /// A place to go on from here.
    pub(crate) fn link(mut self, jump: Jump) -> Self {
        self.links.push(jump);
        self
    }

    /// Green below the first value, then these colours; only where a limit means something.
    pub(crate) fn limits(mut self, steps: &[(f64, &'static str)]) -> Self {
        self.base = "green";
        self.steps = steps.to_vec();
        self
    }

    /// As `limits`, for figures of which less is worse.
    pub(crate) fn floors(mut self, steps: &[(f64, &'static str)]) -> Self {
        self.base = "red";
        self.steps = steps.to_vec();
        self
    }

    pub(crate) fn not_below_zero(mut self) -> Self {
        self.bounds.0 = Some(0.0);
        self
    }

    pub(crate) fn up_to(mut self, most: f64) -> Self {
        self.bounds = (Some(0.0), Some(most));
        self
    }

    pub(crate) fn width(mut self, columns: u32) -> Self {
        self.width = columns;
        self
    }

    pub(crate) fn stacked(mut self) -> Self {
        self.stacked = true;
        self.not_below_zero()
    }

    pub(crate) fn decimals(mut self, places: u8) -> Self {
        self.decimals = Some(places);
        self
    }

    fn height(&self) -> u32 {
        if self.kind == Kind::Stat { 4 } else { 8 }
    }

    fn build(self, id: u32, place: Place, language: Language) -> Panel {
        let limited = !self.steps.is_empty();
        let mut steps = vec![Step {
            color: self.base,
            value: None,
        }];
        steps.extend(self.steps.iter().map(|(value, color)| Step {
            color,
            value: Some(*value),
        }));
        let color = match self.kind {
            Kind::Series => json!({ "mode": "palette-classic" }),
            Kind::Stat | Kind::Timeline | Kind::Heatmap => json!({ "mode": "thresholds" }),
        };
        let custom = match self.kind {
            Kind::Series => Some(json!({
                "drawStyle": "line",
                "lineWidth": 1,
                "fillOpacity": if self.stacked { 30 } else { 10 },
                "showPoints": "never",
                "spanNulls": false,
                "stacking": { "mode": if self.stacked { "normal" } else { "none" }, "group": "A" },
                "thresholdsStyle": { "mode": if limited { "dashed" } else { "off" } },
            })),
            Kind::Timeline => Some(json!({ "fillOpacity": 80, "lineWidth": 0 })),
            Kind::Stat | Kind::Heatmap => None,
        };
        // Many series want a table with their figures; where it stands beside the lines, it takes none of
        // their height.
        let many = self
            .queries
            .iter()
            .any(|(_, legend)| legend.en.contains("{{"));
        let legend = match many && self.width >= 12 {
            true => {
                json!({ "displayMode": "table", "placement": "right", "showLegend": true, "calcs": ["lastNotNull", "max"] })
            }
            false => {
                json!({ "displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": [] })
            }
        };
        let options = match self.kind {
            Kind::Series => json!({
                "legend": legend,
                "tooltip": { "mode": "multi", "sort": "desc" },
            }),
            Kind::Stat => json!({
                "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
                "colorMode": if limited { "background" } else { "value" },
                "graphMode": "area",
                "justifyMode": "auto",
                "orientation": "auto",
                "textMode": "auto",
                "wideLayout": true,
            }),
            Kind::Heatmap => json!({
                "calculate": false,
                "cellGap": 1,
                "color": { "mode": "scheme", "scheme": "Oranges", "exponent": 0.5, "steps": 64, "reverse": false },
                "filterValues": { "le": 1e-9 },
                "legend": { "show": true },
                "rowsFrame": { "layout": "auto" },
                "tooltip": { "mode": "single", "yHistogram": true },
                "yAxis": { "axisPlacement": "left", "unit": self.unit, "reverse": false },
            }),
            Kind::Timeline => json!({
                "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
                "tooltip": { "mode": "single", "sort": "none" },
                "mergeValues": true,
                "showValue": "never",
                "rowHeight": 0.9,
                "alignValue": "left",
            }),
        };
        let targets = self.queries.into_iter().zip('A'..='Z');
        let targets: Vec<Target> = targets
            .map(|((expr, legend), letter)| Target {
                ref_id: letter.to_string(),
                datasource: Datasource::CHOSEN,
                editor_mode: "code",
                expr,
                legend_format: legend.get(language),
                format: (self.kind == Kind::Heatmap).then_some("heatmap"),
                range: true,
                instant: false,
            })
            .collect();
        let links: Vec<Value> = self
            .links
            .iter()
            .map(|jump| json!({ "title": jump.title.get(language), "url": jump.url, "targetBlank": true }))
            .collect();
        // A link that speaks of a series belongs to its values, any other to the panel.
        let (of_values, of_panel): (Vec<Value>, Vec<Value>) = links.into_iter().partition(|link| {
            link["url"]
                .as_str()
                .is_some_and(|url| url.contains("__field"))
        });
        Panel {
            id,
            kind: match self.kind {
                Kind::Series => "timeseries",
                Kind::Stat => "stat",
                Kind::Timeline => "state-timeline",
                Kind::Heatmap => "heatmap",
            },
            title: self.title.get(language).to_owned(),
            description: self.description.get(language).to_owned(),
            grid_pos: place,
            datasource: Some(Datasource::CHOSEN),
            field_config: Some(FieldConfig {
                defaults: Field {
                    unit: self.unit,
                    decimals: self.decimals,
                    min: self.bounds.0,
                    max: self.bounds.1,
                    color,
                    thresholds: Thresholds {
                        mode: "absolute",
                        steps,
                    },
                    mappings: self.mappings,
                    custom,
                    links: of_values,
                },
                overrides: Vec::new(),
            }),
            options: Some(options),
            targets,
            links: of_panel,
            collapsed: None,
            panels: None,
        }
    }
}

/// A dashboard before its layout.
pub(crate) struct Sheet {
    pub(crate) name: &'static str,
    pub(crate) title: Text,
    pub(crate) description: Text,
    /// A metric that each service of this dashboard exports: the choice of jobs comes from it.
    pub(crate) marker: &'static str,
    pub(crate) with_symbol: bool,
    pub(crate) rows: Vec<(Text, Vec<Spec>)>,
}

impl Sheet {
    pub(crate) fn build(self, language: Language) -> Dashboard {
        let suffix = match language {
            Language::English => "",
            Language::Korean => "-ko",
        };
        let tongue = if suffix.is_empty() { "en" } else { "ko" };
        let tags = vec!["bongsu".to_owned(), tongue.to_owned()];
        Dashboard {
            file: format!("{}{}", self.name, suffix.replace('-', ".")),
            uid: format!("bongsu-{}{suffix}", self.name),
            title: self.title.get(language).to_owned(),
            description: self.description.get(language).to_owned(),
            schema_version: SCHEMA_VERSION,
            version: 1,
            editable: true,
            graph_tooltip: 1,
            timezone: "browser",
            refresh: "30s",
            time: Range {
                from: "now-1h",
                to: "now",
            },
            annotations: List {
                list: annotations(language),
            },
            links: vec![Link {
                kind: "dashboards",
                title: text("Dashboards", "대시보드").get(language).to_owned(),
                tags: tags.clone(),
                as_dropdown: false,
                include_vars: true,
                keep_time: true,
                icon: "dashboard",
            }],
            templating: List {
                list: variables(self.marker, self.with_symbol, language),
            },
            tags,
            panels: layout(self.rows, language),
        }
    }
}

/// Left to right, then down; each row under its title.
fn layout(rows: Vec<(Text, Vec<Spec>)>, language: Language) -> Vec<Panel> {
    let mut panels = Vec::new();
    let (mut id, mut y) = (0, 0);
    for (title, specs) in rows {
        id += 1;
        panels.push(Panel {
            id,
            kind: "row",
            title: title.get(language).to_owned(),
            description: String::new(),
            grid_pos: Place {
                h: 1,
                w: 24,
                x: 0,
                y,
            },
            datasource: None,
            field_config: None,
            options: None,
            targets: Vec::new(),
            links: Vec::new(),
            collapsed: Some(false),
            panels: Some(Vec::new()),
        });
        y += 1;
        let (mut x, mut tallest) = (0, 0);
        for spec in specs {
            let (w, h) = (spec.width, spec.height());
            if x + w > 24 {
                y += tallest;
                (x, tallest) = (0, 0);
            }
            id += 1;
            panels.push(spec.build(id, Place { h, w, x, y }, language));
            x += w;
            tallest = tallest.max(h);
        }
        y += tallest;
    }
    panels
}

fn variables(marker: &'static str, with_symbol: bool, language: Language) -> Vec<Variable> {
    let mut all = vec![Variable {
        name: "datasource",
        label: text("Data source", "데이터 소스").get(language).to_owned(),
        kind: "datasource",
        datasource: None,
        query: json!("prometheus"),
        definition: None,
        multi: false,
        include_all: false,
        all_value: None,
        current: None,
        refresh: 1,
        sort: 0,
        hide: 0,
    }];
    let values = |name, label: Text, query: String| Variable {
        name,
        label: label.get(language).to_owned(),
        kind: "query",
        datasource: Some(Datasource::CHOSEN),
        query: json!({ "query": query, "refId": name }),
        definition: Some(query),
        multi: true,
        include_all: true,
        // All is what the list shows, the services: `.+` would take in the stack's own servers.
        all_value: None,
        current: Some(json!({ "text": ["All"], "value": ["$__all"] })),
        refresh: 2,
        sort: 1,
        hide: 0,
    };
    all.push(values(
        "job",
        text("Service", "서비스"),
        format!("label_values({marker}, job)"),
    ));
    all.push(values(
        "instance",
        text("Instance", "인스턴스"),
        format!("label_values({marker}{{job=~\"$job\"}}, instance)"),
    ));
    // What the services call themselves: their log is found by it.
    let mut named = values(
        "service",
        text("Name", "이름"),
        "label_values(service_info{job=~\"$job\"}, service_name)".to_owned(),
    );
    named.hide = 2;
    all.push(named);
    if with_symbol {
        let traded = of("trades_executed_total", "");
        all.push(values(
            "symbol",
            text("Symbol", "종목"),
            format!("label_values({traded}, symbol)"),
        ));
    }
    all
}

fn annotations(language: Language) -> Vec<Annotation> {
    vec![
        Annotation {
            name: text("Restarts", "재시작").get(language).to_owned(),
            datasource: Datasource::CHOSEN,
            enable: true,
            icon_color: "blue",
            expr: format!("{} * 1000", of("process_start_time_seconds", "")),
            step: "60s",
            title_format: text("restarted", "재시작됨").get(language).to_owned(),
            text_format: "{{job}} {{instance}}",
            use_value_for_time: Some("on"),
        },
        Annotation {
            name: text("Versions", "버전").get(language).to_owned(),
            datasource: Datasource::CHOSEN,
            enable: true,
            icon_color: "green",
            expr: format!(
                "count by (job, version) ({info}) unless count by (job, version) ({info} offset 2m)",
                info = of("service_info", "")
            ),
            step: "60s",
            title_format: text("version {{version}}", "버전 {{version}}")
                .get(language)
                .to_owned(),
            text_format: "{{job}}",
            use_value_for_time: None,
        },
        Annotation {
            name: text("Alerts", "경보").get(language).to_owned(),
            datasource: Datasource::CHOSEN,
            enable: true,
            icon_color: "red",
            expr: r#"ALERTS{alertstate="firing",alertname!="Watchdog",job=~"$job"}"#.to_owned(),
            step: "60s",
            title_format: "{{alertname}}".to_owned(),
            text_format: "{{severity}} {{job}} {{instance}}",
            use_value_for_time: None,
        },
    ]
}
