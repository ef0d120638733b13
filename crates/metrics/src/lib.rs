//! Metrics of a trading service: recorded in nanoseconds, rendered as one valid Prometheus page.
//!
//! [`ServiceMetrics`] has a method for everything a trading service counts; the families behind it are
//! declared once, as data, in [`catalog`]. A service's own metrics come in by three ways: families
//! registered at start ([`ServiceMetrics::register_counter`] and its kin), by name
//! ([`ServiceMetrics::record_business_metric`]), and by the macros of the `metrics` crate
//! ([`counter!`], [`gauge!`], [`histogram!`]), which libraries use as well.
//!
//! ```
//! use std::time::Duration;
//! use bongsu_metrics::ServiceMetrics;
//!
//! # fn main() -> Result<(), bongsu_metrics::MetricsError> {
//! let metrics = ServiceMetrics::new("trading_engine")?;
//! metrics.set_service_info("1.0.0", "production");
//!
//! // Resolved once, beside the route; recording does not allocate, lock or share a cache line.
//! let orders = metrics.http_route("POST", "/orders");
//! orders.record(201, Duration::from_millis(12), 512, 128);
//!
//! metrics.record_trade("005930", "buy", "filled", 750_000, Some(-15_000));
//!
//! let page = metrics.export_metrics();
//! assert!(page.contains(r#"http_requests_total{endpoint="/orders",method="POST",status="201"} 1"#));
//! assert!(page.contains(r#"trade_loss_krw_total{symbol="005930"} 15000"#));
//! # Ok(())
//! # }
//! ```
//!
//! # Bounds
//!
//! Each family has a budget of series. A label value that would go past it is recorded under `other`,
//! and counted in `bongsu_metrics_overflow_total{metric}`; so is whatever else cannot be recorded: a
//! counter given a negative number, a value that is no number, a label of more than 1,024 bytes.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bounds;
pub mod catalog;
mod cells;
mod custom;
mod error;
mod exemplar;
mod family;
mod http;
mod index;
mod names;
mod recorder;
mod registry;
mod render;
mod service_metrics;
mod status;
mod sync;
mod text;
mod timing;
mod trade;
mod usage;
pub mod visit;
mod walk;

pub use catalog::{FamilySpec, Kind, Unit};
pub use custom::{
    Counter, CounterFamily, FamilyBuilder, FloatCounter, FloatCounterFamily, Gauge, GaugeFamily,
    Histogram, HistogramFamily,
};
pub use error::{AlreadyInstalled, MetricsError};
pub use http::{HttpRoute, InFlight, UNMATCHED};
pub use metrics::{counter, gauge, histogram};
pub use recorder::GuardRecorder;
pub use render::Page;
pub use service_metrics::{ServiceMetrics, ServiceMetricsBuilder};
pub use timing::Timer;
pub use usage::{ContainerUsage, Packets, PressureUsage, ProcessUsage, SystemUsage, Waited};

#[cfg(test)]
mod tests;
