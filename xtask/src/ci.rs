//! `cargo xtask ci`: what must hold before anything lands, the quickest answers first.

use std::{process::Stdio, time::Instant};

use crate::{
    campaigns, counts, dashboards, demo, deny, guests, layers, manifests, package, packages,
    readme,
    run::{Failure, cargo, run, say, show},
    stack_proof, test,
};

pub(crate) fn run_all() -> Result<(), Failure> {
    let mut phases = Phases::default();
    // First: what is missing then is said before anything is built.
    phases.run("packages", packages::ensure)?;
    phases.run("formatting", || {
        run(&mut cargo(["fmt", "--all", "--check"]))
    })?;
    phases.run("layers", layers::check)?;
    phases.run("licences and duplicates", deny::check)?;
    phases.run("tables of the README", readme::check)?;
    phases.run("versions beside the guests'", guests::check)?;
    phases.run("unit tests", test::units)?;
    phases.run("lints", lints)?;
    phases.run("docs", docs)?;
    phases.run("generated dashboards and rules", || {
        dashboards::generate(&["--check".to_owned()])
    })?;
    phases.run("the main job", demo::once)?;
    phases.run("counts", || counts::quick(&[]))?;
    phases.run("the packaged crates", package::check)?;
    phases.run("each feature alone", features)?;
    phases.run("the stack", stack_proof::prove)?;
    phases.run("guests", || guests::run_all(&[]))?;
    phases.run("a minute of each campaign", campaigns::minute)?;
    phases.show();
    // Last, so that the run closes with the test runner's own summary.
    test::run_all(&[])
}

fn lints() -> Result<(), Failure> {
    run(&mut cargo([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-features",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn docs() -> Result<(), Failure> {
    let mut docs = cargo([
        "doc",
        "--quiet",
        "--workspace",
        "--all-features",
        "--no-deps",
    ]);
    run(docs.env("RUSTDOCFLAGS", "-D warnings"))
}

/// The manifests' features, one by one; a warning is an error. Flags that make it one would have every
/// dependency compiled anew, so what the compiler says is looked at.
fn features() -> Result<(), Failure> {
    let packages = manifests::crates()?;
    let matrix = manifests::matrix(&packages);
    for (package, features) in &matrix {
        let mut check = cargo([
            "check",
            "--quiet",
            "--package",
            package,
            "--no-default-features",
            "--features",
            features,
        ]);
        let output = check.stdout(Stdio::inherit()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || !said.trim().is_empty() {
            return Err(Failure(format!("{}:\n{said}", show(&check))));
        }
    }
    say(&format!("  {} combinations", matrix.len()));
    Ok(())
}

/// What was done, and how long it took.
#[derive(Default)]
struct Phases(Vec<(&'static str, f64)>);

impl Phases {
    #[expect(clippy::disallowed_methods, reason = "shows how long each phase took")]
    fn run(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        say(&format!("== {name}"));
        let start = Instant::now();
        work().map_err(|failure| Failure(format!("{name}: {}", failure.0)))?;
        let seconds = start.elapsed().as_secs_f64();
        say(&format!("== {name}: fine, {seconds:.0} s"));
        self.0.push((name, seconds));
        Ok(())
    }

    fn show(&self) {
        say("== so far");
        for (name, seconds) in &self.0 {
            say(&format!("{seconds:>7.0} s  {name}"));
        }
        let all: f64 = self.0.iter().map(|(_, seconds)| seconds).sum();
        say(&format!("{all:>7.0} s  in all; last, every test"));
    }
}
