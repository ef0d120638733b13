//! `cargo xtask readme [--check]`: the README's tables that come from code and measurements.
//!
//! The table of variables is not among them: it is the facade's own, and its tests hold it.

use std::fs;

use crate::{
    features, figures,
    run::{Failure, root, say},
};

const FILE: &str = "README.md";

pub(crate) fn generate(args: &[String]) -> Result<(), Failure> {
    match args {
        [] => write(),
        [flag] if flag == "--check" => check(),
        _ => Err(Failure("usage: cargo xtask readme [--check]".to_owned())),
    }
}

/// Writes both tables.
pub(crate) fn write() -> Result<(), Failure> {
    let (_, wanted) = both()?;
    fs::write(root().join(FILE), wanted)?;
    say(&format!("Wrote the tables of {FILE}."));
    Ok(())
}

/// Fails when a table is not as the code and BENCHMARKS.md have it.
pub(crate) fn check() -> Result<(), Failure> {
    let (there, wanted) = both()?;
    if there == wanted {
        return Ok(());
    }
    let changed = wanted
        .lines()
        .filter(|line| !there.lines().any(|old| old == *line));
    let changed: Vec<&str> = changed.collect();
    Err(Failure(format!(
        "{FILE} is behind; `cargo xtask readme` writes\n{}",
        changed.join("\n")
    )))
}

/// The file as it is, and as it should be.
fn both() -> Result<(String, String), Failure> {
    let there = fs::read_to_string(root().join(FILE))?;
    let wanted = put(&there, "features", &features::table()?)?;
    let wanted = put(&wanted, "figures", &figures::table()?)?;
    Ok((there, wanted))
}

/// `text` with `table` between its markers.
fn put(text: &str, marker: &str, table: &str) -> Result<String, Failure> {
    let (begin, end) = (format!("<!-- {marker} -->"), format!("<!-- /{marker} -->"));
    let parts = text.split_once(&begin).and_then(|(head, rest)| {
        let (_, tail) = rest.split_once(&end)?;
        Some((head, tail))
    });
    let (head, tail) = parts.ok_or_else(|| Failure(format!("{FILE} has no {begin} … {end}")))?;
    Ok(format!("{head}{begin}\n\n{table}\n{end}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text = "a\n<!-- x -->\nold\n<!-- /x -->\nb";
        let new = put(text, "x", "new\n").ok();
        assert_eq!(
            new.as_deref(),
            Some("a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb")
        );
        assert!(put(text, "y", "new").is_err());
    }
}
