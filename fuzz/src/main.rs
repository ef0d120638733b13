//! Hostile input for everything that reads what others wrote, through the public interfaces: `cargo xtask fuzz`.
//!
//! Inputs are mutated from `corpus/<target>/`. One that leads to an outcome that none before it led to (another
//! status, another error) is mutated further, and with `--keep` is kept there. What makes a target panic, answer
//! with an error of its own or take too long ends the run, and is written to `found/`.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a developer's tool: it watches the clock, speaks to a terminal and fails by panicking"
)]

mod mutate;
mod run;
mod targets;

use std::{process::ExitCode, time::Duration};

const USAGE: &str = "usage: bongsu-fuzz [--seconds n] [--seed n] [--keep] [target]...";

fn main() -> ExitCode {
    let mut wanted = Vec::new();
    let (mut seconds, mut seed, mut keep) = (60.0, 0, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|text| text.parse::<f64>().ok());
        match arg.as_str() {
            "--seconds" => match number().filter(|n| *n > 0.0) {
                Some(n) => seconds = n,
                None => return refuse("--seconds takes a number above 0"),
            },
            "--seed" => match number() {
                Some(n) => seed = n as u64,
                None => return refuse("--seed takes a number"),
            },
            "--keep" => keep = true,
            name if targets::ALL.iter().any(|target| target.name == name) => {
                wanted.push(name.to_owned());
            }
            other => return refuse(&format!("there is no target {other}")),
        }
    }
    let targets: Vec<_> = targets::ALL
        .iter()
        .filter(|target| wanted.is_empty() || wanted.iter().any(|name| name == target.name))
        .collect();
    let share = Duration::from_secs_f64(seconds / targets.len() as f64);
    let mut inputs = 0;
    for target in targets {
        match run::run(target, share, seed, keep) {
            Ok(tried) => inputs += tried,
            Err(found) => {
                println!("{}: {found}", target.name);
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{inputs} inputs, seed {seed}: nothing found");
    ExitCode::SUCCESS
}

fn refuse(why: &str) -> ExitCode {
    let names: Vec<&str> = targets::ALL.iter().map(|target| target.name).collect();
    println!("{why}\n{USAGE}\ntargets: {}", names.join(", "));
    ExitCode::from(2)
}
