//! Looks at the environment as the service would have it, and says what will not work.
//!
//! The command `bongsu doctor` runs it with every feature; a service offers it from its own binary, with
//! its own checks and channels:
//!
//! ```no_run
//! use std::process::ExitCode;
//! use bongsu::{Bongsu, Builder, Config};
//!
//! fn builder(config: Config) -> Builder {
//!     Bongsu::builder(config) // .check(…).channel(…)
//! }
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     let config = match Config::from_env() {
//!         Ok(config) => config,
//!         Err(error) => return bongsu::exit_code(Err(error.into())),
//!     };
//!     if std::env::args().nth(1).as_deref() == Some("doctor") {
//!         let diagnosis = builder(config).doctor().await;
//!         println!("{diagnosis}");
//!         return diagnosis.exit_code();
//!     }
//!     // … start and serve …
//! #   ExitCode::SUCCESS
//! }
//! ```
//!
//! Nothing is started, nothing is sent, no folder is made: it is safe beside the running service,
//! which then of course holds its own ports. Every question has a time limit.

#[cfg_attr(not(feature = "_http"), path = "no_endpoint.rs")]
mod endpoint;
pub(crate) mod probe;

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;
use tokio::time::timeout;

use crate::{Builder, Config, parts};
pub(crate) use bongsu_config::doctor::judge;
#[doc(inline)]
pub use bongsu_config::doctor::{Diagnosis, Finding, Verdict};

/// How long one question may take: longer than any of the channels' own limits for a probe that
/// answers at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

impl Builder {
    /// Looks at everything that the configuration, the added checks and the added channels need.
    pub async fn doctor(self) -> Diagnosis {
        let Self { config, settings } = self;
        let mut diagnosis = Diagnosis::default();
        diagnosis.extend(judge::configuration(&config));
        let (server, heartbeat) = endpoint::look(&config).await;
        machine(server, &mut diagnosis);
        diagnosis.extend(parts::reports::doctor(&config, settings.reports).await);
        diagnosis.extend(judge::descriptors(probe::descriptors()));
        diagnosis.extend(folders(&config).await);
        diagnosis.extend(parts::http::doctor(&config, settings.http).await);
        diagnosis.extend(parts::health::doctor(&config, settings.health).await);
        diagnosis.extend(parts::rules::doctor(&config, settings.rules).await);
        diagnosis.extend(parts::alerts::doctor(&config, settings.alerts).await);
        diagnosis.extend(heartbeat);
        diagnosis
    }
}

/// A host, the time that it gave, and the time here at that moment.
type Told = (String, Timestamp, Timestamp);

/// The clock and the zone.
fn machine(server: Option<Told>, diagnosis: &mut Diagnosis) {
    let now = server.as_ref().map(|(_, _, ours)| *ours);
    let now = now.unwrap_or_else(Timestamp::now);
    let server = server
        .as_ref()
        .map(|(host, theirs, _)| (host.as_str(), *theirs));
    diagnosis.push(judge::clock(now, probe::built(), server));
    diagnosis.push(judge::time_zone(probe::knows_seoul()));
}

/// What is written to, and whether there is room.
async fn folders(config: &Config) -> Vec<Finding> {
    let mut wanted: Vec<(&'static str, PathBuf)> =
        vec![("BONGSU_DATA_DIR", config.data_dir.clone())];
    if let Some(dir) = &config.log.dir {
        wanted.push(("LOG_DIR", dir.clone()));
    }
    let mut findings = Vec::new();
    for (variable, path) in wanted {
        // A file system may hang; this thread then waits for it, but nobody else.
        let asked = path.clone();
        let facts =
            tokio::task::spawn_blocking(move || (probe::folder(&asked), probe::free(&asked)));
        let (written, free) = match timeout(PATIENCE, facts).await {
            Ok(Ok(facts)) => facts,
            _ => (Err(std::io::ErrorKind::TimedOut.into()), None),
        };
        findings.push(judge::folder(variable, &path, &written, free));
    }
    findings
}
