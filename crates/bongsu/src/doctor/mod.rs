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

use bongsu_config::doctor::judge;
use bongsu_setup::doctor::{machine, room};

use crate::{Builder, parts};
#[doc(inline)]
pub use bongsu_config::doctor::{Diagnosis, Finding, Verdict};

impl Builder {
    /// Looks at everything that the configuration, the added checks and the added channels need.
    pub async fn doctor(self) -> Diagnosis {
        let Self { config, settings } = self;
        let mut diagnosis = Diagnosis::default();
        diagnosis.extend(judge::configuration(&config));
        let (machine, heartbeat) = machine(&config).await;
        diagnosis.extend(machine);
        diagnosis.extend(parts::reports::doctor(&config, settings.reports).await);
        diagnosis.extend(room(&config).await);
        diagnosis.extend(parts::http::doctor(&config, settings.http).await);
        diagnosis.extend(parts::health::doctor(&config, settings.health).await);
        diagnosis.extend(parts::rules::doctor(&config, settings.rules).await);
        diagnosis.extend(parts::alerts::doctor(&config, settings.alerts).await);
        diagnosis.extend(heartbeat);
        diagnosis
    }
}
