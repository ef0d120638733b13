//! `cargo xtask <command>`: everything that a developer or CI does with this workspace.

mod bench;
mod campaigns;
mod ci;
mod command;
mod counts;
mod dashboards;
mod demo;
mod deny;
mod features;
mod figures;
mod guests;
mod http;
mod image;
mod json;
mod kubernetes;
mod layers;
mod manifests;
mod new_channel;
mod package;
mod packages;
mod readme;
mod run;
mod sbom;
mod stack;
mod stack_proof;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  demo [--once] [--dir <folder>] [--port <port>]
          the example trading engine under bongsu, with traffic, alerts and a report;
          --once: a bounded run that fails unless every part was seen
  test    every test there is, against the real servers; installs what is missing
  ci      formatting, lints, docs, features, layers, licences, `demo --once`, then `test`
  bench [area]...
          the benchmarks beside their peers; writes BENCHMARKS.md
  bench --quick [--accept]
          what can be counted (instructions, allocations, bytes, packages), beside the counts that are
          committed: more by 5 % is a failure; --accept: writes them
  dashboards [--check]
          writes the dashboards, rules, runbooks and docs/metrics.md; --check: says what differs or is invalid
  crash [--rounds <n>]
          a service under load is killed n times, the disk under its alerts a hundred times as often:
          nothing that was acknowledged may be lost
  soak [--hours <n> | --minutes <n>]
          a service under load, faults and restarts: memory, descriptors, threads and store must not grow
  fuzz [--hours <n> | --minutes <n>] [--keep] [target]...
          hostile input for every parser; --keep: inputs with a new outcome become part of fuzz/corpus
  sbom    prints the packages that a service with every feature is made of, as CycloneDX 1.5
  guests [name]... | --pages
          services of other people's making, built and tested beside bongsu: all at once, or each that is
          named with what it asks for alone; --pages: writes docs/guests.md, what had to change in each
  package the crates as a registry would get them, and a service built from those
  doctor  whether the environment will do for a service: variables, folders, ports, servers,
          channels, clock; exit code 1 when something will not work, 2 for a wrong configuration
  alert test [channel]
          a test message through one channel, or through all, with the service's environment
  alert explain --level <level> --title <title> --source <source> [--key <key>]...
          what would become of an alert: rule, channels, cooldown, escalation; nothing is sent
  report preview|send|resend <date> [--out <folder>] [--recompute]
          the daily report by hand, with the service's environment, while the service is stopped;
          of a running one, /admin/reports/{date} and its resend
  report rebuild [--from <date>]
          computes kept positions anew, as after a correction
  readme [--check]
          writes the README's tables of features and figures; --check: says what differs
  new-channel NAME [--into FOLDER [--from CRATE]]
          writes an alert channel with its tests: here, or in the folder of a crate of your own
  up [--dev] [--profile remote-write|logs|otlp]... [--no-profile NAME]... [service]...
          the stack of docker/: engine, Prometheus, Alertmanager, Grafana; --dev: admin/admin;
          a profile stays on until it is turned off
  down [--volumes]
          stops it
  logs [service]...
          follows its logs
  image [amd64|arm64] [--twice]
          builds the image's programs: size, digest, start; --twice: whether the bytes are the same again
  kubernetes
          prints engine, monitors, rules and dashboards for a cluster
  stack-proof
          starts and stops it on an engine of its own and looks at it from outside; needs root
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = args
        .split_first()
        .map_or(("", &[][..]), |(c, rest)| (c.as_str(), rest));
    let done = match command {
        "demo" => demo::become_it(rest),
        "test" => test::run_all(rest),
        "ci" => ci::run_all(),
        "bench" => bench::run_areas(rest),
        "crash" => campaigns::crash(rest),
        "soak" => campaigns::soak(rest),
        "fuzz" => campaigns::fuzz(rest),
        "sbom" => sbom::print(),
        "guests" => guests::command(rest),
        "package" => package::check(),
        "dashboards" => dashboards::generate(rest),
        "doctor" | "alert" | "report" => return command::run(command, rest),
        "readme" => readme::generate(rest),
        "new-channel" => new_channel::scaffold(rest),
        "up" => stack::up(rest),
        "down" => stack::down(rest),
        "image" => image::build(rest),
        "kubernetes" => kubernetes::print(),
        "logs" => stack::logs(rest),
        "stack-proof" => stack_proof::prove(),
        _ => {
            run::say(USAGE);
            return ExitCode::from(if matches!(command, "help" | "--help" | "-h") {
                0
            } else {
                2
            });
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            run::complain(&failure.0);
            ExitCode::FAILURE
        }
    }
}
