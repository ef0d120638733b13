//! Writes the dashboards, rules and runbooks, or says what is wrong with the ones that are there.
//!
//! `cargo xtask dashboards [--check]`

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use bongsu_dashboards::{check, documents};

fn main() -> ExitCode {
    let mut checking = false;
    let mut root = repository();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.size_hint().0) {
            ("--check", _) => checking = true,
            ("--root", 1..) => root = args.next().map_or(root, PathBuf::from),
            _ => {
                complain("usage: cargo xtask dashboards [--check] [--root <repository>]");
                return ExitCode::from(2);
            }
        }
    }
    if checking {
        report(&root)
    } else {
        write(&root)
    }
}

fn report(root: &Path) -> ExitCode {
    let findings = check::findings(root);
    for finding in &findings {
        complain(&finding.to_string());
    }
    if findings.is_empty() {
        say("Dashboards, rules and configurations are as the code writes them, and valid.");
        return ExitCode::SUCCESS;
    }
    complain("`cargo xtask dashboards` writes the generated files anew.");
    ExitCode::FAILURE
}

fn write(root: &Path) -> ExitCode {
    for document in documents() {
        let path = root.join(&document.path);
        if let Err(error) = write_file(&path, &document.text) {
            complain(&format!("{}: {error}", path.display()));
            return ExitCode::FAILURE;
        }
        say(&document.path);
    }
    ExitCode::SUCCESS
}

fn write_file(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// The repository that this program was built in.
fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_path_buf()
}

#[expect(clippy::print_stdout, reason = "a program for a terminal")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a program for a terminal")]
fn complain(text: &str) {
    eprintln!("{text}");
}
