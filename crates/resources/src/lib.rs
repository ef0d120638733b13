//! What the machine, the container and this process use, sampled on a thread of its own.
//!
//! A sample costs the service nothing but reading an `Arc`: a named thread reads the kernel's
//! counters, publishes a [`SystemResources`] and follows it against thresholds that do not
//! flap. Each watched disk has a further thread, so that a mount that hangs (NFS, a
//! dying disk) keeps its last figures, marked stale, and takes nothing else with it.
//!
//! ```
//! use bongsu_resources::{Level, Resource, ResourceMonitor, ResourceThresholds, Threshold};
//! use std::time::Duration;
//!
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! let memory = Threshold::new(75.0, 90.0).hold(Duration::from_secs(30)).margin(5.0);
//! let monitor = ResourceMonitor::builder()
//!     .interval(Duration::from_secs(10))
//!     .disk_path("/")
//!     .disk_path("/var/lib/postgresql")
//!     .thresholds(ResourceThresholds::default().memory(memory))
//!     .build()?;
//! let mut events = monitor.subscribe();
//! let _guard = monitor.start();
//!
//! if let Some(now) = monitor.get_resources() {
//!     println!("CPU {:.1} %, memory {:.1} %", now.cpu_percent, now.memory_percent);
//! }
//! if let Some(hour) = monitor.get_statistics(Duration::from_secs(3600)) {
//!     println!("CPU p95 {:.1} %", hour.cpu.p95);
//! }
//! while let Ok(event) = events.recv().await {
//!     if event.resource == Resource::Memory && event.level == Level::Critical {
//!         println!("{}", event.message); // memory usage is 93.4%, at or over …
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | you want | it is in |
//! | --- | --- |
//! | the latest figures | [`ResourceMonitor::get_resources`], [`subscribe_samples`](ResourceMonitor::subscribe_samples) |
//! | changes of level | [`ResourceMonitor::subscribe`] (transitions only), [`check_thresholds`](ResourceMonitor::check_thresholds) (now) |
//! | min, max, average, p95 | [`ResourceMonitor::get_statistics`] |
//! | who uses it | [`ResourceMonitor::top_processes`], [`disk_usage`](ResourceMonitor::disk_usage), [`network_connections`](ResourceMonitor::network_connections) |
//! | the container's limits | [`SystemResources::container`] |
//! | is the monitor itself well | [`ResourceMonitor::stats`] |
//! | doubles for tests | [`testing`] |
//!
//! The crate spawns no task and reads no environment. On Linux it reads `/proc` and the
//! control groups through descriptors that stay open; elsewhere through `sysinfo`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod board;
mod clock;
mod connections;
pub mod disk;
mod driver;
mod error;
mod evaluate;
mod history;
mod monitor;
mod query;
mod sample;
pub mod source;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod threshold;
mod top;
mod tracker;

pub use connections::{Connection, NetworkConnections};
pub use error::{DiskError, QueryError, ResourceError, SourceError};
pub use history::{HistoryPoint, Statistics, Summary};
pub use monitor::{MonitorGuard, MonitorStats, ResourceMonitor, ResourceMonitorBuilder};
pub use sample::{
    ContainerResources, DiskFigures, DiskUsage, NetworkUsage, Pressure, PressureLine, ProcessUsage,
    Stall, SystemResources,
};
pub use threshold::{
    Level, Resource, ResourceThresholds, Threshold, ThresholdAlert, ThresholdEvent, ThresholdScope,
};
pub use top::{ProcessInfo, ProcessSort};
