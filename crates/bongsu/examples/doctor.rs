//! Whether the environment will do for a service, from its own binary: what `bongsu doctor` cannot know are
//! the checks and channels that the service's code adds.
//!
//! Exit code 0, 1 when something that is configured will not work, 2 when the configuration itself
//! is wrong.

use std::process::ExitCode;

use bongsu::{Bongsu, Config};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program for a terminal")]
async fn main() -> ExitCode {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return bongsu::exit_code(Err(error.into())),
    };
    let diagnosis = Bongsu::builder(config).doctor().await;
    println!("{diagnosis}");
    diagnosis.exit_code()
}
