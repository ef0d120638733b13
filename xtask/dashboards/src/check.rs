//! Whether the files of a checkout are the ones that the code writes, and valid.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{DASHBOARDS, Document, RULES, documents, lint};

/// Something wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Under the repository's root.
    pub file: String,
    /// The panel, rule or key; empty for the whole file.
    pub place: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            write!(f, "{}: {}", self.file, self.reason)
        } else {
            write!(f, "{}: {}: {}", self.file, self.place, self.reason)
        }
    }
}

/// Everything wrong under `root`, the repository's folder; nothing when all is well.
#[must_use]
pub fn findings(root: &Path) -> Vec<Finding> {
    let documents = documents();
    let mut all = Vec::new();
    for document in &documents {
        all.extend(compare(root, document));
    }
    all.extend(strangers(root, &documents));
    all.extend(programs(root));
    all
}

/// One generated file against what is on the disk.
#[must_use]
pub fn compare(root: &Path, document: &Document) -> Vec<Finding> {
    let finding = |place: String, reason: String| Finding {
        file: document.path.clone(),
        place,
        reason,
    };
    let found = match fs::read_to_string(root.join(&document.path)) {
        Ok(found) => found,
        Err(error) => return vec![finding(String::new(), format!("cannot be read: {error}"))],
    };
    if found == document.text {
        return Vec::new();
    }
    let mut all = Vec::new();
    if document.path.ends_with(".json") {
        match serde_json::from_str::<Value>(&found) {
            Err(error) => all.push(finding(String::new(), format!("not JSON: {error}"))),
            Ok(value) => {
                for (place, reason) in lint::dashboard(&value) {
                    all.push(finding(place, reason));
                }
                let ours = serde_json::from_str(&document.text).unwrap_or(Value::Null);
                let mut differences = Vec::new();
                differ(&ours, &value, "", "", &mut differences);
                all.extend(
                    differences
                        .into_iter()
                        .map(|(place, reason)| finding(place, reason)),
                );
            }
        }
    } else {
        let (place, reason) = first_line(&document.text, &found);
        all.push(finding(place, reason));
    }
    if all.is_empty() {
        let reason = "written differently from what the code writes";
        all.push(finding(String::new(), reason.to_owned()));
    }
    all
}

/// Most differences that are told of one file.
const MOST: usize = 20;

fn differ(ours: &Value, found: &Value, panel: &str, key: &str, out: &mut Vec<(String, String)>) {
    if ours == found || out.len() >= MOST {
        return;
    }
    match (ours, found) {
        (Value::Object(a), Value::Object(b)) => {
            let title = a.get("title").and_then(Value::as_str);
            let panel = if key.contains("panels[") {
                title.unwrap_or(panel)
            } else {
                panel
            };
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for name in keys {
                let (x, y) = (a.get(name), b.get(name));
                let path = if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                };
                differ(
                    x.unwrap_or(&Value::Null),
                    y.unwrap_or(&Value::Null),
                    panel,
                    &path,
                    out,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                let reason = format!("{key} has {} entries, the code writes {}", b.len(), a.len());
                out.push((panel.to_owned(), reason));
            }
            for (index, (x, y)) in a.iter().zip(b).enumerate() {
                differ(x, y, panel, &format!("{key}[{index}]"), out);
            }
        }
        _ => out.push((
            panel.to_owned(),
            format!("{key} is {found}, the code writes {ours}"),
        )),
    }
}

/// The first line that differs, and the rule that it stands in.
fn first_line(ours: &str, found: &str) -> (String, String) {
    let mut rule = String::new();
    let (mut a, mut b) = (ours.lines(), found.lines());
    for number in 1.. {
        match (a.next(), b.next()) {
            (None, None) => break,
            (x, y) if x == y => {
                let line = x.unwrap_or_default().trim_start().trim_start_matches("- ");
                let named = ["alert: ", "record: ", "### ", "name: "];
                if let Some(name) = named.iter().find_map(|prefix| line.strip_prefix(prefix)) {
                    name.trim_matches('\'').clone_into(&mut rule);
                }
            }
            (x, y) => {
                let show = |line: Option<&str>| {
                    line.map_or("nothing".to_owned(), |l| format!("{:?}", l.trim()))
                };
                let reason = format!("line {number} is {}, the code writes {}", show(y), show(x));
                return (rule, reason);
            }
        }
    }
    (rule, "line ends differ".to_owned())
}

/// Files beside the generated ones, which Grafana or Prometheus would load as well.
fn strangers(root: &Path, documents: &[Document]) -> Vec<Finding> {
    let folders = [
        DASHBOARDS.to_owned(),
        RULES.to_owned(),
        format!("{RULES}/tests"),
    ];
    let mut all = Vec::new();
    for folder in folders {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else {
            continue;
        };
        for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
            let file = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if documents.iter().all(|document| document.path != file) {
                let reason =
                    "no code writes this file; put rules of your own in another folder".to_owned();
                all.push(Finding {
                    file,
                    place: String::new(),
                    reason,
                });
            }
        }
    }
    all
}

/// What Prometheus' and Alertmanager's own tools say of the files that are written by hand.
fn programs(root: &Path) -> Vec<Finding> {
    let mut all = Vec::new();
    let prometheus = "docker/prometheus/prometheus.yml";
    let alertmanager = "docker/alertmanager/alertmanager.yml";
    // promtool loads the rules named in the configuration as well, from the folder beside it.
    all.extend(run(
        root,
        prometheus,
        "prometheus",
        "promtool",
        &["check", "config"],
    ));
    all.extend(run(
        root,
        alertmanager,
        "prometheus-alertmanager",
        "amtool",
        &["check-config"],
    ));
    all
}

fn run(root: &Path, file: &str, package: &str, program: &str, args: &[&str]) -> Option<Finding> {
    let path: PathBuf = root.join(file);
    let done = Command::new(program).args(args).arg(&path).output();
    let reason = match done {
        Err(error) => format!("cannot be checked: {program}: {error} (Debian package {package})"),
        Ok(output) if output.status.success() => return None,
        Ok(output) => {
            let said = [output.stderr, output.stdout].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
            format!("{program}: {}", lines.collect::<Vec<_>>().join("; "))
        }
    };
    Some(Finding {
        file: file.to_owned(),
        place: String::new(),
        reason,
    })
}
