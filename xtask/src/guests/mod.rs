//! `cargo xtask guests [name]...`: services of other people's making, built and tested beside bongsu.
//!
//! All together they share what is compiled for them; one that is named is built with what it asks for alone.

mod pages;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::{
    packages,
    run::{Failure, cargo, root, run, target_dir},
};

pub(crate) fn command(args: &[String]) -> Result<(), Failure> {
    match args {
        [flag] if flag == "--pages" => pages::write(&all()?),
        names => run_all(names),
    }
}

/// Builds and tests them: those that are named one after the other, or all at once.
pub(crate) fn run_all(names: &[String]) -> Result<(), Failure> {
    packages::ensure()?;
    let guests = all()?;
    if let Some(unknown) = names
        .iter()
        .find(|name| !guests.iter().any(|guest| guest.name == **name))
    {
        return Err(Failure(format!(
            "there is no guest {unknown} in {}",
            folder().display()
        )));
    }
    lock()?;
    if names.is_empty() {
        return run(test().arg("--workspace"));
    }
    for name in names {
        run(test().arg("--package").arg(format!("guest-{name}")))?;
    }
    Ok(())
}

/// Whether one set of versions suits each guest and bongsu, of what links a library there can be but one; and
/// whether the page about them is as they are.
pub(crate) fn check() -> Result<(), Failure> {
    lock()?;
    let mut resolve = cargo(["metadata", "--quiet", "--format-version", "1"]);
    run(resolve.current_dir(folder()).stdout(Stdio::null()))?;
    pages::check(&all()?)
}

/// A service, as it was and as it is.
struct Guest {
    name: String,
    folder: PathBuf,
}

impl Guest {
    fn file(&self, path: &str) -> Result<String, Failure> {
        let path = self.folder.join(path);
        fs::read_to_string(&path).map_err(|error| Failure(format!("{}: {error}", path.display())))
    }

    /// Where its program is.
    fn source(&self) -> &'static str {
        match self.folder.join("src/main.rs").is_file() {
            true => "src/main.rs",
            false => "src/lib.rs",
        }
    }
}

fn folder() -> PathBuf {
    root().join("tests/guests")
}

fn all() -> Result<Vec<Guest>, Failure> {
    let mut folders: Vec<PathBuf> = fs::read_dir(folder())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    folders.retain(|path| path.join("Cargo.toml").is_file());
    folders.sort();
    let guest = |folder: PathBuf| Guest {
        name: name_of(&folder),
        folder,
    };
    Ok(folders.into_iter().map(guest).collect())
}

fn name_of(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// `cargo test` in their workspace. What ours has compiled with the same features is not compiled again.
fn test() -> std::process::Command {
    let mut test = cargo(["test", "--quiet", "--target-dir"]);
    test.arg(target_dir()).current_dir(folder());
    test
}

/// The versions that were tested here, as far as the guests leave the choice.
fn lock() -> Result<(), Failure> {
    fs::copy(root().join("Cargo.lock"), folder().join("Cargo.lock"))?;
    Ok(())
}
