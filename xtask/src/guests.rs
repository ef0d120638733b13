//! `cargo xtask guests [name]...`: services of other people's making, built and tested beside bongsu.

use std::{fs, path::PathBuf};

use crate::{
    packages,
    run::{Failure, cargo, root, run, say, target_dir},
};

pub(crate) fn run_all(names: &[String]) -> Result<(), Failure> {
    packages::ensure()?;
    let folder = root().join("tests/guests");
    let mut guests: Vec<PathBuf> = fs::read_dir(&folder)?
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .collect();
    guests.sort();
    if let Some(unknown) = names
        .iter()
        .find(|name| !guests.contains(&folder.join(name)))
    {
        return Err(Failure(format!(
            "there is no guest {unknown} in {}",
            folder.display()
        )));
    }
    guests.retain(|path| names.is_empty() || names.iter().any(|name| path.ends_with(name)));
    for guest in guests {
        let name = guest.file_name().unwrap_or_default().to_string_lossy();
        say(&format!("  {name}"));
        // The versions that were tested here, as far as the guest leaves the choice.
        fs::copy(root().join("Cargo.lock"), guest.join("Cargo.lock"))?;
        // What the workspace has compiled with the same features is not compiled again.
        let mut test = cargo(["test", "--quiet", "--target-dir"]);
        run(test.arg(target_dir()).current_dir(&guest))?;
    }
    Ok(())
}
