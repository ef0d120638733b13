//! Each part of a monitored service as its configuration asks for it: built, and judged by the doctor, but not started.
//!
//! [`bongsu_config`] says what the variables and `bongsu.toml` come to; this makes the leaves of it. Nothing here spawns:
//! what has to run is given back. The facade runs it, and so may a service without the facade:
//!
#![cfg_attr(
    feature = "alerts",
    doc = r#"
```no_run
use bongsu_config::Config;
use bongsu_setup::alerts::{self, Code};

# async fn run() -> Result<(), bongsu_setup::Error> {
let config = Config::from_env()?;
let built = alerts::build(&config, Code::default()).await?;
tokio::join!(
    built.dispatcher.run(std::future::pending::<()>()),
    async { /* built.manager.send_alert(…) */ },
);
# Ok(()) }
```
"#
)]
//!
//! | feature | gives |
//! |---|---|
//! | `alerts` | the manager with channels, rules, store and what replicas share |
//! | `axum` | the request middleware, who may use the operations, the sockets; `tls` encrypts them |
//! | `health` | the checks and heartbeats of the variables and the file |
//! | `logging` | the log's settings |
//! | `otlp` | the receiver of each signal |
//! | `reports` | the report over its source and store |
//! | `resources` | the monitor with its thresholds |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alerts")]
pub mod alerts;
pub mod doctor;
mod error;
#[cfg(feature = "health")]
pub mod health;
#[cfg(feature = "axum")]
pub mod http;
#[cfg(feature = "axum")]
mod listen;
#[cfg(feature = "logging")]
pub mod logging;
#[cfg(feature = "otlp")]
pub mod otlp;
#[cfg(feature = "reports")]
pub mod reports;
#[cfg(feature = "resources")]
pub mod resources;

pub use error::Error;
