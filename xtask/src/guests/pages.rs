//! `docs/guests.md`: of each guest, what had to change for bongsu.

use std::{fmt::Write as _, fs, process::Command};

use super::Guest;
use crate::run::{Failure, root, say};

const FILE: &str = "docs/guests.md";

const HEAD: &str = "\
# Each guest, before and after

Written by `cargo xtask guests --pages` from `before.rs` and the program of each [guest](../tests/guests/README.md);
both are compiled, and what came of it is tested. Beside this the guest's `Cargo.toml` has the one line that
[adopting.md](adopting.md) begins with.

| guest | lines that came | lines that went |
|---|---|---|
";

pub(super) fn write(guests: &[Guest]) -> Result<(), Failure> {
    fs::write(root().join(FILE), page(guests)?)?;
    say(&format!("Wrote {FILE}."));
    Ok(())
}

pub(super) fn check(guests: &[Guest]) -> Result<(), Failure> {
    if fs::read_to_string(root().join(FILE)).unwrap_or_default() == page(guests)? {
        return Ok(());
    }
    Err(Failure(format!(
        "{FILE} is behind; `cargo xtask guests --pages` writes it"
    )))
}

fn page(guests: &[Guest]) -> Result<String, Failure> {
    let (mut table, mut rest) = (String::new(), String::new());
    for guest in guests {
        let changed = difference(guest)?;
        let count = |sign: char| {
            changed
                .lines()
                .filter(|line| line.starts_with(sign))
                .count()
        };
        let name = &guest.name;
        let _ = writeln!(
            table,
            "| [`{name}`](#{name}) | {} | {} |",
            count('+'),
            count('-')
        );
        let source = guest.file(guest.source())?;
        let is = source.lines().next().unwrap_or_default();
        let is = is.trim_start_matches("//!").trim();
        let _ = write!(rest, "\n## {name}\n\n{is}\n\n```diff\n{changed}```\n");
    }
    Ok(format!("{HEAD}{table}{rest}"))
}

/// What `diff` says of the two, without the two files' names and its line numbers.
fn difference(guest: &Guest) -> Result<String, Failure> {
    let mut diff = Command::new("diff");
    diff.args(["--unified=2", "before.rs", guest.source()]);
    let output = diff.current_dir(&guest.folder).output()?;
    // 1 says that there is a difference.
    if output.status.code().is_none_or(|code| code > 1) {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure(format!("{}: {said}", guest.name)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text
        .lines()
        .skip(2)
        .map(|line| match line.starts_with("@@") {
            true => "@@\n".to_owned(),
            false => format!("{line}\n"),
        });
    Ok(lines.collect())
}
