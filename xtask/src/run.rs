//! Running other programs and speaking to the terminal.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

/// Why a command ended; printed as it is.
pub(crate) struct Failure(pub(crate) String);

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> PathBuf {
    variable("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a developer's tool reads its environment here"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `cargo` in the workspace's root, the same one that runs this.
pub(crate) fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".to_owned()));
    command.args(args).current_dir(root());
    command
}

/// Runs a program that says for itself how it went, and passes its exit code on.
pub(crate) fn hand_over(command: &mut Command) -> ExitCode {
    match command.status() {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            code.map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            complain(&format!("cannot run {}: {error}", show(command)));
            ExitCode::FAILURE
        }
    }
}

/// Runs to the end; an exit code other than 0 is a failure that names the command.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let shown = show(command);
    let status = command
        .status()
        .map_err(|error| Failure(format!("cannot run {shown}: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure(format!("{shown}: {status}")))
    }
}

/// Standard output of a command that must succeed.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let shown = show(command);
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| Failure(format!("cannot run {shown}: {error}")))?;
    if !output.status.success() {
        return Err(Failure(format!("{shown}: {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| Failure(format!("{shown}: not UTF-8")))
}

/// A command as a person would type it, without where the program lies.
pub(crate) fn show(command: &Command) -> String {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words = std::iter::once(name).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[expect(clippy::print_stdout, reason = "a program for a terminal")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a program for a terminal")]
pub(crate) fn complain(text: &str) {
    eprintln!("xtask: {text}");
}
