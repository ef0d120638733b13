//! The command `bongsu`, for the checkout of a service: see its README.

mod alert;
mod completions;
mod config;
mod line;
mod new_service;
mod report;
mod rules;

use std::process::ExitCode;

use bongsu::{Bongsu, Builder, Config, Error};

use line::Line;

const USAGE: &str = "\
usage: bongsu [--dir FOLDER] COMMAND

  doctor                    what of the environment will not work, and what to do about it
  alert test [CHANNEL]      a test message through one channel, or through all
  alert explain --level LEVEL --title TITLE --source SOURCE
          [--key KEY] [--message TEXT] [--kind KIND] [--tag TAG]... [--metadata NAME=VALUE]...
                            what would become of an alert; nothing is sent
  config check [FILE]       whether the variables and the bongsu.toml under them can be used, and what is wrong
  config show [--origin]    each value in force, and where it comes from
  config schema             the JSON Schema of bongsu.toml, for editors
  report preview DATE [--out FOLDER] [--period week|month|year]
                            the report of a day, as files
  report send DATE [--recompute]
  report resend DATE        sends it, or sends it once more
  report rebuild [--from DATE]
                            computes kept positions anew, as after a correction
  rules eval --openmetrics FILE [--time TIME | --start TIME --end TIME --step LENGTH] EXPRESSION
                            what PromQL comes to over a file of samples, as Prometheus' API answers
  rules check [FILE]...     whether Prometheus' rule files can be used: where not, line, column and remedy;
                            without files, those of BONGSU_RULES
  rules backtest [--since LENGTH] [--every LENGTH] [--openmetrics FILE | --prometheus URL] FILE...
                            how often Prometheus' rules would have fired, and for how long: over a file of
                            samples, what a Prometheus keeps, else over what the service remembers
  rules backtest [--since LENGTH]
                            what the routes would have made of the alerts of the past
  rules diff OLD NEW        what differs between two bongsu.toml, and which alerts of the past would go elsewhere;
                            or between two of Prometheus' rule files
  rules test FILE...        the tests that `promtool test rules` runs, without it; a .toml is a table of routes:
                            at this time, with this state, this alert goes there
  new-service NAME [--into FOLDER]
                            a service under bongsu to begin with
  completions bash|zsh|fish

It has the variables of the shell and, under them, those of the .env in the folder it is run in, or in
--dir. Reports by hand are for a service that is stopped; of a running one, ask /admin/reports.

Exit codes: 0 done, 1 something does not work or was not done, 2 wrong command line or configuration.";

/// Why the command ended without being done.
enum Failure {
    /// Nobody would understand what was asked.
    Usage(String),
    /// It is understood, and something that was named is wrong.
    Wrong(String),
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Failure {
    /// What was asked for could not be done.
    fn undone(reason: impl Into<String>) -> Self {
        Self::Error(Error::service(reason.into()))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()).await {
        Ok(code) => code,
        Err(Failure::Error(error)) => bongsu::exit_code(Err(error)),
        Err(Failure::Usage(reason)) => {
            complain(&format!(
                "error: {reason}; bongsu --help says what there is"
            ));
            ExitCode::from(2)
        }
        Err(Failure::Wrong(reason)) => {
            complain(&format!("error: {reason}"));
            ExitCode::from(2)
        }
    }
}

async fn run(args: Vec<String>) -> Result<ExitCode, Failure> {
    let mut line = Line::new(args);
    if let Some(folder) = line.leading("--dir")? {
        let entered = std::env::set_current_dir(&folder);
        entered.map_err(|error| Failure::Usage(format!("--dir {folder}: {error}")))?;
    }
    match line.word().as_deref() {
        Some("doctor") => {
            line.end()?;
            let diagnosis = builder()?.doctor().await;
            say(&diagnosis.to_string());
            return Ok(diagnosis.exit_code());
        }
        Some("alert") => alert::run(line).await?,
        Some("config") => config::run(line)?,
        Some("report") => report::run(line).await?,
        Some("rules") => rules::run(line).await?,
        Some("new-service") => new_service::write(line)?,
        Some("completions") => completions::print(line)?,
        Some("help" | "--help" | "-h") => say(USAGE),
        Some("--version" | "-V") => say(concat!("bongsu ", env!("CARGO_PKG_VERSION"))),
        Some(other) => return Err(Failure::Usage(format!("there is no command {other:?}"))),
        None => return Err(Failure::Usage("say a command".to_owned())),
    }
    Ok(ExitCode::SUCCESS)
}

/// The service that the environment describes.
fn builder() -> Result<Builder, Failure> {
    let config = Config::from_env().map_err(Error::from)?;
    Ok(Bongsu::builder(config))
}

#[expect(clippy::print_stdout, reason = "a program for a terminal")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a program for a terminal")]
fn complain(text: &str) {
    eprintln!("{text}");
}
