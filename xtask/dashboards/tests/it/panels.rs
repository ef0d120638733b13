//! The dashboards against the house rules, and the house rules against bad dashboards.

use bongsu_dashboards::{Language, dashboards, grafana::SCHEMA_VERSION, lint};
use serde_json::{Value, json};

fn all() -> Vec<(String, Value)> {
    let languages = [Language::English, Language::Korean];
    let all = languages.into_iter().flat_map(dashboards);
    all.map(|d| (d.file_name(), serde_json::from_str(&d.to_json()).unwrap()))
        .collect()
}

#[test]
fn the_dashboards_keep_the_house_rules() {
    for (file, dashboard) in all() {
        assert_eq!(lint::dashboard(&dashboard), [], "{file}");
        assert_eq!(dashboard["schemaVersion"], SCHEMA_VERSION);
        let least = if file.starts_with("service-glance") {
            12
        } else {
            20
        };
        assert!(
            dashboard["panels"].as_array().unwrap().len() > least,
            "{file}"
        );
    }
}

#[test]
fn the_languages_differ_in_words_only() {
    let all = all();
    assert_eq!(all.len(), 6);
    let (english, korean) = all.split_at(3);
    for ((_, english), (_, korean)) in english.iter().zip(korean) {
        let queries = |dashboard: &Value| -> Vec<Value> {
            let panels = dashboard["panels"].as_array().unwrap();
            panels
                .iter()
                .map(|panel| {
                    let targets = panel["targets"].as_array().into_iter().flatten();
                    let asked: Vec<&Value> = targets.map(|target| &target["expr"]).collect();
                    json!([panel["type"], asked, panel["gridPos"]])
                })
                .collect()
        };
        assert_eq!(queries(english), queries(korean));
        assert_ne!(english["uid"], korean["uid"]);
        for panel in korean["panels"].as_array().unwrap() {
            let description = panel["description"].as_str().unwrap_or("가");
            assert!(
                description.chars().any(|c| ('가'..='힣').contains(&c)),
                "{}",
                panel["title"]
            );
        }
    }
}

/// A word of a legend is a word of the reader's language; placeholders and figures are nobody's.
#[test]
fn the_legends_are_in_the_dashboard_s_language() {
    let all = all();
    for (file, dashboard) in all.iter().filter(|(file, _)| file.ends_with(".ko.json")) {
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let legend = target["legendFormat"].as_str().unwrap();
                let words = legend.split("{{").flat_map(|part| part.rsplit("}}").next());
                let latin = |word: &str| word.chars().any(|c| c.is_ascii_lowercase());
                assert!(!words.into_iter().any(latin), "{file}: {legend}");
            }
        }
    }
}

/// A glance is a glance: 24 columns and no more rows than a screen shows.
#[test]
fn one_service_fits_one_screen() {
    for (file, dashboard) in all() {
        if file.starts_with("service-glance") {
            let panels = dashboard["panels"].as_array().unwrap();
            let bottom = |p: &Value| {
                p["gridPos"]["y"].as_u64().unwrap() + p["gridPos"]["h"].as_u64().unwrap()
            };
            assert!(panels.iter().map(bottom).max() <= Some(24), "{file}");
        }
    }
}

#[test]
fn the_linter_sees_each_fault() {
    let (_, good) = all().remove(0);
    let check = |change: &dyn Fn(&mut Value), expected: &str| {
        let mut bad = good.clone();
        change(&mut bad);
        let found = lint::dashboard(&bad);
        assert!(
            found.iter().any(|(_, reason)| reason.contains(expected)),
            "{expected}: {found:?}"
        );
    };
    check(&|d| d["uid"] = json!(""), "no uid");
    check(
        &|d| d["dashboard"] = json!({}),
        "an answer of Grafana's API",
    );
    check(&|d| d["timezone"] = json!("utc"), "time zone");
    check(
        &|d| d["templating"]["list"] = json!([]),
        "no variable \"job\"",
    );
    check(
        &|d| d["panels"][1]["type"] = json!("graph"),
        "the panel type \"graph\"",
    );
    check(
        &|d| d["panels"][1]["description"] = json!(""),
        "no description",
    );
    check(
        &|d| d["panels"][1]["fieldConfig"]["defaults"]["unit"] = json!(""),
        "no unit",
    );
    check(
        &|d| d["panels"][1]["datasource"] = json!({"uid": "abc"}),
        "not the variable",
    );
    check(&|d| d["panels"][1]["targets"] = json!([]), "no query");
    check(&|d| d["panels"][1]["id"] = json!(1), "is taken");
    check(&|d| d["panels"][1]["gridPos"]["x"] = json!(4), "lies over");
    let expr = |text: &'static str| {
        move |d: &mut Value| d["panels"][1]["targets"][0]["expr"] = json!(text)
    };
    check(&expr("rate(errors_total[5m])"), "over a fixed time");
    check(
        &expr("histogram_quantile(0.9, rate(x_bucket[$__rate_interval]))"),
        "without sum by (le)",
    );
    check(&expr("sum(up"), "brackets");
    check(
        &|d| d["templating"]["list"][1]["allValue"] = json!(".+"),
        "what the list does not show",
    );
    check(
        &|d| {
            for panel in d["panels"].as_array_mut().unwrap() {
                if panel["type"] == "timeseries" {
                    panel["targets"][0]["legendFormat"] = json!("");
                }
            }
        },
        "no legend",
    );
}
