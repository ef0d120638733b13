//! Licences and duplicate versions against deny.toml, without a network.
//!
//! `cargo deny check` reads the same file and also knows advisories; this part of it needs
//! nothing that is not in the lock file.

use std::collections::BTreeSet;

use crate::run::{Failure, cargo, output, root};

pub(crate) fn check() -> Result<(), Failure> {
    let config = std::fs::read_to_string(root().join("deny.toml"))?;
    let mut wrong = licences(&strings(&config, "allow"))?;
    wrong.extend(duplicates(&strings(&config, "skip"))?);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure(format!("deny.toml:\n{}", wrong.join("\n"))))
    }
}

/// The quoted strings of the array `key = [ … ]`.
fn strings(config: &str, key: &str) -> BTreeSet<String> {
    let start = config.find(&format!("\n{key} = ["));
    let array = start
        .and_then(|start| config[start..].split(']').next())
        .unwrap_or_default();
    array
        .lines()
        .filter_map(|line| line.split('"').nth(1))
        .map(str::to_owned)
        .collect()
}

fn licences(allowed: &BTreeSet<String>) -> Result<Vec<String>, Failure> {
    let tree = tree(&["--format", "{p}|{l}"])?;
    let packages: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    let refused = packages.into_iter().filter(|line| {
        let (package, expression) = line.rsplit_once('|').unwrap_or((line, ""));
        let own =
            package.is_empty() || package.starts_with("bongsu") || package.starts_with("xtask");
        !own && !satisfied(expression, allowed)
    });
    Ok(refused
        .map(|line| format!("licence not allowed: {line}"))
        .collect())
}

/// Whether an SPDX expression can be met by allowed licences alone.
fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    flat.split(" AND ").all(|part| {
        part.split(" OR ")
            .any(|licence| allowed.contains(licence.trim()))
    })
}

fn duplicates(skipped: &BTreeSet<String>) -> Result<Vec<String>, Failure> {
    let tree = tree(&["--duplicates", "--depth", "0", "--format", "{p}"])?;
    let found: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let found: BTreeSet<String> = found.into_iter().map(str::to_owned).collect();
    let new = found
        .difference(skipped)
        .map(|name| format!("two versions of {name}: agree on one, or list it under skip"));
    let gone = skipped
        .difference(&found)
        .map(|name| format!("{name} is under skip, but there is only one version"));
    Ok(new.chain(gone).collect())
}

fn tree(args: &[&str]) -> Result<String, Failure> {
    let fixed = [
        "tree",
        "--workspace",
        "--all-features",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--target",
        "x86_64-unknown-linux-gnu",
    ];
    output(cargo(fixed).args(args))
}
