//! Configuration of a service under bongsu: read once, checked whole, then handed to the parts as plain
//! values. One table says of each variable how it is read, shown and explained; a file says what no
//! variable can; [`doctor`] says what the facts about a machine mean. Nothing is started here.
//!
//! ```
//! use bongsu_config::Config;
//!
//! let vars = [("SERVICE_NAME", "trading_engine"), ("CPU_WARNING_THRESHOLD", "hot")];
//! let error = Config::from_vars(vars).unwrap_err();
//! assert_eq!(error.problems()[0].variable, "CPU_WARNING_THRESHOLD");
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod alerting;
mod bind;
#[cfg_attr(not(feature = "alerts"), path = "channels/absent.rs")]
pub mod channels;
mod database;
mod delivery;
pub mod doctor;
mod env;
mod error;
mod features;
pub mod file;
mod korean;
mod logging;
mod monitoring;
mod proxies;
mod reader;
mod report;
mod rules;
mod service;
mod setting;
mod traces;
mod unread;
mod value;
pub mod variables;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub use alerting::AlertConfig;
pub use bind::Bind;
pub use bongsu_secret::Secret;
pub use delivery::DeliveryConfig;
pub use env::env_var;
pub use error::{ConfigError, Problem};
pub use features::{features, has_feature};
pub use file::{AccessLines, FilePart, Loaded, schema};
pub use logging::LogConfig;
pub use monitoring::{ResourceConfig, ThresholdTuning};
pub use proxies::Proxies;
use reader::Findings;
pub use report::{ReportConfig, ReportPeriod};
pub use rules::{RulesConfig, SHIPPED};
pub use service::{HealthDetail, HttpConfig, ServiceInfo};
pub use setting::Setting;
pub use traces::{OtlpProtocol, SignalConfig, TraceConfig, pairs};
pub use unread::UnreadVariable;
pub use value::zone;
use variables::Variable;

/// Everything that a service under bongsu needs to know.
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
    /// Which traces are recorded.
    pub traces: TraceConfig,
    /// Cooldown and channels.
    pub alerts: AlertConfig,
    /// How what is sent looks, by what way it goes, and to whom.
    pub delivery: DeliveryConfig,
    /// The daily report.
    pub report: ReportConfig,
    /// Drawdown at which this service halts its trading, percent; none: it does not.
    pub halt_percent: Option<f64>,
    /// The file of what no variable can say; see `docs/configuration.md`.
    pub file: Option<PathBuf>,
    /// Which rules are evaluated over the service's own metrics.
    pub rules: RulesConfig,
    /// Whether the console's history outlives a restart, in a file of the data folder.
    pub console_history: bool,
    /// What is set and cannot be used, or will not do what it seems to: said in the log, in
    /// `/health` and by the doctor.
    pub warnings: Vec<Problem>,
    /// Variables that are set, look like one of these, and are none: said at start and by the doctor.
    pub unread: Vec<UnreadVariable>,
    /// The variables that were given, each with the name under which it was found, or its place in the
    /// file.
    given: BTreeMap<&'static str, String>,
    /// What was read of the file.
    loaded: Loaded,
    /// As it was before the file, to read it again under the same variables.
    bare: Option<Box<Config>>,
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
            traces: TraceConfig::default(),
            alerts: AlertConfig::default(),
            delivery: DeliveryConfig::default(),
            report: ReportConfig::default(),
            halt_percent: None,
            file: None,
            rules: RulesConfig::default(),
            console_history: false,
            warnings: Vec::new(),
            unread: Vec::new(),
            given: BTreeMap::new(),
            loaded: Loaded::default(),
            bare: None,
        }
    }
}

impl Config {
    /// Reads the process environment, a `.env` file in the working directory under it, and under both the
    /// file that `BONGSU_CONFIG` names, or a `bongsu.toml` in the working directory.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with the variable's name; a bad `.env` file as `.env`.
    pub fn from_env() -> Result<Self, ConfigError> {
        let there = Path::new(file::DEFAULT).exists();
        let default = there.then(|| ("BONGSU_CONFIG".to_owned(), file::DEFAULT.to_owned()));
        Self::from_process(default, None)
    }

