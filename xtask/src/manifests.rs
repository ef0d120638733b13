//! The workspace's packages as cargo sees them: their features, and what a packaged crate must say.

use crate::{
    json::Json,
    run::{Failure, cargo, output, root},
};

/// The packages under `crates/`, as `cargo metadata` describes them.
pub(crate) fn crates() -> Result<Vec<Json>, Failure> {
    let args = ["metadata", "--no-deps", "--format-version", "1"];
    let Json::Map(entries) = Json::parse(&output(&mut cargo(args))?)? else {
        return Err(Failure("cargo metadata gave no map".to_owned()));
    };
    let packages = entries.into_iter().find(|(key, _)| key == "packages");
    let Some((_, Json::List(packages))) = packages else {
        return Err(Failure("cargo metadata named no packages".to_owned()));
    };
    let folder = root().join("crates");
    Ok(packages
        .into_iter()
        .filter(|package| folder_of(package).starts_with(&folder))
        .collect())
}

fn folder_of(package: &Json) -> std::path::PathBuf {
    let manifest = package.at(&["manifest_path"]).text().unwrap_or_default();
    std::path::Path::new(manifest).with_file_name("")
}

/// Each package with each of its features alone, with none, and with what it has by default.
pub(crate) fn matrix(packages: &[Json]) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    for package in packages {
        let name = package.at(&["name"]).text().unwrap_or_default();
        all.push((name, ""));
        // An underscore marks what others are made of.
        let features = package.at(&["features"]).keys();
        all.extend(
            features
                .filter(|feature| !feature.starts_with('_'))
                .map(|feature| (name, feature)),
        );
    }
    all
}

/// What a packaged crate must have; each line names one thing that is missing.
pub(crate) fn check() -> Result<(), Failure> {
    let packages = crates()?;
    let wrong: Vec<String> = packages.iter().flat_map(wrong_with).collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure(wrong.join("\n")))
    }
}

fn wrong_with(package: &Json) -> Vec<String> {
    let text = |key: &str| package.at(&[key]).text().unwrap_or_default();
    let keywords = package.at(&["keywords"]).list();
    let folder = folder_of(package);
    let library = std::fs::read_to_string(folder.join("src/lib.rs")).unwrap_or_default();
    // A command has no library to document.
    let documented = package.at(&["targets"]).list().iter().any(|target| {
        let kinds = target.at(&["kind"]).list();
        kinds.iter().any(|kind| kind.text() == Some("lib"))
    });
    let docs = |key: &str| package.at(&["metadata", "docs", "rs", key]);
    let unversioned = package
        .at(&["dependencies"])
        .list()
        .iter()
        .filter(|dependency| {
            let tests_alone = dependency.at(&["kind"]).text() == Some("dev");
            dependency.at(&["path"]).text().is_some()
                && dependency.at(&["req"]).text() == Some("*")
                && !tests_alone
        });
    let rules = [
        (
            !(20..=200).contains(&text("description").chars().count()),
            "a description of 20 to 200 characters",
        ),
        (!(1..=5).contains(&keywords.len()), "one to five keywords"),
        (
            keywords
                .iter()
                .any(|keyword| keyword.text().unwrap_or_default().len() > 20),
            "keywords of at most 20 letters",
        ),
        (package.at(&["categories"]).list().is_empty(), "a category"),
        (!folder.join(text("readme")).is_file(), "a README"),
        (text("license").is_empty(), "a licence"),
        (!folder.join("LICENSE").is_file(), "the file LICENSE"),
        (
            documented && docs("all-features") != &Json::Bool(true),
            "docs.rs with all features",
        ),
        (
            documented && docs("rustdoc-args").list().is_empty(),
            "docs.rs with --cfg docsrs",
        ),
        (
            documented && !library.contains("#![cfg_attr(docsrs, feature(doc_cfg))]"),
            "doc_cfg in its lib.rs",
        ),
        (unversioned.count() > 0, "a version beside each path"),
    ];
    let broken = rules.iter().filter(|(broken, _)| *broken);
    broken
        .map(|(_, what)| format!("{} lacks {what}", text("name")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_the_manifests() {
        let text = r#"{"name": "one", "features": {"default": ["a"], "a": [], "_inner": []}}"#;
        let packages = [Json::parse(text).unwrap_or(Json::Null)];
        assert_eq!(
            matrix(&packages),
            [("one", ""), ("one", "default"), ("one", "a")]
        );
    }

    fn wrong_with_a(kind: &str) -> String {
        let bare = format!(
            r#"{{"name": "bare", "manifest_path": "/nowhere/Cargo.toml",
                "targets": [{{"kind": ["{kind}"]}}, {{"kind": ["test"]}}], "dependencies":
                [{{"path": "/x", "req": "*", "kind": null}}, {{"path": "/y", "req": "*", "kind": "dev"}}]}}"#,
        );
        wrong_with(&Json::parse(&bare).unwrap_or(Json::Null)).join("\n")
    }

    #[test]
    fn a_command_has_no_library_to_document() {
        let wrong = wrong_with_a("bin");
        assert!(
            !wrong.contains("docs.rs") && !wrong.contains("doc_cfg"),
            "{wrong}"
        );
        assert!(wrong.contains("description"), "{wrong}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let wrong = wrong_with_a("lib");
        for what in [
            "description",
            "keywords",
            "category",
            "README",
            "licence",
            "LICENSE",
            "docs.rs",
            "doc_cfg",
            "version beside",
        ] {
            assert!(wrong.contains(what), "{what} is not named in\n{wrong}");
        }
    }
}
