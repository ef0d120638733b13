//! `rules test`: the tests that `promtool test rules` runs, run here, and tables of routes.

use std::path::Path;

use bongsu::rules::{UnitTests, find, load};

use super::{found, is_toml, routes, words};
use crate::{Failure, line::Line, say};

pub(super) fn run(line: Line) -> Result<(), Failure> {
    let files = words(line)?;
    if files.is_empty() {
        return Err(Failure::Usage("say which file of tests".to_owned()));
    }
    let (mut all, mut failed) = (0, 0);
    for path in found(&files)? {
        let (tests, failures) = match is_toml(&path) {
            true => routes::test(&path)?,
            false => one(&path).map_err(Failure::undone)?,
        };
        for failure in &failures {
            say(failure);
        }
        say(&format!(
            "{}: {tests} tests, {} do not hold",
            path.display(),
            failures.len()
        ));
        all += tests;
        failed += failures.len();
    }
    match failed {
        0 => Ok(()),
        failed => Err(Failure::undone(format!(
            "{failed} expectations of {all} tests do not hold"
        ))),
    }
}

/// How many tests a file has, and what of them does not hold.
fn one(path: &Path) -> Result<(usize, Vec<String>), String> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let tests = UnitTests::read(&name, &text).map_err(|error| error.to_string())?;
    let beside = path.parent().unwrap_or("".as_ref());
    let rules = find(&tests.rule_files, beside).and_then(|paths| load(&paths));
    let rules = rules.map_err(|error| error.to_string())?;
    let failures = tests.run(&rules).into_iter();
    let failures = failures.map(|failure| format!("{name}: {failure}"));
    Ok((tests.count(), failures.collect()))
}