    /// The same over another file than the environment names.
    ///
    /// # Errors
    ///
    /// As [`Config::from_env`].
    pub fn from_env_with(file: &Path) -> Result<Self, ConfigError> {
        let named = ("BONGSU_CONFIG".to_owned(), file.display().to_string());
        Self::from_process(None, Some(named))
    }

    fn from_process(
        default: Option<(String, String)>,
        asked: Option<(String, String)>,
    ) -> Result<Self, ConfigError> {
        match env::file(".env".as_ref()) {
            // What the process has set wins.
            Ok(file) => {
                let set: Vec<(String, String)> = file.into_iter().chain(env::process()).collect();
                let named = |(name, value): &(String, String)| {
                    name == "BONGSU_CONFIG" && !value.trim().is_empty()
                };
                let found = default.is_some() && !set.iter().any(named);
                let vars = default.into_iter().chain(set).chain(asked);
                let mut config = Self::from_vars(vars)?;
                if found {
                    // It is there, and nobody has named it.
                    config.given.remove("BONGSU_CONFIG");
                }
                Ok(config)
            }
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
    /// use bongsu_config::Config;
    ///
    /// let config = Config::from_vars(HashMap::from([("SERVICE_NAME", "desk")]))?;
    /// assert_eq!(config.service.name, "desk");
    /// # Ok::<(), bongsu_config::ConfigError>(())
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
        config.unread = unread::among(env.into_keys());
        config.bare = Some(Box::new(config.clone()));
        file::read(&mut config, &mut findings);
        config.checked(findings)
    }

    /// The same variables over another text of the file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its place.
    pub fn reread(&self, text: &str) -> Result<Self, ConfigError> {
        let mut config = self.bare.as_deref().unwrap_or(self).clone();
        config.bare.clone_from(&self.bare);
        config.service.version.clone_from(&self.service.version);
        let mut findings = Findings::default();
        file::take(self.loaded.name(), text, &mut config, &mut findings);
        config.checked(findings)
    }

    /// Where the file says what a variable says as well.
    fn place_in_file(&self, variable: &str) -> Option<&str> {
        let given = self.given.get(variable)?;
        given.contains(':').then_some(given)
    }

    /// What is wrong with a value of the file is said of the file.
    fn place(&self, found: &mut Problem) {
        let key = file::settings::key_of(&found.variable);
        if let (Some(place), Some(key)) = (self.place_in_file(&found.variable), key) {
            found.message = format!("{key}: {}", found.message);
            found.variable = place.to_owned();
        }
    }

    /// What is wrong with values beside each other.
    fn checked(mut self, mut findings: Findings) -> Result<Self, ConfigError> {
        service::check(&mut self, &mut findings);
        monitoring::check(&self, &mut findings);
        delivery::check(&self, &mut findings);
        channels::check(&mut self, &mut findings);
        report::check(&mut self, &mut findings);
        traces::check(&self, &mut findings);
        for found in findings.problems.iter_mut().chain(&mut findings.warnings) {
            self.place(found);
        }
        self.warnings = findings.warnings;
        if findings.problems.is_empty() {
            Ok(self)
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
    #[must_use]
    pub fn postgres_url(&self) -> Option<&str> {
        let url = self.database_url.as_ref()?.expose();
        url.starts_with("postgres:").then_some(url)
    }

    /// The name under which a variable was found, or its place in the file; none when it was not given.
    #[must_use]
    pub fn given(&self, variable: &str) -> Option<&str> {
        self.given.get(variable).map(String::as_str)
    }

    /// What was read of the file; empty when there is none.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Makes the folder for what must survive a restart.
    ///
    /// # Errors
    ///
    /// In words, with the folder's name.
    pub fn create_data_dir(&self) -> Result<(), String> {
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
