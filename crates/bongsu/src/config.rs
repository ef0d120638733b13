//! Configuration: read once, checked whole, then handed to the crates as plain values.
//!
//! ```
//! use bongsu::config::Config;
//!
//! let vars = [("SERVICE_NAME", "trading_engine"), ("CPU_WARNING_THRESHOLD", "hot")];
//! let error = Config::from_vars(vars).unwrap_err();
//! assert_eq!(error.problems()[0].variable, "CPU_WARNING_THRESHOLD");
//! ```

#[cfg(feature = "alerts")]
#[doc(inline)]
pub use bongsu_config::file::RouteTests;
#[doc(inline)]
pub use bongsu_config::file::differences;
#[doc(inline)]
pub use bongsu_config::{
    AlertConfig, Bind, Config, ConfigError, DeliveryConfig, FilePart, HealthDetail, HttpConfig,
    LogConfig, Problem, ReportConfig, ReportPeriod, ResourceConfig, RulesConfig, Secret,
    ServiceInfo, Setting, ThresholdTuning, TraceConfig, UnreadVariable, env_var, schema, variables,
};
