//! `cargo xtask package`: the crates as a registry would get them, and somebody else's service built from that.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    manifests,
    run::{Failure, cargo, output, root, run, say, target_dir},
};

pub(crate) fn check() -> Result<(), Failure> {
    manifests::check()?;
    let packaged = target_dir().join("package");
    // What was packaged before a crate was renamed would be found below.
    if packaged.exists() {
        fs::remove_dir_all(&packaged)?;
    }
    // The service below compiles every crate: cargo need not do so for each alone.
    let mut package = cargo(["package", "--workspace", "--no-verify", "--allow-dirty"]);
    let said = package.arg("--quiet").arg("--target-dir").arg(target_dir());
    output(said)?;
    let crates = unpack(&packaged)?;
    say(&format!("  {} packages", crates.len()));
    let service = packaged.join("service");
    write_service(&service, &crates)?;
    // The same folder and profile as the workspace: what is the same is compiled once.
    let mut check = Command::new(cargo([]).get_program());
    check
        .args(["check", "--quiet", "--target-dir"])
        .arg(target_dir())
        .current_dir(&service);
    run(&mut check)
}

/// Name and folder of each crate that was packaged.
fn unpack(packaged: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let wanted = manifests::crates()?;
    let mut crates = Vec::new();
    for package in &wanted {
        let text = |key: &str| package.at(&[key]).text().unwrap_or_default();
        let name = format!("{}-{}", text("name"), text("version"));
        let mut tar = Command::new("tar");
        // With the time of now: every package's files are of one moment, by which cargo would not see a change.
        tar.arg("-xzmf").arg(format!("{name}.crate"));
        run(tar.current_dir(packaged))?;
        crates.push((text("name").to_owned(), packaged.join(name)));
    }
    Ok(crates)
}

/// The README's quick start, with the packaged crates in place of a registry's.
fn write_service(folder: &Path, crates: &[(String, PathBuf)]) -> Result<(), Failure> {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let program = readme
        .split("```rust,no_run\n")
        .nth(1)
        .and_then(|block| block.split("```").next())
        .ok_or_else(|| Failure("the README has no program".to_owned()))?;
    let mut manifest = "[package]\nname = \"service\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [workspace]\n\n[profile.dev]\ndebug = \"line-tables-only\"\n\n\
         [profile.dev.package.\"*\"]\ndebug = false\n\n[profile.dev.build-override]\ndebug = false\n\n[dependencies]\naxum = \"0.8\"\n\
         bongsu = { version = \"0\", features = [\"full\"] }\n\
         tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n\n[patch.crates-io]\n"
        .to_owned();
    for (name, path) in crates {
        let _ = writeln!(manifest, "{name} = {{ path = \"{}\" }}", path.display());
    }
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/main.rs"), program)?;
    // The versions that were tested here.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}
