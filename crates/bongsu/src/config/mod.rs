//! Configuration: read once, checked whole, then handed to the crates as plain values.
//!
//! ```
//! use bongsu::config::Config;
//!
//! let vars = [("SERVICE_NAME", "trading_engine"), ("CPU_WARNING_THRESHOLD", "hot")];
//! let error = Config::from_vars(vars).unwrap_err();
//! assert_eq!(error.problems()[0].variable, "CPU_WARNING_THRESHOLD");
//! ```

mod alerting;
mod database;
mod delivery;
mod env;
mod error;
mod logging;
mod monitoring;
mod reader;
mod report;
pub(crate) mod rules;
mod service;
mod setting;
mod unread;
pub(crate) mod value;
pub mod variables;

use std::{collections::BTreeMap, path::PathBuf};

pub use alerting::AlertConfig;
pub use bongsu_secret::Secret;
pub use delivery::DeliveryConfig;
pub use env::env_var;
pub use error::{ConfigError, Problem};
pub use logging::LogConfig;
pub use monitoring::ResourceConfig;
pub(crate) use reader::Findings;
pub use report::{ReportConfig, ReportPeriod};
pub use rules::RulesConfig;
pub use service::{HealthDetail, HttpConfig, ServiceInfo};
pub use setting::Setting;
pub use unread::UnreadVariable;
pub(crate) use variables::Variable;

/// Everything that [`Bongsu`](crate::Bongsu) needs to know.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Name, environment and version of the service.
    pub service: ServiceInfo,
    /// Where it listens and how it ends.
    pub http: HttpConfig,
    /// Folder for what must survive a restart.
    pub data_dir: PathBuf,
    /// `sqlite:<path>` or `postgres://…`.
    pub database_url: Option<Secret>,
    /// `redis://…`.
    pub redis_url: Option<Secret>,
    /// CPU, memory and disk.
    pub resources: ResourceConfig,
    /// Level, format and folder of the log.
    pub log: LogConfig,
    /// Cooldown and channels.
    pub alerts: AlertConfig,
    /// How what is sent looks, by what way it goes, and to whom.
    pub delivery: DeliveryConfig,
    /// The daily report.
    pub report: ReportConfig,
    /// Which rules are evaluated over the service's own metrics.
    pub rules: RulesConfig,
    /// Whether the console's history outlives a restart, in a file of the data folder.
    pub console_history: bool,
    /// What is set and cannot be used, or will not do what it seems to: said in the log, in
    /// `/health` and by the doctor.
    pub warnings: Vec<Problem>,
    /// Variables that are set, look like one of these, and are none: said at start and by the doctor.
    pub unread: Vec<UnreadVariable>,
    /// The variables that were given, each with the name under which it was found.
    pub(crate) given: BTreeMap<&'static str, String>,
}

/// As an empty environment has it, but for the name that a service needs.
impl Default for Config {
    fn default() -> Self {
        Self {
            service: ServiceInfo {
                environment: "development".to_owned(),
                version: "unknown".to_owned(),
                ..ServiceInfo::default()
            },
            http: HttpConfig::default(),
            data_dir: "bongsu-data".into(),
            database_url: None,
            redis_url: None,
            resources: ResourceConfig::default(),
            log: LogConfig::default(),
            alerts: AlertConfig::default(),
            delivery: DeliveryConfig::default(),
            report: ReportConfig::default(),
            rules: RulesConfig::default(),
            console_history: false,
            warnings: Vec::new(),
            unread: Vec::new(),
            given: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads the process environment, and a `.env` file in the working directory under it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with the variable's name; a bad `.env` file as `.env`.
    pub fn from_env() -> Result<Self, ConfigError> {
        match env::file(".env".as_ref()) {
            // What the process has set wins.
            Ok(file) => Self::from_vars(file.into_iter().chain(env::process())),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(|e| format!(": {e}"));
                Err(ConfigError::new(vec![Problem {
                    variable: ".env".to_owned(),
                    message: format!("{error}{}", cause.unwrap_or_default()),
                }]))
            }
        }
    }

    /// Reads pairs of name and value: a map, an array, an iterator. Of a name that comes twice the
    /// last value counts; an empty value is the same as none.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use bongsu::Config;
    ///
    /// let config = Config::from_vars(HashMap::from([("SERVICE_NAME", "desk")]))?;
    /// assert_eq!(config.service.name, "desk");
    /// # Ok::<(), bongsu::config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with the variable's name.
    pub fn from_vars<N, V>(vars: impl IntoIterator<Item = (N, V)>) -> Result<Self, ConfigError>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut env = BTreeMap::new();
        for (name, value) in vars {
            // An empty value hides nothing that stands under it.
            if !value.as_ref().trim().is_empty() {
                env.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
            }
        }
        let (mut config, mut findings) = (Self::default(), Findings::default());
        reader::read(&env, &mut config, &mut findings);
        service::check(&mut config, &mut findings);
        monitoring::check(&config, &mut findings);
        delivery::check(&config, &mut findings);
        crate::parts::alerts::check(&mut config, &mut findings);
        report::check(&mut config, &mut findings);
        config.unread = unread::among(env.into_keys());
        config.warnings = findings.warnings;
        if findings.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::new(findings.problems))
        }
    }

    /// The file of a `database_url` that begins with `sqlite:`.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let url = self.database_url.as_ref()?.expose();
        Some(url.strip_prefix("sqlite:")?.into())
    }

    /// A `database_url` of PostgreSQL.
    #[cfg(feature = "postgres")]
    #[allow(dead_code, reason = "asked by checks and reports, where there are any")]
    pub(crate) fn postgres_url(&self) -> Option<&str> {
        let url = self.database_url.as_ref()?.expose();
        url.starts_with("postgres:").then_some(url)
    }

    /// Makes the folder for what must survive a restart.
    #[allow(
        dead_code,
        reason = "which parts keep something depends on the features"
    )]
    pub(crate) fn create_data_dir(&self) -> Result<(), String> {
        use std::os::unix::fs::DirBuilderExt;
        // What is traded is nobody else's to read.
        let mut folder = std::fs::DirBuilder::new();
        let made = folder.recursive(true).mode(0o700).create(&self.data_dir);
        made.map_err(|error| {
            format!(
                "cannot create BONGSU_DATA_DIR {}: {error}",
                self.data_dir.display()
            )
        })
    }
}

#[cfg(test)]
mod tests;
