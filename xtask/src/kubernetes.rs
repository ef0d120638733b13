//! `cargo xtask kubernetes`: prints what a cluster needs: the engine and its monitors as they lie in
//! docker/kubernetes, the rules and dashboards of the stack as objects of the Prometheus Operator's and
//! Grafana's kind. Nothing is kept twice.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use crate::run::{Failure, root, say};

pub(crate) fn print() -> Result<(), Failure> {
    let docker = root().join("docker");
    let mut documents = Vec::new();
    for name in ["engine.yaml", "monitors.yaml"] {
        documents.push(fs::read_to_string(docker.join("kubernetes").join(name))?);
    }
    for path in files(&docker.join("prometheus/rules"), "yml")? {
        documents.push(rules(&stem(&path), &fs::read_to_string(path)?));
    }
    for path in files(&docker.join("grafana/dashboards"), "json")? {
        documents.push(dashboard(&stem(&path), &fs::read_to_string(path)?));
    }
    say(documents.join("---\n").trim_end());
    Ok(())
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    paths.sort();
    Ok(paths)
}

/// The file's name as the name of an object: letters, digits and dashes.
fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.replace('.', "-")
}

/// A rule file under `spec:` of a PrometheusRule.
fn rules(name: &str, file: &str) -> String {
    let mut out = format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: bongsu-{}\nspec:\n",
        name.trim_start_matches("bongsu-")
    );
    indent(&mut out, file, "  ");
    out
}

/// A dashboard in a ConfigMap that Grafana's sidecar finds by its label.
fn dashboard(name: &str, json: &str) -> String {
    let mut out = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bongsu-{name}\n  labels:\n    grafana_dashboard: '1'\n\
         data:\n  {name}.json: |-\n"
    );
    indent(&mut out, json, "    ");
    out
}

fn indent(out: &mut String, text: &str, by: &str) {
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let _ = match line.is_empty() {
            true => writeln!(out),
            false => writeln!(out, "{by}{line}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_file_becomes_the_spec_of_an_object() {
        let made = rules("slo", "# Written.\ngroups:\n  - name: a\n    rules: []\n");
        assert!(
            made.ends_with(
                "  name: bongsu-slo\nspec:\n  groups:\n    - name: a\n      rules: []\n"
            ),
            "{made}"
        );
    }

    #[test]
    fn a_dashboard_becomes_a_map_that_is_found() {
        let made = dashboard(&stem(Path::new("x/system.ko.json")), "{\n  \"a\": 1\n}\n");
        assert!(made.contains("  name: bongsu-system-ko\n"), "{made}");
        assert!(
            made.ends_with("  system-ko.json: |-\n    {\n      \"a\": 1\n    }\n"),
            "{made}"
        );
    }
}
