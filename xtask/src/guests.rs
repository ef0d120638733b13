//! `cargo xtask guests [name]...`: services of other people's making, built and tested beside bongsu.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::{
    packages,
    run::{Failure, cargo, root, run, say, target_dir},
};

pub(crate) fn run_all(names: &[String]) -> Result<(), Failure> {
    packages::ensure()?;
    let mut guests = all()?;
    if let Some(unknown) = names
        .iter()
        .find(|name| !guests.iter().any(|guest| guest.ends_with(name)))
    {
        return Err(Failure(format!(
            "there is no guest {unknown} in {}",
            folder().display()
        )));
    }
    guests.retain(|path| names.is_empty() || names.iter().any(|name| path.ends_with(name)));
    for guest in guests {
        name(&guest);
        lock(&guest)?;
        // What the workspace has compiled with the same features is not compiled again.
        let mut test = cargo(["test", "--quiet", "--target-dir"]);
        run(test.arg(target_dir()).current_dir(&guest))?;
    }
    Ok(())
}

/// Whether one set of versions suits each guest and bongsu: of what links a library there can be but one.
pub(crate) fn resolve() -> Result<(), Failure> {
    for guest in all()? {
        name(&guest);
        lock(&guest)?;
        let mut resolve = cargo(["metadata", "--quiet", "--format-version", "1"]);
        run(resolve.current_dir(&guest).stdout(Stdio::null()))?;
    }
    Ok(())
}

fn folder() -> PathBuf {
    root().join("tests/guests")
}

fn all() -> Result<Vec<PathBuf>, Failure> {
    let mut guests: Vec<PathBuf> = fs::read_dir(folder())?
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .collect();
    guests.sort();
    Ok(guests)
}

fn name(guest: &Path) {
    let name = guest.file_name().unwrap_or_default().to_string_lossy();
    say(&format!("  {name}"));
}

/// The versions that were tested here, as far as the guest leaves the choice.
fn lock(guest: &Path) -> Result<(), Failure> {
    fs::copy(root().join("Cargo.lock"), guest.join("Cargo.lock"))?;
    Ok(())
}
