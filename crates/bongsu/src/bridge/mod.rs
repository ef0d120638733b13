//! Where parts meet: a file each, behind one attribute. What is handed over is `bongsu-bridge`'s; here it is started.
//! Where a part is not compiled in, `none.rs` stands in its place.
#![allow(
    clippy::duplicate_mod,
    unused_imports,
    unused_mut,
    unused_variables,
    reason = "one file stands for every part that is not there, and what a connection uses depends on the features"
)]

#[cfg_attr(not(feature = "alerts"), path = "none.rs")]
mod alerts;
#[cfg(feature = "console")]
pub(crate) mod console;
#[cfg_attr(not(feature = "health"), path = "none.rs")]
pub(crate) mod health;
#[cfg(all(feature = "logging", feature = "otlp"))]
pub(crate) mod logs_to_otlp;
#[cfg_attr(not(feature = "metrics"), path = "none.rs")]
mod metrics;
pub(crate) mod operator;
#[cfg_attr(not(feature = "otlp"), path = "none.rs")]
mod otlp;
#[cfg(all(feature = "alerts", feature = "axum"))]
mod panics;
#[cfg(feature = "reports")]
pub(crate) mod reports;
#[cfg_attr(not(feature = "rules"), path = "none.rs")]
mod rules;

use crate::{Config, parts::Parts, tasks::Tasks};

/// Connects a part with those that are there.
type Connect = fn(&mut Parts, &Config, &Tasks);

/// Every connection.
pub(crate) const ALL: &[Connect] = &[
    alerts::connect,
    health::connect,
    metrics::connect,
    otlp::connect,
    rules::connect,
];
