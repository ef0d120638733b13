//! `cargo xtask sbom`: what a service with every feature is made of, as CycloneDX 1.5.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::{
    json::Json,
    run::{Failure, cargo, output, say},
};

/// The one that services depend on.
const ROOT: &str = "bongsu";

pub(crate) fn print() -> Result<(), Failure> {
    say(&document(&metadata()?)?);
    Ok(())
}

fn metadata() -> Result<Json, Failure> {
    let args = [
        "metadata",
        "--format-version",
        "1",
        "--all-features",
        "--locked",
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
    ];
    Json::parse(&output(&mut cargo(args))?)
}

/// The bill: the root, what it needs at run time, and who needs whom.
fn document(metadata: &Json) -> Result<String, Failure> {
    let packages: BTreeMap<&str, &Json> = metadata
        .at(&["packages"])
        .list()
        .iter()
        .filter_map(|package| Some((package.at(&["id"]).text()?, package)))
        .collect();
    let needs: BTreeMap<&str, Vec<&str>> = metadata
        .at(&["resolve", "nodes"])
        .list()
        .iter()
        .filter_map(|node| Some((node.at(&["id"]).text()?, needs(node))))
        .collect();
    let root = packages
        .iter()
        .find(|(_, package)| package.at(&["name"]).text() == Some(ROOT))
        .map(|(id, _)| *id)
        .ok_or_else(|| Failure(format!("there is no package {ROOT}")))?;
    let mut reached = BTreeSet::new();
    let mut waiting = vec![root];
    while let Some(id) = waiting.pop() {
        if reached.insert(id) {
            waiting.extend(needs.get(id).into_iter().flatten());
        }
    }
    let reference = |id: &str| {
        packages
            .get(id)
            .map_or_else(String::new, |package| purl(package))
    };
    let components: Vec<String> = reached
        .iter()
        .filter(|id| **id != root)
        .filter_map(|id| {
            packages
                .get(id)
                .map(|package| component(package, "library"))
        })
        .collect();
    let dependencies: Vec<String> = reached
        .iter()
        .map(|id| {
            let on = needs.get(id).into_iter().flatten();
            let on: Vec<String> = on.map(|id| quoted(&reference(id))).collect();
            let (of, on) = (quoted(&reference(id)), on.join(","));
            format!("    {{\"ref\":{of},\"dependsOn\":[{on}]}}")
        })
        .collect();
    let subject = packages
        .get(root)
        .map_or_else(String::new, |package| component(package, "library"));
    Ok(format!(
        "{{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n  \"version\": 1,\n  \"metadata\": {{\"component\":\n{subject}\n  }},\n  \"components\": [\n{}\n  ],\n  \"dependencies\": [\n{}\n  ]\n}}",
        components.join(",\n"),
        dependencies.join(",\n")
    ))
}

/// What a package is built with for its users: neither for its tests nor for its build script.
fn needs(node: &Json) -> Vec<&str> {
    let normal = |dependency: &&Json| {
        let kinds = dependency.at(&["dep_kinds"]).list();
        kinds.iter().any(|kind| kind.at(&["kind"]) == &Json::Null)
    };
    let mut ids: Vec<&str> = node
        .at(&["deps"])
        .list()
        .iter()
        .filter(normal)
        .filter_map(|dependency| dependency.at(&["pkg"]).text())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn component(package: &Json, kind: &str) -> String {
    let text = |key: &str| package.at(&[key]).text().unwrap_or_default();
    let purl = quoted(&purl(package));
    let mut line = format!(
        "    {{\"type\":{},\"bom-ref\":{purl},\"name\":{},\"version\":{},\"purl\":{purl}",
        quoted(kind),
        quoted(text("name")),
        quoted(text("version"))
    );
    let licence = text("license").replace('/', " OR ");
    if !licence.is_empty() {
        let _ = write!(
            line,
            ",\"licenses\":[{{\"expression\":{}}}]",
            quoted(&licence)
        );
    }
    if !text("repository").is_empty() {
        let url = quoted(text("repository"));
        let _ = write!(
            line,
            ",\"externalReferences\":[{{\"type\":\"vcs\",\"url\":{url}}}]"
        );
    }
    line.push('}');
    line
}

/// A package's name in the world.
fn purl(package: &Json) -> String {
    let text = |key: &str| package.at(&[key]).text().unwrap_or_default();
    // Of what purl reserves, a version may have this.
    let version = text("version").replace('+', "%2B");
    format!("pkg:cargo/{}@{version}", text("name"))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_listed_and_what_tests_is_not() {
        let metadata = r#"{
            "packages": [
                {"id": "b", "name": "bongsu", "version": "0.1.0", "license": "MIT"},
                {"id": "a", "name": "axum", "version": "0.8.1+x", "license": "MIT/Apache-2.0", "repository": "https://h/\"a"},
                {"id": "t", "name": "tempfile", "version": "3.0.0", "license": "MIT"}
            ],
            "resolve": {"nodes": [
                {"id": "b", "deps": [
                    {"pkg": "a", "dep_kinds": [{"kind": null}]},
                    {"pkg": "t", "dep_kinds": [{"kind": "dev"}]}
                ]},
                {"id": "a", "deps": []},
                {"id": "t", "deps": []}
            ]}
        }"#;
        let bill = Json::parse(metadata).and_then(|metadata| document(&metadata));
        let bill = Json::parse(&bill.map_err(|f| f.0).unwrap())
            .map_err(|f| f.0)
            .unwrap();
        let root = bill.at(&["metadata", "component", "purl"]).text();
        assert_eq!(root, Some("pkg:cargo/bongsu@0.1.0"));
        let [axum] = bill.at(&["components"]).list() else {
            panic!("{bill:?}");
        };
        assert_eq!(axum.at(&["purl"]).text(), Some("pkg:cargo/axum@0.8.1%2Bx"));
        let licence = axum.at(&["licenses"]).list()[0].at(&["expression"]).text();
        assert_eq!(licence, Some("MIT OR Apache-2.0"));
        let first = &bill.at(&["dependencies"]).list()[1];
        assert_eq!(
            first.at(&["dependsOn"]).list()[0].text(),
            Some("pkg:cargo/axum@0.8.1%2Bx")
        );
    }
}
