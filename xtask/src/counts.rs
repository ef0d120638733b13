//! `cargo xtask bench --quick`: what can be counted, beside the counts that are committed.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::{
    layers,
    run::{Failure, cargo, output, root, say, target_dir, variable},
};

/// A count may rise by so much before it is a failure.
const MARGIN: f64 = 0.05;

/// Name and count.
type Counts = Vec<(String, f64)>;

/// Counts, and compares; `--accept` writes them instead.
pub(crate) fn quick(args: &[String]) -> Result<(), Failure> {
    let accept = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--accept"] => true,
        _ => {
            return Err(Failure(
                "usage: cargo xtask bench --quick [--accept]".to_owned(),
            ));
        }
    };
    let (counted, missing) = counted()?;
    if !missing.is_empty() && (accept || variable("CI").is_some()) {
        return Err(Failure(missing.join("\n")));
    }
    let committed = read(&fs::read_to_string(file()).unwrap_or_default());
    let (table, risen) = compare(&committed, &counted);
    say(&table);
    missing.iter().for_each(|line| say(line));
    if accept {
        fs::write(file(), written(&counted))?;
        say(&format!("Wrote {}.", file().display()));
        return Ok(());
    }
    if risen.is_empty() {
        return Ok(());
    }
    Err(Failure(format!(
        "more than the committed counts by over {:.0} %: {}\nWhere that is meant: cargo xtask bench --quick --accept",
        MARGIN * 100.0,
        risen.join(", ")
    )))
}

/// The counts of this architecture.
fn file() -> PathBuf {
    let name = format!("{}.toml", std::env::consts::ARCH);
    root().join("benches/counts").join(name)
}

/// The counts, and what could not be counted.
fn counted() -> Result<(Counts, Vec<String>), Failure> {
    let manifest = root().join("benches/counts/Cargo.toml");
    // Of the versions that the workspace has, and no list of its own that somebody would have to keep.
    fs::copy(
        root().join("Cargo.lock"),
        manifest.with_file_name("Cargo.lock"),
    )?;
    // Under the workspace's own target folder, so that whoever keeps that keeps this.
    let target = target_dir().join("counts");
    let mut counting = cargo([
        "run",
        "--release",
        "--quiet",
        "--manifest-path",
        &manifest.display().to_string(),
        "--target-dir",
        &target.display().to_string(),
    ]);
    let printed = output(&mut counting)?;
    let mut counts = numbers(
        printed
            .lines()
            .filter_map(|line| line.strip_prefix("figure ")),
        ' ',
    );
    counts.extend(packages()?);
    let missing = printed.lines().filter(|line| line.starts_with("missing "));
    Ok((counts, missing.map(str::to_owned).collect()))
}

/// Packages that a service is built of.
fn packages() -> Result<Counts, Failure> {
    let mut counts = Counts::new();
    for features in ["default", "full"] {
        let tree = layers::tree("bongsu", "--no-default-features", features)?;
        let lines = tree.lines().filter(|line| !line.is_empty());
        let packages: BTreeSet<&str> = lines.map(|line| line.trim_end_matches(" (*)")).collect();
        counts.push((format!("packages_{features}"), packages.len() as f64));
    }
    Ok(counts)
}

fn numbers<'a>(lines: impl Iterator<Item = &'a str>, between: char) -> Counts {
    let pairs = lines.filter_map(|line| line.split_once(between));
    let pairs = pairs.filter_map(|(name, count)| Some((name.trim(), count.trim().parse().ok()?)));
    pairs
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}

/// `name = count`, a line each.
fn read(text: &str) -> Counts {
    numbers(text.lines().filter(|line| !line.starts_with('#')), '=')
}

fn written(counts: &Counts) -> String {
    let head = "# Counts of `cargo xtask bench --quick`, which writes them with `--accept`.\n";
    let lines = counts
        .iter()
        .map(|(name, count)| format!("{name} = {count}\n"));
    std::iter::once(head.to_owned()).chain(lines).collect()
}

/// A table, and the names of what rose too far.
fn compare(committed: &Counts, counted: &Counts) -> (String, Vec<String>) {
    let mut table = format!("{:<44} {:>12} {:>12}", "", "committed", "counted");
    let mut risen = Vec::new();
    for (name, now) in counted {
        let before = committed.iter().find(|(known, _)| known == name);
        let (before, change) = match before {
            None => ("-".to_owned(), "new".to_owned()),
            Some((_, before)) if before == now => (before.to_string(), String::new()),
            Some((_, before)) => {
                if *now > before * (1.0 + MARGIN) {
                    risen.push(format!("{name} ({before} to {now})"));
                }
                let change = (now / before - 1.0) * 100.0;
                (before.to_string(), format!("{change:+.1} %"))
            }
        };
        let line = format!("{name:<44} {before:>12} {now:>12}  {change}");
        table.push('\n');
        table.push_str(line.trim_end());
    }
    (table, risen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, f64)]) -> Counts {
        let pairs = pairs.iter();
        pairs
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    }

    #[test]
    fn a_rise_of_more_than_five_percent_is_told_by_name() {
        let committed = counts(&[("a", 100.0), ("b", 100.0), ("c", 100.0), ("zero", 0.0)]);
        let now = counts(&[
            ("a", 105.0),
            ("b", 105.1),
            ("c", 50.0),
            ("new", 7.0),
            ("zero", 1.0),
        ]);
        let (table, risen) = compare(&committed, &now);
        assert_eq!(risen, ["b (100 to 105.1)", "zero (0 to 1)"]);
        assert!(
            table.contains("-50.0 %") && table.contains("new"),
            "{table}"
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let all = counts(&[
            ("logging_event_instructions", 1971.5),
            ("packages_default", 151.0),
        ]);
        assert_eq!(read(&written(&all)), all);
    }
}
