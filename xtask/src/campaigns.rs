//! `cargo xtask crash`, `soak` and `fuzz`: long runs of what the tests do for a moment, and CI for a minute.

use std::{
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    demo,
    run::{Failure, cargo, run, say, show, target_dir},
    test,
};

/// Kills of the service, if nothing is said.
const ROUNDS: u64 = 100;

/// Crashes of the disk under the alert store to one kill of the service: they need no process.
const DISK: u64 = 100;

/// What CI does of each, by what the workspace's tests are built from.
const MINUTE: [(&str, &str); 4] = [
    ("BONGSU_TEST_SOAK_SECONDS", "60"),
    ("BONGSU_TEST_CRASH_ROUNDS", "30"),
    ("BONGSU_TEST_DISK_CRASHES", "150"),
    ("BONGSU_TEST_ORACLE_STEPS", "4000"),
];

/// A minute of each campaign: hostile input beside the load, the kills, the disk and the model.
pub(crate) fn minute() -> Result<(), Failure> {
    demo::build_all()?;
    let mut fuzz = Command::new(target_dir().join("debug").join("bongsu-fuzz"));
    fuzz.args(["--seconds", "60", "--seed", &since_1970().to_string()]);
    let mut fuzzing = fuzz.spawn()?;
    let tested = test::only(&["soak::", "crash::", "faulty::", "oracle::"], &MINUTE);
    let fuzzed = fuzzing.wait()?;
    tested?;
    if fuzzed.success() {
        Ok(())
    } else {
        Err(Failure(format!("{}: {fuzzed}", show(&fuzz))))
    }
}

/// `crash [--rounds n]`: `kill -9` under load n times, and a hundred times as many crashes of a disk that also fails.
pub(crate) fn crash(args: &[String]) -> Result<(), Failure> {
    let rounds = match args {
        [] => ROUNDS,
        [flag, n] if flag == "--rounds" => whole(n)?,
        _ => return Err(Failure("crash [--rounds n]".to_owned())),
    };
    demo::build_all()?;
    let mut kills = of_crate("bongsu", "crash::");
    run(kills.env("BONGSU_TEST_CRASH_ROUNDS", rounds.to_string()))?;
    let mut disks = of_crate("bongsu-alerts", "faulty::");
    run(disks.env(
        "BONGSU_TEST_DISK_CRASHES",
        rounds.saturating_mul(DISK).to_string(),
    ))
}

/// `soak [--hours n | --minutes n]`: load, faults and restarts, with an eye on what must not grow.
pub(crate) fn soak(args: &[String]) -> Result<(), Failure> {
    let seconds = length(args, 3_600.0, "soak [--hours n | --minutes n]")?;
    demo::build_all()?;
    let mut soak = of_crate("bongsu", "soak::");
    run(soak.env("BONGSU_TEST_SOAK_SECONDS", seconds.to_string()))
}

/// `fuzz [--hours n | --minutes n] [--keep] [target]...`: hostile input for every parser, and the property tests
/// with as many cases as fit.
pub(crate) fn fuzz(args: &[String]) -> Result<(), Failure> {
    let usage = "fuzz [--hours n | --minutes n] [--keep] [target]...";
    let timed = usize::from(
        args.first()
            .is_some_and(|arg| arg == "--minutes" || arg == "--hours"),
    ) * 2;
    let (time, rest) = args.split_at(timed.min(args.len()));
    let seconds = length(time, 300.0, usage)?;
    // Half of it for what can be reached from outside, half for what cannot.
    let seed = since_1970();
    let all = rest.iter().all(|arg| arg == "--keep");
    hostile(if all { seconds / 2.0 } else { seconds }, seed, rest)?;
    if all {
        properties(seconds / 2.0)
    } else {
        Ok(())
    }
}

fn hostile(seconds: f64, seed: u64, rest: &[String]) -> Result<(), Failure> {
    let mut fuzz = cargo([
        "run",
        "--quiet",
        "--package",
        "bongsu-fuzz",
        "--all-features",
        "--",
    ]);
    fuzz.args([
        "--seconds",
        &seconds.to_string(),
        "--seed",
        &seed.to_string(),
    ]);
    run(fuzz.args(rest))
}

/// The crates with properties that random input must not break: what the fuzzer cannot reach from outside.
const PROPERTIES: [&str; 9] = [
    "alerts",
    "health",
    "logging",
    "metrics",
    "redis",
    "reports",
    "resources",
    "secret",
    "text",
];

/// Cases a second that a property of the slowest crate is tried with, on a slow machine.
const CASES_A_SECOND: f64 = 20.0;

fn properties(seconds: f64) -> Result<(), Failure> {
    let cases = (seconds * CASES_A_SECOND / PROPERTIES.len() as f64).max(256.0) as u64;
    say(&format!("properties, each with {cases} cases"));
    let packages = PROPERTIES
        .iter()
        .map(|name| format!("--package=bongsu-{name}"));
    let mut tests = cargo(["test", "--quiet", "--all-features", "--lib"]);
    tests.args(packages);
    run(tests.env("PROPTEST_CASES", cases.to_string()))
}

/// A test of a crate, with what it prints.
fn of_crate(package: &str, name: &str) -> Command {
    let mut test = cargo(["test", "--quiet", "--all-features", "--package", package]);
    test.args(["--test", "it", "--", "--nocapture", name]);
    test
}

/// Seconds of `--hours n` or `--minutes n`.
fn length(args: &[String], default: f64, usage: &str) -> Result<f64, Failure> {
    let seconds = match args {
        [] => return Ok(default),
        [flag, n] if flag == "--hours" => number(n)? * 3_600.0,
        [flag, n] if flag == "--minutes" => number(n)? * 60.0,
        _ => return Err(Failure(usage.to_owned())),
    };
    Ok(seconds)
}

fn number(text: &str) -> Result<f64, Failure> {
    let number = text
        .parse::<f64>()
        .ok()
        .filter(|n| *n > 0.0 && n.is_finite());
    number.ok_or_else(|| Failure(format!("{text:?} is no number above 0")))
}

fn whole(text: &str) -> Result<u64, Failure> {
    let number = text.parse().ok().filter(|n| *n > 0);
    number.ok_or_else(|| Failure(format!("{text:?} is no whole number above 0")))
}

#[expect(
    clippy::disallowed_methods,
    reason = "each run draws inputs of its own"
)]
fn since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_hours_or_minutes() {
        let of = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            length(&words, 7.0, "usage").ok()
        };
        assert_eq!(of(&[]), Some(7.0));
        assert_eq!(of(&["--hours", "2"]), Some(7_200.0));
        assert_eq!(of(&["--minutes", "0.5"]), Some(30.0));
        for wrong in [
            &["--hours"][..],
            &["--hours", "0"],
            &["--days", "1"],
            &["--minutes", "inf"],
        ] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }
}
