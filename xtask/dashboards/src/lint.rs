//! House rules for dashboards, as a linter: they hold for what is generated and say what is wrong with
//! what somebody edited by hand.

use serde_json::Value;

/// What is wrong with a dashboard: the panel (empty for the dashboard itself) and the reason.
#[must_use]
pub fn dashboard(dashboard: &Value) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    for key in ["uid", "title", "description"] {
        if text(dashboard, key).is_empty() {
            wrong.push((String::new(), format!("no {key}")));
        }
    }
    if dashboard.get("dashboard").is_some() {
        let reason =
            "an answer of Grafana's API, not a dashboard: take what is under \"dashboard\"";
        wrong.push((String::new(), reason.to_owned()));
    }
    if text(dashboard, "timezone") != "browser" {
        wrong.push((
            String::new(),
            "the time zone must be the browser's".to_owned(),
        ));
    }
    let variables: Vec<&str> = list(&dashboard["templating"]["list"])
        .map(|v| text(v, "name"))
        .collect();
    for name in ["datasource", "job", "instance"] {
        if !variables.contains(&name) {
            wrong.push((String::new(), format!("no variable {name:?}")));
        }
    }
    for variable in list(&dashboard["templating"]["list"]) {
        if !text(variable, "allValue").is_empty() {
            let name = text(variable, "name");
            let reason = format!("\"All\" of {name:?} takes in what the list does not show");
            wrong.push((String::new(), reason));
        }
    }
    let mut ids = Vec::new();
    let mut places = Vec::new();
    for panel in list(&dashboard["panels"]) {
        let title = text(panel, "title");
        let mut reasons = panel_reasons(panel);
        if ids.contains(&&panel["id"]) {
            reasons.push(format!("the id {} is taken", panel["id"]));
        }
        ids.push(&panel["id"]);
        let place = place(panel);
        if places.iter().any(|other| overlap(place, *other)) {
            reasons.push("lies over another panel".to_owned());
        }
        places.push(place);
        wrong.extend(reasons.into_iter().map(|reason| (title.to_owned(), reason)));
    }
    wrong
}

fn panel_reasons(panel: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if text(panel, "title").is_empty() {
        wrong.push(format!("panel {} has no title", panel["id"]));
    }
    let kind = text(panel, "type");
    if kind == "row" {
        return wrong;
    }
    if !matches!(kind, "timeseries" | "stat" | "state-timeline" | "heatmap") {
        wrong.push(format!("the panel type {kind:?} is not one of ours"));
    }
    if text(panel, "description").is_empty() {
        wrong.push("no description".to_owned());
    }
    if text(&panel["fieldConfig"]["defaults"], "unit").is_empty() {
        wrong.push("no unit".to_owned());
    }
    if text(&panel["datasource"], "uid") != "${datasource}" {
        wrong.push("the data source is not the variable".to_owned());
    }
    if list(&panel["targets"]).next().is_none() {
        wrong.push("no query".to_owned());
    }
    for target in list(&panel["targets"]) {
        let name = text(target, "refId");
        let expr = text(target, "expr");
        if text(&target["datasource"], "uid") != "${datasource}" {
            wrong.push(format!("query {name}: the data source is not the variable"));
        }
        if expr.is_empty() {
            wrong.push(format!("query {name}: empty"));
        }
        if kind == "timeseries" && text(target, "legendFormat").is_empty() {
            wrong.push(format!(
                "query {name}: no legend, so that the query itself is shown"
            ));
        }
        if ["rate(", "increase("].iter().any(|f| expr.contains(f))
            && !expr.contains("[$__rate_interval]")
            && !expr.contains("[$__range]")
        {
            wrong.push(format!(
                "query {name}: a rate over a fixed time; use $__rate_interval"
            ));
        }
        if expr.contains("histogram_quantile(") && !expr.contains("sum by (le") {
            wrong.push(format!("query {name}: a quantile without sum by (le)"));
        }
        if expr.matches('(').count() != expr.matches(')').count() {
            wrong.push(format!("query {name}: brackets do not match"));
        }
    }
    wrong
}

fn place(panel: &Value) -> [u64; 4] {
    ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap_or(0))
}

fn overlap([ax, ay, aw, ah]: [u64; 4], [bx, by, bw, bh]: [u64; 4]) -> bool {
    ax < bx + bw && bx < ax + aw && ay < by + bh && by < ay + ah
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
